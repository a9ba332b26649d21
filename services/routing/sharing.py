"""A large day shared among planners: its districts are jobs that any of them takes, and their routes are put together.

The planner that was asked for the day offers the districts, and works on those itself that nobody has taken, so that
one planner gets through alone; meanwhile it asks the roads for the whole. Who works on a district holds it; one that is
held no more, because its planner was killed, is taken by another.
"""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from math import ceil
from types import TracebackType
from typing import Self
from uuid import UUID

import msgspec

from services.domain.errors import RiqingError
from services.domain.registry import Position
from services.roads.network import Matrix, RoadNetwork, Snap
from services.routing.assemble import Sketch
from services.routing.dividing import District, RouteNumbers, divide, joined, route_numbers
from services.routing.mending import Routes
from services.routing.outline import decoded, encoded
from services.routing.problem import Task, Travel
from services.routing.solver_process import SolverProcess, SolvingStoppedError
from services.store import plan_districts as stored
from services.store import plans
from services.store.connection import Connection
from services.store.jobs import request_districts

log = logging.getLogger(__name__)

DISTRICTS_SHARE = 0.6
"""The districts are searched until this share of the plan's time is over; the rest is for their seams."""

LEAST_SHARE = 0.3
"""What they get of the time where what comes before took long."""

LATE_S = 3.0
"""A district that is being worked on is waited for so long after its end."""

LEAST_SEARCH_SHARE = 0.25
"""What the search gets of a district's time even where the roads took longer to ask than the rest."""

LOOK_AGAIN_S = 2
"""A planner that is free looks so often whether one that works on a district has been lost."""

ASK_INTERVAL_S = 0.2
HOLD_INTERVAL_S = 0.5
"""How often a district is held anew, which also tells whether it is still wanted."""

Tell = Callable[[int, int], None]
"""Told what all districts cost together, in coins, and how many visits they leave out."""


@dataclass(frozen=True, slots=True)
class Offer:
    """The districts of a plan under the numbers by which the store has them."""

    plan: plans.PlanRow
    districts: dict[int, District]


@dataclass(frozen=True, slots=True)
class Gathered:
    """What came of an offer: the routes of all districts as one plan, and a sentence about it."""

    start: Routes
    note: str


def offer(
    connection: Connection, plan: plans.PlanRow, sketch: Sketch, most_visits: int, elapsed_s: float
) -> Offer | None:
    """Offer a day's districts to all planners; None where the day is not too large for one, or there is only one."""
    tasks = len(sketch.outline.tasks)
    if tasks <= most_visits or stored.count_planners(connection) < 2:
        return None
    districts = divide(sketch.outline, ceil(tasks / most_visits))
    if len(districts) < 2:
        return None
    limit_s = plan.asked.time_limit_s
    lasts_s = max(LEAST_SHARE * limit_s, DISTRICTS_SHARE * limit_s - elapsed_s)
    problems = [(len(district.tasks), encoded(district.outline)) for district in districts]
    with connection.transaction():
        numbers = stored.offer_districts(connection, plan.plan_id, problems, lasts_s)
        request_districts(connection, plan.plan_id, len(numbers))
    return Offer(plan, dict(zip(numbers, districts, strict=True)))


def gather(
    connection: Connection,
    offered: Offer,
    tasks: Sequence[Task],
    network: RoadNetwork,
    solver: SolverProcess,
    should_stop: Callable[[], bool],
    tell: Tell,
) -> Gathered:
    """Work on what nobody else does, wait for what others do, and put all routes together; `tasks` are the day's.

    Raises:
        SolvingStoppedError: `should_stop` said yes.

    """
    plan_id = offered.plan.plan_id

    def tell_all() -> list[stored.DistrictRow]:
        rows = stored.load_districts(connection, plan_id, LATE_S)
        tell(
            sum(row.cost or 0 for row in rows),
            sum(row.visits if row.unserved is None else row.unserved for row in rows),
        )
        return rows

    while True:
        if should_stop():
            raise SolvingStoppedError
        held = stored.take_district(connection, _name(), plan_id)
        if held is not None and not work_on(connection, held, network, solver, should_stop, tell_all):
            time.sleep(HOLD_INTERVAL_S)
            continue
        rows = tell_all()
        if held is None and not any(row.is_awaited for row in rows):
            break
        time.sleep(ASK_INTERVAL_S)
    answers = [
        (offered.districts[row.district_id], msgspec.msgpack.decode(row.result, type=list[RouteNumbers]))
        for row in rows
        if row.result is not None
    ]
    return Gathered(joined(tasks, answers), _told(rows))


