"""`python -m bench.routing.growth`: how the planner grows with the number of points: first plan, cost, memory.

The towns are made up, one size from the next by the same rule: points in clusters of very different size, three
stations, streets in the grid's directions, a truck for every 40 points. Each size is planned in a process of its
own, whose greatest memory is printed; the matrices are made before the clock starts.
"""

from __future__ import annotations

import json
import math
import resource
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from services.routing.checker import check
from services.routing.planner import solve
from services.routing.problem import Break, Problem, Station, Task, Travel, Truck, Window
from services.routing.warm_up import warm_up

SIZES = "250,500,1000,2000,3000,5000,8000"
COLUMNS = (
    "points",
    "trucks",
    "used",
    "unserved",
    "first_s",
    "first_cost",
    "cost",
    "km",
    "wall_s",
    "late_s",
    "peak_gb",
    "broken",
)
TABLE_WIDTH = 132
POINTS_PER_TRUCK = 40
POINTS_PER_CLUSTER = 60
SPEED_M_PER_S = 8


def made_up_town(points: int, seed: int, truck_cost: int = 0) -> Problem:
    """A town of so many points whose area grows with them; a truck that goes out costs so much by itself."""
    random = np.random.default_rng([seed, points])
    width_m = 400.0 * np.sqrt(points)
    centres = random.uniform(0, width_m, (max(points // POINTS_PER_CLUSTER, 1), 2))
    spread = random.choice(centres, points) + random.normal(0, 0.03 * width_m + 150, (points, 2))
    places = np.vstack([[width_m / 2, width_m / 2], random.uniform(0, width_m, (3, 2)), spread])
    metres = np.abs(places[:, None, :] - places[None, :, :]).sum(axis=2).astype(np.int32)
    tasks = tuple(
        Task(
            place,
            demand_kg=int(random.integers(50, 400)),
            service_s=int(random.integers(60, 240)),
            windows=(Window(0, 4 * 3600),) if random.random() < 0.2 else (),
        )
        for place in range(4, points + 4)
    )
    truck = Truck(
        start_location=0,
        end_location=0,
        capacity_kg=6000,
        shift_end_s=9 * 3600,
        rest=Break(1800, 3 * 3600, 5 * 3600),
        cost_per_km=1000,
        cost_per_h=3000,
        fixed_cost=truck_cost,
    )
    stations = tuple(Station(place, tip_s=600, bays=4) for place in (1, 2, 3))
    return Problem(
        (Travel(metres // SPEED_M_PER_S, metres),), tasks, (truck,) * (points // POINTS_PER_TRUCK + 3), stations
    )


@dataclass(frozen=True, slots=True)
class Wanted:
    """How each town is planned: wall seconds, seed, cores, a truck's cost, and when to cancel, if at all."""

    time_limit_s: float
    seed: int
    workers: int
    truck_cost: int
    cancel_after_s: float | None


def measure(points: int, wanted: Wanted) -> dict[str, Any]:
    """Plan one town and give the figures of `COLUMNS`."""
    problem = made_up_town(points, wanted.seed, wanted.truck_cost)
    warm_up()
    course: list[tuple[float, int, int]] = []
    began = time.monotonic()
    cancelled_after_s = math.inf if wanted.cancel_after_s is None else wanted.cancel_after_s
    solution = solve(
        problem,
        time_limit_s=wanted.time_limit_s,
        seed=wanted.seed,
        workers=wanted.workers,
        on_progress=lambda elapsed_s, cost, unserved: course.append((elapsed_s, cost, unserved)),
        should_stop=lambda: time.monotonic() - began > cancelled_after_s,
    )
    wall_s = time.monotonic() - began
    whole = [row for row in course if row[2] == len(solution.unserved)]
    return {
        "points": points,
        "trucks": len(problem.trucks),
        "used": len(solution.routes),
        "unserved": len(solution.unserved),
        "first_s": whole[0][0] if whole else None,
        "first_cost": whole[0][1] if whole else None,
        "cost": solution.cost,
        "km": solution.distance_m / 1000,
        "wall_s": wall_s,
        "late_s": wall_s - min(wanted.time_limit_s, cancelled_after_s),
        "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
        "broken": len(check(problem, solution)),
    }


def main(
    sizes: Annotated[str, typer.Option(help="numbers of points, with commas")] = SIZES,
    time_limit: Annotated[float, typer.Option(help="wall seconds of each plan")] = 30.0,
    seed: Annotated[int, typer.Option(help="of the towns and the searches")] = 0,
    workers: Annotated[int, typer.Option(help="searches at once")] = 2,
    truck_cost: Annotated[int, typer.Option(help="what a truck costs that goes out, a kilometre being 1,000")] = 0,
    cancel_after: Annotated[float | None, typer.Option(help="ask for the plan's end after so many seconds")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object instead of the table")] = False,
) -> None:
    """Plan towns of several sizes and print what each took."""
    console = Console(stderr=as_json, width=None if sys.stdout.isatty() else TABLE_WIDTH)
    rows = []
    for points in (int(size) for size in sizes.split(",")):
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            wanted = Wanted(time_limit, seed, workers, truck_cost, cancel_after)
            rows.append(pool.submit(measure, points, wanted).result())
        console.print(f"{points} points: first plan after {rows[-1]['first_s']} s")
    if as_json:
        print(json.dumps({"time_limit_s": time_limit, "seed": seed, "workers": workers, "results": rows}))
        return
    table = Table(title=f"{time_limit:g} s each, {workers} searches at once; matrices made before")
    for name in COLUMNS:
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(*[f"{row[name]:.1f}" if isinstance(row[name], float) else str(row[name]) for name in COLUMNS])
    console.print(table)


if __name__ == "__main__":
    typer.run(main)
