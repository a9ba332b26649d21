"""Each step of the ingest: what it lets pass, and the reason for what it does not."""

import json
from datetime import timedelta
from typing import Any

import pytest

from services.domain.kinds import DeviceKind, MessageKind
from services.domain.telemetry import ServiceReading, StatusReading, UsageReading
from services.ingest.pipeline import STEPS
from services.ingest.refusal import RefusalReason
from tests.unit.ingest.town import NOW, TOWN, delivery, go_through, position

PREFIX = f"riqing/v1/{TOWN}"

GOOD = [
    # the least that a position must have, as RFC 3339 and as epoch milliseconds
    ("vehicle/7/position", position()),
    ("vehicle/7/position", position(ts=1_777_622_400_000)),
    # an offset other than Z, and what a newer device may add
    ("vehicle/7/position", position(ts="2026-05-01T16:00:00.123+08:00", shiny_new_field={"a": [1]})),
    # the last instant that is not the future, and the first that is not too old
    ("vehicle/7/position", position(ts="2026-05-01T08:05:00Z")),
    ("vehicle/7/position", position(ts="2025-03-27T08:00:00Z")),
    # the ends of the ranges
    ("vehicle/7/position", position(lat=-90, lon=180, heading_deg=360, speed_kmh=0)),
    ("vehicle/7/service", {"ts": "2026-05-01T08:00:00Z", "point_id": "点1", "outcome": "blocked", "source": "rfid"}),
    ("station/7/level", {"ts": "2026-05-01T08:00:00Z", "fill_ratio": 1}),
    ("container/bin/level", {"ts": "2026-05-01T08:00:00Z", "fill_ratio": 0.5, "battery_ratio": 0}),
    ("station/7/weighing", {"ts": "2026-05-01T08:00:00Z", "vehicle_id": "7", "net_kg": 0}),
    (
        "station/7/weighing",
        {"ts": "2026-05-01T08:00:00Z", "vehicle_id": "7", "net_kg": 5, "arrived_at": 1_777_622_000_000},
    ),
    ("toilet/wc/usage", {"ts": "2026-05-01T08:00:00Z"}),
    ("toilet/wc/status", {"online": False}),
    ("vehicle/7/status", {"online": True, "ts": "2026-05-01T08:00:00Z", "firmware": "1.2"}),
]


@pytest.mark.parametrize(("topic", "body"), GOOD)
def test_messages_of_the_contract_pass(topic: str, body: dict[str, Any]) -> None:
    """Whatever the contract allows goes through all steps and refuses nothing."""
    accepted, refusals = go_through(delivery(body, f"{PREFIX}/{topic}"))
    assert refusals == []
    assert len(accepted) == 1


TOPICS = [
    "riqing/v1/清城/vehicle/7",  # too short
    "riqing/v1/清城/vehicle/7/position/raw",  # too long
    "riqing/v2/清城/vehicle/7/position",  # another version
    "riqing/v1/清城/bicycle/7/position",  # no such kind
    "riqing/v1/清城/vehicle/7/usage",  # not what a vehicle sends
    "riqing/v1/清城/toilet/wc/route",  # only vehicles have routes
    "riqing/v1/elsewhere/vehicle/7/position",  # another town
    "riqing/v1/清城/vehicle//position",  # no device
    f"riqing/v1/清城/vehicle/{'7' * 129}/position",  # longer than an id may be
    "",
]


@pytest.mark.parametrize("topic", TOPICS)
def test_foreign_topics_are_refused(topic: str) -> None:
    """A topic that is not of the contract is a dead letter with its body."""
    accepted, refusals = go_through(delivery(position(), topic))
    assert accepted == []
    assert [refusal.reason for refusal in refusals] == [RefusalReason.UNKNOWN_TOPIC]
    assert json.loads(refusals[0].body) == position()


