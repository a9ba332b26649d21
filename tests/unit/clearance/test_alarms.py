"""What raises an alarm of a place or a device, what keeps it, and what does neither: tables of conditions."""

from datetime import UTC, datetime, timedelta

import pytest

from services.clearance.alarms.condition import Condition, Limit, limits_of
from services.clearance.alarms.facilities import odour, over_capacity, overfull
from services.clearance.alarms.lateness import at_risk, delay_of
from services.clearance.alarms.silence import silent
from services.store.alarm_signs import (
    AirReading,
    ContainerSign,
    DeviceSign,
    PlannedVisitSign,
    StationSign,
    ToiletSign,
)
from services.store.standards import StandardLimit

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
LIMITS = {
    "alarm_container_fill_ratio": Limit(0.9, 0.75),
    "alarm_vehicle_silent_min": Limit(10, 10),
    "alarm_toilet_silent_min": Limit(60, 60),
    "alarm_odour_share": Limit(1.0, 0.8),
    "alarm_odour_min": Limit(30, 30),
    "alarm_due_visit_late_min": Limit(60, 30),
    "alarm_due_visit_closing_min": Limit(30, 30),
    "alarm_due_visit_ahead_min": Limit(120, 120),
    "alarm_due_visit_over_min": Limit(10, 0),
    "toilet_nh3_class_1_mg_m3": Limit(0.3, 0.3),
    "toilet_h2s_mg_m3": Limit(0.01, 0.01),
}
RAISES, KEEPS, NEITHER = "raises", "keeps", "neither"


def verdict(conditions: list[Condition]) -> str:
    """Say what the one condition does, if there is one."""
    assert len(conditions) <= 1
    return NEITHER if not conditions else RAISES if conditions[0].raises else KEEPS


def minutes(number: float) -> timedelta:
    """Return so many minutes."""
    return timedelta(minutes=number)


def test_a_limit_without_a_lower_end_clears_where_it_raises() -> None:
    """The limits are rows of the office's table; those without an upper end are no limits of an alarm."""
    ends = {"both": (0.75, 0.9), "high": (None, 10.0), "target": (0.98, None)}
    rows = {name: StandardLimit(name, low, high, "1", "own", "", "own", "") for name, (low, high) in ends.items()}
    assert limits_of(rows) == {"both": Limit(0.9, 0.75), "high": Limit(10.0, 10.0)}


@pytest.mark.parametrize(
    ("fill_ratio", "does"), [(0.95, RAISES), (0.9, KEEPS), (0.76, KEEPS), (0.75, NEITHER), (0.2, NEITHER)]
)
def test_a_container_over_its_filling_factor_is_overfull(fill_ratio: float, does: str) -> None:
    """Above the upper end it is raised, at the lower end it is over; without a limit nothing is."""
    sign = ContainerSign("P1", fill_ratio, NOW)
    assert verdict(overfull([sign], LIMITS)) == does
    assert overfull([sign], {}) == []


@pytest.mark.parametrize(
    ("kind", "silent_min", "expected", "does"),
    [
        ("vehicle", 11, True, RAISES),
        ("vehicle", 9, True, NEITHER),
        ("vehicle", 600, False, NEITHER),  # off its shift
        ("toilet", 61, True, RAISES),
        ("station", 600, True, NEITHER),  # the office has no limit for stations here
        ("vehicle", 60 * 24 * 8, True, NEITHER),  # forgotten for a week: no news
        ("vehicle", -30, True, NEITHER),  # heard in what is now the future: the clock was set back
    ],
)
def test_silence_is_an_alarm_where_a_sound_is_due(kind: str, silent_min: float, expected: bool, does: str) -> None:
    """Longer than the limit of its kind, while it should be heard."""
    sign = DeviceSign(kind, "A1", "A1", NOW - minutes(silent_min), expected)
    assert verdict(silent([sign], LIMITS, NOW)) == does


def test_a_facility_is_one_alarm_that_names_its_silent_devices() -> None:
    """Two of three counters of a toilet are silent: one alarm, with both names, and how many there are."""
    ages = {"north": 90, "south": 70, "door": 5}
    signs = [DeviceSign("toilet", "T1", name, NOW - minutes(age), True) for name, age in ages.items()]
    (condition,) = silent(signs, LIMITS, NOW)
    assert condition.key == ("device_silent", "facility", "T1")
    assert (condition.detail["devices"], condition.detail["silent_devices"]) == (3, ["north", "south"])
    assert condition.detail["last_heard_at"] == (NOW - minutes(70)).isoformat()


def test_a_station_over_its_day_s_design_is_over_capacity() -> None:
    """As much as it is designed for is not too much."""
    stations = [StationSign("S1", 50.1, 50.0), StationSign("S2", 50.0, 50.0)]
    assert [condition.subject_id for condition in over_capacity(stations)] == ["S1"]


