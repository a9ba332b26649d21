"""From readings to rows."""

from datetime import timedelta

from services.domain.kinds import MessageKind
from services.domain.telemetry import READING_TYPES
from services.ingest.packing import (
    by_message,
    device_spans,
    last_observed,
    latest_position_rows,
    reading_row,
    status_rows,
)
from services.store.readings import KEY_COLUMNS, LATEST_COLUMNS, TABLES, value_columns
from tests.unit.ingest.town import NOW, TOWN, delivery, go_through, position

PREFIX = f"riqing/v1/{TOWN}"
MINUTE = timedelta(minutes=1)


def test_every_message_of_devices_has_its_table() -> None:
    """All but a status, which changes its device's row."""
    assert set(TABLES) == set(READING_TYPES) - {MessageKind.STATUS}


def test_rows_follow_the_columns() -> None:
    """A row's values stand under the names of their fields; a missing number is -1."""
    body = position(speed_kmh=30, cover_open=False)
    accepted, _ = go_through(delivery(body))
    row = dict(zip((*KEY_COLUMNS, *value_columns(MessageKind.POSITION)), reading_row(accepted[0]), strict=True))
    assert {name: value for name, value in row.items() if value is not None} == {
        **{"observed_at": NOW, "received_at": NOW, "seq": -1, "device_key": 1},
        **{"lat": 31.1, "lon": 121.2, "speed_kmh": 30, "cover_open": False},
    }


def test_arrival_at_the_weighbridge_becomes_an_instant() -> None:
    """The one value besides `ts` that is an instant."""
    weighing = {"ts": "2026-05-01T08:00:00Z", "vehicle_id": "7", "net_kg": 1, "arrived_at": "2026-05-01T15:50:00+08:00"}
    accepted, _ = go_through(delivery(weighing, f"{PREFIX}/station/7/weighing"))
    row = dict(zip((*KEY_COLUMNS, *value_columns(MessageKind.WEIGHING)), reading_row(accepted[0]), strict=True))
    assert row["arrived_at"] == NOW - 10 * MINUTE


def test_latest_position_is_the_newest_not_the_last() -> None:
    """A late fix in the batch does not push the newer one out; each device has its own."""
    minutes = [3, 1, 2]
    accepted, _ = go_through(*(delivery(position(ts=(NOW - minute * MINUTE).isoformat())) for minute in minutes))
    [row] = latest_position_rows(accepted)
    assert dict(zip(LATEST_COLUMNS, row, strict=True))["observed_at"] == NOW - MINUTE
    assert last_observed(accepted) == [(1, NOW - MINUTE)]


def test_each_device_has_its_own_span() -> None:
    """From its first to its last reading, in whatever order they come."""
    minutes = [3, 1, 5, 2]
    accepted, _ = go_through(*(delivery(position(ts=(NOW - minute * MINUTE).isoformat())) for minute in minutes))
    assert device_spans(accepted) == [(1, NOW - 5 * MINUTE, NOW - MINUTE)]


def test_last_status_to_arrive_counts() -> None:
    """The last will has no time, so arrival decides; a firmware once named stays."""
    statuses = [{"online": True, "firmware": "1.2", "ts": "2026-05-01T08:04:00Z"}, {"online": False}]
    accepted, _ = go_through(*(delivery(status, f"{PREFIX}/toilet/wc/status") for status in statuses))
    assert status_rows(accepted) == [(4, False, NOW, "1.2")]


def test_messages_are_sorted() -> None:
    """Each table gets its own rows, in the order of their arrival."""
    level = {"ts": "2026-05-01T08:00:00Z", "fill_ratio": 1}
    accepted, _ = go_through(
        delivery(position(seq=1)), delivery(level, f"{PREFIX}/station/7/level"), delivery(position(seq=2))
    )
    found = by_message(accepted)
    assert {message: [c.reading.seq for c in cs if c.reading] for message, cs in found.items()} == {
        MessageKind.POSITION: [1, 2],
        MessageKind.LEVEL: [None],
    }
