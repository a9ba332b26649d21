"""The messages of the telemetry contract and the ranges of their values."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from services.domain.kinds import MessageKind
from services.domain.telemetry import READING_TYPES, instant_of

LEAST: dict[MessageKind, dict[str, Any]] = {
    MessageKind.POSITION: {"ts": "2026-03-10T00:00:00Z", "lat": 34.5, "lon": 116.5},
    MessageKind.SERVICE: {"ts": 1_773_100_800_000, "point_id": "P1"},
    MessageKind.LEVEL: {"ts": 1_773_100_800_000, "fill_ratio": 0.5},
    MessageKind.WEIGHING: {"ts": 1_773_100_800_000, "vehicle_id": "V1", "net_kg": 5200},
    MessageKind.USAGE: {"ts": 1_773_100_800_000},
    MessageKind.STATUS: {"online": False},
}


@pytest.mark.parametrize("kind", list(READING_TYPES))
def test_the_required_fields_are_enough(kind: MessageKind) -> None:
    """A message with nothing but its required fields is a reading."""
    assert msgspec.json.decode(msgspec.json.encode(LEAST[kind]), type=READING_TYPES[kind])


@pytest.mark.parametrize("kind", list(READING_TYPES))
def test_each_required_field_is_required(kind: MessageKind) -> None:
    """Without any one of them it is none."""
    for name in LEAST[kind]:
        body = {key: value for key, value in LEAST[kind].items() if key != name}
        with pytest.raises(msgspec.ValidationError, match=name):
            msgspec.json.decode(msgspec.json.encode(body), type=READING_TYPES[kind])


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        (MessageKind.POSITION, "lat", 90.1),
        (MessageKind.POSITION, "lon", "116.5"),  # a text is no number
        (MessageKind.POSITION, "speed_kmh", -1),
        (MessageKind.POSITION, "ts", True),
        (MessageKind.POSITION, "ts", 1.5),
        (MessageKind.POSITION, "seq", -1),
        (MessageKind.LEVEL, "fill_ratio", 1.01),
        (MessageKind.WEIGHING, "direction", "sideways"),
        (MessageKind.SERVICE, "outcome", "done"),
        (MessageKind.SERVICE, "point_id", ""),
        (MessageKind.USAGE, "entries", 2.5),
        (MessageKind.STATUS, "online", "yes"),
    ],
)
def test_a_value_outside_its_range_or_type_is_refused(kind: MessageKind, field: str, value: object) -> None:
    """The error names the field."""
    body = LEAST[kind] | {field: value}
    with pytest.raises(msgspec.ValidationError, match=field):
        msgspec.json.decode(msgspec.json.encode(body), type=READING_TYPES[kind])


@pytest.mark.parametrize(
    ("timestamp", "expected"),
    [
        ("2026-03-10T08:00:00+08:00", datetime(2026, 3, 10, tzinfo=UTC)),
        ("2026-03-10T00:00:00.250Z", datetime(2026, 3, 10, 0, 0, 0, 250_000, tzinfo=UTC)),
        (1_773_100_800_000, datetime(2026, 3, 10, tzinfo=UTC)),
    ],
)
def test_instant_of_a_timestamp(timestamp: str | int, expected: datetime) -> None:
    """RFC 3339 with an offset and epoch milliseconds mean the same instants."""
    assert instant_of(timestamp) == expected


@pytest.mark.parametrize(
    "timestamp", ["2026-03-10T08:00:00", "yesterday", "2026-13-10T00:00:00Z", "0001-01-01T00:00:00+14:00"]
)
def test_a_timestamp_without_offset_is_refused(timestamp: str) -> None:
    """A local time without its zone says no instant."""
    with pytest.raises(ValueError, match=r"offset|format|month|era"):
        instant_of(timestamp)