@pytest.mark.parametrize(
    ("readings", "toilet_class", "does", "gas"),
    [
        # One reading each: minutes ago, ammonia and hydrogen sulphide in ppm. 0.43 ppm are 0.3 mg/m³ of ammonia.
        ([(5, 0.5, None)], "1", RAISES, "nh3_mg_m3"),
        ([(5, 0.3, None)], "1", NEITHER, None),
        ([(5, 0.5, None)], "3", NEITHER, None),  # its class has no limit here
        ([(5, 0.1, 0.02)], "1", RAISES, "h2s_mg_m3"),
        ([(5, 0.5, 0.02)], "1", RAISES, "nh3_mg_m3"),  # one alarm, whichever gas
        ([(25, 0.5, None), (15, 0.5, None), (5, 0.5, None)], "1", RAISES, "nh3_mg_m3"),
        ([(25, 0.5, None), (15, 0.1, None), (5, 0.5, None)], "1", KEEPS, "nh3_mg_m3"),  # a gust raises nothing
        ([(25, 0.5, None), (15, 0.1, None), (5, 0.1, None)], "1", KEEPS, "nh3_mg_m3"),  # nor does a breath end it
        ([(35, 0.5, None), (15, 0.1, None), (5, 0.1, None)], "1", NEITHER, None),
        ([(15, 0.38, None), (5, 0.38, None)], "1", KEEPS, "nh3_mg_m3"),  # nine tenths of the limit
        ([(55, 0.5, None)], "1", RAISES, "nh3_mg_m3"),  # a sensor that tells hourly: its newest reading counts
    ],
)
def test_odour_is_raised_by_what_lasts(
    readings: list[tuple[float, float, float | None]], toilet_class: str, does: str, gas: str | None
) -> None:
    """Readings in ppm are held against limits in mg/m³; all of half an hour must be over, or down again."""
    air = tuple(AirReading(NOW - minutes(ago), nh3, h2s) for ago, nh3, h2s in readings)
    found = odour([ToiletSign("T1", toilet_class, air)], LIMITS, NOW)
    assert verdict(found) == does
    assert [name for condition in found for name in condition.detail if name != "limit"] == ([gas] if gas else [])


def visit(
    planned_ago: float, due_in: float, last_delay: float | None = None, *, passed: bool = False, name: str = "P1"
) -> PlannedVisitSign:
    """Return a pending visit of V1, by minutes from now."""
    delay = None if last_delay is None else minutes(last_delay)
    return PlannedVisitSign(name, 1, "V1", NOW - minutes(planned_ago), NOW + minutes(due_in), delay, passed)


@pytest.mark.parametrize(
    ("pending", "does"),
    [
        (visit(10, 600), NEITHER),
        (visit(61, 600), RAISES),  # long overdue
        (visit(45, 600), KEEPS),
        (visit(30, 600), NEITHER),
        (visit(-5, 10, last_delay=3), NEITHER),  # a stop shortly before its window closes, and its truck is on time
        (visit(-5, 10, last_delay=20), RAISES),  # comes after the window closes, as late as the truck is
        (visit(-55, 60, last_delay=20), RAISES),  # the same, an hour ahead
        (visit(-55, 60, last_delay=8), KEEPS),  # three minutes late in an hour are none yet
        (visit(-10, 15, last_delay=8), RAISES),  # in a quarter of an hour they are
        (visit(-100, 130, last_delay=50), NEITHER),  # too far ahead to tell
        (visit(20, 29, last_delay=0, passed=True), RAISES),  # left out, and its window closes
        (visit(20, 31, last_delay=0, passed=True), NEITHER),  # left out, may still be fetched
    ],
)
def test_a_due_visit_is_at_risk(pending: PlannedVisitSign, does: str) -> None:
    """By how late it is, or will be, or that it was left out with its window closing."""
    assert verdict(at_risk([pending], LIMITS, NOW)) == does


@pytest.mark.parametrize("taken_out", sorted(name for name in LIMITS if name.startswith(("alarm_due", "alarm_odour"))))
def test_a_row_that_is_taken_out_raises_nothing(taken_out: str) -> None:
    """Whichever of an alarm's rows it is; with all of them both are raised."""
    left = {name: limit for name, limit in LIMITS.items() if name != taken_out}
    smells = [ToiletSign("T1", "1", (AirReading(NOW - minutes(5), 5.0, None),))]

    def raised(limits: dict[str, Limit]) -> set[str]:
        found = at_risk([visit(100, 600)], limits, NOW) + odour(smells, limits, NOW)
        return {condition.kind.value for condition in found}

    assert raised(LIMITS) == {"due_visit_at_risk", "toilet_odour"}
    assert raised(left) == {"toilet_odour" if "due_visit" in taken_out else "due_visit_at_risk"}


def test_a_truck_that_runs_late_is_one_alarm_that_names_its_visits() -> None:
    """Forty stops behind are one alarm, of the truck, with the visits in the order of the plan."""
    late = [visit(100 - number, 600, name=f"P{number:02}") for number in range(40)]
    (condition,) = at_risk(reversed(late), LIMITS, NOW)
    assert condition.key == ("due_visit_at_risk", "vehicle", "V1")
    named = condition.detail["visits"]
    assert isinstance(named, list)
    assert [named[0]["point_id"], named[-1]["point_id"], condition.detail["count"]] == ["P00", "P39", 40]
    assert condition.detail["late_min"] == 100


def test_a_truck_is_as_late_as_it_was_or_as_its_next_stop_tells() -> None:
    """What it passed by says nothing of how late it is; a stop that waits says more than the last one did."""
    assert delay_of([visit(300, 600, 5, passed=True), visit(-10, 600, 5)], NOW) == minutes(5)
    assert delay_of([visit(300, 600, 5, passed=True), visit(25, 600, 5)], NOW) == minutes(25)
    assert delay_of([visit(-10, 600, -15)], NOW) == minutes(0)
