"""The audit log: who changed what, when by the town's clock, and when it really was."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from services.store.connection import Connection


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """What somebody did; `happened_at` is by the town's clock, `recorded_at` by the machine's."""

    audit_id: int
    happened_at: datetime
    recorded_at: datetime
    user_name: str
    action: str
    subject: str
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries are asked for; what is none does not narrow them. The span is of the machine's clock."""

    user_name: str | None = None
    action: str | None = None
    subject: str | None = None
    recorded_from: datetime | None = None
    recorded_until: datetime | None = None


_ENTRIES: LiteralString = """
    SELECT audit_id, happened_at, recorded_at, user_name, action, subject, detail FROM audit_log
    WHERE (%(after)s::bigint IS NULL OR audit_id < %(after)s)
        AND (%(user)s::text IS NULL OR user_name = %(user)s)
        AND (%(action)s::text IS NULL OR action = %(action)s)
        AND (%(subject)s::text IS NULL OR subject = %(subject)s)
        AND (%(from)s::timestamptz IS NULL OR recorded_at >= %(from)s)
        AND (%(until)s::timestamptz IS NULL OR recorded_at < %(until)s)
    ORDER BY audit_id DESC LIMIT %(limit)s"""


def record_action(
    connection: Connection,
    happened_at: datetime,
    user_name: str,
    action: str,
    subject: str,
    detail: dict[str, Any] | None = None,
) -> None:
    """Add an entry; commits with what it tells of, so that neither is there without the other."""
    connection.execute(
        "INSERT INTO audit_log (happened_at, user_name, action, subject, detail) VALUES (%s, %s, %s, %s, %s)",
        [happened_at, user_name, action, subject, Jsonb(detail or {})],
    )


def page_of_audit_entries(
    connection: Connection, asked: AuditFilter, *, after: tuple[int] | None = None, limit: int | None = None
) -> list[AuditEntry]:
    """Return entries, the newest first."""
    with connection.cursor(row_factory=class_row(AuditEntry)) as cursor:
        return cursor.execute(
            _ENTRIES,
            {
                "after": None if after is None else after[0],
                "user": asked.user_name,
                "action": asked.action,
                "subject": asked.subject,
                "from": asked.recorded_from,
                "until": asked.recorded_until,
                "limit": limit,
            },
        ).fetchall()
