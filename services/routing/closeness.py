"""A plan for the rest of a day that stays close to the one before: a visit that changes its truck costs something.

Two plans compete: the old routes with what has lost its truck put in at the cheapest places, which is there at once,
and one that is searched from nothing with the price of changes in its cost (`Weights.change`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from services.routing.mending import put_all_in
from services.routing.ortools_model import Plan
from services.routing.prepare import Prepared
from services.routing.problem import Problem
from services.routing.proposals import Effort, Progress, figures_of, propose
from services.routing.revision import Revision
from services.routing.seams import kept_routes
from services.routing.solution import StopKind
from services.routing.timetable import Visit, driven, route_of


def propose_close(revision: Revision) -> Callable[[Prepared, Effort], Plan]:
    """How to propose a plan close to the one before, to be given to `planner.solve`; `Weights.change` is the price."""

    def proposer(prepared: Prepared, effort: Effort) -> Plan:
        problem = prepared.problem
        kept = kept_routes(problem, prepared.origin, revision.previous)
        repaired = _repaired(problem, kept, revision.locked)
        told = replace(effort, on_progress=_falling(effort.on_progress))
        if told.on_progress is not None:
            told.on_progress(time.monotonic() - effort.started, *figures_of(problem)(repaired))
        found = _searched(problem, repaired, revision.locked, told)
        return min((repaired, found), key=lambda plan: _rank(problem, plan))

    return proposer


def _falling(on_progress: Progress | None) -> Progress | None:
    """The listener, told only of what leaves out less, or as much at a lower cost, than what it was told before."""
    if on_progress is None:
        return None
    best = (2**62, 2**62)

    def tell(elapsed_s: float, cost: int, unserved: int) -> None:
        nonlocal best
        if (unserved, cost) < best:
            best = (unserved, cost)
            on_progress(elapsed_s, cost, unserved)

    return tell


def _repaired(problem: Problem, kept: Plan, locked: frozenset[int]) -> Plan:
    """The kept routes with every task that has no place at its cheapest one, the urgent and the big first."""
    repaired: Plan = {truck: list(visits) for truck, visits in kept.items()}
    placed = {visit.index for visits in kept.values() for visit in visits if visit.kind is StopKind.TASK}
    put_all_in(problem, repaired, [task for task in range(len(problem.tasks)) if task not in placed], locked)
    return repaired


def _searched(problem: Problem, repaired: Plan, locked: frozenset[int], effort: Effort) -> Plan:
    """What the search makes of the trucks that are not locked, with every task that no locked one has."""
    outside = {truck: visits for truck, visits in repaired.items() if truck in locked}
    taken = {visit.index for visits in outside.values() for visit in visits if visit.kind is StopKind.TASK}
    tasks = [number for number in range(len(problem.tasks)) if number not in taken]
    trucks = [truck for truck in range(len(problem.trucks)) if truck not in locked]
    if not tasks or not trucks:
        return repaired

    def whole(found: Plan) -> Plan:
        plan: Plan = {truck: list(visits) for truck, visits in outside.items()}
        for truck, visits in found.items():
            plan[trucks[truck]] = [
                replace(visit, index=tasks[visit.index]) if visit.kind is StopKind.TASK else visit for visit in visits
            ]
        return plan

    def figures(found: Plan) -> tuple[int, int]:
        return figures_of(problem)(whole(found))

    return whole(propose(_part(problem, tasks, trucks, outside), replace(effort, figures=figures)))


def _part(problem: Problem, tasks: Sequence[int], trucks: Sequence[int], outside: Plan) -> Problem:
    """The problem of some tasks and trucks, with what the routes outside leave the stations."""
    number_of = {truck: number for number, truck in enumerate(trucks)}
    rows = [problem.tasks[task] for task in tasks]
    brought_kg = [0] * len(problem.stations)
    for truck, visits in outside.items():
        route = driven(problem, truck, visits)
        for stop in () if route is None else route.stops:
            if stop.kind is StopKind.UNLOAD:
                brought_kg[stop.index] -= stop.taken_kg
    return replace(
        problem,
        tasks=tuple(replace(task, preferred_truck=number_of.get(task.preferred_truck, -1)) for task in rows),
        trucks=tuple(problem.trucks[truck] for truck in trucks),
        stations=tuple(
            station
            if station.remaining_kg is None
            else replace(station, remaining_kg=max(0, station.remaining_kg - kg))
            for station, kg in zip(problem.stations, brought_kg, strict=True)
        ),
        may_serve=problem.may_serve[np.ix_(tasks, trucks)],
        may_tip=problem.may_tip[:, trucks],
    )


def changes(problem: Problem, plan: Mapping[int, Sequence[Visit]]) -> int:
    """How many tasks a plan gives to another truck than had them."""
    return sum(
        visit.kind is StopKind.TASK and problem.tasks[visit.index].preferred_truck not in (-1, truck)
        for truck, visits in plan.items()
        for visit in visits
    )


def _rank(problem: Problem, plan: Plan) -> tuple[list[int], int]:
    """Tasks left out by priority, the highest first, then cost with the price of the changes."""
    routes = {truck: route_of(problem, truck, visits) for truck, visits in plan.items()}
    served = {task for route in routes.values() if route is not None for task in route.tasks}
    priorities = sorted({task.priority for task in problem.tasks}, reverse=True)
    missing = [
        sum(task.priority == priority and number not in served for number, task in enumerate(problem.tasks))
        for priority in priorities
    ]
    cost = sum(route.cost for route in routes.values() if route is not None)
    return missing, cost + problem.weights.change * changes(problem, plan)
