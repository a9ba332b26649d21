"""Who may sign in: names, roles, password hashes, and the lock after wrong passwords.

These instants are the machine's, not the town's clock: a simulated day must neither lock nor free anybody.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from psycopg.rows import class_row

from services.domain.errors import ConflictError, NotFoundError
from services.domain.kinds import Role
from services.store.connection import Connection
from services.store.visibility import EVERYTHING, NOBODYS, Visibility


@dataclass(frozen=True, slots=True)
class User:
    """A person who may sign in; a contractor's person has `contractor_id`, a driver `vehicle_id`."""

    user_name: str
    role: Role
    password_hash: str
    contractor_id: str | None = None
    vehicle_id: str | None = None
    disabled_at: datetime | None = None
    locked_until: datetime | None = None

    def __post_init__(self) -> None:
        """Take the role as the store has it."""
        object.__setattr__(self, "role", Role(self.role))

    @property
    def visibility(self) -> Visibility:
        """What of the town this person may see; one whose contractor or vehicle is not named sees nothing."""
        if self.role is Role.CONTRACTOR:
            return Visibility(contractor_id=self.contractor_id or NOBODYS)
        if self.role is Role.DRIVER:
            return Visibility(vehicle_id=self.vehicle_id or NOBODYS)
        return EVERYTHING


@dataclass(frozen=True, slots=True)
class UserRow:
    """A user as an admin sees it; `last_seen_at` is when it last signed in or stayed signed in."""

    user_name: str
    role: Role
    contractor_id: str | None
    vehicle_id: str | None
    created_at: datetime
    disabled_at: datetime | None
    locked_until: datetime | None
    open_sessions: int
    last_seen_at: datetime | None


_USERS: LiteralString = """
    SELECT user_name, role, contractor_id, vehicle_id, created_at, disabled_at,
        CASE WHEN locked_until > now() THEN locked_until END AS locked_until,
        coalesce(session.open_sessions, 0) AS open_sessions, session.last_seen_at
    FROM users AS person
    LEFT JOIN (
        SELECT user_name, max(issued_at) AS last_seen_at,
            count(DISTINCT session_id) FILTER (WHERE ended_at IS NULL AND expires_at > now()) AS open_sessions
        FROM sessions JOIN refresh_tokens USING (session_id) GROUP BY user_name
    ) AS session USING (user_name)
    WHERE (%(after)s::text IS NULL OR user_name > %(after)s)
        AND (%(user)s::text IS NULL OR user_name = %(user)s)
    ORDER BY user_name LIMIT %(limit)s"""


def load_user(connection: Connection, user_name: str) -> User | None:
    """Return the user of this name, or none; `locked_until` only while the lock holds."""
    with connection.cursor(row_factory=class_row(User)) as cursor:
        return cursor.execute(
            "SELECT user_name, role, password_hash, contractor_id, vehicle_id, disabled_at, "
            "CASE WHEN locked_until > now() THEN locked_until END AS locked_until "
            "FROM users WHERE user_name = %s",
            [user_name],
        ).fetchone()


def has_users(connection: Connection) -> bool:
    """Tell whether anybody may sign in yet."""
    return connection.execute("SELECT FROM users LIMIT 1").fetchone() is not None


def create_user(connection: Connection, user: User) -> None:
    """Store a new user.

    Raises:
        ConflictError: the name is taken, or the limit does not go with the role.
        NotFoundError: the contractor or the vehicle is not in the register.

    """
    _check_limits(connection, user)
    created = connection.execute(
        "INSERT INTO users (user_name, role, password_hash, contractor_id, vehicle_id, created_at) "
        "VALUES (%s, %s, %s, %s, %s, now()) ON CONFLICT DO NOTHING",
        [user.user_name, user.role, user.password_hash, user.contractor_id, user.vehicle_id],
    )
    if created.rowcount == 0:
        raise ConflictError(f"There is already a user {user.user_name!r}; choose another name.")


def page_of_users(
    connection: Connection, *, after: tuple[str] | None = None, limit: int | None = None, user_name: str | None = None
) -> list[UserRow]:
    """Return users by name, those disabled among them."""
    with connection.cursor(row_factory=class_row(UserRow)) as cursor:
        return cursor.execute(
            _USERS, {"after": None if after is None else after[0], "limit": limit, "user": user_name}
        ).fetchall()


