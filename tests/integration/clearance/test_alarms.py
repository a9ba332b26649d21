"""Alarms on a real database: raised once, kept within their margin, cleared when it is over, raised again."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from services.clearance.alarms.watching import Watch
from services.clearance.register import load_register
from services.domain.kinds import DeviceKind, MessageKind, StopKind
from services.domain.plan import Plan, Route, Stop
from services.store.alarms import acknowledge_alarm, page_of_alarms
from services.store.connection import Connection, connect
from services.store.devices import NewDevice, enrol_devices
from services.store.plans import PlanRequest, create_plan, finish_ready, mark_published, start_solving
from services.store.town import load_clock
from tests.integration.clearance.stored_town import build, run_round, set_clock, store_drive, store_rows
from tests.integration.clearance.test_rounds import DAY, NOON, POINTS
from tests.unit.clearance.drives import START, START_S, Drive


def history(connection: Connection) -> list[tuple[str, str, bool]]:
    """Return all alarms ever raised: kind, subject, and whether it is open."""
    rows = connection.execute("SELECT kind, subject_id, cleared_at IS NULL FROM alarms ORDER BY alarm_id")
    return [(row[0], row[1], row[2]) for row in rows]


def look(connection: Connection, watch: Watch | None = None) -> None:
    """Look at the alarms by the town's clock."""
    (watch or Watch()).look(connection, load_register(connection), load_clock(connection))


def set_clock_long_ago(connection: Connection, now: datetime) -> None:
    """Let the town's clock show `now`, as if it had been set hours ago: devices may be silent by now."""
    set_clock(connection, now)
    connection.execute("UPDATE town_clock SET shows_at_set = %s, speed = 21600", (now - timedelta(hours=6),))
    connection.execute("UPDATE town_clock SET set_at = now() - INTERVAL '1 second'")


def report_level(connection: Connection, minutes: int, fill_ratio: float) -> None:
    """Let the container of P1 report, and look at the alarms a minute later."""
    at = NOON + timedelta(minutes=minutes)
    store_rows(
        connection, MessageKind.LEVEL, DeviceKind.CONTAINER, "P1", [{"observed_at": at, "fill_ratio": fill_ratio}]
    )
    set_clock(connection, at + timedelta(minutes=1))
    look(connection)


def test_an_alarm_is_raised_once_cleared_and_raised_again(fresh_database: str) -> None:
    """A container that goes up and down at its limit is one alarm; emptied and full again it is a second one."""
    with connect(fresh_database) as connection:
        build(connection, POINTS, [Drive().vehicle], START)
        for number, fill_ratio in enumerate((0.95, 0.89, 0.91, 0.8, 0.97)):
            report_level(connection, 10 * number, fill_ratio)
        assert history(connection) == [("container_overfull", "P1", True)]
        report_level(connection, 60, 0.1)
        report_level(connection, 70, 0.89)
        assert history(connection) == [("container_overfull", "P1", False)]
        report_level(connection, 80, 0.93)
        assert history(connection) == [("container_overfull", "P1", False), ("container_overfull", "P1", True)]


def test_a_limit_is_a_row_of_the_office(fresh_database: str) -> None:
    """An office that empties at half changes a row, and is told so from then on."""
    with connect(fresh_database) as connection:
        build(connection, POINTS, [Drive().vehicle], START)
        report_level(connection, 0, 0.6)
        assert history(connection) == []
        connection.execute(
            "UPDATE standard_limits SET value_low = 0.4, value_high = 0.5 WHERE limit_id = 'alarm_container_fill_ratio'"
        )
        look(connection)
        assert history(connection) == [("container_overfull", "P1", True)]


def test_a_station_over_capacity_is_raised_and_a_silent_container(fresh_database: str) -> None:
    """Tonnes over the design raise their alarm, and so does a container that is not heard; no truck off its shift."""
    with connect(fresh_database) as connection:
        build(connection, POINTS, [Drive().vehicle], START)
        connection.execute("UPDATE facilities SET design_t_per_day = 5 WHERE facility_id = 'S1'")
        weighing = {"observed_at": START + timedelta(hours=1), "vehicle_id": "V1", "net_kg": 6000.0, "direction": "in"}
        store_rows(connection, MessageKind.WEIGHING, DeviceKind.STATION, "S1", [weighing])
        set_clock_long_ago(connection, NOON)
        look(connection)
        raised = {(kind, subject) for kind, subject, _ in history(connection)}
        assert {("station_over_capacity", "S1"), ("device_silent", "P0")} <= raised
        assert ("device_silent", "V1") not in raised


def test_one_of_two_counters_of_a_toilet_is_silent(fresh_database: str) -> None:
    """The toilet has one alarm that names the counter, and the list grows when the other falls silent too."""
    with connect(fresh_database) as connection:
        build(connection, POINTS, [Drive().vehicle], START)
        connection.execute("UPDATE facilities SET kind = 'public_toilet' WHERE facility_id = 'L1'")
        connection.execute("UPDATE devices SET revoked_at = %s WHERE device_id = 'L1'", (START,))
        enrol_devices(connection, [NewDevice(DeviceKind.TOILET, f"L1-{side}", "L1") for side in "ab"], START)
        for device, ago_min in (("L1-a", 5), ("L1-b", 100)):
            connection.execute(
                "UPDATE devices SET last_observed_at = %s WHERE device_id = %s",
                (NOON - timedelta(minutes=ago_min), device),
            )
        set_clock_long_ago(connection, NOON)
        look(connection)
        set_clock_long_ago(connection, NOON + timedelta(minutes=90))
        look(connection)
        alarms = [alarm for alarm in page_of_alarms(connection) if alarm.subject_id == "L1"]
        assert [alarm.detail["silent_devices"] for alarm in alarms] == [["L1-a", "L1-b"]]
        assert alarms[0].detail["devices"] == 2


