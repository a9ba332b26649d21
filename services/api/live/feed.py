"""Watching the store for changes, once per process, and handing them to the hub."""

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable, Sequence

import psycopg

from services.api.database import Database
from services.api.live.hub import LiveEvent, LiveHub
from services.api.live.sources import Source, all_sources
from services.domain.errors import RiqingError
from services.heartbeat import beat
from services.store.connection import Connection, connect
from services.store.sessions import PERSON_CHANGED

SHORTEST_PAUSE_S = 0.25
"""Between two looks, so that a burst of notifications is one look."""

LONGEST_PAUSE_S = 2.0
"""A look is taken at least this often, whether anything was announced or not."""

RETRY_S = 1.0

log = logging.getLogger(__name__)


class LiveFeed:
    """A thread that listens to the database's notifications and looks up what they announce."""

    def __init__(
        self,
        database_url: str,
        database: Database,
        hub: LiveHub,
        loop: asyncio.AbstractEventLoop,
        on_person_changed: Callable[[str | None], None],
    ) -> None:
        """`on_person_changed` is told whose sessions may not be what they were; none: everybody's."""
        self._database_url = database_url
        self._database = database
        self._hub = hub
        self._loop = loop
        self._on_person_changed = on_person_changed
        self._stopping = threading.Event()
        self._sources = all_sources()
        self._thread = threading.Thread(target=self._run, name="live feed", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """Stop watching and wait for the thread to end."""
        self._stopping.set()
        self._thread.join(timeout=LONGEST_PAUSE_S + 5)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                with connect(self._database_url, autocommit=True) as listening:
                    self._watch(listening)
            except (psycopg.Error, RiqingError) as error:
                beat()
                log.warning("The live stream waits for the database: %s", " ".join(str(error).split()))
                self._stopping.wait(RETRY_S)

    def _watch(self, listening: Connection) -> None:
        for channel in sorted({channel for source in self._sources for channel in source.channels}):
            listening.execute(psycopg.sql.SQL("LISTEN {}").format(psycopg.sql.Identifier(channel)))
        listening.execute(psycopg.sql.SQL("LISTEN {}").format(psycopg.sql.Identifier(PERSON_CHANGED)))
        self._on_person_changed(None)  # nobody knows what was announced before
        looked_at_all_s = -LONGEST_PAUSE_S
        announced: set[str] = set()
        while not self._stopping.is_set():
            if time.monotonic() - looked_at_all_s >= LONGEST_PAUSE_S:
                looked_at_all_s = time.monotonic()
                self._look(self._sources)
            else:
                self._look([source for source in self._sources if announced & set(source.channels)])
            beat()
            self._stopping.wait(SHORTEST_PAUSE_S)
            notices = [*listening.notifies(timeout=LONGEST_PAUSE_S - SHORTEST_PAUSE_S, stop_after=1)]
            announced = {notice.channel for notice in notices}
            for user_name in {notice.payload for notice in notices if notice.channel == PERSON_CHANGED}:
                self._on_person_changed(user_name)

    def _look(self, sources: Sequence[Source]) -> None:
        """Publish what changed at these sources; at once for each, so that none's is lost by another's failure."""
        if not sources:
            return
        with self._database.connection() as connection:
            for source in sources:
                if events := list(source.changes(connection)):
                    self._publish(events)

    def _publish(self, events: list[LiveEvent]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: the process is ending
            self._loop.call_soon_threadsafe(self._hub.publish, events)
