"""Alarm: a truck on its route is far from every road of it, and has been for a while."""

from services.clearance.alarms.condition import Condition, Limits
from services.clearance.alarms.trucks import Truck
from services.domain.kinds import AlarmKind

NEAR_FACILITY_M = 300.0
"""Who goes to a depot, station or site that is not in its plan has a reason of its own."""
MOST_OF_IT = 0.8
"""The fixes must tell of so much of the time."""


def off_route(truck: Truck, limits: Limits) -> Condition | None:
    """Return the condition of a truck that is off its route, beyond `alarm_vehicle_off_route_m`.

    It is raised when every fix of the last `alarm_vehicle_off_route_min` is beyond the upper end, and kept until a
    fix is within the lower one.
    """
    lasting, far = limits.get("alarm_vehicle_off_route_min"), limits.get("alarm_vehicle_off_route_m")
    roads = None if truck.route is None else truck.route.roads
    if roads is None or lasting is None or far is None or not truck.is_fresh:
        return None
    trace = truck.trace
    off_m = roads.distance_m(float(trace.x_m[-1]), float(trace.y_m[-1]))
    if off_m <= far.keep_above:
        return None
    if truck.places.parking_distance_m(float(trace.x_m[-1]), float(trace.y_m[-1])) <= NEAR_FACILITY_M:
        return None
    lasting_s = lasting.raise_above * 60.0
    recent = [index for index in range(len(trace)) if truck.now_s - trace.time_s[index] <= lasting_s]
    covers = bool(recent) and float(trace.time_s[-1] - trace.time_s[recent[0]]) >= MOST_OF_IT * lasting_s
    raises = covers and all(
        roads.distance_m(float(trace.x_m[index]), float(trace.y_m[index])) > far.raise_above for index in recent
    )
    detail: dict[str, object] = {"off_route_m": round(off_m), "limit_m": far.raise_above, **truck.place(-1)}
    return Condition(AlarmKind.VEHICLE_OFF_ROUTE, "vehicle", truck.vehicle_id, detail, raises=raises)
