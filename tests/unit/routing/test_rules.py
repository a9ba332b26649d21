"""Each rule of the problem decides a small day, whoever plans it: the kernel, OR-Tools alone, or both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from services.routing.checker import Rule, check
from services.routing.ortools_model import Plan, plan_alone
from services.routing.planner import solve
from services.routing.prepare import Prepared
from services.routing.problem import Break, Problem, Station, Task, Travel, Window
from services.routing.proposals import Effort
from services.routing.solution import Solution, StopKind
from services.routing.warm_up import warm_up
from tests.unit.routing.days import ROAD, STATION, day, truck

Served = dict[int, int]
"""Each served task and its truck."""


@pytest.fixture(autouse=True, scope="module")
def kernel_is_loaded() -> None:
    """No plan of these tests waits for the kernel's machine code."""
    warm_up()


def with_both(problem: Problem) -> Solution:
    """The planner as it is."""
    return solve(problem, time_limit_s=0.4, workers=1)


def with_the_kernel(problem: Problem) -> Solution:
    """The search without OR-Tools after it: with a number of steps there is none."""
    return solve(problem, time_limit_s=60.0, workers=1, steps=200)


def with_ortools(problem: Problem) -> Solution:
    """OR-Tools where there is no kernel."""

    def alone(prepared: Prepared, _: Effort) -> Plan:
        return plan_alone(prepared.problem, 0.1)

    return solve(problem, time_limit_s=60.0, proposer=alone)


def served(solution: Solution) -> Served:
    """Who serves what."""
    return {task: route.truck for route in solution.routes for task in route.tasks}


def on_two_profiles(tasks: list[Task]) -> Problem:
    """A day with two trucks, the first of which drives where there is no road to kilometre 7."""
    seconds = ROAD.duration_s.copy()
    seconds[:, 7] = seconds[7, :] = -1
    seconds[7, 7] = 0
    alike = day(tasks, trucks=[truck(), truck(cost_per_km=99)])
    trucks = (alike.trucks[0], replace(alike.trucks[1], profile=1))
    return Problem((Travel(seconds, ROAD.distance_m), ROAD), alike.tasks, trucks, alike.stations)


FAR_DEPOT = truck(start_location=10, end_location=10)
NIGHT = truck(shift_start_s=40_000, shift_end_s=60_000)

RULES: list[tuple[str, Problem, Served]] = [
    ("kg held at once", day([Task(6, 90)], trucks=[
        truck(capacity_kg=80), truck(capacity_kg=90, cost_per_km=99)]), {0: 1}),
    ("litres held at once", day([Task(6, 1, 90)], trucks=[truck(capacity_l=80), truck(cost_per_km=99)]), {0: 1}),
    ("kg a day", day([Task(6, 60), Task(7, 60)], trucks=[
        truck(max_kg=100), truck(max_kg=60, cost_per_km=99)]), {0: 1, 1: 0}),
    ("litres a day", day([Task(6, 1, 60), Task(6, 1, 60)], trucks=[truck(max_l=100)]), {0: 0}),
    ("stops a day", day([Task(6, 1, priority=1), Task(7, 1)], trucks=[truck(max_stops=1)]), {0: 0}),
    ("hours a day", day([Task(9, 1)], trucks=[truck(max_duration_s=1700), truck(cost_per_km=99)]), {0: 1}),
    ("the shift", day([Task(9, 1)], trucks=[truck(shift_end_s=1700), truck(cost_per_km=99)]), {0: 1}),
    ("overtime at a price", day([Task(9, 1)], trucks=[
        truck(shift_end_s=1700, overtime_s=900, overtime_cost_per_h=10_000), truck(cost_per_km=11)]), {0: 1}),
    ("overtime that is worth it", day([Task(9, 1)], trucks=[
        truck(shift_end_s=1700, overtime_s=900, overtime_cost_per_h=10), truck(cost_per_km=99)]), {0: 0}),
    ("a window", day([Task(9, 1, windows=(Window(0, 500),))], trucks=[
        truck(), replace(FAR_DEPOT, cost_per_km=99)]), {0: 1}),
    ("a second window", day([Task(9, 1, windows=(Window(0, 500), Window(2000, 2100)))]), {0: 0}),
    ("who may serve", replace(day([Task(1, 1)], trucks=[truck(), truck(cost_per_km=99)]),
        may_serve=np.array([[False, True]])), {0: 1}),
    ("who may tip", replace(day([Task(1, 1)], trucks=[truck(), truck(cost_per_km=99)]),
        may_tip=np.array([[False, True]])), {0: 1}),
    ("a station's hours", day([Task(1, 1)], trucks=[truck(), replace(NIGHT, cost_per_km=99)], stations=[
        Station(5, windows=(Window(50_000, 55_000),))]), {0: 1}),
    ("tipping time", day([Task(1, 1)], trucks=[truck(shift_end_s=2000), truck(cost_per_km=99)], stations=[
        Station(5, tip_s=1500)]), {0: 1}),
    ("the break's time", day([Task(9, 1)], trucks=[
        truck(shift_end_s=2000, rest=Break(600, 0, 900, always=True)), truck(cost_per_km=99)]), {0: 1}),
    ("speed", day([Task(9, 1, windows=(Window(0, 900),))], trucks=[
        truck(speed_factor=0.9), truck(cost_per_km=99)]), {0: 1}),
    ("the road profile", on_two_profiles([Task(7, 1)]), {0: 1}),
    ("the nearest depot", day([Task(9, 1)], trucks=[truck(), FAR_DEPOT], stations=[Station(10)]), {0: 1}),
    ("a truck's own price", day([Task(5, 1)], trucks=[truck(fixed_cost=900), truck(cost_per_km=20)]), {0: 1}),
    ("an hour's price", day([Task(5, 1)], trucks=[truck(cost_per_h=900), truck()]), {0: 1}),
    ("a load at the start", day([Task(1, 50)], trucks=[
        truck(start_load_kg=100, max_duration_s=2**28), truck(cost_per_km=11)]), {0: 1}),
    ("priority before cost", day([Task(1, 1), Task(9, 1, priority=1)], trucks=[truck(max_stops=1)]), {1: 0}),
    ("spaced visits", day([Task(4, 1, point=1, spacing_s=9000), Task(4, 1, point=1, spacing_s=9000)], trucks=[
        truck(shift_end_s=8000), replace(NIGHT, cost_per_km=99)]), {0: 0, 1: 1}),
    ("a station's tonnes", day([Task(4, 50, priority=1), Task(4, 50)], stations=[
        replace(STATION, remaining_kg=60)]), {0: 0}),
]  # fmt: skip

