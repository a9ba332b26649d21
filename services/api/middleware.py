"""Headers that every response bears: what a browser may do with it, and how long a file stays fresh."""

from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        # The map library sets styles of its elements.
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "worker-src 'self' blob:",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)

SECURITY_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Residents look for what is near them.
    "Permissions-Policy": "geolocation=(self), camera=(self), microphone=(), payment=(), usb=()",
}

_RAW_HEADERS = [(name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]

NAMED_BY_CONTENT = "/assets/"
"""Below this the page's build names every file by its content, so that one never changes."""


class HeadersMiddleware:
    """Adds the security headers, and says what may be kept: nothing of the API, the page's named files for good."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request with the headers added."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers: list[tuple[bytes, bytes]] = message.setdefault("headers", [])
                named = {name for name, _ in headers}
                headers += [one for one in _RAW_HEADERS if one[0] not in named]
                if scope["scheme"] == "https" and b"strict-transport-security" not in named:
                    headers.append((b"strict-transport-security", b"max-age=31536000"))
                if b"cache-control" not in named:
                    headers.append((b"cache-control", _freshness(scope["path"], message["status"]).encode()))
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _freshness(path: str, status: int) -> str:
    if path.startswith(NAMED_BY_CONTENT) and status == 200:
        return "public, max-age=31536000, immutable"
    return "no-store" if path.startswith("/api/") else "no-cache"
