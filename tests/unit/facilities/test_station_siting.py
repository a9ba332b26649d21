"""Choosing stations, against trying every choice; and that the problem is drawn up from the town as it is."""

from itertools import chain, combinations
from typing import Any

import numpy as np
import pytest

from services.domain.errors import ConflictError, InvalidRequestError
from services.domain.kinds import FacilityKind, FacilityStatus
from services.domain.registry import CollectionPoint, Facility
from services.facilities.areas import FloatArray
from services.facilities.siting.answer import tell_stations
from services.facilities.siting.asked import Candidate, StationsAsked
from services.facilities.siting.draw_stations import draw_up_stations
from services.facilities.siting.proof import Found
from services.facilities.siting.station_bound import bound_stations
from services.facilities.siting.station_flow import haul_over
from services.facilities.siting.station_search import _prove, choose_stations
from services.facilities.siting.stations import StationProblem


def problem_of(seed: int, budget: float | None = None) -> StationProblem:
    """Return a town of twenty points by chance, whose two stations are too small."""
    chance = np.random.default_rng(seed)
    points, sites = chance.random((20, 2)) * 10, chance.random((9, 2)) * 10
    kg = chance.integers(100, 900, 20)
    capacity = chance.integers(1500, 5000, 9)
    yuan_per_t = 3 * np.abs(points[:, None] - sites[None]).sum(axis=2)
    yuan_per_t[chance.random((20, 9)) < 0.1] = np.inf
    return StationProblem(kg, yuan_per_t, capacity, chance.integers(2, 9, 9).astype(float), 2, 3, 1000.0, budget)


def every_choice(problem: StationProblem) -> list[frozenset[int]]:
    """Return every choice of candidates that keeps the limits."""
    sizes = range(problem.most_new + 1)
    choices = chain.from_iterable(combinations(problem.candidates, size) for size in sizes)
    budget = np.inf if problem.budget is None else problem.budget
    return [frozenset(chosen) for chosen in choices if problem.price[list(chosen)].sum() <= budget]


@pytest.mark.parametrize("budget", [None, 11.0])
@pytest.mark.parametrize("seed", range(4))
def test_the_choice_is_the_best_of_all(seed: int, budget: float | None) -> None:
    """No choice hauls cheaper; the bound is below it, and what the bound rules out is in no better choice."""
    problem = problem_of(seed, budget)
    costs = {chosen: haul_over(problem, chosen).cost for chosen in every_choice(problem)}
    best = min(costs.values())
    choice = choose_stations(problem, 20.0)
    assert choice.proof.found is Found.OPTIMAL
    assert choice.proof.value == pytest.approx(best, rel=2e-4)
    assert choice.proof.bound <= best * (1 + 1e-9)
    assert choice.proof.greedy_value >= best - 1e-6
    assert choice.before.cost == pytest.approx(costs[frozenset()])
    saved = sum(chosen.saves_in_order for chosen in choice.chosen)
    assert choice.before.cost - saved == pytest.approx(choice.proof.value)
    known = float(np.median(list(costs.values())))
    bound = bound_stations(problem, known)
    assert bound.cost <= best * (1 + 1e-9)
    assert min(costs, key=lambda chosen: costs[chosen]) <= set(bound.worthwhile)


def test_the_solver_alone_finds_the_best_too() -> None:
    """What CP-SAT proves is what trying every choice finds, where the bound alone would have been enough as well."""
    for seed in range(3):
        problem = problem_of(seed)
        best = min(haul_over(problem, chosen).cost for chosen in every_choice(problem))
        found, proven_cost = _prove(problem, list(problem.candidates), frozenset(), 20.0, 0)
        assert haul_over(problem, found).cost == pytest.approx(best, rel=2e-4)
        assert best * (1 - 2e-4) <= proven_cost <= best * (1 + 1e-9)


def test_a_haul_keeps_to_capacities_and_loses_nothing() -> None:
    """What goes in is what waits; no station takes more than its capacity; the rest is told as without room."""
    problem = problem_of(1)
    haul = haul_over(problem, [4])
    by_site = np.bincount(haul.site, weights=haul.kg, minlength=10)
    assert by_site.sum() == pytest.approx(problem.kg.sum())
    assert (by_site[:9] <= problem.capacity_kg + 1e-6).all()
    assert set(np.flatnonzero(by_site).tolist()) <= {0, 1, 4, 9}
    assert haul.over_kg == pytest.approx(by_site[9])
    assert np.bincount(haul.point, weights=haul.kg) == pytest.approx(problem.kg)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"most_new": -1}, "no number below 0"),
        ({"kg": np.ones(3, dtype=np.int64)}, "for every point and site"),
        ({"over_yuan_per_t": 1.0}, "more than any haul"),
    ],
)
def test_what_does_not_fit_together_is_refused(changed: dict[str, Any], expected: str) -> None:
    """Parameters defend themselves."""
    usual = problem_of(0)
    names = ("kg", "yuan_per_t", "capacity_kg", "price", "present", "most_new", "over_yuan_per_t")
    with pytest.raises(ValueError, match=expected):
        StationProblem(**({name: getattr(usual, name) for name in names} | changed))


