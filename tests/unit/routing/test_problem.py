"""What a problem refuses, and in which words."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from services.routing.problem import Break, Problem, ProblemError, Station, Task, Travel, Truck, Window
from tests.unit.routing.days import ROAD, TRUCK, day


def matrix(*rows: list[int]) -> np.ndarray[tuple[int, int], np.dtype[np.int32]]:
    """A small matrix."""
    return np.array(rows, dtype=np.int32)


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: Window(10, 5), "close before it opens"),
        (lambda: Window(-1, 5), "open at 0 s or later"),
        (lambda: Task(0, demand_kg=-1), "demand_kg must be 0 or more"),
        (lambda: Task(0, service_s=-1), "service_s must be 0 or more"),
        (lambda: Task(0, windows=(Window(5, 9), Window(8, 10))), "must not overlap"),
        (lambda: Task(0, priority=100), "priority must be within 0 and 99"),
        (lambda: Station(0, bays=0), "one bay or more"),
        (lambda: Station(0, remaining_kg=-1), "remaining_kg must be 0 or more"),
        (lambda: Break(0), "last 1 s or more"),
        (lambda: Break(60, 100, 50), "end its window before it opens"),
        (lambda: Truck(0, 0, shift_start_s=10, shift_end_s=5), "shift must not end before it starts"),
        (lambda: Truck(0, 0, capacity_kg=5, start_load_kg=6), "within 0 and its capacity"),
        (lambda: Truck(0, 0, speed_factor=0), "speed_factor must be within"),
        (lambda: Travel(matrix([0, 1]), matrix([0, 1])), "must be square"),
        (lambda: Travel(matrix([1]), matrix([0])), "0 on its diagonal"),
        (lambda: Travel(matrix([0, -2], [1, 0]), matrix([0, 1], [1, 0])), "a value below -1"),
        (lambda: day([Task(99)]), "location of task 0 must be a row"),
        (lambda: Problem((ROAD,), (Task(1),), (TRUCK,), may_serve=np.ones((2, 1), dtype=np.bool_)), "one row a task"),
        (lambda: Problem((ROAD,), (), (Truck(0, 0, profile=1),)), "road profile 1"),
        (lambda: Problem((), (), ()), "at least one pair of travel matrices"),
    ],
)
def test_what_contradicts_itself_is_refused_with_a_sentence(build: Callable[[], object], words: str) -> None:
    """Each mistake is named when the value is made, not when the plan is."""
    with pytest.raises(ProblemError, match=words):
        build()


def test_a_problem_without_permissions_lets_everybody_go_everywhere() -> None:
    """Left out, the two permission matrices are all true and of the right shape."""
    problem = day([Task(1), Task(2)])
    assert problem.may_serve.tolist() == [[True], [True]]
    assert problem.may_tip.tolist() == [[True]]
