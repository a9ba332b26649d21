"""`python -m bench.routing FILE…`: the planner beside PyVRP, OR-Tools and VROOM at the same wall time."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bench.routing.instance import Instance, write_solution
from bench.routing.kim import read_kim
from bench.routing.m3cvrp import read_m3cvrp
from bench.routing.measure import Measurement, measure_plan, measure_planner
from bench.routing.rivals import RIVALS
from bench.routing.vrplib import read_vrplib
from services.routing.warm_up import warm_up


def read(path: Path) -> Instance:
    """Read an instance of any of the three kinds, told by its name."""
    if path.is_dir():
        return read_m3cvrp(path)
    if path.name.endswith("_stop.txt"):
        return read_kim(path)
    if path.suffix == ".vrp":
        return read_vrplib(path)
    raise typer.BadParameter(f"{path} is neither *_stop.txt, nor .vrp, nor a folder with the M3CVRP files.")


def main(
    files: Annotated[list[Path], typer.Argument(help="*_stop.txt, .vrp, or a folder with the M3CVRP JSON files")],
    time_limit: Annotated[float, typer.Option(help="wall seconds of each solver")] = 60.0,
    seed: Annotated[int, typer.Option(help="the searches' seed")] = 0,
    workers: Annotated[int, typer.Option(help="searches of our planner at once")] = 2,
    solvers: Annotated[str, typer.Option(help="which to run, with commas")] = "riqing,pyvrp,ortools,vroom",
    solution_dir: Annotated[Path | None, typer.Option(help="write each plan there as JSON")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object instead of the table")] = False,
) -> None:
    """Solve each instance with each solver and print what the checker finds."""
    console = Console(stderr=as_json)
    warm_up()
    rows: list[dict[str, object]] = []
    for path in files:
        instance = read(path)
        for solver in solvers.split(","):
            row = _run(instance, solver, time_limit, seed, workers, solution_dir)
            if row is not None:
                rows.append(row)
                console.print(f"{instance.name}: {solver} {row['vehicles']} / {row['distance']:.1f} {row['unit']}")
    if as_json:
        print(json.dumps({"time_limit_s": time_limit, "seed": seed, "workers": workers, "results": rows}))
    else:
        console.print(_table(rows, time_limit))


def _run(
    instance: Instance, solver: str, time_limit_s: float, seed: int, workers: int, folder: Path | None
) -> dict[str, object] | None:
    course: list[tuple[float, int, int]] = []
    measurement: Measurement
    if solver == "riqing":
        measurement, solution, course = measure_planner(instance, time_limit_s, seed, workers)
    else:
        began = time.monotonic()
        plan = RIVALS[solver](instance, time_limit_s, seed)
        if plan is None:
            return None
        measurement, solution = measure_plan(solver, instance, plan, time.monotonic() - began)
    if folder is not None:
        write_solution(instance, solution, folder, solver)
    return {**asdict(measurement), "course": course[:: max(1, len(course) // 50)]}


def _table(rows: list[dict[str, object]], time_limit_s: float) -> Table:
    table = Table(title=f"{time_limit_s:g} s each, every plan re-added by the checker")
    words = ("instance", "solver", "unit", "broken")
    for name in (*words[:2], "vehicles", "distance", "unit", "gap", "unserved", "first_s", "wall_s", "broken"):
        table.add_column(name, justify="left" if name in words else "right")
    for row in rows:
        table.add_row(
            *[str(row[name]) for name in ("instance", "solver", "vehicles")],
            f"{row['distance']:.1f}",
            str(row["unit"]),
            "" if row["gap"] is None else f"{row['gap']:.2%}",
            str(row["unserved"]),
            "" if row["first_s"] is None else f"{row['first_s']:.1f}",
            f"{row['wall_s']:.1f}",
            ", ".join(f"{rule} {count}" for rule, count in dict(row["broken"]).items()) or "none",  # type: ignore[call-overload]
        )
    return table


if __name__ == "__main__":
    typer.run(main)
