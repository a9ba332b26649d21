"""Which town's clock was in force when a message came in."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from services.domain.clock import TownClock

GRACE = timedelta(seconds=30)
"""For this long (real) before and after a change both clocks count: what a device sent just before the clock
was changed arrives just after, and the machines of database and ingest may differ by a little."""

KEPT_CLOCKS = 8

_ALWAYS = datetime.min.replace(tzinfo=UTC)
_FOREVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Reign:
    clock: TownClock
    start: datetime
    end: datetime


class ClockHistory:
    """The clocks of the last changes, the newest last."""

    def __init__(self) -> None:
        self._reigns: list[_Reign] = []

    def observe(self, clock: TownClock, seen_at: datetime) -> None:
        """Take note of the clock that the store holds at the real instant `seen_at`."""
        if not self._reigns:
            self._reigns.append(_Reign(clock, _ALWAYS, _FOREVER))
            return
        last = self._reigns[-1]
        if clock == last.clock:
            return
        # A simulated clock says when it was set; that the real one came back is known from when it was seen.
        changed_at = max(min(clock.set_at, seen_at) if clock.simulated else seen_at, last.start)
        self._reigns[-1] = _Reign(last.clock, last.start, changed_at)
        self._reigns.append(_Reign(clock, changed_at, _FOREVER))
        del self._reigns[:-KEPT_CLOCKS]

    def at(self, received_at: datetime) -> list[TownClock]:
        """Return the clocks that may have been in force at a real instant, the likeliest first.

        At least one; more only within the grace of a change.
        """
        near = [reign for reign in self._reigns if _distance(reign, received_at) <= GRACE]
        near = near or self._reigns[-1:]
        near.sort(key=lambda reign: _distance(reign, received_at))
        return [reign.clock for reign in near]

    def town_time(self, received_at: datetime) -> datetime:
        """Return what the town called now at a real instant."""
        return self.at(received_at)[0].now(received_at)


def _distance(reign: _Reign, instant: datetime) -> timedelta:
    """Return how far an instant is outside a reign; nothing when it is inside."""
    if instant < reign.start:
        return reign.start - instant
    return instant - reign.end if instant >= reign.end else timedelta(0)
