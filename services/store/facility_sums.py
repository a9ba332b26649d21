"""The sums of stations and toilets by service day and month: made, forgotten where they do not hold, and read."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Generic, LiteralString, TypeVar

from msgspec.structs import astuple
from psycopg import sql
from psycopg.types.range import Range

from services.domain.facility_sums import STATION_SUMS, TOILET_SUMS, StationSums, ToiletSums
from services.store.connection import Connection

Sums = TypeVar("Sums", StationSums, ToiletSums)
Key = tuple[str, str]
"""A facility, and the side of it that is told of (`whole` unless a toilet has devices for one)."""


class SumsKind(StrEnum):
    """Of which facilities sums are kept, as their devices are called."""

    STATION = "station"
    TOILET = "toilet"


class SumsSpan(StrEnum):
    """Into what spans sums are added when they are read."""

    DAY = "day"
    MONTH = "month"
    WHOLE = "whole"


@dataclass(frozen=True, slots=True)
class StoredSums(Generic[Sums]):
    """The sums of the days from `first` to `last` that hold, by the first day of their span.

    They hold for the days of `months` and for `days`, except for a facility's `late` ones. What holds and is not among
    `sums` was not heard.
    """

    sums: Mapping[Key, Mapping[date, Sums]]
    months: frozenset[date]
    days: frozenset[date]
    late: Mapping[str, frozenset[date]]

    def lacking(self, days: Iterable[date]) -> list[date]:
        """Return those of the days that have no sums, for no facility."""
        return [day for day in days if day not in self.days and day.replace(day=1) not in self.months]


_DAYS: dict[SumsKind, LiteralString] = {SumsKind.STATION: "station_days", SumsKind.TOILET: "toilet_days"}
_MONTHS: dict[SumsKind, LiteralString] = {SumsKind.STATION: "station_months", SumsKind.TOILET: "toilet_months"}
_KEYS: dict[SumsKind, LiteralString] = {SumsKind.STATION: "facility_id", SumsKind.TOILET: "facility_id, side"}
_SIDE: dict[SumsKind, LiteralString] = {SumsKind.STATION: "'whole'", SumsKind.TOILET: "side"}
_READING_TABLES = {SumsKind.STATION: ["weighings", "levels"], SumsKind.TOILET: ["usages"]}

_STATION_SUMS: LiteralString = """
    sum(heard_s), sum(heard_promised_s), sum(weighings)::bigint, sum(weighings_in)::bigint, sum(in_g)::bigint,
    sum(out_g)::bigint, sum(unknown_trucks)::bigint, sum(impossible_weights)::bigint, sum(days_over_capacity)::bigint,
    sum(turnarounds)::bigint, sum(turnaround_us)::bigint, sum(waiting_us)::bigint, sum(tipping_us)::bigint,
    coalesce(max(peak_g) FILTER (WHERE weighings_in > 0), 0),
    coalesce((array_agg(peak_s ORDER BY peak_g DESC, peak_s) FILTER (WHERE weighings_in > 0))[1], 0)"""
_TOILET_SUMS: LiteralString = """
    sum(heard_s), sum(heard_promised_s), sum(counts)::bigint, sum(entries), sum(stalls_told)::bigint, sum(stall_s),
    sum(taken_stall_s), sum(full_s), sum(taken_told)::bigint, sum(stall_promised_s), sum(openings_told)::bigint,
    sum(told_promised_s), sum(open_promised_s), sum(odours_told)::bigint, sum(odour_s), sum(water_told)::bigint,
    sum(water_ml)::bigint"""
_ADDED: dict[SumsKind, LiteralString] = {SumsKind.STATION: _STATION_SUMS, SumsKind.TOILET: _TOILET_SUMS}
"""The columns of a kind's sums, added, in their order."""

# Messages tell of the service day that they are in and, for an hour, of the one beside it. One hour more, for days on
# which the clock is changed.
_LATE: LiteralString = """
    SELECT DISTINCT kind, facility_id, day::date AS day
    FROM (
        SELECT device.kind, device.asset_id AS facility_id,
            ((span_from - INTERVAL '2 hours') AT TIME ZONE timezone - day_start)::date AS first_day,
            ((span_to + INTERVAL '2 hours') AT TIME ZONE timezone - day_start)::date AS last_day
        FROM {spans} AS span (device_key, span_from, span_to) JOIN devices AS device USING (device_key), town
        WHERE device.kind IN ('station', 'toilet')
        UNION ALL
        SELECT kind, facility_id, '-infinity', 'infinity'
        FROM {forgotten} AS forgotten, unnest(ARRAY['station', 'toilet']) AS kind
    ) AS told, generate_series(greatest(first_day, {start}), least(last_day, {end}), '1 day') AS day
    WHERE NOT day::date <@ %(gone)s::daterange"""
_PENDING: LiteralString = """(
            SELECT span.* FROM batches_to_roll_up AS batch,
                unnest(batch.device_keys, batch.observed_from, batch.observed_to) AS span
            WHERE batch.message <> 'position')"""

