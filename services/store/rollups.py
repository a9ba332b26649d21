"""Rollups of readings by hour and by service day, made anew from the readings whenever more of them are stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import LiteralString

from psycopg.types.range import Range

from services.domain.kinds import MessageKind
from services.domain.town import Interval, Town
from services.store.connection import Connection
from services.store.facility_sums import forget_late_sums

HOUR = timedelta(hours=1)
REACH: Mapping[MessageKind, timedelta] = {
    MessageKind.POSITION: timedelta(minutes=3),
    MessageKind.LEVEL: timedelta(hours=4),
    MessageKind.WEIGHING: timedelta(0),
}
"""For how long a reading tells of its device, unless the next one comes before; a longer silence is a gap.

Four hours are those after which a container counts as silent (`alarm_container_silent_min`).
"""

NOTED = frozenset({*REACH, MessageKind.USAGE})
"""Of a toilet's usage there are no hours, but sums of days."""

_KEEP_SPANS: LiteralString = """
    INSERT INTO batches_to_roll_up (message, device_keys, observed_from, observed_to) VALUES (%s, %s, %s, %s)"""

_MARK_HOURS: LiteralString = """
    INSERT INTO hours_to_roll_up (message, hour_start, device_key)
    SELECT DISTINCT batch.message, hour_start, span.device_key
    FROM unnest(%(messages)s::text[], %(keys)s::int4[], %(from)s::timestamptz[], %(to)s::timestamptz[])
            AS span (message, device_key, observed_from, observed_to)
        JOIN unnest(%(reached)s::text[], %(reaches)s::interval[]) AS batch (message, reach) USING (message),
        generate_series(date_bin('1 hour', observed_from - reach, %(origin)s),
            date_bin('1 hour', observed_to + reach, %(origin)s), '1 hour') AS hour_start
    ON CONFLICT DO NOTHING"""

_POSITION_HOURS: LiteralString = """
    INSERT INTO position_hours (hour_start, service_date, device_key, fixes, observed_s, moving_s, distance_m)
    SELECT %(start)s, %(day)s, made.*
    FROM unnest(%(keys)s::int4[], %(fixes)s::int4[], %(observed_s)s::float4[], %(moving_s)s::float4[],
        %(distance_m)s::float4[]) AS made
    ON CONFLICT (device_key, hour_start) DO UPDATE
    SET fixes = excluded.fixes, observed_s = excluded.observed_s, moving_s = excluded.moving_s,
        distance_m = excluded.distance_m
    WHERE NOT %(stands)s"""

_LEVEL_HOURS: LiteralString = """
    WITH reading AS (
        SELECT device_key, observed_at, seq, fill_ratio, lead(observed_at) OVER following AS next_at
        FROM levels
        WHERE device_key = ANY(%(keys)s) AND observed_at >= %(start)s - %(reach)s
            AND observed_at < %(end)s + %(reach)s
        WINDOW following AS (PARTITION BY device_key ORDER BY observed_at, seq)
    ), known AS (
        SELECT *, observed_at >= %(start)s AND observed_at < %(end)s AS in_hour,
            CASE WHEN next_at - observed_at <= %(reach)s THEN greatest(0, extract(epoch FROM
                least(next_at, %(end)s) - greatest(observed_at, %(start)s))) ELSE 0 END AS within_s
        FROM reading
    )
    INSERT INTO level_hours AS kept (hour_start, service_date, device_key, readings, observed_s, fill_ratio_min,
        fill_ratio_mean, fill_ratio_max, fill_ratio_last)
    SELECT %(start)s, %(day)s, device_key, count(*) FILTER (WHERE in_hour), sum(within_s),
        min(fill_ratio) FILTER (WHERE in_hour), avg(fill_ratio) FILTER (WHERE in_hour),
        max(fill_ratio) FILTER (WHERE in_hour),
        (array_agg(fill_ratio ORDER BY observed_at DESC, seq DESC) FILTER (WHERE in_hour))[1]
    FROM known GROUP BY device_key HAVING sum(within_s) > 0 OR count(*) FILTER (WHERE in_hour) > 0
    ON CONFLICT (device_key, hour_start) DO UPDATE
    SET readings = excluded.readings, observed_s = excluded.observed_s, fill_ratio_min = excluded.fill_ratio_min,
        fill_ratio_mean = excluded.fill_ratio_mean, fill_ratio_max = excluded.fill_ratio_max,
        fill_ratio_last = excluded.fill_ratio_last
    WHERE NOT %(stands)s"""

