"""Days whose right plan is known: a row each, the plan as a string of what the truck does."""

from __future__ import annotations

import itertools
import time
from dataclasses import replace

import numpy as np
import pytest

from services.routing.planner import solve
from services.routing.problem import Break, Problem, Station, Task, Window
from services.routing.solution import Reason, Solution, StopKind
from tests.unit.routing.days import ROAD, STATION, day, truck

LETTERS = {StopKind.START: "[", StopKind.END: "]", StopKind.BREAK: "-", StopKind.UNLOAD: "U"}


def strings(solution: Solution) -> list[str]:
    """Each route as a string: start [, tasks by number, unloading U, break -, end ]."""
    return [
        "".join(str(stop.index) if stop.kind is StopKind.TASK else LETTERS[stop.kind] for stop in route.stops)
        for route in solution.routes
    ]


def plan(problem: Problem, steps: int = 200) -> Solution:
    """A repeatable plan."""
    return solve(problem, time_limit_s=60.0, workers=1, steps=steps)


SCENARIOS: list[tuple[str, Problem, list[str]]] = [
    ("one task is fetched and tipped", day([Task(1, 10)]), ["[0U]"]),
    ("a full truck tips in between", day([Task(2, 60), Task(7, 60)]), ["[0U1U]"]),
    ("what fits is tipped once", day([Task(3, 50), Task(4, 50)]), ["[01U]"]),
    ("nothing to carry, nothing to tip", day([Task(3, 0)]), ["[0]"]),
    ("a late window is kept for later", day([
        Task(2, 10, windows=(Window(5000, 6000),)), Task(3, 10, windows=(Window(0, 900),))]), ["[10U]"]),
    ("the break is taken when it must be", day([Task(9, 10, service_s=4000)], trucks=[
        truck(rest=Break(600, 3000, 3500, always=True))]), ["[-0U]"]),
    ("a route that begins late rests on its way, not before it", day([
        Task(1, 10, windows=(Window(8000, 9000),)), Task(2, 10)], trucks=[
        truck(rest=Break(600, 3000, 8200, always=True))]), ["[01-U]"]),
    ("a rest before the route stands where it would cost overtime later", day([
        Task(1, 10, windows=(Window(21_000, 22_000),))], trucks=[
        truck(overtime_s=9000, rest=Break(600, 3000, 21_500, always=True))]), ["[-0U]"]),
    ("a short day needs no break", day([Task(1, 10)], trucks=[truck(rest=Break(600, 9000, 9500))]), ["[0U]"]),
    ("a pit needs the crane", replace(
        day([Task(1, 10)], trucks=[truck(cost_per_km=1), truck(cost_per_km=90)]),
        may_serve=np.array([[False, True]])), ["[0U]"]),
    ("a truck that comes with a load tips it first", day([Task(6, 60)], trucks=[
        truck(start_load_kg=80)]), ["[U0U]"]),
    ("the daily cap sends a second truck", day([Task(6, 60), Task(7, 60)], trucks=[
        truck(max_kg=100), truck(max_kg=100)]), ["[0U]", "[1U]"]),
    ("two small trucks share what one cannot hold", day([Task(6, 150)], trucks=[truck(), truck()]), ["[0U0U]"]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "problem", "expected"), SCENARIOS, ids=[row[0] for row in SCENARIOS])
def test_a_known_day_gets_its_known_plan(name: str, problem: Problem, expected: list[str]) -> None:
    """The plan is the one that a person would make."""
    assert strings(plan(problem)) == expected, name


REASONS: list[tuple[Reason, Problem]] = [
    (Reason.NO_TRUCK_MAY_SERVE, day([Task(1, 10)], trucks=[])),
    (Reason.NO_TRUCK_MAY_SERVE, replace(day([Task(1, 10)]), may_serve=np.array([[False]]))),
    (Reason.UNREACHABLE, replace(day([Task(1, 10)]), travel=(replace(
        ROAD, duration_s=np.where(np.eye(11, dtype=np.bool_), 0, -1)),))),
    (Reason.TOO_LITTLE_CAPACITY, day([Task(1, 10)], trucks=[truck(capacity_kg=0)])),
    (Reason.TOO_LITTLE_CAPACITY, day([Task(1, 10)], trucks=[truck(max_kg=5)])),
    (Reason.STATION_CLOSED_OR_FULL, day([Task(1, 10)], stations=[])),
    (Reason.STATION_CLOSED_OR_FULL, day([Task(1, 10)], stations=[replace(STATION, remaining_kg=5)])),
    (Reason.STATION_CLOSED_OR_FULL, day([Task(1, 10)], stations=[replace(STATION, windows=(Window(90_000, 91_000),))])),
    (Reason.WINDOW_CANNOT_BE_MET, day([Task(9, 10, windows=(Window(0, 100),))])),
    (Reason.SHIFT_TOO_SHORT, day([Task(9, 10, service_s=19_000)])),
    (Reason.SHIFT_TOO_SHORT, day([Task(9, 10)], trucks=[truck(shift_end_s=1500)])),
]  # fmt: skip