def work_on(
    connection: Connection,
    held: stored.HeldDistrict,
    network: RoadNetwork,
    solver: SolverProcess,
    should_stop: Callable[[], bool],
    on_better: Callable[[], object] = lambda: None,
) -> bool:
    """Search a district for its share of the time and store its routes; false where it was stopped or went wrong.

    Where there are more districts than planners each gets so much less time that all come to their turn.
    """
    turns = ceil(held.unbegun / max(1, stored.count_planners(connection)))
    search_s = held.left_s / turns
    until_s = time.monotonic() + search_s
    seed = plans.load_plan(connection, held.plan_id).asked.seed
    hold = _Hold(connection, held.district_id, should_stop)

    def note(_elapsed_s: float, cost: int, unserved: int) -> None:
        stored.tell_of_district(connection, held.district_id, cost, unserved)
        on_better()

    try:
        outline = decoded(held.problem)
        matrix = ask_roads(network, outline.places, outline.kerb, hold.is_over)
        problem = outline.with_roads(Travel(matrix.duration_s, matrix.distance_m))
        left_s = max(until_s - time.monotonic(), LEAST_SEARCH_SHARE * search_s)
        solution = solver.solve(problem, left_s, seed, note, hold.is_over)
    except SolvingStoppedError:
        stored.let_go_of_district(connection, held.district_id)
        return False
    except RiqingError as error:
        log.warning("district %d of plan %s was not planned: %s", held.district_id, held.plan_id, error)
        stored.let_go_of_district(connection, held.district_id)
        return False
    answer = msgspec.msgpack.encode(route_numbers(solution))
    stored.answer_district(connection, held.district_id, solution.cost, len(solution.unserved), answer)
    return True


def help_with(
    connection: Connection,
    plan_id: UUID,
    network: RoadNetwork,
    solver: SolverProcess,
    should_stop: Callable[[], bool],
) -> None:
    """Work on a district of a plan that nobody works on; look again soon where others work on all that are left."""
    held = stored.take_district(connection, _name(), plan_id)
    if held is not None:
        work_on(connection, held, network, solver, should_stop)
    elif any(row.is_awaited for row in stored.load_districts(connection, plan_id, 0.0)):
        # Whoever works on it may be killed; to wait here would hold up other plans.
        request_districts(connection, plan_id, 1, LOOK_AGAIN_S)


class AskedRoads:
    """A matrix of some places that has been asked for, beside other work; leaving the block calls it off."""

    def __init__(
        self,
        network: RoadNetwork,
        places: Sequence[Position],
        kerb: Collection[Position],
        snaps: Sequence[Snap | None] | None = None,
    ) -> None:
        """Ask the roads; `snaps` are those of the places where they are known."""
        self._unwanted = threading.Event()
        self._pool = ThreadPoolExecutor(1, "riqing-roads")
        self._asking = self._pool.submit(
            network.matrix, places, kerb=kerb, snaps=snaps, is_unwanted=self._unwanted.is_set
        )

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Make no more requests; the one that is under way is not waited for."""
        self._unwanted.set()
        self._pool.shutdown(wait=False)

    def answer(self, should_stop: Callable[[], bool]) -> Matrix:
        """Wait for the matrix, as long as somebody wants it.

        Raises:
            SolvingStoppedError: `should_stop` said yes.
            RoadEngineError: the server does not answer.

        """
        while not wait([self._asking], ASK_INTERVAL_S).done:
            if should_stop():
                raise SolvingStoppedError
        return self._asking.result()


def ask_roads(
    network: RoadNetwork, places: Sequence[Position], kerb: Collection[Position], should_stop: Callable[[], bool]
) -> Matrix:
    """Return the matrix of some places; the wait for it ends when nobody wants it any more.

    Raises:
        SolvingStoppedError: `should_stop` said yes.
        RoadEngineError: the server does not answer.

    """
    with AskedRoads(network, places, kerb) as asked:
        return asked.answer(should_stop)


class _Hold:
    """Holds a district, and tells when the work on it is over: nobody wants it, or the planner stops."""

    def __init__(self, connection: Connection, district_id: int, should_stop: Callable[[], bool]) -> None:
        self._connection = connection
        self._district_id = district_id
        self._should_stop = should_stop
        self._hold_again_at = 0.0

    def is_over(self) -> bool:
        if self._should_stop():
            return True
        if time.monotonic() < self._hold_again_at:
            return False
        self._hold_again_at = time.monotonic() + HOLD_INTERVAL_S
        return not stored.hold_district(self._connection, self._district_id)


def _name() -> str:
    return f"{socket.gethostname()} {os.getpid()}"


def _told(rows: Sequence[stored.DistrictRow]) -> str:
    """A sentence on who planned the districts."""
    done = [row for row in rows if row.result is not None]
    others = sum(row.taken_by != _name() for row in done)
    sentence = f"Planned in {len(rows)} districts, {others} of them by other planners."
    late = [row.visits for row in rows if row.result is None]
    if late:
        sentence += f" {len(late)} came too late: the {sum(late)} visits there were put in afterwards."
    return sentence
