"""Compiles the search kernel in set-up, so that no plan waits for it: `python -m services.routing.warm_up`.

The compiled code is kept beside the package, or in the folder that NUMBA_CACHE_DIR names, until a source file changes.
"""

from __future__ import annotations

import time

import numpy as np

from services.routing.planner import solve
from services.routing.problem import Break, Problem, Station, Task, Travel, Truck
from services.routing.solution import Solution


def warm_up() -> Solution:
    """Plan a tiny day, which compiles (or loads) all that a plan needs, also for dear trucks and in districts."""
    places = np.array([[0, 0], [3, 1], [1, 4], [5, 2], [6, 6]], dtype=np.float64) * 1000
    metres = np.abs(places[:, None, :] - places[None, :, :]).sum(axis=2).astype(np.int32)
    metres[0, 1] += 1000
    rest = Break(1800, 5000, 20_000)
    truck = Truck(0, 0, capacity_kg=1000, shift_end_s=30_000, rest=rest, cost_per_km=100, fixed_cost=10**6)
    problem = Problem(
        travel=(Travel(metres // 10, metres),),
        tasks=tuple(Task(place, demand_kg=600, service_s=120) for place in (1, 2, 3)),
        trucks=(truck, truck),
        stations=(Station(4, tip_s=300),),
    )
    _search_in_districts(problem)
    return solve(problem, time_limit_s=600.0, workers=1, steps=200)


def _search_in_districts(problem: Problem) -> None:
    try:
        from services.routing.kernel.data import arrange
        from services.routing.kernel.schedule import Budget, Search
    except ImportError:  # numba is not to be had on every machine; `propose` says so
        return
    search = Search(arrange(problem), 0, Budget(600.0, 100))
    search.begin([[] for _ in problem.trucks])  # as one that goes on from a plan
    search.share_out(2)
    search.solve()


if __name__ == "__main__":
    began = time.monotonic()
    warm_up()
    print(f"The planner's kernel is compiled ({time.monotonic() - began:.1f} s).")
