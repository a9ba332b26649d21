"""Greedy choosing: always what gains most next; the baseline, and the order in which to do what was chosen."""

import heapq
from collections.abc import Callable, Iterable, Sequence

Score = Callable[[Sequence[int]], float]
"""What a choice scores, more being better."""

Allowed = Callable[[Sequence[int], int], bool]
"""Whether one more may be added to a choice."""


def choose_greedily(items: Iterable[int], score: Score, allowed: Allowed) -> list[int]:
    """Return items in the order in which each gains most next, as long as any may be added.

    Where a gain never grows by what was chosen before (as with coverage), an item whose last known gain is below
    another's present one need not be looked at again (Minoux 1978), and the result is that of plain greedy.
    """
    chosen: list[int] = []
    reached = score(chosen)
    # Of equal gains the first item comes first; the last entry is when the gain was last worked out.
    waiting = [(-(score([item]) - reached), item, 0) for item in items]
    heapq.heapify(waiting)
    while waiting:
        loss, item, known_at = heapq.heappop(waiting)
        if not allowed(chosen, item):
            continue
        if known_at == len(chosen):
            chosen.append(item)
            reached -= loss
            continue
        gain = score([*chosen, item]) - reached
        heapq.heappush(waiting, (-gain, item, len(chosen)))
    return chosen
