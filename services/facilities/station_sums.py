"""The sums of a station in a span of time, from its weighings and from when its device was heard."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol

from services.domain.facility_sums import StationSums, add_stations
from services.domain.kinds import WeighingDirection
from services.domain.registry import Facility
from services.domain.town import Interval, Town
from services.facilities.areas import FloatArray
from services.facilities.measures.station.use import G_PER_T
from services.facilities.spans import days_within, open_spans
from services.facilities.stretches import Stretches

STATION_SILENCE_S = 3600.0
"""A station that nobody comes to and that reports no level may be silent for an hour and still be heard."""
OVERLOADED_BY = 1.25
"""A truck may be overloaded by a quarter; beyond that the scale, the number plate or the register is wrong."""

_MICROSECOND = timedelta(microseconds=1)


class WeighedVehicle(Protocol):
    """A vehicle on the weighbridge."""

    @property
    def vehicle_id(self) -> str:
        """Which vehicle it was, as the weighbridge read it."""

    @property
    def observed_at(self) -> datetime:
        """When it was weighed."""

    @property
    def arrived_at(self) -> datetime | None:
        """When it came, where that was told."""

    @property
    def net_kg(self) -> float:
        """What it tipped or took away."""

    @property
    def direction(self) -> WeighingDirection:
        """Whether that came in or went out."""


class StationReadings:
    """What a station's device told, as its sums are made from it.

    `weighings` are its own in order of time, `heard_s` when its device was heard (seconds since 1970, rising),
    `capacities_kg` are those of the register's vehicles.
    """

    def __init__(
        self,
        facility: Facility,
        town: Town,
        weighings: Sequence[WeighedVehicle],
        heard_s: FloatArray,
        capacities_kg: Mapping[str, float],
    ) -> None:
        self._facility = facility
        self._town = town
        self._weighings = weighings
        self._times = [weighing.observed_at for weighing in weighings]
        self._heard = Stretches(heard_s, STATION_SILENCE_S)
        self._capacities_kg = capacities_kg

    def sums(self, span: Interval) -> StationSums:
        """Return the sums of a span, of each of its service days by itself."""
        return add_stations(self._of_day(day, part) for day, part in days_within(self._town, span))

    def _of_day(self, day: Interval, part: Interval) -> StationSums:
        weighings = self._weighings[bisect_left(self._times, part.start) : bisect_left(self._times, part.end)]
        came = [one for one in weighings if one.direction is WeighingDirection.IN]
        in_g = sum(map(_grams, came))
        design_t = self._facility.design_t_per_day
        tip_us = (self._facility.tip_s or 0) * 1_000_000
        turnarounds_us = [
            (one.observed_at - one.arrived_at) // _MICROSECOND
            for one in came
            if one.arrived_at is not None and one.arrived_at <= one.observed_at
        ]
        peak = self._peak(came)
        heard = self._heard.of_day(day)
        return StationSums(
            heard_s=heard.within_s([part]),
            heard_promised_s=heard.within_s(open_spans(self._town, self._facility.open_hours, part)),
            weighings=len(weighings),
            weighings_in=len(came),
            in_g=in_g,
            out_g=sum(_grams(one) for one in weighings if one.direction is WeighingDirection.OUT),
            unknown_trucks=sum(one.vehicle_id not in self._capacities_kg for one in weighings),
            impossible_weights=sum(map(self._is_impossible, weighings)),
            days_over_capacity=int(design_t is not None and in_g > design_t * G_PER_T),
            turnarounds=len(turnarounds_us),
            turnaround_us=sum(turnarounds_us),
            waiting_us=sum(max(0, spent_us - tip_us) for spent_us in turnarounds_us),
            tipping_us=sum(min(tip_us, spent_us) for spent_us in turnarounds_us),
            peak_g=peak[1],
            peak_s=peak[0],
        )

    def _is_impossible(self, one: WeighedVehicle) -> bool:
        return one.net_kg <= 0 or one.net_kg > OVERLOADED_BY * self._capacities_kg.get(one.vehicle_id, float("inf"))

    def _peak(self, came: Sequence[WeighedVehicle]) -> tuple[float, int]:
        """Return the local hour in which most came in, as its start in seconds since 1970, and its grams."""
        g_in: dict[datetime, int] = defaultdict(int)
        for weighing in came:
            local = weighing.observed_at.astimezone(self._town.zone_info)
            past = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
            # In UTC: where the clock is set back, two hours have one name.
            g_in[local.astimezone(UTC) - past] += _grams(weighing)
        if not g_in:
            return 0.0, 0
        hour, grams = min(g_in.items(), key=lambda item: (-item[1], item[0]))
        return hour.timestamp(), grams


def _grams(one: WeighedVehicle) -> int:
    return round(one.net_kg * 1000)
