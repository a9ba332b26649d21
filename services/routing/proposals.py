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
Figures = Callable[[Plan], tuple[int, int]]
"""A plan's cost and how many tasks it leaves out."""
QUIET_RATIO = 50
"""Working out what a plan costs takes so small a share of a search's time."""
URGENT_RATIO = 4
"""The same for a plan that leaves out less than the one before but still something."""
MANY_ROUTES = 20
"""A search that has so many routes to itself can do without the others for a while; with seven it made longer ones."""
ARRANGE_OVERRUN_S = 0.3
"""The roads are read on for so long after the time is over; what is not begun by then is not begun."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How long and how wide to search: seconds from `started`, the seed, searches at once, steps of each or None.

    `figures` works out what `on_progress` is told of a plan, where that is not the searched problem's own cost. `start`
    is a plan to go on from, which the search mends; without it a first plan is made.
    """

    started: float
    time_limit_s: float
    seed: int = 0
    workers: int = 2
    steps: int | None = None
    on_progress: Progress | None = None
    should_stop: Callable[[], bool] | None = None
    figures: Figures | None = None
    start: Plan | None = None

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
    found = _search(problem, effort)
    return {} if found is None else _visits(problem, found)


def _tell_of(problem: Problem, plan: Plan, effort: Effort) -> None:
    if effort.on_progress is not None:
        effort.on_progress(time.monotonic() - effort.started, *(effort.figures or figures_of(problem))(plan))


def figures_of(problem: Problem) -> Figures:
    """What a plan costs by the clock, as the finished plan will be told: service, waiting and breaks are paid too."""

    def figures(plan: Plan) -> tuple[int, int]:
        routes = [route_of(problem, truck, visits) for truck, visits in plan.items()]
        driven = [route for route in routes if route is not None]
        return sum(route.cost for route in driven), len(problem.tasks) - sum(len(route.tasks) for route in driven)

    return figures


def _search(problem: Problem, effort: Effort) -> Found | None:
    """The best plan of several searches in threads, None if there was no time to begin.

    Where each would have MANY_ROUTES they share one plan, in districts; else each makes a plan of its own, every other
    one with trucks to spare until late.
    """
    from services.routing.kernel.by_rows import GivenUpError
    from services.routing.kernel.data import arrange
    from services.routing.kernel.schedule import Budget, Search

    def is_over() -> bool:
        wanted = effort.should_stop is None or not effort.should_stop()
        return not wanted or effort.left_s() < -ARRANGE_OVERRUN_S

    try:
        data = arrange(problem, max(1, effort.workers), is_over)
    except GivenUpError:
        return None
    board = _Board(problem, effort)
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
    first = None if effort.start is None else _entities(problem, effort.start)
    used = searches[0].begin(first) if len(searches) > 1 or first is not None else 0
    if len(searches) > 1 and used >= MANY_ROUTES * len(searches):
        searches[0].share_out(len(searches))
        del searches[1:]
    elif first is not None:
        for search in searches[1:]:
            search.begin(first)
    if len(searches) == 1:
        plans = [searches[0].solve()]
    else:
        with ThreadPoolExecutor(len(searches), "riqing-search") as pool:
            plans = list(pool.map(Search.solve, searches))
    best = min(plans, key=lambda plan: plan.rank)
    board.tell_last(best)
    return best


class _Board:
    """Where the searches report; passes on only what is better than everything before."""

    def __init__(self, problem: Problem, effort: Effort) -> None:
        self._problem = problem
        self._effort = effort
        self._figures = effort.figures or figures_of(problem)
        self._lock = threading.Lock()
        self._best = (float("inf"), float("inf"))
        self._told = (float("inf"), float("inf"))
        self._quiet_until = 0.0
        self._urgent_until = 0.0

    def tell_last(self, found: Found) -> None:
        """Take note of what came of all searches, however lately a plan was told."""
        self._quiet_until = self._urgent_until = 0.0
        self._best = (float("inf"), float("inf"))
        self.tell(found)

    def tell(self, found: Found) -> None:
        """Take note of a better plan of one search."""
        if self._effort.on_progress is None:
            return
        with self._lock:
            began = time.monotonic()
            # A first whole plan is always told; another, as often as there is time to work it out.
            lighter = found.weight < self._told[0]
            waits_until = self._urgent_until if lighter else self._quiet_until
            if found.rank >= self._best or (began < waits_until and not (lighter and found.weight == 0)):
                return
            self._best = found.rank
            cost, absent = self._figures(_visits(self._problem, found))
            ended = time.monotonic()
            self._quiet_until = ended + QUIET_RATIO * (ended - began)
            self._urgent_until = ended + URGENT_RATIO * (ended - began)
            # The search does not count waiting: what it finds cheaper may be dearer by the clock.
            if (found.weight, cost) < self._told:
                self._told = (found.weight, cost)
                self._effort.on_progress(ended - self._effort.started, cost, absent)


def _entities(problem: Problem, plan: Plan) -> list[list[int]]:
    """A plan as the kernel has it: what each truck does, as tasks and then stations."""
    tasks = len(problem.tasks)
    return [
        [visit.index if visit.kind is StopKind.TASK else tasks + visit.index for visit in plan.get(truck, ())]
        for truck in range(len(problem.trucks))
    ]


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
