"""The months of vehicles are the sums of their days, which are those of their readings: also with late ones."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest

from services.domain.kinds import DeviceKind, MessageKind
from services.keeping.rounds import roll_up
from services.store.connection import Connection, connect
from services.store.devices import NewDevice, enrol_devices
from services.store.rolled_up import VehicleUse
from services.store.vehicle_days import load_vehicle_days, vehicle_days_to_sum_up
from services.store.vehicle_months import load_vehicle_months, load_vehicle_whole, vehicle_months_to_sum_up
from tests.integration.clearance.stored_town import TOWN, build, set_clock, store_rows
from tests.integration.clearance.test_rounds import DAY
from tests.integration.keeping.test_rollups import Fix, expected_hours, nothing, store_fixes, wandering
from tests.unit.clearance.drives import START, Drive

DRIVEN_AGO = (75, 45, 44, 20, 1, 0)
"""The days that were driven, so many before the last one: three months and a part of one."""
LAST = TOWN.service_day(DAY)
FIRST_DAY = DAY - timedelta(days=90)


@pytest.fixture
def drives(fresh_database: str) -> Iterator[tuple[Connection, list[Fix]]]:
    """An autocommit connection to a town whose vehicle drove and tipped on some days, and what it sent."""
    fixes: list[Fix] = []
    with connect(fresh_database, autocommit=True) as connection:
        with connection.transaction():
            build(connection, [], [Drive().vehicle], START)
            set_clock(connection, LAST.end)
        for ago in DRIVEN_AGO:
            start = TOWN.service_day(DAY - timedelta(days=ago)).start + timedelta(hours=2)
            store_fixes(connection, drive := wandering(start, 120, with_speed=True))
            fixes += drive
            tip(connection, start + timedelta(hours=2), 1000.0 + ago)
        yield connection, fixes


def tip(connection: Connection, at: datetime, net_kg: float) -> None:
    """Weigh the vehicle."""
    weighing: dict[str, object] = {"observed_at": at, "vehicle_id": "V1", "net_kg": net_kg, "direction": "in"}
    with connection.transaction():
        store_rows(connection, MessageKind.WEIGHING, DeviceKind.STATION, "S1", [weighing])


def months(connection: Connection) -> list[VehicleUse]:
    """Return what is told of each month."""
    return load_vehicle_months(connection, FIRST_DAY.replace(day=1), DAY)


def from_days(connection: Connection) -> list[VehicleUse]:
    """Return what the days alone tell of each month, and leave the sums as they are."""
    with connection.transaction(force_rollback=True):
        connection.execute("DELETE FROM vehicle_months_summed")
        connection.execute("DELETE FROM vehicle_days_summed")
        return months(connection)


def days(connection: Connection) -> list[VehicleUse]:
    """Return what is told of each day."""
    return load_vehicle_days(connection, FIRST_DAY.replace(day=1), DAY)


def days_put_together(connection: Connection) -> list[VehicleUse]:
    """Return what devices and weighbridges tell of each day, and leave the sums as they are."""
    with connection.transaction(force_rollback=True):
        connection.execute("DELETE FROM vehicle_days_summed")
        return days(connection)


def assert_same_as_readings(found: list[VehicleUse], fixes: list[Fix]) -> None:
    """Compare months with the oracle of the rollups, second by second of each leg."""
    expected: dict[date, list[float]] = defaultdict(lambda: [0.0] * 4)
    for hour, figures in expected_hours(sorted(fixes, key=lambda fix: fix[0])).items():
        month = TOWN.service_date(hour).replace(day=1)
        expected[month] = [one + more for one, more in zip(expected[month], figures, strict=True)]
    assert [row.service_date for row in found] == sorted(expected)
    for row in found:
        assert [row.fixes, row.observed_s, row.moving_s, row.distance_m] == pytest.approx(
            expected[row.service_date], rel=1e-3, abs=1.0
        )


def test_months_are_the_sums_of_their_days(drives: tuple[Connection, list[Fix]]) -> None:
    """Summed or not, a month and the whole are the same, and as the readings tell; the month going on has no sums."""
    connection, fixes = drives
    roll_up(connection, nothing)
    summed = connection.execute("SELECT month FROM vehicle_months_summed ORDER BY 1").fetchall()
    this_month = DAY.replace(day=1)
    driven = {(DAY - timedelta(days=ago)).replace(day=1) for ago in DRIVEN_AGO}
    assert [row[0] for row in summed] == sorted(driven - {this_month})
    assert vehicle_months_to_sum_up(connection, DAY) == vehicle_days_to_sum_up(connection, DAY) == []
    assert months(connection) == from_days(connection)
    assert days(connection) == days_put_together(connection)
    assert [row.service_date for row in days(connection)] == [DAY - timedelta(days=ago) for ago in DRIVEN_AGO]
    marked = connection.execute("SELECT service_date FROM vehicle_days_summed ORDER BY 1").fetchall()
    assert [row[0] for row in marked] == [DAY - timedelta(days=ago) for ago in DRIVEN_AGO]
    assert_same_as_readings(months(connection), fixes)
    [whole] = load_vehicle_whole(connection, FIRST_DAY, DAY)
    assert whole.tipped_kg == sum(1000.0 + ago for ago in DRIVEN_AGO)
    assert (whole.tippings, whole.fixes, whole.service_date) == (len(DRIVEN_AGO), len(fixes), FIRST_DAY)
    connection.execute("UPDATE vehicle_months SET tippings = tippings + 100")
    assert sum(row.tippings for row in months(connection)) == len(DRIVEN_AGO) + 100 * len(summed), "sums are read"
    connection.execute("UPDATE vehicle_days SET tippings = tippings + 100")
    assert sum(row.tippings for row in days(connection)) == len(DRIVEN_AGO) + 100 * len(marked), "sums are read"


def test_late_readings_show_in_their_month(drives: tuple[Connection, list[Fix]]) -> None:
    """What comes weeks late changes its day, and with it the month's sums; nothing else does."""
    connection, fixes = drives
    roll_up(connection, nothing)
    before = months(connection)
    late = TOWN.service_day(DAY - timedelta(days=44)).start + timedelta(hours=9)
    store_fixes(connection, more := wandering(late, 60, with_speed=True))
    tip(connection, late, 777.0)
    roll_up(connection, nothing)
    after = months(connection)
    assert after == from_days(connection)
    assert days(connection) == days_put_together(connection)
    assert_same_as_readings(after, fixes + more)
    month = (DAY - timedelta(days=44)).replace(day=1)
    assert [row.service_date for row, old in zip(after, before, strict=True) if row != old] == [month]


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM weighing_days WHERE service_date < '2026-01-01' OR net_kg > 1040",
        "UPDATE position_days SET distance_m = distance_m + 5",
        "UPDATE devices SET asset_id = 'V9' WHERE kind = 'vehicle'",
        "DELETE FROM vehicles",
    ],
)
def test_whatever_changes_the_days_shows_at_once(drives: tuple[Connection, list[Fix]], change: str) -> None:
    """Then, and after the months are summed anew."""
    connection, _ = drives
    roll_up(connection, nothing)
    before, days_before = months(connection), days(connection)
    connection.execute(change)
    for _ in range(2):
        assert months(connection) == from_days(connection) != before
        assert days(connection) == days_put_together(connection) != days_before
        roll_up(connection, nothing)


def test_a_second_device_tells_of_the_days_it_told_most_of(drives: tuple[Connection, list[Fix]]) -> None:
    """A vehicle with two devices is not counted twice."""
    connection, _ = drives
    roll_up(connection, nothing)
    before = months(connection)
    with connection.transaction():
        enrol_devices(connection, [NewDevice(DeviceKind.VEHICLE, "V1-spare", "V1")], START)
        start = TOWN.service_day(DAY - timedelta(days=45)).start + timedelta(hours=2)
        rows: list[dict[str, object]] = [
            {"observed_at": at, "lon": lon, "lat": lat, "speed_kmh": speed}
            for at, lon, lat, speed in wandering(start, 30, with_speed=True)
        ]
        store_rows(connection, MessageKind.POSITION, DeviceKind.VEHICLE, "V1-spare", rows)
    roll_up(connection, nothing)
    assert months(connection) == from_days(connection) == before
