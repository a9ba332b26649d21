"""Connections to the database, and the sentence a person gets when there is none."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from services.domain.errors import RiqingError
from services.store.settings import DatabaseSettings

Connection = psycopg.Connection[tuple[Any, ...]]


class StoreUnavailableError(RiqingError):
    """The database cannot be reached or will not let us in."""


def describe(database_url: str) -> str:
    """Return host, port and database of `database_url`, without its secrets."""
    parts = conninfo_to_dict(database_url)
    return f"{parts.get('host', 'localhost')}:{parts.get('port', 5432)}/{parts.get('dbname', '')}"


def configured_url() -> str:
    """Return the settings' address of the database.

    Raises:
        StoreUnavailableError: there is none, or it is no address.

    """
    if not (url := DatabaseSettings().url):
        raise StoreUnavailableError(
            "No database is known here: start the stack with `riqing up`, name its folder with --data-dir, "
            "or set DATABASE_URL."
        )
    try:
        conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        # Without its cause, which repeats the address with the password in it.
        raise StoreUnavailableError(
            "DATABASE_URL is no address of a database: write postgresql://USER:PASSWORD@HOST:PORT/NAME."
        ) from None
    return url


@contextmanager
def connect(database_url: str | None = None, *, autocommit: bool = False) -> Iterator[Connection]:
    """Open a connection whose sessions speak UTC; leaving the block commits, an exception rolls back.

    `database_url` defaults to the settings'.

    Raises:
        StoreUnavailableError: nothing answers there, or it refuses.

    """
    url = configured_url() if database_url is None else database_url
    try:
        connection = psycopg.connect(url, autocommit=autocommit, connect_timeout=10, options="-c timezone=UTC")
    except psycopg.OperationalError as error:
        first_line = str(error).strip().splitlines()[-1]
        raise StoreUnavailableError(
            f"The database at {describe(url)} cannot be used: {first_line}. "
            "Start the stack with `riqing up`, or set DATABASE_URL."
        ) from error
    with connection:
        yield connection


def require_writable(connection: Connection) -> None:
    """Check that the database answers and takes changes.

    Raises:
        StoreUnavailableError: it is read-only: a standby, or set so by somebody or by a full disk.
        psycopg.Error: it does not answer.

    """
    row = connection.execute("SELECT current_setting('transaction_read_only')").fetchone()
    if row is not None and row[0] == "on":
        raise StoreUnavailableError("The database is read-only: nothing can be stored.")
