"""Bulletins as a process: `python -m services.reports.service` writes them each morning."""

import logging
import sys
from datetime import timedelta

from services.domain.errors import RiqingError
from services.heartbeat import beat
from services.reports.fetch import fetch_bulletin, fetch_ground
from services.reports.route_days import keep_route_days
from services.reports.schedule import periods_by
from services.reports.settings import ReportSettings, read_report_settings
from services.reports.writing import is_written, write_bulletin
from services.signals import stop_on_signals
from services.store.bulletin_figures import days_with_due_visits
from services.store.connection import Connection, configured_url
from services.store.evidence import batches_to_examine
from services.store.kept_routes import days_not_current
from services.store.steady import SteadyWork
from services.store.town import load_clock, load_town

log = logging.getLogger(__name__)

ROUND_EVERY_S = 20.0
PATIENCE = timedelta(hours=1)
"""So long a bulletin waits for readings that are being examined; then it is written and says that it is not final."""
KEPT_BACK = timedelta(days=62)
"""So far back a day that was decided again is compared again: this month's days and the one's before."""
DAYS_A_ROUND = 5
"""Clearance waits while a day is compared and kept, a second or so in a large town."""
SINGLE_WRITER_LOCK = 0x72657074
"""An advisory lock of this number keeps a second process waiting, so that no bulletin is written twice."""


class Bulletins:
    """Rounds of writing, through any absence of the database, until told to stop."""

    def __init__(self, database_url: str, settings: ReportSettings) -> None:
        self._settings = settings
        self._steady = SteadyWork(database_url, _take_turn)

    def stop(self) -> None:
        """Let `run` finish what it is at and return. Any thread."""
        self._steady.stop()

    def run(self) -> None:
        """Work until `stop`."""
        self._steady.run(self._work)

    def _work(self, connection: Connection) -> None:
        while not self._steady.is_stopping:
            try:
                keep_past_routes(connection)
                write_what_is_due(connection, self._settings)
            except RiqingError as error:
                log.warning("A bulletin could not be written: %s", error)
            self._steady.note_well()
            self._steady.pause(ROUND_EVERY_S)


def write_what_is_due(connection: Connection, settings: ReportSettings) -> list[str]:
    """Write the bulletins that are due by the town's clock and are not there; return the periods' names.

    Raises:
        NotFoundError: there is no town yet.
        RiqingError: the folder cannot be written to.

    """
    if settings.at is None:
        return []
    town, now = load_town(connection), load_clock(connection).now()
    names = []
    for period, due_at in periods_by(town, now, settings.at):
        if is_written(period, settings) or not days_with_due_visits(connection, period.first, period.last):
            continue
        if batches_to_examine(connection, period.span(town)) and now < due_at + PATIENCE:
            continue
        beat()
        with connection.transaction():
            bulletin, ground = fetch_bulletin(connection, period), fetch_ground(connection)
        paths = write_bulletin(bulletin, town, ground, settings)
        log.info("wrote %s", ", ".join(path.name for path in paths))
        names.append(period.name)
    return names


def keep_past_routes(connection: Connection) -> int:
    """Keep the routes' figures of days that are over and examined, some of them; return how many days were kept.

    Raises:
        NotFoundError: there is no town yet.

    """
    town, now = load_town(connection), load_clock(connection).now()
    today, kept = town.service_date(now), 0
    for day in days_not_current(connection, today - KEPT_BACK, today - timedelta(days=1)):
        if kept < DAYS_A_ROUND and not batches_to_examine(connection, town.service_day(day)):
            beat()
            kept += keep_route_days(connection, town, day)
    return kept


def _take_turn(connection: Connection) -> bool:
    row = connection.execute("SELECT pg_try_advisory_lock(%s)", (SINGLE_WRITER_LOCK,)).fetchone()
    return row is not None and bool(row[0])


def main() -> int:
    """Run by the environment's settings until SIGTERM or SIGINT; return the exit status."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        bulletins = Bulletins(configured_url(), read_report_settings())
    except RiqingError as error:
        print(f"riqing: {error}", file=sys.stderr)
        return 1

    stop_on_signals(bulletins.stop)
    bulletins.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
