"""Each device's own credential: what it opens, what it does not, and how it is renewed and withdrawn."""

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from services.broker.accounts import SERVICES_ROLE
from services.broker.address import BrokerAddress
from services.broker.credentials import DeviceCredential, enrol_devices, revoke_device
from services.broker.errors import BrokerError
from services.broker.session import open_session, take_leave
from services.domain.kinds import DeviceKind
from services.domain.topics import TopicError
from tests.conftest import RunningStack

TOWN = "梅山县"
PROTOCOLS = [
    pytest.param(MQTTProtocolVersion.MQTTv311, id="MQTT 3.1.1"),
    pytest.param(MQTTProtocolVersion.MQTTv5, id="MQTT 5"),
]


class RefusedError(Exception):
    """The broker did not let a client in."""


class Device:
    """A device as it would be built: any MQTT client with its credential."""

    def __init__(self, client: paho.Client) -> None:
        self.client = client
        self.received: list[tuple[str, bytes]] = []
        self.heard = threading.Event()
        self.ended = threading.Event()
        self.grants: list[list[ReasonCode]] = []
        self.granted = threading.Event()

    def publish(self, topic: str) -> ReasonCode:
        """Publish at QoS 1 and return what the broker said of it; version 3.1.1 always says success."""
        said: list[ReasonCode] = []
        answered = threading.Event()

        def on_publish(_client: Any, _data: Any, _id: int, code: ReasonCode, _properties: Any) -> None:
            said.append(code)
            answered.set()

        self.client.on_publish = on_publish
        self.client.publish(topic, b"{}", qos=1)
        assert answered.wait(10)
        return said[0]

    def subscribe(self, topic_filter: str) -> bool:
        """Return whether the broker grants a subscription."""
        self.granted.clear()
        self.client.subscribe(topic_filter, qos=1)
        assert self.granted.wait(10)
        return not self.grants[-1][0].is_failure


@contextmanager
def connected(
    mqtt_url: str, username: str | None, password: str | None, protocol: MQTTProtocolVersion
) -> Iterator[Device]:
    """Connect a client, or raise `RefusedError`."""
    address = BrokerAddress.parse(mqtt_url)
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id=secrets.token_hex(8), protocol=protocol)
    if username is not None:
        client.username_pw_set(username, password)
    device = Device(client)
    codes: list[ReasonCode] = []
    answered = threading.Event()

    def on_connect(_client: Any, _data: Any, _flags: Any, code: ReasonCode, _properties: Any) -> None:
        codes.append(code)
        answered.set()

    def on_message(_client: Any, _data: Any, message: paho.MQTTMessage) -> None:
        device.received.append((message.topic, bytes(message.payload)))
        device.heard.set()

    def on_subscribe(_client: Any, _data: Any, _id: int, granted: list[ReasonCode], _properties: Any) -> None:
        device.grants.append(granted)
        device.granted.set()

    client.on_connect, client.on_message, client.on_subscribe = on_connect, on_message, on_subscribe
    client.on_disconnect = lambda *_: device.ended.set()
    client.connect(address.host, address.port)
    client.loop_start()
    try:
        assert answered.wait(10)
        if codes[0].is_failure:
            raise RefusedError(str(codes[0]))
        yield device
    finally:
        take_leave(client)


def enrol(mqtt_url: str, kind: DeviceKind, device_id: str) -> DeviceCredential:
    """Enrol one device."""
    (credential,) = enrol_devices(mqtt_url, TOWN, [(kind, device_id)])
    return credential


