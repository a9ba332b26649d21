"""The dated phases of facilities: from when on each is planned, built, in service, renovated, retired."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from psycopg.rows import class_row

from services.domain.errors import NotFoundError
from services.store.connection import Connection

BEFORE_ALL = date.min
"""When the first phase of each facility begins, which is -infinity in the table."""


@dataclass(frozen=True, slots=True)
class PhaseRow:
    """A phase; `replaced_by` serves in the facility's place meanwhile."""

    facility_id: str
    begins_on: date
    status: str
    replaced_by: str | None
    note: str
    noted_by: str


def load_phases(connection: Connection, facility_id: str | None = None) -> Mapping[str, list[PhaseRow]]:
    """Return the phases of each facility that has any (or of one), in order of time."""
    with connection.cursor(row_factory=class_row(PhaseRow)) as cursor:
        rows = cursor.execute(
            """
            SELECT facility_id, greatest(begins_on, %(first)s) AS begins_on, status, replaced_by, note, noted_by
            FROM facility_phases WHERE (%(facility)s::text IS NULL OR facility_id = %(facility)s)
            ORDER BY facility_id, begins_on
            """,
            {"facility": facility_id, "first": BEFORE_ALL},
        ).fetchall()
    found: dict[str, list[PhaseRow]] = {}
    for row in rows:
        found.setdefault(row.facility_id, []).append(row)
    return found


def save_phase(connection: Connection, row: PhaseRow) -> None:
    """Store a phase; one that begins on the same day gives way. What was before the first one is kept with it.

    Raises:
        NotFoundError: there is no such facility, or none that could serve meanwhile.

    """
    names = [row.facility_id] if row.replaced_by is None else [row.facility_id, row.replaced_by]
    for name in names:
        if connection.execute("SELECT 1 FROM facilities WHERE facility_id = %s", (name,)).fetchone() is None:
            raise NotFoundError(f"There is no facility {name!r}.")
    connection.execute(
        """
        INSERT INTO facility_phases (facility_id, begins_on, status, noted_by)
        SELECT facility_id, '-infinity', status, 'register' FROM facilities
        WHERE facility_id = %(facility)s AND NOT EXISTS (
            SELECT 1 FROM facility_phases WHERE facility_id = %(facility)s)
        """,
        {"facility": row.facility_id},
    )
    connection.execute(
        """
        INSERT INTO facility_phases (facility_id, begins_on, status, replaced_by, note, noted_by)
        VALUES (%s, %s, %s, %s, %s, %s)
        ON CONFLICT (facility_id, begins_on) DO UPDATE SET status = excluded.status,
            replaced_by = excluded.replaced_by, note = excluded.note, noted_by = excluded.noted_by
        """,
        (row.facility_id, row.begins_on, row.status, row.replaced_by, row.note, row.noted_by),
    )


def delete_phase(connection: Connection, facility_id: str, begins_on: date) -> None:
    """Forget a phase.

    Raises:
        NotFoundError: none of the facility's begins on that day.

    """
    deleted = connection.execute(
        "DELETE FROM facility_phases WHERE facility_id = %s AND begins_on = %s", (facility_id, begins_on)
    )
    if deleted.rowcount == 0:
        raise NotFoundError(f"No phase of facility {facility_id!r} begins on {begins_on}.")


def apply_phases(connection: Connection, today: date) -> list[str]:
    """Give each facility with phases the status that it has today; return those whose status changed.

    A facility that comes into service for the first time is opened that day. Announces a change with NOTIFY
    register_changed.
    """
    rows = connection.execute(
        """
        UPDATE facilities SET status = phase.status, opened_on = CASE
            WHEN opened_on IS NULL AND phase.status = 'in_service' AND NOT EXISTS (
                SELECT 1 FROM facility_phases AS earlier WHERE earlier.facility_id = facilities.facility_id
                    AND earlier.status = 'in_service' AND earlier.begins_on < phase.begins_on)
            THEN nullif(phase.begins_on, '-infinity') ELSE opened_on END
        FROM (SELECT DISTINCT ON (facility_id) facility_id, status, begins_on
            FROM facility_phases WHERE begins_on <= %s ORDER BY facility_id, begins_on DESC) AS phase
        WHERE facilities.facility_id = phase.facility_id AND facilities.status <> phase.status
        RETURNING facilities.facility_id
        """,
        (today,),
    ).fetchall()
    if rows:
        connection.execute("SELECT pg_notify('register_changed', 'facilities')")
    return sorted(row[0] for row in rows)
