"""Headers that every response bears: what a browser may do with it, and how long a file stays fresh."""

from collections.abc import Mapping, Sequence

from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_POLICY = (
    "default-src 'self'",
    "script-src 'self'",
    # The map library sets styles of its elements.
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    "worker-src 'self' blob:",
    "object-src 'none'",
    "base-uri 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
)

SECURITY_HEADERS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Residents look for what is near them.
    "Permissions-Policy": "geolocation=(self), camera=(self), microphone=(), payment=(), usb=()",
}


RawHeader = tuple[bytes, bytes]


def _raw_headers(tiles_from: str | None) -> list[RawHeader]:
    """Return the security headers; the page may fetch from us and, where a base map is set, from its server."""
    connect = "connect-src 'self'" if tiles_from is None else f"connect-src 'self' {tiles_from}"
    headers = {"Content-Security-Policy": "; ".join((*CONTENT_POLICY, connect)), **SECURITY_HEADERS}
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


NAMED_BY_CONTENT = "/assets/"
"""Below this the page's build names every file by its content, so that one never changes."""


class CommonHeaders:
    """The headers that every answer bears; `tiles_from` is where the page fetches its base map, where one is set."""

    def __init__(self, tiles_from: str | None = None) -> None:
        self._raw_headers = _raw_headers(tiles_from)

    def lacking(self, given: Sequence[RawHeader], scope: Scope, status: int) -> list[RawHeader]:
        """Return those that an answer with these headers lacks."""
        named = {name for name, _ in given}
        headers = [one for one in self._raw_headers if one[0] not in named]
        if scope["scheme"] == "https" and b"strict-transport-security" not in named:
            headers.append((b"strict-transport-security", b"max-age=31536000"))
        if b"cache-control" not in named:
            headers.append((b"cache-control", _freshness(scope["path"], status).encode()))
        return headers


class HeadersMiddleware:
    """Adds the security headers, and says what may be kept: nothing of the API, the page's named files for good."""

    def __init__(self, app: ASGIApp, common: CommonHeaders) -> None:
        self._app = app
        self._common = common

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request with the headers added."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers: list[RawHeader] = message.setdefault("headers", [])
                headers += self._common.lacking(headers, scope, message["status"])
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _freshness(path: str, status: int) -> str:
    if path.startswith(NAMED_BY_CONTENT) and status == 200:
        return "public, max-age=31536000, immutable"
    return "no-store" if path.startswith("/api/") else "no-cache"
