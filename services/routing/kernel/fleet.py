"""How many trucks a day needs at least, by its loads, its stops and its hours."""

from __future__ import annotations

import numpy as np

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
        _least(trucks[:, at.T_END] - trucks[:, at.T_START], int(tasks[:, at.E_SERVICE].sum())),
    ]
    return max(bounds)


def _least(sizes: np.ndarray[tuple[int], np.dtype[np.int64]], total: int) -> int:
    """How many of the sizes, largest first, add up to a total."""
    sums = np.cumsum(np.sort(sizes)[::-1])
    return int(np.searchsorted(sums, total)) + 1 if total > 0 else 0
