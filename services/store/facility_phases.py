"""The dated phases of facilities: from when on each is planned, built, in service, renovated, retired."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, LiteralString

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from services.domain.errors import NotFoundError
from services.store.connection import Connection

BEFORE_ALL = date.min
"""When the first phase of each facility begins, which is -infinity in the table."""


@dataclass(frozen=True, slots=True)
class PhaseRow:
    """A phase; `replaced_by` serves in the facility's place meanwhile.

    `renewed` are fields of the facility that hold from its first day on, or, of works, that these are to bring.
    """

    facility_id: str
    begins_on: date
    status: str
    replaced_by: str | None
    note: str
    noted_by: str
    renewed: Mapping[str, Any] = field(default_factory=dict)


def load_phases(connection: Connection, facility_id: str | None = None) -> Mapping[str, list[PhaseRow]]:
    """Return the phases of each facility that has any (or of one), in order of time."""
    with connection.cursor(row_factory=class_row(PhaseRow)) as cursor:
        rows = cursor.execute(
            """
            SELECT facility_id, greatest(begins_on, %(first)s) AS begins_on, status, replaced_by, note, noted_by,
                renewed
            FROM facility_phases WHERE (%(facility)s::text IS NULL OR facility_id = %(facility)s)
            ORDER BY facility_id, begins_on
            """,
            {"facility": facility_id, "first": BEFORE_ALL},
        ).fetchall()
    found: dict[str, list[PhaseRow]] = {}
    for row in rows:
        found.setdefault(row.facility_id, []).append(row)
    return found


def load_phases_of(connection: Connection, facility_id: str) -> list[PhaseRow]:
    """Return the phases of a facility in order of time, none where its status was never dated.

    Raises:
        NotFoundError: there is no such facility.

    """
    rows = load_phases(connection, facility_id).get(facility_id, [])
    if not rows:
        _check_facility(connection, facility_id)
    return rows


def _check_facility(connection: Connection, facility_id: str) -> None:
    if connection.execute("SELECT 1 FROM facilities WHERE facility_id = %s", (facility_id,)).fetchone() is None:
        raise NotFoundError(f"There is no facility {facility_id!r}.")


def save_phase(connection: Connection, row: PhaseRow) -> None:
    """Store a phase; one that begins on the same day gives way. What was before the first one is kept with it.

    That is the status, and of what any phase renews the register's values.

    Raises:
        NotFoundError: there is no such facility, or none that could serve meanwhile.

    """
    names = [row.facility_id] if row.replaced_by is None else [row.facility_id, row.replaced_by]
    for name in names:
        _check_facility(connection, name)
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
        UPDATE facility_phases AS first SET renewed = (
            SELECT coalesce(jsonb_object_agg(key, value), '{}')
            FROM facilities, jsonb_each(to_jsonb(facilities)) WHERE facility_id = first.facility_id AND key = ANY (%s)
        ) || first.renewed
        WHERE facility_id = %s AND begins_on = '-infinity'
        """,
        (list(row.renewed), row.facility_id),
    )
    connection.execute(
        """
        INSERT INTO facility_phases (facility_id, begins_on, status, replaced_by, note, noted_by, renewed)
        VALUES (%s, %s, %s, %s, %s, %s, %s)
        ON CONFLICT (facility_id, begins_on) DO UPDATE SET status = excluded.status, renewed = excluded.renewed,
            replaced_by = excluded.replaced_by, note = excluded.note, noted_by = excluded.noted_by
        """,
        (
            row.facility_id,
            row.begins_on,
            row.status,
            row.replaced_by,
            row.note,
            row.noted_by,
            Jsonb(dict(row.renewed)),
        ),
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


_IN_FORCE: LiteralString = """
    begins_on <= %(today)s AND (begins_on = '-infinity' OR status NOT IN ('under_construction', 'under_renovation'))"""
"""Of what a phase renews: that it holds today. What works are to bring does not, while they last."""


def apply_phases(connection: Connection, today: date) -> list[str]:
    """Give each facility with phases the status that it has today, and what works brought it; return which changed.

    A facility that comes into service for the first time is opened that day. Announces a change with NOTIFY
    register_changed.
    """
    query: LiteralString = """
        WITH phase AS (
            SELECT DISTINCT ON (facility_id) facility_id, status, begins_on
            FROM facility_phases WHERE begins_on <= %(today)s ORDER BY facility_id, begins_on DESC
        ), renewal AS (
            SELECT facility_id, jsonb_object_agg(key, value) AS renewed FROM (
                SELECT DISTINCT ON (facility_id, key) facility_id, key, value
                FROM facility_phases, jsonb_each(renewed) WHERE {in_force} ORDER BY facility_id, key, begins_on DESC
            ) AS newest GROUP BY facility_id
        ), told AS (
            SELECT facility_id, phase.begins_on, jsonb_populate_record(facility,
                coalesce(renewed, '{{}}') || jsonb_build_object('status', phase.status)) AS becomes
            FROM facilities AS facility JOIN phase USING (facility_id) LEFT JOIN renewal USING (facility_id)
        )
        UPDATE facilities SET status = (becomes).status, name = (becomes).name,
            toilet_class = (becomes).toilet_class, stalls_male = (becomes).stalls_male,
            stalls_female = (becomes).stalls_female, stalls_accessible = (becomes).stalls_accessible,
            design_t_per_day = (becomes).design_t_per_day, opened_on = CASE
            WHEN opened_on IS NULL AND (becomes).status = 'in_service' AND NOT EXISTS (
                SELECT 1 FROM facility_phases AS earlier WHERE earlier.facility_id = facilities.facility_id
                    AND earlier.status = 'in_service' AND earlier.begins_on < told.begins_on)
            THEN nullif(told.begins_on, '-infinity') ELSE opened_on END
        FROM told
        WHERE facilities.facility_id = told.facility_id AND facilities IS DISTINCT FROM becomes
        RETURNING facilities.facility_id
        """
    rows = connection.execute(query.format(in_force=_IN_FORCE), {"today": today}).fetchall()
    if rows:
        connection.execute("SELECT pg_notify('register_changed', 'facilities')")
    return sorted(row[0] for row in rows)


def renew_as_registered(
    connection: Connection, facility_ids: Collection[str], columns: Collection[str], today: date
) -> None:
    """Let what the register was just told of facilities be what their phase in force brought, so that it lasts.

    Only of `columns` that some phase of the facility renews; of others the register is the truth anyway.
    """
    query: LiteralString = """
        UPDATE facility_phases AS phase SET renewed = phase.renewed || told.renewed
        FROM (
            SELECT facility_id, jsonb_object_agg(key, value) AS renewed
            FROM facilities, jsonb_each(to_jsonb(facilities))
            WHERE facility_id = ANY (%(facilities)s) AND key = ANY (%(columns)s) AND EXISTS (
                SELECT FROM facility_phases AS any_phase
                WHERE any_phase.facility_id = facilities.facility_id AND any_phase.renewed ? key)
            GROUP BY facility_id
        ) AS told
        WHERE phase.facility_id = told.facility_id AND phase.begins_on = (
            SELECT max(begins_on) FROM facility_phases
            WHERE facility_id = told.facility_id AND {in_force})
        """
    parameters = {"facilities": list(facility_ids), "columns": list(columns), "today": today}
    connection.execute(query.format(in_force=_IN_FORCE), parameters)
