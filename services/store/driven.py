"""What vehicles did on a day, beside their routes: when they moved, how far, what became of what they were to serve."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import LiteralString, NamedTuple

from psycopg.rows import class_row

from services.domain.kinds import DueVisitStatus, MissedReason
from services.domain.town import Interval
from services.store.connection import Connection
from services.store.rows import named_rows


@dataclass(frozen=True, slots=True)
class Movement:
    """When a vehicle first and last moved, and how far it went; none where its device does not tell.

    `distance_m` is the odometer's, or that of the rolled-up day where there is no odometer.
    """

    vehicle_id: str
    first_moved_at: datetime | None
    last_moved_at: datetime | None
    distance_m: float | None


class VisitOnRoute(NamedTuple):
    """A visit as far as it is held against a route; `clears_occurrence` is of the due visit that it clears, if any."""

    vehicle_id: str
    visit_id: int
    point_id: str
    started_at: datetime
    ended_at: datetime
    clears_occurrence: int | None
    collected_kg: float | None


@dataclass(frozen=True, slots=True)
class DueOutcome:
    """What became of a due visit; `vehicle_id` cleared it, or was planned to."""

    point_id: str
    occurrence: int
    status: DueVisitStatus
    vehicle_id: str | None
    reason: MissedReason | None
    by_hand: bool


MOVES_KMH = 5.0
"""Slower than this a standing truck's receiver may say that it moves."""

# The first and the last fix are found at the ends of the index; a day's fixes in between are not read.
_MOVEMENTS: LiteralString = """
    WITH told AS (
        SELECT device.asset_id AS vehicle_id, first_moved.observed_at AS first_moved_at,
            last_moved.observed_at AS last_moved_at, last_told.odometer_m - first_told.odometer_m AS driven_m
        FROM devices AS device
        LEFT JOIN LATERAL (SELECT observed_at FROM positions WHERE device_key = device.device_key
            AND observed_at >= %(start)s AND observed_at < %(end)s AND speed_kmh >= %(moves)s
            ORDER BY observed_at LIMIT 1) AS first_moved ON true
        LEFT JOIN LATERAL (SELECT observed_at FROM positions WHERE device_key = device.device_key
            AND observed_at >= %(start)s AND observed_at < %(end)s AND speed_kmh >= %(moves)s
            ORDER BY observed_at DESC LIMIT 1) AS last_moved ON true
        LEFT JOIN LATERAL (SELECT odometer_m FROM positions WHERE device_key = device.device_key
            AND observed_at >= %(start)s AND observed_at < %(end)s AND odometer_m IS NOT NULL
            ORDER BY observed_at LIMIT 1) AS first_told ON true
        LEFT JOIN LATERAL (SELECT odometer_m FROM positions WHERE device_key = device.device_key
            AND observed_at >= %(start)s AND observed_at < %(end)s AND odometer_m IS NOT NULL
            -- where there is no first, the day's fixes need not be searched again
            AND first_told.odometer_m IS NOT NULL
            ORDER BY observed_at DESC LIMIT 1) AS last_told ON true
        WHERE device.kind = 'vehicle' AND device.asset_id = ANY(%(vehicles)s)
    ), rolled AS (
        SELECT device.asset_id AS vehicle_id, max(day.distance_m) AS distance_m
        FROM position_days AS day JOIN devices AS device USING (device_key)
        WHERE day.service_date = %(day)s AND device.kind = 'vehicle' AND device.asset_id = ANY(%(vehicles)s)
        GROUP BY 1
    )
    SELECT vehicle_id, min(first_moved_at) AS first_moved_at, max(last_moved_at) AS last_moved_at,
        coalesce(max(driven_m) FILTER (WHERE driven_m >= 0), max(rolled.distance_m))::float8 AS distance_m
    FROM told LEFT JOIN rolled USING (vehicle_id) GROUP BY vehicle_id"""


def load_visits_on_routes(connection: Connection, day: date, vehicle_id: str | None = None) -> list[VisitOnRoute]:
    """Return the visits of `day` in order of time, of one vehicle where asked, without what is not compared."""
    with connection.cursor(row_factory=named_rows(VisitOnRoute)) as cursor:
        cursor.execute(
            "SELECT visit.vehicle_id, visit.visit_id, visit.point_id, visit.started_at, visit.ended_at, "
            "due.occurrence AS clears_occurrence, visit.collected_kg "
            "FROM visits AS visit LEFT JOIN due_visits AS due USING (visit_id) "
            "WHERE visit.service_date = %(day)s "
            "AND (%(vehicle)s::text IS NULL OR visit.vehicle_id = %(vehicle)s) "
            "ORDER BY visit.started_at, visit.visit_id",
            {"day": day, "vehicle": vehicle_id},
        )
        return cursor.fetchall()


def load_movements(
    connection: Connection, day: date, span: Interval, vehicle_ids: Sequence[str]
) -> dict[str, Movement]:
    """Return how some vehicles moved within `span`, which is of the service day `day`."""
    parameters = {
        "day": day,
        "start": span.start,
        "end": span.end,
        "moves": MOVES_KMH,
        "vehicles": list(vehicle_ids),
    }
    with connection.cursor(row_factory=class_row(Movement)) as cursor:
        return {row.vehicle_id: row for row in cursor.execute(_MOVEMENTS, parameters)}


def load_outcomes(connection: Connection, day: date, point_ids: Sequence[str] | None = None) -> list[DueOutcome]:
    """Return what became of the due visits of `day`, at some points where asked."""
    rows = connection.execute(
        "SELECT point_id, occurrence, status, vehicle_id, reason, correction_id IS NOT NULL FROM due_visits "
        "WHERE service_date = %(day)s AND (%(points)s::text[] IS NULL OR point_id = ANY(%(points)s))",
        {"day": day, "points": None if point_ids is None else list(point_ids)},
    )
    return [
        DueOutcome(
            row[0], row[1], DueVisitStatus(row[2]), row[3], None if row[4] is None else MissedReason(row[4]), row[5]
        )
        for row in rows
    ]


def load_point_places(connection: Connection, point_ids: Sequence[str]) -> dict[str, tuple[float, float]]:
    """Return longitude and latitude of some collection points, as far as the register still has them."""
    rows = connection.execute(
        "SELECT point_id, lon, lat FROM collection_points WHERE point_id = ANY(%s)", (list(point_ids),)
    )
    return {row[0]: (row[1], row[2]) for row in rows}
