"""What the store says has changed, known to the moment: it is asked to catch up before anything is taken to hold."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date

import psycopg
from psycopg import pq

from services.domain.clock import TownClock
from services.domain.errors import RiqingError
from services.domain.town import Town
from services.store.connection import Connection, connect
from services.store.sessions import PERSON_CHANGED
from services.store.town import load_town_and_clock

TABLE_CHANGED = "table_changed"
"""The notification that something of a table is not what it was (migration 0026).

With the table's name and, where that is known, the keys that it is about, each on a line of its own.
"""

CLOCK_TABLES = ("town", "town_clock")
RETRY_S = 1.0
ANSWERS_WITHIN_S = 2.0
"""A store that does not say within this that we have caught up is taken not to be listened to."""

State = tuple[int, ...]
"""Of some tables: another one after any change of them."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class KnownDay:
    """The town, its clock, and the service day that it is until `until_s` (Unix seconds)."""

    town: Town
    clock: TownClock
    service_date: date
    until_s: float


class Announcements:
    """Counts the announced changes of each table; lives in the event loop's thread.

    The store hands on what was announced before it says that it is done with a question. So once it has answered an
    empty one on the connection that listens, everything is known that was committed before it was asked. All who wait
    for that at the same time wait for the same question.
    """

    def __init__(self, database_url: str, on_person_changed: Callable[[str | None], None]) -> None:
        """`on_person_changed` is told whose sessions may not be what they were; none: everybody's."""
        self._database_url = database_url
        self._on_person_changed = on_person_changed
        self._era = 0
        self._changes: Counter[str] = Counter()
        self._changes_of_all: Counter[str] = Counter()
        """Of tables as a whole: those that did not name keys."""
        self._changes_of_parts: Counter[tuple[str, str]] = Counter()
        self._listening: pq.abc.PGconn | None = None
        self._lost = asyncio.Event()
        self._asked: list[list[asyncio.Future[bool]]] = []
        self._to_ask: list[asyncio.Future[bool]] = []
        self._thread = ThreadPoolExecutor(1, "announcements")
        self._day: tuple[State, KnownDay] | None = None

    @property
    def is_listening(self) -> bool:
        """Whether the store is listened to."""
        return self._listening is not None

    def state_of(self, tables: Sequence[str]) -> State:
        """Return the state of some tables as far as it was announced."""
        changes = self._changes
        return (self._era, *[changes[table] for table in tables])

    def state_of_part(self, table: str, key: str) -> State:
        """Return the state of what a table has under a key, where its announcements name keys."""
        return (self._era, self._changes_of_all[table], self._changes_of_parts[table, key])

    def state_of_parts(self, table: str, keys: Sequence[str]) -> State:
        """Return the state of what a table has under any of some keys: counts only grow, so their sum tells."""
        changes = self._changes_of_parts
        return (self._era, self._changes_of_all[table], sum([changes[table, key] for key in keys]))

    async def caught_up(self) -> bool:
        """Wait until everything is known that was committed before; false where the store is not listened to."""
        if self._listening is None:
            return False
        loop = asyncio.get_running_loop()
        waiting: asyncio.Future[bool] = loop.create_future()
        if not self._to_ask:
            loop.call_soon(self._ask)
        self._to_ask.append(waiting)
        return await waiting

    async def day(self) -> KnownDay | None:
        """Return the day that the town calls today, by what is known; none while there is no town."""
        state = self.state_of(CLOCK_TABLES)
        if self._day is None or self._day[0] != state or time.time() >= self._day[1].until_s:
            found = await asyncio.get_running_loop().run_in_executor(self._thread, self._load_day)
            if found is None:
                return None
            self._day = (state, found)
        return self._day[1]

    async def listen(self) -> None:
        """Listen until cancelled, again and again where the connection is lost."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                listening = await loop.run_in_executor(self._thread, self._connect)
                try:
                    await self._follow(listening)
                finally:
                    listening.close()
            except (psycopg.Error, RiqingError) as error:
                log.warning("Answers are not kept, the database cannot be listened to: %s", str(error).split("\n")[0])
                await asyncio.sleep(RETRY_S)

    def _connect(self) -> Connection:
        listening = psycopg.connect(
            self._database_url, autocommit=True, connect_timeout=5, application_name="riqing-api-announcements"
        )
        for channel in (TABLE_CHANGED, PERSON_CHANGED):
            listening.execute(psycopg.sql.SQL("LISTEN {}").format(psycopg.sql.Identifier(channel)))
        return listening

    def _load_day(self) -> KnownDay | None:
        try:
            with connect(self._database_url, autocommit=True) as connection:
                town, clock = load_town_and_clock(connection)
        except (psycopg.Error, RiqingError):
            return None
        service_date = town.service_date(clock.now())
        ends_at = town.service_day(service_date).end
        return KnownDay(town, clock, service_date, time.time() + clock.real_seconds_until(ends_at))

    async def _follow(self, listening: Connection) -> None:
        loop = asyncio.get_running_loop()
        socket, raw = listening.fileno(), listening.pgconn
        raw.enter_pipeline_mode()
        raw.nonblocking = 1
        # What was announced while nobody listened is not known.
        self._era += 1
        self._on_person_changed(None)
        self._lost.clear()
        self._listening = raw
        loop.add_reader(socket, self._read)
        try:
            while not self._lost.is_set():
                try:
                    async with asyncio.timeout(ANSWERS_WITHIN_S):
                        await self._lost.wait()
                except TimeoutError:
                    await self._prove_alive()
        finally:
            self._listening = None
            loop.remove_reader(socket)
            for waiting in (one for several in (*self._asked, self._to_ask) for one in several):
                if not waiting.done():
                    waiting.set_result(False)
            self._asked, self._to_ask = [], []

    async def _prove_alive(self) -> None:
        try:
            async with asyncio.timeout(ANSWERS_WITHIN_S):
                await self.caught_up()
        except TimeoutError:
            self._lost.set()

    def _ask(self) -> None:
        """Ask on behalf of all who wait."""
        if self._listening is None or not self._to_ask:
            return
        self._asked.append(self._to_ask)
        self._to_ask = []
        try:
            self._listening.pipeline_sync()
            self._listening.flush()
        except psycopg.Error:
            self._lost.set()

    def _read(self) -> None:
        raw = self._listening
        if raw is None:
            return
        try:
            raw.consume_input()
            done = 0
            while not raw.is_busy() and (result := raw.get_result()) is not None:
                done += result.status == pq.ExecStatus.PIPELINE_SYNC
            # Last: what was announced before an answer has been read with it.
            while (notice := raw.notifies()) is not None:
                self._note(notice.relname.decode(), notice.extra.decode())
        except psycopg.Error:
            self._lost.set()
            return
        for waiting in (one for several in self._asked[:done] for one in several):
            if not waiting.done():
                waiting.set_result(True)
        del self._asked[:done]

    def _note(self, channel: str, payload: str) -> None:
        if channel == PERSON_CHANGED:
            self._on_person_changed(payload)
            return
        table, *keys = payload.split("\n")
        self._changes[table] += 1
        if not keys:
            self._changes_of_all[table] += 1
        for key in keys:
            self._changes_of_parts[table, key] += 1
