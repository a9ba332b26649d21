"""Who asks, and whether they may: every route passes through here, and is refused unless the table allows it."""

from typing import Annotated

from fastapi import Depends, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.security import OAuth2PasswordBearer

from services.api.errors import ForbiddenError, NotSignedInError
from services.api.parts import AppParts, Parts
from services.api.roles import Access, access_to
from services.api.tokens import TokenUse
from services.store.users import User

bearer = OAuth2PasswordBearer(tokenUrl="/api/v1/auth/token", auto_error=False)


async def authorise(
    request: Request,
    parts: AppParts,
    token: Annotated[str | None, Depends(bearer)],
) -> User | None:
    """Let the request pass to its route, or refuse it; return who asks, or none on a public route.

    Raises:
        NotSignedInError: there is no valid token.
        ForbiddenError: the person's role may not call this route.

    """
    access = access_to(request.method, request.scope["route"].path)
    if access.public:
        return None
    user = await _user_of(parts, _user_name(parts, access, token, request.query_params.get("stream_token")))
    if user.role not in access.roles:
        raise ForbiddenError(f"The role {user.role} may not {request.method} {request.url.path}.")
    return user


def _user_name(parts: Parts, access: Access, token: str | None, stream_token: str | None) -> str:
    if token is not None:
        return parts.tokens.read(token, TokenUse.ACCESS)
    if access.by_stream_token and stream_token is not None:
        return parts.tokens.read(stream_token, TokenUse.STREAM)
    raise NotSignedInError("Sign in first: send `Authorization: Bearer` with a token of POST /api/v1/auth/token.")


async def _user_of(parts: Parts, user_name: str) -> User:
    known, user = parts.users.remembered(user_name)
    if not known:
        user = await run_in_threadpool(parts.users.look_up, user_name)
    if user is None:
        raise NotSignedInError("This user may no longer sign in.")
    return user


async def signed_in(user: Annotated[User | None, Depends(authorise)]) -> User:
    """Return the person who asks, on a route that is not public."""
    assert user is not None, "a public route has no signed-in person"
    return user


SignedIn = Annotated[User, Depends(signed_in)]

StreamToken = Annotated[
    str | None,
    Query(description="For EventSource, which sends no headers: a token of `POST /api/v1/auth/stream-token`."),
]
