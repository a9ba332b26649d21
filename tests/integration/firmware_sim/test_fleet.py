"""Simulated devices at a real broker: nothing is lost, wills are told, routes arrive."""

import asyncio
import json
import os
import secrets
import selectors
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import groupby
from typing import Any

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from firmware_sim.devices.device import DeviceKey, LinkChange, Publication
from firmware_sim.faults import Faults
from firmware_sim.fleet import BrokerUnreachableError, Fleet
from firmware_sim.town_api import DeviceCredential
from firmware_sim.world import World
from services.broker.address import BrokerAddress
from services.broker.credentials import enrol_devices
from services.broker.session import take_leave
from services.domain.kinds import DeviceKind
from services.domain.telemetry import encode
from tests.conftest import RunningStack
from tests.unit.firmware_sim.small_day import DAY, REGISTER, ROUTES, START, route

TRUCK = DeviceKey(DeviceKind.VEHICLE, "V1")


class Listener:
    """A service that hears everything of one town, over a session that the broker keeps."""

    def __init__(self, mqtt_url: str, town: str) -> None:
        self.messages: list[tuple[str, bytes, bool]] = []
        self._heard = threading.Condition()
        address = BrokerAddress.parse(mqtt_url)
        self._client = Client(CallbackAPIVersion.VERSION2, client_id=f"listener-{town}", clean_session=False)
        self._client.username_pw_set(address.username, address.password)
        self._client.on_message = self._on_message
        granted = threading.Event()
        self._client.on_connect = lambda client, *_: client.subscribe(f"riqing/v1/{town}/#", qos=1)
        self._client.on_subscribe = lambda *_: granted.set()
        self._client.connect(address.host, address.port)
        self._client.loop_start()
        assert granted.wait(10)

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        with self._heard:
            self.messages.append((message.topic, bytes(message.payload), message.retain))
            self._heard.notify_all()

    def wait_for(self, condition: Callable[[list[tuple[str, bytes, bool]]], bool]) -> None:
        """Wait until what was heard is enough; fail after 30 s."""
        with self._heard:
            assert self._heard.wait_for(lambda: condition(self.messages), timeout=30), self.messages[-5:]

    def publish_route(self, town: str, payload: bytes) -> None:
        """Send a truck its route, retained."""
        self._client.publish(f"riqing/v1/{town}/vehicle/V1/route", payload, qos=1, retain=True)

    def leave(self) -> None:
        """Leave."""
        take_leave(self._client)


@contextmanager
def listener(mqtt_url: str, town: str) -> Iterator[Listener]:
    """Listen for as long as the block lasts."""
    found = Listener(mqtt_url, town)
    try:
        yield found
    finally:
        found.leave()


def enrol(mqtt_url: str, town: str, keys: list[DeviceKey]) -> dict[DeviceKey, DeviceCredential]:
    """Enrol devices at the broker as the API does."""
    return {
        DeviceKey(one.kind, one.device_id): DeviceCredential(
            DeviceKey(one.kind, one.device_id), one.username, one.password, one.mqtt_url, one.topic_prefix
        )
        for one in enrol_devices(mqtt_url, town, keys)
    }


def over_tls(
    servers: RunningStack, credentials: dict[DeviceKey, DeviceCredential]
) -> dict[DeviceKey, DeviceCredential]:
    """Return the credentials as the API gives them in a stack: for TLS, with whom to trust."""
    url = f"mqtts://127.0.0.1:{servers.state.ports['mqtts']}"
    authority = (servers.data_dir / "certificates/ca.crt").read_text()
    return {key: replace(one, mqtt_url=url, ca_certificate=authority) for key, one in credentials.items()}


def new_town() -> str:
    """Return a name that no other test at the broker has."""
    return f"镇{secrets.token_hex(4)}"


def run(work: Callable[[Fleet], Coroutine[Any, Any, None]], on_route: Callable[[str, bytes], None]) -> Fleet:
    """Let `work` use a fleet, and close it."""

    async def whole() -> Fleet:
        fleet = Fleet(lambda: START, on_route, frozenset())
        try:
            await work(fleet)
        finally:
            await fleet.close(20)
        return fleet

    return asyncio.run(whole())


