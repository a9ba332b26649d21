"""The plan of a day: the kernel proposes, OR-Tools completes, the stations are repaired, the checker re-adds.

Whatever happens on the way, what comes out is a plan that the checker accepts, with a reason for each unserved task.
"""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from services.routing.checker import check, check_route
from services.routing.mending import put_in
from services.routing.ortools_model import Plan, improve
from services.routing.prepare import Prepared, prepare
from services.routing.problem import Problem, Weights
from services.routing.proposals import Effort, Progress, propose
from services.routing.reasons import explain
from services.routing.solution import Route, Solution, StopKind
from services.routing.stations import Draft, repair_stations

_log = logging.getLogger(__name__)

Proposer = Callable[[Prepared, Effort], Plan]
"""Gives what each truck does, in order, for a prepared problem and an effort."""

FINISH_SHARE = 0.01
FINISH_PER_TASK_S = 0.0002
"""What is kept of the time for repairing and checking the plan: a share of it, and so much for each task."""
SECOND_ROUNDS = 3
"""Tasks left out for want of a bay or of a station's tonnes are given to trucks at home so often at most."""
MORE_STEPS, MORE_S = 500, 0.3
"""What such a round may take."""
COMPLETE_SHARE = 0.05
"""Share of the time that OR-Tools gets; it gained 0.02 % at most in ours, and more only on plans cut short."""
MOST_COMPLETED_S = 2.0
MOST_COMPLETED_TASKS = 150
"""OR-Tools does not keep its time limit on larger problems (it took 5.6 s of 3 s on 330 tasks)."""


def solve(
    problem: Problem,
    *,
    time_limit_s: float,
    seed: int = 0,
    on_progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
    workers: int = 2,
    steps: int | None = None,
    proposer: Proposer | None = None,
) -> Solution:
    """The best plan found within `time_limit_s` seconds, checked, with a reason for every task that is not served.

    `on_progress(elapsed_s, cost, unserved)` is called from the searching threads; `should_stop()` is asked several
    times a second, and when it says yes the best plan so far is returned. `workers` searches run at once. With
    `steps` each takes so many steps and the plan depends on the seed alone, if the time limit is not reached.
    `proposer` stands in for the search and OR-Tools, where a plan is to be close to another one.
    """
    started = time.monotonic()
    reserved_s = FINISH_SHARE * time_limit_s + min(FINISH_PER_TASK_S * len(problem.tasks), 0.3 * time_limit_s)
    completes = proposer is None and steps is None and 0 < len(problem.tasks) <= MOST_COMPLETED_TASKS
    complete_s = min(MOST_COMPLETED_S, COMPLETE_SHARE * time_limit_s) if completes else 0.0
    prepared = prepare(problem)
    effort = Effort(started, time_limit_s - reserved_s - 2 * complete_s, seed, workers, steps, on_progress, should_stop)
    proposed = propose(prepared.problem, effort) if proposer is None else proposer(prepared, effort)
    draft = _draft(prepared.problem, proposed)
    if complete_s > 0 and not (should_stop is not None and should_stop()):
        draft = _completed(prepared.problem, draft, complete_s)
    repair_stations(draft)
    if not (should_stop is not None and should_stop()):
        until_s = started + time_limit_s - 0.5 * reserved_s
        _send_more_trucks(prepared.problem, draft, seed, until_s)
        _give_to_others(draft, until_s)
    while _drop_broken_splits(draft, prepared.origin):  # a truck with less to do may come to a bay at another time
        repair_stations(draft)
    return _checked(problem, prepared, draft, started)


def _draft(problem: Problem, plan: Plan) -> Draft:
    """A plan with its clock set; a truck that cannot keep its order leaves tasks out."""
    draft = Draft(problem, {truck: list(visits) for truck, visits in plan.items()})
    for truck in list(draft.visits):
        draft.time(truck)
    return draft


def _send_more_trucks(problem: Problem, draft: Draft, seed: int, until_s: float) -> None:
    """Give what the repair of the stations left out to trucks that would stay at home: once at least."""
    for number in range(SECOND_ROUNDS):
        idle = [truck for truck in range(len(problem.trucks)) if truck not in draft.visits]
        left_out = sorted(set(draft.left_out))
        if not idle or not left_out or (number > 0 and time.monotonic() > until_s):
            return
        draft.left_out = []
        rest = replace(
            problem,
            tasks=tuple(replace(problem.tasks[task], preferred_truck=-1) for task in left_out),
            trucks=tuple(problem.trucks[truck] for truck in idle),
            may_serve=problem.may_serve[np.ix_(left_out, idle)],
            may_tip=problem.may_tip[:, idle],
        )
        more = propose(rest, Effort(time.monotonic(), MORE_S, seed, 1, MORE_STEPS))
        for truck, visits in more.items():
            draft.visits[idle[truck]] = [
                replace(visit, index=left_out[visit.index]) if visit.kind is StopKind.TASK else visit
                for visit in visits
            ]
            draft.time(idle[truck])
        repair_stations(draft)


