"""`python -m bench.through_the_day`: replanning, prices and edits of a generated town's day, over the API, timed.

A stack of its own (database, roads, planner, API) gets a town of `riqing town generate` and a plan. Then it is eight in
the morning there: nothing is heard of the trucks, which are taken to be where the plan has them. Every figure is the
time from the request until the answer, or until the plan that was asked for is ready.
"""

from __future__ import annotations

import json
import signal
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from bench.running_town import running_town
from firmware_sim.town.generate import generate_town

DAY = "2026-06-01"
MORNING = "2026-06-01T08:00:00+08:00"
IN_AN_HOUR = "2026-06-01T01:00:00"
"""What comes after this is still to be done when it is moved by hand."""

PROCESSES = ("roads-truck", "planner", "api")
LOOK_EVERY_S = 0.05

Stops = dict[tuple[str, int], str]
"""By point and occurrence: the vehicle that serves it."""


@dataclass(frozen=True, slots=True)
class Desk:
    """A dispatcher at the API, with the day's plan."""

    api: httpx.Client
    plan: dict[str, Any]

    @property
    def path(self) -> str:
        """The plan's address."""
        return f"/plans/{self.plan['id']}"

    def ready(self, path: str, body: dict[str, Any]) -> tuple[dict[str, Any], float]:
        """Ask for a plan, wait until it is ready, and return it and the seconds that this took."""
        began = time.perf_counter()
        plan_id = self.api.post(path, json=body).raise_for_status().json()["id"]
        while self._status(plan_id) in ("queued", "solving"):
            time.sleep(LOOK_EVERY_S)
        plan = self.api.get(f"/plans/{plan_id}").raise_for_status().json()
        if plan["status"] != "ready":
            raise RuntimeError(f"{path}: {plan['status']}, {plan['failure']}")
        return plan, time.perf_counter() - began

    def _status(self, plan_id: str) -> str:
        plans = self.api.get("/plans", params={"date": DAY}).raise_for_status().json()["items"]
        return str(next(plan["status"] for plan in plans if plan["id"] == plan_id))


@contextmanager
def desk(seed: int, time_limit_s: float) -> Iterator[Desk]:
    """A running town with a plan for its day, at eight in the morning."""
    with running_town(PROCESSES, lambda files: generate_town(files, seed)) as stack:
        state = stack.remembered()
        with signed_in(f"http://127.0.0.1:{state.ports['api']}/api/v1", state.admin_password) as api:
            started = Desk(api, {})
            plan, _ = started.ready("/plans", {"date": DAY, "time_limit_s": time_limit_s})
            api.put("/clock", json={"now": MORNING, "speed": 1.0}).raise_for_status()
            yield Desk(api, plan)


def signed_in(url: str, password: str) -> httpx.Client:
    """Return a client of the admin."""
    form = {"username": "admin", "password": password}
    token = httpx.post(f"{url}/auth/token", data=form).raise_for_status().json()["access_token"]
    return httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=120)


def stops_of(plan: dict[str, Any]) -> Stops:
    """Return who serves what."""
    return {
        (stop["id"], stop["occurrence"]): route["vehicle_id"]
        for route in plan["routes"]
        for stop in route["stops"]
        if stop["kind"] == "point"
    }


def open_stops(plan: dict[str, Any], from_utc: str = "2026-06-01T00:00:00") -> Stops:
    """Return who serves what is done after eight in the morning, or after another instant, by the plan."""
    late = {
        (stop["id"], stop["occurrence"])
        for route in plan["routes"]
        for stop in route["stops"]
        if stop["kind"] == "point" and stop["depart_at"] > from_utc
    }
    return {key: vehicle_id for key, vehicle_id in stops_of(plan).items() if key in late}


def happenings(plan: dict[str, Any]) -> dict[str, tuple[dict[str, Any], str | None]]:
    """Return what may happen to a day, as a request, with the vehicle that loses its visits by it if any."""
    ahead = open_stops(plan)
    busiest = max(set(ahead.values()), key=lambda name: sum(one == name for one in ahead.values()))
    stations = [stop["id"] for route in plan["routes"] for stop in route["stops"] if stop["kind"] == "station"]
    left_out = next((one["point_id"] for one in plan["unserved"]), next(iter(ahead))[0])
    return {
        "a broken truck": ({"broken_vehicles": [busiest]}, busiest),
        "a closed station": ({"closed_facilities": [max(set(stations), key=stations.count)]}, None),
        "an urgent point": ({"urgent_points": [{"point_id": left_out, "kg": 400}]}, None),
        "a truck an hour late": ({"late_vehicles": [{"vehicle_id": busiest, "late_s": 3600}]}, None),
    }


