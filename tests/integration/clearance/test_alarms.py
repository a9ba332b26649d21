"""Alarms on a real database: raised once, cleared when it is over, raised again."""

from datetime import timedelta

from services.clearance.alarms import watch
from services.domain.kinds import DeviceKind, MessageKind
from services.store.connection import Connection, connect
from services.store.town import load_clock
from tests.integration.clearance.stored_town import TOWN, build, run_round, set_clock, store_rows
from tests.integration.clearance.test_rounds import NOON, POINTS
from tests.unit.clearance.drives import START, Drive


def history(connection: Connection) -> list[tuple[str, str, bool]]:
    """Return all alarms ever raised: kind, subject, and whether it is open."""
    rows = connection.execute("SELECT kind, subject_id, cleared_at IS NULL FROM alarms ORDER BY alarm_id")
    return [(row[0], row[1], row[2]) for row in rows]


def report_level(connection: Connection, minutes: int, fill_ratio: float) -> None:
    """Let the container of P1 report, and look at the alarms a minute later."""
    at = NOON + timedelta(minutes=minutes)
    store_rows(
        connection, MessageKind.LEVEL, DeviceKind.CONTAINER, "P1", [{"observed_at": at, "fill_ratio": fill_ratio}]
    )
    set_clock(connection, at + timedelta(minutes=1))
    watch(connection, TOWN, load_clock(connection))


def test_an_alarm_is_raised_once_cleared_and_raised_again(fresh_database: str) -> None:
    """A container that stays overfull is one alarm; emptied and full again it is a second one."""
    with connect(fresh_database) as connection:
        build(connection, POINTS, [Drive().vehicle], START)
        report_level(connection, 0, 0.95)
        report_level(connection, 20, 0.97)
        assert history(connection) == [("container_overfull", "P1", True)]
        report_level(connection, 40, 0.1)
        assert history(connection) == [("container_overfull", "P1", False)]
        report_level(connection, 60, 0.93)
        assert history(connection) == [("container_overfull", "P1", False), ("container_overfull", "P1", True)]


def test_a_station_over_capacity_and_a_late_visit_are_raised(fresh_database: str) -> None:
    """Tonnes over the design, and a planned visit an hour late, each raise their alarm; a silent container does too."""
    with connect(fresh_database) as connection:
        build(connection, POINTS, [Drive().vehicle], START)
        connection.execute("UPDATE facilities SET design_t_per_day = 5 WHERE facility_id = 'S1'")
        weighing = {"observed_at": START + timedelta(hours=1), "vehicle_id": "V1", "net_kg": 6000.0, "direction": "in"}
        store_rows(connection, MessageKind.WEIGHING, DeviceKind.STATION, "S1", [weighing])
        run_round(connection)
        connection.execute(
            "UPDATE due_visits SET planned_vehicle_id = 'V1', planned_at = %s WHERE point_id = 'P4'", (START,)
        )
        set_clock(connection, NOON)
        connection.execute("UPDATE town_clock SET shows_at_set = %s, speed = 21600", (START,))
        connection.execute("UPDATE town_clock SET set_at = now() - INTERVAL '1 second'")
        watch(connection, TOWN, load_clock(connection))
        raised = {(kind, subject) for kind, subject, _ in history(connection)}
        assert {("station_over_capacity", "S1"), ("due_visit_at_risk", "P4"), ("device_silent", "P0")} <= raised
        assert ("device_silent", "V1") not in raised