def readings_in(payload: bytes) -> list[dict[str, Any]]:
    """Return the readings of a message."""
    body = json.loads(payload)
    return body if isinstance(body, list) else [body]


def numbers(messages: list[tuple[str, bytes]]) -> set[tuple[str, int]]:
    """Return which readings messages hold, each by its topic and number; status messages have none."""
    return {
        (topic, reading["seq"]) for topic, payload in messages for reading in readings_in(payload) if "seq" in reading
    }


async def drive(fleet: Fleet, world: World, sent: list[tuple[str, bytes]], town: str, pause_s: float = 0.0) -> None:
    """Drive a day in half-hour steps, noting what the devices sent."""
    while not world.is_over:
        outgoing = world.advance(world.now + _STEP)
        fleet.deliver(outgoing)
        sent.extend(
            (f"riqing/v1/{town}/{one.device.kind}/{one.device.device_id}/{one.message}", one.payload)
            for one in outgoing
            if isinstance(one, Publication)
        )
        await asyncio.sleep(pause_s)


_STEP = (ROUTES["V1"].stops[-1].arrive_at - START) / 4


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
def test_a_day_with_dead_spots_arrives_completely(servers: RunningStack, mqtt_url: str, tls: bool) -> None:
    """Whatever the links do, every reading that a device took is heard, and every message acknowledged."""
    town, sent = new_town(), list[tuple[str, bytes]]()
    world = World(REGISTER, DAY, 1, Faults(dead_spots_per_hour=6, dead_spot_s=300))
    credentials = enrol(mqtt_url, town, [entry.key for entry in world.roster])
    if tls:
        credentials = over_tls(servers, credentials)
    world.begin(ROUTES)

    async def work(fleet: Fleet) -> None:
        assert await fleet.open(credentials) == set()
        await drive(fleet, world, sent, town, pause_s=0.02)

    with listener(mqtt_url, town) as ears:
        fleet = run(work, lambda *_: None)
        assert fleet.undelivered == 0
        assert fleet.tally.acknowledged == fleet.tally.sent
        ears.wait_for(lambda heard: numbers(sent) <= numbers([(topic, body) for topic, body, _ in heard]))


def test_a_broker_that_restarts_loses_nothing(own_servers: Callable[[str], RunningStack]) -> None:
    """What was not acknowledged when the broker went away is sent again when it is back."""
    servers = own_servers("restarting broker")
    town, sent = new_town(), list[tuple[str, bytes]]()
    world = World(REGISTER, DAY, 1, Faults())
    credentials = enrol(servers.mqtt_url, town, [entry.key for entry in world.roster])
    world.begin(ROUTES)
    mosquitto = next(process.pid for process in servers.stack.status().processes if process.name == "mosquitto")

    async def work(fleet: Fleet) -> None:
        await fleet.open(credentials)
        assert mosquitto is not None
        os.kill(mosquitto, signal.SIGTERM)
        await drive(fleet, world, sent, town, pause_s=0.05)
        await fleet.drain(20)

    with listener(servers.mqtt_url, town) as ears:
        fleet = run(work, lambda *_: None)
        assert fleet.tally.acknowledged == fleet.tally.sent
        ears.wait_for(lambda heard: numbers(sent) <= numbers([(topic, body) for topic, body, _ in heard]))


