"""`riqing plan`: plan a day, watch its cost fall, see the routes and what is not served and why."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date, timedelta
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from services.cli.options import DEFAULT_DATA_DIR, DataDir
from services.domain.errors import ConflictError, InvalidRequestError, RiqingError
from services.domain.kinds import PlanStatus, StopKind
from services.domain.town import Town
from services.store import plans
from services.store.connection import Connection, connect
from services.store.jobs import request_plan, request_publication
from services.store.plans import PlanRequest, PlanRow
from services.store.town import load_clock, load_town

LOOK_INTERVAL_S = 1.0
"""Announcements wake us earlier; this is for those that were missed."""

NOBODY_PLANS_AFTER_S = 120.0
"""A plan that is still queued then has no worker; a search before it takes a minute at most by default."""

PUBLISHED_WITHIN_S = 120.0


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("plan")(plan_day)


def plan_day(
    day: Annotated[str, typer.Argument(metavar="DATE", help="The service day: YYYY-MM-DD, today or tomorrow.")],
    time_limit: Annotated[
        float, typer.Option("--time-limit", min=1.0, max=3600.0, help="Seconds that the search may take.")
    ] = plans.DEFAULT_TIME_LIMIT_S,
    publish: Annotated[bool, typer.Option("--publish", help="Send the plan to the trucks.")] = False,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Fixes the search's chance.")] = 0,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Plan a day; print its routes, and what is not served and why."""
    del data_dir  # its settings are in the environment by now
    console = Console()
    with connect(autocommit=True) as connection:
        town = load_town(connection)
        now = load_clock(connection).now()
        request = PlanRequest(_service_date(day, town.service_date(now)), time_limit, seed=seed)
        connection.execute(f"LISTEN {plans.PLAN_CHANGED}")
        connection.execute(f"LISTEN {plans.PLAN_PROGRESS}")
        with connection.transaction():
            plan_id = request_plan(connection, request, "command line", now)
        with _cancelled_on_interrupt(connection, plan_id):
            plan = _wait_until_done(connection, plan_id, request.time_limit_s)
        if plan.status is not PlanStatus.READY:
            raise RiqingError(plan.failure or f"The plan was {plan.status} by somebody else.")
        show_plan(console, connection, plan, town)
        if publish:
            _publish(connection, plan_id)
            console.print(f"Published to {len(plans.load_routes(connection, plan_id))} trucks.")


def _service_date(text: str, today: date) -> date:
    if text in ("today", "tomorrow"):
        return today + timedelta(days=text == "tomorrow")
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InvalidRequestError(f"{text!r} is not a date; write YYYY-MM-DD, today or tomorrow.") from error


@contextmanager
def _cancelled_on_interrupt(connection: Connection, plan_id: UUID) -> Iterator[None]:
    """Cancel the plan when the person presses Ctrl-C, then go on leaving."""
    try:
        yield
    except KeyboardInterrupt:
        with suppress(ConflictError):  # it was done in the same moment; there is nothing left to cancel
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


def _publish(connection: Connection, plan_id: UUID) -> None:
    with connection.transaction():
        request_publication(connection, plan_id)
    give_up_at = time.monotonic() + PUBLISHED_WITHIN_S
    for plan in _changes(connection, plan_id):
        if plan.is_published:
            return
        if time.monotonic() > give_up_at:
            reason = plan.notes[-1] if plan.notes else "see the planner's log."
            raise RiqingError(f"The plan is ready but was not published within {PUBLISHED_WITHIN_S:.0f} s: {reason}")


def show_plan(console: Console, connection: Connection, plan: PlanRow, town: Town) -> None:
    """Print a plan's routes, its sums, what is not served and why, and its notes."""
    routes = Table(title=f"Plan for {plan.service_date}")
    for name in ("vehicle", "leaves", "back", "points", "unloads", "km", "hours", "kg"):
        routes.add_column(name, justify="left" if name == "vehicle" else "right")
    for route in plans.load_routes(connection, plan.plan_id):
        stops = plans.load_stops(connection, plan.plan_id, route.vehicle_id)
        leaves, back = (instant.astimezone(town.zone_info) for instant in (stops[0].depart_at, stops[-1].arrive_at))
        routes.add_row(
            route.vehicle_id,
            f"{leaves:%H:%M}",
            f"{back:%H:%M}",
            str(sum(stop.kind == StopKind.POINT for stop in stops)),
            str(sum(stop.kind == StopKind.STATION for stop in stops)),
            f"{route.distance_m / 1000:.1f}",
            f"{route.duration_s // 3600}:{route.duration_s % 3600 // 60:02d}",
            f"{route.collected_kg:,.0f}",
        )
    unserved = plans.load_unserved(connection, plan.plan_id)
    if routes.row_count:
        console.print(routes)
    console.print(
        f"Plan {plan.plan_id}: {plan.served} visits served, {len(unserved)} not; "
        f"{(plan.distance_m or 0) / 1000:,.1f} km, cost {plan.cost or 0:,.2f}."
    )
    if unserved:
        reasons = Table(title="Not served")
        for name in ("point", "visit", "reason", "why"):
            reasons.add_column(name)
        for row in unserved:
            reasons.add_row(row.point_id, str(row.occurrence), row.reason, row.detail)
        console.print(reasons)
        counts = Counter(row.reason for row in unserved)
        console.print(f"Not served: {', '.join(f'{count} {reason}' for reason, count in counts.most_common())}.")
    for note in plan.notes:
        console.print(note)
