"""Signing in with a password and staying signed in: argon2 hashes, the lock after failures, rotating refresh tokens."""

import math
import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from services.api.database import Database
from services.api.errors import ForbiddenError, NotSignedInError, SignInLockedError, wrong_field
from services.api.settings import SignInSettings
from services.api.tokens import new_refresh_token, refresh_token_hash
from services.api.turns import Turns
from services.domain.kinds import Role
from services.store.audit import record_action
from services.store.connection import Connection
from services.store.sessions import (
    Session,
    SessionLimits,
    add_refresh_token,
    end_session,
    end_sessions,
    load_person,
    prolong_session,
    start_session,
    take_refresh_token,
)
from services.store.town import load_clock
from services.store.users import (
    User,
    change_password,
    create_user,
    has_users,
    load_user,
    record_failed_sign_in,
    record_sign_in,
)

FIRST_ADMIN = "admin"

USED_TWICE_WITHIN_S = 10.0
"""A refresh token that is used again so soon was sent twice because an answer was lost, and is no theft."""

_hasher = PasswordHasher()
_hashing = Turns(4, waiting=16, why="Many are signing in at this moment", retry_after_s=1)
"""A hash takes 64 MB while it is made: forty at once, which one address may ask for, take what a small machine has."""
_NOBODYS_HASH = _hasher.hash(secrets.token_urlsafe())
"""Checked where there is no such user, so that the time taken does not tell which names exist."""


@dataclass(frozen=True, slots=True)
class SignedInSession:
    """A person's session with the refresh token that keeps it going."""

    user: User
    session: Session
    refresh_token: str


def hash_password(password: str) -> str:
    """Return the argon2id hash that the store keeps of a password."""
    with _hashing.taken():
        return _hasher.hash(password)


def generate_password() -> str:
    """Return a new password of 16 characters that can be typed."""
    return secrets.token_urlsafe(12)


def sign_in(database: Database, settings: SignInSettings, user_name: str, password: str) -> SignedInSession:
    """Begin a session of the user whose name and password these are.

    Raises:
        NotSignedInError: they are not; the text does not tell which of the two is wrong.
        SignInLockedError: too many wrong passwords; nothing is checked until the lock ends.

    """
    user = _check_password(database, settings, user_name, password)
    with database.connection() as connection:
        record_sign_in(connection, user_name)
        opened = _open_session(connection, settings, user)
        _record(connection, user_name, "sign in", f"session {opened.session.session_id}")
    return opened


def _check_password(database: Database, settings: SignInSettings, user_name: str, password: str) -> User:
    """Return the user; no connection is held meanwhile, for checking a password takes long."""
    with database.connection() as connection:
        user = load_user(connection, user_name)
    if user is not None and user.locked_until is not None:
        wait_s = math.ceil((user.locked_until - datetime.now(UTC)).total_seconds())
        raise SignInLockedError(f"Too many wrong passwords; {user_name!r} is locked for {wait_s} s more.", wait_s)
    matches = _matches(_NOBODYS_HASH if user is None else user.password_hash, password)
    if matches and user is not None and user.disabled_at is None:
        return user
    with database.connection() as connection:
        if record_failed_sign_in(connection, user_name, settings.failures_before_lock, settings.lock_s):
            _record(connection, user_name, "lock out", f"user {user_name}")
    raise NotSignedInError("User name or password is wrong.")


def _matches(password_hash: str, password: str) -> bool:
    try:
        with _hashing.taken():
            return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def _open_session(connection: Connection, settings: SignInSettings, user: User) -> SignedInSession:
    session = start_session(connection, user.user_name, _limits(settings))
    return SignedInSession(user, session, _add_refresh_token(connection, session))


def _add_refresh_token(connection: Connection, session: Session) -> str:
    token = new_refresh_token()
    add_refresh_token(connection, session.session_id, refresh_token_hash(token))
    return token


def _limits(settings: SignInSettings) -> SessionLimits:
    return SessionLimits(settings.session_idle_s, settings.session_longest_s)


def _record(connection: Connection, user_name: str, action: str, subject: str) -> None:
    record_action(connection, load_clock(connection).now(), user_name, action, subject)


def refresh(database: Database, settings: SignInSettings, refresh_token: str) -> SignedInSession:
    """Prolong the session of a refresh token and give it the next one; each is good once.

    Raises:
        NotSignedInError: it is not ours, its session is over, or it was used before; then whoever has it and
            whoever had it are both out, because nobody can tell which of them is the thief.

    """
    with database.connection() as connection:
        token = take_refresh_token(connection, refresh_token_hash(refresh_token))
        if token is not None and not token.is_over:
            if token.used_ago_s is None or token.used_ago_s <= USED_TWICE_WITHIN_S:
                session = prolong_session(connection, token.session_id, _limits(settings))
                user = load_person(connection, token.session_id)
                if user is not None:
                    return SignedInSession(user, session, _add_refresh_token(connection, session))
            else:
                end_session(connection, token.session_id)
                _record(connection, token.user_name, "reuse refresh token", f"session {token.session_id}")
    raise NotSignedInError("The session is over; sign in again.")


def change_own_password(
    database: Database, settings: SignInSettings, user_name: str, current: str, new: str
) -> SignedInSession:
    """Give a person the password that they chose; all their sessions end, and a new one begins.

    Raises:
        ForbiddenError: the current password is wrong; it counts like a failed sign-in.
        SignInLockedError: too many wrong passwords.
        RequestValidationError: the new password is the current one or the name.

    """
    if new in (current, user_name):
        raise wrong_field("body", "new_password", "Expected one that is neither the current one nor the name.")
    try:
        user = _check_password(database, settings, user_name, current)
    except NotSignedInError as error:
        raise ForbiddenError("The current password is wrong.") from error
    password_hash = hash_password(new)
    with database.connection() as connection:
        change_password(connection, user_name, password_hash)
        end_sessions(connection, user_name)
        _record(connection, user_name, "change password", f"user {user_name}")
        return _open_session(connection, settings, replace(user, password_hash=password_hash))


def ensure_first_admin(connection: Connection, settings: SignInSettings) -> bool:
    """Create `admin` with the settings' password where nobody may sign in yet; tell whether it was done."""
    if settings.admin_password is None or has_users(connection):
        return False
    password_hash = hash_password(settings.admin_password.get_secret_value())
    create_user(connection, User(FIRST_ADMIN, Role.ADMIN, password_hash))
    return True
