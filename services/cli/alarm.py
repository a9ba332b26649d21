"""`riqing alarm`: the limits that alarms are raised by, and setting them."""

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from services.cli.options import DEFAULT_DATA_DIR, DataDir
from services.domain.errors import InvalidRequestError
from services.store.alarm_limits import LimitChange, change_of, load_alarm_limits, set_alarm_limit
from services.store.audit import record_action
from services.store.connection import connect
from services.store.standards import StandardLimit
from services.store.town import load_clock

LONGEST_NOTE = 500


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    alarm = typer.Typer(help="Alarms: the limits that raise them.", no_args_is_help=True)
    alarm.command("limits")(alarm_limits)
    alarm.command("set-limit")(alarm_set_limit)
    app.add_typer(alarm, name="alarm")


def alarm_limits(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """List the limits: above which an alarm is raised, at which it clears, and where the limit is from."""
    del data_dir  # its settings are in the environment by now
    with connect() as connection:
        found = load_alarm_limits(connection)
    if as_json:
        print(json.dumps([asdict(limit) for limit in found], ensure_ascii=False))
        return
    table = Table(Column("limit", no_wrap=True), "raises above", "clears at", "unit", "of", "from")
    for limit in found:
        table.add_row(
            limit.limit_id, _told(limit.value_high), _told(limit.value_low), limit.unit, limit.clause, limit.standard
        )
    Console().print(table)


def _told(value: float | None) -> str:
    return "–" if value is None else f"{value:g}"


def alarm_set_limit(
    limit_id: Annotated[str, typer.Argument(metavar="LIMIT", help="As `riqing alarm limits` names it.")],
    raises_above: Annotated[
        float | None, typer.Option(min=0.0, max=1_000_000.0, help="An alarm is raised above this.")
    ] = None,
    clears_at: Annotated[
        float | None, typer.Option(min=0.0, max=1_000_000.0, help="It clears there; where it is raised unless given.")
    ] = None,
    off: Annotated[bool, typer.Option("--off", help="Raise nothing by it any more.")] = False,
    note: Annotated[str | None, typer.Option(help="Why.")] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Set a limit for this office; alarms heed it from their next look on, five seconds later."""
    del data_dir  # its settings are in the environment by now
    if off == (raises_above is not None):
        raise InvalidRequestError("Name either --raises-above or --off.")
    if note is not None and len(note) > LONGEST_NOTE:
        raise InvalidRequestError(f"A note has at most {LONGEST_NOTE} characters.")
    with connect() as connection:
        before, after = set_alarm_limit(connection, limit_id, LimitChange(clears_at, raises_above, note))
        now = load_clock(connection).now()
        record_action(connection, now, "command line", "set", f"limit {limit_id}", change_of(before, after))
    print(f"{limit_id}: {_ends(before)} before, {_ends(after)} now.")


def _ends(limit: StandardLimit) -> str:
    if limit.value_high is None:
        return "off"
    clears = limit.value_high if limit.value_low is None else limit.value_low
    return f"raises above {limit.value_high:g} {limit.unit}, clears at {clears:g}"
