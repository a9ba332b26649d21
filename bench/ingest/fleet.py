"""The devices of the measurement: many MQTT connections in one process that costs as little as can be.

`python -m bench.ingest.fleet` reads its orders as JSON from standard input, connects, prints `ready`, waits for
a line, publishes, and prints a JSON object once the broker has acknowledged everything.
"""

import json
import selectors
import socket
import struct
import sys
import time
from dataclasses import dataclass, field

import msgspec

WINDOW = 100
"""Messages that a device has in flight; the broker's acknowledgements set the pace."""

CHUNK = 50
"""Messages written at once while the window allows it."""

PUBACK_BYTES = 4


class Orders(msgspec.Struct):
    """What the fleet is to do."""

    host: str
    port: int
    devices: list[tuple[str, str, str]]
    """User name, password and topic prefix of each."""
    messages: int
    first_ms: int
    """`ts` of each device's first fix; each further one is a second later."""
    first_seq: int = 0


def _text(text: str) -> bytes:
    encoded = text.encode()
    return struct.pack("!H", len(encoded)) + encoded


def _packet(first: int, body: bytes) -> bytes:
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


@dataclass(slots=True)
class _Device:
    connection: socket.socket
    topic: bytes
    left: int
    next_seq: int
    sent: int = 0
    received_bytes: int = 0
    unsent: bytes = field(default=b"", repr=False)

    @property
    def acknowledged(self) -> int:
        """How many messages the broker has acknowledged: nothing else comes back, so bytes tell."""
        return self.received_bytes // PUBACK_BYTES

    def refill(self, orders: Orders) -> None:
        """Write the next packets into `unsent` as far as the window allows."""
        count = min(self.left, WINDOW - (self.sent - self.acknowledged))
        if self.unsent or count < min(CHUNK, self.left):
            return
        packets = []
        for _ in range(count):
            self.sent += 1
            seq = self.next_seq
            self.next_seq += 1
            body = position_body(orders.first_ms + (seq - orders.first_seq) * 1000, seq)
            packets.append(_packet(0x32, self.topic + struct.pack("!H", self.sent % 65_535 + 1) + body))
        self.left -= count
        self.unsent = b"".join(packets)

    def write(self) -> None:
        """Send what the socket takes."""
        if self.unsent:
            try:
                self.unsent = self.unsent[self.connection.send(self.unsent) :]
            except BlockingIOError:
                return


def _connect(orders: Orders) -> list[_Device]:
    devices = []
    share, rest = divmod(orders.messages, len(orders.devices))
    for i, (username, password, prefix) in enumerate(orders.devices):
        connection = socket.create_connection((orders.host, orders.port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        flags = b"\x04\xc2" + struct.pack("!H", 600)  # MQTT 3.1.1, user and password, clean session
        body = _text("MQTT") + flags + _text(f"bench {username}") + _text(username) + _text(password)
        connection.sendall(_packet(0x10, body))
        answer = connection.recv(4, socket.MSG_WAITALL)
        if answer != b"\x20\x02\x00\x00":
            raise ConnectionError(f"The broker refuses {username}: {answer!r}.")
        connection.setblocking(False)
        devices.append(_Device(connection, _text(f"{prefix}/position"), share + (i < rest), orders.first_seq))
    return devices


def publish(orders: Orders, devices: list[_Device]) -> None:
    """Publish everything and return when all of it is acknowledged."""
    waiting_bytes = PUBACK_BYTES * sum(device.left for device in devices)
    with selectors.DefaultSelector() as selector:
        for device in devices:
            selector.register(device.connection, selectors.EVENT_READ, device)
            device.refill(orders)
            device.write()
        while waiting_bytes:
            for key, _ in selector.select(0.005):
                device = key.data
                received = device.connection.recv(65_536)
                if not received:
                    raise ConnectionError("The broker has closed a device's connection.")
                device.received_bytes += len(received)
                waiting_bytes -= len(received)
                device.refill(orders)
            for device in devices:
                device.write()


def main() -> None:
    """Carry out the orders on standard input."""
    orders = msgspec.json.decode(sys.stdin.readline(), type=Orders)
    devices = _connect(orders)
    print("ready", flush=True)
    sys.stdin.readline()
    started_s = time.time()
    publish(orders, devices)
    print(json.dumps({"started_s": started_s, "ended_s": time.time()}), flush=True)
    sys.stdin.readline()  # keeps the process, and so its processor time, until it has been read


if __name__ == "__main__":
    main()
