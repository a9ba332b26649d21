"""Finding stays: where a vehicle stood still, told from its fixes alone.

A track is cut into fixes that stand and fixes that move, so that the whole costs least: a standing fix costs
its squared distance from the middle of its stay in units of the noise, a moving one a flat price, and each
stay a price for being there at all. That is the segmentation of greatest likelihood under noise that is
normal about one place; dynamic programming finds it exactly, with no window to tune and whatever the
interval between fixes. A stay is never a gap: one that the data do not show from within is none.
"""

from dataclasses import dataclass, replace
from math import isnan
from statistics import median

import numba
import numpy as np
from numpy.typing import NDArray

from services.clearance.track import (
    LEAST_NOISE_M,
    MOST_NOISE_M,
    SPARSE_INTERVAL_S,
    FloatArray,
    Track,
    noise_of,
)

MOVING_COST = 4.5
STAY_COST = 6.0
FIRST_NOISE_FACTOR = 1.6
FEWEST_FIXES_FOR_NOISE = 4
LONGEST_RUN = 240
"""Bounds the search; a longer stand comes out in parts that are joined again."""
DRIFT_M = 4.0
"""How far the receiver's slow drift moves a standing vehicle beside the noise from fix to fix."""
WALKING_KMH = 5.0
SPEED_COST_PER_KMH = 0.6
MOST_STILL_COST, MOST_MOVING_COST = -3.0, 6.0
USUAL_DRIVING_MPS = 5.5
SLOWEST_DRIVING_MPS, FASTEST_DRIVING_MPS = 2.5, 14.0
STILL_KMH, WANDER_M, MOST_WANDER_M, ACCELERATION_MPS2 = 3.0, 45.0, 100.0, 1.0
"""A vehicle whose receiver says it did not move did not, though reflected signals put it some way off in between:
so far, or farther where it had no time to speed up and brake on the way."""
LEAST_SPARE_S = 20.0
"""The least time to spare between two fixes that makes a stay of a single one."""


@dataclass(frozen=True, slots=True)
class Stay:
    """A vehicle standing at a place from `start_s` to `end_s` (seconds since 1970).

    `first` and `last` are the track's fixes that show it; where it began and ended between two fixes is
    judged by how long the drive to and from it takes. `error_m` is the standard error of its place.
    """

    start_s: float
    end_s: float
    x_m: float
    y_m: float
    error_m: float
    first: int
    last: int

    @property
    def duration_s(self) -> float:
        """Seconds from start to end."""
        return self.end_s - self.start_s


def find_stays(track: Track) -> list[Stay]:
    """Return the stays of a cleaned track in order of time."""
    if len(track) < 2:
        return []
    gap_s = longest_gap_s(track)
    # A first cut with a noise taken large shows where the vehicle stood; there the true noise can be seen.
    noise_m = FIRST_NOISE_FACTOR * noise_of(track)
    noise_m = _noise_in(track, _cut(track, noise_m, gap_s), noise_m)
    kind = _cut(track, noise_m, gap_s)
    driving_mps = _driving_speed(track, kind)
    runs = _runs(kind)
    if float(np.median(np.diff(track.time_s))) > SPARSE_INTERVAL_S:
        runs = sorted(runs + _single_fixes(track, kind, driving_mps, gap_s))
    stays = [_stay(track, first, last, noise_m, driving_mps, gap_s) for first, last in runs]
    return _joined(track, stays, noise_m, gap_s)


def _cut(track: Track, noise_m: float, gap_s: float) -> NDArray[np.int64]:
    """Return for each fix -1 where it moves, else the index of the first fix of its stay."""
    kind: NDArray[np.int64] = _segment(
        track.time_s,
        track.x_m - track.x_m[0],
        track.y_m - track.y_m[0],
        _still_cost(track.speed_kmh),
        ~np.isnan(track.speed_kmh),
        2.0 * (noise_m**2 + DRIFT_M**2),
        gap_s,
    )
    return kind


def _noise_in(track: Track, kind: NDArray[np.int64], otherwise_m: float) -> float:
    """Return the noise per axis that the fixes of the stays show about their middles."""
    residuals = []
    degrees_lost = 0
    for first, last in _runs(kind):
        if last - first + 1 >= FEWEST_FIXES_FOR_NOISE:
            x_m, y_m = track.x_m[first : last + 1], track.y_m[first : last + 1]
            residuals += [x_m - x_m.mean(), y_m - y_m.mean()]
            degrees_lost += 2
    count = sum(map(len, residuals))
    if count < 40:
        return otherwise_m
    # Half of normal deviates lie within 0.6745 standard deviations.
    spread_m = float(np.median(np.abs(np.concatenate(residuals)))) / 0.6745
    return float(np.clip(spread_m * np.sqrt(count / (count - degrees_lost)), LEAST_NOISE_M, MOST_NOISE_M))