def publish_plan(connection: Connection, minutes_apart: float) -> None:
    """Publish a plan in which V1 serves the ten points in their order, the first when the drive begins."""
    plan_id = create_plan(connection, PlanRequest(DAY), "dispatcher", START)
    start_solving(connection, plan_id, START)
    stops = tuple(
        Stop(
            kind=StopKind.POINT,
            id=point.point_id,
            arrive_at=START + timedelta(minutes=minutes_apart * number),
            depart_at=START + timedelta(minutes=minutes_apart * number + 1),
            load_kg=0.0,
            occurrence=1,
        )
        for number, point in enumerate(POINTS)
    )
    finish_ready(connection, plan_id, Plan(DAY, (Route("V1", stops, 2000, 3600, 0.0),), (), cost=1.0), START)
    mark_published(connection, plan_id, DAY, START)


def risk(connection: Connection) -> list[tuple[bool, list[Any], str | None]]:
    """Return the alarms of visits at risk: whether each is open, the points that it names, and who has seen it."""
    return [
        (alarm.cleared_at is None, [visit["point_id"] for visit in alarm.detail["visits"]], alarm.acknowledged_by)
        for alarm in reversed(page_of_alarms(connection))
        if alarm.kind == "due_visit_at_risk"
    ]


def test_a_truck_that_is_late_is_one_alarm_for_all_its_visits(fresh_database: str) -> None:
    """It names what is late, more as it gets later, stays acknowledged, and clears when the truck has been there."""
    drive = Drive()
    with connect(fresh_database) as connection:
        build(connection, POINTS, [drive.vehicle], START)
        publish_plan(connection, minutes_apart=10)
        run_round(connection)
        watch = Watch()
        set_clock(connection, START + timedelta(minutes=55))
        look(connection, watch)
        assert risk(connection) == []
        set_clock(connection, START + timedelta(minutes=75))
        look(connection, watch)
        assert risk(connection) == [(True, ["P0", "P1"], None)]
        (alarm,) = page_of_alarms(connection, is_open=True)
        assert (alarm.subject_kind, alarm.subject_id, alarm.detail["late_min"]) == ("vehicle", "V1", 70)
        acknowledge_alarm(connection, alarm.alarm_id, "li", START)
        set_clock(connection, START + timedelta(minutes=85))
        look(connection, watch)
        assert risk(connection) == [(True, ["P0", "P1", "P2"], "li")]
        # The truck comes after all, and serves all of them but P3.
        drive.wait(85 * 60)
        for number, point in enumerate(POINTS):
            drive.to(200 * number)
            if number != 3:
                drive.serve(point, kg=150)
        store_drive(connection, drive.observe(POINTS, noise_m=8))
        set_clock(connection, datetime.fromtimestamp(START_S + drive.now_s + 60, UTC))
        run_round(connection)
        look(connection, watch)
        assert risk(connection) == [(True, ["P3"], "li")]
        connection.execute("UPDATE due_visits SET status = 'cleared' WHERE point_id = 'P3'")
        look(connection, watch)
        assert risk(connection) == [(False, ["P3"], "li")]


def test_a_day_that_nobody_planned_has_no_trucks_at_risk(fresh_database: str) -> None:
    """What is in no plan is told by the figures; there is no truck to call."""
    with connect(fresh_database) as connection:
        build(connection, POINTS, [Drive().vehicle], START)
        run_round(connection)
        set_clock(connection, START + timedelta(hours=20))
        look(connection)
        assert isinstance(DAY, date)
        assert risk(connection) == []


def test_a_truck_is_seen_standing_and_losing_its_load(fresh_database: str) -> None:
    """From stored fixes: it stands half an hour on its route, and once it goes on that is over; its load is gone."""
    with connect(fresh_database) as connection:
        drive = Drive(corners=[(0.0, 0.0, 0.0, 4000.0)]).to(900).wait(1800)
        build(connection, POINTS, [drive.vehicle], START)
        publish_plan(connection, minutes_apart=30)
        watch = Watch()
        store_drive(connection, drive.observe(POINTS, noise_m=8), since_s=0)
        set_clock(connection, datetime.fromtimestamp(START_S + drive.now_s, UTC))
        look(connection, watch)
        assert history(connection) == [("vehicle_standing", "V1", True)]
        stood_s = drive.now_s
        drive.tip(30).to(5000)
        store_drive(connection, drive.observe(POINTS, noise_m=8), since_s=START_S + stood_s)
        set_clock(connection, datetime.fromtimestamp(START_S + drive.now_s, UTC))
        look(connection, watch)
        assert history(connection) == [("vehicle_standing", "V1", False), ("load_lost", "V1", True)]
