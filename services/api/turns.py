"""What takes long, or much memory, is done by a few at once: some more wait their turn, the rest come again."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from services.api.errors import TooManyRequestsError


class Turns:
    """Lets `at_once` do something at the same time while `waiting` more wait; safe to use from any thread.

    Who waits does so in a thread that others need, so not everybody may.
    """

    def __init__(self, at_once: int, waiting: int, why: str, retry_after_s: int) -> None:
        """`why` is what those are told for whom there is no room, `retry_after_s` when to come again."""
        self._turns = BoundedSemaphore(at_once)
        self._room = BoundedSemaphore(at_once + waiting)
        self._why, self._retry_after_s = why, retry_after_s

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Wait for a turn and keep it until the block is left.

        Raises:
            TooManyRequestsError: too many wait already.

        """
        if not self._room.acquire(blocking=False):
            raise TooManyRequestsError(f"{self._why}; try again in {self._retry_after_s} s.", self._retry_after_s)
        try:
            with self._turns:
                yield
        finally:
            self._room.release()
