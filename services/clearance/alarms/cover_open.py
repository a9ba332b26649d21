"""Alarm: a loaded truck drives with its cover open."""

import numpy as np

from services.clearance.alarms.condition import Condition, Limits
from services.clearance.alarms.trucks import Trace, Truck
from services.clearance.track import FloatArray
from services.domain.kinds import AlarmKind

HOLDS_S = 600.0
"""So long after the last time it is over; until then it is the same alarm."""
LONGEST_STEP_S = 120.0
"""What happened between two fixes that are farther apart is not known."""


def cover_open(truck: Truck, limits: Limits) -> Condition | None:
    """Return the condition of a truck that drove with a load under an open cover, in the last ten minutes.

    It is one where fix after fix, for `alarm_cover_open_s`, says so at more than `alarm_cover_open_kmh`.
    """
    speed, load = limits.get("alarm_cover_open_kmh"), limits.get("alarm_cover_open_load_kg")
    lasting = limits.get("alarm_cover_open_s")
    if speed is None or load is None or lasting is None or len(truck.trace) == 0:
        return None
    trace = truck.trace
    speed_kmh = _speed_kmh(trace)
    with np.errstate(invalid="ignore"):
        wrong = (trace.cover_open == 1) & (trace.load_kg > load.raise_above) & (speed_kmh > speed.raise_above)
    last, began = None, None
    for index in map(int, np.flatnonzero(wrong)):
        goes_on = began is not None and wrong[index - 1] and _step_s(trace, index) <= LONGEST_STEP_S
        began = began if goes_on else index
        if trace.time_s[index] - trace.time_s[began] >= lasting.raise_above:
            last = index
    if last is None or truck.now_s - trace.time_s[last] > HOLDS_S:
        return None
    detail: dict[str, object] = {
        "speed_kmh": round(float(speed_kmh[last])),
        "load_kg": round(float(trace.load_kg[last])),
        **truck.place(last),
    }
    return Condition(AlarmKind.COVER_OPEN, "vehicle", truck.vehicle_id, detail)


def _step_s(trace: Trace, index: int) -> float:
    return float(trace.time_s[index] - trace.time_s[index - 1])


def _speed_kmh(trace: Trace) -> FloatArray:
    """Return the speed at each fix: as reported, else as the way since the fix before tells it."""
    step_s = np.maximum(np.diff(trace.time_s, prepend=trace.time_s[0] - 1.0), 1.0)
    step_m = np.hypot(np.diff(trace.x_m, prepend=trace.x_m[0]), np.diff(trace.y_m, prepend=trace.y_m[0]))
    speed_kmh: FloatArray = np.where(np.isnan(trace.speed_kmh), step_m / step_s * 3.6, trace.speed_kmh)
    return speed_kmh
