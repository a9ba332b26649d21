"""Errors as problem details (RFC 9457)."""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import psycopg
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from services.api.errors import STATUS_BY_ERROR, NotSignedInError, TooManyRequestsError, status_of
from services.api.slashes import as_sent

PROBLEM_JSON = "application/problem+json"
TOO_LARGE = "The request's body is too large."

log = logging.getLogger(__name__)


class FieldError(BaseModel):
    """One wrong field of a request."""

    field: str = Field(examples=["body.date"], description="Where: body, query, path or header, then the name.")
    message: str = Field(examples=["Input should be a valid date"])


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str = Field(examples=["urn:riqing:problem:not-found"])
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["There is no vehicle 'A-1'."])
    instance: str = Field(examples=["/api/v1/vehicles/A-1"])
    errors: list[FieldError] | None = Field(default=None, description="The wrong fields of an invalid request.")


def problem(
    request: Request,
    status: HTTPStatus,
    detail: str,
    errors: Sequence[FieldError] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return the response that tells of a problem."""
    name = status.phrase.lower().replace(" ", "-")
    body = Problem(
        type=f"urn:riqing:problem:{name}",
        title=status.phrase,
        status=status,
        detail=detail,
        instance=as_sent(request.url.path),
        errors=None if errors is None else list(errors),
    )
    return JSONResponse(
        body.model_dump(exclude_none=True), status_code=status, headers=dict(headers or {}), media_type=PROBLEM_JSON
    )


async def _on_known_error(request: Request, error: Exception) -> Response:
    status = status_of(type(error))
    detail, headers = " ".join(str(error).split()), {}
    if isinstance(error, NotSignedInError):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, TooManyRequestsError):
        headers["Retry-After"] = str(error.retry_after_s)
    if isinstance(error, psycopg.Error):
        log.warning("%s %s: %s", request.method, request.url.path, detail)
        detail = "The database does not answer at the moment; try again."
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = "2"
    return problem(request, status, detail, headers=headers)


async def _on_invalid_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = [_field_error(entry) for entry in error.errors()]
    detail = "; ".join(f"{entry.field}: {entry.message}" for entry in errors)
    return problem(request, HTTPStatus.UNPROCESSABLE_ENTITY, detail, errors)


def _field_error(entry: Mapping[str, Any]) -> FieldError:
    if entry["type"] == "json_invalid":  # the framework names the place in the text as if it were a field
        place, why = entry["loc"][-1], entry.get("ctx", {}).get("error", "")
        return FieldError(field="body", message=f"Expected JSON; at character {place}: {why}.")
    return FieldError(field=".".join(str(part) for part in entry["loc"]), message=entry["msg"])


async def _on_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status, path = HTTPStatus(error.status_code), as_sent(request.url.path)
    if status is HTTPStatus.BAD_REQUEST:  # the framework's, for a body that is no text at all
        status = HTTPStatus.UNPROCESSABLE_ENTITY
    sentences = {
        HTTPStatus.UNPROCESSABLE_ENTITY: "The request's body cannot be read: expected JSON in UTF-8, or a form.",
        HTTPStatus.NOT_FOUND: f"There is nothing at {path}.",
        HTTPStatus.METHOD_NOT_ALLOWED: f"{path} does not take {request.method}.",
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE: TOO_LARGE,
    }
    return problem(request, status, sentences.get(status, str(error.detail)), headers=error.headers)


async def _on_unexpected_error(request: Request, error: Exception) -> Response:
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return problem(request, HTTPStatus.INTERNAL_SERVER_ERROR, "This is a fault of the server; its log tells more.")


def add_problem_handlers(app: FastAPI) -> None:
    """Let every error of the app be answered as problem details."""
    for known in STATUS_BY_ERROR:
        app.add_exception_handler(known, _on_known_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(Exception, _on_unexpected_error)
