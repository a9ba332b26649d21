"""The bounded list between the network thread, which fills it, and the writer thread, which empties it."""

import threading
import time
from collections import deque
from collections.abc import Callable

from services.ingest.delivery import Delivery


class Intake:
    """Deliveries in the order in which they came, with a bound on their number and on their bytes.

    The bound is kept by whoever fills it: it asks `has_room` before it reads on. Nothing is ever dropped.
    """

    def __init__(self, held_messages: int, held_bytes: int) -> None:
        self._held_messages = held_messages
        self._held_bytes = held_bytes
        self._bursts: deque[tuple[float, list[Delivery]]] = deque()
        """What was read at once, with the monotonic time of the reading."""
        self._messages = 0
        self._bytes = 0
        self._enough_messages = held_messages
        self._changed = threading.Condition()
        self._closed = False
        self.on_room: Callable[[], None] = lambda: None
        """Called when there is room again after there was none."""

    def __len__(self) -> int:
        """Return how many messages are held."""
        return self._messages

    def has_room(self) -> bool:
        """Tell whether more may be read."""
        return self._messages < self._held_messages and self._bytes < self._held_bytes

    def put(self, deliveries: list[Delivery]) -> None:
        """Add what was read at once."""
        size = sum(len(delivery.payload) for delivery in deliveries)
        with self._changed:
            was_empty = not self._bursts
            self._bursts.append((time.monotonic(), deliveries))
            self._messages += len(deliveries)
            self._bytes += size
            if was_empty or self._messages >= self._enough_messages or not self.has_room():
                self._changed.notify()

    def close(self) -> None:
        """Let nobody wait for more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def take(self, most_messages: int, most_bytes: int, linger_s: float, wait_s: float) -> list[Delivery]:
        """Return the next batch; empty when nothing has come within `wait_s` seconds.

        A batch is complete when it has `most_messages` or `most_bytes`, or when its first message has waited
        for `linger_s` seconds. It has at least one message, however large.
        """
        with self._changed:
            self._enough_messages = most_messages
            if not self._bursts and not self._closed:
                self._changed.wait(wait_s)
            if not self._bursts:
                return []
            complete_at = self._bursts[0][0] + linger_s
            while self._messages < most_messages and self._bytes < most_bytes and self.has_room() and not self._closed:
                left_s = complete_at - time.monotonic()
                if left_s <= 0:
                    break
                self._changed.wait(left_s)
            had_room = self.has_room()
            batch = self._pop(most_messages, most_bytes)
            has_room = self.has_room()
        if has_room and not had_room:
            self.on_room()
        return batch

    def _pop(self, most_messages: int, most_bytes: int) -> list[Delivery]:
        batch: list[Delivery] = []
        size = 0
        while self._bursts and len(batch) < most_messages and size < most_bytes:
            read_at, burst = self._bursts.popleft()
            taken = 0
            for delivery in burst[: most_messages - len(batch)]:
                taken += 1
                size += len(delivery.payload)
                if size >= most_bytes:
                    break
            batch += burst[:taken]
            if taken < len(burst):
                self._bursts.appendleft((read_at, burst[taken:]))
        self._messages -= len(batch)
        self._bytes -= size
        return batch
