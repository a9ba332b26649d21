"""Answering a GET from the thread that found the answer: what our own shapes hold is not checked a second time."""

from collections.abc import Callable
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any

from fastapi.routing import APIRoute
from starlette.responses import Response


class AnswerRoute(APIRoute):
    """A route whose GET turns its answer into JSON itself.

    The framework would check the answer against its shape once more, in another thread, and write it in the thread
    that all requests share.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **settings: Any) -> None:
        if set(settings.get("methods") or ()) == {"GET"} and not iscoroutinefunction(endpoint):
            endpoint = self._answering(endpoint)
        super().__init__(path, endpoint, **settings)

    def _answering(self, endpoint: Callable[..., Any]) -> Callable[..., Response]:
        @wraps(endpoint)
        def answer(*args: Any, **parameters: Any) -> Response:
            found = endpoint(*args, **parameters)
            if isinstance(found, Response):
                return found
            assert self.response_field is not None, "every answer has a shape"
            response = json_answer(self.response_field.serialize_json(found, by_alias=True))
            for headers in (one.headers for one in parameters.values() if isinstance(one, Response)):
                response.headers.raw.extend(headers.raw)
            return response

        return answer


def json_answer(content: bytes) -> Response:
    """Return an answer that is written already."""
    return Response(content, media_type="application/json")
