"""For how long each of a device's messages tells of it, as each service day's own messages show it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from services.domain.town import Interval
from services.facilities.areas import FloatArray
from services.facilities.spans import heard_until_s, overlap_s

AROUND_S = 3600.0
"""A day is told by its messages and by those of an hour before and after it: so late ones change it and no other."""


@dataclass(frozen=True, slots=True, eq=False)
class DayStretches:
    """The messages of a device in and around a service day: each tells of it from `time_s` to `until_s`."""

    rows: slice
    time_s: FloatArray
    until_s: FloatArray

    def within_s(self, spans: Sequence[Interval]) -> float:
        """Return in how many seconds of `spans` the device was heard."""
        return float(overlap_s(self.time_s, self.until_s, spans).sum())


class Stretches:
    """A device's messages (seconds since 1970, rising); a silence of `silence_s` at least is a gap."""

    def __init__(self, time_s: FloatArray, silence_s: float) -> None:
        self._time_s = time_s
        self._silence_s = silence_s
        self._days: dict[Interval, DayStretches] = {}

    def of_day(self, day: Interval) -> DayStretches:
        """Return the messages in and around a service day, as they are heard by themselves."""
        if day not in self._days:
            rows = rows_around(self._time_s, day)
            time_s = self._time_s[rows]
            self._days[day] = DayStretches(rows, time_s, heard_until_s(time_s, self._silence_s))
        return self._days[day]


def rows_around(time_s: FloatArray, day: Interval) -> slice:
    """Return which messages are in and around a service day."""
    bounds = (day.start.timestamp() - AROUND_S, day.end.timestamp() + AROUND_S)
    return slice(*np.searchsorted(time_s, bounds).tolist())


def columns_around(columns: Mapping[str, FloatArray], day: Interval) -> dict[str, FloatArray]:
    """Return what was told in and around a service day."""
    rows = rows_around(columns["time_s"], day)
    return {name: values[rows] for name, values in columns.items()}
