"""Dead letters: what was refused, as it came, with why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg import sql
from psycopg.rows import class_row

from services.domain.errors import NotFoundError
from services.store.connection import Connection


@dataclass(frozen=True, slots=True)
class NewDeadLetter:
    """A letter to be kept; `redelivered` says that the broker may have delivered it before."""

    received_at: datetime
    topic: str
    payload: bytes
    reason: str
    detail: str
    device_key: int | None
    redelivered: bool = False


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A letter as it is kept."""

    dead_letter_id: int
    received_at: datetime
    topic: str
    payload: bytes
    reason: str
    detail: str
    device_key: int | None
    retried_at: datetime | None


_FIELDS = sql.SQL("dead_letter_id, received_at, topic, payload, reason, detail, device_key, retried_at")


def keep_dead_letters(connection: Connection, letters: Sequence[NewDeadLetter]) -> None:
    """Keep letters; one that the broker redelivers, because we died before we acknowledged it, is not kept twice."""
    with connection.cursor() as cursor:
        cursor.executemany(
            """
            INSERT INTO dead_letters (received_at, topic, payload, reason, detail, device_key)
            SELECT %(received_at)s, %(topic)s, %(payload)s, %(reason)s, %(detail)s,
                (SELECT device_key FROM devices WHERE device_key = %(device_key)s)
            WHERE NOT %(redelivered)s OR NOT EXISTS (
                SELECT FROM dead_letters
                WHERE reason = %(reason)s AND received_at >= %(received_at)s::timestamptz - INTERVAL '7 days'
                    AND topic = %(topic)s AND payload = %(payload)s)
            """,
            [
                {
                    "received_at": letter.received_at,
                    "topic": letter.topic,
                    "payload": letter.payload,
                    "reason": letter.reason,
                    "detail": letter.detail,
                    "device_key": letter.device_key,
                    "redelivered": letter.redelivered,
                }
                for letter in letters
            ],
        )


def list_dead_letters(
    connection: Connection,
    *,
    reason: str | None = None,
    topic_part: str | None = None,
    before_id: int | None = None,
    with_retried: bool = False,
    limit: int = 100,
) -> list[DeadLetter]:
    """Return letters, the newest first.

    Args:
        connection: where to look.
        reason: only those refused for this reason code.
        topic_part: only those whose topic contains this text.
        before_id: only those older than this one, to go on where a page ended.
        with_retried: also those that were stored by a retry.
        limit: at most so many.

    """
    with connection.cursor(row_factory=class_row(DeadLetter)) as cursor:
        cursor.execute(
            sql.SQL(
                """
                SELECT {fields} FROM dead_letters
                WHERE (%(reason)s::text IS NULL OR reason = %(reason)s)
                    AND (%(topic_part)s::text IS NULL OR position(%(topic_part)s IN topic) > 0)
                    AND (%(before_id)s::bigint IS NULL OR dead_letter_id < %(before_id)s)
                    AND (%(with_retried)s OR retried_at IS NULL)
                ORDER BY dead_letter_id DESC LIMIT %(limit)s
                """
            ).format(fields=_FIELDS),
            {
                "reason": reason,
                "topic_part": topic_part,
                "before_id": before_id,
                "with_retried": with_retried,
                "limit": limit,
            },
        )
        return cursor.fetchall()


def count_dead_letters(connection: Connection) -> dict[str, int]:
    """Return how many letters wait, by reason."""
    rows = connection.execute(
        "SELECT reason, count(*) FROM dead_letters WHERE retried_at IS NULL GROUP BY reason ORDER BY reason"
    )
    return dict(rows.fetchall())


def load_dead_letter(connection: Connection, dead_letter_id: int) -> DeadLetter:
    """Return one letter.

    Raises:
        NotFoundError: there is none with this number.

    """
    with connection.cursor(row_factory=class_row(DeadLetter)) as cursor:
        cursor.execute(
            sql.SQL("SELECT {} FROM dead_letters WHERE dead_letter_id = %s").format(_FIELDS), (dead_letter_id,)
        )
        letter = cursor.fetchone()
    if letter is None:
        raise NotFoundError(
            f"There is no dead letter {dead_letter_id}; `riqing dead-letters list` shows those there are."
        )
    return letter


def mark_retried(connection: Connection, dead_letter_id: int, now: datetime) -> None:
    """Note that a letter's readings were stored at last; `now` is the town's."""
    connection.execute("UPDATE dead_letters SET retried_at = %s WHERE dead_letter_id = %s", (now, dead_letter_id))


def renew_reason(connection: Connection, dead_letter_id: int, reason: str, detail: str) -> None:
    """Note why a letter was refused again."""
    connection.execute(
        "UPDATE dead_letters SET reason = %s, detail = %s WHERE dead_letter_id = %s", (reason, detail, dead_letter_id)
    )


def drop_dead_letters(connection: Connection, before: datetime, at_most: int = 10_000) -> int:
    """Drop letters that came before an instant, the oldest first and so many at most; return how many went."""
    return connection.execute(
        """
        DELETE FROM dead_letters WHERE dead_letter_id IN (
            SELECT dead_letter_id FROM dead_letters WHERE received_at < %s ORDER BY received_at LIMIT %s)
        """,
        (before, at_most),
    ).rowcount
