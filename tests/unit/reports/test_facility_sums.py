"""Measures of facilities over several days: each summed as it is meant."""

import pytest

from services.reports.facility_sums import FacilitySum, sum_up


def day(throughput_t: float | None, share: float | None, peak: tuple[str, float], heard: float) -> FacilitySum:
    """Return a station's day."""
    measures = {
        "throughput_t": throughput_t,
        "design_share": share,
        "peak_hour": peak[0],
        "peak_hour_t": peak[1],
        "counter": "counting",
    }
    return FacilitySum("S1", "老城", "Z1", heard, measures)


def test_a_week_is_summed_averaged_or_its_greatest() -> None:
    """Tonnes add up, shares are averaged over the time heard, the peak hour is that of the greatest peak."""
    days = [day(40.0, 0.8, ("2026-03-02T08:00", 9.0), 1.0), day(20.0, 0.4, ("2026-03-03T17:00", 12.0), 0.5)]
    (week,) = sum_up([*days, day(None, None, ("2026-03-04T01:00", 0.0), 0.0)])
    assert week.measures["throughput_t"] == 60.0
    assert week.measures["design_share"] == pytest.approx((0.8 + 0.2) / 1.5)
    assert (week.measures["peak_hour"], week.measures["peak_hour_t"]) == ("2026-03-03T17:00", 12.0)
    assert week.measures["counter"] == "counting"
    assert week.observed_ratio == pytest.approx(0.5)


def test_a_single_day_stays_as_it_is() -> None:
    """Nothing is made of one."""
    (single,) = sum_up([day(40.0, 0.8, ("08:00", 9.0), 1.0)])
    assert single.measures["design_share"] == 0.8


def test_what_was_never_told_stays_unknown() -> None:
    """A mean of nothing is none."""
    (never,) = sum_up([day(None, None, ("08:00", 0.0), 0.0)] * 2)
    assert (never.measures["throughput_t"], never.measures["design_share"]) == (None, None)
