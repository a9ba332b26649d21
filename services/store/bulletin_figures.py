"""What a bulletin says beyond the figures: points with their misses, corrections, and alarms, over a span of days."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import LiteralString

from psycopg.rows import class_row

from services.domain.town import Interval
from services.store.connection import Connection


@dataclass(frozen=True, slots=True)
class PointCount:
    """A collection point's due visits over a span of days; where it is none the register no longer has it."""

    point_id: str
    name: str | None
    zone_id: str | None
    lon: float | None
    lat: float | None
    due: int
    cleared: int
    pending: int
    missed: int
    expected_kg: float
    reasons: dict[str, int]


@dataclass(frozen=True, slots=True)
class CorrectionRow:
    """A correction by hand that stands, and what is decided from the readings all the same."""

    service_date: date
    point_id: str
    point_name: str | None
    occurrence: int
    status: str
    decided_status: str
    corrected_by: str
    corrected_at: datetime
    note: str


@dataclass(frozen=True, slots=True)
class AlarmCount:
    """How many alarms of a kind were raised, on how many subjects, and how many of them somebody has acknowledged."""

    kind: str
    raised: int
    subjects: int
    acknowledged: int
    is_open: int


_POINTS: LiteralString = """
    WITH counted AS (
        SELECT point_id, max(zone_id) AS zone_id, count(*) AS due,
            count(*) FILTER (WHERE status = 'cleared') AS cleared,
            count(*) FILTER (WHERE status = 'pending') AS pending,
            count(*) FILTER (WHERE status = 'missed') AS missed,
            sum(expected_kg)::float8 AS expected_kg
        FROM due_visits WHERE service_date BETWEEN %(first)s AND %(last)s GROUP BY point_id
    ), why AS (
        SELECT point_id, jsonb_object_agg(reason, number) AS reasons FROM (
            SELECT point_id, reason, count(*) AS number FROM due_visits
            WHERE service_date BETWEEN %(first)s AND %(last)s AND status = 'missed' AND reason IS NOT NULL
            GROUP BY 1, 2
        ) AS each GROUP BY point_id
    )
    SELECT counted.point_id, point.name, counted.zone_id, point.lon, point.lat, due, cleared, pending, missed,
        counted.expected_kg, coalesce(reasons, '{}'::jsonb) AS reasons
    FROM counted LEFT JOIN why USING (point_id) LEFT JOIN collection_points AS point USING (point_id)
    ORDER BY missed DESC, counted.point_id"""
_CORRECTIONS: LiteralString = """
    SELECT service_date, point_id, point.name AS point_name, occurrence, status, decided_status, corrected_by,
        corrected_at, note
    FROM due_visit_corrections LEFT JOIN collection_points AS point USING (point_id)
    WHERE service_date BETWEEN %(first)s AND %(last)s AND undone_at IS NULL
    ORDER BY service_date, point_id, occurrence"""
_ALARMS: LiteralString = """
    SELECT kind, count(*) AS raised, count(DISTINCT (subject_kind, subject_id)) AS subjects,
        count(acknowledged_at) AS acknowledged, count(*) FILTER (WHERE cleared_at IS NULL) AS is_open
    FROM alarms WHERE raised_at >= %(start)s AND raised_at < %(end)s GROUP BY kind ORDER BY raised DESC, kind"""


def load_point_counts(connection: Connection, first: date, last: date) -> list[PointCount]:
    """Return the points that were due from `first` to `last`, both included, those missed most often first."""
    with connection.cursor(row_factory=class_row(PointCount)) as cursor:
        return cursor.execute(_POINTS, {"first": first, "last": last}).fetchall()


def load_standing_corrections(connection: Connection, first: date, last: date) -> list[CorrectionRow]:
    """Return the corrections that stand of the days from `first` to `last`, both included."""
    with connection.cursor(row_factory=class_row(CorrectionRow)) as cursor:
        return cursor.execute(_CORRECTIONS, {"first": first, "last": last}).fetchall()


def load_alarm_counts(connection: Connection, span: Interval) -> list[AlarmCount]:
    """Return how many alarms of each kind were raised within `span`, the most first."""
    with connection.cursor(row_factory=class_row(AlarmCount)) as cursor:
        return cursor.execute(_ALARMS, {"start": span.start, "end": span.end}).fetchall()


def days_with_due_visits(connection: Connection, first: date, last: date) -> list[date]:
    """Return the service days from `first` to `last`, both included, that have due visits, the newest first."""
    rows = connection.execute(
        "SELECT day::date FROM generate_series(%s::date, %s::date, INTERVAL '1 day') AS day "
        "WHERE EXISTS (SELECT FROM due_visits WHERE service_date = day::date) ORDER BY 1 DESC",
        (first, last),
    )
    return [row[0] for row in rows]
