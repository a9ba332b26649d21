"""Alarms: what needs attention, raised once, until it clears; each change is announced (NOTIFY alarm_changed)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from services.domain.errors import NotFoundError
from services.store.connection import Connection
from services.store.visibility import EVERYTHING, Visibility


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that needs attention; it is open while `cleared_at` is none.

    `contractor_id` is whose it is, by its subject.
    """

    alarm_id: int
    kind: str
    subject_kind: str
    subject_id: str
    raised_at: datetime
    cleared_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    detail: dict[str, Any]
    contractor_id: str | None


_ALARMS: LiteralString = """
    SELECT * FROM (
        SELECT alarm.*, coalesce(vehicle.contractor_id, zone.contractor_id) AS contractor_id
        FROM alarms AS alarm
        LEFT JOIN vehicles AS vehicle ON alarm.subject_kind = 'vehicle' AND vehicle_id = subject_id
        LEFT JOIN collection_points AS point ON alarm.subject_kind = 'point' AND point_id = subject_id
        LEFT JOIN zones AS zone
            ON zone.zone_id = CASE alarm.subject_kind WHEN 'zone' THEN subject_id ELSE point.zone_id END
    ) AS shown
    WHERE (%(alarm)s::bigint IS NULL OR alarm_id = %(alarm)s)
        AND (%(before)s::bigint IS NULL OR alarm_id < %(before)s)
        AND (%(open)s::boolean IS NULL OR (cleared_at IS NULL) = %(open)s)
        AND (%(acknowledged)s::boolean IS NULL OR (acknowledged_at IS NOT NULL) = %(acknowledged)s)
        AND (%(contractor)s::text IS NULL OR contractor_id = %(contractor)s)
    ORDER BY alarm_id DESC LIMIT %(limit)s"""


def page_of_alarms(
    connection: Connection,
    *,
    after: tuple[int] | None = None,
    limit: int | None = None,
    is_open: bool | None = None,
    is_acknowledged: bool | None = None,
    alarm_id: int | None = None,
    visible: Visibility = EVERYTHING,
) -> list[Alarm]:
    """Return alarms, the newest first."""
    parameters = {
        "alarm": alarm_id,
        "before": None if after is None else after[0],
        "open": is_open,
        "acknowledged": is_acknowledged,
        "contractor": visible.contractor_id,
        "limit": limit,
    }
    with connection.cursor(row_factory=class_row(Alarm)) as cursor:
        return cursor.execute(_ALARMS, parameters).fetchall()


def raise_alarm(
    connection: Connection, kind: str, subject_kind: str, subject_id: str, now: datetime, detail: dict[str, Any]
) -> bool:
    """Raise an alarm at the town's `now`; tell whether it is new: an open one is not raised again."""
    raised = connection.execute(
        "INSERT INTO alarms (kind, subject_kind, subject_id, raised_at, detail) VALUES (%s, %s, %s, %s, %s) "
        "ON CONFLICT (kind, subject_kind, subject_id) WHERE cleared_at IS NULL DO NOTHING",
        [kind, subject_kind, subject_id, now, Jsonb(detail)],
    )
    if raised.rowcount:
        connection.execute("NOTIFY alarm_changed")
    return bool(raised.rowcount)


def update_alarm(connection: Connection, kind: str, subject_kind: str, subject_id: str, detail: dict[str, Any]) -> bool:
    """Let an open alarm say what holds now; tell whether there was one. Who has acknowledged it stays."""
    updated = connection.execute(
        "UPDATE alarms SET detail = %s WHERE kind = %s AND subject_kind = %s AND subject_id = %s "
        "AND cleared_at IS NULL",
        [Jsonb(detail), kind, subject_kind, subject_id],
    )
    if updated.rowcount:
        connection.execute("NOTIFY alarm_changed")
    return bool(updated.rowcount)


def clear_alarm(connection: Connection, kind: str, subject_kind: str, subject_id: str, now: datetime) -> bool:
    """Clear an open alarm at the town's `now`; tell whether there was one."""
    cleared = connection.execute(
        "UPDATE alarms SET cleared_at = %s "
        "WHERE kind = %s AND subject_kind = %s AND subject_id = %s AND cleared_at IS NULL",
        [now, kind, subject_kind, subject_id],
    )
    if cleared.rowcount:
        connection.execute("NOTIFY alarm_changed")
    return bool(cleared.rowcount)


def acknowledge_alarm(connection: Connection, alarm_id: int, user_name: str, now: datetime) -> bool:
    """Note who has seen an alarm, at the town's `now`; tell whether nobody had: the first to see it stays."""
    seen = connection.execute(
        "UPDATE alarms SET acknowledged_at = %s, acknowledged_by = %s WHERE alarm_id = %s AND acknowledged_at IS NULL",
        [now, user_name, alarm_id],
    )
    if seen.rowcount:
        connection.execute("NOTIFY alarm_changed")
    return bool(seen.rowcount)


def load_alarm(connection: Connection, alarm_id: int) -> Alarm:
    """Return one alarm.

    Raises:
        NotFoundError: there is no such alarm.

    """
    found = page_of_alarms(connection, alarm_id=alarm_id, limit=1)
    if not found:
        raise NotFoundError(f"There is no alarm {alarm_id}.")
    return found[0]
