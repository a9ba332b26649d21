"""Any small problem gives a plan that the checker accepts."""

from __future__ import annotations

from collections import Counter

from hypothesis import HealthCheck, given, settings
from tests.unit.routing.town import problems

from services.routing.checker import check
from services.routing.planner import solve
from services.routing.problem import Problem


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(problems())
def test_any_problem_gets_a_plan_that_keeps_every_rule(problem: Problem) -> None:
    """Whatever the rules, the plan keeps them, and every task is on one route or has one reason."""
    solution = solve(problem, time_limit_s=60.0, workers=1, steps=60)
    assert check(problem, solution) == []
    told = Counter({unserved.task: 1 for unserved in solution.unserved})
    told.update({task for route in solution.routes for task in route.tasks})
    assert told == Counter(range(len(problem.tasks)))
