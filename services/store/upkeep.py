"""Upkeep: what inspections found of facilities and of a point's containers, faults, and the repairs that end them."""

from dataclasses import dataclass
from datetime import datetime

from psycopg.errors import UniqueViolation
from psycopg.rows import class_row

from services.domain.errors import ConflictError, NotFoundError
from services.store.connection import Connection


@dataclass(frozen=True, slots=True)
class UpkeepRow:
    """An inspection, a fault, a repair or an attendant's round; `repaired_at` of a fault is when it was ended.

    `container` is which of a point's containers it is of, from 1; none where it is of all.
    """

    upkeep_id: int
    subject_kind: str
    subject_id: str
    kind: str
    happened_at: datetime
    condition: str | None
    fault_id: int | None
    repaired_at: datetime | None
    note: str
    noted_by: str
    container: int | None


@dataclass(frozen=True, slots=True)
class ConditionRow:
    """How a facility, a point's containers or one of them is: as last found, and how many faults last."""

    subject_kind: str
    subject_id: str
    container: int | None
    condition: str | None
    found_at: datetime | None
    inspected_at: datetime | None
    open_faults: int


def load_conditions(connection: Connection, subject_kind: str | None = None) -> list[ConditionRow]:
    """Return the condition of each subject of which anything was noted, those with faults that last first."""
    with connection.cursor(row_factory=class_row(ConditionRow)) as cursor:
        return cursor.execute(
            """
            SELECT noted.subject_kind, noted.subject_id, noted.container,
                (array_agg(noted.condition ORDER BY noted.happened_at DESC, noted.upkeep_id DESC)
                    FILTER (WHERE noted.condition IS NOT NULL))[1] AS condition,
                max(noted.happened_at) FILTER (WHERE noted.condition IS NOT NULL) AS found_at,
                max(noted.happened_at) FILTER (WHERE noted.kind = 'inspection') AS inspected_at,
                count(*) FILTER (WHERE noted.kind = 'fault' AND repair.upkeep_id IS NULL) AS open_faults
            FROM upkeep AS noted LEFT JOIN upkeep AS repair ON repair.fault_id = noted.upkeep_id
            WHERE %(kind)s::text IS NULL OR noted.subject_kind = %(kind)s
            GROUP BY noted.subject_kind, noted.subject_id, noted.container
            ORDER BY open_faults DESC, noted.subject_kind, noted.subject_id, noted.container NULLS FIRST
            """,
            {"kind": subject_kind},
        ).fetchall()


def load_rounds(connection: Connection, until: datetime) -> dict[str, list[datetime]]:
    """Return when attendants went their rounds of each facility, up to `until`, in order of time."""
    found: dict[str, list[datetime]] = {}
    for facility_id, happened_at in connection.execute(
        "SELECT subject_id, happened_at FROM upkeep WHERE subject_kind = 'facility' AND kind = 'round' "
        "AND happened_at < %s ORDER BY happened_at",
        (until,),
    ):
        found.setdefault(facility_id, []).append(happened_at)
    return found


def load_upkeep(
    connection: Connection,
    *,
    subject_kind: str | None = None,
    subject_id: str | None = None,
    open_faults: bool = False,
    after: tuple[datetime, int] | None = None,
    limit: int | None = None,
) -> list[UpkeepRow]:
    """Return the upkeep of a subject, or of all, the newest first; only faults that last, where these are asked for.

    `after` is the instant and number of the last one already seen.
    """
    happened_at, number = (None, None) if after is None else after
    with connection.cursor(row_factory=class_row(UpkeepRow)) as cursor:
        return cursor.execute(
            """
            SELECT noted.upkeep_id, noted.subject_kind, noted.subject_id, noted.kind, noted.happened_at,
                noted.condition, noted.fault_id, repair.happened_at AS repaired_at, noted.note, noted.noted_by,
                noted.container
            FROM upkeep AS noted LEFT JOIN upkeep AS repair ON repair.fault_id = noted.upkeep_id
            WHERE (%(kind)s::text IS NULL OR noted.subject_kind = %(kind)s)
                AND (%(subject)s::text IS NULL OR noted.subject_id = %(subject)s)
                AND (NOT %(open)s OR (noted.kind = 'fault' AND repair.upkeep_id IS NULL))
                AND (%(number)s::bigint IS NULL
                    OR (noted.happened_at, noted.upkeep_id) < (%(happened_at)s::timestamptz, %(number)s::bigint))
            ORDER BY noted.happened_at DESC, noted.upkeep_id DESC LIMIT %(limit)s
            """,
            {
                "kind": subject_kind,
                "subject": subject_id,
                "open": open_faults,
                "happened_at": happened_at,
                "number": number,
                "limit": limit,
            },
        ).fetchall()


def note_upkeep(
    connection: Connection,
    subject: tuple[str, str],
    kind: str,
    happened_at: datetime,
    noted_by: str,
    *,
    condition: str | None = None,
    fault_id: int | None = None,
    note: str = "",
    container: int | None = None,
) -> int:
    """Note an inspection, a fault, a round, or a repair that ends `fault_id`; return its number.

    `subject` is kind and id, `container` which of a point's containers.

    Raises:
        NotFoundError: there is no such subject, or no such container or fault of it.
        ConflictError: the fault was repaired already.

    """
    subject_kind, subject_id = subject
    present = {
        "facility": "SELECT 0 FROM facilities WHERE facility_id = %s",
        "point": "SELECT containers FROM collection_points WHERE point_id = %s",
    }[subject_kind]
    containers = connection.execute(present, (subject_id,)).fetchone()
    if containers is None:
        raise NotFoundError(f"There is no {subject_kind} {subject_id!r}.")
    if container is not None and container > containers[0]:
        raise NotFoundError(
            f"There is no container {container} of {subject_kind} {subject_id!r}; it has {containers[0]}."
        )
    if fault_id is not None:
        fault = "SELECT 1 FROM upkeep WHERE upkeep_id = %s AND kind = 'fault' AND (subject_kind, subject_id) = (%s, %s)"
        if connection.execute(fault, (fault_id, subject_kind, subject_id)).fetchone() is None:
            raise NotFoundError(f"There is no fault {fault_id} of {subject_kind} {subject_id!r}.")
    try:
        with connection.transaction():
            row = connection.execute(
                "INSERT INTO upkeep (subject_kind, subject_id, kind, happened_at, condition, fault_id, note, noted_by, "
                "container) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING upkeep_id",
                (subject_kind, subject_id, kind, happened_at, condition, fault_id, note, noted_by, container),
            ).fetchone()
    except UniqueViolation:
        raise ConflictError(f"Fault {fault_id} was repaired already.") from None
    assert row is not None, "an insert returns its row"
    return int(row[0])