DEGREE_M = 111_320.0


class Streets:
    """A grid of roads at the equator, with corners where they are wanted; nothing leads beyond 50 km."""

    def matrix_m(self, places: FloatArray, stations: FloatArray) -> FloatArray:
        """Return metres east and west, and north and south."""
        metres = np.abs(places[:, None, :] - stations[None, :, :]).sum(axis=2) * DEGREE_M
        return np.where(metres > 50_000, np.inf, metres)

    def street_corners(self, spacing_m: float, classes: frozenset[str] = frozenset()) -> FloatArray:
        """Return three corners."""
        assert (spacing_m, "residential" in classes) == (1_000.0, False)
        return np.array([(0.0, 0.0), (10_000.0, 0.0), (20_000.0, 0.0)]) / DEGREE_M


def point(name: str, east_m: float, kg: float) -> CollectionPoint:
    """Return a point so far east."""
    return CollectionPoint(name, east_m / DEGREE_M, 0.0, expected_kg=kg)


def station(name: str, east_m: float, status: FacilityStatus = FacilityStatus.IN_SERVICE, **fields: object) -> Facility:
    """Return a station so far east."""
    return Facility(name, FacilityKind.TRANSFER_STATION, east_m / DEGREE_M, 0.0, status=status, **fields)  # type: ignore[arg-type]


def asked(**changed: object) -> StationsAsked:
    """Return what is asked for: one new station of 10 t a day, unless changed."""
    usual: dict[str, object] = {
        "most_new": 1,
        "new_price": 1e6,
        "design_t_per_day": 10.0,
        "haul_yuan_per_t_km": 3.0,
        "onward_yuan_per_t_km": 1.0,
    }
    return StationsAsked(**(usual | changed))  # type: ignore[arg-type]


def test_a_town_s_stations_are_drawn_up_and_chosen() -> None:
    """The new station goes where most waits, the way onward counted; what no road reaches is named."""
    points = [point("A", 0, 2000), point("B", 20_000, 6000), point("sea", 900_000, 500)]
    facilities = [
        station("S1", 0, design_t_per_day=5.0),
        station("S2", 11_000, FacilityStatus.PLANNED, design_t_per_day=4.0),
        station("old", 20_000, FacilityStatus.RETIRED),
        Facility("L1", FacilityKind.LANDFILL, 0.0, 10_000 / DEGREE_M),
    ]
    drawn = draw_up_stations(Streets(), Streets(), points, facilities, asked())
    assert drawn.stranded == ["sea"]
    assert [change.facility_id for change in drawn.changes] == ["S2", "SN1", "SN2", "SN3"]
    assert drawn.problem.yuan_per_t[0, 0] == pytest.approx(10.0)
    found = tell_stations(drawn, choose_stations(drawn.problem, 20.0))
    assert [works.change.facility_id for works in found.works] == ["SN3"]
    # Before, 3 t of B have no room; after, everything is tipped where it arises and hauled on from there.
    assert (found.before.over_capacity_t, found.after.over_capacity_t) == (3.0, 0.0)
    assert found.after.yuan_per_day == pytest.approx(2 * 10 + 6 * 30)
    assert [(load.facility_id, load.t_per_day) for load in found.after.loads] == [("S1", 2.0), ("SN3", 6.0)]
    assert [found.before.mean_haul_m, found.after.mean_haul_m] == pytest.approx([12_000, 0])


def test_what_cannot_be_drawn_up_says_why() -> None:
    """A name that is taken, and refuse that no road reaches."""
    points = [point("A", 0, 2000)]
    with pytest.raises(InvalidRequestError, match="S1"):
        draw_up_stations(Streets(), Streets(), points, [station("S1", 0)], asked(candidates=[Candidate("S1", 0, 0)]))
    with pytest.raises(ConflictError, match="by road"):
        draw_up_stations(Streets(), Streets(), [point("sea", 900_000, 5)], [station("S1", 0)], asked())
