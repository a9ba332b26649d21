"""Bringing the schema up to date: our migrations through yoyo, then the job queue's own schema."""

from pathlib import Path

import psycopg
from procrastinate import App, SyncPsycopgConnector
from yoyo import get_backend, read_migrations

from services.store.connection import connect

MIGRATIONS = Path(__file__).with_name("migrations")


def migrate(database_url: str) -> int:
    """Apply what is missing and return how many migrations that were; safe to call again and at once.

    Raises:
        StoreUnavailableError: the database cannot be used.

    """
    with connect(database_url, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
    backend = get_backend(database_url.replace("postgresql://", "postgresql+psycopg://", 1))
    try:
        with backend.lock():
            pending = backend.to_apply(read_migrations(str(MIGRATIONS)))
            backend.apply_migrations(pending)
            _apply_job_schema(database_url)
    finally:
        backend.connection.close()
    return len(pending)


def _apply_job_schema(database_url: str) -> None:
    """Create procrastinate's tables where they are not there yet."""
    with psycopg.connect(database_url) as connection:
        found = connection.execute("SELECT to_regclass('procrastinate_jobs')").fetchone()
    if found is not None and found[0] is not None:
        return
    with App(connector=SyncPsycopgConnector(conninfo=database_url)).open() as jobs:
        jobs.schema_manager.apply_schema()
