"""Answering any list as a table where `?format=` or `Accept` asks for one: all of it, not a page."""

import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlencode

from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.api.paging import MAX_LIMIT
from services.api.places import accepts
from services.api.problems import FieldError, problem
from services.api.tables import MEDIA_TYPES, TableFormat, as_csv, as_xlsx

MOST_ROWS = 50_000
"""A table is put together in memory; nobody reads more rows than this."""

MAKERS = {TableFormat.CSV: as_csv, TableFormat.XLSX: as_xlsx}
FORMAT = "format"


class TablesMiddleware:
    """Asks the app for each page of a list and answers them as one table."""

    def __init__(self, app: ASGIApp, columns_by_path: Callable[[], Mapping[str, list[str]]]) -> None:
        """`columns_by_path` tells which paths are lists, and the columns that each has in any case."""
        self._app = app
        self._columns_by_path = columns_by_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, as a table where it asks for one."""
        if scope["type"] != "http" or scope["method"] != "GET" or not _may_ask(scope):
            await self._app(scope, receive, send)
            return
        request, columns = Request(scope), self._columns_by_path().get(scope["path"])
        asked = request.query_params.get(FORMAT)
        if columns is None or (asked is None and not any(accepts(request, one) for one in MEDIA_TYPES.values())):
            await self._app(scope, receive, send)
        elif asked is not None and asked not in [*TableFormat]:
            message = f"Expected one of {', '.join(TableFormat)}."
            error = FieldError(field=f"query.{FORMAT}", message=message)
            answer = problem(request, HTTPStatus.UNPROCESSABLE_ENTITY, f"{error.field}: {message}", [error])
            await answer(scope, receive, send)
        elif asked == TableFormat.JSON:
            await self._app(_with(scope, {}, "application/json"), receive, send)
        else:
            wanted = TableFormat(asked) if asked is not None else _accepted(request)
            answer = await self._table(request, receive, wanted, columns)
            await answer(scope, receive, send)

    async def _table(self, request: Request, receive: Receive, wanted: TableFormat, columns: list[str]) -> Response:
        items: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            page = {"limit": str(MAX_LIMIT)} | ({} if cursor is None else {"cursor": cursor})
            answer = await _answered(self._app, _with(request.scope, page, "application/json"), receive)
            if answer.status_code != HTTPStatus.OK:
                return answer
            content = json.loads(bytes(answer.body))
            items += content if isinstance(content, list) else content["items"]
            if len(items) > MOST_ROWS:
                sentence = f"A table has at most {MOST_ROWS} rows; ask for a part of the list."
                return problem(request, HTTPStatus.UNPROCESSABLE_ENTITY, sentence)
            cursor = None if isinstance(content, list) else content["next_cursor"]
            if cursor is None:
                break
        table = await run_in_threadpool(MAKERS[wanted], items, columns)
        name = request.url.path.removeprefix("/api/v1/").replace("/", "-")
        headers = {"Content-Disposition": f'attachment; filename="{name}.{wanted}"', "Vary": "Accept"}
        return Response(table, media_type=MEDIA_TYPES[wanted], headers=headers)


def _may_ask(scope: Scope) -> bool:
    """Tell quickly whether a request could ask for a table: most do not."""
    if b"format=" in scope["query_string"]:
        return True
    return any(name == b"accept" and (b"csv" in value or b"sheet" in value) for name, value in scope["headers"])


def _accepted(request: Request) -> TableFormat:
    return next(one for one, media_type in MEDIA_TYPES.items() if accepts(request, media_type))


def _with(scope: Scope, query: Mapping[str, str], accept: str) -> Scope:
    """Return the request's scope with other query parameters, and the media type that it accepts."""
    asked = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    kept = [(name, value) for name, value in asked if name != FORMAT and name not in query]
    headers = MutableHeaders(raw=[one for one in scope["headers"] if one[0] != b"if-none-match"])
    headers["accept"] = accept
    return {**scope, "query_string": urlencode([*kept, *query.items()]).encode(), "headers": headers.raw}


async def _answered(app: ASGIApp, scope: Scope, receive: Receive) -> Response:
    """Return the app's whole answer to a request."""
    answer = Response()
    body = bytearray()

    async def keep(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.status_code = message["status"]
            answer.raw_headers = [*Headers(raw=message["headers"]).raw]
        elif message["type"] == "http.response.body":
            body.extend(message.get("body", b""))

    await app(scope, receive, keep)
    answer.body = bytes(body)
    return answer
