"""The API's connections to the database: a small pool that recovers by itself."""

from contextlib import AbstractContextManager

from psycopg_pool import ConnectionPool

from services.store.connection import Connection

WAIT_FOR_CONNECTION_S = 3.0


class Database:
    """Connections from a pool, each of whose uses is one transaction."""

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
            check=ConnectionPool.check_connection,
            kwargs={
                "options": f"-c timezone=UTC -c statement_timeout={statement_s}s",
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

    def connection(self) -> AbstractContextManager[Connection]:
        """Lend a connection; leaving the block commits, an exception rolls back.

        Raises:
            psycopg.OperationalError: none was to be had within WAIT_FOR_CONNECTION_S.

        """
        return self._pool.connection()
