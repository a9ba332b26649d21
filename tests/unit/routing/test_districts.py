"""Searches that share a plan in districts: nothing is lost at the seams, and a seed gives the same plan again."""

from __future__ import annotations

import numpy as np
import pytest

from services.routing.checker import check
from services.routing.kernel import layout as at
from services.routing.kernel import search
from services.routing.kernel.data import arrange
from services.routing.kernel.layout import ABSENT_WEIGHT, BANK, COST, OVERLOAD
from services.routing.kernel.overload import overload_anew
from services.routing.kernel.schedule import Budget, Found, Search
from services.routing.kernel.state import list_absent, new_state
from services.routing.planner import solve
from services.routing.problem import Break, Problem, Station, Task, Travel, Truck, Window


def town(tasks: int, trucks: int, *, capacity_kg: int = 300, bays: int | None = None) -> Problem:
    """A town with many small routes, some windows and two stations."""
    random = np.random.default_rng(tasks)
    places = random.uniform(0, 12_000, (tasks + 3, 2))
    metres = np.abs(places[:, None, :] - places[None, :, :]).sum(axis=2).astype(np.int32)
    rows = tuple(
        Task(
            place,
            demand_kg=int(random.integers(10, 90)),
            service_s=120,
            windows=(Window(0, 12_000),) if random.random() < 0.3 else (),
        )
        for place in range(3, tasks + 3)
    )
    truck = Truck(
        0,
        0,
        capacity_kg=capacity_kg,
        shift_end_s=9000,
        rest=Break(900, 3000, 6000),
        cost_per_km=100,
        cost_per_h=500,
    )
    stations = tuple(Station(place, tip_s=300, bays=bays) for place in (1, 2))
    return Problem((Travel(metres // 9, metres),), rows, (truck,) * trucks, stations)


def in_districts(problem: Problem, size: int, steps: int, seed: int = 1) -> Found:
    """What searches find that share one plan."""
    lead = Search(arrange(problem), seed, Budget(600.0, steps))
    lead.begin()
    lead.share_out(size)
    return lead.solve()


@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize("bays", [None, 1])
def test_districts_lose_nothing(size: int, bays: int | None) -> None:
    """Every task is on one route or absent, once, and the sums of the plan are those of its routes."""
    problem = town(240, 60, bays=bays)
    found = in_districts(problem, size, 4000)
    served = [entity for route in found.routes for entity in route if entity < 240]
    assert sorted(served + found.absent) == list(range(240))
    data = arrange(problem)
    again = Search(data, 1, Budget(600.0, 1))
    again._take(found)
    assert again._state.sums[ABSENT_WEIGHT] == pytest.approx(found.weight)
    assert again._state.sums[COST] == pytest.approx(found.cost)


def test_the_same_seed_gives_the_same_districts() -> None:
    """By steps a crew's plan depends on the seed alone, however its threads take turns."""
    problem = town(200, 50)
    one, other = in_districts(problem, 2, 2500), in_districts(problem, 2, 2500)
    assert one.routes == other.routes


def test_two_searches_are_worth_more_than_one() -> None:
    """A crew of two, each with the steps of one search alone, finds a cheaper plan than the first plan by far."""
    problem = town(240, 60)
    first = Search(arrange(problem), 1, Budget(600.0, 1)).solve()
    shared = in_districts(problem, 2, 4000)
    assert (shared.weight, shared.cost) < (first.weight, 0.95 * first.cost)


def test_the_planner_shares_a_day_of_many_routes() -> None:
    """A day with forty routes and more is planned in districts, and the checker accepts it."""
    problem = town(520, 140, bays=4)
    solution = solve(problem, time_limit_s=600.0, steps=1500, workers=2)
    assert len(solution.routes) >= 40
    assert check(problem, solution) == []
    assert solution.served_count + len(solution.unserved) == len(problem.tasks)


@pytest.mark.parametrize("seed", range(4))
def test_what_is_overloaded_is_kept_step_by_step(seed: int) -> None:
    """The overload that each step brings up to date is that of the routes counted from nothing."""
    problem = town(120, 30, bays=1)
    data = arrange(problem)
    state = new_state(data, seed)
    while search.fill(data, state, 100):
        pass
    for _ in range(40):
        search.run(data, state, 25, 50.0, 50.0, False, 0.0, 0.0)
        kept = float(state.sums[OVERLOAD])
        assert kept == pytest.approx(float(overload_anew(data, state)))
    absent = int(state.counts[BANK])
    list_absent(data, state)
    assert absent == int(state.counts[BANK])


def test_a_search_leaves_other_districts_alone() -> None:
    """A closed truck's route is the same after any number of steps."""
    problem = town(150, 40)
    data = arrange(problem)
    state = new_state(data, 3)
    while search.fill(data, state, 100):
        pass
    used = np.flatnonzero(state.totals[:, at.S_STOPS] > 0)
    closed = used[: len(used) // 2]
    state.totals[closed, at.S_CLOSED] = 1
    own = np.isin(state.nodes[:150, at.TRUCK], closed, invert=True)
    state.own[:] = own
    seeds = np.flatnonzero(own)
    state.seeds[: len(seeds)] = seeds
    state.counts[at.SEEDS] = len(seeds)
    before = state.nodes[:150, [at.TRUCK, at.PREVIOUS, at.NEXT]][~own].copy()
    search.run(data, state, 2000, 100.0, 100.0, False, 0.0, 0.0)
    after = state.nodes[:150, [at.TRUCK, at.PREVIOUS, at.NEXT]][~own]
    assert np.array_equal(before, after)
