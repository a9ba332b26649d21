"""From a vehicle's fixes to a track: cut where nobody knows the way, outliers marked."""

from itertools import pairwise

import msgspec
import numpy as np
from numpy.typing import NDArray

from services.clearance.track import Projection, outliers
from services.store.live_vehicles import Fix, TrackRow

GAP_S = 180
"""Where two fixes are further apart in time, nobody knows which way the vehicle went."""
GAP_M = 1000
"""The same in distance: a straight line of a kilometre is no way that a truck drove in a town."""


def segments_of(track: TrackRow) -> list[list[Fix]]:
    """Return a track's fixes cut at gaps, with outliers marked as such in the segment that they came in.

    Gaps are between fixes that are no outliers: no line is to be drawn to one, nor cut by it.
    """
    told = track.fixes
    if not told:
        return []
    time_s, lon, lat = np.array(track.time_s), np.array(track.lon), np.array(track.lat)
    x_m, y_m = _projection(lon, lat).metres(lon, lat)
    marked = outliers(time_s, x_m, y_m)
    plausible = np.flatnonzero(~marked)
    far = np.hypot(np.diff(x_m[plausible]), np.diff(y_m[plausible])) > GAP_M
    gaps = plausible[1:][far | (np.diff(time_s[plausible]) > GAP_S)]
    for outlier in np.flatnonzero(marked).tolist():
        told[outlier] = msgspec.structs.replace(told[outlier], outlier=True)
    return [told[begin:end] for begin, end in pairwise((0, *gaps.tolist(), len(told)))]


def _projection(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> Projection:
    """Return metres about the middle fix, which a few wild ones do not move."""
    middle = len(lon) // 2
    return Projection(float(np.partition(lon, middle)[middle]), float(np.partition(lat, middle)[middle]))
