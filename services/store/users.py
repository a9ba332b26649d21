"""Who may sign in: names, roles, password hashes, and the lock after wrong passwords.

These instants are the machine's, not the town's clock: a simulated day must neither lock nor free anybody.
"""

from dataclasses import dataclass
from datetime import datetime

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


def record_failed_sign_in(connection: Connection, user_name: str, lock_after: int, lock_s: int) -> None:
    """Count a wrong password; with `lock_after` in a row the user is locked out for `lock_s` seconds."""
    connection.execute(
        "UPDATE users SET failed_sign_ins = (failed_sign_ins + 1) %% %(lock_after)s, "
        "locked_until = CASE WHEN failed_sign_ins + 1 >= %(lock_after)s "
        "THEN now() + make_interval(secs => %(lock_s)s) ELSE locked_until END WHERE user_name = %(user_name)s",
        {"user_name": user_name, "lock_after": lock_after, "lock_s": lock_s},
    )


def record_sign_in(connection: Connection, user_name: str) -> None:
    """Forget the wrong passwords before a right one."""
    connection.execute(
        "UPDATE users SET failed_sign_ins = 0, locked_until = NULL "
        "WHERE user_name = %s AND (failed_sign_ins > 0 OR locked_until IS NOT NULL)",
        [user_name],
    )
