"""From a vehicle's fixes to a track: cut where nobody knows the way, outliers marked."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.clearance.track import Projection, outliers
from services.store.live_vehicles import Fix

GAP_S = 180
"""Where two fixes are further apart in time, nobody knows which way the vehicle went."""
GAP_M = 1000
"""The same in distance: a straight line of a kilometre is no way that a truck drove in a town."""


@dataclass(frozen=True, slots=True)
class MarkedFix:
    """A fix, and whether no vehicle could have been there between the others."""

    fix: Fix
    outlier: bool


def segments_of(fixes: Sequence[Fix]) -> list[list[MarkedFix]]:
    """Return fixes, in order of time, cut at gaps; an outlier stands in the segment that it came in.

    Gaps are between fixes that are no outliers: no line is to be drawn to one, nor cut by it.
    """
    if not fixes:
        return []
    time_s = np.array([fix.observed_at.timestamp() for fix in fixes])
    lon, lat = np.array([fix.lon for fix in fixes]), np.array([fix.lat for fix in fixes])
    x_m, y_m = _projection(lon, lat).metres(lon, lat)
    marked = outliers(time_s, x_m, y_m)
    segments: list[list[MarkedFix]] = [[]]
    last: int | None = None
    for index, fix in enumerate(fixes):
        if not marked[index]:
            if last is not None and _is_gap(time_s, x_m, y_m, last, index):
                segments.append([])
            last = index
        segments[-1].append(MarkedFix(fix, bool(marked[index])))
    return segments


def _projection(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> Projection:
    """Return metres about the middle fix, which a few wild ones do not move."""
    return Projection(float(np.median(lon)), float(np.median(lat)))


def _is_gap(
    time_s: NDArray[np.float64], x_m: NDArray[np.float64], y_m: NDArray[np.float64], before: int, after: int
) -> bool:
    far = float(np.hypot(x_m[after] - x_m[before], y_m[after] - y_m[before])) > GAP_M
    return far or bool(time_s[after] - time_s[before] > GAP_S)