def change_user(connection: Connection, user: User, *, disabled: bool) -> None:
    """Give a user another role and limit, disable it or let it in again.

    Raises:
        NotFoundError: there is no such user, contractor or vehicle.
        ConflictError: the limit does not go with the role, or nobody would be left who administers.

    """
    _check_limits(connection, user)
    # Two admins who disable each other at once wait for each other here.
    connection.execute("SELECT FROM users WHERE role = %s ORDER BY user_name FOR UPDATE", [Role.ADMIN])
    changed = connection.execute(
        "UPDATE users SET role = %(role)s, contractor_id = %(contractor)s, vehicle_id = %(vehicle)s, "
        "disabled_at = CASE WHEN %(disabled)s THEN coalesce(disabled_at, now()) END WHERE user_name = %(user)s",
        {
            "role": user.role,
            "contractor": user.contractor_id,
            "vehicle": user.vehicle_id,
            "disabled": disabled,
            "user": user.user_name,
        },
    )
    if changed.rowcount == 0:
        raise NotFoundError(f"There is no user {user.user_name!r}.")
    admins = connection.execute("SELECT FROM users WHERE role = %s AND disabled_at IS NULL LIMIT 1", [Role.ADMIN])
    if admins.fetchone() is None:
        raise ConflictError(f"{user.user_name!r} is the last admin who may sign in; make somebody else admin first.")


def change_password(connection: Connection, user_name: str, password_hash: str) -> None:
    """Give a user another password, and lift the lock after wrong ones.

    Raises:
        NotFoundError: there is no such user.

    """
    changed = connection.execute(
        "UPDATE users SET password_hash = %s, failed_sign_ins = 0, locked_until = NULL WHERE user_name = %s",
        [password_hash, user_name],
    )
    if changed.rowcount == 0:
        raise NotFoundError(f"There is no user {user_name!r}.")


def _check_limits(connection: Connection, user: User) -> None:
    if user.contractor_id is not None and user.role is not Role.CONTRACTOR:
        raise ConflictError(f"A contractor is named for the role contractor only, not for {user.role}.")
    if user.vehicle_id is not None and user.role is not Role.DRIVER:
        raise ConflictError(f"A vehicle is named for the role driver only, not for {user.role}.")
    contractor = connection.execute("SELECT FROM contractors WHERE contractor_id = %s", [user.contractor_id])
    if user.contractor_id is not None and contractor.fetchone() is None:
        raise NotFoundError(f"There is no contractor {user.contractor_id!r} in the register.")
    vehicle = connection.execute("SELECT FROM vehicles WHERE vehicle_id = %s", [user.vehicle_id])
    if user.vehicle_id is not None and vehicle.fetchone() is None:
        raise NotFoundError(f"There is no vehicle {user.vehicle_id!r} in the register.")


def record_failed_sign_in(connection: Connection, user_name: str, lock_after: int, lock_s: int) -> bool:
    """Count a wrong password; with `lock_after` in a row the user is locked out for `lock_s` seconds: tell whether."""
    counted = connection.execute(
        "UPDATE users SET failed_sign_ins = (failed_sign_ins + 1) %% %(lock_after)s, "
        "locked_until = CASE WHEN failed_sign_ins + 1 >= %(lock_after)s "
        "THEN now() + make_interval(secs => %(lock_s)s) ELSE locked_until END WHERE user_name = %(user_name)s "
        "RETURNING failed_sign_ins = 0",
        {"user_name": user_name, "lock_after": lock_after, "lock_s": lock_s},
    ).fetchone()
    return counted is not None and bool(counted[0])


def record_sign_in(connection: Connection, user_name: str) -> None:
    """Forget the wrong passwords before a right one."""
    connection.execute(
        "UPDATE users SET failed_sign_ins = 0, locked_until = NULL "
        "WHERE user_name = %s AND (failed_sign_ins > 0 OR locked_until IS NOT NULL)",
        [user_name],
    )
