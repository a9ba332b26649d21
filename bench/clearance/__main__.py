"""`python -m bench.clearance`: the truth table of clearance; `… jerseycity FILE`: stays in real tracks."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bench.clearance import jerseycity as real
from bench.clearance import speed as measured
from bench.clearance.day import Told
from bench.clearance.passes import find_cleared, show_passes
from bench.clearance.truth_table import Order, as_json, judge_days, mixes_of, pooled, seeds_of, show

WIDTH = 120
app = typer.Typer(invoke_without_command=True, add_completion=False)


@app.callback()
def truth_table(
    context: typer.Context,
    seeds: Annotated[str, typer.Option(help="such as 1-20 or 3,5,8-9")] = "1-20",
    held_out: Annotated[str, typer.Option(help="of these the sums are printed apart too")] = "11-20",
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
    by_seed = judge_days(order)
    tallies = pooled(by_seed, order.seeds)
    apart = [seed for seed in order.seeds if seed in seeds_of(held_out)]
    if as_one_object:
        mixes = {"mixes": as_json(tallies), "held_out": as_json(pooled(by_seed, apart)) if apart else None}
        print(json.dumps({"seeds": list(order.seeds), **mixes}))
    else:
        title = f"Visits against the truth, seeds {seeds}"
        show(tallies, title, Console(width=WIDTH), pooled(by_seed, apart) if apart else None)


@app.command()
def passes(
    seeds: Annotated[str, typer.Option(help="such as 1-20 or 3,5,8-9")] = "1-20",
    mix: Annotated[list[str] | None, typer.Option(help="only mixes with this in their name; repeatable")] = None,
    told: Annotated[Told, typer.Option(help="what the devices tell")] = Told.GPS_AND_LOAD,
    compactors: Annotated[int, typer.Option(min=2, max=8)] = 4,
    processes: Annotated[int, typer.Option(min=1)] = os.cpu_count() or 1,
) -> None:
    """List each drive-past that became a visit, with what the truck served beside it meanwhile."""
    try:
        order = Order(seeds_of(seeds), mixes_of(mix or ()), compactors, processes)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    show_passes(find_cleared(order, told), Console(width=WIDTH))


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


@app.command()
def speed(
    trucks: Annotated[int, typer.Option(min=1, max=999)] = 300,
    due_visits: Annotated[int, typer.Option(min=1)] = 20_000,
    probes: Annotated[int, typer.Option(help="visits to follow to the live stream")] = 20,
    as_one_object: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Decide a whole day again, and follow single visits to the live stream, on a database of its own."""
    found = measured.run(trucks, due_visits, probes)
    if as_one_object:
        print(json.dumps(found))
    else:
        print(
            "\n".join(
                f"{name:<28} {f'{figure:.2f}' if figure % 1 else f'{figure:g}':>10}" for name, figure in found.items()
            )
        )


if __name__ == "__main__":
    app()
