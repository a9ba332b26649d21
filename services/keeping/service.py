"""Keeping as a process: `python -m services.keeping.service` rolls readings up, drops what is old, turns phases."""

import logging
import sys
import time
from datetime import timedelta

from pydantic import ValidationError

from services.domain.errors import InvalidRequestError, RiqingError
from services.heartbeat import beat
from services.keeping.rounds import roll_up, try_to_drop
from services.signals import stop_on_signals
from services.store.chunk_indexes import loose_indexes, make_dense
from services.store.connection import Connection, configured_url
from services.store.dead_letters import drop_dead_letters
from services.store.facility_phases import apply_phases
from services.store.retention import compress_after
from services.store.settings import KeepingSettings
from services.store.steady import SteadyWork
from services.store.town import load_clock, load_town

log = logging.getLogger(__name__)

ROUND_EVERY_S = 5.0
DROP_EVERY_S = 3600.0
FINISHED_AFTER = timedelta(days=1)
"""A chunk that ended so long ago is added to by late readings only."""
SINGLE_WORKER_LOCK = 0x6B656570
"""An advisory lock of this number keeps a second process waiting, so that no two make one hour at once."""


class Keeping:
    """Rounds of keeping, through any absence of the database, until told to stop."""

    def __init__(self, database_url: str, settings: KeepingSettings) -> None:
        self._settings = settings
        self._steady = SteadyWork(database_url, _take_turn)

    def stop(self) -> None:
        """Let `run` finish what it is at and return. Any thread."""
        self._steady.stop()

    def run(self) -> None:
        """Work until `stop`."""
        self._steady.run(self._work)

    def _work(self, connection: Connection) -> None:
        if compress_after(connection, self._settings.columnstore_after):
            log.info("Readings older than %s are compressed.", self._settings.columnstore_after)
        dropped_at = -DROP_EVERY_S
        while not self._steady.is_stopping:
            made = roll_up(connection, beat)
            if made:
                log.debug("rolled up %d hours", made)
            changed = apply_phases(connection, load_town(connection).service_date(load_clock(connection).now()))
            if changed:
                log.info("A new phase began today for %s.", ", ".join(changed))
            if time.monotonic() - dropped_at >= DROP_EVERY_S:
                self._drop(connection)
                dropped_at = time.monotonic()
            self._steady.note_well()
            self._steady.pause(ROUND_EVERY_S)

    def _drop(self, connection: Connection) -> None:
        clock = load_clock(connection)
        if clock.simulated:
            return  # a day that somebody plays must not cost the readings of real ones
        chunks = try_to_drop(connection, self._settings, clock.now(), beat)
        if chunks:
            log.info("Dropped %d chunks that were older than the settings keep.", chunks)
        letters = 0
        while count := drop_dead_letters(connection, clock.now() - self._settings.letters):
            letters += count
            beat()
        if letters:
            log.info("Dropped %d dead letters that were older than the settings keep.", letters)
        for index in loose_indexes(connection, clock.now() - FINISHED_AFTER):
            make_dense(connection, index)
            beat()


def _take_turn(connection: Connection) -> bool:
    row = connection.execute("SELECT pg_try_advisory_lock(%s)", (SINGLE_WORKER_LOCK,)).fetchone()
    return row is not None and bool(row[0])


def read_settings() -> KeepingSettings:
    """Return the settings.

    Raises:
        InvalidRequestError: they contradict each other or are out of range.

    """
    try:
        return KeepingSettings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "_".join(("RIQING_KEEPING", *(str(part).upper() for part in first["loc"])))
        raise InvalidRequestError(f"{name}: {first['msg']}") from error


def main() -> int:
    """Run by the environment's settings until SIGTERM or SIGINT; return the exit status."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        keeping = Keeping(configured_url(), read_settings())
    except RiqingError as error:
        print(f"riqing: {error}", file=sys.stderr)
        return 1

    stop_on_signals(keeping.stop)
    keeping.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