def test_topic_that_is_not_text_is_refused() -> None:
    """Bytes that are no UTF-8 in a topic stop nothing."""
    stranger = delivery(position())
    stranger = type(stranger)(b"riqing/v1/\xff/vehicle/7/position", stranger.payload, 1, 1, NOW)
    accepted, refusals = go_through(stranger, delivery(position()))
    assert len(accepted) == 1
    assert [refusal.reason for refusal in refusals] == [RefusalReason.UNKNOWN_TOPIC]


def test_routes_are_passed_over() -> None:
    """What the services themselves publish to the trucks is neither stored nor refused."""
    assert go_through(delivery({"plan_id": "x"}, f"{PREFIX}/vehicle/7/route")) == ([], [])


REFUSED: list[tuple[str, Any, RefusalReason, str]] = [
    ("vehicle/9/position", position(), RefusalReason.UNKNOWN_DEVICE, "riqing device add vehicle"),
    ("station/8/level", {"ts": 1, "fill_ratio": 1}, RefusalReason.UNKNOWN_DEVICE, "No station device '8'"),
    ("vehicle/8/position", position(), RefusalReason.REVOKED_DEVICE, "revoked"),
    ("vehicle/7/position", b"x" * 10_001, RefusalReason.TOO_LARGE, "10001 bytes"),
    ("vehicle/7/position", b'{"note": "\xff"}', RefusalReason.NOT_UTF8, "position 10"),
    ("vehicle/7/position", b"\xff\xfe{\x00", RefusalReason.NOT_UTF8, "position 0"),
    ("vehicle/7/position", b"", RefusalReason.NOT_JSON, "truncated"),
    ("vehicle/7/position", b"lat=1", RefusalReason.NOT_JSON, "malformed"),
    ("vehicle/7/position", b'{"ts": 1, "lat": NaN, "lon": 1}', RefusalReason.NOT_JSON, "malformed"),
    ("vehicle/7/position", b'{"ts": 1, "lat": Infinity, "lon": 1}', RefusalReason.NOT_JSON, "malformed"),
    ("vehicle/7/position", b"\xef\xbb\xbf{}", RefusalReason.NOT_JSON, "malformed"),
    ("vehicle/7/position", b"[" * 5_000, RefusalReason.NOT_JSON, ""),
    ("vehicle/7/position", b'{"x":' + b"[" * 5_000, RefusalReason.NOT_JSON, "nested"),
    ("vehicle/7/position", b'[{"ts": 1}', RefusalReason.NOT_JSON, "truncated"),
    ("vehicle/7/position", b"3", RefusalReason.WRONG_TYPE, "Expected `object`"),
    ("vehicle/7/position", b"null", RefusalReason.WRONG_TYPE, "Expected `object`"),
    ("vehicle/7/position", position(lat="31.1"), RefusalReason.WRONG_TYPE, "$.lat"),
    ("vehicle/7/position", position(lat=True), RefusalReason.WRONG_TYPE, "$.lat"),
    ("vehicle/7/position", position(ignition="on"), RefusalReason.WRONG_TYPE, "$.ignition"),
    ("vehicle/7/position", position(ts=1.5), RefusalReason.WRONG_TYPE, "$.ts"),
    ("vehicle/7/position", position(lat=...), RefusalReason.MISSING_FIELD, "`lat`"),
    ("vehicle/7/position", position(ts=...), RefusalReason.MISSING_FIELD, "`ts`"),
    ("vehicle/7/position", position(lat=90.01), RefusalReason.OUT_OF_RANGE, "$.lat"),
    ("vehicle/7/position", position(seq=-1), RefusalReason.OUT_OF_RANGE, "$.seq"),
    ("vehicle/7/position", position(seq=2**63), RefusalReason.OUT_OF_RANGE, "$.seq"),
    ("vehicle/7/position", b'{"ts": 1, "lat": 1e999, "lon": 1}', RefusalReason.OUT_OF_RANGE, "$.lat"),
    ("station/7/level", {"ts": 1, "fill_ratio": 1.01}, RefusalReason.OUT_OF_RANGE, "$.fill_ratio"),
    ("vehicle/7/service", {"ts": 1, "point_id": "p", "outcome": "eaten"}, RefusalReason.OUT_OF_RANGE, "eaten"),
    ("vehicle/7/service", {"ts": 1, "point_id": "p\0"}, RefusalReason.OUT_OF_RANGE, "NUL"),
    ("vehicle/7/status", {"online": True, "firmware": "\0"}, RefusalReason.OUT_OF_RANGE, "NUL"),
    ("vehicle/7/position", position(ts="2026-05-01T08:00:00"), RefusalReason.BAD_TIMESTAMP, "no offset"),
    ("vehicle/7/position", position(ts="2026-05-01T08:00:00.000"), RefusalReason.BAD_TIMESTAMP, "+08:00 for China"),
    ("vehicle/7/position", position(ts=""), RefusalReason.BAD_TIMESTAMP, "RFC 3339"),
    ("vehicle/7/position", position(ts="x" * 41), RefusalReason.OUT_OF_RANGE, "length <= 40"),
    ("vehicle/7/position", position(ts="20260501T080000.000Z"), RefusalReason.BAD_TIMESTAMP, "RFC 3339"),
    ("vehicle/7/position", position(ts="2026-02-30T08:00:00Z"), RefusalReason.BAD_TIMESTAMP, "RFC 3339"),
    ("vehicle/7/position", position(ts="0001-01-01T00:00:00+08:00"), RefusalReason.BAD_TIMESTAMP, "calendar"),
    ("vehicle/7/position", position(ts='2026-05-01T08:00:00Z" x'), RefusalReason.BAD_TIMESTAMP, "RFC 3339"),
    ("vehicle/7/position", position(ts="2026-05-01T08:05:00.001Z"), RefusalReason.FUTURE, "0:05:00 after"),
    ("vehicle/7/position", position(ts="2026-05-01T16:00:00Z"), RefusalReason.FUTURE, "8:00:00 after"),
    ("vehicle/7/status", {"online": True, "ts": "2026-05-02T08:00:00Z"}, RefusalReason.FUTURE, "1 day"),
    ("vehicle/7/position", position(ts="2025-03-27T07:59:59Z"), RefusalReason.TOO_OLD, "400 days"),
    ("vehicle/7/position", position(ts=0), RefusalReason.TOO_OLD, "before"),
    (
        "station/7/weighing",
        {"ts": "2026-05-01T08:00:00Z", "vehicle_id": "7", "net_kg": 1, "arrived_at": "2026-05-02T08:00:00Z"},
        RefusalReason.FUTURE,
        "`arrived_at`",
    ),
    (
        "station/7/weighing",
        {"ts": "2026-05-01T08:00:00Z", "vehicle_id": "7", "net_kg": 1, "arrived_at": "this morning, early"},
        RefusalReason.BAD_TIMESTAMP,
        "`arrived_at`",
    ),
]


