"""`python -m bench.shared_day`: one large day, planned by one planner and by several that share it, side by side.

A stack of its own gets the town of `riqing town generate`, with as many points around its own as are asked for, and
trucks, bays and tonnes in proportion. Each planner is a process of its own, on as many cores as are given to each, as
if it were a machine; roads and database have all cores. The time is from the request until the plan is ready.
"""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime
from functools import partial
from math import ceil
from pathlib import Path
from random import Random
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from bench.running_town import running_town
from firmware_sim.town.generate import generate_town
from services.domain.kinds import PlanStatus
from services.stack.environment import stack_settings
from services.store import plans
from services.store.connection import connect
from services.store.jobs import request_plan
from services.store.plan_districts import count_planners
from services.store.routes import load_routes

DAY = date(2026, 6, 1)
AROUND_DEG = 0.0006
"""How far the points lie around those of the generated town, about 60 m."""
LOADED_WITHIN_S = 120.0
LOOK_EVERY_S = 0.1
TABLE_WIDTH = 160
COLUMNS = ("planners", "seconds", "visits", "left_out", "cost", "km", "vehicles", "first_s", "note")


def write_large_town(folder: Path, points: int, seed: int) -> None:
    """Write the generated town with more points, trucks, bays and tonnes."""
    generate_town(folder, seed)
    random = Random(seed)  # noqa: S311 — the same town each time, no secret
    own = _rows(folder / "points.csv")
    factor = points / len(own)
    _write(
        folder / "points.csv",
        [
            row
            | {
                "id": f"{row['id']}-{number // len(own)}",
                "lon": f"{float(row['lon']) + random.gauss(0, AROUND_DEG):.6f}",
                "lat": f"{float(row['lat']) + random.gauss(0, AROUND_DEG):.6f}",
            }
            for number in range(points)
            for row in [own[number % len(own)]]
        ],
    )
    vehicles = _rows(folder / "vehicles.csv")
    copies = [row | {"id": f"{row['id']}-{copy}", "plate": ""} for row in vehicles for copy in range(ceil(factor))]
    _write(folder / "vehicles.csv", copies)
    facilities = _rows(folder / "facilities.csv")
    for row in facilities:
        row["bays"] = str(ceil(int(row["bays"]) * factor)) if row["bays"] else ""
        row["design_t_per_day"] = f"{float(row['design_t_per_day']) * factor:.0f}" if row["design_t_per_day"] else ""
    _write(folder / "facilities.csv", facilities)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def _write(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@contextmanager
def large_town(points: int, seed: int) -> Iterator[dict[str, str]]:
    """A running stack with the town in it; gives the environment that its planners need."""
    with running_town(("roads-truck",), lambda files: write_large_town(files, points, seed)) as stack:
        yield stack_settings(stack.folder, stack.remembered(), {})


@contextmanager
def planners(settings: dict[str, str], count: int, cores_each: int, most_visits: int) -> Iterator[None]:
    """So many planners at work, each on some of the cores."""
    cores = sorted(os.sched_getaffinity(0))
    environment = os.environ | settings | {"RIQING_PLANNER_DISTRICT_VISITS": str(most_visits)}
    with ExitStack() as stack:
        for number in range(count):
            own = {cores[(number * cores_each + core) % len(cores)] for core in range(cores_each)}
            process = subprocess.Popen(
                [sys.executable, "-m", "services.routing.worker"],
                env=environment,
                stderr=subprocess.DEVNULL,
                preexec_fn=partial(os.sched_setaffinity, 0, own),
            )
            stack.callback(process.wait, 30)
            stack.callback(process.terminate)
        give_up_at = time.monotonic() + LOADED_WITHIN_S
        with connect(settings["DATABASE_URL"], autocommit=True) as connection:
            while count_planners(connection) != count:
                if time.monotonic() > give_up_at:
                    raise TimeoutError(f"{count} planners did not start within {LOADED_WITHIN_S:g} s.")
                time.sleep(LOOK_EVERY_S)
        yield


def planned(
    database_url: str, time_limit_s: float, seed: int, point_ids: tuple[str, ...] | None = None
) -> dict[str, Any]:
    """Ask for the day's plan, or that of some points, wait for it, and give its figures."""
    began = time.monotonic()
    with connect(database_url, autocommit=True) as connection:
        request = plans.PlanRequest(DAY, time_limit_s, point_ids=point_ids, seed=seed, demand_quantile=None)
        plan_id = request_plan(connection, request, "bench", datetime.now(UTC))
        while not plans.load_plan(connection, plan_id).is_done:
            time.sleep(LOOK_EVERY_S)
        seconds = time.monotonic() - began
        plan = plans.load_plan(connection, plan_id)
        if plan.status is not PlanStatus.READY:
            raise RuntimeError(f"The plan is {plan.status}: {plan.failure}")
        left_out = plans.load_unserved(connection, plan_id)
        course = plans.load_progress(connection, plan_id)
        routes = load_routes(connection, plan_id)
    whole = [row.elapsed_s for row in course if row.unserved == course[-1].unserved]
    return {
        "seconds": seconds,
        "visits": (plan.served or 0) + len(left_out),
        "left_out": len(left_out),
        "cost": plan.cost,
        "km": (plan.distance_m or 0) / 1000,
        "vehicles": len(routes),
        "first_s": whole[0] if whole else None,
        "note": " ".join(note for note in plan.notes if "districts" in note),
    }


def main(
    points: Annotated[int, typer.Option(help="of the town")] = 5000,
    time_limit_s: Annotated[float, typer.Option(help="what each plan may take")] = 60.0,
    most_visits: Annotated[int, typer.Option(help="what one planner plans by itself")] = 2500,
    counts: Annotated[str, typer.Option(help="numbers of planners, with commas")] = "1,2",
    cores_each: Annotated[int, typer.Option(help="cores of each planner")] = 1,
    seed: Annotated[int, typer.Option(help="of the town and of the searches")] = 3,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object instead of a table")] = False,
) -> None:
    """Plan one day with several numbers of planners and print what came of it."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the stack is stopped
    console = Console(stderr=as_json, width=None if sys.stdout.isatty() else TABLE_WIDTH)
    rows = []
    with console.status("a stack with a large town"), large_town(points, seed) as settings:
        for count in (int(number) for number in counts.split(",")):
            with planners(settings, count, cores_each, most_visits):
                planned(settings["DATABASE_URL"], 1.0, seed, ("P001-0",))  # the search is loaded then
                rows.append({"planners": count, **planned(settings["DATABASE_URL"], time_limit_s, seed)})
    if as_json:
        print(json.dumps({"points": points, "time_limit_s": time_limit_s, "cores_each": cores_each, "results": rows}))
        return
    table = Table(title=f"{points} points, {time_limit_s:g} s, {cores_each} core(s) for each planner")
    for name in COLUMNS:
        table.add_column(name, justify="right" if name != "note" else "left")
    for row in rows:
        table.add_row(*[f"{row[name]:,.1f}" if isinstance(row[name], float) else str(row[name]) for name in COLUMNS])
    console.print(table)


if __name__ == "__main__":
    typer.run(main)
