"""Any small problem gets a plan that the checker accepts, and a tiny one the best plan there is."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import replace

from hypothesis import HealthCheck, given, settings

from services.routing.checker import check
from services.routing.kernel.data import arrange
from services.routing.kernel.schedule import Budget, Search
from services.routing.ortools_model import plan_alone
from services.routing.planner import solve
from services.routing.prepare import prepare
from services.routing.problem import MAX_TIME_S, Problem
from services.routing.timetable import route_of
from tests.unit.routing.oracle import best_plan, most_served_with_tonnes
from tests.unit.routing.town import problems

SLOW = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


class Complaints(logging.Handler):
    """Keeps what the planner logs, since it repairs its own mistakes."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one message."""
        self.heard.append(record.getMessage())


@settings(SLOW, max_examples=200)
@given(problems())
def test_any_problem_gets_a_plan_that_keeps_every_rule(problem: Problem) -> None:
    """Whatever the rules, the plan keeps them without a repair, and each task is on a route or has one reason."""
    complaints = Complaints()
    logger = logging.getLogger("services.routing.planner")
    logger.addHandler(complaints)
    try:
        solution = solve(problem, time_limit_s=60.0, workers=1, steps=60)
    finally:
        logger.removeHandler(complaints)
    assert complaints.heard == []
    assert check(problem, solution) == []
    told = Counter({unserved.task: 1 for unserved in solution.unserved})
    told.update({task for route in solution.routes for task in route.tasks})
    assert told == Counter(range(len(problem.tasks)))


@settings(SLOW, max_examples=100)
@given(problems(most_tasks=4, most_trucks=2, most_stations=1))
def test_a_tiny_problem_serves_as_much_as_trying_everything(problem: Problem) -> None:
    """The kernel serves what an exhaustive search serves, where no detour is shorter than the direct road."""
    problem = _without_what_the_oracle_does_not_know(problem)
    served, cost = best_plan(problem)
    found = Search(arrange(problem), 1, Budget(60.0, 300)).solve()
    priorities = sorted({task.priority for task in problem.tasks}, reverse=True)
    reached = [
        sum(task.priority == priority and number not in found.absent for number, task in enumerate(problem.tasks))
        for priority in priorities
    ]
    assert reached <= served
    if _is_metric(problem):
        assert reached == served
    if reached == served:
        assert found.cost > cost - 0.01


@settings(SLOW, max_examples=100)
@given(problems(most_tasks=3, most_trucks=2))
def test_a_tiny_problem_with_tonnes_serves_as_much_as_trying_everything(problem: Problem) -> None:
    """What the repair of the stations leaves out, no other order of these trucks would serve."""
    problem = _without_what_the_oracle_does_not_know(problem, tonnes=True)
    solution = solve(problem, time_limit_s=60.0, workers=1, steps=200)
    left = {unserved.task for unserved in solution.unserved}
    reached = [
        sum(task.priority == priority and number not in left for number, task in enumerate(problem.tasks))
        for priority in sorted({task.priority for task in problem.tasks}, reverse=True)
    ]
    if _is_metric(problem) and len(prepare(problem).origin) == len(problem.tasks):
        assert reached == most_served_with_tonnes(problem)


@settings(SLOW, max_examples=50)
@given(problems(most_tasks=5, most_trucks=2))
def test_ortools_alone_gives_orders_that_can_be_driven(problem: Problem) -> None:
    """Without the kernel there is still a plan, and no task is on it twice."""
    plan = plan_alone(problem, 0.02) if problem.tasks and problem.trucks else {}
    served = Counter(visit.index for visits in plan.values() for visit in visits if visit.kind == "task")
    assert max(served.values(), default=1) == 1
    assert sum(route_of(problem, truck, visits) is not None for truck, visits in plan.items()) <= len(problem.trucks)


def _without_what_the_oracle_does_not_know(problem: Problem, *, tonnes: bool = False) -> Problem:
    return replace(
        problem,
        tasks=tuple(replace(task, point=-1, spacing_s=0) for task in problem.tasks),
        stations=tuple(
            replace(station, bays=None, remaining_kg=station.remaining_kg if tonnes else None)
            for station in problem.stations
        ),
        trucks=tuple(replace(truck, max_duration_s=MAX_TIME_S) for truck in problem.trucks),
    )


def _is_metric(problem: Problem) -> bool:
    """Whether no way over a third place is quicker, rounding apart, so that leaving a stop out is never a loss."""
    seconds = problem.travel[0].duration_s.astype(float)
    seconds[seconds < 0] = 1e9
    return bool(((seconds[:, :, None] + seconds[None, :, :]).min(axis=1) >= seconds - 2).all())
