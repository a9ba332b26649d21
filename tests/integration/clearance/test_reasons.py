"""Why a due visit is not cleared, on a real database: who could have known, and who is not to be accused."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import uuid4

import pytest

from services.clearance.rounds import Rounds
from services.domain.clearance import ClearanceGroup
from services.domain.kinds import DeviceKind, DueVisitStatus, MessageKind, MissedReason, ServiceOutcome
from services.domain.registry import DailyWindow, Vehicle
from services.store.clearance_figures import load_clearance, load_due_visit_changes, load_due_visits
from services.store.connection import Connection, connect
from tests.integration.clearance.stored_town import TOWN, build, run_round, set_clock, store_drive, store_rows
from tests.unit.clearance.drives import START, Drive, point_at

DAY = date(2026, 3, 3)
POINTS = [point_at(200 * number, 8, point_id=f"P{number}") for number in range(6)]
AFTER = TOWN.service_day(DAY).end + timedelta(minutes=1)
PLANNED_AT = START + timedelta(minutes=10)


@pytest.fixture
def town(fresh_database: str) -> Iterator[Connection]:
    """A connection to a database that holds the town in the morning of the day, a plan of it published."""
    with connect(fresh_database) as connection:
        vehicle = replace(Drive().vehicle, contractor_id="C1")
        # The morning window of P5 is over before anybody comes there.
        early = replace(POINTS[5], windows=(DailyWindow(5 * 3600, 5 * 3600 + 1800),))
        build(connection, [*POINTS[:5], early], [vehicle, Vehicle("V2", vehicle.kind, "D1", 8000.0)], START)
        publish_plan(connection, {point.point_id: PLANNED_AT for point in POINTS})
        run_round(connection)
        yield connection


def publish_plan(connection: Connection, arrivals: dict[str, datetime], published_at: datetime = START) -> None:
    """Store a published plan of the day in which V1 serves each point once, in place of the one before."""
    plan_id = uuid4()
    connection.execute("UPDATE plans SET superseded_at = %s", (published_at,))
    connection.execute(
        "INSERT INTO plans (plan_id, service_date, status, requested_by, requested_at, request, published_at) "
        "VALUES (%s, %s, 'ready', 'test', %s, '{}', %s)",
        (plan_id, DAY, published_at, published_at),
    )
    connection.execute("INSERT INTO routes SELECT %s, %s, 0, 0, 0", (plan_id, "V1"))
    for sequence, (point_id, arrive_at) in enumerate(arrivals.items()):
        connection.execute(
            "INSERT INTO stops (plan_id, vehicle_id, sequence, kind, id, occurrence, arrive_at, depart_at, load_kg, "
            "collected_kg, leg_distance_m, leg_duration_s) VALUES (%s, %s, %s, 'point', %s, 1, %s, %s, 0, 0, 0, 0)",
            (plan_id, "V1", sequence, point_id, arrive_at, arrive_at),
        )


def reasons(connection: Connection) -> dict[str, MissedReason | None]:
    """Return each point's reason."""
    return {row.point_id: row.reason for row in load_due_visits(connection, DAY)}


def test_a_silent_truck_is_not_accused(town: Connection) -> None:
    """Nothing was heard of the truck that was planned, so nobody can know; the figures count it apart."""
    set_clock(town, AFTER)
    run_round(town)
    assert set(reasons(town).values()) == {MissedReason.DEVICE_SILENT}
    (figure,) = load_clearance(town, DAY, DAY)
    assert figure.not_cleared_by_reason == {"device_silent": 6}


def test_what_is_pending_has_no_reason_before_its_time(town: Connection) -> None:
    """A silent device is a reason once the last window is over, not while the truck may still come."""
    statuses = {row.point_id: (row.status, row.reason) for row in load_due_visits(town, DAY)}
    assert statuses["P0"] == (DueVisitStatus.PENDING, None)
    set_clock(town, AFTER)
    run_round(town)
    assert reasons(town)["P0"] is MissedReason.DEVICE_SILENT
    changes = [change["status"] for change in load_due_visit_changes(town, DAY, "P0", 1)]
    assert changes == ["pending", "missed"]


def test_a_truck_that_was_heard_elsewhere_did_not_come(town: Connection) -> None:
    """The crew is accused where the truck was heard all the while and never came; late readings say so too."""
    set_clock(town, AFTER)
    rounds = Rounds()
    run_round(town, rounds)
    assert reasons(town)["P3"] is MissedReason.DEVICE_SILENT
    drive = Drive().to(0).serve(POINTS[0]).to(-3000).wait(2400)
    store_drive(town, drive.observe(POINTS, noise_m=5))
    run_round(town, rounds)
    assert reasons(town)["P3"] is MissedReason.PLANNED_BUT_NOT_VISITED
    assert reasons(town)["P0"] is None
    assert [change["reason"] for change in load_due_visit_changes(town, DAY, "P3", 1)][-2:] == [
        "device_silent",
        "planned_but_not_visited",
    ]


def test_a_gap_about_the_planned_time_is_silence(town: Connection) -> None:
    """A device that was heard before and after, but not when the truck was to come, cannot tell."""
    set_clock(town, AFTER)
    arrivals = {"P2": START + timedelta(minutes=80), "P3": START + timedelta(minutes=40)}
    publish_plan(town, arrivals, START + timedelta(minutes=1))
    drive = Drive().to(0).serve(POINTS[0]).to(-3000).wait(7200)
    store_drive(town, drive.observe(POINTS, noise_m=5, gaps=[(1560, 3400)]))
    run_round(town)
    assert reasons(town)["P3"] is MissedReason.DEVICE_SILENT
    assert reasons(town)["P2"] is MissedReason.PLANNED_BUT_NOT_VISITED


@pytest.mark.parametrize("is_planned", [True, False])
def test_a_reported_visit_outside_the_window_is_called_that(town: Connection, is_planned: bool) -> None:
    """A service event after the window is a visit that came too late, planned or not, with a track or without."""
    if not is_planned:
        town.execute("UPDATE plans SET published_at = NULL")
    set_clock(town, AFTER)
    told = {"observed_at": START + timedelta(hours=3), "point_id": "P5", "outcome": ServiceOutcome.SERVED}
    store_rows(town, MessageKind.SERVICE, DeviceKind.VEHICLE, "V2", [told])
    run_round(town)
    assert reasons(town)["P5"] is MissedReason.VISITED_OUTSIDE_WINDOW


def test_refuse_of_a_truck_without_a_visit_is_its_contractors(town: Connection) -> None:
    """Nobody knows the zone, but whose truck it was is in the register."""
    weighing = {"observed_at": START + timedelta(hours=1), "vehicle_id": "V1", "net_kg": 700.0, "direction": "in"}
    store_rows(town, MessageKind.WEIGHING, DeviceKind.STATION, "S1", [weighing])
    set_clock(town, AFTER)
    run_round(town)
    by_contractor = {
        figure.key: figure.tipped_kg for figure in load_clearance(town, DAY, DAY, ClearanceGroup.CONTRACTOR)
    }
    by_zone = {figure.key: figure.tipped_kg for figure in load_clearance(town, DAY, DAY, ClearanceGroup.ZONE)}
    assert by_contractor == {"C1": 700.0}
    assert by_zone == {"Z1": 0.0, "unassigned": 700.0}
