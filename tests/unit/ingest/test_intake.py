"""The bounded list between the threads."""

import threading
import time
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from services.ingest.delivery import Delivery
from services.ingest.intake import Intake


def burst(*packet_ids: int, size: int = 1) -> list[Delivery]:
    """Return deliveries with bodies of `size` bytes."""
    return [Delivery(b"t", b"x" * size, packet_id, 1, datetime.now(UTC)) for packet_id in packet_ids]


def ids(deliveries: list[Delivery]) -> list[int]:
    """Return the deliveries' packet ids."""
    return [delivery.packet_id for delivery in deliveries]


def test_batches_keep_order_and_size() -> None:
    """Bursts are cut and joined into batches of the wanted size, in the order in which they came."""
    intake = Intake(100, 100)
    intake.put(burst(1, 2, 3))
    intake.put(burst(4, 5, 6, 7))
    assert ids(intake.take(5, 100, 0, 0)) == [1, 2, 3, 4, 5]
    assert ids(intake.take(5, 100, 0, 0)) == [6, 7]
    assert intake.take(5, 100, 0, 0) == []


def test_batches_are_bounded_in_bytes() -> None:
    """A batch ends with the message that fills it, and has one however large that is."""
    intake = Intake(100, 1_000)
    intake.put(burst(1, 2, 3, size=40) + burst(4, size=500))
    assert ids(intake.take(10, 100, 0, 0)) == [1, 2, 3]
    assert ids(intake.take(10, 100, 0, 0)) == [4]


def test_room_is_by_number_and_by_bytes() -> None:
    """It is full by either measure, and tells once there is room again."""
    told = []
    intake = Intake(3, 100)
    intake.on_room = lambda: told.append(True)
    intake.put(burst(1, 2))
    assert intake.has_room()
    intake.put(burst(3))
    assert not intake.has_room()
    intake.take(1, 100, 0, 0)
    assert intake.has_room()
    assert told == [True]
    intake.take(10, 100, 0, 0)
    intake.put(burst(4, size=100))
    assert not intake.has_room()
    assert len(intake) == 1


def test_first_message_waits_for_company_but_not_longer() -> None:
    """A batch that is not full goes when its first message has waited for the linger."""
    intake = Intake(100, 100)
    started_s = time.monotonic()
    intake.put(burst(1))
    threading.Timer(0.05, intake.put, [burst(2)]).start()
    assert ids(intake.take(10, 100, linger_s=0.3, wait_s=0)) == [1, 2]
    assert time.monotonic() - started_s >= 0.3


def test_full_batch_does_not_linger() -> None:
    """A batch that is full goes at once."""
    intake = Intake(100, 100)
    threading.Timer(0.05, intake.put, [burst(1, 2, 3)]).start()
    assert ids(intake.take(3, 100, linger_s=60, wait_s=60)) == [1, 2, 3]


def test_full_intake_does_not_linger() -> None:
    """Where fewer are held than a batch may have, waiting on would wait for nothing."""
    intake = Intake(2, 100)
    intake.put(burst(1, 2))
    assert ids(intake.take(10, 100, linger_s=60, wait_s=0)) == [1, 2]


def test_closing_ends_the_wait() -> None:
    """Nobody waits for messages while the ingest ends."""
    intake = Intake(2, 100)
    threading.Timer(0.05, intake.close).start()
    assert intake.take(10, 100, linger_s=60, wait_s=60) == []


@given(st.lists(st.lists(st.integers(0, 50), max_size=6), max_size=12), st.integers(1, 7), st.integers(1, 120))
def test_nothing_is_lost_or_twice(sizes: list[list[int]], most_messages: int, most_bytes: int) -> None:
    """However bursts and batches are cut, what goes in comes out once and in order."""
    intake = Intake(10_000, 100_000)
    put: list[int] = []
    for burst_sizes in sizes:
        deliveries = [
            Delivery(b"t", b"x" * size, len(put) + i, 1, datetime.now(UTC)) for i, size in enumerate(burst_sizes)
        ]
        put += ids(deliveries)
        if deliveries:
            intake.put(deliveries)
    taken: list[int] = []
    while batch := intake.take(most_messages, most_bytes, 0, 0):
        assert len(batch) <= most_messages
        assert sum(len(delivery.payload) for delivery in batch[:-1]) < most_bytes
        taken += ids(batch)
    assert taken == put
    assert len(intake) == 0
    assert intake.has_room()
