"""Pages of the register as people look at it: points with their day, facilities, zones, contractors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, LiteralString, NamedTuple, TypeVar

from psycopg.rows import class_row

from services.store.connection import Connection
from services.store.rows import named_rows
from services.store.visibility import EVERYTHING, Visibility

Row = TypeVar("Row")

MOST_FEW_POINTS = 1_001

After = tuple[str] | None
"""The identifier after which a page begins."""


class PointRow(NamedTuple):
    """A collection point with what became of its due visits on a day; `windows` in seconds after midnight."""

    point_id: str
    lon: float
    lat: float
    name: str | None
    zone_id: str | None
    contractor_id: str | None
    container_type: str
    containers: int
    expected_kg: float
    visits_per_day: float
    windows: list[tuple[int, int]]
    service_s: int
    priority: int
    approach: str
    due: int
    cleared: int
    missed: int
    pending: int
    state: str


@dataclass(frozen=True, slots=True)
class ZoneRow:
    """A zone; `geometry` is GeoJSON."""

    zone_id: str
    name: str | None
    contractor_id: str | None
    cleaning_grade: str | None
    responsible: str | None
    geometry: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ContractorRow:
    """A contractor."""

    contractor_id: str
    name: str


_POINTS: LiteralString = """
    SELECT * FROM (
        SELECT point.point_id, point.lon, point.lat, point.name, point.zone_id, zone.contractor_id,
            point.container_type, point.containers, point.expected_kg, point.visits_per_day, point.windows,
            point.service_s, point.priority, point.approach,
            coalesce(day.due, 0) AS due, coalesce(day.cleared, 0) AS cleared, coalesce(day.missed, 0) AS missed,
            coalesce(day.pending, 0) AS pending,
            CASE WHEN day.missed > 0 THEN 'missed' WHEN day.pending > 0 THEN 'pending'
                WHEN day.due > 0 THEN 'cleared' ELSE 'not_due' END AS state
        FROM collection_points AS point
        LEFT JOIN zones AS zone USING (zone_id)
        LEFT JOIN (
            SELECT point_id, count(*) AS due, count(*) FILTER (WHERE status = 'cleared') AS cleared,
                count(*) FILTER (WHERE status = 'missed') AS missed,
                count(*) FILTER (WHERE status = 'pending') AS pending
            FROM due_visits WHERE service_date = %(day)s GROUP BY point_id
            UNION ALL
            SELECT point_id, due, 0, 0, due FROM unnest(%(coming)s::text[], %(coming_due)s::bigint[])
                AS coming (point_id, due)
        ) AS day USING (point_id)
    ) AS shown
    WHERE (%(after)s::text IS NULL OR point_id > %(after)s)
        AND (%(points)s::text[] IS NULL OR point_id = ANY(%(points)s))
        AND (%(zone)s::text IS NULL OR zone_id = %(zone)s)
        AND (%(state)s::text IS NULL OR state = %(state)s)
        AND (%(contractor)s::text IS NULL OR contractor_id = %(contractor)s)
    ORDER BY point_id LIMIT %(limit)s"""
# Of a few points the due visits are looked up one by one, instead of those of the whole day.
_FEW_POINTS: LiteralString = """
    SELECT shown.*, coalesce(day.due, 0) AS due, coalesce(day.cleared, 0) AS cleared,
        coalesce(day.missed, 0) AS missed, coalesce(day.pending, 0) AS pending,
        CASE WHEN day.missed > 0 THEN 'missed' WHEN day.pending > 0 THEN 'pending'
            WHEN day.due > 0 THEN 'cleared' ELSE 'not_due' END AS state
    FROM (
        SELECT point.point_id, point.lon, point.lat, point.name, point.zone_id, zone.contractor_id,
            point.container_type, point.containers, point.expected_kg, point.visits_per_day, point.windows,
            point.service_s, point.priority, point.approach
        FROM collection_points AS point LEFT JOIN zones AS zone USING (zone_id)
        WHERE {asked} ORDER BY point.point_id LIMIT %(limit)s
    ) AS shown
    LEFT JOIN LATERAL (
        SELECT count(*) AS due, count(*) FILTER (WHERE status = 'cleared') AS cleared,
            count(*) FILTER (WHERE status = 'missed') AS missed,
            count(*) FILTER (WHERE status = 'pending') AS pending
        FROM due_visits WHERE service_date = %(day)s AND due_visits.point_id = shown.point_id
    ) AS day ON true
    ORDER BY point_id"""
_ASKED: Mapping[str, LiteralString] = {
    "after": "point.point_id > %(after)s",
    "points": "point.point_id = ANY(%(points)s)",
    "zone": "point.zone_id = %(zone)s",
    "contractor": "zone.contractor_id = %(contractor)s",
}
_ZONES: LiteralString = """
    SELECT zone_id, name, contractor_id, cleaning_grade, responsible, geometry FROM zones
    WHERE (%(after)s::text IS NULL OR zone_id > %(after)s)
        AND (%(zone)s::text IS NULL OR zone_id = %(zone)s)
        AND (%(contractor)s::text IS NULL OR contractor_id = %(contractor)s)
    ORDER BY zone_id LIMIT %(limit)s"""
_CONTRACTORS: LiteralString = """
    SELECT contractor_id, name FROM contractors
    WHERE (%(after)s::text IS NULL OR contractor_id > %(after)s)
        AND (%(contractor)s::text IS NULL OR contractor_id = %(contractor)s)
    ORDER BY contractor_id LIMIT %(limit)s"""
_BOUNDS: LiteralString = """
    SELECT min(lon), min(lat), max(lon), max(lat)
    FROM (SELECT lon, lat FROM collection_points UNION ALL SELECT lon, lat FROM facilities) AS places"""


def page_of_points(
    connection: Connection,
    day: date,
    *,
    after: After = None,
    limit: int | None = None,
    point_ids: Sequence[str] | None = None,
    zone_id: str | None = None,
    state: str | None = None,
    visible: Visibility = EVERYTHING,
    coming: Mapping[str, int] | None = None,
) -> list[PointRow]:
    """Return points with what became of their due visits of `day`, by identifier.

    Only those of `point_ids` where these are given. `state` is one of `not_due`, `pending`, `cleared` and `missed`. Of
    a day that has no due visits yet `coming` says how many each point will require.
    """
    coming = coming or {}
    parameters: dict[str, object] = {
        "day": day,
        "after": None if after is None else after[0],
        "limit": limit,
        "points": None if point_ids is None else [*point_ids],
        "zone": zone_id,
        "state": state,
        "contractor": visible.contractor_id,
        "coming": list(coming),
        "coming_due": list(coming.values()),
    }
    is_few = point_ids is not None or (limit is not None and limit <= MOST_FEW_POINTS)
    if coming or state is not None or not is_few:
        return _points(connection, _POINTS, parameters)
    # Conditions that are not asked for are left out: a statement that is prepared has one plan for all.
    asked = [condition for name, condition in _ASKED.items() if parameters[name] is not None]
    return _points(connection, _FEW_POINTS.format(asked=" AND ".join(asked) if asked else "true"), parameters)


def page_of_zones(
    connection: Connection,
    *,
    after: After = None,
    limit: int | None = None,
    zone_id: str | None = None,
    visible: Visibility = EVERYTHING,
) -> list[ZoneRow]:
    """Return zones by identifier."""
    return _rows(
        connection,
        ZoneRow,
        _ZONES,
        {
            "after": None if after is None else after[0],
            "limit": limit,
            "zone": zone_id,
            "contractor": visible.contractor_id,
        },
    )


def page_of_contractors(
    connection: Connection, *, after: After = None, limit: int | None = None, visible: Visibility = EVERYTHING
) -> list[ContractorRow]:
    """Return contractors by identifier."""
    parameters = {
        "after": None if after is None else after[0],
        "limit": limit,
        "contractor": visible.contractor_id,
    }
    return _rows(connection, ContractorRow, _CONTRACTORS, parameters)


def visible_vehicles(connection: Connection, visible: Visibility) -> frozenset[str]:
    """Return the vehicles that somebody limited to `visible` may see."""
    rows = connection.execute(
        "SELECT vehicle_id FROM vehicles WHERE (%(contractor)s::text IS NULL OR contractor_id = %(contractor)s) "
        "AND (%(vehicle)s::text IS NULL OR vehicle_id = %(vehicle)s)",
        {"contractor": visible.contractor_id, "vehicle": visible.vehicle_id},
    )
    return frozenset(row[0] for row in rows)


def contractors_of_vehicles(connection: Connection, vehicle_ids: Sequence[str]) -> dict[str, str | None]:
    """Return whose each of these vehicles is; one that the register does not know is left out."""
    rows = connection.execute(
        "SELECT vehicle_id, contractor_id FROM vehicles WHERE vehicle_id = ANY(%s)", ([*vehicle_ids],)
    )
    return dict(rows.fetchall())


def visible_points(connection: Connection, visible: Visibility) -> frozenset[str]:
    """Return the points that somebody limited to `visible` may see; a driver sees those of the route only."""
    if visible.vehicle_id is not None:
        return frozenset()
    rows = connection.execute(
        "SELECT point_id FROM collection_points AS point LEFT JOIN zones AS zone USING (zone_id) "
        "WHERE (%(contractor)s::text IS NULL OR zone.contractor_id = %(contractor)s)",
        {"contractor": visible.contractor_id},
    )
    return frozenset(row[0] for row in rows)


def register_version(connection: Connection) -> int:
    """Return a number that is another one after any change of points, facilities, zones, contractors or vehicles."""
    row = connection.execute("SELECT version FROM register_version").fetchone()
    assert row is not None, "the schema makes the one row"
    return int(row[0])


def town_bounds(connection: Connection) -> tuple[float, float, float, float] | None:
    """Return west, south, east and north of all points and facilities in degrees; none where there are none."""
    row = connection.execute(_BOUNDS).fetchone()
    return None if row is None or row[0] is None else (row[0], row[1], row[2], row[3])


def _points(connection: Connection, query: LiteralString, parameters: Mapping[str, object]) -> list[PointRow]:
    with connection.cursor(row_factory=named_rows(PointRow)) as cursor:
        return cursor.execute(query, parameters).fetchall()


def _rows(
    connection: Connection, row_type: type[Row], query: LiteralString, parameters: Mapping[str, object]
) -> list[Row]:
    with connection.cursor(row_factory=class_row(row_type)) as cursor:
        return cursor.execute(query, parameters).fetchall()
