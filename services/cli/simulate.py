"""`riqing simulate`: devices that drive the published plan of a day."""

import asyncio
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from firmware_sim.faults import Faults, load_faults
from firmware_sim.settings import SimulatorSettings
from firmware_sim.simulator import SimulationOrder, SimulationResult, simulate
from services.cli.options import DEFAULT_DATA_DIR, DataDir


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("simulate")(simulate_day)


def simulate_day(
    service_date: Annotated[
        datetime | None,
        typer.Option("--date", formats=["%Y-%m-%d"], help="The service day; by default the one the town is in."),
    ] = None,
    speed: Annotated[float, typer.Option(help="How many seconds of the town pass in a real one.")] = 60.0,
    seed: Annotated[int, typer.Option(help="The same seed and plan make the same day.")] = 1,
    faults: Annotated[Path | None, typer.Option(help="TOML file that says what goes wrong.")] = None,
    record: Annotated[Path | None, typer.Option(help="Write the truth here, as JSON lines.")] = None,
    from_departure: Annotated[
        bool, typer.Option("--from-departure", help="Begin shortly before the first truck leaves, not with the day.")
    ] = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Let simulated devices drive the day's published plan in fast time, over MQTT like real ones."""
    order = SimulationOrder(
        service_date=_date_of(service_date),
        speed=speed,
        seed=seed,
        faults=Faults() if faults is None else load_faults(faults),
        record=record,
        from_departure=from_departure,
    )
    result = asyncio.run(simulate(order, SimulatorSettings(data_dir=data_dir)))
    print(_summary(result))
    if not result.is_complete:
        raise typer.Abort
    if result.messages_acknowledged + result.messages_refused < result.messages_sent:
        raise typer.Exit(1)


def _date_of(given: datetime | None) -> date | None:
    return None if given is None else given.date()


def _summary(result: SimulationResult) -> str:
    refused = f", {result.messages_refused} refused" if result.messages_refused else ""
    return (
        f"{result.stops_served} of {result.stops_planned} planned stops served; "
        f"{result.messages_sent} messages sent, {result.messages_acknowledged} acknowledged{refused}."
    )