def longest_gap_s(track: Track) -> float:
    """Return the longest interval between two fixes that is no gap: three times the usual, a minute or more."""
    if len(track) < 2:
        return 60.0
    return max(60.0, 3.0 * float(np.median(np.diff(track.time_s))))


def _still_cost(speed_kmh: FloatArray) -> FloatArray:
    """Return what a fix's reported speed adds to the cost of standing; 0 where none is reported."""
    cost = np.clip(SPEED_COST_PER_KMH * (speed_kmh - WALKING_KMH), MOST_STILL_COST, MOST_MOVING_COST)
    return np.nan_to_num(cost, nan=0.0)


@numba.njit(cache=True)
def _segment(
    time_s: FloatArray,
    x_m: FloatArray,
    y_m: FloatArray,
    still_cost: FloatArray,
    has_speed: NDArray[np.bool_],
    spread_m2: float,
    gap_s: float,
) -> NDArray[np.int64]:
    """Return for each fix -1 where it moves, else the index of the first fix of its stay."""
    count = len(time_s)
    best = np.empty(count + 1)
    best[0] = 0.0
    began = np.empty(count + 1, np.int64)
    for end in range(1, count + 1):
        best[end] = best[end - 1] + MOVING_COST
        began[end] = -1
        sum_x = sum_y = squares = speeds = 0.0
        for start in range(end - 1, max(-1, end - 1 - LONGEST_RUN), -1):
            if start < end - 1 and time_s[start + 1] - time_s[start] > gap_s:
                break
            sum_x += x_m[start]
            sum_y += y_m[start]
            squares += x_m[start] ** 2 + y_m[start] ** 2
            speeds += still_cost[start]
            length = end - start
            spread = squares - (sum_x * sum_x + sum_y * sum_y) / length
            if length == 1 and not has_speed[start]:
                continue
            cost = best[start] + STAY_COST + spread / spread_m2 + speeds
            if cost < best[end]:
                best[end] = cost
                began[end] = start
    kind = np.full(count, -1, np.int64)
    end = count
    while end > 0:
        start = began[end]
        if start < 0:
            end -= 1
        else:
            kind[start:end] = start
            end = start
    return kind


