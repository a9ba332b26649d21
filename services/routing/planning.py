"""The job of planning a day: fetches the register and the roads' answers, has it solved, and stores the plan."""

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import psycopg

from services.domain.errors import RiqingError
from services.domain.kinds import REFUSE_UNLOADING_KINDS, FacilityKind, PlanStatus
from services.domain.plan import Plan
from services.roads.network import RoadNetwork
from services.routing.assemble import COINS, Assembly, assemble, plan_without_search, to_plan
from services.routing.expecting import Expected, expect
from services.routing.reasons import explain
from services.routing.rest import rest_of_day
from services.routing.revising import load_situation
from services.routing.revision import Revision
from services.routing.selection import Register, select
from services.routing.solution import Solution
from services.routing.solver_process import SolverProcess, SolvingStoppedError
from services.routing.whole_day import spent_cost, whole_plan
from services.store import plans, registry
from services.store.connection import Connection
from services.store.demand import save_demands
from services.store.jobs import request_publication
from services.store.town import load_clock, load_town

log = logging.getLogger(__name__)

ASK_STORE_INTERVAL_S = 0.5
"""How often the store is asked whether the plan is still wanted."""

PUBLISHED_IN_S = 5.0
"""How long it takes to send out a revision that is ready."""

LEAST_SEARCH_SHARE = 0.5
"""What the search gets of the time limit even where the roads took longer to ask than the rest."""


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
            assembly = assemble(expected.selection, network.matrix(expected.selection.places))
            result = _solve(connection, plan, assembly, solver, watch, started)
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


def _solve(
    connection: Connection,
    plan: plans.PlanRow,
    assembly: Assembly,
    solver: SolverProcess,
    watch: _Watch,
    started: float,
) -> Plan:
    if assembly.is_trivial:
        return plan_without_search(assembly)
    return to_plan(assembly, _search(connection, plan, assembly, solver, watch, started))


def _search(
    connection: Connection,
    plan: plans.PlanRow,
    assembly: Assembly,
    solver: SolverProcess,
    watch: _Watch,
    started: float,
    revision: Revision | None = None,
    spent: int = 0,
) -> Solution:
    """Have a problem solved in what is left of the plan's time; `spent` coins are in its cost already."""
    before_search_s = time.monotonic() - started
    left_out_before = len(assembly.unserved)

    def note(elapsed_s: float, cost: int, unserved: int) -> None:
        row = plans.ProgressRow(before_search_s + elapsed_s, (spent + cost) / COINS, left_out_before + unserved)
        plans.add_progress(connection, plan.plan_id, row)

    limit_s = plan.asked.time_limit_s
    time_limit_s = max(LEAST_SEARCH_SHARE * limit_s, limit_s - before_search_s)
    return solver.solve(assembly.problem, time_limit_s, plan.asked.seed, note, watch.should_stop, revision)


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
    rest = rest_of_day(found, network.matrix(found.selection.places), round(asked.change_cost * COINS))
    if rest.assembly.is_trivial:
        nothing = Solution((), explain(rest.problem, (), range(len(rest.problem.tasks))), 0, 0, 0)
        return whole_plan(rest, nothing)
    revision = Revision(rest.previous, rest.locked)
    solution = _search(connection, plan, rest.assembly, solver, watch, started, revision, spent_cost(rest))
    return whole_plan(rest, solution)
