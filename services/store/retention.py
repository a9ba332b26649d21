"""How long readings and rollups are kept: dropping what is older, and knowing what is gone."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import LiteralString

from psycopg import sql

from services.domain.town import Interval
from services.store.connection import Connection

READING_TABLES = ("positions", "service_events", "levels", "weighings", "usages")
HOUR_TABLES = ("position_hours", "level_hours", "weighing_hours")


MARGIN = timedelta(days=1)
"""Readings are there for so long before the instant from which they are said to be: what is made of a first day needs
those shortly before it."""


class Kept(StrEnum):
    """What is dropped after its time; all else is kept."""

    READINGS = "readings"
    HOURS = "hours"


_TABLES = {Kept.READINGS: READING_TABLES, Kept.HOURS: HOUR_TABLES}

_WAITING: LiteralString = """
    SELECT EXISTS (SELECT FROM stored_batches WHERE observed_from < %(before)s)
        OR EXISTS (SELECT FROM batches_to_roll_up WHERE %(before)s > ANY (observed_from))
        OR EXISTS (SELECT FROM hours_to_roll_up WHERE hour_start < %(before)s)"""

_COMPRESS = sql.SQL(
    "ALTER TABLE {} SET (timescaledb.compress, timescaledb.compress_segmentby = 'device_key', "
    "timescaledb.compress_orderby = 'observed_at, seq')"
)


def load_dropped(connection: Connection, what: Kept) -> Interval | None:
    """Return the span of which readings (or rolled-up hours) may be gone, none while all are there."""
    query = "SELECT dropped_from, dropped_to FROM dropped_spans WHERE what = %s"
    row = connection.execute(query, (what,)).fetchone()
    return None if row is None else Interval(row[0], row[1])


def is_awaited(connection: Connection, before: datetime) -> bool:
    """Tell whether readings from before an instant have yet to be looked at, by clearance or by the rollups."""
    row = connection.execute(_WAITING, {"before": before}).fetchone()
    return row is not None and bool(row[0])


def drop(connection: Connection, what: Kept, span: Interval) -> int:
    """Keep in mind that what is of `span` is gone, and drop all before its end, chunk by chunk, but for a margin.

    Returns how many chunks went. Both editions of TimescaleDB can do it.
    """
    connection.execute(
        """
        INSERT INTO dropped_spans AS gone (what, dropped_from, dropped_to) VALUES (%s, %s, %s)
        ON CONFLICT (what) DO UPDATE SET dropped_from = least(gone.dropped_from, excluded.dropped_from),
            dropped_to = greatest(gone.dropped_to, excluded.dropped_to)
        """,
        (what, span.start, span.end),
    )
    # Whoever reads an old chunk is not interrupted: a later round drops it.
    connection.execute("SET LOCAL lock_timeout = '5s'")
    return sum(
        len(
            connection.execute(
                "SELECT drop_chunks(%s::regclass, older_than => %s)", (table, span.end - MARGIN)
            ).fetchall()
        )
        for table in _TABLES[what]
    )


def oldest_chunk(connection: Connection, what: Kept) -> datetime | None:
    """Return when the oldest chunk begins, none where there is no chunk."""
    row = connection.execute(
        "SELECT min(range_start) FROM timescaledb_information.chunks WHERE hypertable_name = ANY(%s)",
        ([*_TABLES[what]],),
    ).fetchone()
    return None if row is None else row[0]


def has_columnstore(connection: Connection) -> bool:
    """Tell whether this is TimescaleDB's community edition, which alone can compress."""
    row = connection.execute("SELECT current_setting('timescaledb.license', true)").fetchone()
    return row is not None and row[0] == "timescale"


def compress_after(connection: Connection, after: timedelta) -> bool:
    """Have the community edition turn readings older than `after` into its columnstore; tell whether it can.

    Its own job does so every day. Readings that come later still find their chunk, and their duplicates.
    """
    if not has_columnstore(connection):
        return False
    rows = connection.execute(
        "SELECT hypertable_name FROM timescaledb_information.hypertables WHERE NOT compression_enabled"
    ).fetchall()
    plain = {row[0] for row in rows}
    for table in READING_TABLES:
        if table in plain:
            connection.execute(_COMPRESS.format(sql.Identifier(table)))
        connection.execute("SELECT remove_compression_policy(%s::regclass, if_exists => true)", (table,))
        connection.execute("SELECT add_compression_policy(%s::regclass, %s)", (table, after))
    return True


def has_facility_readings(connection: Connection, span: Interval) -> bool:
    """Tell whether any station or toilet has told anything within `span`."""
    row = connection.execute(
        """
        SELECT EXISTS (SELECT FROM usages WHERE observed_at >= %(start)s AND observed_at < %(end)s)
            OR EXISTS (SELECT FROM weighings WHERE observed_at >= %(start)s AND observed_at < %(end)s)
            OR EXISTS (SELECT FROM levels WHERE observed_at >= %(start)s AND observed_at < %(end)s)
        """,
        {"start": span.start, "end": span.end},
    ).fetchone()
    return row is not None and bool(row[0])