def _give_to_others(draft: Draft, until_s: float) -> None:
    """Give what the repair of the stations left out to trucks on the road, where the stations stay right with it."""
    wanted = sorted(set(draft.left_out), key=lambda task: -draft.problem.tasks[task].priority)
    for task in wanted:
        visits = {truck: list(own) for truck, own in draft.visits.items()}
        if time.monotonic() > until_s or not put_in(draft.problem, visits, task):
            continue
        trial = Draft(draft.problem, visits, routes=dict(draft.routes))
        for truck in list(visits):
            if visits[truck] != draft.visits.get(truck):
                trial.time(truck)
        repair_stations(trial)
        if not trial.left_out:
            draft.visits, draft.routes = trial.visits, trial.routes
            draft.left_out = [other for other in draft.left_out if other != task]


def _completed(problem: Problem, draft: Draft, time_limit_s: float) -> Draft:
    """The draft, or what OR-Tools makes of it if that keeps every rule and serves more or costs less.

    OR-Tools' model knows nothing of balance, compactness and changes: where they count, costing less is no reason.
    """
    plan = improve(problem, draft.visits, time_limit_s)
    if plan is None:
        return draft
    better = _draft(problem, plan)
    if any(check_route(problem, route) for route in better.routes.values()):
        return draft
    (missing, cost), (had_missing, had_cost) = _rank(better), _rank(draft)
    costs_less = problem.weights == Weights() and cost < had_cost
    return better if missing < had_missing or (missing == had_missing and costs_less) else draft


def _rank(draft: Draft) -> tuple[list[int], int]:
    """Unserved tasks by priority, the highest first, then cost."""
    served = {task for route in draft.routes.values() for task in route.tasks}
    tasks = draft.problem.tasks
    priorities = sorted({task.priority for task in tasks}, reverse=True)
    missing = [
        sum(task.priority == priority and number not in served for number, task in enumerate(tasks))
        for priority in priorities
    ]
    return missing, sum(route.cost for route in draft.routes.values())


def _checked(problem: Problem, prepared: Prepared, draft: Draft, started: float) -> Solution:
    """The solution of the original problem; routes that the checker refuses (our mistake) are left out."""
    while True:
        solution = _solution(problem, prepared, draft, started)
        broken = check(problem, solution)
        if not broken:
            return solution
        _log.error("The planner made a plan that breaks a rule; routes are left out: %s", broken[0].sentence)
        smallest = min(draft.routes, key=lambda truck: len(draft.routes[truck].tasks))
        for truck in {violation.truck for violation in broken if violation.truck >= 0} or {smallest}:
            draft.routes.pop(truck, None)
            draft.visits.pop(truck, None)
        _drop_broken_splits(draft, prepared.origin)


def _drop_broken_splits(draft: Draft, origin: Sequence[int]) -> bool:
    """A split task is served whole or not at all: take its other parts off where one is left out; whether any was."""
    dropped = False
    parts: dict[int, set[int]] = defaultdict(set)
    for part, task in enumerate(origin):
        parts[task].add(part)
    for pieces in parts.values():
        if len(pieces) < 2:
            continue
        served = {task for route in draft.routes.values() for task in route.tasks}
        if pieces <= served:
            continue
        for truck, visits in list(draft.visits.items()):
            rest = [visit for visit in visits if visit.kind is not StopKind.TASK or visit.index not in pieces]
            if len(rest) < len(visits):
                draft.visits[truck] = rest
                draft.time(truck)
                dropped = True
    return dropped


def _solution(problem: Problem, prepared: Prepared, draft: Draft, started: float) -> Solution:
    routes = tuple(_original(draft.routes[truck], prepared.origin) for truck in sorted(draft.routes))
    served = {task for route in routes for task in route.tasks}
    left = [task for task in range(len(problem.tasks)) if task not in served]
    return Solution(
        routes=routes,
        unserved=explain(problem, routes, left),
        cost=sum(route.cost for route in routes),
        distance_m=sum(route.distance_m for route in routes),
        duration_s=sum(route.duration_s for route in routes),
        elapsed_s=time.monotonic() - started,
    )


def _original(route: Route, origin: Sequence[int]) -> Route:
    """The route with the numbers of the original tasks."""
    stops = (replace(stop, index=origin[stop.index]) if stop.kind is StopKind.TASK else stop for stop in route.stops)
    return replace(route, stops=tuple(stops))
