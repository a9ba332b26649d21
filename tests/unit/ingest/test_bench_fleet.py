"""The measurement's devices publish what they say they do, and its ratios are ours over theirs."""

import socket
from datetime import UTC, datetime

import msgspec

from bench.ingest.__main__ import ratios
from bench.ingest.fleet import FIRST_SEQ, WINDOW, Orders, _Device, position_packet, publish, text_field
from bench.ingest.peers import RIQING, STOCK_PAHO
from bench.ingest.throughput import Throughput
from services.broker.settings import Persistence
from services.domain.telemetry import PositionReading
from services.ingest.fast_client import FastTelemetryClient
from tests.unit.ingest.test_fast_client import Pair


def test_packets_are_positions_of_one_length() -> None:
    """Every packet of a device has the length of the first, and is a reading of about 200 bytes."""
    topic, ts_ms = text_field("t"), int(datetime.now(UTC).timestamp() * 1000)
    packets = [position_packet(topic, i % 65_535 + 1, ts_ms + i * 1000, FIRST_SEQ + i) for i in range(0, 200_000, 777)]
    assert len({len(packet) for packet in packets}) == 1
    pair = Pair(FastTelemetryClient)
    try:
        pair.broker.sendall(packets[-1])
        [delivery] = pair.client.read_burst(1)
    finally:
        pair.close()
    reading = msgspec.json.decode(delivery.payload, type=PositionReading)
    assert reading.seq == FIRST_SEQ + 199_689
    assert 180 <= len(delivery.payload) <= 220


def test_fleet_keeps_to_its_window() -> None:
    """No more than the window is on its way before the broker acknowledges, and in the end everything has come."""
    ours, broker = socket.socketpair()
    ours.setblocking(False)
    packets = b"".join(position_packet(text_field("t"), i + 1, 1_790_000_000_000, FIRST_SEQ + i) for i in range(250))
    device = _Device(ours, memoryview(packets), len(packets) // 250)
    device.refill()
    assert device.allowed_bytes == WINDOW * device.packet_bytes
    device.received_bytes = 4 * 49
    device.refill()
    assert device.allowed_bytes == WINDOW * device.packet_bytes
    device.received_bytes = 0
    broker.sendall(b"\x40\x02\x00\x01" * 250)
    publish(Orders("", 0, [], 250, 0), [device])
    received = b""
    while len(received) < len(packets):
        received += broker.recv(1_000_000)
    assert received == packets
    ours.close()
    broker.close()


def test_ratios_are_of_one_persistence() -> None:
    """Each peer is compared under the same setting of the broker."""

    def result(persistence: Persistence, peer: str, rate: int) -> Throughput:
        return Throughput(persistence, peer, 1, 1.0, rate, {}, 0.0, 0.0)

    each, intervals = Persistence.EACH_MESSAGE, Persistence.AT_INTERVALS
    results = [result(each, STOCK_PAHO, 10), result(each, RIQING, 30), result(intervals, STOCK_PAHO, 5)]
    assert ratios(results, lambda result: result.messages_per_s) == {each: {STOCK_PAHO: 3.0}}
