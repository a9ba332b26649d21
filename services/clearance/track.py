"""A vehicle's track in metres, cleaned of repeats and of fixes that no vehicle could have driven to."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

METRES_PER_DEGREE = 111_320.0
IMPOSSIBLE_SPEED_MPS = 45.0
"""Faster than any sanitation vehicle (160 km/h): a fix that needs this both ways is a jump of the receiver."""
LEAST_NOISE_M, MOST_NOISE_M = 2.0, 30.0
USUAL_NOISE_M = 8.0
"""What is taken where a track is too short to tell."""


@dataclass(frozen=True, slots=True)
class Projection:
    """Metres east and north of a place in the town; within a town it is true to some parts in a thousand."""

    lon: float
    lat: float

    def metres(self, lon: FloatArray, lat: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return metres east and north of the projection's origin."""
        east_m = (lon - self.lon) * METRES_PER_DEGREE * np.cos(np.radians(self.lat))
        return east_m, (lat - self.lat) * METRES_PER_DEGREE

    def degrees(self, x_m: float, y_m: float) -> tuple[float, float]:
        """Return the longitude and latitude of a place in metres."""
        lon = self.lon + x_m / (METRES_PER_DEGREE * float(np.cos(np.radians(self.lat))))
        return lon, self.lat + y_m / METRES_PER_DEGREE


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """A vehicle's fixes in order of time; what a device does not report is NaN throughout or in places.

    `time_s` is seconds since 1970 and strictly rising, `x_m` and `y_m` are of the town's projection.
    """

    time_s: FloatArray
    x_m: FloatArray
    y_m: FloatArray
    speed_kmh: FloatArray
    accuracy_m: FloatArray
    load_kg: FloatArray

    def __len__(self) -> int:
        """Return the number of fixes."""
        return len(self.time_s)

    def part(self, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> "Track":
        """Return the track of the chosen fixes."""
        return Track(*(getattr(self, name)[chosen] for name in self.__slots__))


def clean_track(track: Track) -> Track:
    """Return `track` sorted, one fix per instant and without impossible jumps, whatever order it came in."""
    order = np.lexsort((track.y_m, track.x_m, track.time_s))
    track = track.part(order)
    if len(track) == 0:
        return track
    track = track.part(np.concatenate(([True], np.diff(track.time_s) > 0)))
    return track.part(~_jumps(track))


def _jumps(track: Track) -> NDArray[np.bool_]:
    """Mark fixes that lie impossibly far from both neighbours while these are near each other."""
    jumps = np.zeros(len(track), dtype=np.bool_)
    if len(track) < 3:
        return jumps
    step_mps = np.hypot(np.diff(track.x_m), np.diff(track.y_m)) / np.diff(track.time_s)
    around_m = np.hypot(track.x_m[2:] - track.x_m[:-2], track.y_m[2:] - track.y_m[:-2])
    around_mps = around_m / (track.time_s[2:] - track.time_s[:-2])
    too_fast = (step_mps[:-1] > IMPOSSIBLE_SPEED_MPS) & (step_mps[1:] > IMPOSSIBLE_SPEED_MPS)
    jumps[1:-1] = too_fast & (around_mps < IMPOSSIBLE_SPEED_MPS)
    return jumps


def noise_of(track: Track) -> float:
    """Return the standard deviation of the track's fixes about the truth, per axis, in metres.

    The second difference of three fixes is noise alone where the vehicle stands or drives steadily, and more
    where it speeds up, brakes or turns; so the low quantile tells the noise: the median of its steadier half.
    That of three noisy fixes is Rayleigh distributed with the scale sqrt(6) times the noise, and the median
    of such a distribution is 1.177 scales.
    """
    if len(track) < 20:
        return USUAL_NOISE_M
    step_s = np.diff(track.time_s)
    even = np.abs(np.diff(step_s)) < 0.2 * step_s[1:]
    if np.count_nonzero(even) < 10:
        return USUAL_NOISE_M
    second_m = np.hypot(np.diff(track.x_m, 2), np.diff(track.y_m, 2))[even]
    quarter = float(np.quantile(second_m, 0.25))
    return float(np.clip(quarter / (1.177 * np.sqrt(6.0)), LEAST_NOISE_M, MOST_NOISE_M))
