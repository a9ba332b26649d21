"""Districts put together again: their routes are one plan, and the search mends it where they meet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from services.routing.mending import drivable, visit_of
from services.routing.ortools_model import Plan
from services.routing.prepare import Prepared
from services.routing.problem import Problem
from services.routing.proposals import Effort, propose
from services.routing.solution import StopKind
from services.routing.timetable import Visit


def propose_from(start: Mapping[int, Sequence[Visit]]) -> Callable[[Prepared, Effort], Plan]:
    """How to propose a plan that goes on from another one, to be given to `planner.solve`."""

    def proposer(prepared: Prepared, effort: Effort) -> Plan:
        kept = kept_routes(prepared.problem, prepared.origin, start)
        return propose(prepared.problem, replace(effort, start=kept))

    return proposer


def kept_routes(problem: Problem, origin: Sequence[int], previous: Mapping[int, Sequence[Visit]]) -> Plan:
    """The routes as far as they can be driven; visits that are split now have no place of their own.

    `origin` is the task that each of the problem's tasks was in `previous`.
    """
    parts: dict[int, list[int]] = {}
    for part, task in enumerate(origin):
        parts.setdefault(task, []).append(part)
    kept: Plan = {}
    placed: set[int] = set()
    for truck, visits in previous.items():
        own: list[Visit] = []
        for visit in visits:
            if visit.kind is not StopKind.TASK:
                own.append(visit)
                continue
            (part, *others) = parts[visit.index]
            if not others and part not in placed and problem.may_serve[part, truck]:
                placed.add(part)
                own.append(visit_of(problem, part))
        kept[truck] = drivable(problem, truck, own)
    return {truck: visits for truck, visits in kept.items() if visits}
