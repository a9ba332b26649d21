"""The sums of a toilet in a span of time, from what its devices told."""

from collections.abc import Mapping

import numpy as np

from services.domain.facility_sums import NO_USE, ToiletSums, add_toilets
from services.domain.gases import H2S_LIMIT, H2S_MG_M3_PER_PPM, NH3_LIMITS, NH3_MG_M3_PER_PPM
from services.domain.registry import Facility
from services.domain.town import Interval, Town
from services.facilities.areas import BoolArray, FloatArray
from services.facilities.sides import Columns, Side, part_of, together
from services.facilities.spans import days_within, heard_until_s, open_spans, overlap_s
from services.facilities.standards import Limits
from services.facilities.stretches import columns_around

TOILET_SILENCE_S = 900.0

SideSums = Mapping[Side, ToiletSums]
"""The sums of the whole toilet, and of its sides where they have devices of their own."""


class ToiletReadings:
    """What a toilet's devices told, as its sums are made from it.

    `sides` are the columns of the messages of its devices, by what these speak for, in order of time: time_s,
    entries, occupied_stalls, total_stalls, nh3_ppm, h2s_ppm, water_l and open, NaN where not told.
    """

    def __init__(self, facility: Facility, town: Town, sides: Mapping[Side, Columns], limits: Limits) -> None:
        self._facility = facility
        self._town = town
        self._sides = sides
        self._gases = (
            ("nh3_ppm", NH3_MG_M3_PER_PPM, limits.get(NH3_LIMITS.get(facility.toilet_class or "", ""))),
            ("h2s_ppm", H2S_MG_M3_PER_PPM, limits.get(H2S_LIMIT)),
        )
        self._days: dict[Interval, dict[Side, _Told]] = {}

    def sums(self, span: Interval) -> dict[Side, ToiletSums]:
        """Return the sums of a span, of each of its service days by itself."""
        if not self._sides:
            return {}
        parts = [
            {side: self._of_part(part, side, told) for side, told in self._of_day(day).items()}
            for day, part in days_within(self._town, span)
        ]
        sides = {side for part in parts for side in part}
        return {side: add_toilets(part.get(side, NO_USE) for part in parts) for side in sides}

    def _of_day(self, day: Interval) -> dict[Side, "_Told"]:
        if day not in self._days:
            around = {side: columns_around(columns, day) for side, columns in self._sides.items()}
            around = {side: columns for side, columns in around.items() if len(columns["time_s"])}
            self._days[day] = {}
            if around:
                told: dict[Side, Columns] = {side: one for side, one in around.items() if side is not Side.WHOLE}
                told[Side.WHOLE] = together(self._facility, around, TOILET_SILENCE_S)
                self._days[day] = {
                    side: _Told(part_of(self._facility, side), columns) for side, columns in told.items()
                }
        return self._days[day]

    def _of_part(self, part: Interval, side: Side, told: "_Told") -> ToiletSums:
        promised = open_spans(self._town, self._facility.open_hours, part)
        rows = told.rows_of(part)
        seconds = overlap_s(told.columns["time_s"][rows], told.until_s[rows], [part])
        promised_s = overlap_s(told.columns["time_s"][rows], told.until_s[rows], promised)
        values = {name: column[rows] for name, column in told.columns.items()}
        sent = values["time_s"] >= part.start.timestamp()
        counted, metered = sent & ~np.isnan(values["entries"]), sent & ~np.isnan(values["water_l"])
        taken, stalls = values["occupied_stalls"], told.stalls[rows]
        says_taken, says_open = _tells(taken, seconds), _tells(values["open"], seconds)
        of_stalls = says_taken & (stalls > 0)
        odour, over = self._odour(values, seconds) if side is Side.WHOLE else (0, np.zeros(len(seconds), np.bool_))
        return ToiletSums(
            heard_s=float(seconds.sum()),
            heard_promised_s=float(promised_s.sum()),
            counts=int(counted.sum()),
            entries=float(values["entries"][counted].sum()),
            stalls_told=int(of_stalls.sum()),
            stall_s=float((stalls * seconds)[of_stalls].sum()),
            taken_stall_s=float((taken * seconds)[of_stalls].sum()),
            full_s=float(seconds[of_stalls & (taken >= stalls)].sum()),
            taken_told=int((says_taken & (taken > 0)).sum()),
            stall_promised_s=float((stalls * promised_s).sum()),
            openings_told=int(says_open.sum()),
            told_promised_s=float(promised_s[says_open].sum()),
            open_promised_s=float(promised_s[says_open & (values["open"] > 0)].sum()),
            odours_told=odour,
            odour_s=float(seconds[over].sum()),
            water_told=int(metered.sum()),
            water_ml=int(np.rint(1_000 * values["water_l"][metered]).sum()),
        )

    def _odour(self, values: Columns, seconds: FloatArray) -> tuple[int, BoolArray]:
        """Return how many times a gas that has a limit was told, and at which messages one was over it."""
        count, over = 0, np.zeros(len(seconds), dtype=np.bool_)
        for name, mg_m3_per_ppm, limit in self._gases:
            if limit is None or limit.value_high is None:
                continue
            told = _tells(values[name], seconds)
            count += int(told.sum())
            over |= told & (values[name] * mg_m3_per_ppm > limit.value_high)
        return count, over


class _Told:
    """What one side told in and around a service day: its columns, until when each message holds, and its stalls."""

    def __init__(self, facility: Facility, columns: Columns) -> None:
        self.columns = columns
        self.until_s = heard_until_s(columns["time_s"], TOILET_SILENCE_S)
        total = columns["total_stalls"]
        self.stalls = np.where(np.isnan(total), float(facility.stalls), total)

    def rows_of(self, part: Interval) -> slice:
        """Return the messages of a part of the day, and the last one before it, which may still hold."""
        time_s = self.columns["time_s"]
        first, last = np.searchsorted(time_s, (part.start.timestamp(), part.end.timestamp())).tolist()
        return slice(max(0, first - 1), last)


def _tells(values: FloatArray, seconds: FloatArray) -> BoolArray:
    """Mark the messages that tell a value and hold for a part of the span."""
    return ~np.isnan(values) & (seconds > 0)