RULED_BY_PRICE = {
    "overtime that is worth it",
    "a second window",
    "the nearest depot",
    "a truck's own price",
    "an hour's price",
}
"""Days that come out as they would without rules: prices alone decide them, or the rule lets them be."""


@pytest.mark.parametrize("planned", [with_the_kernel, with_ortools, with_both])
@pytest.mark.parametrize(("name", "problem", "expected"), RULES, ids=[row[0] for row in RULES])
def test_a_rule_decides_who_serves_what(
    planned: Callable[[Problem], Solution], name: str, problem: Problem, expected: Served
) -> None:
    """The plan is the only one, or the cheapest one, that the rule leaves."""
    solution = planned(problem)
    assert check(problem, solution) == []
    assert served(solution) == expected, name


@pytest.mark.parametrize(("name", "problem", "expected"), RULES, ids=[row[0] for row in RULES])
def test_without_rules_the_day_would_be_planned_otherwise(name: str, problem: Problem, expected: Served) -> None:
    """A check of the table above: its plans come from the rules and not from the roads alone."""
    if name not in RULED_BY_PRICE:
        assert served(with_the_kernel(unruled(problem))) != expected


def unruled(problem: Problem) -> Problem:
    """The same tasks and prices with nothing to keep."""
    tasks = tuple(Task(task.location, 1) for task in problem.tasks)
    trucks = tuple(
        truck(
            start_location=row.start_location,
            end_location=row.end_location,
            cost_per_km=row.cost_per_km,
            cost_per_h=row.cost_per_h,
            fixed_cost=row.fixed_cost,
            shift_end_s=90_000,
        )
        for row in problem.trucks
    )
    return Problem((ROAD,), tasks, trucks, (STATION,))


def test_waiting_for_a_bay_is_planned_for() -> None:
    """Four trucks and one slow bay: those whose shift is short tip first, and nobody's task is left out."""
    trucks = [truck(max_stops=1, shift_end_s=3000 + 1000 * number) for number in range(4)]
    problem = day([Task(4, 50)] * 4, trucks=trucks, stations=[Station(5, tip_s=900, bays=1)])
    solution = with_the_kernel(problem)
    assert check(problem, solution) == []
    assert len(served(solution)) == 4


def test_a_bay_that_somebody_else_has_is_waited_for() -> None:
    """A truck that is no part of the problem tips until second 5,000: ours comes then, or goes to a second bay."""
    busy = Station(5, tip_s=300, bays=1, taken=(Window(0, 5000),))
    problem = day([Task(4, 50)], stations=[busy])
    solution = with_the_kernel(problem)
    (tip,) = [stop for stop in solution.routes[0].stops if stop.kind is StopKind.UNLOAD]
    assert tip.start_s >= 5000
    assert check(problem, solution) == []
    roomy = replace(problem, stations=(replace(busy, bays=2),))
    early = with_the_kernel(roomy)
    assert early.routes[0].stops[-1].arrive_s < 5000
    assert [violation.rule for violation in check(problem, early)] == [Rule.BAYS]


def test_a_truck_tips_elsewhere_where_no_bay_is_free_in_time() -> None:
    """Two trucks must tip in the same minutes at one bay: one of them goes to the station further away."""
    trucks = [truck(max_stops=1, shift_end_s=2300)] * 2
    stations = [Station(5, tip_s=1000, bays=1), Station(6, tip_s=1000, bays=1)]
    problem = day([Task(4, 50)] * 2, trucks=trucks, stations=stations)
    solution = with_the_kernel(problem)
    assert check(problem, solution) == []
    assert len(served(solution)) == 2
    tipped = {stop.index for route in solution.routes for stop in route.stops if stop.kind is StopKind.UNLOAD}
    assert tipped == {0, 1}
