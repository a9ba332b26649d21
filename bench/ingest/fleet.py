"""The devices of a measurement: many MQTT connections in one process that costs as little as can be.

`python -m bench.ingest.fleet` reads its orders as JSON from standard input, connects, writes all packets into
memory, prints `ready`, waits for a line, publishes, and prints a JSON object once the broker has acknowledged
everything.
"""

import json
import selectors
import socket
import struct
import sys
import time
from dataclasses import dataclass

import msgspec

WINDOW = 100
"""Messages that a device has in flight; the broker's acknowledgements set the pace."""

CHUNK = 50
"""Messages written at once while the window allows it."""

TICK_S = 0.005
"""At a given rate, what is due is published this often."""

REST_S = 0.001
"""Let acknowledgements gather for so long: while we wait for them, the broker spends its time on waking us up, which
devices on other machines would not have it do."""

PUBACK_BYTES = 4
FIRST_SEQ = 1_000_000
"""Numbers of seven digits throughout: all packets of a device are of one length."""


class Orders(msgspec.Struct):
    """What the fleet is to do."""

    host: str
    port: int
    devices: list[tuple[str, str, str]]
    """User name, password and topic prefix of each."""
    messages: int
    """Of each device."""
    first_ms: int
    """`ts` of each device's first fix; each further one is a second later."""
    rate: float = 0
    """Messages per second of all these devices together; 0 for as fast as the broker acknowledges."""


def text_field(text: str) -> bytes:
    """Return a text as MQTT writes it."""
    encoded = text.encode()
    return struct.pack("!H", len(encoded)) + encoded


def packet(first: int, body: bytes) -> bytes:
    """Return an MQTT packet with this first byte."""
    length, digits = len(body), b""
    while True:
        length, digit = divmod(length, 128)
        digits += bytes([digit | (0x80 if length else 0)])
        if not length:
            return bytes([first]) + digits + body


def position_body(ts_ms: int, seq: int) -> bytes:
    """Return a position of about 200 bytes."""
    return (
        b'{"ts":%d,"lat":31.2%05d,"lon":121.4%05d,"speed_kmh":23.4,"heading_deg":182.1,"accuracy_m":4.2,'
        b'"odometer_m":123456.7,"load_kg":2345.6,"fuel_l":87.2,"ignition":true,"cover_open":false,"seq":%d}'
    ) % (ts_ms, seq % 100_000, seq % 99_991, seq)


def position_packet(topic: bytes, packet_id: int, ts_ms: int, seq: int) -> bytes:
    """Return a PUBLISH at QoS 1; `topic` is a text field."""
    return packet(0x32, topic + struct.pack("!H", packet_id) + position_body(ts_ms, seq))


def connect(host: str, port: int, username: str, password: str, client_id: str) -> socket.socket:
    """Open a device's MQTT 3.1.1 connection with a clean session; return its blocking socket.

    Raises:
        ConnectionError: the broker refuses it.

    """
    connection = socket.create_connection((host, port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    flags = b"\x04\xc2" + struct.pack("!H", 600)
    body = text_field("MQTT") + flags + text_field(client_id) + text_field(username) + text_field(password)
    connection.sendall(packet(0x10, body))
    answer = connection.recv(4, socket.MSG_WAITALL)
    if answer != b"\x20\x02\x00\x00":
        raise ConnectionError(f"The broker refuses {username}: {answer!r}.")
    return connection


@dataclass(slots=True)
class _Device:
    connection: socket.socket
    packets: memoryview
    packet_bytes: int
    allowed_bytes: int = 0
    """As much of the packets may be sent by now."""
    sent_bytes: int = 0
    received_bytes: int = 0

    @property
    def acknowledged(self) -> int:
        """How many messages the broker has acknowledged: nothing else comes back, so bytes tell."""
        return self.received_bytes // PUBACK_BYTES

    def allow(self, messages: int) -> None:
        """Let so many messages in all be sent."""
        self.allowed_bytes = min(messages * self.packet_bytes, len(self.packets))

    def refill(self) -> None:
        """Let the next chunk be sent once the window has room for all of it."""
        allowed = self.allowed_bytes // self.packet_bytes
        if allowed - self.acknowledged <= WINDOW - CHUNK:
            self.allow(self.acknowledged + WINDOW)

    def write(self) -> None:
        """Send what is allowed, as far as the socket takes it."""
        if self.sent_bytes < self.allowed_bytes:
            try:
                self.sent_bytes += self.connection.send(self.packets[self.sent_bytes : self.allowed_bytes])
            except BlockingIOError:
                return


def _connect_all(orders: Orders) -> list[_Device]:
    devices = []
    for username, password, prefix in orders.devices:
        connection = connect(orders.host, orders.port, username, password, f"bench {username}")
        connection.setblocking(False)
        topic = text_field(f"{prefix}/position")
        packets = b"".join(
            position_packet(topic, i % 65_535 + 1, orders.first_ms + i * 1000, FIRST_SEQ + i)
            for i in range(orders.messages)
        )
        devices.append(_Device(connection, memoryview(packets), len(packets) // max(orders.messages, 1)))
    return devices


def publish(orders: Orders, devices: list[_Device]) -> None:
    """Publish everything and return when all of it is acknowledged."""
    waiting_bytes = PUBACK_BYTES * orders.messages * len(devices)
    started_s = time.monotonic()
    allowed = 0
    with selectors.DefaultSelector() as selector:
        for device in devices:
            selector.register(device.connection, selectors.EVENT_READ, device)
            if not orders.rate:
                device.refill()
                device.write()
        while waiting_bytes:
            time.sleep(REST_S)
            ready = selector.select(TICK_S)
            for key, _ in ready:
                device = key.data
                received = device.connection.recv(65_536)
                if not received:
                    raise ConnectionError("The broker has closed a device's connection.")
                device.received_bytes += len(received)
                waiting_bytes -= len(received)
                if not orders.rate:
                    device.refill()
                    device.write()
            if orders.rate:
                due = int((time.monotonic() - started_s) * orders.rate)
                for i in range(allowed, min(due, orders.messages * len(devices))):
                    device = devices[i % len(devices)]
                    device.allow(i // len(devices) + 1)
                    device.write()
                allowed = max(allowed, due)
            if not ready:
                for device in devices:  # what a full socket did not take
                    device.write()


def main() -> None:
    """Carry out the orders on standard input."""
    orders = msgspec.json.decode(sys.stdin.readline(), type=Orders)
    devices = _connect_all(orders)
    print("ready", flush=True)
    sys.stdin.readline()
    started_s = time.time()
    publish(orders, devices)
    print(json.dumps({"started_s": started_s, "ended_s": time.time()}), flush=True)
    sys.stdin.readline()  # keeps the process, and so its processor time, until it has been read


if __name__ == "__main__":
    main()
