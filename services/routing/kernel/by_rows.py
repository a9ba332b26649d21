"""Work on the rows of large tables: in pieces, on several threads, and given up as soon as nobody wants it any more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

ROWS_AT_ONCE = 64
"""Rows between two askings whether to stop: a few milliseconds at ten thousand columns."""


class GivenUpError(Exception):
    """The work was told to stop before it was done."""


def by_rows(
    row_count: int, workers: Sequence[Callable[[int, int], object]], should_stop: Callable[[], bool] | None
) -> list[object]:
    """Have each piece of the rows worked on by one of the workers, a thread each; what they gave, in no order.

    A worker gets the first row and the row behind the last one of its piece.

    Raises:
        GivenUpError: `should_stop` said yes.

    """
    pieces = iter([(first, min(first + ROWS_AT_ONCE, row_count)) for first in range(0, row_count, ROWS_AT_ONCE)])

    def work(worker: Callable[[int, int], object]) -> list[object]:
        given: list[object] = []
        for first, last in pieces:
            if should_stop is not None and should_stop():
                raise GivenUpError
            given.append(worker(first, last))
        return given

    if len(workers) == 1 or row_count <= ROWS_AT_ONCE:
        return work(workers[0])
    with ThreadPoolExecutor(len(workers), "riqing-rows") as pool:
        return [thing for given in pool.map(work, workers) for thing in given]
