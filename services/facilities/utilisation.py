"""Utilisation: how stations and toilets are used in each span of time, with gaps in the data shown as gaps."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.domain.facility_sums import NO_USE, StationSums, ToiletSums
from services.domain.registry import Facility
from services.domain.town import Interval, Town
from services.facilities.areas import FloatArray
from services.facilities.measures.station import STATION_MEASURES
from services.facilities.measures.station.use import StationUse
from services.facilities.measures.toilet import SIDE_MEASURES, TOILET_MEASURES
from services.facilities.measures.toilet.use import ToiletUse
from services.facilities.sides import Columns, Side
from services.facilities.spans import Bucket, promised_s
from services.facilities.standards import Limits
from services.facilities.station_sums import StationReadings, WeighedVehicle
from services.facilities.toilet_sums import SideSums, ToiletReadings

__all__ = ["Bucket", "Utilisation", "begun", "use_of_station", "use_of_toilet"]


@dataclass(frozen=True, slots=True)
class Utilisation:
    """The measures of one facility in one span from `start` to `end`.

    A measure is none where there is nothing to make it from: a gap in the data is no quiet day.
    `observed_ratio` is the share of the span in which the facility's device was heard.
    """

    facility_id: str
    name: str | None
    zone_id: str | None
    start: datetime
    end: datetime
    observed_ratio: float
    measures: Mapping[str, float | str | None]


def use_of_station(
    facility: Facility,
    town: Town,
    buckets: Sequence[Interval],
    now: datetime,
    weighings: Sequence[WeighedVehicle],
    heard_s: FloatArray,
    capacities_kg: Mapping[str, float],
) -> list[Utilisation]:
    """Return a station's measures in each bucket that has begun by `now`, from its readings (StationReadings)."""
    readings = StationReadings(facility, town, weighings, heard_s, capacities_kg)
    return [station_row(facility, town, span, readings.sums(span)) for span in begun(buckets, now)]


def use_of_toilet(
    facility: Facility,
    town: Town,
    buckets: Sequence[Interval],
    now: datetime,
    sides: Mapping[Side, Columns],
    limits: Limits,
) -> list[Utilisation]:
    """Return a toilet's measures in each bucket that has begun by `now`, from its readings (ToiletReadings)."""
    readings = ToiletReadings(facility, town, sides, limits)
    return [toilet_row(facility, town, span, readings.sums(span)) for span in begun(buckets, now)]


def station_row(facility: Facility, town: Town, span: Interval, sums: StationSums) -> Utilisation:
    """Return a station's measures in a span from its sums."""
    expected_s, observed_ratio = _observed(facility, town, span, sums)
    use = StationUse(
        facility=facility,
        town=town,
        span=span,
        sums=sums,
        observed_ratio=observed_ratio,
        promised_s=promised_s(town, facility.open_hours, span),
        expected_s=expected_s,
    )
    return _row(facility, span, observed_ratio, {name: measure(use) for name, measure in STATION_MEASURES.items()})


def toilet_row(facility: Facility, town: Town, span: Interval, sums: SideSums) -> Utilisation:
    """Return a toilet's measures in a span from its sums."""
    open_s = promised_s(town, facility.open_hours, span)
    every = sums.get(Side.WHOLE, NO_USE)
    whole = ToiletUse(every, open_s)
    measures = {name: measure(whole) for name, measure in TOILET_MEASURES.items()}
    for side in (Side.WOMEN, Side.MEN):
        measures |= _side_measures(side, sums[side], open_s) if side in sums else _NOTHING_TOLD[side]
    return _row(facility, span, _observed(facility, town, span, every)[1], measures)


def _side_measures(side: Side, sums: ToiletSums, open_s: float) -> dict[str, float | str | None]:
    own = ToiletUse(sums, open_s)
    return {f"{side}_{name}": measure(own) for name, measure in SIDE_MEASURES.items()}


_NOTHING_TOLD = {side: _side_measures(side, NO_USE, 0.0) for side in (Side.WOMEN, Side.MEN)}
"""Of most toilets no device speaks for one side, and nothing is known of it however long it is open."""


def with_rounds(told: Utilisation, rounds: Sequence[datetime]) -> Utilisation:
    """Return a toilet's measures with how many of its attendants' rounds (in order of time) were in the span.

    None where none was reported until the span's end: nobody knows then whether there are any.
    """
    until_start, until_end = bisect_left(rounds, told.start), bisect_left(rounds, told.end)
    count = float(until_end - until_start) if until_end else None
    measures = {**told.measures, "attendant_rounds": count}
    return Utilisation(told.facility_id, told.name, told.zone_id, told.start, told.end, told.observed_ratio, measures)


def begun(buckets: Iterable[Interval], now: datetime) -> list[Interval]:
    """Return the buckets up to `now`, the one that is going on as far as it has gone."""
    return [Interval(span.start, min(span.end, now)) for span in buckets if span.start < now]


def _observed(facility: Facility, town: Town, span: Interval, sums: StationSums | ToiletSums) -> tuple[float, float]:
    """Return for how many seconds a device is to be heard in a span, and in what share of them it was.

    That is the opening hours, or all of the span where it has none.
    """
    open_s = promised_s(town, facility.open_hours, span)
    expected_s, told_s = (
        (open_s, sums.heard_promised_s) if open_s > 0 else ((span.end - span.start).total_seconds(), sums.heard_s)
    )
    return expected_s, round(min(1.0, told_s / expected_s), 4)


def _row(
    facility: Facility, span: Interval, observed_ratio: float, measures: Mapping[str, float | str | None]
) -> Utilisation:
    return Utilisation(
        facility_id=facility.facility_id,
        name=facility.name,
        zone_id=facility.zone_id,
        start=span.start,
        end=span.end,
        observed_ratio=observed_ratio,
        measures=measures,
    )
