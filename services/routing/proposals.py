"""Where a plan comes from: searches of the kernel side by side, or OR-Tools where there is no kernel."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.routing.ortools_model import Plan, plan_alone
from services.routing.problem import Problem
from services.routing.solution import StopKind
from services.routing.timetable import Visit, route_of

if TYPE_CHECKING:
    from services.routing.kernel.schedule import Found

_log = logging.getLogger(__name__)

Progress = Callable[[float, int, int], None]
"""Told of each better plan: seconds since the start, its cost, how many tasks it leaves out."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How long and how wide to search: seconds from `started`, the seed, searches at once, steps of each or None."""

    started: float
    time_limit_s: float
    seed: int = 0
    workers: int = 2
    steps: int | None = None
    on_progress: Progress | None = None
    should_stop: Callable[[], bool] | None = None

    def left_s(self) -> float:
        """Wall seconds that are left."""
        return self.started + self.time_limit_s - time.monotonic()


def propose(problem: Problem, effort: Effort) -> Plan:
    """What each truck does, in order, as good as the effort allows; the clock and the stations are not set yet."""
    try:
        from services.routing.kernel.schedule import Found  # noqa: F401 - numba is not to be had on every machine
    except ImportError:
        _log.warning("The search kernel cannot be loaded; OR-Tools plans alone. `pip install numba` brings it back.")
        plan = plan_alone(problem, max(0.5 * effort.left_s(), 0.1))
        _tell_of(problem, plan, effort)
        return plan
    return _visits(problem, _search(problem, effort))


def _tell_of(problem: Problem, plan: Plan, effort: Effort) -> None:
    if effort.on_progress is None:
        return
    routes = [route_of(problem, truck, visits) for truck, visits in plan.items()]
    served = sum(len(route.tasks) for route in routes if route is not None)
    cost = sum(route.cost for route in routes if route is not None)
    effort.on_progress(time.monotonic() - effort.started, cost, len(problem.tasks) - served)


def _search(problem: Problem, effort: Effort) -> Found:
    """The best plan of several searches in threads; every other one leaves trucks to spare until late."""
    from services.routing.kernel.data import arrange
    from services.routing.kernel.schedule import Budget, Search

    data = arrange(problem)
    board = _Board(effort)
    began = time.monotonic()
    searches = [
        Search(
            data,
            effort.seed + 7919 * worker,
            Budget(max(effort.left_s(), 0.0), effort.steps, effort.should_stop, began),
            board.tell,
            spare=worker % 2 == 1,
        )
        for worker in range(max(1, effort.workers))
    ]
    if len(searches) == 1:
        plans = [searches[0].solve()]
    else:
        with ThreadPoolExecutor(len(searches), "riqing-search") as pool:
            plans = list(pool.map(Search.solve, searches))
    return min(plans, key=lambda plan: plan.rank)


class _Board:
    """Where the searches report; passes on only what is better than everything before."""

    def __init__(self, effort: Effort) -> None:
        self._effort = effort
        self._lock = threading.Lock()
        self._best = (float("inf"), float("inf"))

    def tell(self, found: Found) -> None:
        """Take note of a better plan of one search."""
        if self._effort.on_progress is None:
            return
        with self._lock:
            if found.rank < self._best:
                self._best = found.rank
                elapsed_s = time.monotonic() - self._effort.started
                self._effort.on_progress(elapsed_s, round(found.cost), len(found.absent))


def _visits(problem: Problem, found: Found) -> Plan:
    """A plan of the kernel as visits; its entities are the tasks, then the stations."""
    tasks = problem.tasks
    return {
        truck: [
            Visit(StopKind.TASK, entity, tasks[entity].demand_kg, tasks[entity].demand_l)
            if entity < len(tasks)
            else Visit(StopKind.UNLOAD, entity - len(tasks))
            for entity in entities
        ]
        for truck, entities in enumerate(found.routes)
        if entities
    }
