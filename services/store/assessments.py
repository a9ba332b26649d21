"""Assessments (考核): the scores of zones and contractors."""

from dataclasses import dataclass
from datetime import date
from typing import Any, LiteralString

from psycopg.rows import class_row

from services.store.connection import Connection
from services.store.visibility import EVERYTHING, Visibility


@dataclass(frozen=True, slots=True)
class Assessment:
    """The score of a zone or contractor over a span of days, both included."""

    period_start: date
    period_end: date
    subject_kind: str
    subject_id: str
    score: float
    detail: dict[str, Any]


_ASSESSMENTS: LiteralString = """
    SELECT period_start, period_end, subject_kind, subject_id, score, detail FROM assessments
    LEFT JOIN zones AS zone ON subject_kind = 'zone' AND zone.zone_id = subject_id
    WHERE (%(start)s::date IS NULL OR period_end >= %(start)s)
        AND (%(end)s::date IS NULL OR period_start <= %(end)s)
        AND (%(contractor)s::text IS NULL OR zone.contractor_id = %(contractor)s
            OR (subject_kind = 'contractor' AND subject_id = %(contractor)s))
        AND (%(after_start)s::date IS NULL OR (period_start, period_end, subject_kind, subject_id)
            > (%(after_start)s, %(after_end)s, %(after_kind)s, %(after_id)s))
    ORDER BY period_start, period_end, subject_kind, subject_id LIMIT %(limit)s"""


def page_of_assessments(
    connection: Connection,
    *,
    start: date | None = None,
    end: date | None = None,
    after: tuple[date, date, str, str] | None = None,
    limit: int | None = None,
    visible: Visibility = EVERYTHING,
) -> list[Assessment]:
    """Return the assessments whose span touches `start` to `end`, in order of their spans."""
    after_start, after_end, after_kind, after_id = after or (None, None, None, None)
    parameters = {
        "start": start,
        "end": end,
        "after_start": after_start,
        "after_end": after_end,
        "after_kind": after_kind,
        "after_id": after_id,
        "contractor": visible.contractor_id,
        "limit": limit,
    }
    with connection.cursor(row_factory=class_row(Assessment)) as cursor:
        return cursor.execute(_ASSESSMENTS, parameters).fetchall()
