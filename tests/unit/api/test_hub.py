"""The live hub: who is told of what, in which order, and what a listener that was away gets."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine

import pytest

from services.api.live.hub import GREETING, Audience, LiveEvent, LiveHub
from services.store.visibility import EVERYTHING, Visibility

C1, C2, V1 = Visibility(contractor_id="C1"), Visibility(contractor_id="C2"), Visibility(vehicle_id="V1")


def event(name: str, key: str = "k", **fields: object) -> LiveEvent:
    """Return an event whose data is its own key."""
    return LiveEvent(name, key, f'"{key}"'.encode(), **fields)  # type: ignore[arg-type]


def names(portion: bytes) -> list[str]:
    """Return the names of the events in a portion."""
    return [line.removeprefix("event: ") for line in portion.decode().splitlines() if line.startswith("event: ")]


def last_id(portion: bytes) -> str:
    """Return the id of the last event in a portion."""
    return [line.removeprefix("id: ") for line in portion.decode().splitlines() if line.startswith("id: ")][-1]


def run(scenario: Callable[[], Coroutine[None, None, None]]) -> None:
    """Run a scenario in an event loop of its own."""
    asyncio.run(scenario())


Opened = tuple[AsyncIterator[bytes], bytes]
"""A stream and its first portion."""


async def _open(hub: LiveHub, visible: Visibility = EVERYTHING, after: str | None = None) -> Opened:
    stream = hub.listen(visible, after)
    return stream, await anext(stream)


@pytest.mark.parametrize(
    ("told", "seen_by"),
    [
        (event("e", contractor_id="C1", vehicle_id="V1"), {"all", "C1", "V1"}),
        (event("e", contractor_id="C2", vehicle_id="V2"), {"all", "C2"}),
        (event("e"), {"all"}),
        (event("e", audience=Audience.EVERYONE), {"all", "C1", "C2", "V1"}),
        (event("e", audience=Audience.UNLIMITED, contractor_id="C1"), {"all"}),
        (event("e", audience=Audience.LIMITED), {"C1", "C2", "V1"}),
        (event("e", audience=Audience.LIMITED_OWNERS, contractor_id="C1"), {"C1"}),
    ],
)
def test_who_is_told(told: LiveEvent, seen_by: set[str]) -> None:
    """Each event reaches those whose it is, or the circle that it names."""
    views = {"all": EVERYTHING, "C1": C1, "C2": C2, "V1": V1}
    assert {name for name, visible in views.items() if told.may_be_seen(visible)} == seen_by


def test_nobody_sees_what_is_nobodys() -> None:
    """A contractor's person without contractor is not told of what belongs to no contractor."""
    assert not event("e").may_be_seen(Visibility(contractor_id=""))


def test_a_listener_hears_what_happens_in_order() -> None:
    """Events published at once come as one portion."""

    async def scenario() -> None:
        hub = LiveHub(10_000)
        stream, greeting = await _open(hub)
        assert greeting == GREETING
        hub.publish([event("a"), event("b")])
        hub.publish([event("c")])
        assert names(await anext(stream)) == ["a", "b"]
        assert names(await anext(stream)) == ["c"]

    run(scenario)


def test_a_new_listener_gets_the_present_state() -> None:
    """Of the events that make the state, the newest of each key; of the others nothing."""

    async def scenario() -> None:
        hub = LiveHub(10_000, state_names=("position",))
        hub.publish([event("position", "V1"), event("visit", "P1"), event("position", "V2"), event("position", "V1")])
        _, beginning = await _open(hub)
        assert names(beginning) == ["position", "position"]
        assert beginning.index(b'"V2"') < beginning.index(b'"V1"')

    run(scenario)


def test_a_listener_that_was_away_gets_what_it_missed() -> None:
    """Exactly the events after the last one it had, and then what happens."""

    async def scenario() -> None:
        hub = LiveHub(10_000, state_names=("a",))
        stream, _ = await _open(hub)
        hub.publish([event("a"), event("b")])
        had = last_id(await anext(stream))
        await stream.aclose()  # type: ignore[attr-defined]
        assert hub.listener_count == 0
        hub.publish([event("c"), event("d")])
        again, beginning = await _open(hub, after=had)
        assert names(beginning) == ["c", "d"]
        hub.publish([event("e")])
        assert names(await anext(again)) == ["e"]

    run(scenario)


def test_numbers_of_another_process_are_not_ours() -> None:
    """After a restart an id of before gets the present state, not a wrong part of the history."""

    async def scenario() -> None:
        before, after = LiveHub(10_000), LiveHub(10_000, state_names=("a",))
        stream, _ = await _open(before)
        before.publish([event("x")])
        had = last_id(await anext(stream))
        after.publish([event("a"), event("b"), event("c")])
        _, beginning = await _open(after, after=had)
        assert names(beginning) == ["a"]

    run(scenario)


def test_a_slow_listener_is_cut_off_alone() -> None:
    """One for whom too much waits is ended; the one that reads goes on."""
    cut = []

    async def scenario() -> None:
        hub = LiveHub(300, on_cut=lambda: cut.append(1))
        slow, _ = await _open(hub)
        quick, _ = await _open(hub)
        for number in range(20):
            hub.publish([event("a", str(number))])
            assert names(await anext(quick)) == ["a"]
        assert (hub.listener_count, cut) == (1, [1])
        with pytest.raises(StopAsyncIteration):
            await anext(slow)

    run(scenario)


def test_one_portion_may_be_larger_than_the_backlog() -> None:
    """What is told at once reaches a listener that has nothing else waiting."""

    async def scenario() -> None:
        hub = LiveHub(10)
        stream, _ = await _open(hub)
        hub.publish([event("a"), event("b")])
        assert names(await anext(stream)) == ["a", "b"]

    run(scenario)


def test_watching_one_thing() -> None:
    """A watcher wakes for its own key only, and is forgotten afterwards."""

    async def scenario() -> None:
        hub = LiveHub(10_000)
        with hub.watching("plan", "1") as wakes:
            hub.publish([event("plan", "2"), event("visit", "1")])
            assert not wakes.is_set()
            hub.publish([event("plan", "1")])
            assert wakes.is_set()

    run(scenario)
