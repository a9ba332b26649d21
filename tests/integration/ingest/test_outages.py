"""Whatever dies while devices publish: what they were told is stored is stored, once."""

import os
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from paho.mqtt.enums import MQTTProtocolVersion

from services.broker.settings import Persistence
from services.domain.kinds import DeviceKind
from services.stack.supervision import Supervisor
from tests.conftest import RunningStack
from tests.integration.ingest.conftest import (
    WAITS_AT_MOST_S,
    Device,
    ServedTown,
    new_town,
    now_text,
    running_ingest,
    wait_until,
)

MESSAGES = 10_000
PUBLISHERS = 4
IN_FLIGHT = 400


class Stream(threading.Thread):
    """A truck that publishes numbered fixes as fast as the broker acknowledges them, through every outage."""

    def __init__(self, device: Device, messages: int) -> None:
        super().__init__(daemon=True)
        self._device = device
        self._messages = messages
        self.sent = 0

    def run(self) -> None:
        """Publish all and wait until all are acknowledged; paho sends again what was not."""
        first_ms = int(time.time() * 1000) - self._messages
        for seq in range(self._messages):
            while seq - self._device.acknowledged >= IN_FLIGHT:
                time.sleep(0.005)
            self._device.publish("position", b'{"ts":%d,"lat":31.1,"lon":121.2,"seq":%d}' % (first_ms + seq, seq))
            self.sent = seq + 1
        while self._device.acknowledged < self._messages:
            time.sleep(0.01)


def kill(servers: RunningStack, name: str) -> None:
    """Kill one of the servers with -9; the supervisor starts it again."""
    [process] = [process for process in Supervisor(servers.stack.folder).processes() if process.name == name]
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)


def answers(database_url: str) -> bool:
    """Tell whether the database answers."""
    try:
        with psycopg.connect(database_url, connect_timeout=2) as connection:
            connection.execute("SELECT 1")
    except psycopg.Error:
        return False
    return True


@pytest.fixture
def killable(
    own_servers: Callable[..., RunningStack], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[RunningStack, ServedTown]]:
    """Servers of its own with a town and an ingest, all of which the test may kill."""
    monkeypatch.setenv("RIQING_BROKER_PERSISTENCE", Persistence.BEFORE_ACKNOWLEDGING.value)
    servers = own_servers()
    name = new_town(servers.database_url)
    with running_ingest(servers.database_url, servers.mqtt_url, tmp_path) as ingest:
        yield servers, ServedTown(name, servers.database_url, servers.mqtt_url, ingest)


def fleet(town: ServedTown, size: int = PUBLISHERS) -> list[Device]:
    """Return connected trucks, of both MQTT versions by turns."""
    devices = town.enrol(*((DeviceKind.VEHICLE, f"truck-{i}") for i in range(size)))
    versions = [MQTTProtocolVersion.MQTTv5, MQTTProtocolVersion.MQTTv311]
    return [device.connect(versions[i % 2]) for i, device in enumerate(devices)]


def count(town: ServedTown) -> tuple[int, int, int]:
    """Return how many readings are stored, how many different ones, and how many letters."""
    query = "SELECT count(*), count(DISTINCT (device_key, seq)), (SELECT count(*) FROM dead_letters) FROM positions"
    [found] = town.rows(query)
    return found


def expect(town: ServedTown, stored: int, letters: int = 0) -> None:
    """Wait until so many readings are stored, and find each of them once and so many letters."""
    deadline = time.monotonic() + WAITS_AT_MOST_S
    while (found := count(town)) != (stored, stored, letters) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert found == (stored, stored, letters), "stored, different ones, letters"


