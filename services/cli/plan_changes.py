"""`riqing plan replan`, `insert`, `edit`, `compare` and `show`: the day's plan while it is driven."""

from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console

from services.cli.options import DEFAULT_DATA_DIR, DataDir
from services.cli.plan_tables import show_broken, show_comparison, show_places, show_plan, show_route
from services.cli.plan_waiting import listen, publish_and_wait, wait_until_done
from services.cli.plan_words import CHANGES, change_of, late_of, waiting_of
from services.domain.circumstances import LateVehicle
from services.domain.errors import InvalidRequestError
from services.domain.town import Town
from services.roads.network import RoadNetwork
from services.routing.by_hand import Move
from services.routing.revising import (
    Insertion,
    Order,
    best_places,
    compare_plans,
    edit_by_hand,
    load_revisable,
    replan_request,
    told_of,
)
from services.store import plans
from services.store.connection import Connection, connect
from services.store.jobs import request_plan
from services.store.plans import PlanRequest, PlanRow
from services.store.town import load_clock, load_town

WHO = "command line"
PlanOption = Annotated[
    str | None, typer.Option("--plan", metavar="PLAN", help="The plan's id; else the one that the trucks have today.")
]
Publish = Annotated[bool, typer.Option("--publish", help="Send the new plan to the trucks.")]


def add_commands(app: typer.Typer) -> None:
    """Add the commands below `riqing plan`."""
    for command in (show, replan, insert, edit, compare):
        app.command()(command)


