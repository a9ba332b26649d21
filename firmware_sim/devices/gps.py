"""A satellite receiver's error: a drift that lasts a minute or two, jitter on top, and reflections in canyons."""

import math
from dataclasses import dataclass
from random import Random
from zlib import crc32

from firmware_sim.ground import Spot

_DRIFT_LASTS_S = 80.0
_DRIFT_SHARE = 0.7
"""Of the variance; the rest is jitter, new with every fix."""
_CANYON_LASTS_S = 120.0
_CANYON_CELL_M = 200.0
_CANYONS_OF_TEN = 3
"""Of ten squares of the town so many stand among tall buildings."""


@dataclass(slots=True)
class GpsReceiver:
    """Adds an error with standard deviation `noise_m` to the east and to the north of the true place.

    Among tall buildings reflected signals add one of `canyon_drift_m`, of which the receiver knows nothing.
    """

    noise_m: float
    random: Random
    canyon_drift_m: float = 0.0
    _drift: Spot = (0.0, 0.0)
    _reflected: Spot = (0.0, 0.0)
    _last_s: float = -math.inf

    def fix(self, spot: Spot, now_s: float) -> Spot:
        """Return where the receiver believes to be at `spot`."""
        drift_m = self.noise_m * math.sqrt(_DRIFT_SHARE)
        jitter_m = self.noise_m * math.sqrt(1.0 - _DRIFT_SHARE)
        kept = math.exp(-(now_s - self._last_s) / _DRIFT_LASTS_S)
        fresh = math.sqrt(1.0 - kept * kept) * drift_m
        gauss = self.random.gauss
        self._drift = kept * self._drift[0] + gauss(0.0, fresh), kept * self._drift[1] + gauss(0.0, fresh)
        reflected = self._reflection(spot, now_s)
        self._last_s = now_s
        return (
            spot[0] + self._drift[0] + reflected[0] + gauss(0.0, jitter_m),
            spot[1] + self._drift[1] + reflected[1] + gauss(0.0, jitter_m),
        )

    def _reflection(self, spot: Spot, now_s: float) -> Spot:
        """Return the error that comes of tall buildings, none in the open."""
        if self.canyon_drift_m == 0.0:
            return 0.0, 0.0
        kept = math.exp(-(now_s - self._last_s) / _CANYON_LASTS_S)
        fresh = math.sqrt(1.0 - kept * kept) * self.canyon_drift_m
        east, north = (kept * metres + self.random.gauss(0.0, fresh) for metres in self._reflected)
        self._reflected = east, north
        cell = f"{math.floor(spot[0] / _CANYON_CELL_M)}/{math.floor(spot[1] / _CANYON_CELL_M)}"
        return self._reflected if crc32(cell.encode()) % 10 < _CANYONS_OF_TEN else (0.0, 0.0)

    def claimed_accuracy_m(self) -> float:
        """Return the accuracy that the receiver claims: about right."""
        return round(max(1.0, self.noise_m * self.random.uniform(0.9, 1.6)), 1)
