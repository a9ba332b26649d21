"""The fast client takes the broker's bytes apart as the stock one does, however they are cut."""

import itertools
import select
import socket
import struct
from collections.abc import Iterator

import paho.mqtt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.broker.address import BrokerAddress
from services.ingest.client import TelemetryClient
from services.ingest.fast_client import FastTelemetryClient, choose_client

ADDRESS = BrokerAddress("broker", 1883, "", "", tls=False)

CONNACK = b"\x20\x02\x00\x00"
PINGRESP = b"\xd0\x00"
SUBACK = b"\x90\x03\x00\x01\x01"


def remaining_length(length: int) -> bytes:
    """Return a length as MQTT writes it."""
    written = b""
    while True:
        length, digit = divmod(length, 128)
        written += bytes([digit | (0x80 if length else 0)])
        if not length:
            return written


def publish(packet_id: int, topic: bytes, payload: bytes, *, qos: int = 1, flags: int = 0) -> bytes:
    """Return a PUBLISH packet; `flags` are its DUP (8) and RETAIN (1) bits."""
    body = struct.pack("!H", len(topic)) + topic + (struct.pack("!H", packet_id) if qos else b"") + payload
    return bytes([0x30 | qos << 1 | flags]) + remaining_length(len(body)) + body


class Pair:
    """A client whose connection is a socket pair, and the broker's end of it."""

    def __init__(self, client_class: type[TelemetryClient]) -> None:
        ours, self.broker = socket.socketpair()
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_000_000)
        self.client = client_class("ingest", ADDRESS)
        self.client._create_socket = lambda: ours  # type: ignore[method-assign]
        self.client.open_connection()
        self.client.loop_write()
        self.broker.sendall(CONNACK)
        self.client.read_burst(1)
        self.broker.recv(1_000)

    def close(self) -> None:
        """Close both ends."""
        self.broker.close()
        if (connection := self.client.socket()) is not None:
            connection.close()


@pytest.fixture(params=[TelemetryClient, FastTelemetryClient], ids=["stock", "fast"])
def pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    """A connection of either client."""
    pair = Pair(request.param)
    yield pair
    pair.close()


Facts = tuple[bytes, bytes, int, bool, bool]


def received(pair: Pair, data: bytes, cuts: list[int]) -> list[Facts]:
    """Send bytes in pieces and return what the client delivers."""
    facts: list[Facts] = []
    edges = [0, *sorted({cut % (len(data) + 1) for cut in cuts}), len(data)]
    for start, end in itertools.pairwise(edges):
        pair.broker.sendall(data[start:end])
        while (ours := pair.client.socket()) is not None and select.select([ours], [], [], 0)[0]:
            burst = pair.client.read_burst(10_000)
            facts += [(d.topic, d.payload, d.packet_id, d.retained, d.redelivered) for d in burst]
    return facts


packets = st.one_of(
    st.builds(
        publish,
        st.integers(1, 65_535),
        st.text(min_size=1, max_size=300).map(lambda text: text.replace("\0", "").replace("#", "").encode() or b"t"),
        st.binary(max_size=300) | st.integers(100, 20_000).map(lambda size: b"x" * size),
        qos=st.sampled_from([1, 1, 1, 0]),
        flags=st.sampled_from([0, 1, 8, 9]),
    ),
    st.just(PINGRESP),
    st.just(SUBACK),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(packets, max_size=12), st.lists(st.integers(0, 100_000), max_size=6))
def test_fast_and_stock_deliver_the_same(sent: list[bytes], cuts: list[int]) -> None:
    """Any stream of packets, cut anywhere, is delivered alike by both; paho itself is the oracle."""
    fast, stock = Pair(FastTelemetryClient), Pair(TelemetryClient)
    data = b"".join(sent)
    try:
        assert received(fast, data, cuts) == received(stock, data, [])
        assert fast.client.socket() is not None
    finally:
        fast.close()
        stock.close()


def test_what_a_delivery_says(pair: Pair) -> None:
    """Topic, body, packet id and flags come through; a message of QoS 0 has no id."""
    data = (
        publish(7, "镇".encode(), b"{}", flags=9) + publish(0, b"t", b"", qos=0) + publish(65_535, b"t", b"x" * 70_000)
    )
    assert received(pair, data, [5]) == [
        ("镇".encode(), b"{}", 7, True, True),
        (b"t", b"", 0, False, False),
        (b"t", b"x" * 70_000, 65_535, False, False),
    ]


def test_acknowledgements_go_out_in_order(pair: Pair) -> None:
    """The broker gets one PUBACK for each message, in the order given."""
    packet_ids = [3, 1, 65_535, *range(10, 600)]
    pair.client.acknowledge(packet_ids)
    written = b""
    while pair.client.want_write():
        pair.client.loop_write()
        written += pair.broker.recv(10_000)
    assert written == b"".join(struct.pack("!BBH", 0x40, 2, packet_id) for packet_id in packet_ids)


BROKEN = [
    b"\x32\x01\x00",  # a PUBLISH too short for a topic's length
    b"\x32\x05\x00\x09abc",  # a topic longer than its packet
    b"\x32\xff\xff\xff\xff\x01",  # a length of five bytes
    b"\xf0\x00",  # a packet that MQTT 3.1.1 does not have
]


@pytest.mark.parametrize("data", BROKEN)
def test_broken_packets_end_the_connection(pair: Pair, data: bytes) -> None:
    """What is not MQTT is not guessed at: the connection ends, to be opened anew."""
    assert received(pair, publish(1, b"t", b"x") + data, []) == [(b"t", b"x", 1, False, False)]
    assert pair.client.socket() is None


def test_end_of_the_connection_is_noticed(pair: Pair) -> None:
    """When the broker closes, what had come whole is delivered and the client knows."""
    pair.broker.sendall(publish(1, b"t", b"x") + publish(2, b"t", b"y")[:4])
    pair.broker.shutdown(socket.SHUT_WR)
    burst = pair.client.read_burst(10)
    assert [delivery.packet_id for delivery in burst] == [1]
    pair.client.read_burst(10)
    pair.client.read_burst(10)
    assert pair.client.socket() is None


def test_unknown_paho_is_read_the_stock_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """We reach into the versions that we know, and into no other."""
    assert type(choose_client("ingest", ADDRESS)) is FastTelemetryClient
    monkeypatch.setattr(paho.mqtt, "__version__", "2.3.0")
    assert type(choose_client("ingest", ADDRESS)) is TelemetryClient
