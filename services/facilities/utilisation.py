"""Utilisation: how stations and toilets are used in each span of time, with gaps in the data shown as gaps."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from services.domain.gases import H2S_LIMIT, NH3_LIMITS
from services.domain.registry import Facility
from services.domain.town import Interval, Town
from services.facilities.areas import FloatArray
from services.facilities.measures.station import STATION_MEASURES
from services.facilities.measures.station.use import StationUse, WeighedVehicle
from services.facilities.measures.toilet import SIDE_MEASURES, TOILET_MEASURES
from services.facilities.measures.toilet.use import ToiletUse
from services.facilities.sides import Columns, Side, part_of, together
from services.facilities.spans import Bucket, heard_until_s, length_s, open_spans, overlap_s
from services.facilities.standards import Limit, Limits

__all__ = ["Bucket", "Utilisation", "use_of_station", "use_of_toilet"]

SILENT: Columns = {
    name: np.empty(0)
    for name in ("time_s", "entries", "occupied_stalls", "total_stalls", "nh3_ppm", "h2s_ppm", "water_l", "open")
}
"""What a toilet says that says nothing."""

STATION_SILENCE_S = 3600.0
"""A station that nobody comes to and that reports no level may be silent for an hour and still be heard."""
TOILET_SILENCE_S = 900.0


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
    """Return a station's measures in each bucket that has begun by `now`.

    `weighings` are its own in order of time, `heard_s` when its device was heard (seconds since 1970, rising),
    `capacities_kg` are those of the register's vehicles.
    """
    until_s = heard_until_s(heard_s, STATION_SILENCE_S)
    times = [weighing.observed_at for weighing in weighings]
    found = []
    for span in _begun(buckets, now):
        use = StationUse(
            facility=facility,
            town=town,
            span=span,
            weighings=weighings[bisect_left(times, span.start) : bisect_left(times, span.end)],
            observed_ratio=_observed(facility, town, span, heard_s, until_s),
            expected_s=length_s(_expected(facility, town, span)),
            capacities_kg=capacities_kg,
        )
        measures = {name: measure(use) for name, measure in STATION_MEASURES.items()}
        found.append(_row(facility, span, use.observed_ratio, measures))
    return found


def use_of_toilet(
    facility: Facility,
    town: Town,
    buckets: Sequence[Interval],
    now: datetime,
    sides: Mapping[Side, Columns],
    limits: Limits,
) -> list[Utilisation]:
    """Return a toilet's measures in each bucket that has begun by `now`.

    `sides` are the columns of the messages of its devices, by what these speak for, in order of time: time_s,
    entries, occupied_stalls, total_stalls, nh3_ppm, h2s_ppm, water_l and open, NaN where not told.
    """
    usages = together(facility, sides, TOILET_SILENCE_S) if sides else SILENT
    until_s = heard_until_s(usages["time_s"], TOILET_SILENCE_S)
    apart = {side: columns for side, columns in sides.items() if side is not Side.WHOLE}
    nh3, h2s = limits.get(NH3_LIMITS.get(facility.toilet_class or "", "")), limits.get(H2S_LIMIT)
    found = []
    for span in _begun(buckets, now):
        use = _toilet_use(facility, town, span, usages, until_s, nh3, h2s)
        observed = _observed(facility, town, span, usages["time_s"], until_s)
        measures = {name: measure(use) for name, measure in TOILET_MEASURES.items()}
        for side in (Side.WOMEN, Side.MEN):
            columns = apart.get(side, SILENT)
            own_until_s = heard_until_s(columns["time_s"], TOILET_SILENCE_S)
            own = _toilet_use(part_of(facility, side), town, span, columns, own_until_s, None, None)
            measures |= {f"{side}_{name}": measure(own) for name, measure in SIDE_MEASURES.items()}
        found.append(_row(facility, span, observed, measures))
    return found


def _toilet_use(
    facility: Facility,
    town: Town,
    span: Interval,
    usages: Mapping[str, FloatArray],
    until_s: FloatArray,
    nh3: Limit | None,
    h2s: Limit | None,
) -> ToiletUse:
    time_s = usages["time_s"]
    start_s, end_s = span.start.timestamp(), span.end.timestamp()
    # The last message before the span may still hold when it begins.
    first = max(0, int(np.searchsorted(time_s, start_s)) - 1)
    rows = slice(first, int(np.searchsorted(time_s, end_s)))
    promised = open_spans(town, facility.open_hours, span)
    held = (time_s[rows], until_s[rows])
    return ToiletUse(
        facility=facility,
        span=span,
        promised=promised,
        seconds=overlap_s(*held, [span]),
        promised_s=overlap_s(*held, promised),
        sent_in_span=time_s[rows] >= start_s,
        **{
            name: usages[name][rows]
            for name in ("entries", "occupied_stalls", "total_stalls", "nh3_ppm", "h2s_ppm", "water_l")
        },
        is_open=usages["open"][rows],
        limit_nh3_mg_m3=None if nh3 is None else nh3.value_high,
        limit_h2s_mg_m3=None if h2s is None else h2s.value_high,
    )


def _begun(buckets: Iterable[Interval], now: datetime) -> list[Interval]:
    """Return the buckets up to `now`, the one that is going on as far as it has gone."""
    return [Interval(span.start, min(span.end, now)) for span in buckets if span.start < now]


def _observed(facility: Facility, town: Town, span: Interval, heard_s: FloatArray, until_s: FloatArray) -> float:
    """Return the share of the span's opening hours (of the span, where it has none) that was heard of."""
    expected = _expected(facility, town, span)
    rows = slice(
        max(0, int(np.searchsorted(heard_s, span.start.timestamp())) - 1),
        int(np.searchsorted(heard_s, span.end.timestamp())),
    )
    told_s = float(overlap_s(heard_s[rows], until_s[rows], expected).sum())
    return round(min(1.0, told_s / length_s(expected)), 4)


def _expected(facility: Facility, town: Town, span: Interval) -> list[Interval]:
    """Return when a device is to be heard: in the opening hours, or throughout where the span has none."""
    return open_spans(town, facility.open_hours, span) or [span]


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
