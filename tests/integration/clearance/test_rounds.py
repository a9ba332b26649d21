"""Rounds of clearance on a real database: from stored readings to due visits, figures and their changes."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest

from services.clearance.rounds import Rounds
from services.domain.clearance import ClearanceGroup
from services.domain.kinds import DeviceKind, DueVisitStatus, MessageKind, MissedReason
from services.store.clearance_figures import (
    DueVisitFilter,
    load_clearance,
    load_due_visit_changes,
    load_due_visits,
    load_visit,
    load_visits,
)
from services.store.connection import Connection, connect
from tests.integration.clearance.stored_town import TOWN, build, run_round, set_clock, store_drive, store_rows
from tests.unit.clearance.drives import LAT, LON, START, START_S, Drive, point_at

DAY = date(2026, 3, 3)
POINTS = [point_at(200 * number, 8, point_id=f"P{number}") for number in range(10)]
UNSERVED = {3, 7}
NOON = START + timedelta(hours=6)


@pytest.fixture
def town(fresh_database: str) -> Iterator[Connection]:
    """A connection to a database that holds the town at 06:00 of the day."""
    with connect(fresh_database) as connection:
        drive = Drive()
        build(connection, POINTS, [drive.vehicle], START)
        yield connection


def morning() -> Drive:
    """A drive along all points that passes two of them by."""
    drive = Drive()
    for number, point in enumerate(POINTS):
        drive.to(200 * number)
        if number not in UNSERVED:
            drive.serve(point, kg=150)
    return drive.to(2500).wait(60)


def statuses(connection: Connection) -> dict[str, DueVisitStatus]:
    """Return what became of each point's one due visit."""
    return {row.point_id: row.status for row in load_due_visits(connection, DAY)}


def expected(if_not_served: DueVisitStatus) -> dict[str, DueVisitStatus]:
    """Return the truth of the morning's drive."""
    return {
        point.point_id: if_not_served if number in UNSERVED else DueVisitStatus.CLEARED
        for number, point in enumerate(POINTS)
    }


def test_a_morning_is_decided_as_it_was_driven(town: Connection) -> None:
    """What was served is cleared with evidence, what was passed by is pending and then missed."""
    set_clock(town, NOON)
    store_drive(town, morning().observe(POINTS, noise_m=8))
    run_round(town)
    assert statuses(town) == expected(DueVisitStatus.PENDING)
    cleared = load_due_visits(town, DAY, DueVisitFilter(status=DueVisitStatus.CLEARED))
    assert all(row.vehicle_id == "V1" and row.evidence[0] == "service_event" for row in cleared)
    visit = load_visit(town, cleared[0].visit_id or 0)
    assert {piece["kind"] for piece in visit.evidence} == {"service_event", "stay", "load_rise"}
    assert visit.clears_occurrence == 1
    set_clock(town, START + timedelta(hours=30))
    run_round(town)
    assert statuses(town) == expected(DueVisitStatus.MISSED)
    missed = load_due_visits(town, DAY, DueVisitFilter(status=DueVisitStatus.MISSED))
    assert {row.reason for row in missed} == {MissedReason.NOT_PLANNED}


def test_visits_keep_their_numbers_while_readings_trickle_in(town: Connection) -> None:
    """Decided round by round, or all at once by another process, the visits are the same and keep their numbers."""
    set_clock(town, NOON)
    day = morning().observe(POINTS, noise_m=8)
    rounds = Rounds()
    numbers: dict[str, int] = {}
    for minute in range(0, 30, 2):
        store_drive(town, day, since_s=START_S + minute * 60, until_s=START_S + (minute + 2) * 60)
        run_round(town, rounds)
        for visit in load_visits(town, DAY):
            assert numbers.setdefault(visit.point_id, visit.visit_id) == visit.visit_id
    trickled = load_visits(town, DAY)
    assert statuses(town) == expected(DueVisitStatus.PENDING)
    run_round(town)
    assert load_visits(town, DAY) == trickled
    changes = load_due_visit_changes(town, DAY, "P0", 1)
    assert [change["status"] for change in changes] == ["pending", "cleared"]


def test_late_readings_decide_their_own_day_again(town: Connection) -> None:
    """Readings that come a day late clear the day that they are of, and nothing of the next one."""
    set_clock(town, NOON + timedelta(days=1))
    store_drive(town, morning().observe(POINTS, noise_m=8))
    run_round(town)
    assert statuses(town) == expected(DueVisitStatus.MISSED)
    (today,) = load_clearance(town, DAY + timedelta(days=1), DAY + timedelta(days=1))
    assert (today.due, today.cleared, today.pending) == (10, 0, 10)


def test_readings_at_the_beginning_of_a_day_make_no_day_before_it(town: Connection) -> None:
    """A drive in the first minutes of a service day may touch the day before, but does not open it."""
    begins = TOWN.service_day(DAY).start
    set_clock(town, begins + timedelta(minutes=10))
    fix = {"observed_at": begins + timedelta(minutes=5), "lon": LON, "lat": LAT}
    store_rows(town, MessageKind.POSITION, DeviceKind.VEHICLE, "V1", [fix])
    run_round(town)
    days = town.execute("SELECT DISTINCT service_date FROM due_visits").fetchall()
    assert days == [(DAY,)]


