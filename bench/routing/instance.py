"""A benchmark instance: the problem as the planner takes it, and what its numbers mean in the file it comes from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.routing.problem import Problem
from services.routing.solution import Solution, StopKind


@dataclass(frozen=True, slots=True)
class Instance:
    """One instance.

    `ids` are the file's own names of the locations. `distance` is what the benchmark measures between them, in `unit`,
    unrounded. `trucks_first`: fewer trucks count before distance. `best_known` is a distance, where one is published
    with the instance.
    """

    name: str
    problem: Problem
    ids: tuple[int | str, ...]
    distance: NDArray[np.float64]
    unit: str
    trucks_first: bool
    best_known: float | None = None


def as_json(instance: Instance, solution: Solution) -> dict[str, object]:
    """A solution in the form of `interfaces.md`: the stops of each route by the file's ids, and where the break is."""
    routes = []
    for route in solution.routes:
        stops: list[int | str] = []
        break_after: int | None = None
        for stop in route.stops:
            if stop.kind in (StopKind.TASK, StopKind.UNLOAD):
                stops.append(instance.ids[stop.location])
            elif stop.kind is StopKind.BREAK:
                break_after = len(stops) - 1
        routes.append({"stops": stops, "break_after": break_after, "depot": instance.ids[route.stops[0].location]})
    return {
        "instance": instance.name,
        "routes": routes,
        "distance": distance_of(instance, solution),
        "vehicles": len(solution.routes),
    }


def distance_of(instance: Instance, solution: Solution) -> float:
    """The distance of a solution in the instance's own measure."""
    total = 0.0
    for route in solution.routes:
        places = [stop.location for stop in route.stops]
        total += float(instance.distance[places[:-1], places[1:]].sum())
    return total


def write_solution(instance: Instance, solution: Solution, folder: Path, solver: str) -> Path:
    """Write a solution as JSON; the planner's own has the instance's name, the others have theirs added."""
    folder.mkdir(parents=True, exist_ok=True)
    suffix = "" if solver == "riqing" else f".{solver}"
    path = folder / f"{instance.name}{suffix}.json"
    path.write_text(json.dumps(as_json(instance, solution)))
    return path
