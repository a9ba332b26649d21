"""Alarm: a truck got lighter where there is nothing to tip at: refuse spilled on the way, or dumped."""

from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from services.clearance.alarms.condition import Condition, Limits
from services.clearance.alarms.trucks import Trace, Truck
from services.clearance.track import FloatArray
from services.domain.kinds import AlarmKind

LONGEST_STEP_S = 300.0
"""Between two fixes that are farther apart the truck may have been anywhere."""
SMOOTHED_OVER = 5
"""Fixes over which the sensor's noise is taken out; a single wrong reading never counts."""
FEWEST = SMOOTHED_OVER + 2


def load_lost(truck: Truck, limits: Limits) -> Condition | None:
    """Return the condition of a truck that lost load away from every station, site and depot, as far as is looked back.

    The loss is more than `alarm_load_lost_kg` and `alarm_load_lost_share` of what it had, between fixes all of which
    are farther than `alarm_load_lost_station_m` from such a place.
    """
    least, share = limits.get("alarm_load_lost_kg"), limits.get("alarm_load_lost_share")
    away = limits.get("alarm_load_lost_station_m")
    if least is None or share is None or away is None:
        return None
    for run in _runs_elsewhere(truck, away.raise_above):
        load_kg = truck.trace.load_kg[run]
        if float((np.maximum.accumulate(load_kg) - load_kg).max()) <= least.raise_above:
            continue  # nearly always: the noise is not yet taken out
        smooth_kg = _smoothed(load_kg)
        before_kg = np.maximum.accumulate(smooth_kg)
        lost_kg = before_kg - smooth_kg
        worst = int(np.argmax(lost_kg))
        if lost_kg[worst] > max(least.raise_above, share.raise_above * before_kg[worst]):
            began = int(np.argmax(smooth_kg[: worst + 1]))
            detail: dict[str, object] = {
                "lost_kg": round(float(lost_kg[worst])),
                "load_kg": round(float(before_kg[worst])),
                "since": _instant(truck.trace, run[began]),
                **truck.place(int(run[(began + worst) // 2])),
            }
            return Condition(AlarmKind.LOAD_LOST, "vehicle", truck.vehicle_id, detail)
    return None


def _runs_elsewhere(truck: Truck, away_m: float) -> list[NDArray[np.intp]]:
    """Return the runs of fixes that tell a load, without a gap, all of them away from where a truck may tip."""
    trace = truck.trace
    told = np.flatnonzero(~np.isnan(trace.load_kg))
    is_elsewhere = truck.places.parking_distances_m(trace.x_m[told], trace.y_m[told]) > away_m
    elsewhere = np.flatnonzero(is_elsewhere)
    # Where numbers are left out the truck was near a place to tip at.
    gap = (np.diff(elsewhere) > 1) | (np.diff(trace.time_s[told[elsewhere]]) > LONGEST_STEP_S)
    runs = np.split(told[elsewhere], np.flatnonzero(gap) + 1)
    return [run for run in runs if len(run) >= FEWEST]


def _smoothed(load_kg: FloatArray) -> FloatArray:
    """Return the median of each fix and its neighbours; at the ends of those that there are."""
    half = SMOOTHED_OVER // 2
    middle = np.median(np.lib.stride_tricks.sliding_window_view(load_kg, SMOOTHED_OVER), axis=1)
    before = [np.median(load_kg[: index + half + 1]) for index in range(half)]
    after = [np.median(load_kg[index - half :]) for index in range(len(load_kg) - half, len(load_kg))]
    return np.concatenate((before, middle, after))


def _instant(trace: Trace, index: int) -> str:
    return datetime.fromtimestamp(float(trace.time_s[index]), UTC).isoformat(timespec="seconds")