@pytest.mark.parametrize(("topic", "body", "reason", "words"), REFUSED)
def test_bad_messages_are_refused(topic: str, body: Any, reason: RefusalReason, words: str) -> None:
    """Each fault has its reason code, a sentence that names it, and leaves the message beside it alone."""
    bad, good = delivery(body, f"{PREFIX}/{topic}"), delivery(position())
    accepted, refusals = go_through(bad, good)
    assert [refusal.reason for refusal in refusals] == [reason]
    assert words in refusals[0].detail
    assert refusals[0].body == bad.payload[:10_000]
    assert [candidate.delivery for candidate in accepted] == [good]


def test_refusals_name_the_device_where_it_is_known() -> None:
    """A letter of an enrolled device carries its key; a stranger's has none."""
    _, refusals = go_through(delivery(b"x"), delivery(b"x", f"{PREFIX}/vehicle/9/position"))
    assert sorted(refusal.device_key or 0 for refusal in refusals) == [0, 1]


def test_array_keeps_its_good_elements() -> None:
    """The good elements of an array go on, each bad one is refused with its own bytes, whichever step finds it."""
    bad = [position(lat=91), 5, position(ts="2027-01-01T00:00:00Z"), [position()]]
    body = [position(seq=1), bad[0], position(seq=2), *bad[1:], position(seq=3)]
    accepted, refusals = go_through(delivery(body))
    assert [candidate.reading.seq for candidate in accepted if candidate.reading] == [1, 2, 3]
    assert {candidate.delivery.packet_id for candidate in accepted} == {1}
    found = {refusal.reason: json.loads(refusal.body) for refusal in refusals}
    assert found == {RefusalReason.OUT_OF_RANGE: bad[0], RefusalReason.WRONG_TYPE: bad[3], RefusalReason.FUTURE: bad[2]}
    assert len(refusals) == len(bad)