def publish_through(town: ServedTown, faults: list[Callable[[], Any]], messages: int = MESSAGES) -> None:
    """Stream messages from a fleet while the faults strike one after the other, evenly over the stream."""
    devices = fleet(town)
    streams = [Stream(device, messages // len(devices)) for device in devices]
    for stream in streams:
        stream.start()
    for i, strike in enumerate(faults, start=1):
        due = messages * i // (len(faults) + 1)
        wait_until(lambda due=due: sum(stream.sent for stream in streams) >= due)  # type: ignore[misc]
        strike()
    for stream in streams:
        stream.join(120)
        assert not stream.is_alive()
    for device in devices:
        device.disconnect()


def test_broker_dies_with_a_queue(killable: tuple[RunningStack, ServedTown]) -> None:
    """Killed while it alone holds messages, the broker loses none: it writes each down before it acknowledges."""
    servers, town = killable
    town.ingest.end()
    publish_through(town, [lambda: kill(servers, "mosquitto")], messages=4_000)
    town.ingest.start()
    expect(town, 4_000)


def test_database_that_only_reads(killable: tuple[RunningStack, ServedTown]) -> None:
    """A read-only database is an outage like any other: nothing is acknowledged, refused or lost, and it says so."""
    _, town = killable
    [truck] = fleet(town, 1)
    with psycopg.connect(town.database_url, autocommit=True) as connection:
        connection.execute("ALTER DATABASE riqing SET default_transaction_read_only = on")
        # Sessions keep the setting they began with: end those of our own role.
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = current_user AND pid <> %s",
            (connection.info.backend_pid,),
        )
    truck.tell("position", *({"ts": now_text(), "lat": 1, "lon": 2, "seq": i} for i in range(10)), b"{")
    wait_until(lambda: "read-only transaction" in town.ingest.log.read_text())
    assert count(town) == (0, 0, 0)
    with psycopg.connect(town.database_url, autocommit=True) as connection:
        connection.execute("SET default_transaction_read_only = off")
        connection.execute("ALTER DATABASE riqing SET default_transaction_read_only = off")
    expect(town, 10, letters=1)


def test_database_down_at_start(killable: tuple[RunningStack, ServedTown]) -> None:
    """An ingest that starts before the database waits for it; what the broker keeps for it meanwhile is stored."""
    servers, town = killable
    [truck] = fleet(town, 1)
    assert town.ingest.end() == 0
    supervised = Supervisor(servers.stack.folder)
    supervised._call("stopProcess", "servers:postgres")
    town.ingest.start(wait=False)
    truck.tell("position", *({"ts": now_text(), "lat": 1, "lon": 2, "seq": i} for i in range(100)))
    wait_until(lambda: "Waiting for the database" in town.ingest.log.read_text())
    assert not town.ingest.heartbeat.exists()
    supervised._call("startProcess", "servers:postgres")
    wait_until(lambda: answers(town.database_url))
    expect(town, 100)
    wait_until(town.ingest.heartbeat.exists)


def test_full_intake_stops_reading(killable: tuple[RunningStack, ServedTown]) -> None:
    """With the database away only so much is held here; the broker keeps the rest, and nothing is dropped."""
    servers, town = killable
    town.ingest.end()
    town.ingest.settings |= {"RIQING_INGEST_HELD_MESSAGES": "100", "RIQING_INGEST_BATCH_MESSAGES": "50"}
    town.ingest.start()
    [truck] = fleet(town, 1)
    supervised = Supervisor(servers.stack.folder)
    supervised._call("stopProcess", "servers:postgres")
    fixes = [{"ts": now_text(), "lat": 1, "lon": 2, "seq": i, "note": "x" * 1_000} for i in range(2_000)]
    truck.tell("position", *fixes)
    wait_until(lambda: "messages wait for the database" in town.ingest.log.read_text())
    waiting = [int(found) for found in re.findall(r"(\d+) messages wait", town.ingest.log.read_text())]
    # What one read brings may go beyond the bound, no more.
    assert max(waiting) < 1_000
    supervised._call("startProcess", "servers:postgres")
    wait_until(lambda: answers(town.database_url))
    expect(town, 2_000)
