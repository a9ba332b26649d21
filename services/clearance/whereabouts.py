"""Where a truck was in a stay: at one point all the time, or at several one after another; log densities.

Who serves two points moves on in between, be it by some metres, and the fixes of the stay move with the truck. Who
serves one of them for long stands still.
"""

from collections.abc import Sequence
from math import exp, hypot, isnan, log
from statistics import median

import numpy as np

from services.clearance.likelihood import USUAL, Habits
from services.clearance.places import Place
from services.clearance.stays import Stay
from services.clearance.track import LEAST_NOISE_M, FloatArray, Track

PLACE_BEST, PLACE_SPREAD_M = 1.5, 15.0
"""A truck stands on the road beside the containers: some 15 m off their surveyed place is usual."""
REFLECTED_SHARE, REFLECTED_SPREAD = 0.1, 3.0
"""Between tall buildings a receiver is so many times farther off than it knows."""
FARTHEST = 2_000.0
"""Beyond so many half squares of the spread nothing becomes less likely: the density would vanish."""
MOST_OF_A_MOVE = 4.0
"""The most that a move within a stay says, for or against."""

Part = tuple[Place, float]
"""A point that may have been served in a stay, and the seconds that this takes."""


def place_spread_m(stay: Stay) -> float:
    """Return how far from a point a stay that serves it usually lies, per axis (a standard deviation)."""
    return hypot(PLACE_SPREAD_M, stay.error_m)


def log_place(away_m: float, stay: Stay, habits: Habits = USUAL) -> float:
    """Return the log density of a stay so far from what was served in it, over that of a stand just anywhere."""
    away = 0.5 * (away_m / (place_spread_m(stay) * habits.scatter)) ** 2
    return PLACE_BEST - 2.0 * log(habits.scatter) + _log_reflected(away)


def receiver_error_m(stay: Stay, track: Track) -> float:
    """Return how exact the receiver claims to be in a stay; where it claims nothing, how exact the stay's place is.

    The place of a stay that was joined of several is less exact than its fixes are.
    """
    told = [accuracy_m for accuracy_m in track.accuracy_m[stay.first : stay.last + 1].tolist() if not isnan(accuracy_m)]
    return min(max(median(told), LEAST_NOISE_M), stay.error_m) if told else stay.error_m


def halves_apart_m(stay: Stay, track: Track) -> float:
    """Return how far the middle of a stay's second half lies from that of its first."""
    middle = (stay.first + stay.last + 1) // 2
    one, two = slice(stay.first, middle), slice(middle, stay.last + 1)
    return float(hypot(track.x_m[one].mean() - track.x_m[two].mean(), track.y_m[one].mean() - track.y_m[two].mean()))


class Whereabouts:
    """The fixes of one stay, held against any points that may have been served in it."""

    def __init__(self, stay: Stay, track: Track, habits: Habits) -> None:
        """Take a stay of a track, and the habits of the truck's day."""
        inside = slice(stay.first, stay.last + 1)
        self._stay, self._habits = stay, habits
        self._time_s: FloatArray = track.time_s[inside]
        self._x_sums_m, self._y_sums_m = ([0.0, *np.cumsum(axis[inside])] for axis in (track.x_m, track.y_m))
        error_m = receiver_error_m(stay, track)
        self._still_m2 = (habits.wander * error_m) ** 2
        self._moved_m2 = self._still_m2 + (habits.scatter * hypot(PLACE_SPREAD_M, error_m)) ** 2

    def log_density(self, parts: Sequence[Part]) -> float:
        """Return what the fixes say for having served these points, over a stand just anywhere."""
        if not parts:
            return 0.0
        whole_s = sum(lasts_s for _, lasts_s in parts)
        x_m = sum(place.x_m * lasts_s for place, lasts_s in parts) / whole_s
        y_m = sum(place.y_m * lasts_s for place, lasts_s in parts) / whole_s
        in_the_middle = log_place(hypot(x_m - self._stay.x_m, y_m - self._stay.y_m), self._stay, self._habits)
        if len(parts) == 1:
            return in_the_middle
        # The points of a street are served as they come, from this end of it or from the other.
        ordered = _along_a_line(parts)
        onwards, backwards = self._moves(ordered, whole_s), self._moves(ordered[::-1], whole_s)
        most = max(onwards, backwards)
        return in_the_middle + most + log(0.5 * (exp(onwards - most) + exp(backwards - most)))

    def _moves(self, parts: Sequence[Part], whole_s: float) -> float:
        """Return what the moves from point to point say for this order, over having stood still."""
        total, begin, at_s = 0.0, 0, self._stay.start_s
        before: tuple[Place, float, float] | None = None
        for number, (place, lasts_s) in enumerate(parts, start=1):
            at_s += self._stay.duration_s * lasts_s / whole_s
            end = len(self._time_s) if number == len(parts) else int(np.searchsorted(self._time_s, at_s))
            if end <= begin:
                continue
            x_m, y_m = ((sums[end] - sums[begin]) / (end - begin) for sums in (self._x_sums_m, self._y_sums_m))
            if before is not None:
                there, there_x_m, there_y_m = before
                east_m, north_m = x_m - there_x_m, y_m - there_y_m
                off_m = hypot(east_m - place.x_m + there.x_m, north_m - place.y_m + there.y_m)
                shift = _log_shift(off_m, self._moved_m2) - _log_shift(hypot(east_m, north_m), self._still_m2)
                total += min(max(shift, -MOST_OF_A_MOVE), MOST_OF_A_MOVE)
            before = place, x_m, y_m
            begin = end
        return total


def _log_reflected(away: float) -> float:
    """Return the logarithm of a normal density's fall so many half squares away, with the tail of reflections."""
    away = min(away, FARTHEST)
    reflected = REFLECTED_SHARE / REFLECTED_SPREAD * exp(-away / REFLECTED_SPREAD**2)
    return log((1.0 - REFLECTED_SHARE) * exp(-away) + reflected)


def _log_shift(off_m: float, spread_m2: float) -> float:
    return _log_reflected(0.5 * off_m**2 / spread_m2) - log(spread_m2)


def _along_a_line(parts: Sequence[Part]) -> list[Part]:
    """Return parts in their order from one of the two that lie farthest apart to the other."""
    places = [place for place, _ in parts]
    one, two = max(
        ((one, two) for one in places for two in places),
        key=lambda pair: (pair[0].distance_m(pair[1].x_m, pair[1].y_m), pair[0].point.point_id),
    )
    east_m, north_m = two.x_m - one.x_m, two.y_m - one.y_m
    return sorted(parts, key=lambda part: (part[0].x_m * east_m + part[0].y_m * north_m, part[0].point.point_id))
