"""What a client has already is not sent again: entity tags, and 304 where they still hold."""

import hashlib
from collections.abc import Sequence
from http import HTTPStatus
from importlib.metadata import version
from typing import TypeVar

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.store.users import User

REVALIDATED = "private, no-cache"
"""May be kept by whoever asked, and is asked about each time."""

BY_CONTENT = ("/api/v1/contractors", "/api/v1/points", "/api/v1/facilities")
"""What lies below these is tagged by its content, which saves the way but not the work.

Where a stored version tells whether an answer still holds, its route tags it (`request_tag`) and saves the work too.
"""


def tag_of(*parts: object) -> str:
    """Return the weak entity tag of what these parts determine; compressing it makes no other."""
    digest = hashlib.sha256("\0".join(str(part) for part in parts).encode()).hexdigest()
    return f'W/"{digest[:32]}"'


def has_tag(header: str | None, tag: str) -> bool:
    """Tell whether an If-None-Match names the tag (weak comparison, RFC 9110)."""
    opaque = tag.removeprefix("W/")
    named = [one.strip().removeprefix("W/") for one in (header or "").split(",")]
    return "*" in named or opaque in named


def request_tag(request: Request, user: User, *parts: object) -> str:
    """Return the tag of an answer that these parts, what is asked for, and what the person may see determine."""
    accept = request.headers.get("accept", "")
    return tag_of(request.url.path, request.url.query, accept, user.visibility, version("riqing"), *parts)


Answer = TypeVar("Answer")


def tagged(answer: Answer, response: Response, tag: str) -> Answer:
    """Return an answer with its tag: in its own headers where it is a response, else in those of `response`."""
    bearer = answer if isinstance(answer, Response) else response
    bearer.headers.update(tag_headers(tag))
    return answer


def tag_headers(tag: str, vary: str = "Accept, Authorization") -> dict[str, str]:
    """Return the headers of an answer that is tagged."""
    return {"ETag": tag, "Cache-Control": REVALIDATED, "Vary": vary}


def not_modified(request: Request, tag: str) -> Response | None:
    """Return the answer that what the client has still holds, or none where it does not."""
    if not has_tag(request.headers.get("if-none-match"), tag):
        return None
    return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=tag_headers(tag))


class TagsMiddleware:
    """Tags answers by their content."""

    def __init__(self, app: ASGIApp, prefixes: Sequence[str] = BY_CONTENT) -> None:
        self._app = app
        self._prefixes = tuple(prefixes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; 304 where the client's tag still holds."""
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD") or not self._is_tagged(scope["path"]):
            await self._app(scope, receive, send)
            return
        started: Message = {}
        body = bytearray()

        async def send_tagged(message: Message) -> None:
            if message["type"] == "http.response.start":
                started.update(message)
                return
            body.extend(message.get("body", b""))
            if not message.get("more_body", False):
                await _finish(Request(scope), started, bytes(body), send)

        await self._app(scope, receive, send_tagged)

    def _is_tagged(self, path: str) -> bool:
        return path.startswith(self._prefixes)


async def _finish(request: Request, started: Message, body: bytes, send: Send) -> None:
    if started["status"] != HTTPStatus.OK:
        await send(started)
        await send({"type": "http.response.body", "body": body})
        return
    tag = tag_of(hashlib.sha256(body).hexdigest())
    if (answer := not_modified(request, tag)) is not None:
        await answer(request.scope, request.receive, send)
        return
    headers = MutableHeaders(raw=started["headers"])
    for name, value in tag_headers(tag).items():
        headers[name] = value
    await send({**started, "headers": headers.raw})
    await send({"type": "http.response.body", "body": body})