def test_empty_array_is_fine() -> None:
    """A device that held nothing back says so with an empty array."""
    assert go_through(delivery([]), delivery(b" [ ] ")) == ([], [])


def test_order_of_arrival_is_kept() -> None:
    """Readings leave the steps in the order in which their messages came in, devices mixed."""
    topics = [f"{PREFIX}/vehicle/7/position", f"{PREFIX}/station/7/level", f"{PREFIX}/vehicle/7/status"]
    bodies = [position(), {"ts": 1_777_622_400_000, "fill_ratio": 0}, {"online": True}]
    deliveries = [delivery(bodies[i % 3], topics[i % 3], packet_id=i) for i in range(1, 31)]
    accepted, _ = go_through(*deliveries)
    assert [candidate.delivery.packet_id for candidate in accepted] == list(range(1, 31))


def test_what_the_steps_find_out() -> None:
    """An accepted reading has its device's key, its message, and both instants."""
    accepted, _ = go_through(delivery(position(ts="2026-05-01T15:59:00+08:00"), received_at=NOW + timedelta(seconds=1)))
    [candidate] = accepted
    assert candidate.topic is not None
    assert (candidate.device_key, candidate.topic.kind, candidate.topic.message) == (
        1,
        DeviceKind.VEHICLE,
        MessageKind.POSITION,
    )
    assert candidate.observed_at == NOW - timedelta(minutes=1)
    assert candidate.received_at == NOW + timedelta(seconds=1)


def test_will_is_dated_when_it_is_received() -> None:
    """A last will has no time of its own."""
    accepted, _ = go_through(delivery({"online": False}, f"{PREFIX}/toilet/wc/status"))
    assert accepted[0].observed_at == NOW
    assert isinstance(accepted[0].reading, StatusReading)


@pytest.mark.parametrize("ts", ["2024-01-01T00:00:00Z", "2030-01-01T00:00:00Z"])
def test_retained_status_is_taken_whatever_its_date(ts: str) -> None:
    """The broker's copy of an old status is no late reading, and one of a simulated day no future one."""
    accepted, refusals = go_through(delivery({"online": True, "ts": ts}, f"{PREFIX}/toilet/wc/status", retained=True))
    assert refusals == []
    assert accepted[0].observed_at is not None
    assert accepted[0].observed_at <= NOW


def test_defaults_of_the_contract() -> None:
    """A service event that says nothing else means served; a usage need not count anything."""
    accepted, _ = go_through(
        delivery({"ts": 1_777_622_400_000, "point_id": "p"}, f"{PREFIX}/vehicle/7/service"),
        delivery({"ts": 1_777_622_400_000}, f"{PREFIX}/toilet/wc/usage"),
    )
    service, usage = (candidate.reading for candidate in accepted)
    assert isinstance(service, ServiceReading)
    assert service.outcome == "served"
    assert isinstance(usage, UsageReading)
    assert usage.entries is None


def test_steps_stand_in_their_order() -> None:
    """The order is a decision: who speaks before what is said, and the time only of what can be read."""
    assert [step.__name__ for step in STEPS] == [
        *("recognise_topic", "identify_device", "check_size", "check_encoding"),
        *("decode_body", "check_text", "judge_instant"),
    ]
