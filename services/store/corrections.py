"""What the office corrects by hand of a due visit: set, undone, and kept with name, time and reason."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import LiteralString

from services.domain.errors import ConflictError, NotFoundError
from services.domain.kinds import DueVisitStatus
from services.store.connection import Connection
from services.store.kept_routes import outdate_routes


@dataclass(frozen=True, slots=True)
class NewCorrection:
    """What somebody sets a due visit to, and why; `cleared_at` and `vehicle_id` where they are known."""

    status: DueVisitStatus
    note: str
    corrected_by: str
    corrected_at: datetime
    cleared_at: datetime | None = None
    vehicle_id: str | None = None


@dataclass(frozen=True, slots=True)
class Correction:
    """A correction that stands.

    `decided_status` is what is decided from the readings all the same; `decided_changed_at` when readings that came
    after the correction last changed that, none where none did.
    """

    correction_id: int
    status: DueVisitStatus
    note: str
    corrected_by: str
    corrected_at: datetime
    decided_status: DueVisitStatus
    decided_changed_at: datetime | None

    def __post_init__(self) -> None:
        """Take the statuses as the store has them."""
        object.__setattr__(self, "status", DueVisitStatus(self.status))
        object.__setattr__(self, "decided_status", DueVisitStatus(self.decided_status))


DueVisitPlace = tuple[date, str, int]
"""The service date, point and occurrence that identify a due visit."""

_SET: LiteralString = """
    INSERT INTO due_visit_corrections (service_date, point_id, occurrence, status, note, corrected_by, corrected_at,
        decided_status, decided_visit_id, decided_cleared_at, decided_vehicle_id, decided_reason)
    SELECT service_date, point_id, occurrence, %(status)s, %(note)s, %(by)s, %(at)s,
        status, visit_id, cleared_at, vehicle_id, reason
    FROM due_visits WHERE (service_date, point_id, occurrence) = (%(day)s, %(point)s, %(occurrence)s)
    RETURNING correction_id"""
_APPLY: LiteralString = """
    UPDATE due_visits SET correction_id = %(correction)s, status = %(status)s, visit_id = NULL,
        cleared_at = %(cleared_at)s, decided_at = %(at)s,
        vehicle_id = coalesce(%(vehicle)s, planned_vehicle_id),
        reason = CASE WHEN %(status)s = 'missed' THEN coalesce(reason,
            CASE WHEN planned_at IS NULL THEN 'not_planned' ELSE 'planned_but_not_visited' END) END
    WHERE (service_date, point_id, occurrence) = (%(day)s, %(point)s, %(occurrence)s)"""
_TAKE_BACK: LiteralString = """
    UPDATE due_visits SET correction_id = NULL, status = correction.decided_status,
        visit_id = correction.decided_visit_id, cleared_at = correction.decided_cleared_at,
        vehicle_id = correction.decided_vehicle_id, reason = correction.decided_reason, decided_at = %(at)s
    FROM due_visit_corrections AS correction
    WHERE due_visits.correction_id = correction.correction_id
        AND (due_visits.service_date, due_visits.point_id, due_visits.occurrence)
            = (%(day)s, %(point)s, %(occurrence)s)
    RETURNING correction.correction_id"""
_KEEP: LiteralString = """
    WITH changed AS (
        SELECT due.*, correction.decided_status FROM due_visits AS due
        LEFT JOIN due_visit_corrections AS correction USING (correction_id)
        WHERE (due.service_date, due.point_id, due.occurrence) = (%(day)s, %(point)s, %(occurrence)s)
    ), kept AS (
        INSERT INTO due_visit_changes (service_date, point_id, occurrence, changed_at, status, cleared_at, vehicle_id,
            reason, changed_by, note, decided_status)
        SELECT service_date, point_id, occurrence, %(at)s, status, cleared_at, vehicle_id, reason, %(by)s, %(note)s,
            decided_status
        FROM changed
    )
    SELECT pg_notify('visit_decided', json_build_object('service_date', service_date, 'point_id', point_id,
        'occurrence', occurrence, 'status', status, 'cleared_at', cleared_at, 'vehicle_id', vehicle_id,
        'visit_id', visit_id, 'reason', reason)::text)
    FROM changed"""


def correct_due_visit(connection: Connection, place: DueVisitPlace, new: NewCorrection) -> None:
    """Set a due visit to what somebody says; a correction that stands already is replaced.

    Raises:
        NotFoundError: there is no such due visit.
        ConflictError: it is that already by the readings.

    """
    found = _lock(connection, place)
    if found is None:
        day, point_id, occurrence = place
        raise NotFoundError(f"The point {point_id!r} has no due visit {occurrence} on {day}.")
    status, correction_id = found
    if correction_id is not None:
        _undo(connection, place, new.corrected_by, new.corrected_at, new.note)
        status = _decided(connection, place)
    if status == new.status:
        if correction_id is not None:
            _keep(connection, place, new.corrected_by, new.corrected_at, new.note)
            return  # what the readings say is what is wanted: the correction that stood is gone
        raise ConflictError(f"This due visit is {status} already.")
    values = {
        **_values(place),
        "status": new.status,
        "note": new.note,
        "by": new.corrected_by,
        "at": new.corrected_at,
        "cleared_at": new.cleared_at if new.status is DueVisitStatus.CLEARED else None,
        "vehicle": new.vehicle_id if new.status is DueVisitStatus.CLEARED else None,
    }
    row = connection.execute(_SET, values).fetchone()
    assert row is not None, "the due visit is locked"
    connection.execute(_APPLY, {**values, "correction": row[0]})
    _keep(connection, place, new.corrected_by, new.corrected_at, new.note)


def undo_correction(connection: Connection, place: DueVisitPlace, undone_by: str, now: datetime, note: str) -> None:
    """Let what the readings say hold again.

    Raises:
        NotFoundError: there is no such due visit, or no correction of it stands.

    """
    found = _lock(connection, place)
    if found is None or found[1] is None:
        day, point_id, occurrence = place
        raise NotFoundError(f"No correction stands of the due visit {occurrence} of the point {point_id!r} on {day}.")
    _undo(connection, place, undone_by, now, note)
    _keep(connection, place, undone_by, now, note)


def load_corrections(connection: Connection, day: date) -> dict[tuple[str, int], Correction]:
    """Return the corrections of a service day that stand, by point and occurrence."""
    rows = connection.execute(
        "SELECT point_id, occurrence, correction_id, status, note, corrected_by, corrected_at, decided_status, "
        "decided_changed_at FROM due_visit_corrections WHERE undone_at IS NULL AND service_date = %s",
        (day,),
    )
    return {(row[0], row[1]): Correction(*row[2:]) for row in rows}


def _values(place: DueVisitPlace) -> dict[str, object]:
    return {"day": place[0], "point": place[1], "occurrence": place[2]}


def _lock(connection: Connection, place: DueVisitPlace) -> tuple[str, int | None] | None:
    row = connection.execute(
        "SELECT status, correction_id FROM due_visits WHERE (service_date, point_id, occurrence) = (%s, %s, %s) "
        "FOR UPDATE",
        place,
    ).fetchone()
    return None if row is None else (row[0], row[1])


def _decided(connection: Connection, place: DueVisitPlace) -> str:
    found = _lock(connection, place)
    assert found is not None, "the due visit is locked"
    return found[0]


def _undo(connection: Connection, place: DueVisitPlace, undone_by: str, now: datetime, note: str) -> None:
    row = connection.execute(_TAKE_BACK, {**_values(place), "at": now}).fetchone()
    assert row is not None, "a correction stands"
    connection.execute(
        "UPDATE due_visit_corrections SET undone_at = %s, undone_by = %s, undone_note = %s WHERE correction_id = %s",
        (now, undone_by, note, row[0]),
    )


def _keep(connection: Connection, place: DueVisitPlace, changed_by: str, now: datetime, note: str) -> None:
    """Keep what holds now as a change, with who made it and why, and announce it: NOTIFY visit_decided."""
    connection.execute(_KEEP, {**_values(place), "at": now, "by": changed_by, "note": note})
    outdate_routes(connection, [place[0]])
