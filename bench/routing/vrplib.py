"""Reader of VRPLIB `.vrp` files, CVRP and VRPTW with Euclidean distances, and of the best known cost in a `.sol`.

X instances round distances to the nearest whole number; the files with time windows cut them to one decimal, and the
planner counts their tenths.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bench.routing.instance import Instance
from services.routing.problem import MAX_TIME_S, Problem, Task, Travel, Truck, Window


def read_vrplib(path: Path) -> Instance:
    """Read one `.vrp` file."""
    header, sections = _parse(path)
    if header.get("EDGE_WEIGHT_TYPE") != "EUC_2D":
        raise ValueError(f"{path}: only EDGE_WEIGHT_TYPE EUC_2D can be read, not {header.get('EDGE_WEIGHT_TYPE')}.")
    points = np.array([row[1:3] for row in sections["NODE_COORD_SECTION"]])
    exact = np.hypot(*(points[:, None, :] - points[None, :, :]).transpose(2, 0, 1))
    timed = "TIME_WINDOW_SECTION" in sections
    scale = 10 if timed else 1
    whole = (np.floor(exact * 10) if timed else np.floor(exact + 0.5)).astype(np.int32)
    depot = int(sections["DEPOT_SECTION"][0][0]) - 1
    windows = [Window(0, MAX_TIME_S - 1)] * len(points)
    if timed:
        windows = [Window(round(row[1] * scale), round(row[2] * scale)) for row in sections["TIME_WINDOW_SECTION"]]
    service = round(float(header.get("SERVICE_TIME", 0)) * scale)
    truck = Truck(
        start_location=depot,
        end_location=depot,
        capacity_kg=int(header["CAPACITY"]),
        shift_start_s=windows[depot].start_s,
        shift_end_s=windows[depot].end_s,
        cost_per_km=1000,
        ends_empty=False,
    )
    demands = [int(row[1]) for row in sections["DEMAND_SECTION"]]
    tasks = tuple(
        Task(place, demands[place], service_s=service, windows=(windows[place],) if timed else ())
        for place in range(len(points))
        if place != depot
    )
    trucks = int(header.get("VEHICLES", 2 * -(-sum(demands) // truck.capacity_kg)))
    return Instance(
        name=path.name.removesuffix(".vrp"),
        problem=Problem((Travel(whole, whole),), tasks, (truck,) * trucks),
        ids=tuple(range(1, len(points) + 1)),
        distance=whole / scale,
        unit="units",
        trucks_first=False,
        best_known=_best_known(path.with_suffix(".sol")),
    )


def _parse(path: Path) -> tuple[dict[str, str], dict[str, list[list[float]]]]:
    header: dict[str, str] = {}
    sections: dict[str, list[list[float]]] = {}
    rows: list[list[float]] | None = None
    for line in path.read_text(encoding="utf-8").splitlines():
        text = line.strip()
        if text.endswith("_SECTION"):
            rows = sections.setdefault(text, [])
        elif ":" in text:
            key, value = text.split(":", 1)
            header[key.strip()] = value.strip().strip('"')
        elif text == "EOF":
            break
        elif text and rows is not None:
            rows.append([float(cell) for cell in text.split()])
    return header, sections


def _best_known(path: Path) -> float | None:
    if not path.exists():
        return None
    costs = [line.split()[1] for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("Cost")]
    return float(costs[0]) if costs else None
