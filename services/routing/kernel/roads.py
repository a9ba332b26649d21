"""The roads as the kernel reads them: seconds and metres side by side, neighbouring places near in memory."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from services.routing.kernel import layout as at
from services.routing.kernel.by_rows import by_rows
from services.routing.kernel.compiled import compiled
from services.routing.problem import Problem, Travel

FEW_PLACES = 8
"""So many places fill a cache line of the table; their order among themselves does not matter."""
BLOCK = 64

Int32 = NDArray[np.int32]


@compiled()
def pack_rows(seconds, metres, places, page, first, last):
    """Fill rows of `page` with (seconds, metres) between the places; where either is missing there is no road."""
    for row in range(first, last):
        here = places[row]
        for column in range(places.shape[0]):
            there = places[column]
            if seconds[here, there] < 0 or metres[here, there] < 0:
                page[row, column, 0] = at.NO_ROAD
                page[row, column, 1] = at.NO_ROAD
            else:
                page[row, column, 0] = seconds[here, there]
                page[row, column, 1] = metres[here, there]


@compiled()
def is_symmetric(page, first, last):
    """Whether rows of a page are the same as its columns; by blocks, since a column is spread over the whole memory."""
    for begin in range(0, page.shape[0], BLOCK):
        for row in range(first, last):
            for column in range(begin, min(begin + BLOCK, page.shape[0])):
                if page[row, column, 0] != page[column, row, 0] or page[row, column, 1] != page[column, row, 1]:
                    return False
    return True


@compiled()
def turn_rows(page, turned, first, last):
    """Fill rows of `turned` with the columns of a page."""
    for begin in range(0, page.shape[0], BLOCK):
        for row in range(first, last):
            for column in range(begin, min(begin + BLOCK, page.shape[0])):
                turned[row, column, 0] = page[column, row, 0]
                turned[row, column, 1] = page[column, row, 1]


def used_places(problem: Problem) -> NDArray[np.int64]:
    """The rows of the matrices that anything lies at, neighbours one after another.

    By halving: of two places far apart, which one is nearer. At 8,000 points a step reads the table at a thousand
    places, and finds them in fewer pages of the memory so.
    """
    used = {task.location for task in problem.tasks} | {station.location for station in problem.stations}
    used |= {place for truck in problem.trucks for place in (truck.start_location, truck.end_location)}
    seconds = problem.travel[0].duration_s
    waiting = [np.array(sorted(used), dtype=np.int64)]
    order: list[NDArray[np.int64]] = []
    while waiting:
        places = waiting.pop()
        if len(places) <= FEW_PLACES:
            order.append(places)
            continue
        one = places[np.argmax(seconds[places[0], places])]
        other = places[np.argmax(seconds[one, places])]
        nearer = np.argsort(seconds[one, places] - seconds[other, places], kind="stable")
        half = len(places) // 2
        waiting += [places[nearer[half:]], places[nearer[:half]]]
    return np.concatenate([np.zeros(0, dtype=np.int64), *order])


def packed(
    travels: tuple[Travel, ...], places: NDArray[np.int64], workers: int, should_stop: Callable[[], bool] | None
) -> tuple[Int32, Int32]:
    """The roads out of and into each place, by profile; one table where all roads are the same both ways.

    Raises:
        GivenUpError: `should_stop` said yes.

    """
    count = len(places)
    out = np.empty((len(travels), count, count, 2), dtype=np.int32)
    symmetric = True
    for page, travel in zip(out, travels, strict=True):
        by_rows(count, [partial(pack_rows, travel.duration_s, travel.distance_m, places, page)] * workers, should_stop)
        symmetric = symmetric and all(by_rows(count, [partial(is_symmetric, page)] * workers, should_stop))
    if symmetric:
        return out, out
    into = np.empty_like(out)
    for page, turned in zip(out, into, strict=True):
        by_rows(count, [partial(turn_rows, page, turned)] * workers, should_stop)
    return out, into