_READ: LiteralString = """
    WITH late AS MATERIALIZED ({late}), held AS MATERIALIZED (
        SELECT service_date FROM facility_months
        WHERE {by_month} AND kind = %(kind)s AND service_date >= %(start)s::date
            AND service_date + INTERVAL '1 month' <= %(end)s::date + 1
            AND service_date NOT IN (SELECT date_trunc('month', day)::date FROM late WHERE kind = %(kind)s)
    ), summed AS MATERIALIZED (
        SELECT service_date FROM facility_days
        WHERE kind = %(kind)s AND service_date BETWEEN %(start)s AND %(end)s
            AND date_trunc('month', service_date)::date NOT IN (SELECT service_date FROM held)
    ), part AS (
        SELECT month.* FROM {months} AS month
        WHERE service_date = ANY((SELECT array_agg(service_date) FROM held)::date[])
        UNION ALL
        SELECT day.* FROM {days} AS day
        WHERE service_date = ANY((SELECT array_agg(service_date) FROM summed)::date[])
            AND (%(kind)s, day.facility_id, service_date) NOT IN (SELECT kind, facility_id, late.day FROM late)
    )
    SELECT 'sums', facility_id, {side}, {first}, {added} FROM part GROUP BY {keys}, 4
    UNION ALL SELECT 'month', NULL, NULL, service_date, {nulls} FROM held
    UNION ALL SELECT 'day', NULL, NULL, service_date, {nulls} FROM summed
    UNION ALL SELECT 'late', facility_id, NULL, day, {nulls} FROM late WHERE kind = %(kind)s"""
_FIRST: dict[SumsSpan, LiteralString] = {
    SumsSpan.DAY: "service_date",
    SumsSpan.MONTH: "greatest(date_trunc('month', service_date)::date, %(start)s::date)",
    SumsSpan.WHOLE: "%(start)s::date",
}
_NULLS: dict[SumsKind, LiteralString] = {
    SumsKind.STATION: ", ".join(["NULL"] * len(STATION_SUMS)),
    SumsKind.TOILET: ", ".join(["NULL"] * len(TOILET_SUMS)),
}


def load_station_sums(
    connection: Connection, first: date, last: date, span: SumsSpan, gone: Range[date]
) -> StoredSums[StationSums]:
    """Return the sums of stations on the service days `first` to `last`; those of the days `gone` stand."""
    return _load(connection, SumsKind.STATION, StationSums, (first, last), span, gone)


def load_toilet_sums(
    connection: Connection, first: date, last: date, span: SumsSpan, gone: Range[date]
) -> StoredSums[ToiletSums]:
    """Return the sums of toilets and their sides, as `load_station_sums` does."""
    return _load(connection, SumsKind.TOILET, ToiletSums, (first, last), span, gone)


def _load(
    connection: Connection,
    kind: SumsKind,
    make: type[Sums],
    days: tuple[date, date],
    span: SumsSpan,
    gone: Range[date],
) -> StoredSums[Sums]:
    query = _READ.format(
        late=_LATE.format(
            spans=_PENDING, forgotten="facility_sums_to_forget", start="%(start)s::date", end="%(end)s::date"
        ),
        by_month="false" if span is SumsSpan.DAY else "true",
        months=_MONTHS[kind],
        days=_DAYS[kind],
        side=_SIDE[kind],
        first=_FIRST[span],
        added=_ADDED[kind],
        keys=_KEYS[kind],
        nulls=_NULLS[kind],
    )
    sums: dict[Key, dict[date, Sums]] = {}
    late: dict[str, set[date]] = {}
    noted: dict[str, set[date]] = {"month": set(), "day": set()}
    for what, facility_id, side, day, *values in connection.execute(
        query, {"kind": kind, "start": days[0], "end": days[1], "gone": gone}
    ).fetchall():
        if what == "sums":
            sums.setdefault((facility_id, side), {})[day] = make(*values)
        elif what == "late":
            late.setdefault(facility_id, set()).add(day)
        else:
            noted[what].add(day)
    return StoredSums(
        sums,
        frozenset(noted["month"]),
        frozenset(noted["day"]),
        {facility_id: frozenset(of_it) for facility_id, of_it in late.items()},
    )


Spans = Sequence[tuple[int, datetime, datetime]]
"""A device's key, with the first and last instant of what was stored of it."""

_FORGET: LiteralString = """
    WITH late AS MATERIALIZED ({late}), station AS (
        DELETE FROM station_days USING late
        WHERE (late.facility_id, late.day) = (station_days.facility_id, station_days.service_date)
    ), toilet AS (
        DELETE FROM toilet_days USING late
        WHERE (late.facility_id, late.day) = (toilet_days.facility_id, toilet_days.service_date)
    ), month AS (
        DELETE FROM facility_months
        WHERE (kind, service_date) IN (SELECT kind, date_trunc('month', day)::date FROM late)
    )
    DELETE FROM facility_days WHERE (kind, service_date) IN (SELECT kind, day FROM late)"""
_FIRST_SUMMED: LiteralString = "coalesce((SELECT min(service_date) FROM facility_days), current_date)"
_LAST_SUMMED: LiteralString = "coalesce((SELECT max(service_date) FROM facility_days), current_date - 1)"


