"""How large a request's body may be; what is larger is told so as problem details."""

from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.api.problems import PROBLEM_JSON, TOO_LARGE, problem


class BodyLimitMiddleware:
    """Reads no more of a body than `body_bytes`, or than the route that it is for allows."""

    def __init__(self, app: ASGIApp, body_bytes: int) -> None:
        self._limited = RequestBodyLimitMiddleware(app, body_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; where the framework refuses a body in plain text, as problem details instead."""
        refused = False

        async def send_problem(message: Message) -> None:
            nonlocal refused
            if message["type"] == "http.response.start" and message["status"] == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
                refused = Headers(raw=message["headers"]).get("content-type") != PROBLEM_JSON
                if refused:
                    answer = problem(Request(scope), HTTPStatus.REQUEST_ENTITY_TOO_LARGE, TOO_LARGE)
                    await answer(scope, receive, send)
            if not refused:
                await send(message)

        await self._limited(scope, receive, send_problem)
