"""Where a truck was in a stay, and what its day teaches of how exactly it stands."""

import numpy as np
import pytest

from services.clearance.evidence import VehicleDay
from services.clearance.habits import learn_habits
from services.clearance.likelihood import USUAL, Habits
from services.clearance.places import Place
from services.clearance.stays import Stay
from services.clearance.track import Track
from services.clearance.visits import candidates_of, find_visits
from services.clearance.whereabouts import Whereabouts
from tests.unit.clearance.drives import DAY, Drive, point_at

EXACT = Habits(scatter=0.5, wander=0.6)


def stay_at(*spans: tuple[float, float]) -> tuple[Stay, Track]:
    """Return a stay of 15 s from fix to fix: for each span so many seconds, so many metres to the east of A."""
    x_m = np.array([east_m for lasts_s, east_m in spans for _ in range(round(lasts_s / 15))], dtype=np.float64)
    none = np.full(len(x_m), np.nan)
    time_s = np.arange(0.0, 15.0 * len(x_m), 15.0, dtype=np.float64)
    track = Track(time_s, x_m, np.zeros(len(x_m)), none, np.full(len(x_m), 10.0), none)
    return Stay(0.0, float(time_s[-1]), float(x_m.mean()), 0.0, 12.0, 0, len(x_m) - 1), track


def places_at(*east_m: float) -> list[Place]:
    """Return points so far to the east of the first."""
    return [Place(point_at(east, point_id="ABCD"[number]), east, 0.0) for number, east in enumerate(east_m)]


@pytest.mark.parametrize(
    ("spans", "moved"),
    [
        (((240, 0.0), (120, 30.0)), True),  # first A, then B
        (((120, 30.0), (240, 0.0)), True),  # from the other end
        (((360, 0.0),), False),  # stood at A all the time
        (((360, 10.0),), False),  # and where it stood in the middle, it stood still
    ],
)
def test_who_served_two_points_moved_from_one_to_the_other(
    spans: tuple[tuple[float, float], ...], *, moved: bool
) -> None:
    """Two points 30 m apart, four minutes and two, explain fixes that moved; one alone explains fixes that did not."""
    one, two = places_at(0.0, 30.0)
    whereabouts = Whereabouts(*stay_at(*spans), EXACT)
    both = whereabouts.log_density([(one, 240.0), (two, 120.0)])
    alone = whereabouts.log_density([(one, 240.0)])
    assert (both > alone + 1.0) if moved else (both < alone - 0.5)


def test_the_order_in_which_points_are_named_says_nothing() -> None:
    """Points are served as they lie along the street, whatever order they are told in."""
    places = places_at(0.0, 20.0, 40.0, 60.0)
    whereabouts = Whereabouts(*stay_at((60, 0.0), (60, 20.0), (60, 40.0), (60, 60.0)), EXACT)
    parts = [(place, 60.0) for place in places]
    assert whereabouts.log_density(parts) == pytest.approx(whereabouts.log_density(parts[::-1]))
    assert whereabouts.log_density(parts) > whereabouts.log_density(parts[:2])


def test_no_place_is_impossible() -> None:
    """A point that was reported from kilometres away has a density, if a small one."""
    near, far = places_at(0.0, 50_000.0)
    assert -1e4 < Whereabouts(*stay_at((60, 0.0)), EXACT).log_density([(near, 60.0), (far, 60.0)]) < -10.0


def round_of(points: int, *, off_m: float, share: float) -> VehicleDay:
    """Return a day of so many points far from each other, each served `off_m` away, in a share of its service time."""
    served = [point_at(300.0 * number, 8, point_id=f"P{number}", service_s=120) for number in range(points)]
    drive = Drive()
    for number, point in enumerate(served):
        drive.to(300.0 * number + off_m).serve(point, wait_s=120 * share, kg=300.0)
    return drive.to(300.0 * points + 500).observe(served, noise_m=3, events=False, accuracy=True)


def habits_of(day: VehicleDay) -> Habits:
    """Return the habits that a day teaches `find_visits`."""
    return learn_habits(candidates_of(day), day)


def test_a_day_teaches_how_exactly_long_and_much() -> None:
    """A crew that stands right at the points, is slow and finds much is known after a round; one visit says nothing."""
    exact, far = habits_of(round_of(20, off_m=3, share=1.3)), habits_of(round_of(20, off_m=25, share=0.8))
    assert exact.scatter < 0.7 < 1.0 < far.scatter
    assert exact.pace == pytest.approx(1.3, abs=0.1)
    assert far.pace == pytest.approx(0.8, abs=0.1)
    assert exact.fill == pytest.approx(1.5, abs=0.1)
    assert habits_of(round_of(2, off_m=3, share=1.3)) == USUAL


@pytest.mark.parametrize("load", [True, False])
def test_a_street_served_in_one_crawl_is_visited_nearly_whole(load: bool) -> None:
    """Where a point lies every 20 m and all are served, hardly a fix moves between them: nearly all are visited."""
    points = [point_at(300 + 20 * number, 8, point_id=f"P{number}") for number in range(60)]
    drive = Drive()
    for number, point in enumerate(points):
        drive.to(300 + 20 * number).serve(point)
    day = drive.to(3000).observe(points, noise_m=8, events=False, load=load, accuracy=True, speed=True)
    assert len(find_visits(day, DAY)) >= 54


def test_who_tips_serves_nothing_meanwhile() -> None:
    """A truck that stands by a point for minutes, and has tipped its load then, has not served it."""
    point = point_at(1000, 8, service_s=300, expected_kg=400.0)
    drive = Drive().to(500).serve(point_at(500, 8), kg=5_000.0).to(1000).tip(wait_s=300).wait(60).to(2500)
    assert find_visits(drive.observe([point], noise_m=5, events=False), DAY) == []
