"""The MQTT client as the ingest uses it: paho, read in bursts and acknowledged by hand."""

from datetime import UTC, datetime
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from services.broker.address import BrokerAddress
from services.ingest.delivery import Delivery

KEEPALIVE_S = 60
CONNECT_WITHIN_S = 5.0
QUALITY_OF_SERVICE = 1


class TelemetryClient(Client):
    """A paho client whose session outlives its connections and whose messages are taken in bursts.

    It has no thread of its own: `services.ingest.session` runs it. MQTT 3.1.1, because every broker speaks it
    and its packets are cheaper to take apart; devices may use either version.
    """

    def __init__(self, client_id: str, address: BrokerAddress) -> None:
        super().__init__(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=False,
            protocol=MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        self.connect_timeout = CONNECT_WITHIN_S
        if address.username:
            self.username_pw_set(address.username, address.password)
        if address.tls:
            self.tls_set()
        # With a callback for it paho leaves writing to the loop instead of writing each packet by itself.
        self.on_socket_register_write = lambda *_: None
        self.on_message = self._collect
        self.connect_async(address.host, address.port, KEEPALIVE_S)
        self.generation = 0
        """The number of this connection; acknowledgements of an earlier one would name other messages."""
        self._burst: list[Delivery] = []
        self._burst_at = datetime.now(UTC)

    def open_connection(self) -> None:
        """Connect, again or for the first time; the broker's answer comes with `on_connect`.

        Raises:
            OSError: nothing answers there.

        """
        self.generation += 1
        self.reconnect()

    def read_burst(self, most: int) -> list[Delivery]:
        """Read what has come, up to about `most` messages, without waiting."""
        self._burst, self._burst_at = [], datetime.now(UTC)
        while len(self._burst) < most and self.socket() is not None:
            before = len(self._burst)
            self.loop_read()
            if len(self._burst) == before:
                break
        return self._burst

    def _collect(self, client: Client, userdata: Any, message: MQTTMessage) -> None:
        del client, userdata
        try:
            topic = message.topic.encode()
        except UnicodeDecodeError:
            topic = b"(not UTF-8)"
        self._burst.append(
            Delivery(
                topic=topic,
                payload=bytes(message.payload),
                packet_id=message.mid if message.qos else 0,
                generation=self.generation,
                received_at=self._burst_at,
                retained=message.retain,
                redelivered=message.dup,
            )
        )

    def acknowledge(self, packet_ids: list[int]) -> None:
        """Queue the acknowledgements of this connection's messages, in order; the loop writes them."""
        for packet_id in packet_ids:
            self.ack(packet_id, QUALITY_OF_SERVICE)
