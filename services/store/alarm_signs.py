"""What alarms are raised from, as it is now: levels, silences, throughput, odour, and due visits that run late."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import LiteralString, TypeVar

from psycopg.rows import class_row

from services.domain.town import Interval
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
    """When an asset was last heard of by any of its devices; `expected` tells whether it should be heard now."""

    kind: str
    asset_id: str
    last_heard_at: datetime
    expected: bool


@dataclass(frozen=True, slots=True)
class StationSign:
    """What a station has taken in this service day, and what it is designed for."""

    facility_id: str
    throughput_t: float
    design_t_per_day: float


@dataclass(frozen=True, slots=True)
class ToiletSign:
    """The newest reading of a toilet's air."""

    facility_id: str
    toilet_class: str | None
    nh3_ppm: float | None
    h2s_ppm: float | None
    observed_at: datetime


@dataclass(frozen=True, slots=True)
class LateVisitSign:
    """A planned due visit that is still pending after its time, or shortly before its last window closes."""

    point_id: str
    occurrence: int
    vehicle_id: str | None
    planned_at: datetime | None
    due_to: datetime


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
    SELECT devices.kind, devices.asset_id, max(coalesce(last_observed_at, enrolled_at)) AS last_heard_at,
        bool_or(CASE devices.kind
            WHEN 'vehicle' THEN routes_now.vehicle_id IS NOT NULL
            WHEN 'container' THEN true
            ELSE coalesce(facility.status = 'in_service' AND facility.kind IN ('transfer_station', 'public_toilet')
                AND (facility.open_start_s IS NULL
                    OR (local.now_s - facility.open_start_s + 86400) %% 86400
                        < (facility.open_end_s - facility.open_start_s + 86400 - 1) %% 86400 + 1), false)
        END) AS expected
    FROM devices CROSS JOIN local
    LEFT JOIN routes_now ON devices.kind = 'vehicle' AND routes_now.vehicle_id = devices.asset_id
    LEFT JOIN facilities AS facility ON devices.kind IN ('station', 'toilet') AND facility_id = devices.asset_id
    WHERE devices.revoked_at IS NULL
    GROUP BY devices.kind, devices.asset_id"""
_STATIONS: LiteralString = """
    SELECT facility_id, sum(net_kg)::float8 / 1000 AS throughput_t, design_t_per_day
    FROM weighings JOIN devices USING (device_key) JOIN facilities ON facility_id = asset_id
    WHERE devices.kind = 'station' AND direction = 'in' AND design_t_per_day > 0
        AND observed_at >= %(start)s AND observed_at < %(end)s
    GROUP BY facility_id, design_t_per_day"""
_TOILETS: LiteralString = """
    SELECT facility_id, toilet_class, newest.nh3_ppm::float8 AS nh3_ppm, newest.h2s_ppm::float8 AS h2s_ppm,
        newest.observed_at
    FROM devices JOIN facilities ON facility_id = asset_id CROSS JOIN LATERAL (
        SELECT nh3_ppm, h2s_ppm, observed_at FROM usages
        WHERE usages.device_key = devices.device_key AND (nh3_ppm IS NOT NULL OR h2s_ppm IS NOT NULL)
            AND observed_at > %(now)s::timestamptz - INTERVAL '1 hour' AND observed_at <= %(now)s
        ORDER BY observed_at DESC LIMIT 1
    ) AS newest
    WHERE devices.kind = 'toilet' AND devices.revoked_at IS NULL"""
_LATE: LiteralString = """
    SELECT point_id, occurrence, planned_vehicle_id AS vehicle_id, planned_at, due_to
    FROM due_visits
    WHERE status = 'pending' AND service_date = %(day)s AND planned_at IS NOT NULL AND due_to > %(now)s
        AND (planned_at < %(late_before)s OR due_to < %(closes_before)s) AND due_from <= %(now)s"""


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
    return _load(connection, _TOILETS, ToiletSign, {"now": now})


def load_late_visit_signs(
    connection: Connection, day: date, now: datetime, late_before: datetime, closes_before: datetime
) -> list[LateVisitSign]:
    """Return pending visits that were planned before `late_before`, or must be done before `closes_before`."""
    parameters = {"day": day, "now": now, "late_before": late_before, "closes_before": closes_before}
    return _load(connection, _LATE, LateVisitSign, parameters)


def open_alarms(connection: Connection, kinds: list[str]) -> set[tuple[str, str, str]]:
    """Return the open alarms of some kinds as (kind, subject_kind, subject_id)."""
    rows = connection.execute(
        "SELECT kind, subject_kind, subject_id FROM alarms WHERE cleared_at IS NULL AND kind = ANY(%s)", (kinds,)
    )
    return {(row[0], row[1], row[2]) for row in rows}


def _load(connection: Connection, query: LiteralString, kind: type[Row], parameters: Mapping[str, object]) -> list[Row]:
    with connection.cursor(row_factory=class_row(kind)) as cursor:
        return cursor.execute(query, parameters).fetchall()