def forget_late_sums(connection: Connection, spans: Spans, gone: Range[date]) -> None:
    """Take out the sums that what was stored late would change, in the transaction that takes word of it.

    The sums of the days `gone` stand, for they cannot be made anew.
    """
    keys, starts, ends = ([*column] for column in zip(*spans, strict=True))
    query = _FORGET.format(
        late=_LATE.format(
            spans="unnest(%(keys)s::int4[], %(starts)s::timestamptz[], %(ends)s::timestamptz[])",
            forgotten="(SELECT ''::text AS facility_id WHERE false)",
            start=_FIRST_SUMMED,
            end=_LAST_SUMMED,
        )
    )
    connection.execute(query, {"keys": keys, "starts": starts, "ends": ends, "gone": gone})


def forget_changed_sums(connection: Connection, gone: Range[date]) -> None:
    """Take out the sums of facilities of which something was changed, in a transaction of its own."""
    query = _FORGET.format(
        late=_LATE.format(
            spans="(SELECT 0, now(), now() WHERE false)",
            forgotten="(SELECT unnest(%(changed)s::text[]) AS facility_id)",
            start=_FIRST_SUMMED,
            end=_LAST_SUMMED,
        )
    )
    with connection.transaction():
        rows = connection.execute("DELETE FROM facility_sums_to_forget RETURNING facility_id").fetchall()
        if rows:
            connection.execute(query, {"changed": [row[0] for row in rows], "gone": gone})


_NOT_SUMMED: LiteralString = """
    SELECT DISTINCT day::date
    FROM timescaledb_information.chunks, town,
        generate_series((range_start AT TIME ZONE timezone - day_start)::date,
            least((range_end AT TIME ZONE timezone - day_start)::date, %(before)s::date - 1), '1 day') AS day
    WHERE hypertable_name = ANY(%(tables)s) AND NOT day::date <@ %(gone)s::daterange
        AND NOT EXISTS (SELECT FROM facility_days WHERE kind = %(kind)s AND service_date = day::date)
    ORDER BY 1 DESC"""
_SUM_UP_MONTH: LiteralString = """
    INSERT INTO {months} SELECT %(month)s, {keys}, {added} FROM {days}
    WHERE service_date >= %(month)s::date AND service_date < %(month)s::date + INTERVAL '1 month' GROUP BY {keys}"""
_WHOLE_MONTHS: LiteralString = """
    SELECT month FROM (
        SELECT date_trunc('month', service_date)::date AS month, count(*) AS days FROM facility_days
        WHERE kind = %(kind)s GROUP BY 1
    ) AS summed
    WHERE days = extract(day FROM month + INTERVAL '1 month' - INTERVAL '1 day')
        AND NOT EXISTS (SELECT FROM facility_months WHERE kind = %(kind)s AND service_date = month)"""


def facility_days_to_sum_up(connection: Connection, kind: SumsKind, before: date, gone: Range[date]) -> list[date]:
    """Return the days before `before` that may have readings and have no sums, the newest first.

    Those of which readings are `gone` are not among them.
    """
    parameters = {"kind": kind, "tables": _READING_TABLES[kind], "before": before, "gone": gone}
    return [row[0] for row in connection.execute(_NOT_SUMMED, parameters)]


def keep_facility_day(
    connection: Connection, kind: SumsKind, day: date, rows: Iterable[tuple[Key, StationSums | ToiletSums]]
) -> None:
    """Store the sums of a day, of all facilities that were heard in it, in a transaction of its own."""
    with connection.transaction():
        connection.execute(
            sql.SQL("DELETE FROM {} WHERE service_date = %s").format(sql.Identifier(_DAYS[kind])), (day,)
        )
        names = ("facility_id", "side")[: 2 if kind is SumsKind.TOILET else 1]
        values = [(day, *key[: len(names)], *astuple(sums)) for key, sums in rows]
        if values:
            slots = sql.SQL(", ").join(sql.Placeholder() * len(values[0]))
            insert = sql.SQL("INSERT INTO {} VALUES ({})").format(sql.Identifier(_DAYS[kind]), slots)
            with connection.cursor() as cursor:
                cursor.executemany(insert, values)
        connection.execute("INSERT INTO facility_days VALUES (%s, %s)", (kind, day))


def sum_up_facility_months(connection: Connection, kind: SumsKind) -> int:
    """Sum up the months of which every day is summed; return how many. Only the process that sums days may do so."""
    months = [row[0] for row in connection.execute(_WHOLE_MONTHS, {"kind": kind})]
    add = _SUM_UP_MONTH.format(months=_MONTHS[kind], days=_DAYS[kind], keys=_KEYS[kind], added=_ADDED[kind])
    for month in months:
        with connection.transaction():
            drop = sql.SQL("DELETE FROM {} WHERE service_date = %s").format(sql.Identifier(_MONTHS[kind]))
            connection.execute(drop, (month,))
            connection.execute(add, {"month": month})
            connection.execute("INSERT INTO facility_months VALUES (%s, %s)", (kind, month))
    return len(months)
