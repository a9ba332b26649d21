"""How many trucks a day needs at least, by its loads, its stops and its hours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from services.routing.kernel import layout as at
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


def _least_driving_s(data: KernelData) -> int:
    """Driving that no plan can do without: the shortest tree that joins all tasks, by any profile, way and station.

    The routes join all tasks and the depot that they start from; a way over a station counts as one between two tasks,
    as short as the shortest way into it and out of it. By Prim's algorithm, at the speed of the fastest truck. Trucks
    from several depots need not be joined: 0 is said then.
    """
    if len(np.unique(data.trucks[:, [at.T_FROM, at.T_TO]])) > 1 or not data.task_count:
        return 0
    fastest = int(data.trucks[:, at.T_PERMILLE].max())
    places = data.entities[: data.task_count, at.E_LOCATION]
    stations = np.unique(data.entities[data.task_count :, at.E_LOCATION])
    seconds = data.out[:, :, :, 0].min(axis=0)
    left = np.unique(places)
    over_s = np.full(seconds.shape[0], at.NO_ROAD, dtype=np.int64)
    if len(stations):
        over_s = np.minimum(seconds[stations].min(axis=0), seconds[:, stations].min(axis=1)).astype(np.int64)
    here, total_s = int(data.trucks[0, at.T_FROM]), 0
    away_s = np.full(len(left), at.NO_ROAD, dtype=np.int64)
    while len(left):
        way_s = np.minimum(seconds[here, left], seconds[left, here])
        way_s = np.minimum(way_s, over_s[here] + over_s[left])
        away_s = np.minimum(away_s, way_s)
        nearest = int(np.argmin(away_s))
        if away_s[nearest] >= at.NO_ROAD:
            break
        total_s += int(away_s[nearest]) * 1000 // fastest
        here = int(left[nearest])
        keep = np.arange(len(left)) != nearest
        left, away_s = left[keep], away_s[keep]
    return total_s


def _least(sizes: np.ndarray[tuple[int], np.dtype[np.int64]], total: int) -> int:
    """How many of the sizes, largest first, add up to a total."""
    sums = np.cumsum(np.sort(sizes)[::-1])
    return int(np.searchsorted(sums, total)) + 1 if total > 0 else 0
