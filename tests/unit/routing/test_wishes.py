"""What makes a plan pleasant to work with is searched by its price: balance, compactness, few changes."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.routing.kernel.data import arrange
from services.routing.kernel.schedule import Budget, Found, Search
from services.routing.planner import solve
from services.routing.problem import Problem, Station, Task, Travel, Truck, Weights
from services.routing.solution import Solution
from tests.unit.routing.days import day, truck

SLOW = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=40)


def scattered(seed: int, weights: Weights) -> Problem:
    """Forty tasks anywhere in a town, three trucks, two of which would do; half of the tasks had a truck before."""
    random = np.random.default_rng(seed)
    places = random.uniform(0, 10_000, (42, 2))
    metres = np.abs(places[:, None, :] - places[None, :, :]).sum(axis=2).astype(np.int32)
    tasks = [
        Task(place, 10, service_s=100, preferred_truck=int(random.integers(-1, 3)) if place % 2 else -1)
        for place in range(2, 42)
    ]
    row = Truck(0, 0, capacity_kg=150, max_stops=20, cost_per_km=100, cost_per_h=300)
    return Problem((Travel(metres // 8, metres),), tuple(tasks), (row,) * 3, (Station(1, tip_s=300),), weights=weights)


def work_s(problem: Problem, route: list[int]) -> int:
    """Driving, serving and tipping of a route of the kernel's entities."""
    rows: list[Task | Station] = [*problem.tasks, *problem.stations]
    service = sum(
        row.service_s if isinstance(row, Task) else row.tip_s for row in (rows[entity] for entity in route)
    )  # fmt: skip
    return service + sum(int(problem.travel[0].duration_s[a, b]) for a, b in pairwise(way(problem, route)))


def way(problem: Problem, route: list[int]) -> list[int]:
    """The places of a route."""
    rows: list[Task | Station] = [*problem.tasks, *problem.stations]
    return [0, *[rows[entity].location for entity in route], 0]


def unpleasantness(problem: Problem, routes: list[list[int]]) -> tuple[float, float, int]:
    """Hours away from the mean, kilometres from the tasks to the middle task of their route, tasks that changed."""
    used = [route for route in routes if route]
    hours = [work_s(problem, route) / 3600 for route in used]
    away_h = sum(abs(hour - sum(hours) / len(hours)) for hour in hours)
    scatter_km, changes = 0.0, 0
    for number, route in enumerate(routes):
        tasks = [entity for entity in route if entity < len(problem.tasks)]
        if tasks:
            middle = problem.tasks[tasks[len(tasks) // 2]].location
            scatter_km += (
                sum(int(problem.travel[0].distance_m[middle, problem.tasks[t].location]) for t in tasks) / 1000
            )
        changes += sum(problem.tasks[task].preferred_truck not in (-1, number) for task in tasks)
    return away_h, scatter_km, changes


def found(problem: Problem, steps: int) -> Found:
    """What the kernel finds."""
    return Search(arrange(problem), 1, Budget(60.0, steps)).solve()


@settings(SLOW)
@given(st.integers(0, 999), st.sampled_from([0, 500]), st.sampled_from([0, 40]), st.sampled_from([0, 90]))
def test_the_kernel_counts_what_the_weights_ask(seed: int, balance: int, compactness: int, change: int) -> None:
    """The search's own cost is driving and wishes, added up again here from the routes."""
    problem = scattered(seed, Weights(balance, compactness, change))
    plan = found(problem, 300)
    ways = [way(problem, route) for route in plan.routes if route]
    metres = sum(int(problem.travel[0].distance_m[a, b]) for places in ways for a, b in pairwise(places))
    seconds = sum(int(problem.travel[0].duration_s[a, b]) for places in ways for a, b in pairwise(places))
    away_h, scatter_km, changes = unpleasantness(problem, plan.routes)
    wishes = balance * away_h + compactness * scatter_km + change * changes
    assert plan.cost == pytest.approx(metres / 10 + seconds / 12 + wishes, rel=1e-6)


@pytest.mark.parametrize(("weights", "measure"), [(Weights(2000), 0), (Weights(0, 100), 1), (Weights(0, 0, 500), 2)])
def test_a_wish_is_heard(weights: Weights, measure: int) -> None:
    """With a weight the plan is more even, more compact or closer to the old one than without."""
    with_wish = unpleasantness(scattered(5, weights), found(scattered(5, weights), 3000).routes)
    without = unpleasantness(scattered(5, weights), found(scattered(5, Weights()), 3000).routes)
    assert with_wish[measure] < 0.8 * without[measure]


def test_a_wish_never_costs_a_task() -> None:
    """However dear a change is, the task is served by the truck that can."""
    tasks = [Task(4, 10, preferred_truck=0), Task(5, 10, preferred_truck=0)]
    problem = day(tasks, trucks=[truck(max_stops=1), truck()])
    solution: Solution = solve(replace(problem, weights=Weights(change=10**6)), time_limit_s=60.0, workers=1, steps=200)
    assert solution.served_count == 2
    assert sorted(len(route.tasks) for route in solution.routes) == [1, 1]
