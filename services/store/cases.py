"""Cases (案件): problems that someone must handle, among them what residents report."""

import secrets
from dataclasses import dataclass
from datetime import date, datetime
from typing import LiteralString

from psycopg.rows import class_row

from services.domain.errors import NotFoundError
from services.store.connection import Connection
from services.store.visibility import EVERYTHING, Visibility

NUMBER_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Without the signs that are taken for each other when a number is read out."""


@dataclass(frozen=True, slots=True)
class Case:
    """A problem that someone must handle."""

    case_id: int
    case_number: str
    status: str
    source: str
    description: str
    lon: float | None
    lat: float | None
    zone_id: str | None
    reported_at: datetime
    deadline_at: datetime | None
    closed_at: datetime | None


_CASE_COLUMNS: LiteralString = """
    case_id, case_number, status, source, description, lon, lat, cases.zone_id, reported_at, deadline_at,
    closed_at"""
_CASES: LiteralString = f"""
    SELECT {_CASE_COLUMNS} FROM cases LEFT JOIN zones AS zone USING (zone_id)
    WHERE (%(before)s::bigint IS NULL OR case_id < %(before)s)
        AND (%(status)s::text IS NULL OR status = %(status)s)
        AND (%(contractor)s::text IS NULL OR zone.contractor_id = %(contractor)s)
    ORDER BY case_id DESC LIMIT %(limit)s"""  # noqa: S608 - made of our own constants
_ONE_CASE: LiteralString = f"SELECT {_CASE_COLUMNS} FROM cases WHERE case_number = %s"  # noqa: S608 - made of our own constants


def page_of_cases(
    connection: Connection,
    *,
    after: tuple[int] | None = None,
    limit: int | None = None,
    status: str | None = None,
    visible: Visibility = EVERYTHING,
) -> list[Case]:
    """Return cases, the newest first."""
    parameters = {
        "before": None if after is None else after[0],
        "status": status,
        "contractor": visible.contractor_id,
        "limit": limit,
    }
    with connection.cursor(row_factory=class_row(Case)) as cursor:
        return cursor.execute(_CASES, parameters).fetchall()


def load_case(connection: Connection, case_number: str) -> Case:
    """Return the case of this number.

    Raises:
        NotFoundError: there is none.

    """
    with connection.cursor(row_factory=class_row(Case)) as cursor:
        found = cursor.execute(_ONE_CASE, [case_number]).fetchone()
    if found is None:
        raise NotFoundError(f"There is no case {case_number!r}.")
    return found


def open_case(
    connection: Connection,
    source: str,
    description: str,
    position: tuple[float, float] | None,
    zone_id: str | None,
    now: datetime,
    local_date: date,
) -> Case:
    """Store a newly reported case and return it with its number.

    The number is the local date and five random signs: it can be read out, and nobody comes upon another's
    by counting.
    """
    lon, lat = position if position is not None else (None, None)
    while True:
        number = f"{local_date:%Y%m%d}-" + "".join(secrets.choice(NUMBER_ALPHABET) for _ in range(5))
        created = connection.execute(
            "INSERT INTO cases (case_number, status, source, description, lon, lat, zone_id, reported_at) "
            "VALUES (%s, 'reported', %s, %s, %s, %s, %s, %s) ON CONFLICT (case_number) DO NOTHING",
            [number, source, description, lon, lat, zone_id, now],
        )
        if created.rowcount:
            return load_case(connection, number)
