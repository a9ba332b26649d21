"""The readings behind a visit, as the office reads them: where the vehicle was, what was reported, how full it was."""

from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from psycopg.rows import class_row

from services.domain.town import Interval
from services.store.connection import Connection

MOST_FIXES = 2_000


@dataclass(frozen=True, slots=True)
class FixReading:
    """Where a vehicle's device said it was; received later than observed where it had no network."""

    device_id: str
    observed_at: datetime
    received_at: datetime
    lon: float
    lat: float
    speed_kmh: float | None
    accuracy_m: float | None
    load_kg: float | None


@dataclass(frozen=True, slots=True)
class ServiceEventReading:
    """What a vehicle's device, or its driver's phone, said of a point."""

    vehicle_id: str
    device_id: str
    observed_at: datetime
    received_at: datetime
    outcome: str
    reason: str | None
    source: str | None
    collected_kg: float | None


@dataclass(frozen=True, slots=True)
class LevelReading:
    """How full a container of a point was."""

    device_id: str
    observed_at: datetime
    received_at: datetime
    fill_ratio: float


_FIXES: LiteralString = """
    SELECT device_id, fix.observed_at, fix.received_at, fix.lon, fix.lat, fix.speed_kmh, fix.accuracy_m, fix.load_kg
    FROM positions AS fix JOIN devices USING (device_key)
    WHERE kind = 'vehicle' AND asset_id = %(vehicle)s AND fix.observed_at >= %(start)s AND fix.observed_at < %(end)s
    ORDER BY fix.observed_at, fix.seq LIMIT %(limit)s"""

_EVENTS: LiteralString = """
    SELECT asset_id AS vehicle_id, device_id, event.observed_at, event.received_at, event.outcome, event.reason,
        event.source, event.collected_kg
    FROM service_events AS event JOIN devices USING (device_key)
    WHERE event.point_id = %(point)s AND event.observed_at >= %(start)s AND event.observed_at < %(end)s
    ORDER BY event.observed_at, event.seq"""

_LEVELS: LiteralString = """
    SELECT device_id, level.observed_at, level.received_at, level.fill_ratio
    FROM levels AS level JOIN devices USING (device_key)
    WHERE kind = 'container' AND asset_id = %(point)s AND level.observed_at >= %(start)s
        AND level.observed_at < %(end)s
    ORDER BY level.observed_at, level.seq"""


def load_fix_readings(connection: Connection, vehicle_id: str, span: Interval) -> list[FixReading]:
    """Return the fixes of a vehicle within `span`, in order of time, at most MOST_FIXES."""
    parameters = {"vehicle": vehicle_id, "start": span.start, "end": span.end, "limit": MOST_FIXES}
    with connection.cursor(row_factory=class_row(FixReading)) as cursor:
        return cursor.execute(_FIXES, parameters).fetchall()


def load_event_readings(connection: Connection, point_id: str, span: Interval) -> list[ServiceEventReading]:
    """Return what any vehicle reported of a point within `span`, in order of time."""
    with connection.cursor(row_factory=class_row(ServiceEventReading)) as cursor:
        return cursor.execute(_EVENTS, {"point": point_id, "start": span.start, "end": span.end}).fetchall()


def load_level_readings(connection: Connection, point_id: str, span: Interval) -> list[LevelReading]:
    """Return the fill levels of a point's containers within `span`, in order of time."""
    with connection.cursor(row_factory=class_row(LevelReading)) as cursor:
        return cursor.execute(_LEVELS, {"point": point_id, "start": span.start, "end": span.end}).fetchall()