def messages_seen_by_services(mqtt_url: str, device: Device, topics: list[str], last: str) -> list[str]:
    """Publish to `topics` and then to `last`; return on which the services hear something."""
    with open_session(BrokerAddress.parse(mqtt_url)) as services:
        services.subscribe("riqing/v1/#")
        for topic in [*topics, last]:
            device.publish(topic)
        heard: list[str] = []
        while last not in heard:
            heard.append(services.receive(10).topic)
    return heard


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("device_id", ["7", "湘K·12345 一号", "A.B c", "100%", "$SYS", "a" * 128])
def test_a_device_reaches_its_own_topics_only(device_id: str, protocol: MQTTProtocolVersion, mqtt_url: str) -> None:
    """What a device publishes below its own topic arrives; what it publishes elsewhere does not."""
    own = enrol(mqtt_url, DeviceKind.VEHICLE, device_id)
    enrol(mqtt_url, DeviceKind.VEHICLE, "neighbour")
    foreign = [
        f"riqing/v1/{TOWN}/vehicle/neighbour/position",  # another of its kind
        f"riqing/v1/{TOWN}/station/{device_id}/weighing",  # the same id of another kind
        f"riqing/v1/elsewhere/vehicle/{device_id}/position",  # another town
        f"{own.topic_prefix}x/position",  # an id that begins with its own
        "riqing/v1/position",
    ]
    with connected(mqtt_url, own.username, own.password, protocol) as device:
        heard = messages_seen_by_services(mqtt_url, device, foreign, f"{own.topic_prefix}/position")
    assert [topic for topic in heard if topic in foreign] == []
    assert f"{own.topic_prefix}/position" in heard


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_vehicle_hears_its_own_route_only(protocol: MQTTProtocolVersion, mqtt_url: str) -> None:
    """A vehicle may subscribe to its own route, retained or live, and to nothing else."""
    own = enrol(mqtt_url, DeviceKind.VEHICLE, "listener")
    route = f"{own.topic_prefix}/route"
    with open_session(BrokerAddress.parse(mqtt_url)) as services:
        services.subscribe(route)
        services.publish(route, b"today", retain=True)
        services.receive(10)
    with connected(mqtt_url, own.username, own.password, protocol) as device:
        assert device.subscribe(route)
        assert device.heard.wait(10)
        assert device.received == [(route, b"today")]
        for topic_filter in (
            "#",
            "riqing/v1/#",
            f"{own.topic_prefix}/#",
            f"riqing/v1/{TOWN}/vehicle/+/route",
            "$SYS/#",
        ):
            assert not device.subscribe(topic_filter), topic_filter
        assert not device.subscribe("$CONTROL/dynamic-security/v1/response")


@pytest.mark.parametrize("kind", [DeviceKind.STATION, DeviceKind.TOILET, DeviceKind.CONTAINER])
def test_what_drives_no_route_hears_nothing(kind: DeviceKind, mqtt_url: str) -> None:
    """Devices that get no route may not subscribe at all."""
    own = enrol(mqtt_url, kind, "listener")
    with connected(mqtt_url, own.username, own.password, MQTTProtocolVersion.MQTTv5) as device:
        assert not device.subscribe(f"{own.topic_prefix}/route")


def test_a_device_may_not_change_accounts(mqtt_url: str) -> None:
    """The broker refuses a device that tries to command it."""
    own = enrol(mqtt_url, DeviceKind.VEHICLE, "climber")
    with connected(mqtt_url, own.username, own.password, MQTTProtocolVersion.MQTTv5) as device:
        assert device.publish("$CONTROL/dynamic-security/v1").is_failure


def test_the_services_may_publish_routes_and_nothing_else(mqtt_url: str) -> None:
    """The services' own account cannot pass itself off as a device."""
    address = BrokerAddress.parse(mqtt_url)
    protocol = MQTTProtocolVersion.MQTTv5
    with connected(mqtt_url, address.username, address.password, protocol) as services:
        assert not services.publish(f"riqing/v1/{TOWN}/vehicle/7/route").is_failure
        assert services.publish(f"riqing/v1/{TOWN}/vehicle/7/position").is_failure
        assert services.publish(f"riqing/v1/{TOWN}/station/7/route").is_failure


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_strangers_are_refused(protocol: MQTTProtocolVersion, mqtt_url: str) -> None:
    """Neither nobody, nor an unknown name, nor a wrong password gets in."""
    known = enrol(mqtt_url, DeviceKind.VEHICLE, "known")
    for username, password in ((None, None), ("vehicle.unknown", "x"), (known.username, "wrong"), (known.username, "")):
        with pytest.raises(RefusedError), connected(mqtt_url, username, password, protocol):
            pass


def test_a_renewed_credential_replaces_the_old_one(mqtt_url: str) -> None:
    """Enrolling again gives a new password, throws the device out, and shuts the old password out."""
    old = enrol(mqtt_url, DeviceKind.VEHICLE, "renewed")
    with connected(mqtt_url, old.username, old.password, MQTTProtocolVersion.MQTTv5) as device:
        new = enrol(mqtt_url, DeviceKind.VEHICLE, "renewed")
        assert device.ended.wait(10)
    assert new.username == old.username
    assert new.password != old.password
    with pytest.raises(RefusedError), connected(mqtt_url, old.username, old.password, MQTTProtocolVersion.MQTTv5):
        pass
    with connected(mqtt_url, new.username, new.password, MQTTProtocolVersion.MQTTv5) as device:
        assert not device.publish(f"{new.topic_prefix}/position").is_failure


