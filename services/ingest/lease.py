"""Which number an ingest works under: held in the database, so that no two have the same one.

Each number has its session at the broker. Two ingests with one session would take it from each other without
end; so who finds all numbers held stands by, and takes over when one of the others ends.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress

import psycopg

from services.store.connection import Connection, StoreUnavailableError, connect

log = logging.getLogger(__name__)

LOCK_CLASS = 0x52495149
"""Keeps our advisory locks apart from others' in the same database."""
TRIED_EVERY_S = 0.5
NOTICES_OUR_END = (
    "SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3;"
    " SET tcp_user_timeout = '20s'"
)
"""The database frees the number of a machine that has vanished without a word after some 20 seconds."""


class WorkerLease:
    """The number of one worker, from 1 to the number of workers that there may be."""

    def __init__(self, database_url: str, workers: int) -> None:
        self._database_url = database_url
        self._workers = workers
        self._kept = ExitStack()
        self._connection: Connection | None = None
        self.worker = 0
        """0 until there is one."""

    def take(self, stopping: threading.Event, stand_by: Callable[[], None]) -> bool:
        """Wait for the lowest free number; return whether there was one before we were stopped.

        `stand_by` is called again and again while all are held.
        """
        said = False
        while not stopping.is_set():
            try:
                if self._try_numbers(range(1, self._workers + 1)):
                    return True
                if not said:
                    log.info("All %d numbers are held by other ingests; standing by.", self._workers)
                    said = True
                stand_by()
            except (StoreUnavailableError, psycopg.Error) as error:
                log.warning("Waiting for the database: %s", " ".join(str(error).split()))
                self._close()
            stopping.wait(TRIED_EVERY_S)
        return False

    def take_number(self, worker: int) -> bool:
        """Take this very number, unless another ingest has it; return whether it was free.

        Raises:
            StoreUnavailableError: the database cannot be reached.
            psycopg.Error: the same.

        """
        return self._try_numbers([worker])

    def is_ours(self) -> bool:
        """Tell whether the number is still ours; while the database is away nobody can take it."""
        try:
            if self._connection is not None:
                self._connection.execute("SELECT 1")
                return True
        except psycopg.Error:
            self._close()
        try:
            return self._try_numbers([self.worker])
        except (StoreUnavailableError, psycopg.Error):
            self._close()
            return True

    def give_back(self) -> None:
        """Let another ingest have the number."""
        self._close()

    def _try_numbers(self, numbers: Sequence[int]) -> bool:
        connection = self._connection or self._connect()
        for number in numbers:
            row = connection.execute("SELECT pg_try_advisory_lock(%s, %s)", (LOCK_CLASS, number)).fetchone()
            if row is not None and row[0]:
                self.worker = number
                return True
        return False

    def _connect(self) -> Connection:
        self._connection = self._kept.enter_context(connect(self._database_url, autocommit=True))
        self._connection.execute(NOTICES_OUR_END)
        return self._connection

    def _close(self) -> None:
        self._connection = None
        with suppress(psycopg.Error):  # it has ended already
            self._kept.close()
