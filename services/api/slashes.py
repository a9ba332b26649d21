"""Codes of the town that have a slash in them: in a path it is sent as %2F, which is no end of a segment.

A server hands paths on unquoted, so that `/facilities/A%2F1` would be the path `/facilities/A/1`. A slash of a code is
therefore handed on as a character that no code has, and put back where the code is read.
"""

from urllib.parse import unquote

from starlette.types import ASGIApp, Receive, Scope, Send

STAND_IN = "\x1f"
"""A control character: no code has one."""


def with_slashes(text: str) -> str:
    """Return a path parameter with the slashes that it was sent with."""
    return text.replace(STAND_IN, "/")


def as_sent(path: str) -> str:
    """Return a path for people to read, with slashes of codes as they are sent."""
    return path.replace(STAND_IN, "%2F")


class SlashesMiddleware:
    """Keeps a slash that was sent as %2F within its segment of the path."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on, slashes of codes as their stand-in."""
        raw: bytes = scope.get("raw_path") or b""
        if b"%2f" in raw.lower():
            segments = raw.decode("latin-1").split("/")
            scope["path"] = "/".join(unquote(segment).replace("/", STAND_IN) for segment in segments)
        await self._app(scope, receive, send)