def show(
    plan: PlanOption = None,
    vehicle: Annotated[str | None, typer.Option("--vehicle", help="Its stops instead of all routes.")] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Print a plan, or one vehicle's stops with what each was planned on."""
    del data_dir  # its settings are in the environment by now
    with connect() as connection:
        row, town = _plan(connection, plan), load_town(connection)
        if vehicle is None:
            show_plan(Console(), connection, row, town)
        else:
            show_route(Console(), connection, row, vehicle, town)


def replan(
    plan: PlanOption = None,
    broken: Annotated[list[str] | None, typer.Option("--broken", metavar="VEHICLE", help="It goes no further.")] = None,
    closed: Annotated[
        list[str] | None, typer.Option("--closed", metavar="FACILITY", help="It takes nothing more.")
    ] = None,
    urgent: Annotated[
        list[str] | None, typer.Option("--urgent", metavar="POINT[=KG]", help="To be visited before all others.")
    ] = None,
    late: Annotated[
        list[str] | None,
        typer.Option("--late", metavar="VEHICLE=MINUTES", help="It is behind its route and does not tell so itself."),
    ] = None,
    change_cost: Annotated[
        float, typer.Option("--change-cost", min=0.0, help="A visit changes its vehicle only where that saves more.")
    ] = plans.DEFAULT_CHANGE_COST,
    time_limit: Annotated[
        float, typer.Option("--time-limit", min=1.0, max=3600.0, help="Seconds that the search may take.")
    ] = plans.DEFAULT_TIME_LIMIT_S,
    publish: Publish = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Plan the rest of the day anew, close to the plan: what is done or under way stays."""
    del data_dir  # its settings are in the environment by now
    late_vehicles = [LateVehicle(name, round(60 * minutes)) for name, minutes in map(late_of, late or ())]
    with connect(autocommit=True) as connection:
        before, town, now = _plan(connection, plan), load_town(connection), load_clock(connection).now()
        situation = load_revisable(connection, before.plan_id, now)
        told = told_of(
            situation,
            broken=broken or (),
            closed=closed or (),
            late=late_vehicles,
            urgent=[waiting_of(text) for text in urgent or ()],
        )
        request = PlanRequest(before.service_date, time_limit, change_cost=change_cost)
        listen(connection)
        with connection.transaction():
            request = replan_request(situation, told, request)
            plan_id = request_plan(connection, request, WHO, now, before.plan_id)
        row = wait_until_done(connection, plan_id, time_limit)
        _show_revision(connection, row, before.plan_id, town, publish=publish)


def insert(
    point: Annotated[str, typer.Argument(help="The point that waits.")],
    kg: Annotated[
        float | None, typer.Option("--kg", min=0.0, help="What waits there; else what is registered.")
    ] = None,
    into: Annotated[
        str | None, typer.Option("--into", metavar="VEHICLE", help="Make the change, in this vehicle's route.")
    ] = None,
    before: Annotated[
        int | None, typer.Option("--before", metavar="STOP", min=1, help="Before this stop; else where it is cheapest.")
    ] = None,
    plan: PlanOption = None,
    publish: Publish = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Print the best three places for an urgent point with their prices; with --into, put it there."""
    del data_dir  # its settings are in the environment by now
    if into is not None:
        _edit(plan, [Insertion(point, kg, into, before)], publish=publish)
        return
    if before is not None or publish:
        raise InvalidRequestError("--before and --publish go with --into VEHICLE.")
    with connect() as connection, RoadNetwork.for_profile() as network:
        row, town, now = _plan(connection, plan), load_town(connection), load_clock(connection).now()
        show_places(Console(), best_places(connection, network, row.plan_id, point, kg, now), town)


def edit(
    changes: Annotated[list[str], typer.Argument(metavar="CHANGE...", help=CHANGES)],
    plan: PlanOption = None,
    publish: Publish = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Change a plan by hand, as in: riqing plan edit "move P1 V2" "lock V3"."""
    del data_dir  # its settings are in the environment by now
    _edit(plan, [change_of(text) for text in changes], publish=publish)


def compare(
    plan: Annotated[str, typer.Argument(metavar="PLAN", help="The plan's id.")],
    other: Annotated[
        str | None, typer.Argument(metavar="BEFORE", help="What it is put beside; else the plan that it revises.")
    ] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Put two plans of a day side by side: their figures, and what moved."""
    del data_dir  # its settings are in the environment by now
    with connect() as connection:
        row, town = plans.load_plan(connection, _plan_id(plan)), load_town(connection)
        before_id = row.replans_plan_id if other is None else _plan_id(other)
        if before_id is None:
            raise InvalidRequestError(f"Plan {row.plan_id} revises no other; name the plan to put it beside.")
        found = compare_plans(connection, row.plan_id, before_id)
        show_comparison(Console(), found, before_id, row.plan_id, town)


def _edit(plan: str | None, changes: list[Move | Insertion | Order], *, publish: bool) -> None:
    with connect(autocommit=True) as connection, RoadNetwork.for_profile() as network:
        before, town, now = _plan(connection, plan), load_town(connection), load_clock(connection).now()
        situation = load_revisable(connection, before.plan_id, now)
        listen(connection)
        with connection.transaction():
            edited = edit_by_hand(connection, network, situation, changes, WHO)
        row = plans.load_plan(connection, edited.plan_id)
        _show_revision(connection, row, before.plan_id, town, publish=publish)
        show_broken(Console(), edited.broken)


def _show_revision(connection: Connection, row: PlanRow, before_id: UUID, town: Town, *, publish: bool) -> None:
    console = Console()
    show_plan(console, connection, row, town)
    show_comparison(console, compare_plans(connection, row.plan_id, before_id), before_id, row.plan_id, town)
    if publish:
        publish_and_wait(connection, row.plan_id)
        console.print("Published.")


def _plan(connection: Connection, text: str | None) -> PlanRow:
    """The plan that is meant: by its id, else the published one of the town's day."""
    if text is not None:
        return plans.load_plan(connection, _plan_id(text))
    day = load_town(connection).service_date(load_clock(connection).now())
    found = plans.find_published_plan(connection, day)
    if found is None:
        raise InvalidRequestError(f"No plan is published for today, {day}; name one with --plan.")
    return found


def _plan_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise InvalidRequestError(f"{text!r} is no plan's id; `riqing plan DATE` prints it.") from error
