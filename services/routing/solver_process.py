"""The solver in a process of its own: kept warm between plans, killed when it overruns or is no longer wanted."""

import logging
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from services.domain.errors import RiqingError
from services.routing.problem import Problem
from services.routing.revision import Revision
from services.routing.solution import Solution
from services.routing.timetable import Visit

log = logging.getLogger(__name__)

WARM_WITHIN_S = 900.0
"""A compiled kernel is there in a second; compiling it anew takes a minute, on a busy machine several."""

OVERRUN_S = 30.0
"""The solver keeps its time limit by itself; this long after it, it is taken to hang."""

ASK_INTERVAL_S = 0.2


class SolverError(RiqingError):
    """The solver overran its time limit, died, or met an error of its own."""


class SolvingStoppedError(Exception):
    """The plan is no longer wanted; the solver's process was ended."""


@dataclass(frozen=True, slots=True)
class _Order:
    """What the solver is asked for; `until_s` is by the machine's monotonic clock, which all processes share.

    With a `revision` the plan is to be close to the one before, with a `start` it goes on from that.
    """

    problem: Problem
    until_s: float
    seed: int
    revision: Revision | None
    start: Mapping[int, Sequence[Visit]] | None


@dataclass(frozen=True, slots=True)
class _Better:
    """A better plan was found: seconds since the start, its cost, how many tasks it leaves out."""

    elapsed_s: float
    cost: int
    unserved: int


@dataclass(frozen=True, slots=True)
class _Ready:
    """The solver is loaded and compiled."""


@dataclass(frozen=True, slots=True)
class _Failed:
    """The solver met an error."""

    text: str


class SolverProcess:
    """A solver that takes one problem after the other; not to be shared between threads."""

    def __init__(self, work: Callable[[Connection], None] | None = None) -> None:
        """Start to load the solver; `solve` waits until it is there.

        `work` is what the process does with its end of the pipe, by default solving.
        """
        self._work = work or _work
        self._process: BaseProcess
        self._pipe: Connection
        self._is_ready = False
        self._start()

    def solve(
        self,
        problem: Problem,
        time_limit_s: float,
        seed: int,
        on_progress: Callable[[float, int, int], None],
        should_stop: Callable[[], bool],
        revision: Revision | None = None,
        start: Mapping[int, Sequence[Visit]] | None = None,
    ) -> Solution:
        """Return the best plan found within `time_limit_s`, counted from when the solver is loaded.

        With a `revision` it is close to the plan before; with a `start` the search goes on from that plan.

        `on_progress` is told seconds, cost and how many tasks are left out. When `should_stop` says yes, or on any
        exception, the process is ended and a new one begins to load.

        Raises:
            SolverError: it overran, died or met an error.
            SolvingStoppedError: `should_stop` said yes.

        """
        try:
            self._await_ready(should_stop)
            until_s = time.monotonic() + time_limit_s
            self._send(_Order(problem, until_s, seed, revision, start), should_stop)
            give_up_at = until_s + OVERRUN_S
            while True:
                message = self._receive(should_stop, give_up_at, f"the search overran its limit of {time_limit_s:g} s")
                if isinstance(message, Solution):
                    return message
                if isinstance(message, _Failed):
                    raise SolverError(f"The solver met an error: {message.text}")
                if isinstance(message, _Better):
                    on_progress(message.elapsed_s, message.cost, message.unserved)
        except BaseException:
            self.close()
            self._start()
            raise

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.join()
        self._pipe.close()

    def _start(self) -> None:
        # Not forked: a process with threads would hand on locks that nobody opens again.
        context = multiprocessing.get_context("spawn")
        self._pipe, other_end = context.Pipe()
        self._process = context.Process(target=self._work, args=(other_end,), name="riqing-solver", daemon=True)
        self._process.start()
        other_end.close()
        self._is_ready = False

    def _await_ready(self, should_stop: Callable[[], bool]) -> None:
        give_up_at = time.monotonic() + WARM_WITHIN_S
        while not self._is_ready:
            message = self._receive(should_stop, give_up_at, "it did not load in time")
            if isinstance(message, _Failed):
                raise SolverError(f"The solver cannot be loaded: {message.text}")
            self._is_ready = isinstance(message, _Ready)

    def _send(self, order: _Order, should_stop: Callable[[], bool]) -> None:
        """Hand over an order, which takes a second or two where the roads fill a gigabyte."""
        with ThreadPoolExecutor(1, "riqing-order") as pool:
            sending = pool.submit(self._pipe.send, order)
            while not wait([sending], ASK_INTERVAL_S).done:
                if should_stop():
                    self._process.kill()  # nobody reads any more, so the sending ends
                    raise SolvingStoppedError
        try:
            sending.result()
        except BrokenPipeError:
            log.warning("the solver's process ended before it had read its order")  # `_receive` raises what is told

    def _receive(self, should_stop: Callable[[], bool], give_up_at: float, complaint: str) -> object:
        while not self._pipe.poll(ASK_INTERVAL_S):
            if should_stop():
                raise SolvingStoppedError
            if time.monotonic() > give_up_at:
                raise SolverError(f"The solver was ended because {complaint}.")
        try:
            return self._pipe.recv()
        except EOFError:
            self._process.join()
            raise SolverError(
                f"The solver's process ended by itself (status {self._process.exitcode}); "
                "the machine may be short of memory."
            ) from None


def _work(pipe: Connection) -> None:
    """Load the solver, then solve what comes through the pipe; the process's whole life."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal reaches us too: the parent decides
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        from services.routing.closeness import propose_close
        from services.routing.planner import solve
        from services.routing.seams import propose_from
        from services.routing.warm_up import warm_up

        warm_up()
    except Exception as error:
        pipe.send(_Failed(f"{type(error).__name__}: {error}"))
        return
    pipe.send(_Ready())
    while True:
        try:
            order: _Order = pipe.recv()
        except EOFError:
            return
        try:
            proposer = None if order.revision is None else propose_close(order.revision)
            if order.start is not None:
                proposer = propose_from(order.start)
            solution = solve(
                order.problem,
                time_limit_s=max(order.until_s - time.monotonic(), 0.0),
                seed=order.seed,
                on_progress=lambda elapsed_s, cost, unserved: pipe.send(_Better(elapsed_s, cost, unserved)),
                proposer=proposer,
            )
        except Exception as error:
            logging.exception("the solver failed")
            pipe.send(_Failed(f"{type(error).__name__}: {error}"))
        else:
            pipe.send(solution)


def _end_with_parent() -> None:
    """End this process at once when its parent is gone, however that ended."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
