"""`riqing plan DATE`: plan a day, watch its cost fall, see the routes and what is not served and why."""

from datetime import date, timedelta
from typing import Annotated, Any

import typer
from rich.console import Console
from typer.core import TyperGroup

from services.cli import plan_changes
from services.cli.options import DEFAULT_DATA_DIR, DataDir
from services.cli.plan_tables import show_plan
from services.cli.plan_waiting import listen, publish_and_wait, wait_until_done
from services.domain.errors import InvalidRequestError
from services.store import plans
from services.store.connection import connect
from services.store.jobs import request_plan
from services.store.plans import PlanRequest
from services.store.routes import load_routes
from services.store.town import load_clock, load_town

DAY = "day"


HELP = """Plan a day, and change its plan while it is driven.

riqing plan DATE [--time-limit S] [--publish] plans a day; DATE is YYYY-MM-DD, today or tomorrow.
"""


class _DateOrCommand(TyperGroup):
    """`riqing plan 2026-03-10` means `riqing plan day 2026-03-10`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = [DAY, *args]
        return super().parse_args(ctx, args)


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    planning = typer.Typer(no_args_is_help=True, help=HELP)
    planning.command(DAY)(plan_day)
    plan_changes.add_commands(planning)
    app.add_typer(planning, name="plan", cls=_DateOrCommand)


def plan_day(
    day: Annotated[str, typer.Argument(metavar="DATE", help="The service day: YYYY-MM-DD, today or tomorrow.")],
    time_limit: Annotated[
        float, typer.Option("--time-limit", min=1.0, max=3600.0, help="Seconds that the search may take.")
    ] = plans.DEFAULT_TIME_LIMIT_S,
    publish: Annotated[bool, typer.Option("--publish", help="Send the plan to the trucks.")] = False,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Fixes the search's chance.")] = 0,
    quantile: Annotated[
        float,
        typer.Option("--quantile", min=0.05, max=0.99, help="The chance with which no more waits than is planned for."),
    ] = plans.DEFAULT_DEMAND_QUANTILE,
    registered: Annotated[
        bool, typer.Option("--registered", help="Plan on the register's expected kg instead of the forecast.")
    ] = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Plan a day; print its routes, and what is not served and why."""
    del data_dir  # its settings are in the environment by now
    console = Console()
    with connect(autocommit=True) as connection:
        town = load_town(connection)
        now = load_clock(connection).now()
        request = PlanRequest(
            _service_date(day, town.service_date(now)),
            time_limit,
            seed=seed,
            demand_quantile=None if registered else quantile,
        )
        listen(connection)
        with connection.transaction():
            plan_id = request_plan(connection, request, "command line", now)
        plan = wait_until_done(connection, plan_id, request.time_limit_s)
        show_plan(console, connection, plan, town)
        if publish:
            publish_and_wait(connection, plan_id)
            console.print(f"Published to {len(load_routes(connection, plan_id))} trucks.")


def _service_date(text: str, today: date) -> date:
    if text in ("today", "tomorrow"):
        return today + timedelta(days=text == "tomorrow")
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InvalidRequestError(f"{text!r} is not a date; write YYYY-MM-DD, today or tomorrow.") from error
