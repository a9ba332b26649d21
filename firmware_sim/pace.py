"""How fast simulated time passes: as asked, or slower and honestly so where the machine cannot keep up."""

from dataclasses import dataclass
from datetime import datetime, timedelta

MOST_UNACKNOWLEDGED = 4_000
"""With more messages on their way than this, time stands still for the devices."""

_BEHIND_S = 1.5
_CALM_BEHIND_S = 0.3
_CALM_FOR_S = 12.0
_SETTLE_S = 3.0
_SLOWEST = 1.0


@dataclass(slots=True)
class Pace:
    """Simulated time as a function of real time; real times are those of a monotonic clock, in seconds.

    The town's clock at the API runs by the same anchor and speed, so whoever changes them here sets it there.
    """

    asked_speed: float
    speed: float
    anchor_real_s: float
    anchor: datetime
    _calm_since_s: float | None = None

    @classmethod
    def from_now(cls, speed: float, real_s: float, simulated: datetime) -> "Pace":
        """Start at a simulated instant with the asked speed."""
        return cls(speed, speed, real_s, simulated)

    def target(self, real_s: float) -> datetime:
        """Return what the town's clock shows."""
        return self.anchor + timedelta(seconds=(real_s - self.anchor_real_s) * self.speed)

    def re_anchor(self, speed: float, real_s: float, simulated: datetime) -> None:
        """Run on from `simulated` with another speed."""
        self.speed, self.anchor_real_s, self.anchor = speed, real_s, simulated
        self._calm_since_s = None

    def better_speed(self, real_s: float, simulated: datetime, unacknowledged: int) -> float | None:
        """Return the speed to change to, or None to go on as it is.

        Behind the clock by more than 1.5 real seconds: nine tenths of what was really reached. Close to it for
        12 s: a third faster, up to the speed that was asked for.
        """
        since_s = real_s - self.anchor_real_s
        behind_s = (self.target(real_s) - simulated).total_seconds() / self.speed
        if since_s >= _SETTLE_S and behind_s > _BEHIND_S:
            reached = (simulated - self.anchor).total_seconds() / since_s
            slower = max(min(reached * 0.9, self.speed * 0.9), _SLOWEST)
            return slower if slower < self.speed else None
        if self.speed >= self.asked_speed or behind_s > _CALM_BEHIND_S or unacknowledged > MOST_UNACKNOWLEDGED / 2:
            self._calm_since_s = None
            return None
        self._calm_since_s = real_s if self._calm_since_s is None else self._calm_since_s
        if real_s - self._calm_since_s < _CALM_FOR_S:
            return None
        return min(self.speed * 1.33, self.asked_speed)
