"""The API's connections to the database: a small pool that recovers by itself."""

import select
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from psycopg_pool import ConnectionPool
from starlette.types import ASGIApp, Receive, Scope, Send

from services.store.connection import Connection

WAIT_FOR_CONNECTION_S = 3.0

_only_reads: ContextVar[bool] = ContextVar("_only_reads", default=False)
"""Whether the request at hand changes nothing."""


class ReadingMiddleware:
    """Notes of each request whether it changes anything, so that reading needs no transaction.

    Each of our queries sees one state of the store; a transaction at READ COMMITTED adds nothing to that but
    two round trips.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        _only_reads.set(scope["type"] == "http" and scope["method"] in ("GET", "HEAD"))
        await self._app(scope, receive, send)


class Database:
    """Connections from a pool, each of whose uses is one transaction, except while a request only reads."""

    def __init__(self, url: str, connections: int, statement_s: int) -> None:
        """`connections` are kept at most; a statement that runs longer than `statement_s` is ended."""
        self._pool: ConnectionPool[Connection] = ConnectionPool(
            url,
            min_size=1,
            max_size=connections,
            open=False,
            timeout=WAIT_FOR_CONNECTION_S,
            reconnect_timeout=10,
            # A connection that died with the server is replaced here instead of failing a request.
            check=_check,
            kwargs={
                # Compiling a query takes longer than any of ours runs.
                "options": f"-c timezone=UTC -c statement_timeout={statement_s}s -c jit=off",
                "connect_timeout": 5,
                "application_name": "riqing-api",
            },
        )

    def open(self) -> None:
        """Begin to connect, without waiting for it."""
        self._pool.open(wait=False)

    def close(self) -> None:
        """Give up all connections."""
        self._pool.close()

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """Lend a connection; leaving the block commits, an exception rolls back.

        Raises:
            psycopg.OperationalError: none was to be had within WAIT_FOR_CONNECTION_S.

        """
        with self._pool.connection() as connection:
            connection.autocommit = _only_reads.get()
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Lend a connection to who changes nothing, whatever request is at hand.

        Raises:
            psycopg.OperationalError: none was to be had within WAIT_FOR_CONNECTION_S.

        """
        with self._pool.connection() as connection:
            connection.autocommit = True
            yield connection


def _check(connection: Connection) -> None:
    """Ask the server only where it has said something meanwhile, as it does when it ends a connection."""
    readable, _, _ = select.select([connection.pgconn.socket], [], [], 0)
    if readable:
        ConnectionPool.check_connection(connection)
