"""The utilisation of stations and toilets as the API and the bulletin ask for it: from sums, else from readings."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import TypeVar

import numpy as np
from psycopg.types.range import Range

from services.domain.facility_sums import NO_WEIGHINGS, StationSums, ToiletSums, add_stations, add_toilets
from services.domain.kinds import DISPOSAL_SITE_KINDS, FacilityKind
from services.domain.registry import Facility
from services.domain.town import Interval, Town
from services.facilities.life_cycle import Phase, Phases, renewed_by
from services.facilities.life_cycle_service import phases_of
from services.facilities.sides import Columns, Side, side_of
from services.facilities.spans import Bucket, buckets_of
from services.facilities.station_sums import StationReadings
from services.facilities.stretches import AROUND_S
from services.facilities.toilet_sums import ToiletReadings
from services.facilities.utilisation import Utilisation, begun, station_row, toilet_row, with_rounds
from services.store.connection import Connection
from services.store.evidence import StoredWeighing, load_weighings
from services.store.facility_readings import USAGE_COLUMNS, load_station_times, load_usages
from services.store.facility_sums import Key, StoredSums, SumsKind, SumsSpan, load_station_sums, load_toilet_sums
from services.store.kept_measures import load_measures
from services.store.registry import load_facilities, load_vehicles
from services.store.retention import Kept, load_dropped
from services.store.standards import load_standard_limits
from services.store.town import load_clock, load_town
from services.store.upkeep import load_rounds

AROUND = timedelta(seconds=AROUND_S)
ONE_DAY = timedelta(days=1)
_SPANS = {Bucket.DAY: SumsSpan.DAY, Bucket.MONTH: SumsSpan.MONTH, Bucket.WHOLE: SumsSpan.WHOLE}

Sums = TypeVar("Sums", StationSums, ToiletSums)
Told = Callable[[Interval], Mapping[Side, Sums]]
"""Gives the sums of any span of a facility, by side, from the readings that were loaded."""
Heard = Callable[[Interval], Mapping[str, Told[Sums]]]
"""Loads the readings of a span, and gives what they tell of each facility that was heard in it."""


def station_utilisation(
    connection: Connection, start: datetime, end: datetime, bucket: Bucket = Bucket.DAY
) -> list[Utilisation]:
    """Return the use of each transfer station and disposal site in each bucket of `start` to `end` (both aware).

    Buckets are whole: the first is the one that `start` lies in. Those that lie in the future are left out.
    """
    asked = _Asked.of(connection, start, end, bucket)
    if not asked.spans:
        return []
    facilities = load_facilities(connection, [FacilityKind.TRANSFER_STATION, *DISPOSAL_SITE_KINDS])

    def heard(span: Interval) -> Mapping[str, Told[StationSums]]:
        return _stations_heard(connection, asked.town, facilities, span)

    def row(facility: Facility, span: Interval, sums: Mapping[Side, StationSums]) -> Utilisation:
        return station_row(facility, asked.town, span, sums.get(Side.WHOLE, NO_WEIGHINGS))

    if bucket is Bucket.HOUR:
        found = asked.by_hour(heard)
    else:
        stored = load_station_sums(connection, *asked.ends, _SPANS[bucket], asked.gone_days)
        found = asked.by_sums(stored, heard, add_stations)
    return asked.rows(connection, facilities, found, row)


def toilet_utilisation(
    connection: Connection, start: datetime, end: datetime, bucket: Bucket = Bucket.DAY
) -> list[Utilisation]:
    """Return the use of each public toilet in each bucket; buckets are as in `station_utilisation`."""
    asked = _Asked.of(connection, start, end, bucket)
    if not asked.spans:
        return []
    facilities = load_facilities(connection, [FacilityKind.PUBLIC_TOILET])

    def heard(span: Interval) -> Mapping[str, Told[ToiletSums]]:
        return _toilets_heard(connection, asked.town, facilities, span)

    rounds = load_rounds(connection, asked.spans[-1].end)

    def row(facility: Facility, span: Interval, sums: Mapping[Side, ToiletSums]) -> Utilisation:
        return toilet_row(facility, asked.town, span, sums)

    if bucket is Bucket.HOUR:
        found = asked.by_hour(heard)
    else:
        stored = load_toilet_sums(connection, *asked.ends, _SPANS[bucket], asked.gone_days)
        found = asked.by_sums(stored, heard, add_toilets)
    return [with_rounds(one, rounds.get(one.facility_id, ())) for one in asked.rows(connection, facilities, found, row)]


def sums_of_day(
    connection: Connection, town: Town, kind: SumsKind, day: date
) -> list[tuple[Key, StationSums | ToiletSums]]:
    """Return the sums of a service day that is over, from its readings, of each facility that was heard in it."""
    span = town.service_day(day)
    told: Mapping[str, Told[StationSums] | Told[ToiletSums]]
    if kind is SumsKind.STATION:
        stations = load_facilities(connection, [FacilityKind.TRANSFER_STATION, *DISPOSAL_SITE_KINDS])
        told = _stations_heard(connection, town, stations, span)
    else:
        told = _toilets_heard(connection, town, load_facilities(connection, [FacilityKind.PUBLIC_TOILET]), span)
    return [
        ((facility_id, side), sums) for facility_id, sums_in in told.items() for side, sums in sums_in(span).items()
    ]


def _stations_heard(
    connection: Connection, town: Town, facilities: Sequence[Facility], span: Interval
) -> dict[str, Told[StationSums]]:
    heard = load_station_times(connection, Interval(span.start - AROUND, span.end + AROUND))
    weighings: dict[str, list[StoredWeighing]] = defaultdict(list)
    for weighing in load_weighings(connection, span):
        weighings[weighing.facility_id].append(weighing)
    capacities_kg = {vehicle.vehicle_id: vehicle.capacity_kg for vehicle in load_vehicles(connection)}

    def told(facility: Facility) -> Told[StationSums]:
        times_s = heard.get(facility.facility_id, np.empty(0))
        readings = StationReadings(facility, town, weighings[facility.facility_id], times_s, capacities_kg)
        return lambda part: {Side.WHOLE: readings.sums(part)}

    phases = phases_of(connection)
    return {
        one.facility_id: _as_it_was(one, phases.get(one.facility_id, ()), town, told)
        for one in facilities
        if one.facility_id in heard.keys() | weighings.keys()
    }


def _toilets_heard(
    connection: Connection, town: Town, facilities: Sequence[Facility], span: Interval
) -> dict[str, Told[ToiletSums]]:
    usages = load_usages(connection, Interval(span.start - AROUND, span.end + AROUND))
    limits = load_standard_limits(connection)

    def told(facility: Facility) -> Told[ToiletSums]:
        return ToiletReadings(facility, town, _by_side(usages[facility.facility_id]), limits).sums

    phases = phases_of(connection)
    return {
        one.facility_id: _as_it_was(one, phases.get(one.facility_id, ()), town, told)
        for one in facilities
        if one.facility_id in usages
    }


def _as_it_was(
    facility: Facility, phases: Sequence[Phase], town: Town, told: Callable[[Facility], Told[Sums]]
) -> Told[Sums]:
    """Return what gives the sums of a span by the stalls, class and design that the facility had when it began."""
    of = lru_cache(maxsize=None)(told)

    def sums(span: Interval) -> Mapping[Side, Sums]:
        return of(replace(facility, **renewed_by(phases, town.service_date(span.start))))(span)

    return sums


def _by_side(devices: Mapping[str, Columns]) -> dict[Side, Columns]:
    """Return what the devices of each side said, several of one side taken as one."""
    parts: dict[Side, list[Columns]] = defaultdict(list)
    for device_id, columns in devices.items():
        parts[side_of(device_id)].append(columns)
    found: dict[Side, Columns] = {}
    for side, several in parts.items():
        if len(several) == 1:
            found[side] = several[0]
            continue
        order = np.argsort(np.concatenate([columns["time_s"] for columns in several]), kind="stable")
        found[side] = {name: np.concatenate([columns[name] for columns in several])[order] for name in USAGE_COLUMNS}
    return found


@dataclass(frozen=True, slots=True)
class _Asked:
    """Which spans are asked for, up to now, and of which of them readings may be gone."""

    town: Town
    bucket: Bucket
    spans: Sequence[Interval]
    gone: Interval | None

    @classmethod
    def of(cls, connection: Connection, start: datetime, end: datetime, bucket: Bucket) -> "_Asked":
        town, now = load_town(connection), load_clock(connection).now()
        return cls(
            town, bucket, begun(buckets_of(town, start, end, bucket), now), load_dropped(connection, Kept.READINGS)
        )

    @property
    def ends(self) -> tuple[date, date]:
        """The first and the last service day."""
        last = self.spans[-1].end - timedelta(microseconds=1)
        return self.town.service_date(self.spans[0].start), self.town.service_date(last)

    @property
    def gone_days(self) -> Range[date]:
        return days_gone(self.town, self.gone)

    def by_hour(self, heard: Heard[Sums]) -> dict[str, dict[datetime, Mapping[Side, Sums]]]:
        """Return the sums of each hour whose readings are there, from them."""
        told = [span for span in self.spans if not self._is_gone(span)]
        if not told:
            return {}
        readings = heard(Interval(told[0].start, told[-1].end))
        return {facility_id: {span.start: sums(span) for span in told} for facility_id, sums in readings.items()}

    def by_sums(
        self, stored: StoredSums[Sums], heard: Heard[Sums], add: Callable[[Iterable[Sums]], Sums]
    ) -> dict[str, dict[datetime, Mapping[Side, Sums]]]:
        """Return the sums of each span: what is stored, and the days that are not from their readings."""
        found: dict[str, dict[date, dict[Side, Sums]]] = defaultdict(lambda: defaultdict(dict))
        for (facility_id, side), spans in stored.sums.items():
            for first, sums in spans.items():
                found[facility_id][first][Side(side)] = sums
        first_day, last_day = self.ends
        lacking = set(stored.lacking(first_day + number * ONE_DAY for number in range((last_day - first_day).days + 1)))
        for days in _runs(lacking.union(*stored.late.values()), self.gone_days):
            start, end = self.town.service_day(days[0]).start, self.town.service_day(days[-1]).end
            for facility_id, told in heard(Interval(start, min(end, self.spans[-1].end))).items():
                late = stored.late.get(facility_id, frozenset())
                for day in (day for day in days if day in lacking or day in late):
                    of_span = found[facility_id][self._first_of(day)]
                    whole = self.town.service_day(day)
                    for side, sums in told(Interval(whole.start, min(whole.end, self.spans[-1].end))).items():
                        of_span[side] = add((of_span[side], sums)) if side in of_span else sums
        starts = {self.town.service_date(span.start): span.start for span in self.spans}
        return {
            facility_id: {starts[first]: sums for first, sums in spans.items()} for facility_id, spans in found.items()
        }

    def rows(
        self,
        connection: Connection,
        facilities: Sequence[Facility],
        found: Mapping[str, Mapping[datetime, Mapping[Side, Sums]]],
        row: Callable[[Facility, Interval, Mapping[Side, Sums]], Utilisation],
    ) -> list[Utilisation]:
        """Return the rows by facility; of a span whose readings are gone what was kept of it stands, where it was."""
        gone = [span.start for span in self.spans if self._is_gone(span)]
        kept: dict[tuple[str, datetime], Utilisation] = {}
        phases = phases_of(connection)
        if gone:
            for one in load_measures(connection, self.bucket, gone[0], gone[-1] + timedelta(microseconds=1)):
                kept[one.facility_id, one.start] = Utilisation(**asdict(one))
        nothing: Mapping[datetime, Mapping[Side, Sums]] = {}
        silent: Mapping[Side, Sums] = {}
        return [
            kept.get((facility.facility_id, span.start))
            or row(self._as_it_was(facility, phases, span), span, of_it.get(span.start, silent))
            for facility in facilities
            for of_it in (found.get(facility.facility_id, nothing),)
            for span in self.spans
        ]

    def _as_it_was(self, facility: Facility, phases: Phases, span: Interval) -> Facility:
        """Return a facility with the design that it had at the end of a span."""
        known = phases.get(facility.facility_id)
        if known is None:
            return facility
        last = self.town.service_date(span.end - timedelta(microseconds=1))
        return replace(facility, **renewed_by(known, last))

    def _is_gone(self, span: Interval) -> bool:
        return self.gone is not None and span.start < self.gone.end and span.end > self.gone.start

    def _first_of(self, day: date) -> date:
        """Return the first day of the span that a day is in."""
        match self.bucket:
            case Bucket.MONTH:
                return day.replace(day=1)
            case Bucket.WHOLE:
                return self.ends[0]
            case _:
                return day


def days_gone(town: Town, gone: Interval | None) -> Range[date]:
    """Return the service days of whose readings some may be gone."""
    if gone is None:
        return Range(empty=True)
    return Range(town.service_date(gone.start), town.service_date(gone.end - timedelta(microseconds=1)), bounds="[]")


def _runs(days: Iterable[date], gone: Range[date]) -> list[list[date]]:
    """Return the days that are not gone as runs of days that follow each other."""
    runs: list[list[date]] = []
    for day in sorted(day for day in days if day not in gone):
        if runs and day - runs[-1][-1] == ONE_DAY:
            runs[-1].append(day)
        else:
            runs.append([day])
    return runs
