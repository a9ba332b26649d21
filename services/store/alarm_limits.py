"""The limits that alarms are raised by: the rows of the standards' limits that an office may set for itself."""

from dataclasses import dataclass, replace
from math import isfinite
from typing import Any, LiteralString

from psycopg.rows import class_row

from services.domain.errors import InvalidRequestError, NotFoundError
from services.store.connection import Connection
from services.store.standards import StandardLimit

_LIMITS: LiteralString = """
    SELECT limit_id, value_low, value_high, unit, standard, clause, source_status, note FROM standard_limits
    WHERE starts_with(limit_id, 'alarm_') """
_OFFICE, _OWN = "the office", "own"
"""Whose a limit is once the office has set it; what it was before stands in the audit log."""


@dataclass(frozen=True, slots=True)
class LimitChange:
    """What a limit is set to: an alarm is raised above `value_high` and clears at `value_low`, in the limit's unit.

    Without a `value_high` nothing is raised any more; without a `value_low` it clears where it is raised.
    """

    value_low: float | None
    value_high: float | None
    note: str | None = None
    """None keeps the note that is there."""


def change_of(before: StandardLimit, after: StandardLimit) -> dict[str, Any]:
    """Return what the audit log keeps of a limit that was set: both ends, whose it was, and why."""
    return {
        "from": [before.value_low, before.value_high],
        "to": [after.value_low, after.value_high],
        "was_of": before.standard,
        "note": after.note,
    }


def load_alarm_limits(connection: Connection) -> list[StandardLimit]:
    """Return the limits of alarms by identifier."""
    with connection.cursor(row_factory=class_row(StandardLimit)) as cursor:
        return cursor.execute(_LIMITS + "ORDER BY limit_id").fetchall()


def set_alarm_limit(connection: Connection, limit_id: str, change: LimitChange) -> tuple[StandardLimit, StandardLimit]:
    """Set a limit, and return it as it was and as it is; it is the office's own from then on.

    Raises:
        NotFoundError: no alarm has a limit of this name.
        InvalidRequestError: an alarm would clear above what raises it, or a value is no finite number.

    """
    with connection.cursor(row_factory=class_row(StandardLimit)) as cursor:
        before = cursor.execute(
            _LIMITS + "AND limit_id = %s FOR UPDATE",
            (limit_id,),
        ).fetchone()
    if before is None:
        raise NotFoundError(f"There is no limit of alarms {limit_id!r}; GET /api/v1/alarms/limits lists them.")
    low, high = change.value_low, change.value_high
    if not all(end is None or isfinite(end) for end in (low, high)):
        raise InvalidRequestError(f"Expected finite numbers for {limit_id}.")
    if low is not None and (high is None or low > high):
        wanted = "none" if high is None else f"at most {high:g}"
        raise InvalidRequestError(f"Expected a lower value of {wanted} for {limit_id}, got {low:g}.")
    after = replace(
        before,
        value_low=low,
        value_high=high,
        standard=_OFFICE,
        source_status=_OWN,
        note=before.note if change.note is None else change.note,
    )
    connection.execute(
        "UPDATE standard_limits SET value_low = %s, value_high = %s, standard = %s, source_status = %s, note = %s "
        "WHERE limit_id = %s",
        (after.value_low, after.value_high, after.standard, after.source_status, after.note, limit_id),
    )
    return before, after
