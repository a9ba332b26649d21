"""A vehicle's published route as its driver needs it: each stop with its place and what became of it."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import LiteralString

from psycopg.rows import class_row

from services.store.connection import Connection


@dataclass(frozen=True, slots=True)
class DriverStop:
    """A stop with what the register and clearance know of it; a break has no place.

    `report_outcome` and the two behind it are of the driver's newest report of this visit.
    """

    sequence: int
    kind: str
    id: str | None
    occurrence: int | None
    name: str | None
    lon: float | None
    lat: float | None
    arrive_at: datetime
    depart_at: datetime
    load_kg: float
    collected_kg: float
    leg_distance_m: int
    container_type: str | None
    containers: int | None
    due_from: datetime | None
    due_to: datetime | None
    status: str | None
    cleared_at: datetime | None
    cleared_by: str | None
    report_outcome: str | None
    report_reason: str | None
    reported_at: datetime | None


@dataclass(frozen=True, slots=True)
class DriverRoute:
    """A vehicle's route in the published plan of a service day."""

    plan_id: str
    vehicle_id: str
    plate: str | None
    service_date: date
    revision: int | None
    distance_m: int
    duration_s: int
    collected_kg: float


_ROUTE: LiteralString = """
    SELECT plan.plan_id::text, route.vehicle_id, vehicle.plate, plan.service_date, route.distance_m, route.duration_s,
        route.collected_kg, (
            SELECT max(revision) FROM route_revisions
            WHERE service_date = plan.service_date AND vehicle_id = route.vehicle_id) AS revision
    FROM plans AS plan JOIN routes AS route USING (plan_id) LEFT JOIN vehicles AS vehicle USING (vehicle_id)
    WHERE plan.service_date = %(day)s AND plan.published_at IS NOT NULL AND plan.superseded_at IS NULL
        AND route.vehicle_id = %(vehicle)s"""

_STOPS: LiteralString = """
    SELECT stop.sequence, stop.kind, stop.id, stop.occurrence, coalesce(point.name, facility.name) AS name,
        coalesce(point.lon, facility.lon) AS lon, coalesce(point.lat, facility.lat) AS lat, stop.arrive_at,
        stop.depart_at, stop.load_kg, stop.collected_kg, stop.leg_distance_m, point.container_type, point.containers,
        due.due_from, due.due_to, due.status, due.cleared_at,
        CASE due.status WHEN 'cleared' THEN due.vehicle_id END AS cleared_by,
        report.outcome AS report_outcome, report.reason AS report_reason, report.observed_at AS reported_at
    FROM stops AS stop
    LEFT JOIN collection_points AS point ON stop.kind = 'point' AND point.point_id = stop.id
    LEFT JOIN facilities AS facility ON stop.kind IN ('depot', 'station') AND facility.facility_id = stop.id
    LEFT JOIN due_visits AS due ON stop.kind = 'point' AND due.service_date = %(day)s AND due.point_id = stop.id
        AND due.occurrence = stop.occurrence
    LEFT JOIN LATERAL (
        SELECT outcome, reason, observed_at FROM driver_reports
        WHERE stop.kind = 'point' AND service_date = %(day)s AND point_id = stop.id AND vehicle_id = stop.vehicle_id
            AND coalesce(driver_reports.occurrence, stop.occurrence) = stop.occurrence
        ORDER BY observed_at DESC, report_number DESC LIMIT 1
    ) AS report ON true
    WHERE stop.plan_id = %(plan)s AND stop.vehicle_id = %(vehicle)s
    ORDER BY stop.sequence"""


def load_driver_route(
    connection: Connection, service_date: date, vehicle_id: str
) -> tuple[DriverRoute, list[DriverStop]] | None:
    """Return a vehicle's route of the day with its stops, or none where no published plan has one."""
    with connection.cursor(row_factory=class_row(DriverRoute)) as cursor:
        route = cursor.execute(_ROUTE, {"day": service_date, "vehicle": vehicle_id}).fetchone()
    if route is None:
        return None
    with connection.cursor(row_factory=class_row(DriverStop)) as stop_cursor:
        parameters = {"day": service_date, "vehicle": vehicle_id, "plan": route.plan_id}
        return route, stop_cursor.execute(_STOPS, parameters).fetchall()
