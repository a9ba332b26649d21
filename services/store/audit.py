"""The audit log: who changed what, and when by the town's clock."""

from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from services.store.connection import Connection


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
