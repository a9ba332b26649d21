"""How a truck moves along a leg."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_sim.devices.driving import TOP_SPEED_MPS, Halt, Path, SpeedProfile

LENGTHS_M = st.floats(1.0, 30_000.0)
HALTS = st.lists(st.builds(Halt, st.floats(0.0, 30_000.0), st.floats(0.0, 60.0)), max_size=8)


@given(LENGTHS_M, st.floats(0.0, 7_200.0), HALTS)
def test_a_drive_goes_forward_to_its_end(length_m: float, duration_s: float, halts: list[Halt]) -> None:
    """It starts and ends at a standstill, never rolls back, and is never faster than a truck may be."""
    profile = SpeedProfile(length_m, duration_s, halts)
    moments = [profile.duration_s * step / 200 for step in range(201)]
    along = [profile.at(moment) for moment in moments]
    assert along[0] == (0.0, 0.0)
    assert along[-1][0] == pytest.approx(length_m, abs=0.01)
    assert all(later[0] >= earlier[0] - 1e-6 for earlier, later in itertools.pairwise(along))
    assert all(speed <= TOP_SPEED_MPS + 1e-6 for _, speed in along)
    assert profile.at(profile.duration_s + 100)[0] == pytest.approx(length_m, abs=0.01)


@pytest.mark.parametrize(
    ("length_m", "planned_s", "taken_s"),
    [
        (1_000, 120, 120),  # 30 km/h on the average
        (300, 40, 40),
        (10_000, 700, 700),
        (800, 10, 57),  # cannot be done: as fast as it goes
        (100, 600, 43),  # planned to be slower than walking: the truck is early
    ],
)
def test_the_planned_time_is_kept_where_it_can_be(length_m: float, planned_s: float, taken_s: float) -> None:
    """A leg takes as long as it was planned to."""
    assert SpeedProfile(length_m, planned_s).duration_s == pytest.approx(taken_s, abs=1.0)


def test_a_halt_is_where_it_should_be() -> None:
    """The truck stands for the halt's time at its place, and the whole still takes the planned time."""
    profile = SpeedProfile(1_000, 150, [Halt(400, 30)])
    arrives_s = profile.time_at_m(399.9)
    assert profile.at(arrives_s + 15) == pytest.approx((400, 0.0), abs=0.2)
    assert profile.at(arrives_s + 40)[0] > 405
    assert profile.duration_s == pytest.approx(150, abs=12)


def test_a_path_is_measured_along_its_bends() -> None:
    """Spots and headings follow the line; a spot given twice does no harm."""
    path = Path([(0, 0), (0, 100), (0, 100), (50, 100)])
    assert path.length_m == 150
    assert path.at(100) == (0, 100)
    assert path.at(125) == (25, 100)
    assert path.at(999) == path.end == (50, 100)
    assert (path.heading_at(10), path.heading_at(120), path.heading_at(150)) == (0, 90, 90)


def test_a_path_of_one_spot_has_no_length() -> None:
    """A truck that is there already need not move."""
    path = Path([(3, 4)])
    assert (path.length_m, path.at(0), path.heading_at(0)) == (0, (3, 4), 0)
