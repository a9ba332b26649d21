"""What raises an alarm and what does not: a table of conditions."""

from datetime import UTC, datetime, timedelta

import pytest

from services.clearance.alarms import at_risk, odour, over_capacity, overfull, silent
from services.store.alarm_signs import ContainerSign, DeviceSign, LateVisitSign, StationSign, ToiletSign

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
THRESHOLDS = {
    "alarm_container_fill_ratio": 0.9,
    "alarm_vehicle_silent_min": 10.0,
    "alarm_toilet_silent_min": 60.0,
    "toilet_nh3_class_1_mg_m3": 0.3,
    "toilet_h2s_mg_m3": 0.01,
}


@pytest.mark.parametrize(("fill_ratio", "raised"), [(0.95, 1), (0.9, 0), (0.2, 0)])
def test_a_container_over_its_filling_factor_is_overfull(fill_ratio: float, raised: int) -> None:
    """Only what is above the limit is raised; without a limit nothing is."""
    sign = ContainerSign("P1", fill_ratio, NOW)
    assert len(overfull([sign], THRESHOLDS)) == raised
    assert overfull([sign], {}) == []


@pytest.mark.parametrize(
    ("kind", "minutes", "expected", "raised"),
    [
        ("vehicle", 11, True, 1),
        ("vehicle", 9, True, 0),
        ("vehicle", 600, False, 0),  # off its shift
        ("toilet", 61, True, 1),
        ("station", 600, True, 0),  # the office has no limit for stations here
        ("vehicle", 60 * 24 * 8, True, 0),  # forgotten for a week: no news
        ("vehicle", -30, True, 0),  # heard in what is now the future: the clock was set back
    ],
)
def test_silence_is_an_alarm_where_a_sound_is_due(kind: str, minutes: float, expected: bool, raised: int) -> None:
    """Longer than the limit of its kind, while it should be heard."""
    sign = DeviceSign(kind, "A1", NOW - timedelta(minutes=minutes), expected)
    assert len(silent([sign], THRESHOLDS, NOW)) == raised


def test_a_station_over_its_day_s_design_is_over_capacity() -> None:
    """As much as it is designed for is not too much."""
    stations = [StationSign("S1", 50.1, 50.0), StationSign("S2", 50.0, 50.0)]
    assert [condition.subject_id for condition in over_capacity(stations)] == ["S1"]


@pytest.mark.parametrize(
    ("nh3_ppm", "h2s_ppm", "toilet_class", "gases"),
    [
        (0.5, None, "1", ["nh3_mg_m3"]),  # 0.35 of 0.3 mg/m³
        (0.4, None, "1", []),
        (0.5, None, "3", []),  # its class has no limit here
        (0.1, 0.02, "1", ["h2s_mg_m3"]),
        (0.5, 0.02, "1", ["nh3_mg_m3"]),  # one alarm, whichever gas
    ],
)
def test_odour_is_raised_by_the_limit_of_the_class(
    nh3_ppm: float, h2s_ppm: float | None, toilet_class: str, gases: list[str]
) -> None:
    """Readings in ppm are held against limits in mg/m³."""
    found = odour([ToiletSign("T1", toilet_class, nh3_ppm, h2s_ppm, NOW)], THRESHOLDS)
    assert [name for condition in found for name in condition.detail if name != "limit"] == gases


def test_a_late_visit_says_who_was_to_come_and_until_when() -> None:
    """The alarm carries what the dispatcher needs."""
    (condition,) = at_risk([LateVisitSign("P1", 2, "V1", NOW, NOW + timedelta(hours=1))])
    assert condition.key == ("due_visit_at_risk", "point", "P1")
    assert condition.detail["vehicle_id"] == "V1"
