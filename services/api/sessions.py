"""Whose the open sessions are: asked of the store at most every few seconds each, and forgotten once one ends."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

from services.api.database import Database
from services.store.sessions import load_person
from services.store.users import User

FRESH_FOR_S = 5.0
"""How long an end may go unnoticed where nobody announces it: while the store cannot be listened to."""

REMEMBERED_SESSIONS = 10_000

Remembered = tuple[float, User | None]
"""When the store was asked, and its answer."""


class Sessions:
    """Answers whose a session is, without asking the store for each request; safe to use from any thread."""

    def __init__(self, database: Database, now_s: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._now_s = now_s
        self._lock = threading.Lock()
        self._known: dict[UUID, Remembered] = {}
        self._changes = 0
        """Counts what was announced: an answer that was under way meanwhile is not remembered."""
        self._watchers: dict[asyncio.Event, asyncio.AbstractEventLoop] = {}

    def remembered(self, session_id: UUID) -> tuple[bool, User | None]:
        """Return whether the session is freshly known, and whose it is; none where it is over."""
        asked_s, user = self._known.get(session_id, (-FRESH_FOR_S, None))
        return self._now_s() - asked_s < FRESH_FOR_S, user

    def look_up(self, session_id: UUID) -> User | None:
        """Return whose a session is as the store has it, and remember that; none where it is over."""
        changes, asked_s = self._changes, self._now_s()
        with self._database.connection() as connection:
            user = load_person(connection, session_id)
        with self._lock:
            if len(self._known) >= REMEMBERED_SESSIONS:
                self._known.clear()
            if changes == self._changes:
                self._known[session_id] = (asked_s, user)
        return user

    def forget(self, user_name: str | None = None) -> None:
        """Forget the sessions of a person, or all: role, limits or the sessions may not be what they were."""
        with self._lock:
            self._changes += 1
            self._known = {
                session_id: (asked_s, user)
                for session_id, (asked_s, user) in self._known.items()
                if user_name is not None and user is not None and user.user_name != user_name
            }
            watchers = list(self._watchers.items())
        for event, loop in watchers:
            loop.call_soon_threadsafe(event.set)

    @contextmanager
    def watching(self) -> Iterator[asyncio.Event]:
        """Lend an event that is set whenever something of anybody's sessions changes."""
        event = asyncio.Event()
        with self._lock:
            self._watchers[event] = asyncio.get_running_loop()
        try:
            yield event
        finally:
            with self._lock:
                del self._watchers[event]
