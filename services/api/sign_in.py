"""Signing in with a password: argon2 hashes, the lock after failures, and the first admin."""

import math
import secrets
from datetime import UTC, datetime

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from services.api.database import Database
from services.api.errors import NotSignedInError, SignInLockedError
from services.api.settings import SignInSettings
from services.domain.kinds import Role
from services.store.connection import Connection
from services.store.users import User, create_user, has_users, load_user, record_failed_sign_in, record_sign_in

FIRST_ADMIN = "admin"
_hasher = PasswordHasher()
_NOBODYS_HASH = _hasher.hash(secrets.token_urlsafe())
"""Checked where there is no such user, so that the time taken does not tell which names exist."""


def hash_password(password: str) -> str:
    """Return the argon2id hash that the store keeps of a password."""
    return _hasher.hash(password)


def generate_password() -> str:
    """Return a new password of 16 characters that can be typed."""
    return secrets.token_urlsafe(12)


def sign_in(database: Database, settings: SignInSettings, user_name: str, password: str) -> User:
    """Return the user whose name and password these are.

    Raises:
        NotSignedInError: they are not; the text does not tell which of the two is wrong.
        SignInLockedError: too many wrong passwords; nothing is checked until the lock ends.

    """
    with database.connection() as connection:
        user = load_user(connection, user_name)
    if user is not None and user.locked_until is not None:
        wait_s = math.ceil((user.locked_until - datetime.now(UTC)).total_seconds())
        raise SignInLockedError(f"Too many wrong passwords; {user_name!r} is locked for {wait_s} s more.", wait_s)
    matches = _matches(_NOBODYS_HASH if user is None else user.password_hash, password)
    # Apart from reading: checking a password takes long, and no connection should wait for it.
    with database.connection() as connection:
        if matches and user is not None and user.disabled_at is None:
            record_sign_in(connection, user_name)
            return user
        record_failed_sign_in(connection, user_name, settings.failures_before_lock, settings.lock_s)
    raise NotSignedInError("User name or password is wrong.")


def _matches(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def ensure_first_admin(connection: Connection, settings: SignInSettings) -> bool:
    """Create `admin` with the settings' password where nobody may sign in yet; tell whether it was done."""
    if settings.admin_password is None or has_users(connection):
        return False
    password_hash = hash_password(settings.admin_password.get_secret_value())
    create_user(connection, User(FIRST_ADMIN, Role.ADMIN, password_hash))
    return True
