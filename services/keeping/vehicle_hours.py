"""What a vehicle did in an hour, from its fixes in and around it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from services.clearance.track import IMPOSSIBLE_SPEED_MPS, FloatArray, Projection, outliers

WALKING_MPS = 1.0
LEAST_MOVE_M = 25.0
"""What is shorter than this is the receiver's noise, unless the device itself tells that it moves."""


@dataclass(frozen=True, slots=True)
class VehicleHour:
    """An hour of a vehicle; what is missing in `observed_s` to the whole of it is a gap."""

    fixes: int
    observed_s: float
    moving_s: float
    distance_m: float


def vehicle_hour(fixes: Mapping[str, FloatArray], start_s: float, end_s: float, reach_s: float) -> VehicleHour | None:
    """Return what a vehicle did from `start_s` to `end_s` (seconds since 1970); none where it was not heard.

    `fixes` are `time_s`, `lon`, `lat` and `speed_kmh` (NaN where not told) in any order, with those up to `reach_s`
    seconds before and after. The way from one fix to the next is a leg; it is known where it took no longer than
    `reach_s`, and counts for the hour by the share of its time that lies in it. Fixes that no vehicle could have
    driven to are counted and left out of the way.
    """
    order = np.lexsort((fixes["lat"], fixes["lon"], fixes["time_s"]))
    time_s, lon, lat, speed_kmh = (fixes[name][order] for name in ("time_s", "lon", "lat", "speed_kmh"))
    count = int(np.count_nonzero((time_s >= start_s) & (time_s < end_s)))
    x_m, y_m = Projection(float(np.median(lon)), float(np.median(lat))).metres(lon, lat)
    plausible = ~outliers(time_s, x_m, y_m)
    time_s, x_m, y_m, speed_kmh = time_s[plausible], x_m[plausible], y_m[plausible], speed_kmh[plausible]
    leg_s, leg_m = np.diff(time_s), np.hypot(np.diff(x_m), np.diff(y_m))
    known = (leg_s > 0) & (leg_s <= reach_s) & (leg_m <= IMPOSSIBLE_SPEED_MPS * leg_s)
    within_s = np.clip(np.minimum(time_s[1:], end_s) - np.maximum(time_s[:-1], start_s), 0.0, None) * known
    moves = (leg_m >= np.maximum(LEAST_MOVE_M, WALKING_MPS * leg_s)) | (speed_kmh[:-1] >= 3.6 * WALKING_MPS)
    observed_s = float(within_s.sum())
    if count == 0 and observed_s == 0:
        return None
    mps = np.divide(leg_m, leg_s, out=np.zeros_like(leg_m), where=leg_s > 0)
    return VehicleHour(
        fixes=count,
        observed_s=observed_s,
        moving_s=float(within_s[moves].sum()),
        distance_m=float((mps * within_s)[moves].sum()),
    )