_WEIGHING_HOURS: LiteralString = """
    INSERT INTO weighing_hours AS kept (hour_start, service_date, device_key, vehicle_id, direction, weighings, net_kg)
    SELECT %(start)s, %(day)s, device_key, vehicle_id, direction, count(*), sum(net_kg::float8)
    FROM weighings
    WHERE device_key = ANY(%(keys)s) AND observed_at >= %(start)s AND observed_at < %(end)s
    GROUP BY device_key, vehicle_id, direction
    ON CONFLICT (device_key, hour_start, vehicle_id, direction) DO UPDATE
    SET weighings = excluded.weighings, net_kg = excluded.net_kg
    WHERE NOT %(stands)s"""

_POSITION_DAYS: LiteralString = """
    INSERT INTO position_days (service_date, device_key, fixes, observed_s, moving_s, distance_m)
    SELECT service_date, device_key, sum(fixes), sum(observed_s::float8), sum(moving_s::float8),
        sum(distance_m::float8)
    FROM position_hours WHERE service_date = %(day)s AND device_key = ANY(%(keys)s) GROUP BY 1, 2
    ON CONFLICT (device_key, service_date) DO UPDATE
    SET fixes = excluded.fixes, observed_s = excluded.observed_s, moving_s = excluded.moving_s,
        distance_m = excluded.distance_m
    WHERE NOT %(stands)s"""

_LEVEL_DAYS: LiteralString = """
    INSERT INTO level_days (service_date, device_key, readings, observed_s, fill_ratio_min, fill_ratio_mean,
        fill_ratio_max, fill_ratio_last)
    SELECT service_date, device_key, sum(readings), sum(observed_s::float8), min(fill_ratio_min),
        sum(fill_ratio_mean::float8 * readings) / nullif(sum(readings), 0), max(fill_ratio_max),
        (array_agg(fill_ratio_last ORDER BY hour_start DESC) FILTER (WHERE fill_ratio_last IS NOT NULL))[1]
    FROM level_hours WHERE service_date = %(day)s AND device_key = ANY(%(keys)s) GROUP BY 1, 2
    ON CONFLICT (device_key, service_date) DO UPDATE
    SET readings = excluded.readings, observed_s = excluded.observed_s, fill_ratio_min = excluded.fill_ratio_min,
        fill_ratio_mean = excluded.fill_ratio_mean, fill_ratio_max = excluded.fill_ratio_max,
        fill_ratio_last = excluded.fill_ratio_last
    WHERE NOT %(stands)s"""

_WEIGHING_DAYS: LiteralString = """
    INSERT INTO weighing_days (service_date, device_key, vehicle_id, direction, weighings, net_kg)
    SELECT service_date, device_key, vehicle_id, direction, sum(weighings), sum(net_kg)
    FROM weighing_hours WHERE service_date = %(day)s AND device_key = ANY(%(keys)s) GROUP BY 1, 2, 3, 4
    ON CONFLICT (device_key, service_date, vehicle_id, direction) DO UPDATE
    SET weighings = excluded.weighings, net_kg = excluded.net_kg
    WHERE NOT %(stands)s"""

_HOURS: dict[MessageKind, LiteralString] = {MessageKind.LEVEL: _LEVEL_HOURS, MessageKind.WEIGHING: _WEIGHING_HOURS}
_DAYS: dict[MessageKind, LiteralString] = {
    MessageKind.POSITION: _POSITION_DAYS,
    MessageKind.LEVEL: _LEVEL_DAYS,
    MessageKind.WEIGHING: _WEIGHING_DAYS,
}

DeviceSpan = tuple[int, datetime, datetime]
"""A device's key, and the first and last instant of what was stored of it."""


@dataclass(frozen=True, slots=True)
class HourToRollUp:
    """An hour that readings were stored of, with the devices that they are from."""

    message: MessageKind
    start: datetime
    device_keys: tuple[int, ...]


def note_stored_spans(connection: Connection, message: MessageKind, spans: Sequence[DeviceSpan]) -> None:
    """Leave word for the rollups and sums of what was stored, in the transaction that stores it."""
    if message in NOTED:
        connection.execute(_KEEP_SPANS, (message.value, *([*column] for column in zip(*spans, strict=True))))


