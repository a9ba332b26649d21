"""Signing in."""

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request
from pydantic import Field

from services.api.client_address import client_address
from services.api.identity import SignedIn
from services.api.parts import AppParts
from services.api.shapes.values import PLAIN_TEXT, Answer
from services.api.sign_in import sign_in
from services.api.tokens import TokenUse
from services.domain.kinds import Role

router = APIRouter(prefix="/api/v1/auth", tags=["sign-in"])


class TokenAnswer(Answer):
    """A token to send as `Authorization: Bearer`."""

    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - a kind of token, not one
    expires_in: int = Field(description="Seconds.", examples=[43200])
    user_name: str = Field(examples=["admin"])
    role: Role


class StreamTokenAnswer(Answer):
    """A token for the address of a stream; it must be opened within `expires_in` seconds."""

    stream_token: str
    expires_in: int = Field(description="Seconds.", examples=[60])


class PersonAnswer(Answer):
    """Who is signed in, and what they are limited to."""

    user_name: str = Field(examples=["admin"])
    role: Role
    contractor_id: str | None
    vehicle_id: str | None


@router.post("/token")
def create_token(
    request: Request,
    parts: AppParts,
    username: Annotated[str, Form(min_length=1, max_length=200, pattern=PLAIN_TEXT)],
    password: Annotated[str, Form(min_length=1, max_length=1_000)],
    grant_type: Annotated[Literal["password"], Form()] = "password",
) -> TokenAnswer:
    """Sign in with a password (OAuth2 password form)."""
    del grant_type  # OAuth2 wants it named; there is only this one
    parts.sign_in_limiter.take(client_address(request))
    user = sign_in(parts.database, parts.settings.sign_in, username, password)
    return TokenAnswer(
        access_token=parts.tokens.issue(user.user_name, TokenUse.ACCESS),
        expires_in=parts.tokens.lifetime_s[TokenUse.ACCESS],
        user_name=user.user_name,
        role=user.role,
    )


@router.get("/me")
async def read_signed_in(user: SignedIn) -> PersonAnswer:
    """Tell who is signed in."""
    return PersonAnswer.model_validate(user)


@router.post("/stream-token")
async def create_stream_token(user: SignedIn, parts: AppParts) -> StreamTokenAnswer:
    """Get a short-lived token for a browser's EventSource, which cannot send headers."""
    return StreamTokenAnswer(
        stream_token=parts.tokens.issue(user.user_name, TokenUse.STREAM),
        expires_in=parts.tokens.lifetime_s[TokenUse.STREAM],
    )
