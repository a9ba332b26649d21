"""One solver on one instance: the plan, re-added by the checker, and its figures."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from bench.routing.instance import Instance, distance_of
from services.routing.checker import check
from services.routing.ortools_model import Plan
from services.routing.planner import solve
from services.routing.prepare import Prepared
from services.routing.problem import MAX_TIME_S, Problem
from services.routing.proposals import Effort, propose
from services.routing.reasons import explain
from services.routing.solution import Route, Solution
from services.routing.timetable import route_of

PLANNER, KERNEL = "riqing", "kernel"
LONG_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a solver reached; `broken` counts the rules that its plan breaks, `first_s` is when its first plan came."""

    solver: str
    instance: str
    vehicles: int
    distance: float
    unit: str
    unserved: int
    broken: dict[str, int]
    wall_s: float
    first_s: float | None
    gap: float | None


def measure_planner(
    instance: Instance,
    time_limit_s: float,
    seed: int,
    workers: int,
    solver: str = PLANNER,
    steps: int | None = None,
) -> tuple[Measurement, Solution, list[tuple[float, int, int]]]:
    """The planner that users get, or its kernel without OR-Tools after it, with its cost over time.

    With `steps` each search takes so many, in whatever time: the machine's load does not decide then.
    """
    course: list[tuple[float, int, int]] = []
    began = time.monotonic()
    solution = solve(
        instance.problem,
        time_limit_s=time_limit_s if steps is None else LONG_S,
        steps=steps,
        seed=seed,
        workers=workers,
        on_progress=lambda elapsed_s, cost, unserved: course.append((elapsed_s, cost, unserved)),
        proposer=_kernel_alone if solver == KERNEL else None,
    )
    wall_s = time.monotonic() - began
    first_s = next((elapsed_s for elapsed_s, _, unserved in course if unserved == len(solution.unserved)), None)
    return _measured(solver, instance, solution, wall_s, first_s), solution, course


def _kernel_alone(prepared: Prepared, effort: Effort) -> Plan:
    return propose(prepared.problem, effort)


def measure_plan(solver: str, instance: Instance, plan: Plan, wall_s: float) -> tuple[Measurement, Solution]:
    """A rival's order of visits, timed and re-added like ours; what it cannot keep is counted."""
    solution = _timed(instance.problem, plan)
    return _measured(solver, instance, solution, wall_s, None), solution


def _measured(solver: str, instance: Instance, solution: Solution, wall_s: float, first_s: float | None) -> Measurement:
    broken: dict[str, int] = {}
    for violation in check(instance.problem, solution):
        broken[str(violation.rule)] = broken.get(str(violation.rule), 0) + 1
    distance = distance_of(instance, solution)
    gap = None if not instance.best_known else distance / instance.best_known - 1
    return Measurement(
        solver=solver,
        instance=instance.name,
        vehicles=len(solution.routes),
        distance=distance,
        unit=instance.unit,
        unserved=len(solution.unserved),
        broken=broken,
        wall_s=wall_s,
        first_s=first_s,
        gap=gap,
    )


def _timed(problem: Problem, plan: Plan) -> Solution:
    routes = tuple(_route(problem, truck, plan) for truck in sorted(plan) if plan[truck])
    served = {task for route in routes for task in route.tasks}
    return Solution(
        routes=routes,
        unserved=explain(problem, routes, [task for task in range(len(problem.tasks)) if task not in served]),
        cost=sum(route.cost for route in routes),
        distance_m=sum(route.distance_m for route in routes),
        duration_s=sum(route.duration_s for route in routes),
    )


def _route(problem: Problem, truck: int, plan: Plan) -> Route:
    """The timed route; where it cannot keep its times, without the break, then without an end to the shift."""
    endless = replace(problem.trucks[truck], rest=None)
    later = replace(endless, overtime_s=MAX_TIME_S - 1 - endless.shift_end_s)
    loose = tuple(replace(task, windows=()) for task in problem.tasks)
    for row, tasks in ((problem.trucks[truck], problem.tasks), (endless, problem.tasks), (later, loose)):
        trucks = (*problem.trucks[:truck], row, *problem.trucks[truck + 1 :])
        route = route_of(replace(problem, trucks=trucks, tasks=tasks), truck, plan[truck])
        if route is not None:
            return route
    raise ValueError(f"The route of truck {truck} uses a road that does not exist.")