def test_a_device_that_moves_to_another_town_leaves_the_old_topics(mqtt_url: str) -> None:
    """Enrolled for a renamed town, a device publishes below the new name and no longer below the old."""
    (old,) = enrol_devices(mqtt_url, "old town", [(DeviceKind.VEHICLE, "moved")])
    (new,) = enrol_devices(mqtt_url, "new town", [(DeviceKind.VEHICLE, "moved")])
    with connected(mqtt_url, new.username, new.password, MQTTProtocolVersion.MQTTv5) as device:
        assert device.publish(f"{old.topic_prefix}/position").is_failure
        assert not device.publish(f"{new.topic_prefix}/position").is_failure


def test_a_revoked_device_is_out(mqtt_url: str) -> None:
    """Revoking throws a device out and keeps it out; revoking it again says that there was nothing."""
    own = enrol(mqtt_url, DeviceKind.VEHICLE, "revoked")
    with connected(mqtt_url, own.username, own.password, MQTTProtocolVersion.MQTTv5) as device:
        assert revoke_device(mqtt_url, DeviceKind.VEHICLE, "revoked")
        assert device.ended.wait(10)
    with pytest.raises(RefusedError), connected(mqtt_url, own.username, own.password, MQTTProtocolVersion.MQTTv5):
        pass
    assert not revoke_device(mqtt_url, DeviceKind.VEHICLE, "revoked")


def test_a_whole_fleet_is_enrolled_at_once(mqtt_url: str) -> None:
    """Five hundred devices each get a credential of their own that works."""
    devices = [(DeviceKind.CONTAINER, f"箱 {number}") for number in range(500)]
    credentials = enrol_devices(mqtt_url, TOWN, devices)
    assert [(credential.kind, credential.device_id) for credential in credentials] == devices
    assert len({credential.password for credential in credentials}) == len(devices)
    for credential in (credentials[0], credentials[-1]):
        protocol = MQTTProtocolVersion.MQTTv311
        with connected(mqtt_url, credential.username, credential.password, protocol) as device:
            assert messages_seen_by_services(mqtt_url, device, [], f"{credential.topic_prefix}/level")


@pytest.mark.parametrize("device_id", ["", "a/b", "a+", "#", "a\nb", "a\x00", "x" * 129])
def test_ids_that_cannot_be_a_topic_level_are_refused(device_id: str, mqtt_url: str) -> None:
    """An id that would reach beyond its own level is refused before the broker hears of it."""
    with pytest.raises(TopicError, match="device id"):
        enrol_devices(mqtt_url, TOWN, [(DeviceKind.VEHICLE, device_id)])


@pytest.mark.parametrize("town_name", ["", "a/b", "+", "#"])
def test_towns_that_cannot_be_a_topic_level_are_refused(town_name: str, mqtt_url: str) -> None:
    """A town's name that would open the topics of others is refused."""
    with pytest.raises(TopicError, match="town"):
        enrol_devices(mqtt_url, town_name, [(DeviceKind.VEHICLE, "7")])


@pytest.mark.parametrize(
    ("mqtt_url", "sentence"),
    [
        ("mqtt://nobody:nothing@127.0.0.1:9", "cannot be reached"),
        ("http://127.0.0.1", "MQTT_URL must be"),
        ("mqtt://127.0.0.1:port", "MQTT_URL must be"),
    ],
)
def test_a_broker_that_is_not_there_is_named(mqtt_url: str, sentence: str) -> None:
    """A wrong or silent address is told in a sentence."""
    with pytest.raises(BrokerError, match=sentence):
        enrol_devices(mqtt_url, TOWN, [(DeviceKind.VEHICLE, "7")])


def test_a_device_may_not_enrol_others(servers: RunningStack) -> None:
    """With a device's account instead of the services', enrolment is refused in a sentence."""
    own = enrol(servers.mqtt_url, DeviceKind.VEHICLE, "clerk")
    port = BrokerAddress.parse(servers.mqtt_url).port
    with pytest.raises(BrokerError, match=r"vehicle\.clerk may not"):
        enrol_devices(f"mqtt://{own.username}:{own.password}@127.0.0.1:{port}", TOWN, [(DeviceKind.VEHICLE, "8")])


def test_accounts_outlive_the_broker(mqtt_url: str, servers: RunningStack) -> None:
    """Accounts are in the broker's file as soon as they are acknowledged, next to the services' own."""
    enrol(mqtt_url, DeviceKind.TOILET, "写下")
    text = (servers.data_dir / "broker/dynamic-security.json").read_text(encoding="utf-8")
    assert "toilet.写下" in text
    assert SERVICES_ROLE in text
