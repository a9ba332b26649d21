"""Readings as the ingest writes them: copied in bulk, each stored once however often it is sent."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from psycopg import sql

from services.domain.kinds import MessageKind
from services.domain.telemetry import READING_TYPES
from services.store.connection import Connection

Row = tuple[Any, ...]

TABLES: dict[MessageKind, str] = {
    MessageKind.POSITION: "positions",
    MessageKind.SERVICE: "service_events",
    MessageKind.LEVEL: "levels",
    MessageKind.WEIGHING: "weighings",
    MessageKind.USAGE: "usages",
}
"""The hypertable of each message; a status changes its device's row instead."""

KEY_COLUMNS = ("observed_at", "received_at", "seq", "device_key")

_KEY_TYPES = ("timestamptz", "timestamptz", "int8", "int4")
_COLUMN_TYPES = {
    **dict.fromkeys(("lat", "lon", "odometer_m", "water_l"), "float8"),
    **dict.fromkeys(("ignition", "cover_open", "open"), "bool"),
    **dict.fromkeys(("entries", "occupied_stalls", "total_stalls"), "int4"),
    **dict.fromkeys(("point_id", "outcome", "reason", "source", "vehicle_id", "direction"), "text"),
    "arrived_at": "timestamptz",
}
"""Types by name where they are not real; a binary copy must know them."""


def value_columns(message: MessageKind) -> tuple[str, ...]:
    """Return a table's columns behind `KEY_COLUMNS`: the message's own fields, in the contract's order."""
    return tuple(name for name in READING_TYPES[message].__struct_fields__ if name not in ("ts", "seq"))


def _names(names: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))


def _columns(message: MessageKind) -> sql.Composed:
    return _names((*KEY_COLUMNS, *value_columns(message)))


_COLUMNS = {message: _columns(message) for message in TABLES}
_TYPES = {
    message: [*_KEY_TYPES, *(_COLUMN_TYPES.get(name, "float4") for name in value_columns(message))]
    for message in TABLES
}
_COPY = {
    message: sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(sql.Identifier(table), _COLUMNS[message])
    for message, table in TABLES.items()
}
_STAGE = {
    message: sql.SQL(
        "CREATE TEMP TABLE IF NOT EXISTS {} ON COMMIT DELETE ROWS AS SELECT {} FROM {} WITH NO DATA"
    ).format(sql.Identifier(f"staged_{table}"), _COLUMNS[message], sql.Identifier(table))
    for message, table in TABLES.items()
}
_COPY_STAGED = {
    message: sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
        sql.Identifier(f"staged_{table}"), _COLUMNS[message]
    )
    for message, table in TABLES.items()
}
_MERGE = {
    message: sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {} ON CONFLICT DO NOTHING").format(
        sql.Identifier(table), _COLUMNS[message], _COLUMNS[message], sql.Identifier(f"staged_{table}")
    )
    for message, table in TABLES.items()
}


def copy_readings(connection: Connection, message: MessageKind, rows: Sequence[Row]) -> int:
    """Copy rows straight into a hypertable, the fastest way there is; return how many.

    Raises:
        psycopg.errors.UniqueViolation: one of them is stored already, or twice among them; none is stored then.

    """
    _copy(connection, _COPY[message], _TYPES[message], rows)
    return len(rows)


def merge_readings(connection: Connection, message: MessageKind, rows: Sequence[Row]) -> int:
    """Store those rows that are not stored yet, by way of a staging table; return how many were new."""
    connection.execute(_STAGE[message])
    _copy(connection, _COPY_STAGED[message], _TYPES[message], rows)
    return connection.execute(_MERGE[message]).rowcount


def _copy(connection: Connection, statement: sql.Composed, types: list[str], rows: Sequence[Row]) -> None:
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(types)
        for row in rows:
            copy.write_row(row)


LATEST_COLUMNS = (
    *("device_key", "observed_at", "received_at", "lon", "lat", "speed_kmh", "heading_deg", "load_kg"),
    *("odometer_m", "ignition", "cover_open"),
)