@pytest.mark.parametrize(("reason", "problem"), REASONS)
def test_what_cannot_be_served_has_its_reason(reason: Reason, problem: Problem) -> None:
    """The one task of the day is left out, for this reason, with a sentence."""
    (unserved,) = plan(problem).unserved
    assert (unserved.task, unserved.reason) == (0, reason)
    assert unserved.detail.endswith(".")


def test_the_more_important_task_is_served() -> None:
    """With room for one of two, the higher priority goes first although it is further away."""
    problem = day([Task(1, 100), Task(9, 100, priority=1)], trucks=[truck(max_stops=1)])
    solution = plan(problem)
    assert [unserved.task for unserved in solution.unserved] == [0]


def test_two_visits_to_one_point_are_spaced() -> None:
    """Visits that must be two hours apart are, even though the truck is there."""
    solution = plan(day([Task(4, 10, point=1, spacing_s=7200), Task(4, 10, point=1, spacing_s=7200)]))
    starts = [stop.start_s for route in solution.routes for stop in route.stops if stop.kind is StopKind.TASK]
    assert solution.served_count == 2
    assert abs(starts[0] - starts[1]) >= 7200


def test_spaced_visits_fit_the_shift_of_the_one_truck_that_may_come() -> None:
    """A night truck that may not serve the point takes none of the hours in which its two visits can be."""
    night = truck(shift_start_s=40_000, shift_end_s=60_000)
    visits = [Task(4, 10, point=1, spacing_s=7200), Task(4, 10, point=1, spacing_s=7200)]
    problem = replace(day(visits, trucks=[truck(), night]), may_serve=np.array([[True, False], [True, False]]))
    assert plan(problem).served_count == 2


def test_trucks_wait_for_a_bay() -> None:
    """Three trucks that would tip at once take turns at the one bay."""
    trucks = [truck(max_stops=1) for _ in range(3)]
    slow = Station(5, tip_s=600, bays=1)
    solution = plan(day([Task(4, 50), Task(4, 50), Task(4, 50)], trucks=trucks, stations=[slow]))
    tips = sorted(stop.start_s for route in solution.routes for stop in route.stops if stop.kind is StopKind.UNLOAD)
    assert solution.served_count == 3
    assert all(after - before >= 600 for before, after in itertools.pairwise(tips))


def test_a_full_station_sends_trucks_to_the_next() -> None:
    """A station that takes no more kilograms is passed over for one that is further away."""
    near, far = Station(5, remaining_kg=60), Station(10)
    solution = plan(day([Task(4, 50), Task(6, 50)], trucks=[truck(max_stops=1)] * 2, stations=[near, far]))
    tipped = {stop.index for route in solution.routes for stop in route.stops if stop.kind is StopKind.UNLOAD}
    assert solution.served_count == 2
    assert tipped == {0, 1}


def test_hours_of_a_day_are_kept() -> None:
    """A truck that may be out for one hour of a long shift serves the task whose window is late."""
    problem = day([Task(5, 10, windows=(Window(12_000, 13_000),))], trucks=[truck(max_duration_s=3600)])
    solution = plan(problem)
    assert solution.served_count == 1
    assert solution.routes[0].duration_s <= 3600


def test_trucks_that_are_alike_share_the_hours_of_a_day() -> None:
    """Of two that may be out for an hour each, one serves the morning and the other the evening."""
    early = [Task(place, 10, windows=(Window(600, 2000),)) for place in (1, 2)]
    late = [Task(place, 10, windows=(Window(15_000, 16_000),)) for place in (1, 2)]
    solution = plan(day([*early, *late], trucks=[truck(max_duration_s=3600)] * 2))
    assert solution.unserved == ()
    assert sorted(sorted(route.tasks) for route in solution.routes) == [[0, 1], [2, 3]]


def test_the_same_seed_gives_the_same_plan() -> None:
    """With a number of steps the plan depends on the seed alone."""
    random = np.random.default_rng(3)
    tasks = [Task(int(random.integers(1, 11)), int(random.integers(5, 40))) for _ in range(30)]
    plans = [solve(day(tasks), time_limit_s=60.0, workers=2, steps=300, seed=5) for _ in range(2)]
    assert plans[0].routes == plans[1].routes


def test_a_stop_is_honoured_and_the_progress_is_told() -> None:
    """A search that is told to stop gives back its best plan long before its limit."""
    told: list[tuple[float, int, int]] = []
    began = time.monotonic()
    solution = solve(
        day([Task(place, 20) for place in range(1, 11)]),
        time_limit_s=600.0,
        on_progress=lambda elapsed_s, cost, unserved: told.append((elapsed_s, cost, unserved)),
        should_stop=lambda: bool(told),
    )
    assert time.monotonic() - began < 60
    assert solution.served_count == 10
    assert told
    assert told[-1][2] == 0


def test_an_empty_day_has_an_empty_plan() -> None:
    """No task, no route, no reason."""
    solution = plan(day([]))
    assert solution.routes == ()
    assert solution.unserved == ()
