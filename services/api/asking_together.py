"""Many who ask for one thing each: while the store answers one question, those who come meanwhile are put together."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

import psycopg

from services.api.announcements import Announcements, KnownDay
from services.api.database import Database
from services.domain.errors import RiqingError
from services.store.connection import Connection

MOST_AT_ONCE = 200

Found = TypeVar("Found")
Load = Callable[[Connection, KnownDay, Sequence[str] | None], Mapping[str, Found]]
"""Returns what the store has under some keys, or all that it has."""

log = logging.getLogger(__name__)


class AskingTogether(Generic[Found]):
    """Asks the store for what is waited for, all in one question; lives in the event loop's thread.

    A question is put after those whom it answers have come, so nobody gets what was found before.
    """

    def __init__(
        self,
        database: Database,
        announcements: Announcements,
        threads: ThreadPoolExecutor,
        load: Load[Found],
    ) -> None:
        self._database = database
        self._announcements = announcements
        self._threads = threads
        self._load = load
        self._waiting: dict[str, list[asyncio.Future[Found | None]]] = {}
        self._asking: asyncio.Task[None] | None = None

    async def find(self, key: str) -> Found | None:
        """Return what the store has under `key` from now on; none where it has nothing, or no answer."""
        loop = asyncio.get_running_loop()
        waiting: asyncio.Future[Found | None] = loop.create_future()
        self._waiting.setdefault(key, []).append(waiting)
        if self._asking is None:
            self._asking = loop.create_task(self._ask_until_all_know())
        return await waiting

    async def find_all(self) -> Mapping[str, Found]:
        """Return all that the store has from now on; nothing where it gives no answer."""
        return await self._find(None)

    async def _find(self, keys: Sequence[str] | None) -> Mapping[str, Found]:
        day = await self._announcements.day()
        if day is None:
            return {}
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._ask, day, keys)

    async def _ask_until_all_know(self) -> None:
        try:
            while self._waiting:
                keys = [*self._waiting][:MOST_AT_ONCE]
                waiting = {key: self._waiting.pop(key) for key in keys}
                found: Mapping[str, Found] = {}
                try:
                    found = await self._find(keys)
                finally:
                    for key, several in waiting.items():
                        for one in several:
                            if not one.done():
                                one.set_result(found.get(key))
        finally:
            self._asking = None
            for one in (one for several in self._waiting.values() for one in several if not one.done()):
                one.set_result(None)
            self._waiting = {}

    def _ask(self, day: KnownDay, keys: Sequence[str] | None) -> Mapping[str, Found]:
        try:
            with self._database.reading() as connection:
                return self._load(connection, day, keys)
        except (psycopg.Error, RiqingError) as error:
            # Who gets nothing asks the usual way, which tells what is wrong.
            log.warning("What is asked for together is not found: %s", " ".join(str(error).split()))
            return {}
