"""Signing in, staying signed in, and signing out."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Request, Response, status
from fastapi.exceptions import RequestValidationError
from pydantic import Field

from services.api.client_address import client_address
from services.api.identity import CurrentSession, SignedIn
from services.api.parts import AppParts, Parts
from services.api.shapes.users import NewPassword, PersonAnswer
from services.api.shapes.values import PLAIN_TEXT, Answer, Asked
from services.api.sign_in import SignedInSession, change_own_password, refresh, sign_in
from services.api.tokens import TokenUse, seconds_left
from services.domain.kinds import Role
from services.store.audit import record_action
from services.store.sessions import end_session
from services.store.town import load_clock

router = APIRouter(prefix="/api/v1/auth", tags=["sign-in"])


class TokenAnswer(Answer):
    """A token to send as `Authorization: Bearer`."""

    access_token: str
    refresh_token: str = Field(description="Good once, for the next tokens (`grant_type=refresh_token`).")
    refresh_expires_in: int = Field(
        description="Seconds until the session ends unless it is refreshed.", examples=[43200]
    )
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - a kind of token, not one
    expires_in: int = Field(description="Seconds.", examples=[3600])
    user_name: str = Field(examples=["admin"])
    role: Role


class PasswordAsked(Asked):
    """A new password, and the one until now."""

    current_password: str = Field(min_length=1, max_length=1_000)
    new_password: NewPassword


class StreamTokenAnswer(Answer):
    """A token for the address of a stream; it must be opened within `expires_in` seconds."""

    stream_token: str
    expires_in: int = Field(description="Seconds.", examples=[60])


async def _count_sign_in(request: Request, parts: AppParts) -> None:
    parts.sign_in_limiter.take(client_address(request))


Counted = Depends(_count_sign_in)


@router.post("/token", dependencies=[Counted])
def create_token(
    parts: AppParts,
    grant_type: Annotated[Literal["password", "refresh_token"], Form()] = "password",
    username: Annotated[str | None, Form(min_length=1, max_length=200, pattern=PLAIN_TEXT)] = None,
    password: Annotated[str | None, Form(min_length=1, max_length=1_000)] = None,
    refresh_token: Annotated[str | None, Form(min_length=1, max_length=200)] = None,
) -> TokenAnswer:
    """Sign in with `username` and `password`, or with `grant_type=refresh_token` get the next tokens (OAuth2 forms).

    A refresh token is good once: with each answer comes the next one. One that is used again ends its session.
    """
    if grant_type == "refresh_token":
        asked = _required(refresh_token=refresh_token)
        return _tokens(parts, refresh(parts.database, parts.settings.sign_in, asked["refresh_token"]))
    asked = _required(username=username, password=password)
    return _tokens(parts, sign_in(parts.database, parts.settings.sign_in, asked["username"], asked["password"]))


def _required(**fields: str | None) -> dict[str, str]:
    missing = [name for name, value in fields.items() if value is None]
    if missing:
        raise RequestValidationError(
            [{"loc": ("body", name), "msg": "Field required", "type": "missing"} for name in missing]
        )
    return {name: value for name, value in fields.items() if value is not None}


def _tokens(parts: Parts, opened: SignedInSession) -> TokenAnswer:
    return TokenAnswer(
        access_token=parts.tokens.issue(opened.session.session_id, TokenUse.ACCESS),
        expires_in=parts.tokens.lifetime_s[TokenUse.ACCESS],
        refresh_token=opened.refresh_token,
        refresh_expires_in=seconds_left(opened.session),
        user_name=opened.user.user_name,
        role=opened.user.role,
    )


@router.post("/sign-out", status_code=status.HTTP_204_NO_CONTENT)
def sign_out(user: SignedIn, session_id: CurrentSession, parts: AppParts) -> Response:
    """End this session: its tokens open nothing any more, its streams end."""
    with parts.database.connection() as connection:
        end_session(connection, session_id)
        record_action(connection, load_clock(connection).now(), user.user_name, "sign out", f"session {session_id}")
    parts.sessions.forget(user.user_name)
    return Response(status_code=status.HTTP_204_NO_CONTENT)


@router.post("/password", dependencies=[Counted])
def change_password(asked: PasswordAsked, user: SignedIn, parts: AppParts) -> TokenAnswer:
    """Choose another password; all sessions end, and the answer begins a new one."""
    opened = change_own_password(
        parts.database, parts.settings.sign_in, user.user_name, asked.current_password, asked.new_password
    )
    parts.sessions.forget(user.user_name)
    return _tokens(parts, opened)


@router.get("/me")
async def read_signed_in(user: SignedIn) -> PersonAnswer:
    """Tell who is signed in."""
    return PersonAnswer.model_validate(user)


@router.post("/stream-token")
async def create_stream_token(session_id: CurrentSession, parts: AppParts) -> StreamTokenAnswer:
    """Get a short-lived token for a browser's EventSource, which cannot send headers."""
    return StreamTokenAnswer(
        stream_token=parts.tokens.issue(session_id, TokenUse.STREAM),
        expires_in=parts.tokens.lifetime_s[TokenUse.STREAM],
    )
