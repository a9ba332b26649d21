"""Devices that publish at a steady rate, keep what was not acknowledged, and send it again after every outage.

Many connections in one thread. Half of the devices speak MQTT 3.1.1 and half MQTT 5, in which a broker can
refuse a message or say that nobody has subscribed to it.
"""

import asyncio
import random
import struct
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from bench.ingest.fleet import packet, position_body, text_field
from services.broker.address import BrokerAddress
from services.broker.credentials import DeviceCredential

WINDOW = 50
"""Messages that a device has in flight at most."""
TICK_S = 0.005
SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 1.0
"""Between two attempts to connect."""

CONNACK, PUBACK = 0x20, 0x40
FAILURE = 0x80
"""Reason codes of MQTT 5 from here on say that it was refused."""
NO_MATCHING_SUBSCRIBERS = 0x10


@dataclass(slots=True)
class Tally:
    """What a fleet has done so far."""

    sent: int = 0
    """Different messages that were handed to the broker at least once."""
    publications: int = 0
    """With those that were sent again."""
    acknowledged: int = 0
    refused: int = 0
    """Publications that the broker answered with a failure, and connections that it did not let in."""
    cut_off: int = 0
    """Connections that ended."""
    to_nobody: int = 0
    """Publications that the broker acknowledged with the remark that nobody has subscribed to them."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a fleet's messages are due."""

    messages: int
    devices: int
    rate_per_s: float
    first_ms: int
    """`ts` of the first message of each device."""

    def share(self, device: int) -> int:
        """Return how many messages a device has."""
        return self.messages // self.devices + (device < self.messages % self.devices)

    def due(self, device: int, elapsed_s: float) -> int:
        """Return how many messages of a device are due after so many seconds; the devices take turns."""
        return int(elapsed_s * self.rate_per_s / self.devices + device / self.devices)

    def observed_ms(self, seq: int) -> int:
        """Return the `ts` of a device's message, which is the same however often it is sent."""
        return self.first_ms + int(seq * self.devices * 1000 / self.rate_per_s)


class StubbornDevice(asyncio.Protocol):
    """One device and its connection."""

    def __init__(self, credential: DeviceCredential, number: int, schedule: Schedule, tally: Tally) -> None:
        self._credential = credential
        self._number = number
        self._schedule = schedule
        self._tally = tally
        self._is_version_5 = number % 2 == 0
        self._topic = text_field(f"{credential.topic_prefix}/position")
        self._transport: asyncio.Transport | None = None
        self._let_in = False
        self._unread = b""
        self._next_seq = 0
        self._again: deque[int] = deque()
        self._in_flight: dict[int, int] = {}
        self.acknowledged = bytearray(schedule.share(number))
        """One byte for each message: whether the broker has acknowledged it."""
        self.left = len(self.acknowledged)
        self.ended = asyncio.Event()
        """Set while there is no connection."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Introduce ourselves with a session that ends with the connection: what is in flight is ours to keep."""
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._let_in, self._unread = transport, False, b""
        credential = self._credential
        version, properties = (5, b"\0") if self._is_version_5 else (4, b"")
        body = (
            text_field("MQTT")
            + bytes((version, 0xC2, 0, 0))
            + properties
            + text_field(f"stubborn {credential.topic_prefix}")
        )
        transport.write(packet(0x10, body + text_field(credential.username) + text_field(credential.password)))

    def data_received(self, data: bytes) -> None:
        """Take the broker's answers: all of them are shorter than 128 bytes."""
        data = self._unread + data
        position = 0
        while position + 2 <= len(data) and position + 2 + data[position + 1] <= len(data):
            end = position + 2 + data[position + 1]
            self._take(data[position] & 0xF0, data[position + 2 : end])
            position = end
        self._unread = data[position:]

    def _take(self, kind: int, body: bytes) -> None:
        if kind == CONNACK:
            self._let_in = body[1] == 0
            if not self._let_in:
                self._tally.refused += 1
                self.hang_up()
        elif kind == PUBACK:
            reason = body[2] if len(body) > 2 else 0
            seq = self._in_flight.pop(body[0] << 8 | body[1])
            self._tally.to_nobody += reason == NO_MATCHING_SUBSCRIBERS
            if reason >= FAILURE:
                self._tally.refused += 1
                self._again.append(seq)
            else:
                self._tally.acknowledged += 1
                self.left -= 1
                self.acknowledged[seq] = 1
        else:
            self.hang_up()  # the broker takes leave of an MQTT 5 client with a packet

    def connection_lost(self, exc: Exception | None) -> None:
        """Keep what was in flight for the next connection."""
        del exc
        self._tally.cut_off += self.left > 0
        self._transport, self._let_in = None, False
        self._again.extend(self._in_flight.values())
        self._in_flight.clear()
        self.ended.set()

    def hang_up(self) -> None:
        """End the connection."""
        if self._transport is not None:
            self._transport.close()

    def publish_due(self, elapsed_s: float) -> None:
        """Send what is to be sent again, then what is due, as far as the window allows."""
        if not self._let_in or self._transport is None:
            return
        due = min(self._schedule.due(self._number, elapsed_s), len(self.acknowledged))
        packets = []
        while len(self._in_flight) < WINDOW and (self._again or self._next_seq < due):
            if self._again:
                seq = self._again.popleft()
            else:
                seq = self._next_seq
                self._next_seq += 1
                self._tally.sent += 1
            self._tally.publications += 1
            # Messages in flight are less than a window apart from the oldest, so no two have the same id.
            packet_id = seq % 65_535 + 1
            self._in_flight[packet_id] = seq
            head = self._topic + struct.pack("!H", packet_id) + (b"\0" if self._is_version_5 else b"")
            packets.append(packet(0x32, head + position_body(self._schedule.observed_ms(seq), seq)))
        if packets:
            self._transport.write(b"".join(packets))


class StubbornFleet(threading.Thread):
    """All devices, until everything is acknowledged or `give_up`."""

    def __init__(self, credentials: Sequence[DeviceCredential], schedule: Schedule, seed: int) -> None:
        super().__init__(daemon=True, name="fleet")
        self._address = BrokerAddress.parse(credentials[0].mqtt_url)
        self._random = random.Random(seed)  # noqa: S311 - to be repeated, no secret
        self._giving_up = False
        self.tally = Tally()
        self.devices = [
            StubbornDevice(credential, number, schedule, self.tally) for number, credential in enumerate(credentials)
        ]

    def give_up(self) -> None:
        """End without everything being acknowledged. Any thread."""
        self._giving_up = True

    def run(self) -> None:
        """Connect all devices and publish."""
        asyncio.run(self._publish())

    async def _publish(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            keepers = [tasks.create_task(self._keep_connected(device)) for device in self.devices]
            started_s = time.monotonic()
            while not self._giving_up and any(device.left for device in self.devices):
                elapsed_s = time.monotonic() - started_s
                for device in self.devices:
                    device.publish_due(elapsed_s)
                await asyncio.sleep(TICK_S)
            for keeper in keepers:
                keeper.cancel()
        for device in self.devices:
            device.hang_up()

    async def _keep_connected(self, device: StubbornDevice) -> None:
        loop = asyncio.get_running_loop()
        while True:
            device.ended.clear()
            try:
                await loop.create_connection(lambda: device, self._address.host, self._address.port)
            except OSError:
                device.ended.set()  # nothing answers there now
            await device.ended.wait()
            await asyncio.sleep(self._random.uniform(SHORTEST_PAUSE_S, LONGEST_PAUSE_S))
