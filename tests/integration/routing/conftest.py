"""A small town in the database, its roads served, and the planner's process at work."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from services.domain.kinds import ContainerType, FacilityKind, VehicleKind
from services.domain.registry import CollectionPoint, DailyWindow, Facility, Vehicle
from services.domain.town import Town
from services.roads.build import build_roads
from services.store import plans, registry
from services.store.connection import Connection, connect
from services.store.jobs import request_plan
from services.store.plans import PlanRequest, PlanRow
from services.store.town import create_town
from tests.road_files import place, write_roads
from tests.road_servers import TOWN_NODES, TOWN_WAYS, Served, answers, serving, wait_until

DAY = date(2026, 3, 10)
NOW = datetime(2026, 3, 9, 12, tzinfo=UTC)
TOWN = Town("青石县")

POINTS = {
    "P1": place(300, 0),
    "P2": place(600, 450),
    "P3": place(350, 600),
    "P4": place(0, 200),
    "PIT": place(0, 450),  # only a crane truck may lift it, and there is none
    "SEA": place(2000, 1500),  # no road comes near
    "ISLE": place(3200, 3000),  # on a road, but on an island
}


def row_of(entry: Facility | Vehicle | CollectionPoint) -> dict[str, Any]:
    """Return a register entry as its table's row."""
    row = {field.name: getattr(entry, field.name) for field in fields(entry)}
    for name, columns in (("shift", "shift"), ("open_hours", "open")):
        if name in row:
            window = row.pop(name)
            row[f"{columns}_start_s"] = None if window is None else window.start_s
            row[f"{columns}_end_s"] = None if window is None else window.end_s
    return row


def store_town(connection: Connection) -> None:
    """Store the drawn town's register: one depot, one station, two trucks, seven points."""
    create_town(connection, TOWN)
    facilities = [
        Facility("D1", FacilityKind.DEPOT, *place(50, 0)),
        Facility("S1", FacilityKind.TRANSFER_STATION, *place(600, 50), tip_s=300),
    ]
    shift = DailyWindow(6 * 3600, 14 * 3600)
    vehicles = [Vehicle(name, VehicleKind.COMPACTOR, "D1", 250, shift=shift) for name in ("V1", "V2")]
    points = [
        CollectionPoint(
            name, *at, expected_kg=100, container_type=ContainerType.PIT if name == "PIT" else ContainerType.BIN
        )
        for name, at in POINTS.items()
    ]
    registry.upsert(connection, registry.FACILITIES, [row_of(facility) for facility in facilities], update=())
    registry.upsert(connection, registry.VEHICLES, [row_of(vehicle) for vehicle in vehicles], update=())
    registry.upsert(connection, registry.POINTS, [row_of(point) for point in points], update=())


@pytest.fixture(scope="session")
def roads(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The drawn town's roads, served for trucks."""
    folder = tmp_path_factory.mktemp("roads")
    build_roads(write_roads(folder / "town.osm.pbf", TOWN_NODES, TOWN_WAYS), folder)
    with serving(folder) as served:
        wait_until(lambda: answers(served.url))
        yield served


@contextmanager
def planner_process(database_url: str, mqtt_url: str, roads_url: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run `python -m services.routing.worker`, its words in `log`."""
    environment = os.environ | {
        "DATABASE_URL": database_url,
        "MQTT_URL": mqtt_url,
        "RIQING_ROADS_TRUCK_URL": roads_url,
    }
    with log.open("ab") as output:
        process = subprocess.Popen([sys.executable, "-m", "services.routing.worker"], env=environment, stderr=output)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


StartPlanner = Callable[[], "subprocess.Popen[bytes]"]


@pytest.fixture(scope="module")
def town_database(database_url: str) -> str:
    """The module's database with the small town in it."""
    with connect(database_url) as connection:
        store_town(connection)
    return database_url


@pytest.fixture(scope="module")
def planner(
    town_database: str, mqtt_url: str, roads: Served, tmp_path_factory: pytest.TempPathFactory
) -> Iterator["subprocess.Popen[bytes]"]:
    """The planner's process at work on the module's database."""
    log = tmp_path_factory.mktemp("planner") / "planner.log"
    with planner_process(town_database, mqtt_url, roads.url, log) as process:
        yield process


def ask(database_url: str, **asked: object) -> UUID:
    """Ask for a plan of the day."""
    with connect(database_url) as connection:
        return request_plan(connection, PlanRequest(**({"service_date": DAY, "time_limit_s": 2.0} | asked)), "me", NOW)  # type: ignore[arg-type]


def plan_of(database_url: str, plan_id: UUID) -> PlanRow:
    """Return a plan as it is now."""
    with connect(database_url) as connection:
        return plans.load_plan(connection, plan_id)


def done(database_url: str, plan_id: UUID, limit_s: float = 300.0) -> PlanRow:
    """Wait until a plan is done and return it; compiling the solver for the first time takes a while."""
    wait_until(lambda: plan_of(database_url, plan_id).is_done, limit_s)
    return plan_of(database_url, plan_id)
