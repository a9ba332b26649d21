"""What the devices of stations and toilets said, as the measures of utilisation read it: in columns."""

from typing import LiteralString

import numpy as np
from psycopg import sql

from services.domain.town import Interval
from services.store.bulk import DOUBLE, INSTANT, INTEGER, REAL, FloatArray, copy_columns
from services.store.connection import Connection

USAGE_COLUMNS = ("time_s", "entries", "occupied_stalls", "total_stalls", "nh3_ppm", "h2s_ppm", "water_l", "open")
"""The columns of a toilet's usage; `open` is 1 or 0, and what was not told NaN."""

_USAGE_TYPES = {
    "device_key": INTEGER,
    "time_s": INSTANT,
    "entries": DOUBLE,
    "occupied_stalls": DOUBLE,
    "total_stalls": DOUBLE,
    "nh3_ppm": REAL,
    "h2s_ppm": REAL,
    "water_l": DOUBLE,
    "open": DOUBLE,
}
_USAGES: LiteralString = """
    SELECT device_key, observed_at, coalesce(entries::float8, 'NaN'), coalesce(occupied_stalls::float8, 'NaN'),
        coalesce(total_stalls::float8, 'NaN'), coalesce(nh3_ppm, 'NaN'), coalesce(h2s_ppm, 'NaN'),
        coalesce(water_l, 'NaN'), coalesce(open::integer::float8, 'NaN')
    FROM usages WHERE observed_at >= {start} AND observed_at < {end} ORDER BY device_key, observed_at, seq"""
_HEARD: LiteralString = """
    SELECT device_key, observed_at FROM levels WHERE observed_at >= {start} AND observed_at < {end}
        AND device_key IN (SELECT device_key FROM devices WHERE kind = 'station')
    UNION ALL SELECT device_key, observed_at FROM weighings WHERE observed_at >= {start} AND observed_at < {end}
    ORDER BY 1, 2"""


def load_usages(connection: Connection, span: Interval) -> dict[str, dict[str, dict[str, FloatArray]]]:
    """Return the usages of each toilet within `span`, by device, as USAGE_COLUMNS in order of time."""
    columns = _columns(connection, _USAGES, _USAGE_TYPES, span)
    device = columns.pop("device_key")
    rows = connection.execute("SELECT device_key, asset_id, device_id FROM devices WHERE kind = 'toilet'")
    found: dict[str, dict[str, dict[str, FloatArray]]] = {}
    for key, facility_id, device_id in rows.fetchall():
        own = device == key
        if own.any():
            found.setdefault(facility_id, {})[device_id] = {name: values[own] for name, values in columns.items()}
    return found


def load_station_times(connection: Connection, span: Interval) -> dict[str, FloatArray]:
    """Return when each station's device was heard within `span`, in seconds since 1970 and in order."""
    found = _by_facility(connection, "station", _HEARD, {"device_key": INTEGER, "time_s": INSTANT}, span)
    return {facility_id: columns["time_s"] for facility_id, columns in found.items()}


def _by_facility(
    connection: Connection, kind: str, query: LiteralString, types: dict[str, str], span: Interval
) -> dict[str, dict[str, FloatArray]]:
    """Return the columns of `query` for each facility, merged where it has several devices."""
    columns = _columns(connection, query, types, span)
    facility_of: dict[int, str] = dict(
        connection.execute("SELECT device_key, asset_id FROM devices WHERE kind = %s", (kind,)).fetchall()
    )
    device = columns.pop("device_key")
    rows_of: dict[str, list[FloatArray]] = {}
    for key in np.unique(device):
        if int(key) in facility_of:
            rows_of.setdefault(facility_of[int(key)], []).append(np.flatnonzero(device == key).astype(np.float64))
    found = {}
    for facility_id, parts in rows_of.items():
        rows = np.concatenate(parts).astype(np.intp)
        rows = rows[np.argsort(columns["time_s"][rows], kind="stable")]
        found[facility_id] = {name: values[rows] for name, values in columns.items()}
    return found


def _columns(
    connection: Connection, query: LiteralString, types: dict[str, str], span: Interval
) -> dict[str, FloatArray]:
    statement = sql.SQL(query).format(start=sql.Literal(span.start), end=sql.Literal(span.end))
    return copy_columns(connection, statement, types)
