"""`python -m bench.api`: requests, streams and figures, each over a database of its own on this machine.

`python -m bench.api load`, `streams` and `figures` measure one of them; without a name all three.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import UUID

from rich.console import Console
from rich.table import Table

from bench.api import figures, load, past, streams
from bench.api.moving import going_on
from bench.api.servers import empty_route, leave_core, running_api
from bench.api.town import Size, build, plan_of
from services.stack.lifecycle import Stack, StartRequest
from services.store.connection import connect
from services.store.migrate import migrate

STREAMS_S = 45.0
"""It takes so long until too much waits for a reader that reads nothing."""
WHAT = ("load", "streams", "figures")
console = Console(stderr=True, highlight=False)
output = Console(width=130)


@contextmanager
def stored_town(folder: Path, size: Size) -> Iterator[tuple[str, UUID]]:
    """Run a database with the town in it; give its address and the town's plan."""
    stack = Stack(folder / "stack")
    try:
        console.print("Starting a database")
        stack.start(StartRequest(services=()), migrate, lambda _: None)
        url = stack.remembered().database_url
        with connect(url, autocommit=True) as connection:
            plan_id = plan_of(connection)
            if plan_id is None:
                console.print(f"Storing {size.trucks} trucks and {size.points} points")
                plan_id = build(connection, size)
                connection.execute("VACUUM ANALYZE")
        yield url, plan_id
    finally:
        stack.stop(lambda _: None)


def measure_load(arguments: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Measure requests and streams on a town of live trucks."""
    size, found = Size(trucks=arguments.trucks), {}
    unlimited = {"RIQING_REQUESTS_PER_MIN": "1000000"}
    with stored_town(folder, size) as (url, plan_id), running_api(url, unlimited) as port, empty_route() as empty_port:
        if "load" in arguments.what:
            people = load.people_of(port, size)
            with going_on(url, size):
                console.print("Asking each request alone")
                kinds = load.by_kind(port, people, plan_id, arguments.seed)
                found["alone_ms"] = {path: list(times) for path, times in kinds.items()}
                console.print(f"Asking the mix, and {arguments.rate:g} requests a second")
                requests = load.mixed_requests(people, plan_id, arguments.seed)
                measured = load.measure(
                    empty_port, port, requests, arguments.connections, arguments.rate, arguments.seconds
                )
            found["load"] = asdict(measured)
        if "streams" in arguments.what:
            console.print(f"Reading {arguments.streams} streams")
            told = streams.measure(
                port, url, load.token_for(port), arguments.streams, max(arguments.seconds, STREAMS_S), size.trucks
            )
            found["streams"] = asdict(told)
    return found


def measure_figures(arguments: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Measure figures on a past that grows by the months that were asked for."""
    size, found = Size(trucks=arguments.figure_trucks, points=arguments.figure_points), []
    with stored_town(folder, size) as (url, _), connect(url, autocommit=True) as connection:
        for months in sorted(arguments.months):
            first = past.add_past(connection, size, past.first_day(months), arguments.fix_days, console.print)
            if arguments.runs:
                with running_api(url) as port:
                    found += [asdict(one) for one in figures.measure(port, first, arguments.runs, arguments.seed)]
        if arguments.check:
            past.check_days(connection, size, first, console.print)
        storage = figures.storage(connection, size)
    return {"figures": found, "storage": storage}


def show(found: dict[str, Any]) -> None:
    """Print what was measured."""
    for title, measured in ((title, one) for title, one in found.items() if one):
        if isinstance(measured, list):
            table = Table(*measured[0])
            for row in measured:
                table.add_row(*(str(one) for one in row.values()))
            output.print(table)
            continue
        table = Table(title, "figure")
        for name, figure in measured.items():
            table.add_row(name, " · ".join(str(one) for one in figure) if isinstance(figure, list) else str(figure))
        output.print(table)


def main() -> int:
    """Measure and print; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*", default=[*WHAT], metavar=f"{{{','.join(WHAT)}}}")
    parser.add_argument("--trucks", type=int, default=1_500)
    parser.add_argument("--streams", type=int, default=200)
    parser.add_argument("--months", type=int, nargs="+", default=[1, 3, 12], help="of a past to ask figures of")
    parser.add_argument("--runs", type=int, default=20, help="of each figure; 0 only stores the past")
    parser.add_argument("--fix-days", type=int, default=30, help="so many days back the fixes are stored too")
    parser.add_argument("--figure-trucks", type=int, default=300)
    parser.add_argument("--figure-points", type=int, default=20_000)
    parser.add_argument("--check", action="store_true", help="have the product sum some days anew, and compare")
    parser.add_argument("--folder", type=Path, help="keep the figures' database there, and add to what it has")
    parser.add_argument("--connections", type=int, default=64, help="that ask as fast as they are answered")
    parser.add_argument("--rate", type=float, default=300, help="requests a second")
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if unknown := set(arguments.what) - set(WHAT):
        parser.error(f"{min(unknown)!r} is not measured here: choose of {', '.join(WHAT)}.")
    leave_core()
    found: dict[str, Any] = {}
    if {"load", "streams"} & set(arguments.what):
        with tempfile.TemporaryDirectory(prefix="riqing-api-") as folder:
            found |= measure_load(arguments, Path(folder))
    if "figures" in arguments.what:
        with tempfile.TemporaryDirectory(prefix="riqing-api-") as folder:
            found |= measure_figures(arguments, arguments.folder or Path(folder))
    if arguments.json:
        print(json.dumps(found))
    else:
        show(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
