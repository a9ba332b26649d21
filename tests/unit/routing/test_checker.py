"""Each rule broken once, in a plan that is otherwise right, is found and named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from services.routing.checker import Rule, check
from services.routing.planner import solve
from services.routing.problem import Break, Problem, Task, Travel, Window
from services.routing.solution import Reason, Route, Solution, Stop, StopKind, Unserved
from tests.unit.routing.days import STATION, day, truck

TASKS = [Task(1, demand_kg=60, service_s=50), Task(2, demand_kg=60, service_s=50, windows=(Window(0, 3000),))]
DAY = day(TASKS, trucks=[truck(rest=Break(100, 0, 400, always=True))])


def planned(problem: Problem = DAY) -> Solution:
    """A right plan of the day: two tasks, two unloadings, a break."""
    solution = solve(problem, time_limit_s=30.0, workers=1, steps=50)
    assert check(problem, solution) == []
    assert len(solution.routes) == 1
    return solution


def with_stop(solution: Solution, kind: StopKind, **changes: object) -> Solution:
    """The plan with the first stop of a kind changed."""
    route = solution.routes[0]
    place = next(number for number, stop in enumerate(route.stops) if stop.kind is kind)
    stops = list(route.stops)
    stops[place] = replace(stops[place], **changes)  # type: ignore[arg-type]
    return with_route(solution, stops=tuple(stops))


def with_route(solution: Solution, **changes: object) -> Solution:
    """The plan with its route changed."""
    return replace(solution, routes=(replace(solution.routes[0], **changes),))  # type: ignore[arg-type]


def first(solution: Solution, kind: StopKind) -> Stop:
    """The first stop of a kind."""
    return next(stop for stop in solution.routes[0].stops if stop.kind is kind)


def without(solution: Solution, kind: StopKind) -> Solution:
    """The plan with the last stop of a kind taken out."""
    stops = list(solution.routes[0].stops)
    place = max(number for number, stop in enumerate(stops) if stop.kind is kind)
    return with_route(solution, stops=tuple(stops[:place] + stops[place + 1 :]))


MUTATIONS: list[tuple[Rule, Callable[[Solution], Solution]]] = [
    (Rule.FORM, lambda plan: with_stop(plan, StopKind.TASK, location=7)),
    (Rule.FORM, lambda plan: with_stop(plan, StopKind.TASK, index=9)),
    (Rule.FORM, lambda plan: with_route(plan, stops=plan.routes[0].stops[1:])),
    (Rule.FORM, lambda plan: replace(plan, routes=plan.routes * 2)),
    (Rule.FORM, lambda plan: with_route(plan, truck=4)),
    (Rule.TRAVEL_TIME, lambda plan: with_stop(plan, StopKind.TASK, arrive_s=first(plan, StopKind.TASK).arrive_s - 1)),
    (Rule.SERVICE_TIME, lambda plan: with_stop(plan, StopKind.TASK, depart_s=first(plan, StopKind.TASK).depart_s - 1)),
    (Rule.LOAD_SUM, lambda plan: with_stop(plan, StopKind.TASK, load_kg=59)),
    (Rule.LOAD_SUM, lambda plan: with_stop(plan, StopKind.TASK, taken_kg=59)),
    (Rule.LOAD_SUM, lambda plan: with_stop(plan, StopKind.UNLOAD, taken_kg=-59)),
    (Rule.ENDS_EMPTY, lambda plan: without(plan, StopKind.UNLOAD)),
    (Rule.BREAK, lambda plan: without(plan, StopKind.BREAK)),
    (Rule.EACH_TASK_ONCE, lambda plan: without(plan, StopKind.TASK)),
    (Rule.EACH_TASK_ONCE, lambda plan: replace(plan, unserved=(Unserved(0, Reason.TIME_RAN_OUT, ""),))),
    (Rule.SUMS, lambda plan: with_route(plan, distance_m=plan.routes[0].distance_m - 1)),
    (Rule.SUMS, lambda plan: with_route(plan, cost=plan.routes[0].cost - 1)),
    (Rule.SUMS, lambda plan: replace(plan, cost=plan.cost - 1)),
]


@pytest.mark.parametrize(("rule", "mutate"), MUTATIONS)
def test_a_changed_plan_is_caught(rule: Rule, mutate: Callable[[Solution], Solution]) -> None:
    """A plan with one thing wrong breaks at least that rule."""
    assert rule in {violation.rule for violation in check(DAY, mutate(planned()))}


def closed_road() -> Travel:
    """The straight road with the way to kilometre 2 missing."""
    travel = DAY.travel[0]
    seconds = travel.duration_s.copy()
    seconds[:, 2] = -1
    seconds[2, 2] = 0
    return Travel(seconds, travel.distance_m)


def with_tasks(**changes: object) -> Problem:
    """The day with all its tasks changed."""
    return replace(DAY, tasks=tuple(replace(task, **changes) for task in DAY.tasks))  # type: ignore[arg-type]


def with_truck(**changes: object) -> Problem:
    """The day with its truck changed."""
    return replace(DAY, trucks=(replace(DAY.trucks[0], **changes),))  # type: ignore[arg-type]


def with_station(**changes: object) -> Problem:
    """The day with its station changed."""
    return replace(DAY, stations=(replace(STATION, **changes),))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        (Rule.ROAD, replace(DAY, travel=(closed_road(),))),
        (Rule.WINDOW, with_tasks(windows=(Window(0, 10),))),
        (Rule.WINDOW, with_station(windows=(Window(0, 10),))),
        (Rule.CAPACITY, with_truck(capacity_kg=59)),
        (Rule.LOAD_SUM, with_tasks(demand_l=6)),
        (Rule.SHIFT, with_truck(shift_end_s=1000)),
        (Rule.SHIFT, with_truck(shift_start_s=15_000)),
        (Rule.BREAK, with_truck(rest=Break(100, 19_000, 19_500, always=True))),
        (Rule.BREAK, with_truck(rest=None)),
        (Rule.MAY_SERVE, replace(DAY, may_serve=np.array([[True], [False]]))),
        (Rule.MAY_TIP, replace(DAY, may_tip=np.array([[False]]))),
        (Rule.DAILY_CAP, with_truck(max_kg=119)),
        (Rule.DAILY_CAP, with_truck(max_stops=1)),
        (Rule.DAILY_CAP, with_truck(max_duration_s=500)),
        (Rule.SPACING, with_tasks(point=3, spacing_s=10_000)),
        (Rule.STATION_KG, with_station(remaining_kg=119)),
    ],
)
def test_a_plan_is_held_against_each_rule_of_the_problem(rule: Rule, problem: Problem) -> None:
    """The same plan under a harder rule breaks that rule."""
    assert rule in {violation.rule for violation in check(problem, planned())}


def test_two_trucks_at_one_bay_are_caught() -> None:
    """Two routes that tip at the same moment need two bays."""
    tasks = [Task(4, demand_kg=80), Task(6, demand_kg=80)]
    problem = day(tasks, trucks=[truck(), truck(start_location=10, end_location=10)])
    solution = solve(problem, time_limit_s=30.0, workers=1, steps=50)
    one = solution.routes[0]
    twin: Route = replace(one, truck=1)
    both = replace(solution, routes=(one, twin))
    narrow = replace(problem, stations=(replace(STATION, bays=1),))
    assert Rule.BAYS in {violation.rule for violation in check(narrow, both)}
