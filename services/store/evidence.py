"""The readings that visits are decided from, as clearance reads them: by asset, in bulk, of any span of time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import LiteralString

import numpy as np
from psycopg import sql

from services.domain.kinds import DeviceKind, MessageKind, ServiceOutcome, ServiceSource, WeighingDirection
from services.domain.town import Interval
from services.store.bulk import DOUBLE, INSTANT, INTEGER, REAL, FloatArray, copy_columns
from services.store.connection import Connection

EXAMINER_LOCK = 0x72697169
"""An advisory lock of this number keeps a second process waiting, so that no two decide one vehicle at once."""


@dataclass(frozen=True, slots=True)
class StoredBatch:
    """What ingest left word of: which devices' readings of one message were stored, and their span."""

    message: MessageKind
    device_keys: tuple[int, ...]
    observed: Interval


@dataclass(frozen=True, slots=True)
class Asset:
    """What a device speaks for: a vehicle, a facility, or a collection point."""

    kind: DeviceKind
    asset_id: str


@dataclass(frozen=True, slots=True)
class StoredServiceEvent:
    """A service event of a vehicle."""

    vehicle_id: str
    point_id: str
    observed_at: datetime
    outcome: ServiceOutcome
    source: ServiceSource | None
    collected_kg: float | None


@dataclass(frozen=True, slots=True)
class StoredWeighing:
    """A vehicle on a facility's weighbridge; `arrived_at` is when it came, where that was told."""

    facility_id: str
    vehicle_id: str
    observed_at: datetime
    arrived_at: datetime | None
    net_kg: float
    direction: WeighingDirection


def take_stored_batches(connection: Connection, limit: int) -> list[StoredBatch]:
    """Take the oldest `limit` rows of what ingest has stored; they are gone once the transaction commits."""
    rows = connection.execute(
        """
        DELETE FROM stored_batches WHERE batch_id IN (
            SELECT batch_id FROM stored_batches ORDER BY batch_id LIMIT %s FOR UPDATE SKIP LOCKED)
        RETURNING message, device_keys, observed_from, observed_to
        """,
        (limit,),
    ).fetchall()
    return [StoredBatch(MessageKind(row[0]), tuple(row[1]), Interval(row[2], row[3])) for row in rows]


def take_turn(connection: Connection) -> bool:
    """Become the one process that examines readings, while this session lasts; return False where there is one."""
    row = connection.execute("SELECT pg_try_advisory_lock(%s)", (EXAMINER_LOCK,)).fetchone()
    return row is not None and bool(row[0])


def is_examined(connection: Connection) -> bool:
    """Tell whether there is a process that examines readings."""
    row = connection.execute(
        """
        SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND objid = %s
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
        """,
        (EXAMINER_LOCK,),
    ).fetchone()
    return row is not None and bool(row[0])


def batches_to_examine(connection: Connection, span: Interval) -> frozenset[int]:
    """Return the ids of the batches with readings of `span` that clearance has yet to see."""
    rows = connection.execute(
        "SELECT batch_id FROM stored_batches WHERE observed_from < %s AND observed_to >= %s", (span.end, span.start)
    )
    return frozenset(row[0] for row in rows)


_TABLES: dict[MessageKind, LiteralString] = {
    MessageKind.POSITION: "positions",
    MessageKind.SERVICE: "service_events",
    MessageKind.LEVEL: "levels",
    MessageKind.WEIGHING: "weighings",
    MessageKind.USAGE: "usages",
}


def has_readings(connection: Connection, message: MessageKind, device_keys: Sequence[int], span: Interval) -> bool:
    """Tell whether any of the devices has a reading of this message within `span`."""
    query = sql.SQL(
        "SELECT EXISTS (SELECT FROM {} WHERE device_key = ANY(%s) AND observed_at >= %s AND observed_at < %s)"
    ).format(sql.Identifier(_TABLES[message]))
    row = connection.execute(query, (list(device_keys), span.start, span.end)).fetchone()
    return row is not None and bool(row[0])


def load_assets(connection: Connection) -> dict[int, Asset]:
    """Return what each device speaks for."""
    rows = connection.execute("SELECT device_key, kind, asset_id FROM devices")
    return {row[0]: Asset(DeviceKind(row[1]), row[2]) for row in rows}


_FIX_TYPES = {
    "device_key": INTEGER,
    "time_s": INSTANT,
    "lon": DOUBLE,
    "lat": DOUBLE,
    "speed_kmh": REAL,
    "accuracy_m": REAL,
    "load_kg": REAL,
}
_FIXES: LiteralString = """
    SELECT device_key, observed_at, lon, lat, coalesce(speed_kmh, 'NaN'::real), coalesce(accuracy_m, 'NaN'::real),
        coalesce(load_kg, 'NaN'::real)
    FROM positions WHERE device_key = ANY({keys}) AND observed_at >= {start} AND observed_at < {end}"""


