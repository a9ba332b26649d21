"""What the broker and the ingest keep out, cut off and tell of: TLS, strangers, publishes elsewhere, too much."""

import json
import os
import secrets
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import psycopg
import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from psycopg import sql

from services.broker.address import BrokerAddress
from services.broker.credentials import DeviceCredential, as_told
from services.broker.session import take_leave
from services.broker.settings import EnrolmentSettings
from services.broker.spool import FIRST_WORKER, spool_client_id
from services.domain.clock import REAL_CLOCK, TownClock
from services.domain.kinds import AlarmKind, DeviceKind
from services.store.alarms import Alarm, page_of_alarms
from services.store.town import save_clock
from tests.conftest import RunningStack
from tests.integration.ingest.conftest import (
    Device,
    IngestProcess,
    enrol,
    new_town,
    now_text,
    rows,
    wait_until,
)

VERSIONS = [
    pytest.param(MQTTProtocolVersion.MQTTv311, id="MQTT 3.1.1"),
    pytest.param(MQTTProtocolVersion.MQTTv5, id="MQTT 5"),
]
FIX = {"lat": 31.2, "lon": 121.5}


class WatchedTown:
    """A town at the shared broker, with its ingest and the watch over the broker."""

    def __init__(self, servers: RunningStack, database_url: str, folder: Path) -> None:
        self.servers, self.database_url, self.folder = servers, database_url, folder
        self.name = new_town(database_url)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.metrics_port = free.getsockname()[1]
        self.watch: subprocess.Popen[bytes] | None = None

    @property
    def packet_log(self) -> Path:
        """Where the broker writes packets while it is watched."""
        return self.servers.data_dir / "broker/mosquitto.log"

    def start_watch(self, **settings: str) -> None:
        """Start `python -m services.ingest.watch` and wait until the broker writes packets for it."""
        environment = os.environ | settings
        environment |= {
            "DATABASE_URL": self.database_url,
            "MQTT_URL": self.servers.mqtt_url,
            "RIQING_BROKER_DIR": str(self.packet_log.parent),
            "RIQING_WATCH_METRICS_PORT": str(self.metrics_port),
        }
        self.packet_log.unlink(missing_ok=True)
        with (self.folder / "watch.log").open("ab") as log:
            command = [sys.executable, "-m", "services.ingest.watch"]
            self.watch = subprocess.Popen(command, env=environment, stderr=log)
        wait_until(self.packet_log.exists)

    def stop_watch(self) -> None:
        """End the watch, which leaves the broker as it was."""
        assert self.watch is not None
        self.watch.send_signal(signal.SIGTERM)
        assert self.watch.wait(20) == 0
        assert "log_type debug" not in (self.packet_log.parent / "mosquitto.conf").read_text()

    def said(self) -> list[dict[str, str]]:
        """Return the lines of the watch's log."""
        return [json.loads(line) for line in (self.folder / "watch.log").read_text(encoding="utf-8").splitlines()]

    def device(self, kind: DeviceKind = DeviceKind.VEHICLE) -> Device:
        """Return a new device, not connected yet."""
        name = (kind, f"{kind}-{secrets.token_hex(3)}")
        return enrol(self.database_url, self.servers.mqtt_url, self.name, [name])[0]

    def alarm(self, kind: AlarmKind, device: Device, *, is_open: bool = True) -> Alarm | None:
        """Return an alarm about what a device speaks for."""
        with psycopg.connect(self.database_url) as connection:
            found = page_of_alarms(connection, is_open=is_open)
        subject_id = device.credential.device_id
        return next((alarm for alarm in found if alarm.kind == kind and alarm.subject_id == subject_id), None)

    def stored(self, device: Device) -> int:
        """Return how many positions of a device are stored."""
        query = "SELECT count(*) FROM positions JOIN devices USING (device_key) WHERE device_id = %s"
        return int(rows(self.database_url, query, device.credential.device_id)[0][0])


@pytest.fixture(scope="module")
def town(servers: RunningStack, database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WatchedTown]:
    """A watched town, with quick settings for what is a matter of minutes otherwise."""
    found = WatchedTown(servers, database_url, tmp_path_factory.mktemp("security"))
    found.start_watch(RIQING_WATCH_QUIET_S="2", RIQING_WATCH_SUSPENDED_S="6")
    try:
        yield found
    finally:
        found.stop_watch()


