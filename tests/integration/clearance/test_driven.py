"""Planned against actual of a driven day on a real database: what was planned, driven past, and added."""

from datetime import UTC, datetime, timedelta

from services.clearance.adherence import StopState
from services.clearance.driven import load_driven_routes
from services.domain.kinds import DeviceKind, MessageKind
from services.store.connection import connect
from tests.integration.clearance.stored_town import TOWN, build, run_round, set_clock, store_drive, store_rows
from tests.integration.clearance.test_alarms import publish_plan
from tests.integration.clearance.test_rounds import DAY, NOON, POINTS, UNSERVED, morning
from tests.unit.clearance.drives import LAT, LON, METRES_PER_DEGREE, START, START_S


def test_a_driven_day_beside_its_plan(fresh_database: str) -> None:
    """Two points driven past are skipped, the others are done in their order, each at its time."""
    drive = morning()
    with connect(fresh_database) as connection:
        build(connection, POINTS, [drive.vehicle], START)
        publish_plan(connection, minutes_apart=2)
        set_clock(connection, NOON)
        store_drive(connection, drive.observe(POINTS, noise_m=8))
        tipped = START_S + drive.now_s - 60
        weighing = {
            "observed_at": datetime.fromtimestamp(tipped, UTC),
            "vehicle_id": "V1",
            "net_kg": 1200.0,
            "direction": "in",
        }
        store_rows(connection, MessageKind.WEIGHING, DeviceKind.STATION, "S1", [weighing])
        run_round(connection)
        (driven,) = load_driven_routes(connection, TOWN, DAY)
    states = {stop.planned.id: stop.state for stop in driven.adherence.stops}
    assert states == {f"P{number}": StopState.SKIPPED if number in UNSERVED else StopState.DONE for number in range(10)}
    truth = {point_id: end_s for point_id, _, end_s in drive.served}
    for stop in driven.adherence.stops:
        if stop.visit is not None:
            late_s = truth[stop.visit.point_id] - stop.planned.depart_at.timestamp()
            assert abs((stop.deviation_s or 0.0) - late_s) < 45
    assert (driven.adherence.out_of_order, driven.adherence.extra) == (0, ())
    assert [(pair.planned, pair.made and pair.made.net_kg) for pair in driven.adherence.unloadings] == [(None, 1200.0)]
    assert (driven.planned_start_at, driven.planned_distance_m) == (START + timedelta(minutes=1), 2000)


def test_movement_is_told_by_speed_and_odometer(fresh_database: str) -> None:
    """A truck that warms up, drives five kilometres in half an hour, and stands; another's device tells nothing."""
    with connect(fresh_database) as connection:
        build(connection, POINTS, [morning().vehicle], START)
        begins, ends = START + timedelta(minutes=20), START + timedelta(minutes=50)
        fixes = []
        for minute in range(80):
            at = START + timedelta(minutes=minute)
            share = min(max((at - begins) / (ends - begins), 0.0), 1.0)
            fixes.append(
                {
                    "observed_at": at,
                    "lon": LON + 5000 * share / METRES_PER_DEGREE,
                    "lat": LAT,
                    "speed_kmh": 10.0 if begins <= at < ends else 0.4,
                    "odometer_m": 1_000_000.0 + 5000 * share,
                }
            )
        store_rows(connection, MessageKind.POSITION, DeviceKind.VEHICLE, "V1", fixes)
        publish_plan(connection, minutes_apart=2)
        (driven,) = load_driven_routes(connection, TOWN, DAY)
        movement = driven.movement
        assert (movement.first_moved_at, movement.last_moved_at) == (begins, ends - timedelta(minutes=1))
        assert movement.distance_m == 5000.0
        connection.execute("UPDATE positions SET odometer_m = NULL, speed_kmh = NULL")
        (driven,) = load_driven_routes(connection, TOWN, DAY, vehicle_id="V1")
        assert (driven.movement.first_moved_at, driven.movement.distance_m) == (None, None)
        (idle,) = load_driven_routes(connection, TOWN, DAY, vehicle_id="V2")
        assert (idle.plan_id, idle.adherence.stops, idle.movement.first_moved_at) == (None, (), None)