def mark_stored_spans(connection: Connection, town: Town, limit: int, gone_days: Range[date]) -> int:
    """Turn the oldest `limit` words of stored readings into hours to be made; return how many there were.

    The sums of facilities that they change are taken out; those of the days that are gone stand.
    """
    rows = connection.execute(
        """
        WITH taken AS (
            DELETE FROM batches_to_roll_up
            WHERE batch_id IN (SELECT batch_id FROM batches_to_roll_up ORDER BY batch_id LIMIT %s)
            RETURNING *
        )
        SELECT batch_id, message, device_key, span_from, span_to
        FROM taken, unnest(device_keys, observed_from, observed_to) AS span (device_key, span_from, span_to)
        """,
        (limit,),
    ).fetchall()
    if not rows:
        return 0
    batches, *columns = ([*column] for column in zip(*rows, strict=True))
    parameters = dict(zip(("messages", "keys", "from", "to"), columns, strict=True)) | {
        "reached": [message.value for message in REACH],
        "reaches": [*REACH.values()],
        "origin": _origin(town),
    }
    connection.execute(_MARK_HOURS, parameters)
    if of_facilities := [row[2:] for row in rows if row[1] != MessageKind.POSITION]:
        forget_late_sums(connection, of_facilities, gone_days)
    return len(set(batches))


def hours_to_roll_up(connection: Connection, until: datetime, limit: int) -> list[HourToRollUp]:
    """Return the oldest `limit` hours that have to be made and are over at `until`."""
    rows = connection.execute(
        """
        SELECT message, hour_start, array_agg(device_key ORDER BY device_key) FROM hours_to_roll_up
        WHERE hour_start <= %s GROUP BY 1, 2 ORDER BY 2, 1 LIMIT %s
        """,
        (until - HOUR, limit),
    )
    return [HourToRollUp(MessageKind(row[0]), row[1], tuple(row[2])) for row in rows]


@dataclass(frozen=True, slots=True)
class WhatIsGone:
    """The spans of which readings and hours may be gone; none where nothing was dropped yet."""

    readings: Interval | None
    hours: Interval | None


@dataclass(frozen=True, slots=True)
class PositionHour:
    """A vehicle's device in an hour: fixes, seconds in which it was heard and moved, and metres."""

    device_key: int
    fixes: int
    observed_s: float
    moving_s: float
    distance_m: float


def keep_position_hours(
    connection: Connection, town: Town, hour: HourToRollUp, rows: Sequence[PositionHour], gone: WhatIsGone
) -> None:
    """Store what vehicles did in an hour, and make their service day anew from its hours.

    A figure whose readings or hours are gone stands as it is; one that there never was is stored.
    """
    columns = {
        "keys": [row.device_key for row in rows],
        "fixes": [row.fixes for row in rows],
        "observed_s": [row.observed_s for row in rows],
        "moving_s": [row.moving_s for row in rows],
        "distance_m": [row.distance_m for row in rows],
    }
    day = town.service_date(hour.start)
    connection.execute(
        _POSITION_HOURS, {**columns, "start": hour.start, "day": day, "stands": _readings_are_gone(hour, gone)}
    )
    _finish_hour(connection, town, hour, gone)


def roll_up_hour(connection: Connection, town: Town, hour: HourToRollUp, gone: WhatIsGone) -> None:
    """Make an hour of levels or weighings anew from its readings, and its service day from its hours.

    A figure whose readings or hours are gone stands as it is; one that there never was is made from what came late.
    """
    parameters = {
        "keys": [*hour.device_keys],
        "start": hour.start,
        "end": hour.start + HOUR,
        "day": town.service_date(hour.start),
        "reach": REACH[hour.message],
        "stands": _readings_are_gone(hour, gone),
    }
    connection.execute(_HOURS[hour.message], parameters)
    _finish_hour(connection, town, hour, gone)


def _readings_are_gone(hour: HourToRollUp, gone: WhatIsGone) -> bool:
    return gone.readings is not None and gone.readings.contains(hour.start)


def _finish_hour(connection: Connection, town: Town, hour: HourToRollUp, gone: WhatIsGone) -> None:
    """Make the service day of an hour anew, and forget that the hour was to be made."""
    day = town.service_date(hour.start)
    stands = gone.hours is not None and gone.hours.contains(town.service_day(day).start)
    connection.execute(_DAYS[hour.message], {"keys": [*hour.device_keys], "day": day, "stands": stands})
    connection.execute(
        "DELETE FROM hours_to_roll_up WHERE (message, hour_start) = (%s, %s) AND device_key = ANY(%s)",
        (hour.message.value, hour.start, [*hour.device_keys]),
    )


def _origin(town: Town) -> datetime:
    """Return an instant from which hours are counted so that none lies across the beginning of a service day."""
    return town.service_day(date(2020, 1, 1)).start
