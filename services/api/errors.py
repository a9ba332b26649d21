"""What can go wrong in a request, and the one table from failure to HTTP status."""

from http import HTTPStatus

import psycopg
from fastapi.exceptions import RequestValidationError

from services.broker.errors import BrokerError
from services.domain.errors import ConflictError, InvalidRequestError, NotFoundError, RiqingError
from services.roads.errors import NoRouteError, RoadEngineError
from services.store.connection import StoreUnavailableError


class NotSignedInError(RiqingError):
    """The request carries no valid token."""


class ForbiddenError(RiqingError):
    """The person may not do this."""


class TooManyRequestsError(RiqingError):
    """The client asks too often; `retry_after_s` says when to try again."""

    def __init__(self, text: str, retry_after_s: int) -> None:
        super().__init__(text)
        self.retry_after_s = max(1, retry_after_s)


class SignInLockedError(TooManyRequestsError):
    """The account is locked for a while after wrong passwords."""


def wrong_field(where: str, name: str, message: str) -> RequestValidationError:
    """Return the error for a field of the request: `where` is body, query, path or header; `message` what is right."""
    return RequestValidationError([{"loc": (where, name), "msg": message, "type": "wrong"}])


STATUS_BY_ERROR: dict[type[Exception], HTTPStatus] = {
    NotSignedInError: HTTPStatus.UNAUTHORIZED,
    ForbiddenError: HTTPStatus.FORBIDDEN,
    NotFoundError: HTTPStatus.NOT_FOUND,
    NoRouteError: HTTPStatus.NOT_FOUND,
    ConflictError: HTTPStatus.CONFLICT,
    InvalidRequestError: HTTPStatus.UNPROCESSABLE_ENTITY,
    TooManyRequestsError: HTTPStatus.TOO_MANY_REQUESTS,
    StoreUnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    BrokerError: HTTPStatus.SERVICE_UNAVAILABLE,
    RoadEngineError: HTTPStatus.SERVICE_UNAVAILABLE,
    psycopg.OperationalError: HTTPStatus.SERVICE_UNAVAILABLE,
    psycopg.InterfaceError: HTTPStatus.SERVICE_UNAVAILABLE,
    RiqingError: HTTPStatus.INTERNAL_SERVER_ERROR,
}
"""The status of each failure; a class that is not here has that of its nearest ancestor."""


def status_of(error: type[Exception]) -> HTTPStatus:
    """Return the HTTP status of a failure: its own, or its nearest ancestor's in the table."""
    for ancestor in error.__mro__:
        if ancestor in STATUS_BY_ERROR:
            return STATUS_BY_ERROR[ancestor]
    return HTTPStatus.INTERNAL_SERVER_ERROR