@pytest.fixture(scope="module", autouse=True)
def ingest(town: WatchedTown) -> Iterator[IngestProcess]:
    """The town's ingest, as it is without a client id of the operator's; a device's share is small."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = {"RIQING_INGEST_METRICS_PORT": str(free.getsockname()[1])}
    share = {"RIQING_INGEST_DEVICE_MESSAGES_PER_S": "1", "RIQING_INGEST_DEVICE_BURST_MESSAGES": "200"}
    process = IngestProcess(town.database_url, town.servers.mqtt_url, town.folder, share | port, client_id="")
    try:
        process.start()
        yield process
    finally:
        process.end(signal.SIGKILL)
        process.forget_session()


def answer_over_tls(credential: DeviceCredential, trusted: str, password: str | None = None) -> str:
    """Connect over TLS, trusting the authority whose PEM is given, and return what the broker answers."""
    client = Client(CallbackAPIVersion.VERSION2, client_id=secrets.token_hex(8), protocol=MQTTProtocolVersion.MQTTv5)
    client.username_pw_set(credential.username, credential.password if password is None else password)
    client.tls_set_context(ssl.create_default_context(cadata=trusted))
    answers: list[str] = []
    client.on_connect = lambda _client, _data, _flags, reason, _properties: answers.append(str(reason))
    assert credential.mqtts_url is not None
    client.connect("127.0.0.1", int(credential.mqtts_url.rpartition(":")[2]))
    client.loop_start()
    wait_until(lambda: answers)
    take_leave(client)
    return answers[0]


def test_tls_with_the_stack_s_own_certificate(town: WatchedTown, monkeypatch: pytest.MonkeyPatch) -> None:
    """A device that trusts the stack's authority gets in over TLS; without it, or as somebody else, nobody does."""
    monkeypatch.setenv("RIQING_DEVICE_MQTTS_URL", f"mqtts://127.0.0.1:{town.servers.state.ports['mqtts']}")
    monkeypatch.setenv("RIQING_DEVICE_CA_FILE", str(town.servers.data_dir / "certificates/ca.crt"))
    told = as_told(town.device().credential, EnrolmentSettings())
    assert told.ca_certificate is not None
    assert answer_over_tls(told, told.ca_certificate) == "Success"
    assert answer_over_tls(told, told.ca_certificate, password="wrong") == "Not authorized"
    address = ("127.0.0.1", town.servers.state.ports["mqtts"])
    with socket.create_connection(address, timeout=10) as stranger, pytest.raises(ssl.SSLCertVerificationError):
        ssl.create_default_context().wrap_socket(stranger, server_hostname="127.0.0.1")
    with socket.create_connection(address, timeout=10) as without_tls:
        without_tls.sendall(b"\x10\x0e\x00\x04MQTT\x04\x02\x00\x3c\x00\x02id")
        with suppress(ConnectionResetError):
            assert not without_tls.recv(4).startswith(b"\x20")  # no answer of MQTT's


@pytest.mark.parametrize("protocol", VERSIONS)
def test_a_publish_elsewhere_is_refused_logged_and_an_alarm(town: WatchedTown, protocol: MQTTProtocolVersion) -> None:
    """What a device publishes on its neighbour's topic is not stored; the office sees who it was; it passes."""
    truck, neighbour = town.device().connect(protocol), town.device()
    client = truck._client
    assert client is not None
    told: list[str] = []
    client.on_publish = lambda _client, _data, _id, reason, _properties: told.append(str(reason))
    topic = f"{neighbour.credential.topic_prefix}/position"
    client.publish(topic, json.dumps(FIX | {"ts": now_text()}), qos=1)
    wait_until(lambda: told)
    if protocol is MQTTProtocolVersion.MQTTv5:
        assert told == ["Not authorized"]
    alarm = wait_until(lambda: town.alarm(AlarmKind.PUBLISH_REFUSED, truck))
    assert (alarm.subject_kind, alarm.detail["topic"]) == ("vehicle", topic)
    assert alarm.detail["username"] == truck.credential.username
    assert any(truck.credential.username in line["message"] and topic in line["message"] for line in town.said())
    truck.tell("position", FIX | {"ts": now_text()})
    wait_until(lambda: town.stored(truck) == 1)
    assert town.stored(neighbour) == 0
    assert town.alarm(AlarmKind.PUBLISH_REFUSED, neighbour) is None
    wait_until(lambda: town.alarm(AlarmKind.PUBLISH_REFUSED, truck) is None)
    truck.disconnect()


def test_who_is_refused_at_the_door_is_logged(town: WatchedTown) -> None:
    """A wrong password leaves a line with the client's address."""
    truck = town.device()
    client = Client(CallbackAPIVersion.VERSION2, client_id=f"guesser {secrets.token_hex(3)}")
    client.username_pw_set(truck.credential.username, "guess")
    client.connect("127.0.0.1", town.servers.state.ports["mqtt"])
    client.loop_start()
    name = client._client_id.decode()
    wait_until(lambda: any(name in line["message"] and "not authorised" in line["message"] for line in town.said()))
    client.loop_stop()


def test_no_device_can_name_the_spool(town: WatchedTown, ingest: IngestProcess) -> None:
    """Who connects with the ingest's client id takes its queue over; so the services' secret is in it."""
    said = [line["message"] for line in town.said()]
    assert any(f" as {ingest.session_id} (" in line for line in said)
    other_password = town.servers.mqtt_url.replace("@", "x@")
    assert spool_client_id(BrokerAddress.parse(other_password), FIRST_WORKER) != ingest.session_id