def test_a_reading_of_last_month_makes_no_month_of_days(town: Connection) -> None:
    """A batch that holds a fix of today and one of 30 days ago opens these two days and none between."""
    set_clock(town, NOON)
    instants = (NOON - timedelta(days=30), NOON)
    fixes = [{"observed_at": instant, "lon": LON, "lat": LAT} for instant in instants]
    store_rows(town, MessageKind.POSITION, DeviceKind.VEHICLE, "V1", fixes)
    run_round(town)
    days = town.execute("SELECT DISTINCT service_date FROM due_visits ORDER BY 1").fetchall()
    assert days == [(DAY - timedelta(days=30),), (DAY,)]


def test_the_figures_add_up_whatever_they_are_grouped_by(town: Connection) -> None:
    """Counts and weights by zone, contractor, vehicle and hour have the town's sums."""
    set_clock(town, NOON)
    store_drive(town, morning().observe(POINTS, noise_m=8))
    weighings = [
        {"observed_at": START + timedelta(hours=1), "vehicle_id": "V1", "net_kg": 1200.0, "direction": "in"},
        {"observed_at": START + timedelta(hours=3), "vehicle_id": "H9", "net_kg": 900.0, "direction": "out"},
    ]
    store_rows(town, MessageKind.WEIGHING, DeviceKind.STATION, "S1", weighings)
    received = [
        {"observed_at": START + timedelta(hours=4), "vehicle_id": "H9", "net_kg": 900.0, "direction": "in"},
        {"observed_at": START + timedelta(hours=5), "vehicle_id": "V1", "net_kg": 300.0, "direction": "in"},
    ]
    store_rows(town, MessageKind.WEIGHING, DeviceKind.STATION, "L1", received)
    run_round(town)
    (whole,) = load_clearance(town, DAY, DAY)
    assert (whole.key, whole.due, whole.cleared, whole.pending) == ("testtown", 10, 8, 2)
    assert (whole.tipped_kg, whole.received_kg) == pytest.approx((1500.0, 1200.0))
    assert whole.collection_rate == pytest.approx(1500 / 2000)
    assert whole.treatment_rate == pytest.approx(1200 / 1500)
    for group in ClearanceGroup:
        figures = load_clearance(town, DAY, DAY, group)
        for name in ("due", "cleared", "pending", "expected_kg", "tipped_kg", "received_kg"):
            assert sum(getattr(figure, name) for figure in figures) == pytest.approx(getattr(whole, name)), group
    by_vehicle = {figure.key: figure for figure in load_clearance(town, DAY, DAY, ClearanceGroup.VEHICLE)}
    assert by_vehicle["V1"].cleared == 8
    assert by_vehicle["unassigned"].due == 2
    assert load_clearance(town, DAY, DAY, contractor_id="C2") == []


def test_each_decision_is_announced(town: Connection, fresh_database: str) -> None:
    """Whoever listens hears of each visit as it is decided, in small JSON."""
    set_clock(town, NOON)
    run_round(town)
    with psycopg.connect(fresh_database, autocommit=True) as listener:
        listener.execute("LISTEN visit_decided")
        store_drive(town, morning().observe(POINTS, noise_m=8))
        run_round(town)
        heard = [notice.payload for notice in listener.notifies(timeout=5, stop_after=8)]
    assert len(heard) == 8
    assert all('"status" : "cleared"' in payload and len(payload) < 500 for payload in heard)


def test_a_changed_register_changes_today_only(town: Connection) -> None:
    """A point that is new today is due today, and was not due yesterday."""
    set_clock(town, NOON)
    rounds = Rounds()
    run_round(town, rounds)
    set_clock(town, NOON + timedelta(days=1))
    run_round(town, rounds)
    town.execute(
        "INSERT INTO collection_points (point_id, lon, lat, zone_id, container_type, containers, expected_kg, "
        "visits_per_day, windows, service_s, priority) SELECT 'NEW', lon, lat, zone_id, container_type, containers, "
        "expected_kg, 2, windows, service_s, priority FROM collection_points WHERE point_id = 'P0'"
    )
    rounds.forget_register()
    run_round(town, rounds)
    tomorrow = DAY + timedelta(days=1)
    counts = [load_clearance(town, day, day)[0].due for day in (DAY, tomorrow)]
    assert counts == [10, 12]


def test_the_days_of_a_standstill_are_made_up_for(town: Connection) -> None:
    """By the real clock days on which nothing ran have their due visits, missed; by a simulated one they have none."""
    last = TOWN.service_date(datetime.now(UTC)) - timedelta(days=3)
    set_clock(town, TOWN.service_day(last).start + timedelta(hours=1))
    run_round(town)
    town.execute("DELETE FROM town_clock")
    run_round(town)
    figures = load_clearance(town, last, last + timedelta(days=3))
    assert [figure.due for figure in figures] == [10, 10, 10, 10]
    assert [figure.missed for figure in figures] == [10, 10, 10, 0]
