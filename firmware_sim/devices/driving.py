"""How a truck moves along a road: the path it follows and its speed on the way."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from firmware_sim.ground import Spot, between, distance_m, heading_deg

ACCELERATION_MPS2 = 1.1
TOP_SPEED_MPS = 21.0
SLOWEST_CRUISE_MPS = 2.5
"""A leg planned to be slower still is driven at this speed, and the truck is early."""


@dataclass(frozen=True, slots=True)
class Halt:
    """A stop on the way that is none of the plan's: `at_m` from the start, for `wait_s`."""

    at_m: float
    wait_s: float


class Path:
    """A line of spots, measured from its start."""

    def __init__(self, spots: Sequence[Spot]) -> None:
        """Take at least one spot."""
        self._spots = [spot for index, spot in enumerate(spots) if index == 0 or spot != spots[index - 1]]
        self._marks_m = [0.0]
        for a, b in pairwise(self._spots):
            self._marks_m.append(self._marks_m[-1] + distance_m(a, b))

    @property
    def length_m(self) -> float:
        """Length in metres."""
        return self._marks_m[-1]

    @property
    def end(self) -> Spot:
        """The last spot."""
        return self._spots[-1]

    def at(self, along_m: float) -> Spot:
        """Return the spot `along_m` from the start."""
        index = self._segment(along_m)
        if index + 1 == len(self._spots):
            return self._spots[-1]
        length = self._marks_m[index + 1] - self._marks_m[index]
        fraction = (along_m - self._marks_m[index]) / length if length else 0.0
        return between(self._spots[index], self._spots[index + 1], min(max(fraction, 0.0), 1.0))

    def heading_at(self, along_m: float) -> float:
        """Return the direction of the road there, 0 for a path of one spot."""
        index = min(self._segment(along_m), len(self._spots) - 2)
        return heading_deg(self._spots[index], self._spots[index + 1]) if index >= 0 else 0.0

    def _segment(self, along_m: float) -> int:
        return max(bisect_right(self._marks_m, along_m) - 1, 0)


@dataclass(frozen=True, slots=True)
class _Phase:
    start_s: float
    start_m: float
    speed_mps: float
    acceleration_mps2: float


class SpeedProfile:
    """Where along a path a truck is at any time since it set off: it speeds up, cruises, brakes and halts."""

    def __init__(self, length_m: float, duration_s: float, halts: Sequence[Halt] = ()) -> None:
        """Plan to cover `length_m` in `duration_s` with the halts, or later if that would be too fast."""
        self._phases: list[_Phase] = []
        self._clock_s = self._along_m = 0.0
        self.halted_at_s: list[float] = []
        inside = sorted((halt for halt in halts if 0.0 < halt.at_m < length_m), key=lambda halt: halt.at_m)
        cruise_mps = _cruise(length_m, duration_s - sum(halt.wait_s for halt in inside), len(inside) + 1)
        for halt in inside:
            self._drive_to(halt.at_m, cruise_mps)
            self.halted_at_s.append(self._clock_s)
            self._wait(halt.wait_s)
        self._drive_to(length_m, cruise_mps)
        self._wait(0.0)
        self._starts_s = [phase.start_s for phase in self._phases]

    @property
    def duration_s(self) -> float:
        """How long the drive really takes."""
        return self._clock_s

    def at(self, elapsed_s: float) -> tuple[float, float]:
        """Return how far along the truck is and its speed in m/s, `elapsed_s` after setting off."""
        phase = self._phases[max(bisect_right(self._starts_s, elapsed_s) - 1, 0)]
        since = max(elapsed_s - phase.start_s, 0.0)
        along_m = phase.start_m + phase.speed_mps * since + phase.acceleration_mps2 * since * since / 2
        return min(along_m, self._along_m), max(phase.speed_mps + phase.acceleration_mps2 * since, 0.0)

    def time_at_m(self, along_m: float) -> float:
        """Return when the truck first is `along_m` from the start, to a tenth of a second."""
        low, high = 0.0, self.duration_s
        while high - low > 0.1:
            middle = (low + high) / 2
            low, high = (low, middle) if self.at(middle)[0] >= along_m else (middle, high)
        return high

    def _drive_to(self, end_m: float, cruise_mps: float) -> None:
        """Add phases from a standstill to a standstill."""
        length_m = end_m - self._along_m
        if length_m <= 0.0:
            return
        peak_mps = min(cruise_mps, math.sqrt(length_m * ACCELERATION_MPS2))
        ramp_s = peak_mps / ACCELERATION_MPS2
        ramp_m = peak_mps * ramp_s / 2
        cruise_s = (length_m - 2 * ramp_m) / peak_mps
        self._add(ramp_s, 0.0, ACCELERATION_MPS2)
        self._add(cruise_s, peak_mps, 0.0)
        self._add(ramp_s, peak_mps, -ACCELERATION_MPS2)
        self._along_m = end_m

    def _wait(self, wait_s: float) -> None:
        self._add(wait_s, 0.0, 0.0)

    def _add(self, lasts_s: float, speed_mps: float, acceleration_mps2: float) -> None:
        self._phases.append(_Phase(self._clock_s, self._along_m, speed_mps, acceleration_mps2))
        self._clock_s += lasts_s
        self._along_m += speed_mps * lasts_s + acceleration_mps2 * lasts_s * lasts_s / 2


def _cruise(length_m: float, moving_s: float, parts: int) -> float:
    """Return the cruising speed at which `parts` drives of `length_m` together take `moving_s`.

    From length = parts·(v·t - v²/a) with t = moving_s / parts, which takes the parts as equally long; where no
    speed is fast enough, the fastest sensible one.
    """
    if moving_s <= 0.0:
        return TOP_SPEED_MPS
    half = moving_s * ACCELERATION_MPS2 / (2 * parts)
    square = half * half - length_m * ACCELERATION_MPS2 / parts
    if square < 0.0:
        return TOP_SPEED_MPS
    return min(max(half - math.sqrt(square), SLOWEST_CRUISE_MPS), TOP_SPEED_MPS)