def test_a_device_that_sends_too_much_is_kept_out_for_a_moment(town: WatchedTown) -> None:
    """Beyond its share a device is cut off, the office is told, it comes back by itself, and nothing is lost."""
    truck = town.device().connect()
    sent = [truck.publish("position", FIX | {"ts": now_text(), "seq": i}) for i in range(400)]
    wait_until(lambda: town.alarm(AlarmKind.DEVICE_TOO_FAST, truck))
    wait_until(lambda: not truck.is_connected)
    truck.publish("position", FIX | {"ts": now_text(), "seq": 400})  # kept by the device till it may
    assert not truck.is_connected
    wait_until(lambda: truck.is_connected)
    wait_until(lambda: all(one.is_published() for one in sent))
    wait_until(lambda: town.stored(truck) == 401)
    wait_until(lambda: town.alarm(AlarmKind.DEVICE_TOO_FAST, truck, is_open=False))
    truck.disconnect()


def test_a_message_that_is_too_large_costs_the_connection(town: WatchedTown) -> None:
    """The broker cuts a device off that ignores its limit of 4 MB; the next connection is as good as new."""
    truck = town.device().connect(MQTTProtocolVersion.MQTTv311)
    truck.publish("position", b"[" + b" " * 4_200_000 + b"]")
    wait_until(lambda: any("oversize packet" in line["message"] for line in town.said()))
    truck.disconnect()
    truck.connect()
    truck.tell("position", FIX | {"ts": now_text()})
    wait_until(lambda: town.stored(truck) == 1)
    truck.disconnect()


def test_the_watch_shows_the_spool(town: WatchedTown) -> None:
    """Prometheus sees what waits in the broker and what was refused; the watch is ready once it knows."""
    address = f"http://127.0.0.1:{town.metrics_port}"
    wait_until(lambda: httpx.get(f"{address}/readyz").status_code == 200)
    figures = dict(
        line.rsplit(" ", 1) for line in httpx.get(f"{address}/metrics").text.splitlines() if not line.startswith("#")
    )
    assert float(figures["riqing_broker_queued_messages"]) >= 0
    assert float(figures["riqing_broker_connected_clients"]) >= 2
    assert float(figures["riqing_broker_log_watched"]) == 1
    assert httpx.get(f"{address}/elsewhere").status_code == 404


@pytest.mark.parametrize(
    ("wrong_by_s", "likely"),
    [
        (8 * 3600, "time_zone"),  # local time sent as UTC
        (86_400, "date"),
    ],
)
def test_a_clock_that_is_ahead_is_told_of(town: WatchedTown, wrong_by_s: int, likely: str) -> None:
    """Readings from the future are letters, the office sees by how much, and the alarm clears when it is right."""
    truck = town.device().connect()
    truck.tell("position", FIX | {"ts": now_text(wrong_by_s)})
    alarm = wait_until(lambda: town.alarm(AlarmKind.DEVICE_CLOCK_WRONG, truck))
    assert abs(alarm.detail["wrong_by_s"] - wrong_by_s) < 60
    assert alarm.detail["likely"] == likely
    truck.tell("position", FIX | {"ts": now_text()})
    wait_until(lambda: town.alarm(AlarmKind.DEVICE_CLOCK_WRONG, truck, is_open=False))
    assert town.stored(truck) == 1
    truck.disconnect()


def test_a_clock_that_is_behind_is_told_of(town: WatchedTown) -> None:
    """Readings that all come eight hours late are kept, as late ones are, and the office sees that it is the clock.

    The town's clock runs fast, so that the minutes for which it must be so are seconds.
    """
    truck = town.device().connect()
    clock = TownClock(datetime.now(UTC), datetime.now(UTC), 60.0, simulated=True)
    with psycopg.connect(town.database_url) as connection:
        save_clock(connection, clock)
    try:
        sent = 0

        def tell_and_look() -> Alarm | None:
            nonlocal sent
            sent += 1
            truck.tell("position", FIX | {"ts": (clock.now() - timedelta(hours=8)).isoformat(), "seq": sent})
            time.sleep(0.3)
            return town.alarm(AlarmKind.DEVICE_CLOCK_WRONG, truck)

        alarm = wait_until(tell_and_look)
        assert alarm.detail["likely"] == "time_zone"
        assert abs(alarm.detail["wrong_by_s"] + 8 * 3600) < 300
        wait_until(lambda: town.stored(truck) == sent)
    finally:
        with psycopg.connect(town.database_url) as connection:
            save_clock(connection, REAL_CLOCK)
        truck.disconnect()


def test_the_ingest_is_ready_only_while_something_can_be_stored(town: WatchedTown, ingest: IngestProcess) -> None:
    """A database that answers and takes nothing is no reason to be ready, also when no message waits."""
    url = f"http://127.0.0.1:{ingest.settings['RIQING_INGEST_METRICS_PORT']}/readyz"
    wait_until(lambda: httpx.get(url).status_code == 200)
    with psycopg.connect(town.database_url, autocommit=True) as connection:
        name = sql.Identifier(connection.info.dbname)
        read_only = sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = on").format(name)
        connection.execute(read_only)
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
        connection.execute(others, [connection.info.dbname])
        wait_until(lambda: httpx.get(url).status_code == 503)
        connection.execute(sql.SQL("ALTER DATABASE {} RESET default_transaction_read_only").format(name))
        connection.execute(others, [connection.info.dbname])
    wait_until(lambda: httpx.get(url).status_code == 200)
