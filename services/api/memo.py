"""Answers that are kept as long as the store says that what they were made of is as it was."""

import threading
from collections import OrderedDict
from collections.abc import Hashable

MOST_ANSWERS = 10_000
MOST_BYTES = 64_000_000
"""Two years of the figures of 300 vehicles, day by day."""


class Memo:
    """Keeps each answer with the state of the store that it was made of; safe to use from any thread.

    The state has to be read before what the answer is made of: then a change in between makes a newer answer of an
    older state, which is made once more, and never an older answer of a newer one.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: OrderedDict[Hashable, tuple[Hashable, bytes]] = OrderedDict()
        self._bytes = 0

    def get(self, key: Hashable, state: Hashable) -> bytes | None:
        """Return what was kept under `key`, none where that was of another state."""
        with self._lock:
            kept_state, answer = self._answers.get(key, (None, None))
            if answer is None or kept_state != state:
                return None
            self._answers.move_to_end(key)
            return answer

    def keep(self, key: Hashable, state: Hashable, answer: bytes) -> None:
        """Keep an answer; those not asked for longest are forgotten for it."""
        with self._lock:
            _, before = self._answers.pop(key, (None, b""))
            self._answers[key] = (state, answer)
            self._bytes += len(answer) - len(before)
            while len(self._answers) > MOST_ANSWERS or self._bytes > MOST_BYTES:
                _, (_, forgotten) = self._answers.popitem(last=False)
                self._bytes -= len(forgotten)
