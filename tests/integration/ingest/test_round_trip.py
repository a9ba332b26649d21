"""Devices publish over the real broker, and the store holds what they said."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest
from paho.mqtt.enums import MQTTProtocolVersion

from services.domain.clock import REAL_CLOCK, TownClock
from services.domain.kinds import DeviceKind, MessageKind
from services.ingest.retry import retry_dead_letters
from services.store.dead_letters import list_dead_letters
from services.store.devices import NewDevice, enrol_devices, revoke_device
from services.store.readings import TABLES
from services.store.town import save_clock
from tests.integration.ingest.conftest import Device, ServedTown, now_text, wait_until

WHOLE_MESSAGES: list[tuple[DeviceKind, MessageKind, dict[str, Any]]] = [
    (
        DeviceKind.VEHICLE,
        MessageKind.POSITION,
        {"lat": 31.25, "lon": 121.5, "speed_kmh": 30.5, "heading_deg": 90, "accuracy_m": 4, "odometer_m": 1234567.25}
        | {"load_kg": 2500, "fuel_l": 80, "ignition": True, "cover_open": False, "seq": 2**63 - 1},
    ),
    (
        DeviceKind.VEHICLE,
        MessageKind.SERVICE,
        {
            "point_id": "点-7",
            "outcome": "blocked",
            "reason": "车挡住了",
            "collected_kg": 0,
            "source": "button",
            "seq": 2,
        },
    ),
    (
        DeviceKind.STATION,
        MessageKind.LEVEL,
        {"fill_ratio": 0.5, "temperature_c": -3.5, "battery_ratio": 1, "weight_kg": 12000, "seq": 3},
    ),
    (DeviceKind.CONTAINER, MessageKind.LEVEL, {"fill_ratio": 1, "seq": 0}),
    (
        DeviceKind.STATION,
        MessageKind.WEIGHING,
        {"vehicle_id": "沪A1", "net_kg": 5000, "gross_kg": 15000, "tare_kg": 10000, "direction": "out", "seq": 4},
    ),
    (
        DeviceKind.TOILET,
        MessageKind.USAGE,
        {"entries": 3, "occupied_stalls": 2, "total_stalls": 8, "nh3_ppm": 0.25, "h2s_ppm": 0, "water_l": 1e6}
        | {"open": False, "seq": 5},
    ),
]


@pytest.mark.parametrize("protocol", [MQTTProtocolVersion.MQTTv5, MQTTProtocolVersion.MQTTv311])
@pytest.mark.parametrize(("kind", "message", "body"), WHOLE_MESSAGES)
def test_whole_message_is_stored(
    town: ServedTown, kind: DeviceKind, message: MessageKind, body: dict[str, Any], protocol: MQTTProtocolVersion
) -> None:
    """Every field of every message arrives in its column, from devices of either MQTT version."""
    [device] = town.enrol((kind, f"whole-{message}-{protocol}"))
    device.connect(protocol)
    ts = now_text()
    device.tell(message, body | {"ts": ts})
    query = f"SELECT observed_at, received_at, {', '.join(body)} FROM {TABLES[message]} WHERE device_key = %s"
    [row] = wait_until(lambda: town.rows(query, town.key(device)))
    assert row[0] == datetime.fromisoformat(ts)
    assert abs(datetime.now(UTC) - row[1]) < timedelta(seconds=30)
    assert dict(zip(body, row[2:], strict=True)) == body
    device.disconnect()


def test_weighing_keeps_when_the_vehicle_arrived(town: ServedTown) -> None:
    """The wait before the weighbridge is measured from it."""
    station = town.device(DeviceKind.STATION)
    arrived_at = now_text(-600)
    station.tell("weighing", {"ts": now_text(), "vehicle_id": "7", "net_kg": 1, "arrived_at": arrived_at})
    query = "SELECT arrived_at FROM weighings WHERE device_key = %s"
    assert wait_until(lambda: town.rows(query, town.key(station))) == [(datetime.fromisoformat(arrived_at),)]


def test_sent_twice_is_stored_once(town: ServedTown) -> None:
    """The same (device, message, ts, seq) is one reading, within a batch and long after; another seq is another."""
    truck, ts = town.device(DeviceKind.VEHICLE), now_text()
    fix = {"ts": ts, "lat": 1, "lon": 2}
    truck.tell("position", fix, fix, fix | {"seq": 1}, fix | {"seq": 1}, fix | {"seq": 2}, [fix, fix | {"seq": 3}])
    query = "SELECT array_agg(seq ORDER BY seq) FROM positions WHERE device_key = %s"
    wait_until(lambda: town.rows(query, town.key(truck)) == [([-1, 1, 2, 3],)])
    truck.tell("position", fix, fix | {"seq": 4})
    wait_until(lambda: town.rows(query, town.key(truck)) == [([-1, 1, 2, 3, 4],)])
    assert town.letters(truck) == []


def test_points_served_in_the_same_second_are_told_apart(town: ServedTown) -> None:
    """A device that does not count may report several points at one instant; one that it repeats is stored once."""
    truck, ts = town.device(DeviceKind.VEHICLE), now_text()
    truck.tell("service", *({"ts": ts, "point_id": point_id} for point_id in ("a", "b", "a", "c")))
    query = "SELECT array_agg(point_id ORDER BY point_id) FROM service_events WHERE device_key = %s"
    wait_until(lambda: town.rows(query, town.key(truck)) == [(["a", "b", "c"],)])
    assert town.letters(truck) == []


def test_array_after_a_dead_spot(town: ServedTown) -> None:
    """What was held back is stored, its bad elements are letters of their own, an empty array is nothing."""
    truck = town.device(DeviceKind.VEHICLE)
    good = [{"ts": now_text(-60 * i), "lat": 1, "lon": 2, "seq": i} for i in range(100)]
    bad = [{"ts": now_text(), "lat": 100, "lon": 2}, "noise"]
    truck.tell("position", [], [*good[:50], bad[0], *good[50:], bad[1]])
    wait_until(lambda: town.rows("SELECT count(*) FROM positions WHERE device_key = %s", town.key(truck)) == [(100,)])
    letters = [(reason, json.loads(payload)) for reason, payload in town.letters(truck)]
    assert letters == [("out_of_range", bad[0]), ("wrong_type", bad[1])]


REFUSED: list[tuple[str, Any, str]] = [
    ("position", b"{", "not_json"),
    ("position", b"\xff\x00", "not_utf8"),
    ("position", b"", "not_json"),
    ("position", {"ts": "soon", "lat": 1, "lon": 2}, "bad_timestamp"),
    ("position", {"ts": "2026-13-01T00:00:00Z", "lat": 1, "lon": 2}, "bad_timestamp"),
    ("position", {"ts": 0, "lat": 1, "lon": 2}, "too_old"),
    ("position", {"ts": 4_102_444_800_000, "lat": 1, "lon": 2}, "future"),
    ("position", {"lat": 1, "lon": 2}, "missing_field"),
    ("position", {"ts": 0, "lat": "1", "lon": 2}, "wrong_type"),
    ("position", {"ts": 0, "lat": 1, "lon": -180.5}, "out_of_range"),
    ("service", {"ts": 0, "point_id": "a\0b"}, "out_of_range"),
    ("usage", {"ts": 0}, "unknown_topic"),
    ("position/raw", {"ts": 0}, "unknown_topic"),
    ("hello", b"\x00\x01", "unknown_topic"),
    ("position", b'{"ts": 0, "lat": 1, "lon": 2, "note": "' + b"x" * 1_000_000 + b'"}', "too_old"),
]


def test_refused_messages_are_dead_letters(town: ServedTown) -> None:
    """Each bad message is kept with its reason and its bytes, is acknowledged, and stops nothing."""
    truck = town.device(DeviceKind.VEHICLE)
    for message, body, _ in REFUSED:
        truck.tell(message, body)
    truck.tell("position", {"ts": now_text(), "lat": 1, "lon": 2})
    wait_until(lambda: town.rows("SELECT FROM positions WHERE device_key = %s", town.key(truck)))
    sent = [(reason, body if isinstance(body, bytes) else json.dumps(body).encode()) for _, body, reason in REFUSED]
    assert sorted(town.letters(truck)) == sorted(sent)
    query = "SELECT DISTINCT detail <> '', received_at > now() - INTERVAL '1 minute' FROM dead_letters"
    assert town.rows(query) == [(True, True)]


def tell_until_refused(town: ServedTown, device: Device, reason: str) -> None:
    """Tell noise until it is refused for `reason`: what was changed together with a device in use is known by then."""

    def is_refused() -> bool:
        device.tell("status", b"{")
        return reason in {reason for reason, _ in town.letters(device)}

    wait_until(is_refused)


def test_device_enrolled_a_moment_ago_is_known(town: ServedTown) -> None:
    """A stranger is refused until it is enrolled, and from then on is not; its letters can be retried."""
    stranger, other = town.device(DeviceKind.TOILET), town.device(DeviceKind.TOILET)
    name = (stranger.credential.kind, stranger.credential.device_id)
    tell_until_refused(town, other, "not_json")
    with psycopg.connect(town.database_url) as connection:
        for kind, device_id in (name, (other.credential.kind, other.credential.device_id)):
            connection.execute("DELETE FROM devices WHERE kind = %s AND device_id = %s", (kind, device_id))
        connection.execute("NOTIFY devices_changed")
    usages = [{"ts": now_text(), "entries": i, "seq": i} for i in range(3)]
    tell_until_refused(town, other, "unknown_device")
    stranger.tell("usage", usages[0], usages[1:2])
    wait_until(lambda: len(town.letters(stranger)) == 2)
    assert {reason for reason, _ in town.letters(stranger)} == {"unknown_device"}
    with psycopg.connect(town.database_url) as connection:
        enrol_devices(connection, [NewDevice(*name, asset_id="wc")], datetime.now(UTC))
    stranger.tell("usage", usages[2])
    query = "SELECT array_agg(entries ORDER BY entries) FROM usages WHERE device_key = %s"
    wait_until(lambda: town.rows(query, town.key(stranger)) == [([2],)])
    with psycopg.connect(town.database_url, autocommit=True) as connection:
        letters = list_dead_letters(connection, topic_part=stranger.credential.topic_prefix)
        retries = retry_dead_letters(connection, letters, retention=timedelta(days=400), payload_bytes=1_000)
        assert [retry.refusal for retry in retries] == [None, None]
        assert list_dead_letters(connection, topic_part=stranger.credential.topic_prefix) == []
    assert town.rows(query, town.key(stranger)) == [([0, 1, 2],)]


def test_retry_of_what_is_still_wrong(town: ServedTown) -> None:
    """A letter that is refused again stays, with the present reason."""
    truck = town.device(DeviceKind.VEHICLE)
    truck.tell("position", b"{")
    wait_until(lambda: town.letters(truck))
    with psycopg.connect(town.database_url, autocommit=True) as connection:
        connection.execute("UPDATE dead_letters SET reason = 'unknown_device'")
        letters = list_dead_letters(connection, topic_part=truck.credential.topic_prefix)
        [retry] = retry_dead_letters(connection, letters, retention=timedelta(days=400), payload_bytes=1_000)
    assert retry.refusal is not None
    assert town.letters(truck) == [("not_json", b"{")]


def test_revoked_device_is_refused(town: ServedTown) -> None:
    """From the revocation on its messages are letters; what it has published stays."""
    truck, other = town.device(DeviceKind.VEHICLE), town.device(DeviceKind.VEHICLE)
    truck.tell("position", {"ts": now_text(), "lat": 1, "lon": 2, "seq": 1})
    query = "SELECT array_agg(seq) FROM positions WHERE device_key = %s"
    wait_until(lambda: town.rows(query, town.key(truck)) == [([1],)])
    tell_until_refused(town, other, "not_json")
    with psycopg.connect(town.database_url) as connection:
        for device in (truck, other):
            revoke_device(connection, DeviceKind.VEHICLE, device.credential.device_id, datetime.now(UTC))
    tell_until_refused(town, other, "revoked_device")
    truck.tell("position", {"ts": now_text(), "lat": 1, "lon": 2, "seq": 2})
    wait_until(lambda: [reason for reason, _ in town.letters(truck)] == ["revoked_device"])
    assert town.rows(query, town.key(truck)) == [([1],)]


def test_status_follows_the_connection(town: ServedTown) -> None:
    """Online when it says so, offline by its last will; firmware and the time of the change are kept."""
    [toilet] = town.enrol((DeviceKind.TOILET, "status"))
    toilet.connect(will={"online": False})
    toilet.tell("status", {"online": True, "firmware": "2.1", "ts": now_text(120)}, retain=True)
    query = "SELECT online, firmware, status_changed_at FROM devices WHERE device_id = 'status'"
    wait_until(lambda: town.rows(query)[0][:2] == (True, "2.1"))
    toilet.vanish()
    wait_until(lambda: town.rows(query)[0][:2] == (False, "2.1"))
    assert abs(town.rows(query)[0][2] - datetime.now(UTC)) < timedelta(seconds=30)


def test_latest_position_never_goes_back(town: ServedTown) -> None:
    """A late batch fills the track, but the map keeps the newest fix."""
    truck, newest = town.device(DeviceKind.VEHICLE), now_text()
    truck.tell("position", {"ts": newest, "lat": 1, "lon": 2, "load_kg": 500})
    query = "SELECT observed_at, lat, load_kg FROM latest_positions WHERE device_key = %s"
    wait_until(lambda: town.rows(query, town.key(truck)))
    truck.tell("position", [{"ts": now_text(-60 * i), "lat": 50 + i, "lon": 2} for i in range(1, 5)])
    wait_until(lambda: town.rows("SELECT count(*) FROM positions WHERE device_key = %s", town.key(truck)) == [(5,)])
    assert town.rows(query, town.key(truck)) == [(datetime.fromisoformat(newest), 1, 500)]
    query = "SELECT last_observed_at FROM devices WHERE device_key = %s"
    assert town.rows(query, town.key(truck)) == [(datetime.fromisoformat(newest),)]


def test_word_is_left_of_what_was_stored(town: ServedTown) -> None:
    """With the readings comes a row for clearance and a notification; what was stored already causes no row."""
    truck, ts = town.device(DeviceKind.VEHICLE), now_text()
    key = town.key(truck)
    query = "SELECT message, observed_from, observed_to, row_count FROM stored_batches WHERE %s = ANY(device_keys)"
    with psycopg.connect(town.database_url, autocommit=True) as connection:
        connection.execute("LISTEN readings_stored")
        truck.tell("service", [{"ts": ts, "point_id": "a"}, {"ts": ts, "point_id": "b"}])
        assert [note.channel for note in connection.notifies(timeout=30, stop_after=1)] == ["readings_stored"]
    instant = datetime.fromisoformat(ts)
    assert town.rows(query, key) == [("service", instant, instant, 2)]
    truck.tell("service", {"ts": ts, "point_id": "a"})
    truck.tell("position", {"ts": ts, "lat": 1, "lon": 2})
    wait_until(lambda: len(town.rows(query, key)) == 2)
    assert [row[0] for row in town.rows(query, key)] == ["service", "position"]


@pytest.mark.parametrize("days", [-300, 1, 200])
def test_clock_that_was_just_set_is_obeyed(town: ServedTown, days: int) -> None:
    """Set the clock and publish at once: readings of that day are stored, with its time of reception."""
    truck = town.device(DeviceKind.VEHICLE)
    now = datetime.now(UTC)
    day = now + timedelta(days=days)
    try:
        with psycopg.connect(town.database_url) as connection:
            save_clock(connection, TownClock(now, day, 60, simulated=True))
        truck.tell("position", {"ts": (day + timedelta(minutes=4)).isoformat(), "lat": 1, "lon": 2, "seq": 1})
        query = "SELECT observed_at, received_at FROM positions WHERE device_key = %s"
        [(observed_at, received_at)] = wait_until(lambda: town.rows(query, town.key(truck)))
        assert observed_at == day + timedelta(minutes=4)
        assert day <= received_at < day + timedelta(hours=1)
    finally:
        with psycopg.connect(town.database_url) as connection:
            save_clock(connection, REAL_CLOCK)
    truck.tell("position", {"ts": (day + timedelta(minutes=5)).isoformat(), "lat": 1, "lon": 2, "seq": 2})
    truck.tell("position", {"ts": now_text(), "lat": 1, "lon": 2, "seq": 3})
    query = "SELECT array_agg(seq ORDER BY seq) FROM positions WHERE device_key = %s"
    wait_until(lambda: town.rows(query, town.key(truck)) == [([1, 2, 3],)])
    assert town.letters(truck) == []


def test_what_happens_is_counted(town: ServedTown) -> None:
    """Prometheus reads what was received, stored, sent twice and refused, by message and reason."""

    def counts() -> dict[str, float]:
        text = httpx.get(f"http://127.0.0.1:{town.ingest.settings['RIQING_INGEST_METRICS_PORT']}/metrics").text
        lines = [line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#")]
        return {name.removeprefix("riqing_ingest_"): float(value) for name, value in lines}

    truck, ts = town.device(DeviceKind.VEHICLE), now_text()
    before = counts()
    truck.tell("service", *({"ts": ts, "point_id": point_id} for point_id in "aab"), b"{")
    expected = {
        'readings_stored_total{message="service"}': 2,
        'readings_duplicate_total{message="service"}': 1,
        'messages_refused_total{reason="not_json"}': 1,
    }

    def counted() -> dict[str, float]:
        now = counts()
        return {name: now.get(name, 0) - before.get(name, 0) for name in expected}

    # More may be received meanwhile than these four: what the broker tells of devices that have gone.
    wait_until(lambda: sum(counted().values()) >= 4)
    assert counted() == expected
    after = counts()
    assert after["messages_received_total"] >= before["messages_received_total"] + 4
    assert after["ready"] == 1
    assert after["batch_messages_count"] > before["batch_messages_count"]
