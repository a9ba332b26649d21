"""The job of planning a day: fetches the register and the roads' answers, has it solved, and stores the plan."""

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import psycopg

from services.domain.errors import RiqingError
from services.domain.kinds import REFUSE_UNLOADING_KINDS, FacilityKind, PlanStatus
from services.domain.plan import Plan
from services.roads.network import RoadNetwork
from services.routing.assemble import COINS, Assembly, plan_without_search, sketch, to_plan
from services.routing.expecting import Expected, expect
from services.routing.mending import Routes
from services.routing.reasons import explain
from services.routing.rest import rest_of_day
from services.routing.revising import load_situation
from services.routing.revision import Revision
from services.routing.selection import Register, Selection, select
from services.routing.settings import PlannerSettings
from services.routing.sharing import AskedRoads, Gathered, ask_roads, gather, offer
from services.routing.solution import Solution
from services.routing.solver_process import SolverProcess, SolvingStoppedError
from services.routing.whole_day import spent_cost, whole_plan
from services.store import plans, registry
from services.store.connection import Connection
from services.store.demand import save_demands
from services.store.jobs import request_publication
from services.store.plan_districts import withdraw_districts
from services.store.town import load_clock, load_town

log = logging.getLogger(__name__)

ASK_STORE_INTERVAL_S = 0.5
"""How often the store is asked whether the plan is still wanted."""

PUBLISHED_IN_S = 5.0
"""How long it takes to send out a revision that is ready."""

LEAST_SEARCH_SHARE = 0.5
"""What the search gets of the time limit even where the roads took longer to ask than the rest."""

LEAST_SEAMS_SHARE = 0.2
"""The same where it has only to mend what districts' searches have found."""


class PlannerStoppingError(Exception):
    """The worker is being stopped; the plan waits for the next one."""


def plan_day(
    connection: Connection,
    plan_id: UUID,
    network: RoadNetwork,
    solver: SolverProcess,
    is_stopping: Callable[[], bool],
) -> None:
    """Make the plan that was asked for, and leave it ready, failed or cancelled in the store.

    `connection` commits each statement by itself. The time limit counts from now: asking the roads is a
    part of it, as long as that takes less than half of it.

    Raises:
        PlannerStoppingError: `is_stopping` said yes; the plan is queued again.
        psycopg.OperationalError: the database went away; the plan is as it was left.

    """
    started = time.monotonic()
    clock = load_clock(connection)
    plan = plans.start_solving(connection, plan_id, clock.now())
    if plan.status is not PlanStatus.SOLVING:
        return
    watch = _Watch(connection, plan_id, is_stopping)
    expected: Expected | None = None
    try:
        if plan.replans_plan_id is None:
            expected = _expected(connection, plan)
            result = _plan(connection, plan, expected.selection, network, solver, watch, started)
        else:
            result = _revise(connection, plan, network, solver, watch, started)
        with connection.transaction():
            if expected is not None:
                save_demands(connection, plan_id, expected.demands)
            plans.finish_ready(connection, plan_id, result, clock.now())
            if plan.asked.publish:
                request_publication(connection, plan_id)
    except SolvingStoppedError:
        if not watch.is_stopping:
            plans.finish_cancelled(connection, plan_id, clock.now())
            return
        plans.put_back(connection, plan_id)
        raise PlannerStoppingError from None
    except RiqingError as error:
        plans.finish_failed(connection, plan_id, str(error), clock.now())
    except psycopg.OperationalError:
        raise
    except Exception as error:
        log.exception("planning %s failed", plan_id)
        sentence = f"The planner met an error of its own ({type(error).__name__}); its log has the details."
        plans.finish_failed(connection, plan_id, sentence, clock.now())


class _Watch:
    """Tells whether solving should stop, because the worker does or because nobody wants the plan any more."""

    def __init__(self, connection: Connection, plan_id: UUID, is_stopping: Callable[[], bool]) -> None:
        self._connection = connection
        self._plan_id = plan_id
        self._asks_worker = is_stopping
        self._ask_again_at = 0.0
        self.is_stopping = False

    def should_stop(self) -> bool:
        """Ask the worker always, the store now and then."""
        self.is_stopping = self._asks_worker()
        if self.is_stopping:
            return True
        if time.monotonic() < self._ask_again_at:
            return False
        self._ask_again_at = time.monotonic() + ASK_STORE_INTERVAL_S
        return plans.is_cancel_requested(self._connection, self._plan_id)


def _expected(connection: Connection, plan: plans.PlanRow) -> Expected:
    asked = plan.asked
    with connection.transaction():
        town, now = load_town(connection), load_clock(connection).now()
        register = Register(
            points=registry.load_points(connection),
            facilities=registry.load_facilities(connection, {FacilityKind.DEPOT, *REFUSE_UNLOADING_KINDS}),
            vehicles=registry.load_vehicles(connection),
            zones=registry.load_zones(connection),
        )
    selection = select(town, plan.service_date, register, asked.point_ids, asked.vehicle_ids)
    return expect(connection, selection, asked.demand_quantile, now)