def _runs(kind: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Return the first and last fix of each stay in order."""
    edges = np.flatnonzero(np.diff(kind)) + 1
    starts = np.concatenate(([0], edges))
    ends = np.concatenate((edges, [len(kind)]))
    return [(int(start), int(end) - 1) for start, end in zip(starts, ends, strict=True) if kind[start] >= 0]


def _driving_speed(track: Track, kind: NDArray[np.int64]) -> float:
    """Return the speed in m/s at which this vehicle usually drives between its stays."""
    step_s = np.diff(track.time_s)
    moving = (kind[1:] < 0) & (kind[:-1] < 0)
    if np.count_nonzero(moving) < 10:
        return USUAL_DRIVING_MPS
    speed = np.hypot(np.diff(track.x_m), np.diff(track.y_m))[moving] / step_s[moving]
    # Sparse fixes hold a stop between most of them; only the fastest steps are driving throughout.
    sparse = float(np.median(step_s)) > SPARSE_INTERVAL_S
    usual = float(np.quantile(speed, 0.9 if sparse else 0.5))
    return float(np.clip(usual, SLOWEST_DRIVING_MPS, FASTEST_DRIVING_MPS))


def _single_fixes(track: Track, kind: NDArray[np.int64], driving_mps: float, gap_s: float) -> list[tuple[int, int]]:
    """Return moving fixes around which there was more time than the drive past them takes."""
    step_s = np.diff(track.time_s)
    step_m = np.hypot(np.diff(track.x_m), np.diff(track.y_m))
    spare_s = np.minimum(step_s, gap_s) - step_m / driving_mps
    around_s = spare_s[:-1] + spare_s[1:]
    inner = kind[1:-1]
    alone = (inner < 0) & (kind[:-2] < 0) & (kind[2:] < 0)
    shown = (step_s[:-1] <= gap_s) & (step_s[1:] <= gap_s) & (around_s >= LEAST_SPARE_S)
    # Of two neighbours that share their spare time the one with more of it is where the vehicle stood.
    padded = np.concatenate(([-np.inf], around_s, [-np.inf]))
    peak = (padded[1:-1] >= padded[:-2]) & (padded[1:-1] > padded[2:])
    return [(int(index) + 1, int(index) + 1) for index in np.flatnonzero(alone & shown & peak)]


def _stay(track: Track, first: int, last: int, noise_m: float, driving_mps: float, gap_s: float) -> Stay:
    x_m = float(track.x_m[first : last + 1].mean())
    y_m = float(track.y_m[first : last + 1].mean())
    start_s, end_s = float(track.time_s[first]), float(track.time_s[last])
    if first > 0 and start_s - track.time_s[first - 1] <= gap_s:
        drive_s = np.hypot(track.x_m[first - 1] - x_m, track.y_m[first - 1] - y_m) / driving_mps
        start_s = min(start_s, float(track.time_s[first - 1] + drive_s))
    if last + 1 < len(track) and track.time_s[last + 1] - end_s <= gap_s:
        drive_s = np.hypot(track.x_m[last + 1] - x_m, track.y_m[last + 1] - y_m) / driving_mps
        end_s = max(end_s, float(track.time_s[last + 1] - drive_s))
    error_m = float(np.hypot(noise_m / np.sqrt(last - first + 1), _drift_m(track, first, last, noise_m)))
    return Stay(start_s, end_s, x_m, y_m, error_m, first, last)


def _drift_m(track: Track, first: int, last: int, noise_m: float) -> float:
    """Return by how much the whole stay may lie off: a receiver's error changes slowly and does not average out.

    The receiver's own estimate tells, where it gives one; else the drift is taken to be as large as the noise.
    """
    told = [accuracy_m for accuracy_m in track.accuracy_m[first : last + 1].tolist() if not isnan(accuracy_m)]
    drift_m = median(told) if told else noise_m
    return min(max(drift_m, DRIFT_M), MOST_NOISE_M)


def _joined(track: Track, stays: list[Stay], noise_m: float, gap_s: float) -> list[Stay]:
    """Return the stays with those joined that follow each other at one place without a gap or a drive."""
    joined: list[Stay] = []
    for stay in stays:
        if joined and (
            _same_stand(track, joined[-1], stay, noise_m, gap_s) or _wandered(track, joined[-1], stay, gap_s)
        ):
            joined[-1] = _union(joined[-1], stay)
        else:
            joined.append(stay)
    return joined


def _same_stand(track: Track, one: Stay, two: Stay, noise_m: float, gap_s: float) -> bool:
    near_m = DRIFT_M + 2.0 * float(np.hypot(one.error_m, two.error_m))
    if np.hypot(one.x_m - two.x_m, one.y_m - two.y_m) > near_m:
        return False
    if float(np.max(np.diff(track.time_s[one.last : two.first + 1]))) > gap_s:
        return False
    between = slice(one.last + 1, two.first)
    away_m = np.hypot(track.x_m[between] - one.x_m, track.y_m[between] - one.y_m)
    return two.first - one.last <= 3 and bool(np.all(away_m < near_m + 3.0 * noise_m))


def _wandered(track: Track, one: Stay, two: Stay, gap_s: float) -> bool:
    """Tell whether only the receiver moved from one stay to the next: its speed says that the vehicle stood."""
    apart_m = float(np.hypot(one.x_m - two.x_m, one.y_m - two.y_m))
    had_time = track.time_s[two.first] - track.time_s[one.last] >= 2.0 * np.sqrt(apart_m / ACCELERATION_MPS2)
    if two.first - one.last > 3 or apart_m > (WANDER_M if had_time else MOST_WANDER_M):
        return False
    between = slice(one.last, two.first + 1)
    # NaN, where no speed is told, is not still.
    still = bool(np.all(track.speed_kmh[between] < STILL_KMH))
    return still and float(np.max(np.diff(track.time_s[between]))) <= gap_s


def _union(one: Stay, two: Stay) -> Stay:
    """Return both as one stay, at the middle of all their fixes; what lies between their places makes it less exact."""
    fixes_one, fixes_two = one.last - one.first + 1, two.last - two.first + 1
    share = fixes_two / (fixes_one + fixes_two)
    apart_m = float(np.hypot(one.x_m - two.x_m, one.y_m - two.y_m))
    return replace(
        one,
        end_s=two.end_s,
        x_m=one.x_m + share * (two.x_m - one.x_m),
        y_m=one.y_m + share * (two.y_m - one.y_m),
        error_m=float(np.hypot(min(one.error_m, two.error_m), np.sqrt(share * (1.0 - share)) * apart_m)),
        last=two.last,
    )