def replanned(desk: Desk, time_limit_s: float) -> list[dict[str, Any]]:
    """Replan after each thing that may happen; return how long that took and what stayed."""
    rows = []
    before, ahead = stops_of(desk.plan), open_stops(desk.plan)
    for name, (body, broken) in track(
        happenings(desk.plan).items(), "replanning", console=Console(stderr=True), transient=True
    ):
        plan, seconds = desk.ready(f"{desk.path}/replan", {**body, "time_limit_s": time_limit_s})
        after = stops_of(plan)
        could_stay = [key for key, vehicle_id in ahead.items() if vehicle_id != broken]
        rows.append(
            {
                "happening": name,
                "seconds": seconds,
                "open": len(ahead),
                "kept": sum(after.get(key) == before[key] for key in could_stay) / len(could_stay),
                "to_move": len(ahead) - len(could_stay),
                "left_out_before": len(desk.plan["unserved"]),
                "left_out": len(plan["unserved"]),
                "cost_more": plan["cost"] - desk.plan["cost"],
            }
        )
    return rows


def timed(name: str, count: int, ask: Callable[[int], httpx.Response]) -> dict[str, Any]:
    """Ask many times; return how long the answers took."""
    seconds = []
    for number in track(range(count), name, console=Console(stderr=True), transient=True):
        began = time.perf_counter()
        ask(number).raise_for_status()
        seconds.append(time.perf_counter() - began)
    p95 = statistics.quantiles(seconds, n=20)[-1]
    return {"what": name, "count": count, "p50_s": statistics.median(seconds), "p95_s": p95, "max_s": max(seconds)}


def answered(desk: Desk, count: int, seed: int) -> list[dict[str, Any]]:
    """Price urgent points and move visits by hand, each time on the same plan."""
    random = Random(seed)  # noqa: S311 — the same questions each time, no secret
    ahead = open_stops(desk.plan, IN_AN_HOUR)
    keys = [random.choice(sorted(ahead)) for _ in range(count)]
    points = [point["id"] for point in desk.api.get("/points", params={"limit": 5000}).json()["items"]]
    urgent = [random.choice(points) for _ in range(count)]
    vehicles = sorted(set(ahead.values()))

    def price(number: int) -> httpx.Response:
        return desk.api.post(f"{desk.path}/insertions", json={"point_id": urgent[number], "kg": 200})

    def move(number: int) -> httpx.Response:
        point_id, occurrence = keys[number]
        others = [name for name in vehicles if name != ahead[keys[number]]]
        edit = {"action": "move", "point_id": point_id, "occurrence": occurrence, "vehicle_id": random.choice(others)}
        return desk.api.post(f"{desk.path}/edits", json={"edits": [edit]})

    return [timed("prices of an urgent point", count, price), timed("a visit moved by hand", count, move)]


def main(
    time_limit_s: Annotated[float, typer.Option(help="what each replanning may take")] = 25.0,
    plan_s: Annotated[float, typer.Option(help="what the day's plan may take")] = 20.0,
    count: Annotated[int, typer.Option(help="how many prices and edits are asked for")] = 50,
    seed: Annotated[int, typer.Option(help="of the town and of what is asked")] = 3,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object instead of tables")] = False,
) -> None:
    """Replan, price and edit the day of a generated town, and print how long it took."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the stack is stopped
    with desk(seed, plan_s) as started:
        answer = {
            "visits": len(stops_of(started.plan)),
            "vehicles": len(started.plan["routes"]),
            "answered": answered(started, count, seed),
            "replanned": replanned(started, time_limit_s),
        }
    print(json.dumps(answer)) if as_json else _print(answer)


def _print(answer: dict[str, Any]) -> None:
    console = Console()
    console.print(f"{answer['visits']} visits, {answer['vehicles']} vehicles; at eight in the morning")
    table = Table("happening", "s", "open visits", "to move", "others that kept their truck", "left out", "cost")
    for row in answer["replanned"]:
        figures = (f"{row['seconds']:.1f}", str(row["open"]), str(row["to_move"]), f"{row['kept']:.1%}")
        table.add_row(
            row["happening"], *figures, f"{row['left_out']} ({row['left_out_before']})", f"{row['cost_more']:+.0f}"
        )
    console.print(table)
    table = Table("request", "times", "p50, s", "p95, s", "longest, s")
    for row in answer["answered"]:
        table.add_row(row["what"], str(row["count"]), *(f"{row[key]:.2f}" for key in ("p50_s", "p95_s", "max_s")))
    console.print(table)


if __name__ == "__main__":
    typer.run(main)
