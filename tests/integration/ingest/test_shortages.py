"""Database and broker that run out of something while devices publish: what was acknowledged is stored later, once."""

import re
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from services.domain.kinds import AlarmKind, DeviceKind
from services.ingest.disk_alarms import judge_disks
from services.store.alarms import page_of_alarms
from tests.conftest import RunningStack
from tests.integration.ingest.conftest import Device, ServedTown, new_town, now_text, running_ingest, wait_until
from tests.integration.ingest.small_disk import SmallDisk, small_disk

FIXES = 500


@pytest.fixture
def served(own_servers: Callable[..., RunningStack], tmp_path: Path) -> Iterator[tuple[RunningStack, ServedTown]]:
    """Servers of its own with a town and an ingest."""
    servers = own_servers()
    name = new_town(servers.database_url)
    with running_ingest(servers.database_url, servers.mqtt_url, tmp_path) as ingest:
        yield servers, ServedTown(name, servers.database_url, servers.mqtt_url, ingest)


def tell_fixes(truck: Device, first_seq: int = 0, fixes: int = FIXES, filling: int = 0) -> None:
    """Publish numbered fixes, each with so many bytes of filling, until the broker has acknowledged all."""
    filling_text = "x" * filling
    truck.tell(
        "position",
        *(
            {"ts": now_text(), "lat": 1, "lon": 2, "seq": seq, "note": filling_text}
            for seq in range(first_seq, first_seq + fixes)
        ),
    )


def stored(town: ServedTown) -> tuple[int, int]:
    """Return how many fixes are stored and how many different ones, once the database answers."""
    try:
        [found] = town.rows("SELECT count(*), count(DISTINCT seq) FROM positions")
    except psycopg.Error:
        return (-1, -1)
    return found[0], found[1]


def disk_alarms(town: ServedTown, disk: SmallDisk) -> list[tuple[str, dict[str, Any]]]:
    """Return the open alarms about disks, once the broker's has been looked at."""
    with psycopg.connect(town.database_url, autocommit=True) as connection:
        judge_disks(connection, {"broker": disk.folder}, datetime.now(UTC))
        alarms = page_of_alarms(connection, is_open=True)
    return [(alarm.subject_id, alarm.detail) for alarm in alarms if alarm.kind == AlarmKind.DISK_FILLING]


def expect(town: ServedTown, count: int) -> None:
    """Wait until so many fixes are stored, each once."""
    wait_until(lambda: stored(town)[0] >= count)
    assert stored(town) == (count, count)


def test_out_of_connections(served: tuple[RunningStack, ServedTown]) -> None:
    """An ingest that finds every connection taken waits until one is free."""
    _, town = served
    [truck] = town.enrol((DeviceKind.VEHICLE, "7"))
    truck.connect()
    assert town.ingest.process is not None
    town.ingest.process.send_signal(signal.SIGSTOP)
    with ExitStack() as taken:

        def take() -> psycopg.Connection:
            return taken.enter_context(psycopg.connect(town.database_url, autocommit=True, application_name="taker"))

        def take_all() -> None:
            for _ in range(1_000):
                try:
                    take()
                except psycopg.OperationalError:
                    return
            pytest.fail("there is no end to the connections")

        mine = take()
        take_all()
        mine.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
            " WHERE usename = current_user AND application_name <> 'taker'"
        )
        take_all()
        town.ingest.process.send_signal(signal.SIGCONT)
        tell_fixes(truck)
        wait_until(lambda: re.search("connection slots|too many clients", town.ingest.log.read_text()))
        assert mine.execute("SELECT count(*) FROM positions").fetchone() == (0,)
    expect(town, FIXES)


def test_database_out_of_disk(served: tuple[RunningStack, ServedTown]) -> None:
    """With no room for a row the database refuses or dies; when there is room again all is stored, once."""
    servers, town = served
    with small_disk(servers, "postgres", servers.stack.folder.database, size_mb=300) as disk:
        wait_until(lambda: stored(town) == (0, 0))
        [truck] = town.enrol((DeviceKind.VEHICLE, "7"))
        truck.connect()
        tell_fixes(truck)
        expect(town, FIXES)
        disk.fill()
        # Far more than what is left in the pages and in the log that the database has already.
        tell_fixes(truck, first_seq=FIXES, fixes=20_000)
        wait_until(lambda: "messages wait for the database" in town.ingest.log.read_text())
        wait_until(lambda: "No space left on device" in (servers.data_dir / "logs/postgres.log").read_text())
        disk.make_room()
        expect(town, FIXES + 20_000)


def test_broker_out_of_disk(served: tuple[RunningStack, ServedTown]) -> None:
    """The broker goes on in memory and says nothing: as long as it lives nothing is lost. The office is told."""
    servers, town = served
    with small_disk(servers, "mosquitto", servers.stack.folder.broker, size_mb=20) as disk:
        wait_until(lambda: "Connected" in town.ingest.log.read_text().rpartition("ended after")[2])
        [truck] = town.enrol((DeviceKind.VEHICLE, "7"))
        truck.connect()
        town.ingest.end(signal.SIGTERM)
        assert disk_alarms(town, disk) == []
        disk.fill()
        [(subject_id, detail)] = disk_alarms(town, disk)
        assert (subject_id, detail["free_bytes"]) == ("broker", 0)
        tell_fixes(truck, fixes=2_000, filling=1_000)
        truck.disconnect()
        town.ingest.start(wait=False)
        expect(town, 2_000)
        disk.make_room()
        assert disk_alarms(town, disk) == []
