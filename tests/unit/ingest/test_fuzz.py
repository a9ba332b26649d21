"""No message, however made, stops the ingest: it is accepted or refused with a reason."""

import json
import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.ingest_fuzz import messages
from services.domain.kinds import DeviceKind, MessageKind
from services.domain.telemetry import READING_TYPES
from services.domain.topics import TopicError, parse_topic
from services.ingest.candidate import Batch, Candidate
from services.ingest.delivery import Delivery
from services.ingest.packing import reading_row
from services.ingest.refusal import RefusalReason
from services.store.readings import TABLES
from tests.unit.ingest.town import NOW, TOWN, go_through

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)
field_names = st.sampled_from(sorted({name for kind in READING_TYPES.values() for name in kind.__struct_fields__}))
near_misses = st.dictionaries(field_names, json_values | st.just("2026-05-01T08:00:00Z") | st.just(0.5), max_size=12)
bodies = (
    st.binary(max_size=200)
    | json_values.map(lambda value: json.dumps(value).encode())
    | near_misses.map(lambda value: json.dumps(value).encode())
    | st.lists(near_misses, max_size=5).map(lambda value: json.dumps(value).encode())
)
levels = st.sampled_from(["riqing", "v1", TOWN, "7", "wc", "bin", *DeviceKind, *MessageKind]) | st.text(max_size=10)
topics = st.lists(levels, max_size=8).map("/".join) | st.tuples(
    st.sampled_from(["vehicle/7", "station/7", "toilet/wc", "container/bin"]), st.sampled_from(MessageKind)
).map(lambda parts: f"riqing/v1/{TOWN}/{parts[0]}/{parts[1]}")


@given(topics)
def test_topic_parser_understands_or_says_why(text: str) -> None:
    """A topic is taken apart and put together again unchanged, or refused with a TopicError."""
    try:
        topic = parse_topic(text)
    except TopicError:
        return
    assert str(topic) == text


@settings(max_examples=500)
@given(st.one_of(topics.map(lambda text: text.encode("utf-8", "surrogatepass")), st.binary(max_size=50)), bodies)
def test_any_message_is_accepted_or_refused(topic: bytes, body: bytes) -> None:
    """Nothing is raised; what is accepted can be written as a row, what is refused has a sentence and its bytes."""
    accepted, refusals = go_through(Delivery(topic, body, 1, 1, NOW))
    for candidate in accepted:
        assert candidate.topic is not None
        if candidate.topic.message in TABLES:
            assert "\0" not in "".join(value for value in reading_row(candidate) if isinstance(value, str))
    for refusal in refusals:
        assert refusal.detail.endswith(".") or refusal.detail.endswith("?")
        assert refusal.body in body
    if body.strip()[:1] != b"[" and b"/route" not in topic:
        assert len(accepted) + len(refusals) == 1


@given(st.sampled_from(sorted(READING_TYPES)), st.data())
def test_cut_off_messages_are_refused(message: MessageKind, data: st.DataObject) -> None:
    """A message that lost its end on the way is never taken for a whole one."""
    examples: dict[MessageKind, tuple[str, dict[str, Any]]] = {
        MessageKind.POSITION: ("vehicle/7", {"ts": 1_777_622_400_000, "lat": 1, "lon": 2}),
        MessageKind.SERVICE: ("vehicle/7", {"ts": 1_777_622_400_000, "point_id": "点"}),
        MessageKind.LEVEL: ("station/7", {"ts": 1_777_622_400_000, "fill_ratio": 1}),
        MessageKind.WEIGHING: ("station/7", {"ts": 1_777_622_400_000, "vehicle_id": "7", "net_kg": 2}),
        MessageKind.USAGE: ("toilet/wc", {"ts": 1_777_622_400_000, "entries": 2}),
        MessageKind.STATUS: ("toilet/wc", {"online": True}),
    }
    device, fields = examples[message]
    whole = json.dumps(fields, ensure_ascii=False).encode()
    length = data.draw(st.integers(0, len(whole) - 1))
    topic = f"riqing/v1/{TOWN}/{device}/{message}".encode()
    assert [len(found) for found in go_through(Delivery(topic, whole, 1, 1, NOW))] == [1, 0]
    assert [len(found) for found in go_through(Delivery(topic, whole[:length], 1, 1, NOW))] == [0, 1]


def test_the_bench_fuzzes_the_same_way_each_time() -> None:
    """A few thousand of the bench's inputs: none fails, all kinds of fate occur, the same seed makes the same ones."""
    fates = []
    for _ in range(2):
        random_, reasons = random.Random(7), Counter[str]()
        for _ in range(3_000):
            messages.check(*messages.next_input(random_), reasons)
        fates.append(reasons)
    assert fates[0] == fates[1]
    assert set(fates[0]) >= {"accepted", "not_json", "not_utf8", "out_of_range", "wrong_type", "unknown_topic"}


@pytest.mark.parametrize("fault", ["vanishes", "says nothing", "escapes"])
def test_the_bench_notices_what_it_looks_for(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A message that vanishes, a refusal without a sentence and an exception that escapes are failures."""

    def faulty(deliveries: list[Delivery], batch: Batch) -> list[Candidate]:
        if fault == "escapes":
            raise RecursionError
        if fault == "says nothing":
            batch.refuse(Candidate(deliveries[0], b"{}"), RefusalReason.NOT_JSON, "")
        return []

    monkeypatch.setattr(messages, "admit", faulty)
    with pytest.raises((messages.FailedError, RecursionError)):
        messages.check(messages.TOPICS[0], b"{}", False, Counter())
