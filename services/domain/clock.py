"""The town's clock: the real time, or a simulated one that runs at its own speed."""

from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class TownClock:
    """What the town calls now.

    `set_at` is the real instant at which the clock was set, `shows_at_set` the instant it showed then and
    `speed` how many of its seconds pass in a real one. The real clock is `REAL_CLOCK`.
    """

    set_at: datetime
    shows_at_set: datetime
    speed: float
    simulated: bool

    def now(self, real_now: datetime | None = None) -> datetime:
        """Return the town's time in UTC at the real instant `real_now` (by default this one)."""
        real_now = datetime.now(UTC) if real_now is None else real_now
        if not self.simulated:
            return real_now
        return self.shows_at_set + (real_now - self.set_at) * self.speed

    def real_seconds_until(self, instant: datetime, real_now: datetime | None = None) -> float:
        """Return how many real seconds pass until the clock shows `instant`; negative when it has been."""
        return (instant - self.now(real_now)).total_seconds() / self.speed


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
REAL_CLOCK = TownClock(set_at=_EPOCH, shows_at_set=_EPOCH, speed=1.0, simulated=False)
