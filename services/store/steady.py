"""Steady work on the database: through its absences, by one process at a time, until told to stop."""

import logging
import threading
from collections.abc import Callable

import psycopg

from services.domain.errors import NotFoundError, RiqingError
from services.heartbeat import beat
from services.store.connection import Connection, StoreUnavailableError, connect

log = logging.getLogger(__name__)

TRY_AGAIN_S = 1.0


class SteadyWork:
    """Keeps a piece of work going; `take_turn` tells whether this session is the one that does it."""

    def __init__(self, database_url: str, take_turn: Callable[[Connection], bool]) -> None:
        self._database_url = database_url
        self._take_turn = take_turn
        self._stopping = threading.Event()
        self._said = ""

    @property
    def is_stopping(self) -> bool:
        """Whether the work is to end."""
        return self._stopping.is_set()

    def stop(self) -> None:
        """Let the work finish what it is at and return. Any thread."""
        self._stopping.set()

    def pause(self, seconds: float) -> None:
        """Wait, or until `stop`."""
        self._stopping.wait(seconds)

    def note_well(self) -> None:
        """Give a sign of life; the next trouble is told again."""
        self._said = ""
        beat()

    def run(self, work: Callable[[Connection], None]) -> None:
        """Call `work` with a connection in autocommit mode whose turn it is, again after each outage, until `stop`."""
        while not self.is_stopping:
            try:
                with connect(self._database_url, autocommit=True) as connection:
                    if self._wait_for_turn(connection):
                        work(connection)
            except (StoreUnavailableError, NotFoundError) as error:
                self._wait_after(error)
            except psycopg.OperationalError as error:
                self._wait_after(StoreUnavailableError(f"The database went away: {error}".strip()))

    def _wait_after(self, error: RiqingError) -> None:
        if isinstance(error, NotFoundError):
            beat()  # nothing is wrong with us: there is no town yet
        if str(error) != self._said:
            self._said = str(error)
            log.warning("%s", error)
        self.pause(TRY_AGAIN_S)

    def _wait_for_turn(self, connection: Connection) -> bool:
        """Wait until no other process does this work; return False when stopped before."""
        while not self.is_stopping:
            if self._take_turn(connection):
                return True
            beat()
            self.pause(TRY_AGAIN_S)
        return False
