"""Who may sign in: for those who administer."""

from dataclasses import replace
from urllib.parse import quote

from fastapi import APIRouter, Response, status

from services.api.identity import SignedIn
from services.api.paging import BY_CODE, Page, PageOf
from services.api.parts import AppParts
from services.api.shapes.users import (
    LimitsAsked,
    NewUserAsked,
    UserAnswer,
    UserAsked,
    UserName,
    UserWithPasswordAnswer,
)
from services.api.sign_in import generate_password, hash_password
from services.domain.errors import NotFoundError
from services.store.audit import record_action
from services.store.connection import Connection
from services.store.sessions import end_sessions
from services.store.town import load_clock
from services.store.users import User, change_password, change_user, create_user, page_of_users

router = APIRouter(prefix="/api/v1/users", tags=["users"])


@router.get("")
def read_users(parts: AppParts, wanted: PageOf) -> Page[UserAnswer]:
    """Return everybody who may sign in or once might, by name."""
    with parts.database.connection() as connection:
        rows = wanted.fetch(BY_CODE, lambda after, limit: page_of_users(connection, after=after, limit=limit))
    return wanted.page(rows, UserAnswer.of, key=lambda row: (row.user_name,))


@router.get("/{user_name}")
def read_user(user_name: UserName, parts: AppParts) -> UserAnswer:
    """Return one user."""
    with parts.database.connection() as connection:
        return _load_answer(connection, user_name)


def _load_answer(connection: Connection, user_name: str) -> UserAnswer:
    rows = page_of_users(connection, user_name=user_name)
    if not rows:
        raise NotFoundError(f"There is no user {user_name!r}.")
    return UserAnswer.of(rows[0])


@router.post("", status_code=status.HTTP_201_CREATED)
def add_user(asked: NewUserAsked, response: Response, by: SignedIn, parts: AppParts) -> UserWithPasswordAnswer:
    """Let somebody sign in; the password is made here and shown this once."""
    password = generate_password()
    user = replace(_user(asked.user_name, asked), password_hash=hash_password(password))
    with parts.database.connection() as connection:
        create_user(connection, user)
        _record(connection, by, "add", user.user_name, asked)
        answer = _load_answer(connection, user.user_name)
    response.headers["Location"] = f"{router.prefix}/{quote(user.user_name)}"
    return UserWithPasswordAnswer(user=answer, password=password)


def _user(user_name: str, asked: LimitsAsked) -> User:
    return User(user_name, asked.role, password_hash="", contractor_id=asked.contractor_id, vehicle_id=asked.vehicle_id)


def _record(connection: Connection, by: User, action: str, user_name: str, asked: LimitsAsked | None = None) -> None:
    detail = {} if asked is None else asked.model_dump(mode="json", exclude={"user_name"}, exclude_none=True)
    record_action(connection, load_clock(connection).now(), by.user_name, action, f"user {user_name}", detail)


@router.put("/{user_name}")
def update_user(user_name: UserName, asked: UserAsked, by: SignedIn, parts: AppParts) -> UserAnswer:
    """Give a user another role or limit, disable it, or let it in again.

    Where that changes anything, the user is signed out at once. 409 where nobody would be left who administers.
    """
    with parts.database.connection() as connection:
        before = _load_answer(connection, user_name)
        change_user(connection, _user(user_name, asked), disabled=asked.disabled)
        if _changes(before, asked):
            end_sessions(connection, user_name)
        _record(connection, by, "change", user_name, asked)
        answer = _load_answer(connection, user_name)
    parts.sessions.forget(user_name)
    return answer


def _changes(before: UserAnswer, asked: UserAsked) -> bool:
    kept = (before.role, before.contractor_id, before.vehicle_id, before.disabled_at is not None)
    return kept != (asked.role, asked.contractor_id, asked.vehicle_id, asked.disabled)


@router.post("/{user_name}/password")
def reset_password(user_name: UserName, by: SignedIn, parts: AppParts) -> UserWithPasswordAnswer:
    """Make a new password, shown this once; the old one and all sessions end, a lock is lifted."""
    password = generate_password()
    password_hash = hash_password(password)
    with parts.database.connection() as connection:
        change_password(connection, user_name, password_hash)
        end_sessions(connection, user_name)
        _record(connection, by, "reset password", user_name)
        answer = _load_answer(connection, user_name)
    parts.sessions.forget(user_name)
    return UserWithPasswordAnswer(user=answer, password=password)


@router.post("/{user_name}/sign-out")
def sign_out_user(user_name: UserName, by: SignedIn, parts: AppParts) -> UserAnswer:
    """End all sessions of a user, who may sign in again."""
    with parts.database.connection() as connection:
        _load_answer(connection, user_name)
        end_sessions(connection, user_name)
        _record(connection, by, "sign out", user_name)
        answer = _load_answer(connection, user_name)
    parts.sessions.forget(user_name)
    return answer
