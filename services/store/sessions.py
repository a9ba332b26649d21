"""Sessions: a person's sign-in until it ends, and the refresh tokens that keep it going.

These instants are the machine's, not the town's clock: a simulated day must not end anybody's sign-in.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from psycopg.rows import class_row

from services.store.connection import Connection
from services.store.users import User

PERSON_CHANGED = "person_changed"
"""The notification, with the user's name, that somebody's role, limits or sessions are not what they were."""

KEPT_AFTER_END = timedelta(days=30)
"""Sessions that are over are kept this long, so that a stolen token that is used late is still known."""


@dataclass(frozen=True, slots=True)
class Session:
    """A sign-in; nothing can be done with it from `expires_at` on, or once it has ended."""

    session_id: UUID
    user_name: str
    started_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """How long a session lasts: `idle_s` since it was last refreshed, `longest_s` in all."""

    idle_s: int
    longest_s: int


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """A refresh token as the store knows it: of which session, whether that is over, and how long ago it was used."""

    session_id: UUID
    user_name: str
    is_over: bool
    used_ago_s: float | None


def start_session(connection: Connection, user_name: str, limits: SessionLimits) -> Session:
    """Begin a session, and forget those that have long been over."""
    connection.execute("DELETE FROM sessions WHERE expires_at < now() - %s", [KEPT_AFTER_END])
    with connection.cursor(row_factory=class_row(Session)) as cursor:
        session = cursor.execute(
            "INSERT INTO sessions (user_name, started_at, expires_at) "
            "VALUES (%s, now(), now() + make_interval(secs => %s)) "
            "RETURNING session_id, user_name, started_at, expires_at",
            [user_name, min(limits.idle_s, limits.longest_s)],
        ).fetchone()
    assert session is not None, "INSERT … RETURNING gives the row"
    return session


def prolong_session(connection: Connection, session_id: UUID, limits: SessionLimits) -> Session:
    """Let a session last on from now, as far as its limits allow."""
    with connection.cursor(row_factory=class_row(Session)) as cursor:
        session = cursor.execute(
            "UPDATE sessions SET expires_at = "
            "least(now() + make_interval(secs => %s), started_at + make_interval(secs => %s)) "
            "WHERE session_id = %s RETURNING session_id, user_name, started_at, expires_at",
            [limits.idle_s, limits.longest_s, session_id],
        ).fetchone()
    assert session is not None, "a refresh token names a session"
    return session


def add_refresh_token(connection: Connection, session_id: UUID, token_hash: bytes) -> None:
    """Keep the hash of a new refresh token."""
    connection.execute(
        "INSERT INTO refresh_tokens (token_hash, session_id, issued_at) VALUES (%s, %s, now())",
        [token_hash, session_id],
    )


def take_refresh_token(connection: Connection, token_hash: bytes) -> RefreshToken | None:
    """Mark a refresh token as used and return what it was before; none where it is not known.

    Two that are used at once wait for each other: only one finds it unused.
    """
    with connection.cursor(row_factory=class_row(RefreshToken)) as cursor:
        token = cursor.execute(
            "SELECT session_id, session.user_name, "
            "session.ended_at IS NOT NULL OR session.expires_at <= now() OR person.disabled_at IS NOT NULL AS is_over, "
            "extract(epoch FROM clock_timestamp() - token.used_at)::float8 AS used_ago_s "
            "FROM refresh_tokens AS token JOIN sessions AS session USING (session_id) "
            "JOIN users AS person USING (user_name) WHERE token_hash = %s FOR UPDATE OF token",
            [token_hash],
        ).fetchone()
    connection.execute(
        "UPDATE refresh_tokens SET used_at = clock_timestamp() WHERE token_hash = %s AND used_at IS NULL", [token_hash]
    )
    return token


def load_person(connection: Connection, session_id: UUID) -> User | None:
    """Return whose session it is; none where it is over or the person may no longer sign in."""
    with connection.cursor(row_factory=class_row(User)) as cursor:
        return cursor.execute(
            "SELECT person.user_name, role, password_hash, contractor_id, vehicle_id "
            "FROM sessions JOIN users AS person USING (user_name) "
            "WHERE session_id = %s AND ended_at IS NULL AND expires_at > now() AND disabled_at IS NULL",
            [session_id],
        ).fetchone()


def end_session(connection: Connection, session_id: UUID) -> None:
    """End a session; announced by the table's trigger."""
    connection.execute("UPDATE sessions SET ended_at = now() WHERE session_id = %s AND ended_at IS NULL", [session_id])


def end_sessions(connection: Connection, user_name: str) -> int:
    """End all sessions of a person and return how many there were; announced by the table's trigger."""
    ended = connection.execute(
        "UPDATE sessions SET ended_at = now() WHERE user_name = %s AND ended_at IS NULL AND expires_at > now()",
        [user_name],
    )
    return ended.rowcount
