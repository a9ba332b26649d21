"""The same client with paho's two costly habits replaced: reading packet by packet, and writing each acknowledgement.

Paho makes three `recv` calls and a `select` for each message, and queues, wakes up and writes for each
acknowledgement; that is most of the ingest's processor time. Here one `recv` fills a buffer, PUBLISH packets
are taken apart there, and a batch is acknowledged in one write. Connecting, keeping alive and every packet
that is not a plain PUBLISH stay with paho, which gets its bytes from the buffer. What is used of paho's inside
is `_sock_recv`, `_packet_queue` and `loop_read`; the versions with which that was tested are listed here, and
with any other one `choose_client` takes the stock way.
"""

import logging
from datetime import UTC, datetime

import paho.mqtt
from paho.mqtt.enums import MessageType

from services.broker.address import BrokerAddress
from services.ingest.client import TelemetryClient
from services.ingest.delivery import Delivery

log = logging.getLogger(__name__)

TESTED_PAHO_VERSIONS = frozenset({"2.2.0"})

READ_BYTES = 256 * 1024

_PUBACKS = [bytes((MessageType.PUBACK, 2)) + packet_id.to_bytes(2, "big") for packet_id in range(65_536)]
"""The acknowledgement of each packet id, ready to be joined."""


def choose_client(client_id: str, address: BrokerAddress) -> TelemetryClient:
    """Return the fast client where paho is one that it was tested with, else the stock one."""
    if paho.mqtt.__version__ in TESTED_PAHO_VERSIONS:
        return FastTelemetryClient(client_id, address)
    log.warning("paho-mqtt %s is not one we know the inside of; reading the slow way.", paho.mqtt.__version__)
    return TelemetryClient(client_id, address)


class FastTelemetryClient(TelemetryClient):
    """A `TelemetryClient` that reads and acknowledges many messages at once."""

    def __init__(self, client_id: str, address: BrokerAddress) -> None:
        super().__init__(client_id, address)
        self._unread = b""
        """What has been received and not yet taken apart: less than a packet between two bursts."""
        self._for_paho = b""
        """The packet that paho is to handle."""
        self._has_ended = False

    def open_connection(self) -> None:
        """Connect, with nothing left over from the connection before."""
        self._unread, self._for_paho, self._has_ended = b"", b"", False
        super().open_connection()

    def _sock_recv(self, bufsize: int) -> bytes:
        """Give paho the packet that is meant for it, instead of the socket's bytes."""
        if not self._for_paho and not self._has_ended:
            raise BlockingIOError
        taken, self._for_paho = self._for_paho[:bufsize], self._for_paho[bufsize:]
        return taken

    def read_burst(self, most: int) -> list[Delivery]:
        """Read once from the socket and return the messages that are whole; `most` is left to the buffer's size."""
        del most
        try:
            received = super()._sock_recv(READ_BYTES)
        except BlockingIOError:
            return []
        except OSError as error:
            log.warning("Reading from the broker failed: %s", error)
            received = b""
        if not received:
            self._has_ended = True
            self.loop_read()  # reads nothing, which is how paho learns of it, and tidies up
            return []
        self._burst, self._burst_at = [], datetime.now(UTC)
        self._unread = self._take_apart(self._unread + received if self._unread else received)
        return self._burst

    def _take_apart(self, data: bytes) -> bytes:
        """Collect the messages in `data`, give other packets to paho, and return the incomplete rest."""
        collect, received_at, generation = self._burst.append, self._burst_at, self.generation
        position, end_of_data = 0, len(data)
        while position + 2 <= end_of_data:
            first = data[position]
            length = data[position + 1]
            body = position + 2
            if length & 0x80:
                length, body = _long_length(data, position + 1)
            end = body + length
            if body == 0 or end > end_of_data:
                break
            topic_end = body + 2 + (data[body] << 8 | data[body + 1]) if length >= 2 else end + 1
            if first & 0xF6 == _PUBLISH_QOS_1 and topic_end + 2 <= end:
                collect(
                    Delivery(
                        data[body + 2 : topic_end],
                        data[topic_end + 2 : end],
                        data[topic_end] << 8 | data[topic_end + 1],
                        generation,
                        received_at,
                        first & 0x01 != 0,
                        first & 0x08 != 0,
                    )
                )
            else:
                self._for_paho = data[position:end]
                self.loop_read()
                if self.socket() is None:
                    return b""
            position = end
        return data[position:]

    def acknowledge(self, packet_ids: list[int]) -> None:
        """Queue the acknowledgements as one write."""
        acknowledgements = b"".join([_PUBACKS[packet_id] for packet_id in packet_ids])
        self._packet_queue(MessageType.PUBACK, acknowledgements, packet_ids[-1], 1)


_PUBLISH_QOS_1 = MessageType.PUBLISH | 0x02


def _long_length(data: bytes, position: int) -> tuple[int, int]:
    """Return a remaining length of several bytes and where the body begins; 0 for that where it is cut off.

    A length of more than the four bytes that MQTT allows is returned as 0 with the body behind the fourth, so
    that paho gets to see and refuse it.
    """
    length = 0
    for i in range(4):
        if position + i >= len(data):
            return 0, 0
        byte = data[position + i]
        length |= (byte & 0x7F) << (7 * i)
        if byte < 0x80:
            return length, position + i + 1
    return 0, position + 5
