"""1,500 trucks that move once a second: their last positions are rewritten in the store, as ingest does it."""

import threading
from datetime import UTC, datetime
from types import TracebackType
from typing import LiteralString

from services.domain.clock import TownClock
from services.store.connection import Connection, connect
from services.store.town import save_clock

_MOVE: LiteralString = """
    UPDATE latest_positions SET
        observed_at = %(now)s, received_at = %(now)s, speed_kmh = 15 + (device_key + %(step)s) %% 30,
        heading_deg = (device_key * 7 + %(step)s * 3) %% 360, load_kg = (device_key * 37 + %(step)s) %% 5000,
        lon = 116.3 + 0.28 * sin(device_key * 12.9898) + 0.003 * cos(%(step)s * 0.03 + device_key),
        lat = 40.1 + 0.09 * sin(device_key * 78.233) + 0.003 * sin(%(step)s * 0.03 + device_key)"""
"""Each truck on a small circle of its own, somewhere in the town, at about 30 km/h."""


class MovingFleet:
    """Moves all trucks once a second, in a thread of its own, until the block is left."""

    def __init__(self, database_url: str, begins_at: datetime) -> None:
        self._database_url = database_url
        self._clock = TownClock(datetime.now(UTC), begins_at, 1.0, simulated=True)
        self._stopping = threading.Event()
        self.stands = False
        self._thread = threading.Thread(target=self._run, name="moving-fleet")
        self.steps = 0

    def __enter__(self) -> "MovingFleet":
        """Let the town's clock run, and the trucks move."""
        self._set_clock(self._clock)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, of: TracebackType | None) -> None:
        """Let them stand."""
        self._stopping.set()
        self._thread.join()

    def run_at(self, speed: float) -> None:
        """Let so many of the town's seconds pass in one from now on; the trucks still move once a real second."""
        self._set_clock(TownClock(datetime.now(UTC), self._clock.now(), speed, simulated=True))

    def _set_clock(self, clock: TownClock) -> None:
        self._clock = clock
        with connect(self._database_url, autocommit=True) as connection:
            save_clock(connection, clock)

    def _run(self) -> None:
        began = datetime.now(UTC)
        with connect(self._database_url, autocommit=True) as connection:
            while not self._stopping.wait(1.0 - (datetime.now(UTC) - began).total_seconds() % 1.0):
                if self.stands:
                    continue
                self.steps += 1
                self._move(connection, self._clock.now())

    def _move(self, connection: Connection, now: datetime) -> None:
        connection.execute(_MOVE, {"now": now, "step": self.steps})
        connection.execute("NOTIFY readings_stored")
