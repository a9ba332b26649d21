"""Made-up messages for the ingest, each damaged in a few ways, and what must become of each."""

import json
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from services.domain.clock import REAL_CLOCK
from services.domain.kinds import DeviceKind
from services.ingest.candidate import Batch
from services.ingest.clocks import ClockHistory
from services.ingest.delivery import Delivery
from services.ingest.packing import reading_row
from services.ingest.pipeline import admit
from services.ingest.registry import DeviceRegistry
from services.store.devices import EnrolledDevice
from services.store.readings import TABLES

TOWN = "清城"
NOW = datetime(2026, 5, 1, 8, 0, tzinfo=UTC)
DEVICES = {
    (DeviceKind.VEHICLE, "7"): EnrolledDevice(1, revoked=False),
    (DeviceKind.VEHICLE, "8"): EnrolledDevice(2, revoked=True),
    (DeviceKind.STATION, "7"): EnrolledDevice(3, revoked=False),
    (DeviceKind.TOILET, "wc"): EnrolledDevice(4, revoked=False),
    (DeviceKind.CONTAINER, "bin"): EnrolledDevice(5, revoked=False),
}
TS = "2026-05-01T08:00:00Z"

SEEDS: tuple[tuple[str, Any], ...] = (
    ("vehicle/7/position", {"ts": TS, "lat": 31.1, "lon": 121.2, "speed_kmh": 30, "ignition": True, "seq": 7}),
    ("vehicle/7/position", {"ts": 1_777_622_400_000, "lat": -90, "lon": 180, "heading_deg": 360, "load_kg": 0}),
    ("vehicle/7/position", [{"ts": TS, "lat": 1, "lon": 2, "seq": 1}, {"ts": TS, "lat": 1, "lon": 2, "seq": 2}]),
    ("vehicle/7/service", {"ts": TS, "point_id": "点", "outcome": "blocked", "reason": "车", "source": "rfid"}),
    ("station/7/level", {"ts": TS, "fill_ratio": 0.5, "temperature_c": -3.5, "weight_kg": 12_000}),
    ("station/7/weighing", {"ts": TS, "vehicle_id": "7", "net_kg": 5_000, "direction": "out", "arrived_at": TS}),
    ("container/bin/level", {"ts": TS, "fill_ratio": 1, "battery_ratio": 0}),
    ("toilet/wc/usage", {"ts": TS, "entries": 3, "occupied_stalls": 2, "nh3_ppm": 0.25, "open": False}),
    ("toilet/wc/status", {"online": False}),
    ("vehicle/8/status", {"online": True, "ts": TS, "firmware": "1.2"}),
)
TOPICS = [f"riqing/v1/{TOWN}/{topic}".encode() for topic, _ in SEEDS]
BODIES = [json.dumps(body, ensure_ascii=False).encode() for _, body in SEEDS]

NASTY = (
    *(b"null", b"true", b"NaN", b"-Infinity", b"1e999", b"-0", b"1e-400", b"9" * 400, b"-9223372036854775809"),
    *(b"18446744073709551616", b"0.1e+", b'""', b'"\\u0000"', b'"\\ud800"', b'"\\uD83D\\uDE00"', b'"\xff"', b"\x00"),
    *(b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xef\xbb\xbf", b"\xe2\x80\xae", b"[", b"]", b"{", b"}", b",", b":", b'"'),
    *(
        b"[" * 2_000,
        b'{"ts":' * 500,
        b'"9999-12-31T23:59:60Z"',
        b'"0001-01-01T00:00:00+23:59"',
        b'"2026-02-29T00:00:00Z"',
    ),
    *(b'"2026-05-01T08:00:00"', b'"2026-05-01T08:00:00+99:99"', b"253402300800000", b"-62135596800001", b"1e12"),
    *(b"/", b"+", b"#", b"$SYS", b"%u", b"//", b"route", b"position", b'"ts":', b'"seq":', b'"lat":', b"\\", b"\r\n"),
)
"""What has broken some decoder somewhere."""


class FailedError(Exception):
    """An input that the ingest neither took nor refused as it must."""


def check(topic: bytes, body: bytes, retained: bool, reasons: Counter[str]) -> None:
    """Take a message through the ingest's steps and count what became of it.

    Raises:
        FailedError: readings that are no rows, refusals without reason or sentence, or a message that vanished.
        Exception: whatever a step let escape.

    """
    clocks = ClockHistory()
    clocks.observe(REAL_CLOCK, NOW)
    batch = Batch(TOWN, DeviceRegistry(DEVICES), clocks, timedelta(days=400), 100_000)
    accepted = admit([Delivery(topic, body, 1, 1, NOW, retained)], batch)
    for candidate in accepted:
        assert candidate.topic is not None
        if candidate.topic.message in TABLES:
            reading_row(candidate)
        if candidate.observed_at is None or candidate.observed_at.tzinfo is not UTC:
            raise FailedError("a reading without its instant")
        reasons["accepted"] += 1
    for refusal in batch.refusals:
        if not refusal.detail.endswith((".", "?")) or not refusal.reason or refusal.body not in body:
            raise FailedError(f"a refusal that does not say why: {refusal.reason} {refusal.detail!r}")
        reasons[refusal.reason.value] += 1
    if not accepted and not batch.refusals:
        if not (topic.endswith(b"/route") or body.strip()[:1] == b"["):
            raise FailedError("neither taken nor refused")
        reasons["nothing to store"] += 1


def damage(data: bytes, other: bytes, random_: random.Random) -> bytes:
    """Return bytes with one thing wrong more than before."""
    where = random_.randrange(len(data) + 1)
    upto = min(len(data), where + random_.choice((1, 1, 2, 4, 16)))
    match random_.randrange(8):
        case 0:
            return data[:where] + random_.randbytes(upto - where) + data[upto:]
        case 1:
            return data[:where] + data[upto:]
        case 2:
            return data[:where]
        case 3:
            return data[:upto] + data[where:]
        case 4:
            return data[:where] + other[random_.randrange(len(other) + 1) :]
        case 5:
            return _in_place_of_a_value(data, random_.choice(NASTY), random_)
        case _:
            return data[:where] + random_.choice(NASTY) + data[where if random_.random() < 0.5 else upto :]


def _in_place_of_a_value(data: bytes, value: bytes, random_: random.Random) -> bytes:
    colons = [index for index, byte in enumerate(data) if byte == 0x3A]
    if not colons:
        return data + value
    start = random_.choice(colons) + 1
    ends = [end for end in (data.find(b",", start), data.find(b"}", start)) if end > 0]
    return data[:start] + value + data[min(ends, default=len(data)) :]


def next_input(random_: random.Random) -> tuple[bytes, bytes, bool]:
    """Return a topic, a body, and whether it is a retained copy."""
    number = random_.randrange(len(SEEDS))
    topic, body = TOPICS[number], BODIES[number]
    for _ in range(random_.randrange(1, 5)):
        body = damage(body, random_.choice(BODIES), random_)
    if random_.random() < 0.2:
        topic = damage(topic, random_.choice(TOPICS), random_)
    return topic, body, random_.random() < 0.05


def edited(number: int, edits: list[tuple[int, int, bytes]], topic: bytes | None) -> tuple[bytes, bytes]:
    """Return topic and body of one of the contract's messages after edits: where, how many bytes go, what comes."""
    body = BODIES[number % len(BODIES)]
    for where, gone, new in edits:
        at = where % (len(body) + 1)
        body = body[:at] + new + body[at + gone :]
    return TOPICS[number % len(TOPICS)] if topic is None else topic, body
