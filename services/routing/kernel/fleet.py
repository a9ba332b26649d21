"""How many trucks a day needs at least, by its loads, its stops and its hours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from services.routing.kernel import layout as at
from services.routing.kernel.compiled import compiled
from services.routing.kernel.data import KernelData


def least_trucks(data: KernelData) -> int:
    """A lower bound on the trucks of a plan that serves everything: the largest trucks first, rule by rule."""
    tasks = data.entities[: data.task_count].astype(np.int64)
    trucks = data.trucks.astype(np.int64)
    bounds = [
        _least(trucks[:, at.T_MAX_KG], int(tasks[:, at.E_KG].sum())),
        _least(trucks[:, at.T_MAX_L], int(tasks[:, at.E_L].sum())),
        _least(trucks[:, at.T_MAX_STOPS], len(tasks)),
        _least(_working_s(trucks), int(tasks[:, at.E_SERVICE].sum()) + _least_driving_s(data)),
    ]
    return max(bounds)


def _working_s(trucks: NDArray[np.int64]) -> NDArray[np.int64]:
    """How long each truck can be out without its break."""
    span_s = trucks[:, at.T_END] - trucks[:, at.T_START]
    free_s = np.maximum(trucks[:, at.T_FREE_UNTIL] - trucks[:, at.T_START], 0)
    working_s: NDArray[np.int64] = np.maximum(span_s - trucks[:, at.T_REST_S], np.minimum(free_s, span_s))
    return working_s


@compiled()
def shortest_tree_s(out, places, here, over_s, away_s):
    """Seconds of the shortest tree over the places and `here`, by any profile, way and station; Prim's algorithm.

    `over_s[place]` is the shortest way between a place and a station. `away_s` is room to work in, as long as `places`.
    """
    count, total_s = places.shape[0], 0
    for number in range(count):
        away_s[number] = at.NO_ROAD
    for _ in range(count):
        nearest = -1
        for number in range(count):
            if away_s[number] < 0:
                continue
            place, way_s = places[number], over_s[here] + over_s[places[number]]
            for profile in range(out.shape[0]):
                way_s = min(way_s, min(out[profile, here, place, 0], out[profile, place, here, 0]))
            away_s[number] = min(away_s[number], way_s)
            if nearest < 0 or away_s[number] < away_s[nearest]:
                nearest = number
        if away_s[nearest] >= at.NO_ROAD:
            break
        total_s += away_s[nearest]
        here = np.int64(places[nearest])
        away_s[nearest] = -1
    return total_s


def _least_driving_s(data: KernelData) -> int:
    """Driving that no plan can do without: the shortest tree that joins all tasks, by any profile, way and station.

    The routes join all tasks and the depot that they start from; a way over a station counts as one between two tasks,
    as short as the shortest way into it and out of it. At the speed of the fastest truck. Trucks from several depots
    need not be joined: 0 is said then.
    """
    if len(np.unique(data.trucks[:, [at.T_FROM, at.T_TO]])) > 1 or not data.task_count:
        return 0
    fastest = max(int(data.trucks[:, at.T_PERMILLE].max()), 1)
    places = np.unique(data.entities[: data.task_count, at.E_LOCATION])
    stations = np.unique(data.entities[data.task_count :, at.E_LOCATION])
    over_s = np.full(data.out.shape[1], at.NO_ROAD, dtype=np.int64)
    for page in data.out[:, :, :, 0] if len(stations) else ():
        over_s = np.minimum(over_s, np.minimum(page[stations].min(axis=0), page[:, stations].min(axis=1)))
    tree_s = shortest_tree_s(
        data.out, places, int(data.trucks[0, at.T_FROM]), over_s, np.zeros(len(places), dtype=np.int64)
    )
    return int(tree_s) * 1000 // fastest


def _least(sizes: np.ndarray[tuple[int], np.dtype[np.int64]], total: int) -> int:
    """How many of the sizes, largest first, add up to a total."""
    sums = np.cumsum(np.sort(sizes)[::-1])
    return int(np.searchsorted(sums, total)) + 1 if total > 0 else 0