def _arrays(rows: Sequence[Row]) -> list[str]:
    """Return the columns of rows of numbers, instants and truths as arrays in PostgreSQL's own writing.

    With every batch there is a row of each device; psycopg's own way with lists takes ten times as long.
    """
    columns = zip(*rows, strict=True)
    return ["{" + ",".join(["NULL" if value is None else str(value) for value in column]) + "}" for column in columns]


def keep_latest_positions(connection: Connection, rows: Sequence[Row]) -> None:
    """Bring each vehicle's newest fix up to date; an older one changes nothing.

    `rows` hold `LATEST_COLUMNS`, at most one for each device, in the order of their keys, so that two writers
    cannot wait for each other.
    """
    connection.execute(
        """
        INSERT INTO latest_positions AS latest (device_key, observed_at, received_at, lon, lat, speed_kmh,
            heading_deg, load_kg, odometer_m, ignition, cover_open)
        SELECT * FROM unnest(%s::int4[], %s::timestamptz[], %s::timestamptz[], %s::float8[], %s::float8[],
            %s::float4[], %s::float4[], %s::float4[], %s::float8[], %s::bool[], %s::bool[])
        ON CONFLICT (device_key) DO UPDATE
        SET observed_at = excluded.observed_at, received_at = excluded.received_at, lon = excluded.lon,
            lat = excluded.lat, speed_kmh = excluded.speed_kmh, heading_deg = excluded.heading_deg,
            load_kg = coalesce(excluded.load_kg, latest.load_kg),
            odometer_m = coalesce(excluded.odometer_m, latest.odometer_m),
            ignition = coalesce(excluded.ignition, latest.ignition),
            cover_open = coalesce(excluded.cover_open, latest.cover_open)
        WHERE excluded.observed_at > latest.observed_at
        """,
        _arrays(rows),
    )


def keep_last_observed(connection: Connection, instants: Sequence[tuple[int, datetime]]) -> None:
    """Note when each device was last heard of; `instants` are (device_key, observed_at) in the order of keys."""
    connection.execute(
        """
        UPDATE devices SET last_observed_at = heard.observed_at
        FROM unnest(%s::int4[], %s::timestamptz[]) AS heard (device_key, observed_at)
        WHERE devices.device_key = heard.device_key
            AND (last_observed_at IS NULL OR last_observed_at < heard.observed_at)
        """,
        _arrays(instants),
    )


def keep_status(connection: Connection, statuses: Sequence[tuple[int, bool, datetime, str | None]]) -> None:
    """Note each device's last word on being connected: (device_key, online, at, firmware), in the order of keys.

    The order of arrival decides, not the time that the device gives: its last will is written without one.
    """
    connection.execute(
        """
        UPDATE devices SET
            status_changed_at = CASE WHEN devices.online IS DISTINCT FROM said.online THEN said.at
                ELSE devices.status_changed_at END,
            online = said.online,
            firmware = coalesce(said.firmware, devices.firmware)
        FROM unnest(%s::int4[], %s::bool[], %s::timestamptz[], %s::text[]) AS said (device_key, online, at, firmware)
        WHERE devices.device_key = said.device_key
            AND (devices.online, devices.firmware)
                IS DISTINCT FROM (said.online, coalesce(said.firmware, devices.firmware))
        """,
        [list(column) for column in zip(*statuses, strict=True)],
    )


def record_stored_batch(
    connection: Connection,
    message: MessageKind,
    device_keys: Sequence[int],
    observed_from: datetime,
    observed_to: datetime,
    row_count: int,
) -> None:
    """Leave word of what was stored for those who draw conclusions from it (clearance takes these rows away)."""
    connection.execute(
        "INSERT INTO stored_batches (message, device_keys, observed_from, observed_to, row_count)"
        " VALUES (%s, %s, %s, %s, %s)",
        (message.value, list(device_keys), observed_from, observed_to, row_count),
    )


def announce_readings(connection: Connection) -> None:
    """Wake whoever waits for readings (NOTIFY readings_stored), once the transaction commits."""
    connection.execute("NOTIFY readings_stored")
