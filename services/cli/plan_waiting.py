"""Waiting at the command line for a plan to be made, with its falling cost, and to be with the trucks."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from uuid import UUID

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from services.domain.errors import ConflictError, RiqingError
from services.domain.kinds import PlanStatus
from services.store import plans
from services.store.connection import Connection, connect
from services.store.jobs import request_publication
from services.store.plans import PlanRow
from services.store.town import load_clock

LOOK_INTERVAL_S = 1.0
"""Announcements wake us earlier; this is for those that were missed."""

NOBODY_PLANS_AFTER_S = 120.0
"""A plan that is still queued then has no worker; a search before it takes a minute at most by default."""

PUBLISHED_WITHIN_S = 120.0


def listen(connection: Connection) -> None:
    """Be woken when plans change; a connection that commits each statement by itself."""
    connection.execute(f"LISTEN {plans.PLAN_CHANGED}")
    connection.execute(f"LISTEN {plans.PLAN_PROGRESS}")


def wait_until_done(connection: Connection, plan_id: UUID, time_limit_s: float) -> PlanRow:
    """Wait for a plan that was asked for and return it; Ctrl-C cancels it.

    Raises:
        RiqingError: it failed, was cancelled, or nobody takes it.

    """
    with _cancelled_on_interrupt(plan_id):
        plan = _wait_until_done(connection, plan_id, time_limit_s)
    if plan.status is not PlanStatus.READY:
        raise RiqingError(plan.failure or f"The plan was {plan.status} by somebody else.")
    return plan


@contextmanager
def _cancelled_on_interrupt(plan_id: UUID) -> Iterator[None]:
    """Cancel the plan when the person presses Ctrl-C, then go on leaving.

    On a connection of its own: one that is interrupted within a question may be left in the middle of it.
    """
    try:
        yield
    except KeyboardInterrupt:
        with suppress(ConflictError), connect() as connection:  # or it was done in the same moment
            plans.cancel_plan(connection, plan_id, load_clock(connection).now())
        raise


def _changes(connection: Connection, plan_id: UUID) -> Iterator[PlanRow]:
    """Yield the plan now and whenever something about it may have changed."""
    while True:
        yield plans.load_plan(connection, plan_id)
        for _ in connection.notifies(timeout=LOOK_INTERVAL_S, stop_after=1):
            pass


def _wait_until_done(connection: Connection, plan_id: UUID, time_limit_s: float) -> PlanRow:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    asked_at = time.monotonic()
    solving_since: float | None = None
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("Waiting for the planner", total=time_limit_s)
        for plan in _changes(connection, plan_id):
            if plan.is_done:
                return plan
            if plan.status is PlanStatus.SOLVING:
                solving_since = time.monotonic() if solving_since is None else solving_since
                progress.update(
                    bar, completed=time.monotonic() - solving_since, description=_description(connection, plan_id)
                )
            elif time.monotonic() - asked_at > NOBODY_PLANS_AFTER_S:
                plans.cancel_plan(connection, plan_id, load_clock(connection).now())
                raise RiqingError(
                    "No planner takes the plan: see `riqing status`, and start the stack with `riqing up`."
                )
    raise AssertionError("a plan is watched until it is done")


def _description(connection: Connection, plan_id: UUID) -> str:
    found = plans.load_progress(connection, plan_id)
    if not found:
        return "Looking at the roads"
    left_out = f", {found[-1].unserved} visits left out" if found[-1].unserved else ""
    return f"Searching: cost {found[-1].cost:,.0f}{left_out}"


def publish_and_wait(connection: Connection, plan_id: UUID) -> None:
    """Have a plan sent to the trucks, and wait until each has its route.

    Raises:
        ConflictError: it is not ready.
        RiqingError: it was not sent in time.

    """
    with connection.transaction():
        request_publication(connection, plan_id)
    give_up_at = time.monotonic() + PUBLISHED_WITHIN_S
    for plan in _changes(connection, plan_id):
        if plan.is_published:
            return
        if time.monotonic() > give_up_at:
            reason = plan.notes[-1] if plan.notes else "see the planner's log."
            raise RiqingError(f"The plan is ready but was not published within {PUBLISHED_WITHIN_S:.0f} s: {reason}")
