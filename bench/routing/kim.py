"""Reader of the waste collection instances of Kim, Kim and Sahoo (2006), `*_stop.txt`.

Manhattan distance in feet, 5,280 to a mile, at the header's speed; a lunch of the header's length begins from 11:00
to 12:00; trucks leave the depot empty and come back empty; loads in cubic yards. The planner counts hundredths of a
second, feet and hundredths of a yard, each rounded against itself.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.routing.instance import Instance
from services.routing.problem import Break, Problem, Station, Task, Travel, Truck, Window

FEET_PER_MILE = 5280
CENTI = 100
HEADER_LINES, COLUMNS = 5, 8
DEPOT, STOP, LANDFILL = 0, 1, 2
TRUCK_COST = 10**9
"""A truck costs more than all miles together, as the benchmark counts trucks first."""


def read_kim(path: Path) -> Instance:
    """Read one `*_stop.txt` file (mixed tabs, blanks and commas, trailing columns, empty lines, times such as 0775)."""
    header, rows = _parse(path)
    capacity, day_yards, day_stops, lunch_s, mph = header
    feet = np.abs(rows[:, None, 1:3] - rows[None, :, 1:3]).sum(axis=2)
    seconds = feet / FEET_PER_MILE * 3600 / mph
    travel = Travel(np.ceil(seconds * CENTI).astype(np.int32), np.ceil(feet).astype(np.int32))
    depot = int(np.flatnonzero(rows[:, 7] == DEPOT)[0])
    opens = _window(rows[depot])
    noon = 12 * 3600 * CENTI
    truck = Truck(
        start_location=depot,
        end_location=depot,
        capacity_kg=round(capacity * CENTI),
        shift_start_s=opens.start_s,
        shift_end_s=opens.end_s,
        rest=Break(round(lunch_s * CENTI), noon - 3600 * CENTI, noon, always=True),
        fixed_cost=TRUCK_COST,
        cost_per_km=1000,
        max_kg=round(day_yards * CENTI),
        max_stops=round(day_stops),
    )
    tasks = tuple(
        Task(place, round(row[6] * CENTI), service_s=round(row[5] * CENTI), windows=(_window(row),))
        for place, row in enumerate(rows)
        if row[7] == STOP
    )
    stations = tuple(
        Station(place, round(row[5] * CENTI), (_window(row),)) for place, row in enumerate(rows) if row[7] == LANDFILL
    )
    return Instance(
        name=path.name.removesuffix(".txt"),
        problem=Problem((travel,), tasks, (truck,) * _enough(tasks, truck), stations),
        ids=tuple(int(row[0]) for row in rows),
        distance=feet / FEET_PER_MILE,
        unit="miles",
        trucks_first=True,
    )


def _parse(path: Path) -> tuple[list[float], NDArray[np.float64]]:
    """The five numbers above the line of column names, and the first eight columns of each row below it."""
    text = path.read_text(encoding="utf-8-sig", errors="replace").replace(",", " ").replace('"', " ")
    lines = [line.split() for line in text.splitlines() if line.split()]
    names = next((place for place, cells in enumerate(lines) if cells[0].lower().startswith("stop")), None)
    if names is None or names < HEADER_LINES:
        raise ValueError(f"{path}: {HEADER_LINES} lines of one number each were expected above the column names.")
    header = [float(cells[0]) for cells in lines[:HEADER_LINES]]
    rows = [[float(cell) for cell in cells[:COLUMNS]] for cells in lines[names + 1 :] if len(cells) >= COLUMNS]
    return header, np.array(rows)


def _window(row: NDArray[np.float64]) -> Window:
    return Window(_clock(row[3]), _clock(row[4]))


def _clock(hhmm: float) -> int:
    """Hundredths of a second after midnight of a time like 1030."""
    return (int(hhmm // 100) * 3600 + int(hhmm % 100) * 60) * CENTI


def _enough(tasks: tuple[Task, ...], truck: Truck) -> int:
    """More trucks than any sensible plan uses: what loads, stops and service alone ask for, three times over."""
    hours = (truck.shift_end_s - truck.shift_start_s) or 1
    least = max(
        sum(task.demand_kg for task in tasks) / truck.max_kg,
        len(tasks) / truck.max_stops,
        sum(task.service_s for task in tasks) / hours,
    )
    return 3 * int(np.ceil(least)) + 12
