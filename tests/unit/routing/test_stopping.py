"""A plan ends when it is told to, whatever it is about to do, with what it has."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from services.routing.checker import check
from services.routing.planner import solve
from services.routing.problem import Break, Problem, Station, Task, Travel, Truck

GENEROUS_S = 60.0
"""No machine is so slow; a plan that did not listen would take an hour."""


def big_day(tasks: int, fixed_cost: int) -> Problem:
    """A day large enough for every phase of the search."""
    random = np.random.default_rng(2)
    places = random.uniform(0, 20_000, (tasks + 2, 2))
    metres = np.abs(places[:, None, :] - places[None, :, :]).sum(axis=2).astype(np.int32)
    truck = Truck(
        0,
        0,
        capacity_kg=800,
        shift_end_s=30_000,
        rest=Break(1800, 10_000, 15_000),
        cost_per_km=100,
        fixed_cost=fixed_cost,
    )
    return Problem(
        (Travel(metres // 10, metres),),
        tuple(Task(place, int(random.integers(10, 90)), service_s=120) for place in range(2, tasks + 2)),
        (truck,) * 25,
        (Station(1, tip_s=300, bays=1),),
    )


@pytest.mark.parametrize("fixed_cost", [0, 10**8])
@pytest.mark.parametrize("asked_before", [0, 1, 5, 50])
def test_a_stop_at_any_moment_gives_a_right_plan(fixed_cost: int, asked_before: int) -> None:
    """After so many askings the answer is yes; the plan keeps every rule and has a reason for each task left out."""
    problem, asked, lock = big_day(300, fixed_cost), [0], threading.Lock()

    def should_stop() -> bool:
        with lock:
            asked[0] += 1
            return asked[0] > asked_before

    began = time.monotonic()
    solution = solve(problem, time_limit_s=3600.0, should_stop=should_stop)
    assert time.monotonic() - began < GENEROUS_S
    assert check(problem, solution) == []
    assert solution.served_count + len(solution.unserved) == len(problem.tasks)


def test_no_time_at_all_still_gives_a_plan() -> None:
    """A limit that is over before the search begins gives a plan that the checker accepts, if not a full one."""
    problem = big_day(200, 0)
    solution = solve(problem, time_limit_s=0.001)
    assert check(problem, solution) == []
    assert solution.served_count + len(solution.unserved) == len(problem.tasks)
