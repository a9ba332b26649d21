"""What the ingest tells the office of devices, when the database is away at that moment."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from services.domain.kinds import AlarmKind, DeviceKind
from services.ingest.settings import ConductSettings
from services.ingest.telling import Teller
from services.store.alarms import page_of_alarms
from services.store.connection import Connection, connect
from services.store.devices import NewDevice, enrol_devices, load_enrolled


@pytest.fixture
def connection(fresh_database: str) -> Iterator[Connection]:
    """A database with a vehicle."""
    with connect(fresh_database, autocommit=True) as connection:
        enrol_devices(connection, [NewDevice(DeviceKind.VEHICLE, "7", "7")], datetime(2026, 5, 1, tzinfo=UTC))
        yield connection


def test_a_wrong_clock_that_could_not_be_told_is_told_with_the_next_batch(
    connection: Connection, fresh_database: str
) -> None:
    """A judge that took its finding for told would be silent about this device for ever."""
    teller = Teller(ConductSettings())
    ahead = {load_enrolled(connection)[DeviceKind.VEHICLE, "7"].device_key: timedelta(hours=8)}
    with connect(fresh_database, autocommit=True) as gone:
        pass
    teller.note(gone, [], [], ahead, keeping_up=False)
    assert page_of_alarms(connection, is_open=True) == []
    for _ in range(2):
        teller.note(connection, [], [], ahead, keeping_up=False)
        [alarm] = page_of_alarms(connection, is_open=True)
        assert (alarm.kind, alarm.detail["likely"]) == (AlarmKind.DEVICE_CLOCK_WRONG, "time_zone")
