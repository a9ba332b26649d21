"""Reader of the M3CVRP data of Qingdao (Lan et al., IEEE TEVC 26, 2022): a folder with three JSON files.

The files hold sites with a load, hours and a time of stay, depots and disposal facilities, but no truck. Ours holds
TRUCK_LOAD of the files' units, as many as are needed start at each depot and come back to it empty, and all drive at
SPEED_KMH over DETOUR times the great circle; a route may last the sites' working day.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.routing.instance import Instance
from services.routing.problem import Problem, Station, Task, Travel, Truck, Window

TRUCK_LOAD = 40_000
TRUCKS_PER_DEPOT = 60
SPEED_KMH = 40.0
DETOUR = 1.3
TIP_S = 600
DAY = (6 * 3600, 18 * 3600)
EARTH_M = 6_371_008.8


def read_m3cvrp(folder: Path) -> Instance:
    """Read a folder with Depots.json, DisposalFacilities.json and WasteCollectionSites.json."""
    depots = _load(folder / "Depots.json", "depot")
    facilities = _load(folder / "DisposalFacilities.json", "disposal_facility")
    sites = _load(folder / "WasteCollectionSites.json", "point")
    places = [*depots, *facilities, *sites]
    degrees = np.array([[place["lng"], place["lat"]] for place in places], dtype=np.float64) / 1e6
    metres = np.rint(great_circle_m(degrees) * DETOUR)
    travel = Travel(np.rint(metres / (SPEED_KMH / 3.6)).astype(np.int32), metres.astype(np.int32))
    first_site = len(depots) + len(facilities)
    tasks = tuple(
        Task(place, int(site["capacity"]), service_s=int(site["stopLength"]), windows=_windows(site["workTimes"]))
        for place, site in enumerate(sites, first_site)
    )
    trucks = tuple(
        Truck(depot, depot, TRUCK_LOAD, shift_start_s=DAY[0], shift_end_s=DAY[1], cost_per_km=1000)
        for depot in range(len(depots))
        for _ in range(TRUCKS_PER_DEPOT)
    )
    stations = tuple(Station(place, TIP_S) for place in range(len(depots), first_site))
    return Instance(
        name=folder.name,
        problem=Problem((travel,), tasks, trucks, stations),
        ids=tuple(str(place["id"]) for place in places),
        distance=metres / 1000,
        unit="km",
        trucks_first=False,
    )


def _load(path: Path, key: str) -> list[dict[str, Any]]:
    rows = json.loads(path.read_text(encoding="utf-8"))[key]
    assert isinstance(rows, list)
    return rows


def _windows(spans: list[list[str]]) -> tuple[Window, ...]:
    return tuple(sorted((Window(_clock(start), _clock(end)) for start, end in spans), key=lambda span: span.start_s))


def _clock(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 3600 + int(minutes) * 60


def great_circle_m(degrees: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distances between all pairs of (lon, lat) by the haversine formula."""
    lon, lat = np.radians(degrees).T
    half = np.sin((lat[:, None] - lat) / 2) ** 2
    half += np.cos(lat[:, None]) * np.cos(lat) * np.sin((lon[:, None] - lon) / 2) ** 2
    metres: NDArray[np.float64] = 2 * EARTH_M * np.arcsin(np.sqrt(half))
    return metres