def load_fixes(connection: Connection, device_keys: Iterable[int], span: Interval) -> dict[int, dict[str, FloatArray]]:
    """Return the fixes of each device within `span`, in no particular order.

    Each device has arrays `time_s` (seconds since 1970), `lon`, `lat`, `speed_kmh`, `accuracy_m` and `load_kg`,
    NaN where not told.
    """
    query = sql.SQL(_FIXES).format(
        keys=sql.Literal(sorted(device_keys)), start=sql.Literal(span.start), end=sql.Literal(span.end)
    )
    columns = copy_columns(connection, query, _FIX_TYPES)
    device = columns.pop("device_key")
    order = np.argsort(device, kind="stable")
    keys, firsts = np.unique(device[order], return_index=True)
    parts = {name: np.split(values[order], firsts[1:]) for name, values in columns.items()}
    return {int(key): {name: parts[name][number] for name in columns} for number, key in enumerate(keys)}


def load_service_events(
    connection: Connection, vehicle_ids: Sequence[str], span: Interval
) -> dict[str, list[StoredServiceEvent]]:
    """Return the service events of each vehicle within `span`."""
    found: dict[str, list[StoredServiceEvent]] = {}
    rows = connection.execute(
        """
        SELECT asset_id, point_id, observed_at, outcome, source, collected_kg
        FROM service_events JOIN devices USING (device_key)
        WHERE kind = 'vehicle' AND asset_id = ANY(%s) AND observed_at >= %s AND observed_at < %s
        """,
        (list(vehicle_ids), span.start, span.end),
    )
    for vehicle_id, point_id, observed_at, outcome, source, collected_kg in rows:
        event = StoredServiceEvent(
            vehicle_id,
            point_id,
            observed_at,
            ServiceOutcome(outcome),
            None if source is None else ServiceSource(source),
            collected_kg,
        )
        found.setdefault(vehicle_id, []).append(event)
    return found


def load_levels(
    connection: Connection, span: Interval, point_ids: Sequence[str] | None = None
) -> dict[str, dict[int, tuple[FloatArray, FloatArray]]]:
    """Return the fill levels of each point's containers within `span`, by point and device, in order of time.

    Each is a pair of arrays: seconds since 1970, and fill ratios. `point_ids` narrows them.
    """
    found: dict[str, dict[int, tuple[FloatArray, FloatArray]]] = {}
    rows = connection.execute(
        """
        SELECT asset_id, device_key, array_agg(extract(epoch FROM observed_at)::float8 ORDER BY observed_at, seq),
            array_agg(fill_ratio::float8 ORDER BY observed_at, seq)
        FROM levels JOIN devices USING (device_key)
        WHERE kind = 'container' AND (%(points)s::text[] IS NULL OR asset_id = ANY(%(points)s))
            AND observed_at >= %(start)s AND observed_at < %(end)s
        GROUP BY 1, 2
        """,
        {"points": point_ids, "start": span.start, "end": span.end},
    )
    for point_id, device_key, time_s, fill_ratio in rows:
        found.setdefault(point_id, {})[device_key] = (np.array(time_s), np.array(fill_ratio))
    return found


_HEARD: LiteralString = """
    SELECT asked.number, count(DISTINCT heard.slot)
    FROM unnest(%(vehicles)s::text[], %(starts)s::timestamptz[]) WITH ORDINALITY AS asked (vehicle_id, start, number)
    JOIN devices ON devices.kind = 'vehicle' AND devices.asset_id = asked.vehicle_id
    CROSS JOIN LATERAL (
        SELECT floor(extract(epoch FROM observed_at - asked.start) / %(slot_s)s) AS slot FROM positions
        WHERE positions.device_key = devices.device_key
            AND observed_at >= asked.start AND observed_at < asked.start + %(lasts)s
            AND observed_at >= %(first)s AND observed_at < %(last)s
        UNION ALL
        SELECT floor(extract(epoch FROM observed_at - asked.start) / %(slot_s)s) FROM service_events
        WHERE service_events.device_key = devices.device_key
            AND observed_at >= asked.start AND observed_at < asked.start + %(lasts)s
            AND observed_at >= %(first)s AND observed_at < %(last)s
    ) AS heard
    GROUP BY asked.number"""


def load_heard_slots(
    connection: Connection, asked: Sequence[tuple[str, datetime]], lasts: timedelta, slot: timedelta
) -> list[int]:
    """Return in how many slots of time each vehicle was heard of, from an instant on and for so long.

    A fix or a service event is a word from the vehicle, whichever of its devices it came from.
    """
    if not asked:
        return []
    starts = [start for _, start in asked]
    parameters = {
        "vehicles": [vehicle_id for vehicle_id, _ in asked],
        "starts": starts,
        "lasts": lasts,
        "slot_s": slot.total_seconds(),
        # Bounds that are known beforehand spare the search of every other day's chunk.
        "first": min(starts),
        "last": max(starts) + lasts,
    }
    found = {int(row[0]): int(row[1]) for row in connection.execute(_HEARD, parameters)}
    return [found.get(number, 0) for number in range(1, len(asked) + 1)]


def load_weighings(connection: Connection, span: Interval) -> list[StoredWeighing]:
    """Return what the weighbridges weighed within `span`, in order of time."""
    rows = connection.execute(
        """
        SELECT asset_id, vehicle_id, observed_at, arrived_at, net_kg, direction
        FROM weighings JOIN devices USING (device_key)
        WHERE kind = 'station' AND observed_at >= %s AND observed_at < %s
        ORDER BY observed_at, asset_id, vehicle_id, seq
        """,
        (span.start, span.end),
    )
    return [StoredWeighing(row[0], row[1], row[2], row[3], row[4], WeighingDirection(row[5])) for row in rows]
