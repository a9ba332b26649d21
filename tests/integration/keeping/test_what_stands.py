"""What must not change when readings are dropped: decided days, figures, bulletins and the measures of facilities."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import pytest

from services.clearance import redecide
from services.clearance.redecide import ReadingsGoneError
from services.clearance.register import load_register
from services.clearance.rounds import Rounds
from services.domain.clearance import ClearanceGroup
from services.domain.kinds import DeviceKind, MessageKind
from services.domain.period import Period
from services.facilities.spans import Bucket
from services.facilities.utilisation_service import station_utilisation, toilet_utilisation
from services.keeping.rounds import drop_what_is_old, roll_up
from services.reports.fetch import fetch_bulletin
from services.store.clearance_figures import load_clearance, load_due_visits, load_visits
from services.store.connection import Connection, connect
from services.store.devices import NewDevice, enrol_devices
from services.store.registry import FACILITIES, upsert
from services.store.settings import KeepingSettings
from tests.integration.clearance.stored_town import TOWN, build, set_clock, store_drive, store_rows
from tests.integration.clearance.test_rounds import DAY, POINTS, morning
from tests.unit.clearance.drives import LAT, LON, START, Drive

SPAN = TOWN.service_day(DAY)
MONTH_LATER = SPAN.end + timedelta(days=60)


def nothing() -> None:
    """Stand in for the heartbeat."""


@pytest.fixture
def town(fresh_database: str) -> Iterator[Connection]:
    """An autocommit connection to a town whose day was driven, weighed, counted and decided, two months later."""
    with connect(fresh_database, autocommit=True) as connection:
        with connection.transaction():
            build(connection, POINTS, [Drive().vehicle], START)
            toilet = {"facility_id": "T1", "kind": "public_toilet", "lon": LON, "lat": LAT, "status": "in_service"}
            upsert(connection, FACILITIES, [toilet | {"stalls_male": 2, "stalls_female": 2}], update=["status"])
            enrol_devices(connection, [NewDevice(DeviceKind.TOILET, "T1", "T1")], START)
            store_drive(connection, morning().observe(POINTS, noise_m=8))
            weighing = {"observed_at": START + timedelta(hours=1), "vehicle_id": "V1", "net_kg": 1200.0}
            store_rows(connection, MessageKind.WEIGHING, DeviceKind.STATION, "S1", [weighing | {"direction": "in"}])
            usages: list[dict[str, object]] = [
                {"observed_at": SPAN.start + timedelta(minutes=10 * number), "entries": number % 5, "open": True}
                for number in range(100)
            ]
            store_rows(connection, MessageKind.USAGE, DeviceKind.TOILET, "T1", usages)
            set_clock(connection, SPAN.end + timedelta(hours=1))
        settle(connection)
        set_clock(connection, MONTH_LATER)
        yield connection


def settle(connection: Connection, rounds: Rounds | None = None) -> None:
    """Let clearance and the rollups look at all that is stored."""
    (rounds or Rounds()).run(connection)
    roll_up(connection, nothing)


def drop_readings(connection: Connection) -> None:
    """Drop the readings of the day."""
    assert drop_what_is_old(connection, KeepingSettings(readings_days=20), MONTH_LATER, nothing) > 0
    assert connection.execute("SELECT count(*) FROM positions").fetchone() == (0,)


def decisions(connection: Connection) -> list[object]:
    """Return all that was decided of the day."""
    return [
        load_due_visits(connection, DAY),
        load_visits(connection, DAY),
        *(load_clearance(connection, DAY, DAY, group) for group in ClearanceGroup),
    ]


def test_a_decided_day_stands_when_its_readings_are_gone(town: Connection) -> None:
    """Neither a changed register nor readings that come late decide it again, and clearance goes on working."""
    before = decisions(town)
    assert sum(row.cleared_at is not None for row in load_due_visits(town, DAY)) == 8
    drop_readings(town)
    with town.transaction():
        late = morning().observe(POINTS[:3], noise_m=8)
        store_drive(town, late)
        weighing = {"observed_at": START + timedelta(hours=2), "vehicle_id": "V1", "net_kg": 77.0, "direction": "in"}
        store_rows(town, MessageKind.WEIGHING, DeviceKind.STATION, "S1", [weighing])
        town.execute("UPDATE collection_points SET visits_per_day = 2")
    settle(town)
    assert decisions(town) == before
    assert town.execute("SELECT count(*) FROM stored_batches").fetchone() == (0,)


def test_a_decision_without_readings_is_refused(town: Connection) -> None:
    """Each way of deciding says that the readings are gone, while a day that has its readings is decided."""
    register = load_register(town)
    redecide.decide_vehicles(town, register, DAY, ["V1"], MONTH_LATER)
    drop_readings(town)
    with pytest.raises(ReadingsGoneError, match=f"{DAY}.*RIQING_KEEPING_READINGS_DAYS"):
        redecide.decide_vehicles(town, register, DAY, ["V1"], MONTH_LATER)
    with pytest.raises(ReadingsGoneError):
        redecide.open_day(town, register, DAY, MONTH_LATER)
    with pytest.raises(ReadingsGoneError):
        redecide.share_day_weights(town, register, DAY)
    redecide.open_day(town, register, TOWN.service_date(MONTH_LATER), MONTH_LATER)


def test_the_bulletin_of_a_day_says_the_same_for_ever(town: Connection) -> None:
    """Clearance, stations and toilets of the day stay word for word; how trucks drove goes with the readings."""
    before = fetch_bulletin(town, Period.day(DAY))
    drop_readings(town)
    after = fetch_bulletin(town, Period.day(DAY))
    assert replace(after, drawn_up_at=before.drawn_up_at, routes=before.routes) == before
    assert [(route.vehicle_id, route.extra) for route in after.routes] == [("V1", 8)]
    assert any(row.measures["throughput_t"] == 1.2 for row in before.stations)


@pytest.mark.parametrize("bucket", Bucket)
def test_measures_of_facilities_outlive_the_readings(town: Connection, bucket: Bucket) -> None:
    """By hour, day and month; a gap was a gap and stays one."""
    span = (SPAN.start - timedelta(days=1), SPAN.end + timedelta(days=1))
    if bucket is Bucket.MONTH:
        span = (TOWN.service_day(date(2026, 3, 1)).start, TOWN.service_day(date(2026, 4, 1)).start)
    before = [*toilet_utilisation(town, *span, bucket), *station_utilisation(town, *span, bucket)]
    assert any(row.measures.get("uses") for row in before)
    drop_readings(town)
    after = [*toilet_utilisation(town, *span, bucket), *station_utilisation(town, *span, bucket)]
    assert after == before


def test_a_day_played_long_before_all_that_was_dropped_is_decided(town: Connection) -> None:
    """Readings of a simulated day of years ago are there, whatever of later days was dropped."""
    drop_readings(town)
    past = timedelta(days=365 * 3)
    set_clock(town, START + timedelta(hours=6) - past)
    settle(town)
    assert len(load_due_visits(town, TOWN.service_date(START - past))) == len(POINTS)


def test_a_day_played_again_whose_readings_are_gone_stands(town: Connection) -> None:
    """Clearance goes on, and decides nothing of it."""
    cleared = {row.point_id: row.cleared_at for row in load_due_visits(town, DAY)}
    drop_readings(town)
    set_clock(town, START + timedelta(hours=6))
    settle(town)
    assert {row.point_id: row.cleared_at for row in load_due_visits(town, DAY)} == cleared
