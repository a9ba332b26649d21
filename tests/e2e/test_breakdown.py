"""A truck breaks down on the way: its day is replanned, the others follow the revision, and its points are cleared."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.domain.town import Town
from services.registry.importing import RegisterKind, import_file
from services.roads.build import build_roads
from services.store.connection import connect
from services.store.town import create_town
from tests.conftest import RunningStack
from tests.road_files import place, write_roads
from tests.road_servers import wait_until

DAY = "2026-03-10"
SPEED = "300"
SEED = "31"
"""With this seed V1 would break down after 26 % of its route, V2 after 29 % of its own."""

STANDS_FOR = timedelta(minutes=15)
SERVICE_LASTS = timedelta(seconds=450)
NEAR_DEG = 0.0004

RIQING = Path(sys.executable).with_name("riqing")
BLOCK_M = 300
CORNERS = 5
FACILITIES = f"""id,kind,lon,lat,tip_s,bays
D1,depot,{place(0, 20)[0]},{place(0, 20)[1]},,
S1,transfer_station,{place(1200, 1180)[0]},{place(1200, 1180)[1]},300,2
"""
VEHICLES = """id,kind,depot_id,capacity_kg,shift_start,shift_end,fixed_cost
V1,compactor,D1,4000,04:30,06:40,0
V2,compactor,D1,4000,04:30,06:40,0
V3,compactor,D1,4000,05:00,09:30,500
"""
"""V1 and V2 can do all of it together, and neither can alone; V3 is kept for the day on which one of them stops."""


def points() -> str:
    """Return two dozen points at the sides of the streets, each the work of seven and a half minutes."""
    lines = ["id,lon,lat,expected_kg,service_s"]
    for number in range(24):
        row, column = divmod(number, 6)
        lon, lat = place(75 + 200 * column, BLOCK_M * row + 8)
        lines.append(f"P{number:02},{lon},{lat},60,{SERVICE_LASTS.seconds}")
    return "\n".join(lines)


def streets() -> tuple[dict[int, tuple[float, float]], list[tuple[list[int], dict[str, str]]]]:
    """Return a grid of streets as nodes and ways."""
    number_of = {(x, y): 1 + x + CORNERS * y for x in range(CORNERS) for y in range(CORNERS)}
    nodes = {number: (float(BLOCK_M * x), float(BLOCK_M * y)) for (x, y), number in number_of.items()}
    named = {"highway": "secondary"}
    ways = [([number_of[x, y] for x in range(CORNERS)], named) for y in range(CORNERS)]
    ways += [([number_of[x, y] for y in range(CORNERS)], named) for x in range(CORNERS)]
    return nodes, ways


class SmallTown:
    """A small town on a stack of its own, with its plan for the day out."""

    def __init__(self, stack: RunningStack, files: Path) -> None:
        self.stack = stack
        self.truth = files / "truth.jsonl"
        self._faults = files / "faults.toml"
        self._faults.write_text("breakdowns = 1\n")

    @cached_property
    def _api(self) -> httpx.Client:
        password = {"username": "admin", "password": self.stack.admin_password}
        token = httpx.post(f"{self.stack.api_url}/api/v1/auth/token", data=password).raise_for_status().json()
        headers = {"Authorization": f"Bearer {token['access_token']}"}
        return httpx.Client(base_url=f"{self.stack.api_url}/api/v1", headers=headers, timeout=60)

    def close(self) -> None:
        """Sign out."""
        self._api.close()

    @property
    def _environment(self) -> dict[str, str]:
        return {**os.environ, "RIQING_DATA_DIR": str(self.stack.data_dir), "COLUMNS": "160"}

    def riqing(self, *arguments: str) -> str:
        """Run a command of `riqing` and return what it prints."""
        result = subprocess.run(
            [RIQING, *arguments], env=self._environment, capture_output=True, text=True, check=False, timeout=180
        )
        assert result.returncode == 0, f"{' '.join(arguments)}: {result.stdout}{result.stderr}"
        return result.stdout

    def simulate(self) -> "subprocess.Popen[str]":
        """Let the day be driven, with one truck that breaks down."""
        options = ["--date", DAY, "--speed", SPEED, "--seed", SEED, "--from-departure"]
        return subprocess.Popen(
            [RIQING, "simulate", *options, "--faults", str(self._faults), "--record", str(self.truth)],
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )

    def get(self, path: str, **query: str) -> Any:
        """Ask the API."""
        return self._api.get(path, params=query).raise_for_status().json()

    def plan(self) -> Any:
        """Return the plan that the trucks have, with its routes."""
        (summary,) = [one for one in self.get("/plans", date=DAY)["items"] if one["published"]]
        return self.get(f"/plans/{summary['id']}")

    def cleared(self) -> dict[str, str]:
        """Return which vehicle has cleared each point."""
        rows = self.get("/clearance/visits", date=DAY, status="cleared")
        return {row["point_id"]: row["vehicle_id"] for row in (rows["items"] if isinstance(rows, dict) else rows)}

    def served(self) -> Counter[str]:
        """Return how often each point was served in truth, once the simulation has ended."""
        events = [json.loads(line) for line in self.truth.read_text().splitlines()]
        return Counter(event["point_id"] for event in events if event["event"] == "visit" and event["served"])

    def now(self) -> datetime:
        """Return the town's clock."""
        return datetime.fromisoformat(self.get("/clock")["now"])