def _plan(
    connection: Connection,
    plan: plans.PlanRow,
    selection: Selection,
    network: RoadNetwork,
    solver: SolverProcess,
    watch: _Watch,
    started: float,
) -> Plan:
    """Plan a day from nothing; a large one together with other planners."""
    places = selection.places
    snaps = network.snap(places)
    drawn = sketch(selection, snaps)
    course = _Course(connection, plan, started, len(drawn.unserved))
    offered = offer(connection, plan, drawn, PlannerSettings().district_visits, time.monotonic() - started)
    gathered: Gathered | None = None
    with AskedRoads(network, places, selection.kerb, snaps) as asked:
        if offered is not None:
            try:
                tasks = drawn.outline.tasks
                gathered = gather(connection, offered, tasks, network, solver, watch.should_stop, course.note_now)
            finally:
                withdraw_districts(connection, plan.plan_id)
        assembly = drawn.with_roads(asked.answer(watch.should_stop))
    if assembly.is_trivial:
        return plan_without_search(assembly)
    if gathered is None:
        return to_plan(assembly, _search(assembly, solver, watch, course))
    assembly = replace(assembly, notes=(*assembly.notes, gathered.note))
    return to_plan(assembly, _search(assembly, solver, watch, course, start=gathered.start))


class _Course:
    """Notes what is found in the course of a plan: each plan that leaves out less, or as much and is cheaper.

    `left_out` visits are on none of them, and `spent` coins are in the cost of all.
    """

    def __init__(
        self, connection: Connection, plan: plans.PlanRow, started: float, left_out: int, spent: int = 0
    ) -> None:
        self._connection = connection
        self._started = started
        self._left_out = left_out
        self._spent = spent
        self._best = (2**62, 2**62)
        self.plan = plan

    def elapsed_s(self) -> float:
        """Return the seconds since the plan was begun."""
        return time.monotonic() - self._started

    def note_now(self, cost: int, unserved: int) -> None:
        """Note a plan that is there now."""
        self.note(self.elapsed_s(), cost, unserved)

    def note(self, elapsed_s: float, cost: int, unserved: int) -> None:
        """Note a plan; `cost` in coins."""
        if (unserved, cost) < self._best:
            self._best = (unserved, cost)
            row = plans.ProgressRow(elapsed_s, (self._spent + cost) / COINS, self._left_out + unserved)
            plans.add_progress(self._connection, self.plan.plan_id, row)


def _search(
    assembly: Assembly,
    solver: SolverProcess,
    watch: _Watch,
    course: _Course,
    revision: Revision | None = None,
    start: Routes | None = None,
) -> Solution:
    """Have a problem solved in what is left of the plan's time."""
    before_search_s = course.elapsed_s()

    def note(elapsed_s: float, cost: int, unserved: int) -> None:
        course.note(before_search_s + elapsed_s, cost, unserved)

    limit_s = course.plan.asked.time_limit_s
    share = LEAST_SEARCH_SHARE if start is None else LEAST_SEAMS_SHARE
    time_limit_s = max(share * limit_s, limit_s - before_search_s)
    seed = course.plan.asked.seed
    return solver.solve(assembly.problem, time_limit_s, seed, note, watch.should_stop, revision, start)


def _revise(
    connection: Connection,
    plan: plans.PlanRow,
    network: RoadNetwork,
    solver: SolverProcess,
    watch: _Watch,
    started: float,
) -> Plan:
    """Plan the rest of a day anew, close to the plan before."""
    assert plan.replans_plan_id is not None
    asked = plan.asked
    with connection.transaction():
        clock = load_clock(connection)
        before = plans.load_plan(connection, plan.replans_plan_id)
        now = clock.now() if asked.as_of is None else asked.as_of
        situation = load_situation(connection, before, load_town(connection), now)
    # The trucks go on by their old routes until the new ones are with them; how long that is, their clock tells.
    lead_s = clock.speed * (asked.time_limit_s + PUBLISHED_IN_S) if asked.as_of is None else 0.0
    found = situation.survey(asked.circumstances, timedelta(seconds=lead_s))
    matrix = ask_roads(network, found.selection.places, found.selection.kerb, watch.should_stop)
    rest = rest_of_day(found, matrix, round(asked.change_cost * COINS))
    if rest.assembly.is_trivial:
        nothing = Solution((), explain(rest.problem, (), range(len(rest.problem.tasks))), 0, 0, 0)
        return whole_plan(rest, nothing)
    revision = Revision(rest.previous, rest.locked)
    course = _Course(connection, plan, started, len(rest.assembly.unserved), spent_cost(rest))
    solution = _search(rest.assembly, solver, watch, course, revision)
    return whole_plan(rest, solution)
