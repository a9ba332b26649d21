"""A vehicle's track in metres, cleaned of repeats and of fixes that no vehicle could have driven to."""

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

METRES_PER_DEGREE = 111_320.0
IMPOSSIBLE_SPEED_MPS = 45.0
"""Faster than any sanitation vehicle (160 km/h): a fix that needs this is a jump of the receiver."""
CLOCK_STEP_S = 1.0
"""Devices often tell whole seconds, so fixes of one instant may be so far apart in time."""
LONGEST_RUN_OF_OUTLIERS = 30
"""More wrong fixes in a row than this are believed; by then a vehicle can be nearly anywhere."""
LEAST_NOISE_M, MOST_NOISE_M = 2.0, 30.0
USUAL_NOISE_M = 8.0
"""What is taken where a track is too short to tell."""
SPARSE_INTERVAL_S = 25.0
"""Beyond this a stop for one container may hold a single fix."""
POOR_NOISE_M = 12.0
"""No more is taken where fixes are sparse and the receiver does not say how exact it is."""


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
    track = track.part(~outliers(track.time_s, track.x_m, track.y_m))
    return track.part(np.concatenate(([True], np.diff(track.time_s) > 0)))


def outliers(time_s: FloatArray, x_m: FloatArray, y_m: FloatArray) -> NDArray[np.bool_]:
    """Mark the fixes that no vehicle could have driven to, as few as need be.

    What is not marked is the longest sequence of fixes of which each could be reached from the one before; of two
    that are as long, the one with the shorter way. Fixes must be in order of time; several may be of one instant.
    """
    if len(time_s) < 2:
        return np.zeros(len(time_s), dtype=np.bool_)
    reach_m = IMPOSSIBLE_SPEED_MPS * np.maximum(np.diff(time_s), CLOCK_STEP_S)
    if (np.hypot(np.diff(x_m), np.diff(y_m)) <= reach_m).all():
        return np.zeros(len(time_s), dtype=np.bool_)
    return ~_longest_plausible(time_s, x_m, y_m)


@numba.njit(cache=True)
def _longest_plausible(time_s: FloatArray, x_m: FloatArray, y_m: FloatArray) -> NDArray[np.bool_]:
    """Return which fixes are of the longest plausible sequence, by dynamic programming over its last fix."""
    count = len(time_s)
    length, way_m = np.ones(count), np.zeros(count)
    before = np.full(count, -1)
    longest = 0  # the last fix of the longest sequence among those too long ago to be a neighbour
    for fix in range(count):
        old = fix - LONGEST_RUN_OF_OUTLIERS - 1
        if old >= 0:
            if length[old] > length[longest]:
                longest = old
            # Whoever cannot be reached from any of its neighbours begins anew behind what was before them.
            length[fix], way_m[fix], before[fix] = length[longest] + 1, way_m[longest], longest
        for earlier in range(max(0, old + 1), fix):
            leg_m = np.hypot(x_m[fix] - x_m[earlier], y_m[fix] - y_m[earlier])
            leg_s = max(time_s[fix] - time_s[earlier], CLOCK_STEP_S)
            if leg_m > IMPOSSIBLE_SPEED_MPS * leg_s:
                continue
            longer = length[earlier] + 1 - length[fix]
            if longer > 0 or (longer == 0 and way_m[earlier] + leg_m < way_m[fix]):
                length[fix], way_m[fix], before[fix] = length[earlier] + 1, way_m[earlier] + leg_m, earlier
    last = 0
    for fix in range(count):
        longer = length[fix] - length[last]
        if longer > 0 or (longer == 0 and way_m[fix] < way_m[last]):
            last = fix
    plausible = np.zeros(count, dtype=np.bool_)
    while last >= 0:
        plausible[last] = True
        last = before[last]
    return plausible


def passing_distance_m(track: Track, place: tuple[float, float], at_s: float, around_s: float, gap_s: float) -> float:
    """Return the least distance of the vehicle from a place in metres, from `around_s` before `at_s` to as long after.

    The way between two fixes counts, so that a sparse track does not put a truck far from where it passed. It is 0,
    nothing against its having been there, where a gap of the data, longer than `gap_s`, leaves that open.
    """
    first, last = np.searchsorted(track.time_s, (at_s - around_s, at_s + around_s + 1e-9)).tolist()
    if last - first < 2 or not track.time_s[first] <= at_s <= track.time_s[last - 1]:
        return 0.0
    span = slice(first, last)
    return float(_nearest(track.time_s[span], track.x_m[span] - place[0], track.y_m[span] - place[1], gap_s))


@numba.njit(cache=True)
def _nearest(time_s: FloatArray, x_m: FloatArray, y_m: FloatArray, gap_s: float) -> float:
    """Return the least distance of the way through these fixes from the origin; 0 where there is a gap."""
    least = np.inf
    for fix in range(len(time_s) - 1):
        if time_s[fix + 1] - time_s[fix] > gap_s:
            return 0.0
        along_x, along_y = x_m[fix + 1] - x_m[fix], y_m[fix + 1] - y_m[fix]
        squared = max(along_x**2 + along_y**2, 1e-9)
        share = min(max(-(x_m[fix] * along_x + y_m[fix] * along_y) / squared, 0.0), 1.0)
        least = min(least, np.hypot(x_m[fix] + share * along_x, y_m[fix] + share * along_y))
    return least


def noise_of(track: Track) -> float:
    """Return the standard deviation of the track's fixes about the truth, per axis, in metres.

    The second difference of three fixes is noise alone where the vehicle stands or drives steadily, and more
    where it speeds up, brakes or turns; so the low quantile tells the noise: the median of its steadier half.
    That of three noisy fixes is Rayleigh distributed with the scale sqrt(6) times the noise, and the median
    of such a distribution is 1.177 scales. Where fixes are sparse there is a turn between most of them, which is
    not to pass for noise: there the receiver's own estimate is the most that is taken, or POOR_NOISE_M.
    """
    if len(track) < 20:
        return USUAL_NOISE_M
    step_s = np.diff(track.time_s)
    even = np.abs(np.diff(step_s)) < 0.2 * step_s[1:]
    if np.count_nonzero(even) < 10:
        return USUAL_NOISE_M
    second_m = np.hypot(np.diff(track.x_m, 2), np.diff(track.y_m, 2))[even]
    noise_m = float(np.quantile(second_m, 0.25)) / (1.177 * np.sqrt(6.0))
    if float(np.median(step_s)) > SPARSE_INTERVAL_S:
        told_m = track.accuracy_m[~np.isnan(track.accuracy_m)]
        noise_m = min(noise_m, float(np.median(told_m)) if len(told_m) else POOR_NOISE_M)
    return float(np.clip(noise_m, LEAST_NOISE_M, MOST_NOISE_M))
