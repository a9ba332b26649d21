"""Reader of the Montevideo instances of S. Woodbridge and V. Vergara: containers, trucks, dumps, real driving minutes.

An instance is four files of one stem: `.containers.txt` (id, lon, lat, opens, closes, demand, service, street),
`.otherlocs.txt` (id, lon, lat, opens, closes), `.vehicles.txt` (id, start, dump, end, minutes at the dump, capacity,
shift begins, shift ends) and `.dmatrix-time.txt` (from, to, minutes); all times in minutes. The matrix holds near pairs
only, and in one instance no depot at all. A pair that is missing gets the quickest way over pairs that are there, and
where there is none the great circle at the speed of the longest quarter of the known pairs. What counts is the minutes
on the road; the planner counts whole seconds.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import shortest_path

from bench.routing.instance import Instance
from bench.routing.m3cvrp import great_circle_m
from services.routing.problem import Problem, Station, Task, Travel, Truck, Window

SUFFIX = ".containers.txt"
MINUTE_S = 60


def read_montevideo(path: Path) -> Instance:
    """Read the four files that belong to one `*.containers.txt`."""
    stem = path.name.removesuffix(SUFFIX)
    containers = _rows(path)
    others = _rows(path.with_name(f"{stem}.otherlocs.txt"))
    vehicles = _rows(path.with_name(f"{stem}.vehicles.txt"))
    ids = [int(row[0]) for row in containers + others]
    place = {number: position for position, number in enumerate(ids)}
    degrees = np.array([row[1:3] for row in containers + others])
    minutes = _minutes(_rows(path.with_name(f"{stem}.dmatrix-time.txt")), place, degrees)
    seconds = np.rint(minutes * MINUTE_S).astype(np.int32)
    tasks = tuple(
        Task(position, round(row[5]), service_s=round(row[6] * MINUTE_S), windows=(_window(row[3], row[4]),))
        for position, row in enumerate(containers)
    )
    dumps = {int(row[2]): round(row[4] * MINUTE_S) for row in vehicles}
    hours = {int(row[0]): _window(row[3], row[4]) for row in others}
    stations = tuple(Station(place[dump], tip_s, (hours[dump],)) for dump, tip_s in dumps.items())
    trucks = tuple(_truck(row, place) for row in vehicles)
    may_tip = np.array([[int(row[2]) == dump for row in vehicles] for dump in dumps], dtype=np.bool_)
    return Instance(
        name=stem,
        problem=Problem((Travel(seconds, seconds),), tasks, trucks, stations, may_tip=may_tip),
        ids=tuple(ids),
        distance=seconds / MINUTE_S,
        unit="minutes",
        trucks_first=False,
    )


def _rows(path: Path) -> list[list[float]]:
    """The numbers of each line that is not a comment."""
    lines = (line.split("#")[0].split() for line in path.read_text(encoding="utf-8").splitlines())
    return [[float(cell) for cell in line] for line in lines if line]


def _window(opens: float, closes: float) -> Window:
    return Window(round(opens * MINUTE_S), round(closes * MINUTE_S))


def _truck(row: list[float], place: dict[int, int]) -> Truck:
    shift = _window(row[6], row[7])
    return Truck(
        place[int(row[1])],
        place[int(row[3])],
        round(row[5]),
        shift_start_s=shift.start_s,
        shift_end_s=shift.end_s,
        cost_per_km=1000,
    )


def _minutes(rows: list[list[float]], place: dict[int, int], degrees: NDArray[np.float64]) -> NDArray[np.float64]:
    """Driving minutes between all places, with the holes filled."""
    known = [(place[int(row[0])], place[int(row[1])], row[2]) for row in rows if row[0] != row[1]]
    starts, ends = np.array([pair[0] for pair in known]), np.array([pair[1] for pair in known])
    times = np.array([pair[2] for pair in known])
    metres = great_circle_m(degrees)
    given = np.full(metres.shape, np.nan)
    given[starts, ends] = times
    # A sparse graph takes a zero for no road at all, and neighbours across a street are 0 minutes apart.
    graph = csr_array((np.maximum(times, 1e-9), (starts, ends)), shape=metres.shape)
    minutes = np.where(np.isnan(given), shortest_path(graph), given)
    lengths = metres[starts, ends]
    far = lengths >= np.quantile(lengths, 0.75)
    speed = float(np.median(lengths[far] / np.maximum(times[far], 1e-9)))
    minutes = np.where(np.isinf(minutes), metres / speed, minutes)
    np.fill_diagonal(minutes, 0.0)
    return minutes
