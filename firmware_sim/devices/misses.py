"""Stops that a driver leaves out: without a look, while rolling slowly past, or standing there in traffic."""

from dataclasses import dataclass
from enum import StrEnum
from random import Random

from services.domain.kinds import StopKind
from services.domain.telemetry import RouteStop

_REPORTED_SHARE = 0.4
"""Of the skipped stops; the driver presses the button for these."""
_QUEUE_WITHIN_M = 40.0
_SHORTEST_QUEUE_S, _LONGEST_QUEUE_S = 20.0, 180.0


class MissKind(StrEnum):
    """How a stop is missed."""

    SKIP = "skip"
    DRIVE_PAST = "drive_past"
    QUEUE = "queue"


@dataclass(slots=True)
class Miss:
    """A stop that is missed, `at_m` along the road that is driven then; all but a skip halt for `halt_s`."""

    stop: RouteStop
    kind: MissKind
    at_m: float
    halt_s: float = 0.0
    is_reported: bool = False


@dataclass(slots=True)
class MissMaker:
    """Decides which stops are missed; each decision hangs on the stop alone, not on when it is asked."""

    seed: str
    skip_ratio: float
    drive_past_ratio: float
    queue_ratio: float = 0.0

    def at(self, stop: RouteStop, at_m: float) -> Miss | None:
        """Return how `stop` is missed, or None."""
        if stop.kind is not StopKind.POINT or self.skip_ratio + self.drive_past_ratio + self.queue_ratio == 0.0:
            return None
        random = Random(f"{self.seed}/{stop.id}/{stop.sequence}")
        draw, halt_s, told = random.random(), random.uniform(0.0, 9.0), random.random()
        if draw < self.skip_ratio:
            return Miss(stop, MissKind.SKIP, at_m, is_reported=told < _REPORTED_SHARE)
        if draw < self.skip_ratio + self.drive_past_ratio:
            return Miss(stop, MissKind.DRIVE_PAST, at_m, halt_s=max(halt_s - 3.0, 0.0))
        if draw < self.skip_ratio + self.drive_past_ratio + self.queue_ratio:
            stands_at_m = max(at_m + random.uniform(-_QUEUE_WITHIN_M, _QUEUE_WITHIN_M), 0.0)
            halt_s = random.uniform(_SHORTEST_QUEUE_S, _LONGEST_QUEUE_S)
            return Miss(stop, MissKind.QUEUE, stands_at_m, halt_s=halt_s)
        return None
