"""A vehicle's hour from its fixes: what counts as way, as standing, and as a gap."""

import numpy as np
import pytest

from services.keeping.vehicle_hours import VehicleHour, vehicle_hour

METRE = 1 / 111_320
"""Degrees of latitude."""
HOUR_S = 3600.0
REACH_S = 180.0


def hour_of(fixes: list[tuple[float, float, float | None]]) -> VehicleHour | None:
    """Return the hour from 0 s of fixes at (seconds, metres north, km/h)."""
    time_s, north_m, speed_kmh = (np.array(column, dtype=np.float64) for column in zip(*fixes, strict=True))
    columns = {"time_s": time_s, "lon": np.full(len(fixes), 113.0), "lat": 28 + north_m * METRE, "speed_kmh": speed_kmh}
    return vehicle_hour(columns, 0.0, HOUR_S, REACH_S)


@pytest.mark.parametrize(
    ("fixes", "expected"),
    [
        ([(0, 0, None), (60, 600, None), (120, 600, None)], (3, 120, 60, 600)),  # drives, then stands
        ([(0, 0, None), (180, 600, None)], (2, 180, 180, 600)),  # three minutes are no gap yet
        ([(0, 0, None), (181, 600, None)], (2, 0, 0, 0)),  # a gap is neither moving nor standing
        ([(0, 0, 0), (10, 20, 0)], (2, 10, 0, 0)),  # noise
        ([(0, 0, 8), (10, 20, 8)], (2, 10, 10, 20)),  # a crawl that the device tells of
        ([(0, 0, 0), (60, 300, 0)], (2, 60, 60, 300)),  # what lies between two stops is way
        ([(0, 0, None), (60, 300, None), (70, 9_000, None), (120, 600, None)], (4, 120, 120, 600)),  # a jump
        ([(0, 0, None), (60, 300, None), (60, 900, None), (120, 600, None)], (4, 120, 120, 600)),  # two at one instant
        ([(-60, 0, None), (60, 600, None)], (1, 60, 60, 300)),  # half of the leg is of the hour before
        ([(3_540, 0, None), (3_660, 600, None)], (1, 60, 60, 300)),  # and of the next
        ([(120, 600, None), (0, 0, None), (60, 600, None)], (3, 120, 60, 600)),  # in any order
        ([(10, 0, None)], (1, 0, 0, 0)),
    ],
)
def test_what_a_vehicle_did(fixes: list[tuple[float, float, float | None]], expected: tuple[float, ...]) -> None:
    """Fixes, seconds heard, seconds moving, metres."""
    made = hour_of(fixes)
    assert made is not None
    assert (made.fixes, made.observed_s, made.moving_s, made.distance_m) == pytest.approx(expected)


def test_an_hour_that_only_neighbours_tell_of_is_not_heard() -> None:
    """Fixes shortly before and after an hour make no hour."""
    assert hour_of([(-30, 0, None), (3_650, 0, None)]) is None
