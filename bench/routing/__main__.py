"""`python -m bench.routing FILE…`: the planner beside PyVRP, OR-Tools and VROOM at the same wall time."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from bench.routing.instance import Instance, write_solution
from bench.routing.kim import read_kim
from bench.routing.m3cvrp import read_m3cvrp
from bench.routing.measure import KERNEL, PLANNER, Measurement, measure_plan, measure_planner
from bench.routing.montevideo import SUFFIX, read_montevideo
from bench.routing.rivals import RIVALS, SEEDED
from bench.routing.vrplib import read_vrplib
from services.routing.ortools_model import Plan
from services.routing.warm_up import warm_up

TABLE_WIDTH = 132
MARKS_S = (1, 2, 5, 10, 20, 30, 60, 120, 300)
"""The cost is printed as it was after so many seconds."""


def read(path: Path) -> Instance:
    """Read an instance of any of the four kinds, told by its name."""
    if path.is_dir():
        return read_m3cvrp(path)
    if path.name.endswith("_stop.txt"):
        return read_kim(path)
    if path.name.endswith(SUFFIX):
        return read_montevideo(path)
    if path.suffix == ".vrp":
        return read_vrplib(path)
    raise typer.BadParameter(f"{path} is neither *_stop.txt, *.containers.txt, .vrp, nor a folder of M3CVRP files.")


def main(
    files: Annotated[
        list[Path], typer.Argument(help="*_stop.txt, *.containers.txt, .vrp, or a folder of M3CVRP JSON files")
    ],
    time_limit: Annotated[float, typer.Option(help="wall seconds of each solver")] = 60.0,
    seed: Annotated[int, typer.Option(help="the searches' first seed")] = 0,
    seeds: Annotated[int, typer.Option(min=1, help="run so many seeds each and print the median run")] = 1,
    steps: Annotated[int | None, typer.Option(help="steps of each of our searches, whatever time they take")] = None,
    workers: Annotated[int, typer.Option(help="cores: searches of our planner at once, and of who uses one")] = 2,
    solvers: Annotated[
        str, typer.Option(help="which to run, with commas; kernel is ours without OR-Tools")
    ] = "riqing,pyvrp,ortools,vroom",
    solution_dir: Annotated[Path | None, typer.Option(help="write each plan there as JSON")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object instead of the table")] = False,
) -> None:
    """Solve each instance with each solver and print what the checker finds."""
    console = Console(stderr=as_json, width=None if sys.stdout.isatty() else TABLE_WIDTH)
    warm_up()
    rows: list[dict[str, Any]] = []
    for path in files:
        instance = read(path)
        for solver in solvers.split(","):
            runs: list[tuple[Rank, dict[str, Any]]] = []
            for number in range(seed, seed + seeds):
                run = _run(instance, solver, Wanted(time_limit, number, workers, steps), solution_dir)
                if run is not None:
                    runs.append(run)
                    row = run[1]
                    console.print(f"{instance.name}: {solver} {row['vehicles']} / {row['distance']:.1f} {row['unit']}")
                    console.print(*_course(row["course"]))
            runs.sort(key=lambda run: run[0])
            rows += [row for _, row in runs] if as_json else [row for _, row in runs[(len(runs) - 1) // 2 :][:1]]
    if as_json:
        print(json.dumps({"time_limit_s": time_limit, "seed": seed, "workers": workers, "results": rows}))
    else:
        console.print(_table(rows, f"{steps:,} steps each" if steps else f"{time_limit:g} s each", seeds))


@dataclass(frozen=True, slots=True)
class Wanted:
    """One run: its wall seconds, or steps of each of our searches, its seed, and the cores."""

    time_limit_s: float
    seed: int
    workers: int
    steps: int | None = None


Rank = tuple[int, int, int, float]


def _run(instance: Instance, solver: str, wanted: Wanted, folder: Path | None) -> tuple[Rank, dict[str, Any]] | None:
    """Run a solver; what its plan is compared by, and its figures."""
    time_limit_s, seed, workers = wanted.time_limit_s, wanted.seed, wanted.workers
    course: list[tuple[float, int, int]] = []
    measurement: Measurement
    if solver in (PLANNER, KERNEL):
        measurement, solution, course = measure_planner(instance, time_limit_s, seed, workers, solver, wanted.steps)
    else:
        began = time.monotonic()
        plans = _rival_plans(instance, solver, time_limit_s, seed, workers)
        wall_s = time.monotonic() - began
        if not plans:
            return None
        measurement, solution = min(
            (measure_plan(solver, instance, plan, wall_s) for plan in plans),
            key=lambda found: _rank(instance, found[0]),
        )
    if folder is not None:
        write_solution(instance, solution, folder, solver)
    row = {**asdict(measurement), "seed": seed, "course": course[:: max(1, len(course) // 50)]}
    return _rank(instance, measurement), row


def _rival_plans(instance: Instance, solver: str, time_limit_s: float, seed: int, workers: int) -> list[Plan]:
    """A rival's plan, or that of each core where it uses one core only."""
    if solver not in SEEDED or workers == 1:
        plan = RIVALS[solver](instance, time_limit_s, seed)
        return [] if plan is None else [plan]
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        runs = [pool.submit(RIVALS[solver], instance, time_limit_s, seed + number) for number in range(workers)]
        return [plan for run in runs if (plan := run.result()) is not None]


def _rank(instance: Instance, row: Measurement) -> Rank:
    """Rules broken and points left out first, then trucks where they count, then distance."""
    return sum(row.broken.values()), row.unserved, row.vehicles if instance.trucks_first else 0, row.distance


def _course(course: Sequence[tuple[float, int, int]]) -> list[str]:
    """What the plan cost after 1, 2, 5 … seconds, and how many points it left out then."""
    words = []
    for second in MARKS_S:
        before = [row for row in course if row[0] <= second]
        if before and before[-1][0] > second / 3:
            words.append(f"  {second} s: {before[-1][1]:,}" + (f" ({before[-1][2]} left out)" if before[-1][2] else ""))
    return words


def _table(rows: list[dict[str, Any]], effort: str, seeds: int) -> Table:
    median = "" if seeds == 1 else f", the median of {seeds} seeds (the better of the middle two)"
    table = Table(title=f"{effort}{median}, every plan re-added by the checker")
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
            ", ".join(f"{rule} {count}" for rule, count in dict(row["broken"]).items()) or "none",
        )
    return table


if __name__ == "__main__":
    typer.run(main)