@pytest.fixture(scope="module")
def small_town(stack: RunningStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallTown]:
    """The small town, planned and published."""
    files = tmp_path_factory.mktemp("small town")
    build_roads(write_roads(files / "roads.osm.pbf", *streets()), stack.data_dir / "roads")
    contents = {RegisterKind.FACILITIES: FACILITIES, RegisterKind.POINTS: points(), RegisterKind.VEHICLES: VEHICLES}
    with connect(stack.database_url) as connection:
        create_town(connection, Town("小镇"))
        for kind, text in contents.items():
            (files / f"{kind}.csv").write_text(text)
            import_file(connection, kind, files / f"{kind}.csv")
    town = SmallTown(stack, files)
    town.riqing("plan", DAY, "--time-limit", "1", "--publish")
    yield town
    town.close()


@pytest.fixture
def driven(small_town: SmallTown) -> Iterator["subprocess.Popen[str]"]:
    """The simulation, stopped in the end whatever happens."""
    simulation = small_town.simulate()
    try:
        yield simulation
    finally:
        if simulation.poll() is None:
            simulation.kill()
            simulation.communicate()


def by_vehicle(plan: Any) -> dict[str, list[str]]:
    """Return the points of each route of a plan in their order."""
    return {
        route["vehicle_id"]: [stop["id"] for stop in route["stops"] if stop["kind"] == "point"]
        for route in plan["routes"]
    }


def test_the_others_serve_what_a_broken_truck_leaves(small_town: SmallTown, driven: "subprocess.Popen[str]") -> None:
    """Every point is served once: those that were done by the broken truck, all others as the revision has them."""
    before = small_town.plan()
    routes = by_vehicle(before)
    assert set(routes) == {"V1", "V2"}
    broken = wait_for_breakdown(small_town, routes)
    done = {point_id for point_id, vehicle_id in small_town.cleared().items() if vehicle_id == broken}
    assert 0 < len(done) < len(routes[broken])
    small_town.riqing("plan", "replan", "--broken", broken, "--time-limit", "1", "--publish")
    after = small_town.plan()
    assert after["revision_of"] == before["id"]
    revised = by_vehicle(after)
    assert set(revised.pop(broken)) == done
    wait_until(lambda: len(small_town.cleared()) == 24 or driven.poll() is not None, 180)
    # A visit is cleared by its tag while the truck still stands there; the truth has it once it is over.
    over_at = small_town.now() + 2 * SERVICE_LASTS
    wait_until(lambda: small_town.now() > over_at or driven.poll() is not None, 60)
    driven.send_signal(signal.SIGINT)
    said, _ = driven.communicate(timeout=60)
    cleared = small_town.cleared()
    assert {point_id for point_id, vehicle_id in cleared.items() if vehicle_id == broken} == done, said
    taken_over = [(point_id, vehicle_id) for vehicle_id, own in revised.items() for point_id in own]
    assert dict(taken_over) == {
        point_id: vehicle_id for point_id, vehicle_id in cleared.items() if point_id not in done
    }
    assert "follows revision 2 of its route" in said
    assert small_town.served() == Counter({f"P{number:02}": 1 for number in range(24)})


def wait_for_breakdown(town: SmallTown, routes: Collection[str]) -> str:
    """Wait until a truck that is on its way has stood still for a quarter of an hour of the town; return it."""
    stands_since: dict[str, tuple[float, float, datetime]] = {}
    broken: list[str] = []

    def is_one_broken() -> bool:
        now = town.now()
        for vehicle in town.get("/vehicles")["items"]:
            fix, route = vehicle["last_position"], vehicle["route"]
            if vehicle["id"] not in routes or fix is None or route is None or not route["served"]:
                continue
            lon, lat, since = stands_since.get(vehicle["id"], (0.0, 0.0, now))
            if abs(fix["lon"] - lon) + abs(fix["lat"] - lat) > NEAR_DEG:
                stands_since[vehicle["id"]] = (fix["lon"], fix["lat"], now)
            elif now - since > STANDS_FOR:
                broken.append(vehicle["id"])
        return bool(broken)

    wait_until(is_one_broken, 120)
    return broken[0]
