"""What people wait for over HTTP in central Taipei: coverage, a toilet more, and the nearest open toilet.

The database and the API are real, as the stack runs them; toilets, streets and demand places are those of
`bench.facilities`. Classes are given in turn, and the land is cut into squares of 250 m with a use each, so that
coverage is told by both.
"""

import json
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import shapely

from bench.api.servers import leave_core, running_api
from services.api.sign_in import hash_password
from services.domain.clock import TownClock
from services.domain.kinds import Role
from services.domain.registry import Facility
from services.domain.town import Town
from services.facilities.toilets import Demand
from services.roads.datasets import (
    Algorithm,
    DatasetDescription,
    Profile,
    describe,
    make_current,
    profile_dir,
)
from services.roads.streets import RoadFile
from services.stack.lifecycle import Stack, StartRequest
from services.store.connection import Connection, connect
from services.store.migrate import migrate
from services.store.registry import FACILITIES, LAND_PARCELS, POPULATION, upsert
from services.store.town import create_town, save_clock
from services.store.users import User, create_user

USER, PASSWORD = "admin-bench", "a password for benches"
NOW = datetime(2026, 6, 1, 4, 0, tzinfo=UTC)
"""Noon in the town."""
RESIDENTS_A_PLACE = 30
SQUARE_DEG = 0.0025
NO_LIMIT = {"RIQING_PUBLIC_READS_PER_MIN": "1000000"}


def measure_over_http(roads: RoadFile, toilets: list[Facility], demand: Demand, requests: int) -> dict[str, Any]:
    """Return milliseconds of requests: least, median and the 95th percentile, after one that reads the streets."""
    leave_core()
    with tempfile.TemporaryDirectory(prefix="riqing-facilities-") as name:
        folder = Path(name)
        _store_streets(folder / "roads", roads)
        stack = Stack(folder / "stack")
        try:
            stack.start(StartRequest(services=()), migrate, lambda _: None)
            url = stack.remembered().database_url
            with connect(url) as connection:
                _store_town(connection, toilets, demand)
            with running_api(url, {"RIQING_ROADS_DIR": str(folder / "roads"), **NO_LIMIT}) as port:
                return _measure(f"http://127.0.0.1:{port}/api/v1", demand, requests)
        finally:
            stack.stop(lambda _: None)


def _store_streets(roads_dir: Path, roads: RoadFile) -> None:
    """Write a dataset as `riqing import roads` does, without the engine's files: nobody asks for roads here."""
    folder = profile_dir(roads_dir, Profile.FOOT) / "bench"
    folder.mkdir(parents=True)
    np.savez(folder / "walking.npz", **{one.name: getattr(roads.walkable, one.name) for one in fields(roads.walkable)})
    describe(folder, DatasetDescription(Profile.FOOT, "bench", "bench", Algorithm.CONTRACTED, roads.bounds, 0))
    make_current(roads_dir, Profile.FOOT, "bench")


def _store_town(connection: Connection, toilets: list[Facility], demand: Demand) -> None:
    create_town(connection, Town("台北"))
    save_clock(connection, TownClock(datetime.now(UTC), NOW, 1e-6, simulated=True))
    rows: list[dict[str, Any]] = [
        {"facility_id": one.facility_id, "kind": str(one.kind), "lon": one.lon, "lat": one.lat, "status": "in_service"}
        for one in toilets
    ]
    rows = [row | {"toilet_class": str(1 + number % 3)} for number, row in enumerate(rows)]
    upsert(connection, FACILITIES, rows, update=[])
    upsert(connection, LAND_PARCELS, _land(demand), update=[])
    places = zip(demand.lon.tolist(), demand.lat.tolist(), strict=True)
    cells = [{"lon": lon, "lat": lat, "residents": RESIDENTS_A_PLACE} for lon, lat in places]
    upsert(connection, POPULATION, cells, update=[])
    create_user(connection, User(USER, Role.ADMIN, hash_password(PASSWORD)))


def _land(demand: Demand) -> list[dict[str, Any]]:
    """Return squares over all demand, with the uses of a town in turn."""
    uses = ("residential", "retail", "residential", "school", "residential", "park", "industrial")
    columns, rows = (np.arange(values.min(), values.max(), SQUARE_DEG) for values in (demand.lon, demand.lat))
    found = []
    for number, (west, south) in enumerate((west, south) for west in columns.tolist() for south in rows.tolist()):
        ring = shapely.box(west, south, west + SQUARE_DEG, south + SQUARE_DEG)
        found.append(
            {
                "parcel_id": f"B{number}",
                "landuse": uses[number % len(uses)],
                "geometry": json.loads(shapely.to_geojson(ring)),
            }
        )
    return found


def _measure(url: str, demand: Demand, requests: int) -> dict[str, Any]:
    form = {"username": USER, "password": PASSWORD}
    token = httpx.post(f"{url}/auth/token", data=form).raise_for_status().json()["access_token"]
    chance = np.random.default_rng(2)
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=60) as client:

        def place() -> tuple[float, float]:
            row = int(chance.integers(len(demand.lon)))
            return float(demand.lon[row]), float(demand.lat[row])

        def one_more() -> None:
            lon, lat = place()
            change = {"kind": "build", "facility_id": "NEW-1", "facility_kind": "public_toilet", "lon": lon, "lat": lat}
            client.post("/scenarios/what-if", json={"changes": [change]}).raise_for_status()

        def nearest() -> None:
            lon, lat = place()
            client.get("/public/toilets", params={"near": f"{lon},{lat}"}).raise_for_status()

        return {
            "coverage": _milliseconds(lambda: client.get("/coverage/toilets").raise_for_status(), requests // 5),
            "one toilet more": _milliseconds(one_more, requests // 5),
            "nearest open toilet": _milliseconds(nearest, requests),
        }


def _milliseconds(call: Callable[[], object], times: int) -> dict[str, float]:
    first = _timed(call)
    found = sorted(_timed(call) for _ in range(times))
    return {
        "first_ms": first,
        "least_ms": found[0],
        "median_ms": round(statistics.median(found), 1),
        "p95_ms": found[int(len(found) * 0.95)],
    }


def _timed(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return round((time.perf_counter() - began) * 1000, 1)
