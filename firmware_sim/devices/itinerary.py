"""Where a truck is in its route, also when a revision of the route arrives on the way."""

from collections import Counter
from datetime import datetime

from services.domain.kinds import StopKind
from services.domain.telemetry import RouteMessage, RouteStop

StopKey = tuple[StopKind, str]


class Itinerary:
    """The route of the day and how much of it is done."""

    def __init__(self) -> None:
        """Start without a route."""
        self._message: RouteMessage | None = None
        self._next = 0
        self._done: list[StopKey] = []

    @property
    def plan_id(self) -> str | None:
        """The plan of the route that is followed."""
        return None if self._message is None else self._message.plan_id

    @property
    def stops(self) -> tuple[RouteStop, ...]:
        """All stops of the route that is followed."""
        return () if self._message is None else self._message.stops

    @property
    def ahead(self) -> tuple[RouteStop, ...]:
        """The stops that are left."""
        return self.stops[self._next :]

    @property
    def planned_departure(self) -> datetime | None:
        """When the truck should have left the stop that it did last, by the route it follows now."""
        return self.stops[self._next - 1].depart_at if 0 < self._next <= len(self.stops) else None

    def complete(self, stop: RouteStop) -> None:
        """Tick off a stop, served or not; the route may have been revised since the truck set out for it."""
        key = (stop.kind, stop.id)
        self._done.append(key)
        ahead = self.ahead
        if ahead and (ahead[0].kind, ahead[0].id) == key:
            self._next += 1
        else:
            self._next = self._place_in(self.stops)

    def revise(self, message: RouteMessage) -> bool:
        """Follow `message` from the next stop on; returns False where it is not newer than what is followed.

        The truck goes on after the stop it did last; where the revision does not name that stop, with the first
        that it has not done.
        """
        current = self._message
        if current is not None and current.plan_id == message.plan_id and message.revision <= current.revision:
            return False
        if current is not None and message.revision < current.revision:
            return False
        self._message = message
        self._next = self._place_in(message.stops)
        return True

    def _place_in(self, stops: tuple[RouteStop, ...]) -> int:
        done = Counter(self._done)
        seen: Counter[StopKey] = Counter()
        after_last, first_open = None, None
        for index, stop in enumerate(stops):
            key = (stop.kind, stop.id)
            seen[key] += 1
            if seen[key] > done[key]:
                first_open = index if first_open is None else first_open
            elif self._done and key == self._done[-1]:
                after_last = index + 1
        if after_last is not None:
            return after_last
        return len(stops) if first_open is None else first_open
