"""Alarm: a truck on its route stands, for longer than is planned for any stop there."""

from datetime import UTC, datetime

import numpy as np

from services.clearance.alarms.condition import Condition, Limits
from services.clearance.alarms.trucks import Truck
from services.domain.kinds import AlarmKind

STOP_WITHIN_M = 150.0
"""A stop's planned time counts where the truck stands within so many metres of it."""
NEWEST = 5


def standing(truck: Truck, limits: Limits) -> Condition | None:
    """Return the condition of a truck that has stood too long, but not at a depot, station or site.

    It stands while every fix lies within `alarm_vehicle_standing_m` (the lower end raises) of where it is now; an
    alarm that is open stays until the truck is farther away than the upper end.
    """
    lasting, reach = limits.get("alarm_vehicle_standing_min"), limits.get("alarm_vehicle_standing_m")
    if truck.route is None or lasting is None or reach is None or not truck.is_fresh:
        return None
    trace = truck.trace
    x_m, y_m = float(np.median(trace.x_m[-NEWEST:])), float(np.median(trace.y_m[-NEWEST:]))
    if truck.places.parking_distance_m(x_m, y_m) <= STOP_WITHIN_M:
        return None
    near = [stop for stop in truck.route.stops if np.hypot(stop.x_m - x_m, stop.y_m - y_m) <= STOP_WITHIN_M]
    planned_s = max((stop.planned_s for stop in near), default=0.0)
    away_m = np.hypot(trace.x_m - x_m, trace.y_m - y_m)

    def since_s(radius_m: float) -> float:
        farther = np.flatnonzero(away_m > radius_m)
        first = 0 if len(farther) == 0 else min(int(farther[-1]) + 1, len(trace) - 1)
        return float(trace.time_s[first])

    def too_long(radius_m: float) -> bool:
        return truck.now_s - since_s(radius_m) - planned_s > lasting.raise_above * 60.0

    raises = too_long(reach.keep_above)
    if not raises and not too_long(reach.raise_above):
        return None
    detail: dict[str, object] = {
        "since": datetime.fromtimestamp(since_s(reach.keep_above), UTC).isoformat(timespec="seconds"),
        "limit_min": lasting.raise_above,
        **truck.place(-1),
    }
    return Condition(AlarmKind.VEHICLE_STANDING, "vehicle", truck.vehicle_id, detail, raises=raises)
