"""From failure to HTTP status."""

import psycopg
import psycopg_pool
import pytest

from services.api.errors import ForbiddenError, NotSignedInError, SignInLockedError, status_of
from services.broker.errors import BrokerError
from services.domain.errors import ConflictError, InvalidRequestError, NotFoundError, RiqingError
from services.domain.topics import TopicError
from services.roads.errors import NoRoadsError, NoRouteError, RoadEngineError
from services.store.connection import StoreUnavailableError


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotSignedInError, 401),
        (ForbiddenError, 403),
        (NotFoundError, 404),
        (NoRouteError, 404),
        (ConflictError, 409),
        (NoRoadsError, 409),  # a conflict by its ancestor
        (InvalidRequestError, 422),
        (TopicError, 422),
        (SignInLockedError, 429),
        (StoreUnavailableError, 503),
        (BrokerError, 503),
        (RoadEngineError, 503),
        (psycopg_pool.PoolTimeout, 503),
        (psycopg.errors.AdminShutdown, 503),
        (psycopg.errors.UndefinedTable, 500),  # a fault of ours
        (RiqingError, 500),
        (ZeroDivisionError, 500),
    ],
)
def test_each_failure_has_its_status(error: type[Exception], status: int) -> None:
    """By its own line in the table, or its nearest ancestor's."""
    assert status_of(error) == status
