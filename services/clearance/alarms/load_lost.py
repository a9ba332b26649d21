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
    told = np.flatnonzero(~np.isnan(truck.trace.load_kg))
    load_kg = truck.trace.load_kg[told]
    if len(told) < FEWEST or float((np.maximum.accumulate(load_kg) - load_kg).max()) <= least.raise_above:
        return None  # most trucks, at once
    for run in _runs_elsewhere(truck, told, away.raise_above):
        smooth_kg = _smoothed(truck.trace.load_kg[run])
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


def _runs_elsewhere(truck: Truck, told: NDArray[np.intp], away_m: float) -> list[NDArray[np.intp]]:
    """Return the runs of fixes without a gap that are all away from where a truck may tip."""
    trace = truck.trace
    elsewhere = [
        index
        for index in told
        if truck.places.parking_distance_m(float(trace.x_m[index]), float(trace.y_m[index])) > away_m
    ]
    kept = np.array(elsewhere, dtype=np.intp)
    cuts = [
        number
        for number in range(1, len(kept))
        if trace.time_s[kept[number]] - trace.time_s[kept[number - 1]] > LONGEST_STEP_S
        or _between(told, kept[number - 1], kept[number])
    ]
    return [run for run in np.split(kept, cuts) if len(run) >= FEWEST]


def _between(told: NDArray[np.intp], first: int, last: int) -> bool:
    """Tell whether a fix that told a load lies between two, so was near a place to tip at."""
    return bool(np.searchsorted(told, last) - np.searchsorted(told, first) > 1)


def _smoothed(load_kg: FloatArray) -> FloatArray:
    """Return the median of each fix and its neighbours; at the ends of those that there are."""
    half = SMOOTHED_OVER // 2
    return np.array([np.median(load_kg[max(0, index - half) : index + half + 1]) for index in range(len(load_kg))])


def _instant(trace: Trace, index: int) -> str:
    return datetime.fromtimestamp(float(trace.time_s[index]), UTC).isoformat(timespec="seconds")
