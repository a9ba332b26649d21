"""The solver's process: solved in, killed when it hangs or is no longer wanted, and there again afterwards."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

import numpy as np
import pytest

from services.routing import solver_process
from services.routing.problem import Problem, Task, Travel, Truck
from services.routing.solver_process import SolverError, SolverProcess, SolvingStoppedError

AWAY = np.array([[0, 60], [60, 0]], dtype=np.int32)
PROBLEM = Problem(
    travel=(Travel(AWAY, AWAY * 10),), tasks=(Task(location=1, demand_kg=5),), trucks=(Truck(0, 0, ends_empty=False),)
)


def say_ready(pipe: Connection) -> None:
    """Behave as a solver that has been loaded."""
    pipe.send(solver_process._Ready())
    pipe.recv()


def hang(pipe: Connection) -> None:
    """Take an order and never answer."""
    say_ready(pipe)
    time.sleep(600)


def die(pipe: Connection) -> None:
    """Take an order and end, as a process does that the system kills."""
    say_ready(pipe)
    os._exit(9)


def never_load(pipe: Connection) -> None:
    """Fail before any order."""
    pipe.send(solver_process._Failed("ImportError: no such thing"))
    time.sleep(600)


@contextmanager
def solver(work: Callable[[Connection], None] | None = None) -> Iterator[SolverProcess]:
    """Run a solver's process for a test."""
    process = SolverProcess(work)
    try:
        yield process
    finally:
        process.close()


def solve(process: SolverProcess, should_stop: Callable[[], bool] = lambda: False) -> int:
    """Return how many tasks the solution of a tiny problem serves."""
    return process.solve(PROBLEM, 0.5, 0, lambda *_: None, should_stop).served_count


def test_one_process_solves_one_problem_after_the_other() -> None:
    """It is loaded once, and tells of better plans on the way."""
    with solver() as process:
        told: list[tuple[float, int, int]] = []
        solution = process.solve(PROBLEM, 0.5, 0, lambda *progress: told.append(progress), lambda: False)
        pid = process._process.pid
        assert solution.served_count == 1
        assert told[-1][2] == 0
        assert solve(process) == 1
        assert process._process.pid == pid


@pytest.mark.parametrize(
    ("work", "expected"),
    [
        (hang, "the search overran its limit of 0.5 s"),
        (die, "ended by itself"),
        (never_load, "cannot be loaded: ImportError: no such thing"),
    ],
)
def test_a_solver_that_fails_is_ended_and_replaced(
    monkeypatch: pytest.MonkeyPatch, work: Callable[[Connection], None], expected: str
) -> None:
    """The error is one sentence, and the next process is another one."""
    monkeypatch.setattr(solver_process, "OVERRUN_S", 0.2)
    with solver(work) as process:
        pid = process._process.pid
        with pytest.raises(SolverError, match=expected):
            solve(process)
        assert process._process.pid != pid
        assert process._process.is_alive()


def test_a_search_that_is_no_longer_wanted_is_ended_at_once() -> None:
    """Whoever cancels does not wait for the time limit."""
    with solver(hang) as process:
        began = time.monotonic()
        with pytest.raises(SolvingStoppedError):
            solve(process, should_stop=lambda: True)
        assert time.monotonic() - began < 30


def read_nothing(pipe: Connection) -> None:
    """Be loaded and never take an order."""
    pipe.send(solver_process._Ready())
    time.sleep(600)


def test_an_order_that_is_not_read_is_given_up_too() -> None:
    """Roads that fill more than the pipe holds are not waited for by who cancels meanwhile."""
    away = np.ones((600, 600), dtype=np.int32) - np.eye(600, dtype=np.int32)
    large = Problem((Travel(away, away),), (Task(location=1),), (Truck(0, 0, ends_empty=False),))
    with solver(read_nothing) as process:
        began = time.monotonic()
        with pytest.raises(SolvingStoppedError):
            process.solve(large, 600.0, 0, lambda *_: None, lambda: True)
        assert time.monotonic() - began < 30


def test_an_error_of_the_solver_s_own_is_told_and_survived() -> None:
    """What the solver raises comes as text."""
    with solver() as process:
        with pytest.raises(SolverError, match="AttributeError"):
            process.solve("no problem", 0.5, 0, lambda *_: None, lambda: False)  # type: ignore[arg-type]
        assert solve(process) == 1
