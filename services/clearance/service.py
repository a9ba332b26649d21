"""Clearance as a process: `python -m services.clearance.service` decides visits as readings come in."""

import logging
import sys
import time

from psycopg import sql

from services.clearance.rounds import BATCHES_A_ROUND, Rounds
from services.domain.errors import RiqingError
from services.signals import stop_on_signals
from services.store.connection import Connection, configured_url
from services.store.evidence import take_turn
from services.store.steady import SteadyWork

log = logging.getLogger(__name__)

READINGS_CHANNEL = "readings_stored"
REGISTER_CHANNELS = ("register_changed", "devices_changed")
CLOCK_CHANNEL = "town_clock"
TICK_S = 1.0
"""A round runs at least this often, for due visits that become missed without any reading."""
LINGER_S = 0.3
"""What comes within this time of a first reading is decided with it."""
WATCH_EVERY_S = 5.0
"""How often alarms are looked at."""


class Clearance:
    """Rounds of deciding, through any absence of the database, until told to stop."""

    def __init__(self, database_url: str) -> None:
        self._steady = SteadyWork(database_url, take_turn)

    def stop(self) -> None:
        """Let `run` finish its round and return. Any thread."""
        self._steady.stop()

    def run(self) -> None:
        """Work until `stop`."""
        self._steady.run(self._work)

    def _work(self, connection: Connection) -> None:
        for channel in (READINGS_CHANNEL, CLOCK_CHANNEL, *REGISTER_CHANNELS):
            connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
        rounds = Rounds()
        watched_at = 0.0
        while not self._steady.is_stopping:
            began = time.monotonic()
            taken = rounds.run(connection)
            if time.monotonic() - watched_at >= WATCH_EVERY_S:
                rounds.watch(connection)
                watched_at = time.monotonic()
            self._steady.note_well()
            log.debug("took %d batches in %.3f s", taken, time.monotonic() - began)
            if taken < BATCHES_A_ROUND:
                self._wait_for_news(connection, rounds)

    def _wait_for_news(self, connection: Connection, rounds: Rounds) -> None:
        """Return soon after something was announced, or when a tick has passed."""
        for timeout_s, first_only in ((TICK_S, 1), (LINGER_S, None)):
            heard = list(connection.notifies(timeout=timeout_s, stop_after=first_only))
            if any(notice.channel in REGISTER_CHANNELS for notice in heard):
                rounds.forget_register()
            if not heard:
                return


def main() -> int:
    """Run by the environment's settings until SIGTERM or SIGINT; return the exit status."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        clearance = Clearance(configured_url())
    except RiqingError as error:
        print(f"riqing: {error}", file=sys.stderr)
        return 1

    stop_on_signals(clearance.stop)
    clearance.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
