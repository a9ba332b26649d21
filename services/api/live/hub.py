"""Telling many listeners of the same events, each from a bounded queue, so that a slow one harms only itself."""

import asyncio
import secrets
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from services.store.visibility import Visibility

REMEMBERED_EVENTS = 20_000
"""How far back a listener that was away may take up again."""


GREETING = b"retry: 2000\n: connected\n\n"
"""Sent at once, so that the client knows the stream is open and how soon to connect again (ms)."""


class Audience(Enum):
    """Who is told of an event: those whose it is (and all who see the whole town), or other circles."""

    OWNERS = "owners"
    UNLIMITED = "unlimited"
    """Only those who see the whole town."""
    LIMITED = "limited"
    """Only those who do not."""
    LIMITED_OWNERS = "limited owners"
    """Only those of these whose it is."""
    EVERYONE = "everyone"


class LiveEvent(NamedTuple):
    """Something that happened; `data` is JSON.

    `key` names what it is about: of events with the same name and key only the newest is the present state.
    `contractor_id` and `vehicle_id` say whose it is.
    """

    name: str
    key: str
    data: bytes
    contractor_id: str | None = None
    vehicle_id: str | None = None
    audience: Audience = Audience.OWNERS

    def may_be_seen(self, visible: Visibility) -> bool:
        """Tell whether somebody who may see only `visible` is told of it."""
        if self.audience in (Audience.OWNERS, Audience.LIMITED_OWNERS):
            shows = visible.shows(self.contractor_id, self.vehicle_id)
            return shows and (visible.is_limited or self.audience is Audience.OWNERS)
        return self.audience is Audience.EVERYONE or visible.is_limited == (self.audience is Audience.LIMITED)


class NumberedEvent(NamedTuple):
    """An event as it goes over the wire, with its number."""

    number: int
    event: LiveEvent
    wire: bytes


@dataclass(eq=False, slots=True)
class Listener:
    """One open stream: what waits for it, and what it may see."""

    visible: Visibility
    backlog_bytes: int
    wakes: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: deque[bytes] = field(default_factory=deque)
    waiting_bytes: int = 0
    cut: bool = False

    def offer(self, portion: bytes) -> None:
        """Queue a portion; a listener for whom too much waits is cut off and must connect again."""
        if self.waiting and self.waiting_bytes + len(portion) > self.backlog_bytes:
            self.cut = True
            self.waiting.clear()
        else:
            self.waiting.append(portion)
            self.waiting_bytes += len(portion)
        self.wakes.set()

    def take(self) -> bytes:
        """Return the next portion."""
        portion = self.waiting.popleft()
        self.waiting_bytes -= len(portion)
        return portion


class LiveHub:
    """Keeps the listeners and the latest events; lives in the event loop's thread."""

    def __init__(
        self, backlog_bytes: int, state_names: Sequence[str] = (), on_cut: Callable[[], None] = lambda: None
    ) -> None:
        """`state_names` are the events whose newest one per key is what a new listener begins with."""
        self._backlog_bytes = backlog_bytes
        self._state_names = frozenset(state_names)
        self._on_cut = on_cut
        self._listeners: set[Listener] = set()
        self._watchers: dict[tuple[str, str], set[asyncio.Event]] = {}
        self._history: deque[NumberedEvent] = deque(maxlen=REMEMBERED_EVENTS)
        self._present: dict[tuple[str, str], NumberedEvent] = {}
        self._number = 0
        self._era = secrets.token_hex(4)
        """Numbers begin anew with each process: an id of another one is not taken for ours."""

    @property
    def listener_count(self) -> int:
        """How many streams are open."""
        return len(self._listeners)

    def publish(self, events: Sequence[LiveEvent]) -> None:
        """Tell all listeners of events: each sort of listener's portion is put together only once."""
        numbered = [self._numbered(event) for event in events]
        portions: dict[Visibility, bytes] = {}
        for listener in list(self._listeners):
            visible = listener.visible
            if visible not in portions:
                portions[visible] = b"".join(one.wire for one in numbered if one.event.may_be_seen(visible))
            if portions[visible]:
                listener.offer(portions[visible])
            if listener.cut:  # its own stream may be stuck in sending for a while
                self._listeners.discard(listener)
                self._on_cut()

    def _numbered(self, event: LiveEvent) -> NumberedEvent:
        self._number += 1
        head = f"id: {self._era}-{self._number}\nevent: {event.name}\ndata: ".encode()
        numbered = NumberedEvent(self._number, event, head + event.data + b"\n\n")
        self._history.append(numbered)
        if event.name in self._state_names:
            self._present[event.name, event.key] = numbered
        for woken in self._watchers.get((event.name, event.key), ()):
            woken.set()
        return numbered

    async def listen(self, visible: Visibility, last_event_id: str | None) -> AsyncGenerator[bytes]:
        """Yield portions of events as they happen.

        First comes what was missed since `last_event_id` or, where that is not known any more, the present
        state. The stream ends when its reader was too slow.
        """
        listener = Listener(visible, self._backlog_bytes)
        self._listeners.add(listener)
        try:
            yield GREETING + self._beginning(visible, last_event_id)
            while not listener.cut:
                await listener.wakes.wait()
                listener.wakes.clear()
                while listener.waiting:
                    yield listener.take()
        finally:
            self._listeners.discard(listener)

    def _beginning(self, visible: Visibility, last_event_id: str | None) -> bytes:
        missed = self._missed(last_event_id)
        if missed is None:
            missed = sorted(self._present.values(), key=lambda one: one.number)
        return b"".join(one.wire for one in missed if one.event.may_be_seen(visible))

    def _missed(self, last_event_id: str | None) -> list[NumberedEvent] | None:
        """Return what came after an event, or none where it is not of ours or too long ago."""
        era, _, number_text = (last_event_id or "").partition("-")
        if era != self._era or not (number_text.isascii() and number_text.isdigit()) or len(number_text) > 18:
            return None
        number = int(number_text)
        oldest = self._history[0].number if self._history else self._number + 1
        if not oldest - 1 <= number <= self._number:
            return None
        return [one for one in self._history if one.number > number]

    @contextmanager
    def watching(self, name: str, key: str) -> Iterator[asyncio.Event]:
        """Lend an event that is set whenever something of this name and key happens."""
        wakes = asyncio.Event()
        watchers = self._watchers.setdefault((name, key), set())
        watchers.add(wakes)
        try:
            yield wakes
        finally:
            watchers.discard(wakes)
            if not watchers:
                self._watchers.pop((name, key), None)
