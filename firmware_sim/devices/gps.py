"""A satellite receiver's error: a drift that lasts a minute or two, and jitter on top."""

import math
from dataclasses import dataclass
from random import Random

from firmware_sim.ground import Spot

_DRIFT_LASTS_S = 80.0
_DRIFT_SHARE = 0.7
"""Of the variance; the rest is jitter, new with every fix."""


@dataclass(slots=True)
class GpsReceiver:
    """Adds an error with standard deviation `noise_m` to the east and to the north of the true place."""

    noise_m: float
    random: Random
    _drift: Spot = (0.0, 0.0)
    _last_s: float = -math.inf

    def fix(self, spot: Spot, now_s: float) -> Spot:
        """Return where the receiver believes to be at `spot`."""
        drift_m = self.noise_m * math.sqrt(_DRIFT_SHARE)
        jitter_m = self.noise_m * math.sqrt(1.0 - _DRIFT_SHARE)
        kept = math.exp(-(now_s - self._last_s) / _DRIFT_LASTS_S)
        fresh = math.sqrt(1.0 - kept * kept) * drift_m
        gauss = self.random.gauss
        self._drift = kept * self._drift[0] + gauss(0.0, fresh), kept * self._drift[1] + gauss(0.0, fresh)
        self._last_s = now_s
        return (
            spot[0] + self._drift[0] + gauss(0.0, jitter_m),
            spot[1] + self._drift[1] + gauss(0.0, jitter_m),
        )

    def claimed_accuracy_m(self) -> float:
        """Return the accuracy that the receiver claims: about right."""
        return round(max(1.0, self.noise_m * self.random.uniform(0.9, 1.6)), 1)
