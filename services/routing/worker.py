"""The planner's process: `python -m services.routing.worker` takes the jobs of planning and publishing."""

import asyncio
import logging
import signal
import sys

from procrastinate.exceptions import JobAborted

from services.broker.settings import BrokerSettings
from services.domain.errors import RiqingError
from services.heartbeat import beat
from services.routing.jobs import Planner, work_until_cancelled
from services.store.connection import configured_url

log = logging.getLogger(__name__)

BEAT_INTERVAL_S = 1.0


def _tell_expected_errors_in_a_line(record: logging.LogRecord) -> bool:
    """Replace the traceback of an error that is meant for a person, or of a stop, by its text."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, RiqingError | JobAborted):
        record.msg = f"{record.msg}: {' '.join(str(error).split())}"
        record.exc_info = None
    return True


async def _beat() -> None:
    while True:
        beat()
        await asyncio.sleep(BEAT_INTERVAL_S)


async def _main(planner: Planner, database_url: str) -> None:
    working = asyncio.create_task(work_until_cancelled(planner, database_url))
    beating = asyncio.create_task(_beat())
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, working.cancel)
    try:
        await working
    except asyncio.CancelledError:
        log.info("stopped")
    finally:
        beating.cancel()


def main() -> int:
    """Work until SIGTERM or Ctrl-C."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)  # a line a request says nothing here
    logging.getLogger("procrastinate.worker").addFilter(_tell_expected_errors_in_a_line)
    try:
        database_url = configured_url()
        planner = Planner(database_url, BrokerSettings().url)
    except RiqingError as error:
        print(f"riqing: {error}", file=sys.stderr)
        return 1
    try:
        asyncio.run(_main(planner, database_url))
    finally:
        planner.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
