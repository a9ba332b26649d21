"""Which tasks are near which: to look beside when a task is put back, and to take strings from around it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from services.routing.kernel import layout as at
from services.routing.kernel.by_rows import by_rows
from services.routing.kernel.compiled import compiled, inlined

NEAR_COUNT = 25
"""Insertion looks beside this many nearest tasks (planner.md, "Insertion in O(1)")."""
RING_COUNT = 250
"""Ruin looks for strings among this many nearest tasks of its seed."""
WAIT_SHARE = 0.2
"""A second of waiting between two tasks counts so much beside one of driving (Vidal 2013)."""

Int32 = NDArray[np.int32]
Float = NDArray[np.float64]


@inlined()
def sink(keys, tasks, root, size):
    """Let an entry of a heap, the greatest on top, sink to its place."""
    key, task = keys[root], tasks[root]
    while True:
        child = 2 * root + 1
        if child >= size:
            break
        if child + 1 < size and keys[child + 1] > keys[child]:
            child += 1
        if keys[child] <= key:
            break
        keys[root], tasks[root] = keys[child], tasks[child]
        root = child
    keys[root], tasks[root] = key, task


@inlined()
def offer(keys, tasks, size, most, key, task):
    """Keep the `most` smallest keys and their tasks in a heap that has `size` now; gives its new size."""
    if size < most:
        place = size
        while place > 0 and keys[(place - 1) // 2] < key:
            keys[place], tasks[place] = keys[(place - 1) // 2], tasks[(place - 1) // 2]
            place = (place - 1) // 2
        keys[place], tasks[place] = key, task
        return size + 1
    if key < keys[0]:
        keys[0], tasks[0] = key, task
        sink(keys, tasks, 0, size)
    return size


@inlined()
def sort_heap(keys, tasks, size):
    """Bring a heap into order, the smallest key first."""
    for last in range(size - 1, 0, -1):
        key, task = keys[last], tasks[last]
        keys[last], tasks[last] = keys[0], tasks[0]
        keys[0], tasks[0] = key, task
        sink(keys, tasks, 0, last)


@inlined()
def wasted_s(rows, task, way_s, after):
    """What must be waited at least from one task to the next, counted less, and how much too late it must be."""
    between_s = rows[task, at.E_SERVICE] + way_s
    wait_s = max(rows[after, at.E_OPEN] - rows[task, at.E_CLOSE] - between_s, 0)
    late_s = max(rows[task, at.E_OPEN] + between_s - rows[after, at.E_CLOSE], 0)
    return WAIT_SHARE * wait_s + late_s


@compiled()
def find_near(out, into, rows, price, ring, near, keys, tasks, first, last):
    """Fill rows of `ring` and `near`, as `neighbours` gives them; `keys` and `tasks` are room to work in."""
    for task in range(first, last):
        here, size = rows[task, at.E_LOCATION], 0
        total_s, total = 0, 0.0
        for other in range(rows.shape[0]):
            place = rows[other, at.E_LOCATION]
            way = out[here, place, 0] * price[0] + out[here, place, 1] * price[1]
            total_s += out[here, place, 0]
            total += way
            if other != task:
                key = way + into[here, place, 0] * price[0] + into[here, place, 1] * price[1]
                size = offer(keys, tasks, size, ring.shape[1], key, other)
        sort_heap(keys, tasks, size)
        rate = total / max(total_s, 1)
        for column in range(size):
            ring[task, column] = tasks[column]
        kept = 0
        for column in range(size):
            other = np.int64(ring[task, column])
            place = rows[other, at.E_LOCATION]
            way = out[here, place, 0] * price[0] + out[here, place, 1] * price[1]
            back = into[here, place, 0] * price[0] + into[here, place, 1] * price[1]
            way += rate * wasted_s(rows, task, out[here, place, 0], other)
            back += rate * wasted_s(rows, other, into[here, place, 0], task)
            kept = offer(keys, tasks, kept, near.shape[1], min(way, back), other)
        sort_heap(keys, tasks, kept)
        for column in range(kept):
            near[task, column] = tasks[column]


def neighbours(
    roads: tuple[Int32, Int32], rows: Int32, prices: Float, workers: int, should_stop: Callable[[], bool] | None
) -> tuple[Int32, Int32]:
    """For each task the tasks to look beside when it is put back, and those around it to take strings from.

    Both nearest first by the mean truck's cost, -1 fills up. For the first, waiting and lateness between the two tasks'
    windows count as well (after Vidal et al., Computers & OR 40, 2013): two neighbours that cannot follow each other
    are no neighbours. They are looked for among the tasks of the second. `roads` are those out of and into each place.

    Raises:
        GivenUpError: `should_stop` said yes.

    """
    task_count = len(rows)
    near = np.full((task_count, max(1, min(NEAR_COUNT, task_count - 1))), -1, dtype=np.int32)
    ring = np.full((task_count, max(1, min(RING_COUNT, task_count - 1))), -1, dtype=np.int32)
    if task_count < 2 or not len(prices):
        return near, ring
    price = prices[:, [at.P_SECOND, at.P_METRE]].mean(axis=0)

    def worker() -> Callable[[int, int], object]:
        keys, tasks = np.zeros(ring.shape[1]), np.zeros(ring.shape[1], dtype=np.int32)
        return partial(find_near, *roads, rows, price, ring, near, keys, tasks)

    by_rows(task_count, [worker() for _ in range(workers)], should_stop)
    return near, ring
