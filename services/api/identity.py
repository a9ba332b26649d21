"""Who asks, and whether they may: every route passes through here, and is refused unless the table allows it."""

from typing import Annotated
from uuid import UUID

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
        TooManyRequestsError: the person asks too often.
        ForbiddenError: the person's role may not call this route.

    """
    access = access_to(request.method, request.scope["route"].path)
    if access.public:
        return None
    session_id = _session_id(parts, access, token, request.query_params.get("stream_token"))
    user = await _user_of(parts, session_id)
    request.state.session_id = session_id
    parts.person_limiter.take(user.user_name)
    if user.role not in access.roles:
        raise ForbiddenError(f"The role {user.role} may not {request.method} {request.url.path}.")
    return user


def _session_id(parts: Parts, access: Access, token: str | None, stream_token: str | None) -> UUID:
    if token is not None:
        return parts.tokens.read(token, TokenUse.ACCESS)
    if access.by_stream_token and stream_token is not None:
        return parts.tokens.read(stream_token, TokenUse.STREAM)
    raise NotSignedInError("Sign in first: send `Authorization: Bearer` with a token of POST /api/v1/auth/token.")


async def _user_of(parts: Parts, session_id: UUID) -> User:
    known, user = parts.sessions.remembered(session_id)
    if not known:
        user = await run_in_threadpool(parts.sessions.look_up, session_id)
    if user is None:
        raise NotSignedInError("The session is over; sign in again.")
    return user


async def signed_in(user: Annotated[User | None, Depends(authorise)]) -> User:
    """Return the person who asks, on a route that is not public."""
    assert user is not None, "a public route has no signed-in person"
    return user


async def current_session(request: Request, user: Annotated[User, Depends(signed_in)]) -> UUID:
    """Return the session that the request is made in, on a route that is not public."""
    del user  # who asks is known once the session is
    session_id = request.state.session_id
    assert isinstance(session_id, UUID)
    return session_id


SignedIn = Annotated[User, Depends(signed_in)]
CurrentSession = Annotated[UUID, Depends(current_session)]

StreamToken = Annotated[
    str | None,
    Query(description="For EventSource, which sends no headers: a token of `POST /api/v1/auth/stream-token`."),
]
