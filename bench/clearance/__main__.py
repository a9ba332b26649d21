"""`python -m bench.clearance`: the truth table of clearance; `… jerseycity FILE`: stays in real tracks."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bench.clearance import jerseycity as real
from bench.clearance.truth_table import Order, as_json, judge_days, mixes_of, seeds_of, show

WIDTH = 120
app = typer.Typer(invoke_without_command=True, add_completion=False)


@app.callback()
def truth_table(
    context: typer.Context,
    seeds: Annotated[str, typer.Option(help="such as 1-20 or 3,5,8-9")] = "1-20",
    mix: Annotated[list[str] | None, typer.Option(help="only mixes with this in their name; repeatable")] = None,
    compactors: Annotated[int, typer.Option(min=2, max=8, help="trucks of a day, beside one crane truck")] = 4,
    processes: Annotated[int, typer.Option(min=1)] = os.cpu_count() or 1,
    as_one_object: Annotated[bool, typer.Option("--json", help="print one JSON object instead of the table")] = False,
) -> None:
    """Drive simulated days, decide their visits from what the devices told, and hold them against the truth."""
    if context.invoked_subcommand is not None:
        return
    try:
        order = Order(seeds_of(seeds), mixes_of(mix or ()), compactors, processes)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    tallies = judge_days(order)
    if as_one_object:
        print(json.dumps({"seeds": list(order.seeds), "mixes": as_json(tallies)}))
    else:
        show(tallies, f"Visits against the truth, seeds {seeds}", Console(width=WIDTH))


@app.command()
def jerseycity(
    source: Annotated[Path, typer.Argument(exists=True, help="truck_gps_2015-12.csv")],
    picture: Annotated[Path | None, typer.Option(help="an SVG of tracks and stays to write")] = None,
    as_one_object: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Find the stays of a day of real trucks, and say what share of them is plausible."""
    day = real.read_day(source)
    counts = real.summary(day)
    if picture is not None:
        picture.write_text(real.picture(day), encoding="utf-8")
    if as_one_object:
        print(json.dumps(counts))
    else:
        print("\n".join(f"{name:<28} {count:>8g}" for name, count in counts.items()))


if __name__ == "__main__":
    app()