def test_a_lost_link_is_told_by_the_will(mqtt_url: str) -> None:
    """Online when it connects, offline by the last will when it is cut, online again, and offline at the end."""
    town = new_town()
    credentials = enrol(mqtt_url, town, [TRUCK])
    topic = f"riqing/v1/{town}/vehicle/V1/status"

    def states(heard: list[tuple[str, bytes, bool]]) -> list[bool]:
        # The first message is sent again where the link was cut before its acknowledgement came.
        return [state for state, _ in groupby(json.loads(body)["online"] for at, body, _ in heard if at == topic)]

    with listener(mqtt_url, town) as ears:

        async def work(fleet: Fleet) -> None:
            await fleet.open(credentials)
            fleet.deliver([LinkChange(TRUCK, is_up=False)])
            await asyncio.to_thread(ears.wait_for, lambda heard: states(heard) == [True, False])
            fleet.deliver([LinkChange(TRUCK, is_up=True)])
            await asyncio.to_thread(ears.wait_for, lambda heard: states(heard) == [True, False, True])

        run(work, lambda *_: None)
        ears.wait_for(lambda heard: states(heard) == [True, False, True, False])
    with listener(mqtt_url, f"{town}/vehicle") as late:  # the state is retained for who comes later
        late.wait_for(lambda heard: [(at, kept) for at, _, kept in heard] == [(topic, True)])


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
def test_a_truck_is_sent_its_route_and_its_revision(servers: RunningStack, mqtt_url: str, tls: bool) -> None:
    """The retained route comes on connecting, a revision while connected; both are longer than a TLS record."""
    town = new_town()
    credentials = enrol(mqtt_url, town, [TRUCK])
    if tls:
        credentials = over_tls(servers, credentials)
    routes: list[bytes] = []
    first, second = (encode(route("V1", "D P1 D", revision=revision)) + b" " * 50_000 for revision in (1, 2))
    with listener(mqtt_url, town) as service:
        service.publish_route(town, first)

        async def until(count: int) -> None:
            async with asyncio.timeout(20):
                while len(routes) < count:
                    await asyncio.sleep(0.01)

        async def work(fleet: Fleet) -> None:
            await fleet.open(credentials)
            await until(1)
            service.publish_route(town, second)
            await until(2)

        run(work, lambda _, payload: routes.append(payload))
    assert routes == [first, second]


def test_refused_credentials_are_named(mqtt_url: str) -> None:
    """A device that the broker knows connects; one whose password changed is returned, to be enrolled again."""
    town = new_town()
    other = DeviceKey(DeviceKind.TOILET, secrets.token_hex(4))
    good = enrol(mqtt_url, town, [TRUCK, other])
    bad = DeviceCredential(other, good[other].username, "wrong", good[other].mqtt_url, good[other].topic_prefix)

    async def work(fleet: Fleet) -> None:
        assert await fleet.open({TRUCK: good[TRUCK], other: bad}) == {other}
        assert await fleet.open({other: good[other]}) == set()

    fleet = run(work, lambda *_: None)
    assert fleet.tally.acknowledged == fleet.tally.sent == 4


class CountingSelector(selectors.DefaultSelector):
    """Counts how often the event loop looks at its sockets."""

    looks = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Look, and count."""
        self.looks += 1
        return super().select(timeout)


def test_connected_devices_that_say_nothing_cost_nothing(mqtt_url: str) -> None:
    """Once everything is acknowledged the event loop sleeps; a session that waited to write would keep it awake."""
    town, selector = new_town(), CountingSelector()
    credentials = enrol(mqtt_url, town, [TRUCK, DeviceKey(DeviceKind.TOILET, "T")])

    async def idle() -> int:
        fleet = Fleet(lambda: START, lambda *_: None, frozenset())
        await fleet.open(credentials)
        await fleet.drain(20)
        before = selector.looks
        await asyncio.sleep(1.5)
        looks = selector.looks - before
        await fleet.close(20)
        return looks

    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selector)) as runner:
        assert runner.run(idle()) < 30


@pytest.mark.parametrize("url", ["mqtt://127.0.0.1:9"])
def test_a_broker_that_is_not_there_is_told_in_a_sentence(url: str) -> None:
    """The sentence names the address."""
    credential = DeviceCredential(TRUCK, "vehicle.V1", "secret", url, "riqing/v1/x/vehicle/V1")

    async def work(fleet: Fleet) -> None:
        await fleet.open({TRUCK: credential})

    with pytest.raises(BrokerUnreachableError, match=r"127\.0\.0\.1:9 does not answer"):
        run(work, lambda *_: None)
