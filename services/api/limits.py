"""How often one client may ask: a bucket of requests per address or person that refills steadily."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable

from services.api.errors import TooManyRequestsError

REMEMBERED_CLIENTS = 10_000
"""Clients kept; the one not seen for longest is forgotten first, so that memory stays bounded."""

FROM_ADDRESS = "from this address"


class RateLimiter:
    """Lets each client do `per_min` requests a minute, that many at once at most.

    `whence` is how a client is told that it asks too often.
    """

    def __init__(self, per_min: int, whence: str, now_s: Callable[[], float] = time.monotonic) -> None:
        self._per_min = per_min
        self._whence = whence
        self._now_s = now_s
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        """By client: how many requests it had left, and when that was."""

    def take(self, client: str) -> None:
        """Count one request of `client`.

        Raises:
            TooManyRequestsError: it has none left; the error says when it will.

        """
        now_s = self._now_s()
        left, since_s = self._buckets.pop(client, (float(self._per_min), now_s))
        left = min(float(self._per_min), left + (now_s - since_s) * self._per_min / 60)
        allowed = left >= 1
        self._buckets[client] = (left - 1 if allowed else left, now_s)
        if len(self._buckets) > REMEMBERED_CLIENTS:
            self._buckets.popitem(last=False)
        if not allowed:
            wait_s = math.ceil((1 - left) * 60 / self._per_min)
            raise TooManyRequestsError(f"Too many requests {self._whence}; try again in {wait_s} s.", wait_s)
