"""What alarms are raised from, as it is now: levels, silences, throughput, odour, planned visits, and trucks' fixes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, LiteralString, TypeVar

import numpy as np
from psycopg import sql
from psycopg.rows import class_row

from services.domain.town import Interval
from services.store.bulk import DOUBLE, INSTANT, INTEGER, REAL, FloatArray, copy_columns
from services.store.connection import Connection

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class ContainerSign:
    """The fullest container of a point, by its newest reading."""

    point_id: str
    fill_ratio: float
    observed_at: datetime


@dataclass(frozen=True, slots=True)
class DeviceSign:
    """When a device was last heard; `expected` tells whether it should be heard now."""

    kind: str
    asset_id: str
    device_id: str
    last_heard_at: datetime
    expected: bool


@dataclass(frozen=True, slots=True)
class StationSign:
    """What a station has taken in this service day, and what it is designed for."""

    facility_id: str
    throughput_t: float
    design_t_per_day: float


@dataclass(frozen=True, slots=True)
class AirReading:
    """A toilet's air at an instant."""

    observed_at: datetime
    nh3_ppm: float | None
    h2s_ppm: float | None


@dataclass(frozen=True, slots=True)
class ToiletSign:
    """The air of a toilet in the last hour, in order of time; there is one reading at least."""

    facility_id: str
    toilet_class: str | None
    readings: tuple[AirReading, ...]


@dataclass(frozen=True, slots=True)
class PlannedVisitSign:
    """A due visit of the day's plan that is still pending, and how its truck stands to the plan.

    `last_delay` is how much behind its plan the truck was at the latest stop of it that it has served, `is_passed_by`
    that the plan has this visit before that one. None and false where the truck has served nothing yet.
    """

    point_id: str
    occurrence: int
    vehicle_id: str
    planned_at: datetime
    due_to: datetime
    last_delay: timedelta | None
    is_passed_by: bool


_CONTAINERS: LiteralString = """
    SELECT DISTINCT ON (asset_id) asset_id AS point_id, newest.fill_ratio::float8 AS fill_ratio, newest.observed_at
    FROM devices CROSS JOIN LATERAL (
        SELECT fill_ratio, observed_at FROM levels
        WHERE levels.device_key = devices.device_key
            AND observed_at > %(now)s::timestamptz - INTERVAL '6 hours' AND observed_at <= %(now)s
        ORDER BY observed_at DESC LIMIT 1
    ) AS newest
    WHERE devices.kind = 'container' AND devices.revoked_at IS NULL
    ORDER BY asset_id, newest.fill_ratio DESC"""

# A truck is expected to be heard while its published route runs; a station or toilet while it is in service and
# open; a disposal site only when somebody tips there, so never.
_DEVICES: LiteralString = """
    WITH routes_now AS (
        SELECT stops.vehicle_id FROM plans JOIN stops USING (plan_id)
        WHERE plans.service_date = %(day)s AND plans.published_at IS NOT NULL AND plans.superseded_at IS NULL
        GROUP BY stops.vehicle_id
        HAVING min(stops.depart_at) <= %(now)s::timestamptz - INTERVAL '5 minutes' AND max(stops.arrive_at) >= %(now)s
    ), local AS (
        SELECT extract(epoch FROM (%(now)s::timestamptz AT TIME ZONE timezone)::time)::integer AS now_s FROM town
    )
    SELECT devices.kind, devices.asset_id, devices.device_id,
        coalesce(last_observed_at, enrolled_at) AS last_heard_at,
        CASE devices.kind
            WHEN 'vehicle' THEN routes_now.vehicle_id IS NOT NULL
            WHEN 'container' THEN true
            ELSE coalesce(facility.status = 'in_service' AND facility.kind IN ('transfer_station', 'public_toilet')
                AND (facility.open_start_s IS NULL
                    OR (local.now_s - facility.open_start_s + 86400) %% 86400
                        < (facility.open_end_s - facility.open_start_s + 86400 - 1) %% 86400 + 1), false)
        END AS expected
    FROM devices CROSS JOIN local
    LEFT JOIN routes_now ON devices.kind = 'vehicle' AND routes_now.vehicle_id = devices.asset_id
    LEFT JOIN facilities AS facility ON devices.kind IN ('station', 'toilet') AND facility_id = devices.asset_id
    WHERE devices.revoked_at IS NULL"""
_STATIONS: LiteralString = """
    SELECT facility_id, sum(net_kg)::float8 / 1000 AS throughput_t, design_t_per_day
    FROM weighings JOIN devices USING (device_key) JOIN facilities ON facility_id = asset_id
    WHERE devices.kind = 'station' AND direction = 'in' AND design_t_per_day > 0
        AND observed_at >= %(start)s AND observed_at < %(end)s
    GROUP BY facility_id, design_t_per_day"""
_TOILETS: LiteralString = """
    SELECT facility_id, toilet_class, observed_at, nh3_ppm::float8, h2s_ppm::float8
    FROM devices JOIN facilities ON facility_id = asset_id JOIN usages USING (device_key)
    WHERE devices.kind = 'toilet' AND devices.revoked_at IS NULL AND (nh3_ppm IS NOT NULL OR h2s_ppm IS NOT NULL)
        AND observed_at > %(now)s::timestamptz - INTERVAL '1 hour' AND observed_at <= %(now)s
    ORDER BY facility_id, observed_at, device_key, seq"""
_PLANNED: LiteralString = """
    WITH last_served AS (
        SELECT DISTINCT ON (planned_vehicle_id) planned_vehicle_id, planned_at, cleared_at - planned_at AS delay
        FROM due_visits
        WHERE service_date = %(day)s AND status = 'cleared' AND vehicle_id = planned_vehicle_id
            AND planned_at IS NOT NULL AND cleared_at <= %(now)s
        ORDER BY planned_vehicle_id, planned_at DESC
    )
    SELECT due.point_id, due.occurrence, due.planned_vehicle_id AS vehicle_id, due.planned_at, due.due_to,
        last_served.delay AS last_delay, coalesce(due.planned_at < last_served.planned_at, false) AS is_passed_by
    FROM due_visits AS due LEFT JOIN last_served USING (planned_vehicle_id)
    WHERE due.status = 'pending' AND due.service_date = %(day)s AND due.planned_at IS NOT NULL
        AND due.planned_vehicle_id IS NOT NULL AND due.due_to > %(now)s
        AND (due.planned_at <= %(now)s OR due.due_to <= %(until)s)"""
_FIX_TYPES = {
    "device_key": INTEGER,
    "time_s": INSTANT,
    "lon": DOUBLE,
    "lat": DOUBLE,
    "speed_kmh": REAL,
    "load_kg": REAL,
    "cover_open": REAL,
}
_FIXES: LiteralString = """
    SELECT device_key, observed_at, lon, lat, coalesce(speed_kmh, 'NaN'::real), coalesce(load_kg, 'NaN'::real),
        coalesce(cover_open::integer::real, 'NaN'::real)
    FROM positions WHERE device_key = ANY({keys}) AND observed_at > {start} AND observed_at <= {end}"""


def load_container_signs(connection: Connection, now: datetime) -> list[ContainerSign]:
    """Return how full the points with sensors are."""
    return _load(connection, _CONTAINERS, ContainerSign, {"now": now})


def load_device_signs(connection: Connection, day: date, now: datetime) -> list[DeviceSign]:
    """Return when each asset with a device was last heard of."""
    return _load(connection, _DEVICES, DeviceSign, {"day": day, "now": now})


def load_station_signs(connection: Connection, service_day: Interval) -> list[StationSign]:
    """Return what stations with a design capacity have taken in."""
    return _load(connection, _STATIONS, StationSign, {"start": service_day.start, "end": service_day.end})


def load_toilet_signs(connection: Connection, now: datetime) -> list[ToiletSign]:
    """Return the air of the toilets."""
    readings: dict[tuple[str, str | None], list[AirReading]] = {}
    for facility_id, toilet_class, *reading in connection.execute(_TOILETS, {"now": now}):
        readings.setdefault((facility_id, toilet_class), []).append(AirReading(*reading))
    return [ToiletSign(*toilet, tuple(told)) for toilet, told in readings.items()]


def load_planned_visit_signs(
    connection: Connection, day: date, now: datetime, until: datetime
) -> list[PlannedVisitSign]:
    """Return what is pending of the day's plan and may still be cleared: what is late, or closes before `until`."""
    return _load(connection, _PLANNED, PlannedVisitSign, {"day": day, "now": now, "until": until})


def load_truck_fixes(
    connection: Connection, device_keys: Iterable[int], span: Interval
) -> dict[int, dict[str, FloatArray]]:
    """Return the fixes of some trucks' devices within `span`, in no particular order.

    Each device has arrays `time_s` (seconds since 1970), `lon`, `lat`, `speed_kmh`, `load_kg` and `cover_open`
    (1 or 0), NaN where not told.
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


def open_alarms(connection: Connection, kinds: list[str]) -> dict[tuple[str, str, str], dict[str, Any]]:
    """Return the details of the open alarms of some kinds, by (kind, subject_kind, subject_id)."""
    rows = connection.execute(
        "SELECT kind, subject_kind, subject_id, detail FROM alarms WHERE cleared_at IS NULL AND kind = ANY(%s)",
        (kinds,),
    )
    return {(row[0], row[1], row[2]): row[3] for row in rows}


def _load(connection: Connection, query: LiteralString, kind: type[Row], parameters: Mapping[str, object]) -> list[Row]:
    with connection.cursor(row_factory=class_row(kind)) as cursor:
        return cursor.execute(query, parameters).fetchall()
