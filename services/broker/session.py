"""A short session of a service at the broker: connect, exchange some messages, leave."""

import queue
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from paho.mqtt.client import Client, ConnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from services.broker.address import BrokerAddress
from services.broker.errors import BrokerError

CONNECTED_WITHIN_S = 10.0
NO_MATCHING_SUBSCRIBERS = 0x10
"""The broker has taken the message, and nobody will get it."""


class Session:
    """An open session; made by `open_session`."""

    def __init__(self, client: Client, address: BrokerAddress) -> None:
        self._client = client
        self._address = address
        self._messages: queue.SimpleQueue[MQTTMessage] = queue.SimpleQueue()
        self._grants: queue.SimpleQueue[list[ReasonCode]] = queue.SimpleQueue()
        self._outcomes: queue.SimpleQueue[tuple[int, ReasonCode]] = queue.SimpleQueue()
        client.on_message = lambda _client, _data, message: self._messages.put(message)
        client.on_subscribe = lambda _client, _data, _id, codes, _properties: self._grants.put(codes)
        client.on_publish = lambda _client, _data, message_id, code, _: self._outcomes.put((message_id, code))

    def subscribe(self, topic_filter: str) -> None:
        """Subscribe and wait until the broker has granted it.

        Raises:
            BrokerError: it did not.

        """
        self._client.subscribe(topic_filter, qos=1)
        try:
            codes = self._grants.get(timeout=CONNECTED_WITHIN_S)
        except queue.Empty:
            raise BrokerError(f"The broker at {self._address} gave no answer.") from None
        if any(code.is_failure for code in codes):
            raise BrokerError(f"{self._address.username} may not subscribe to {topic_filter} at {self._address}.")

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Hand a message to the broker, without waiting for its acknowledgement."""
        self._client.publish(topic, payload, qos=1, retain=retain)

    def is_heard(self, topic: str) -> bool:
        """Publish an empty message and tell whether anybody has subscribed to it, be he connected or not.

        Raises:
            BrokerError: the broker does not say.

        """
        published = self._client.publish(topic, b"", qos=1)
        try:
            message_id, code = self._outcomes.get(timeout=CONNECTED_WITHIN_S)
            while message_id != published.mid:
                message_id, code = self._outcomes.get(timeout=CONNECTED_WITHIN_S)
        except queue.Empty:
            raise BrokerError(f"The broker at {self._address} gave no answer.") from None
        if code.is_failure:
            raise BrokerError(f"{self._address.username} may not publish to {topic} at {self._address}: {code}.")
        return code.value != NO_MATCHING_SUBSCRIBERS

    def receive(self, within_s: float) -> MQTTMessage:
        """Return the next message.

        Raises:
            BrokerError: none came in time.

        """
        try:
            return self._messages.get(timeout=within_s)
        except queue.Empty:
            raise BrokerError(f"The broker at {self._address} gave no answer within {within_s:.0f} s.") from None


@contextmanager
def open_session(address: BrokerAddress, within_s: float = CONNECTED_WITHIN_S) -> Iterator[Session]:
    """Connect with a session that the broker forgets afterwards, and disconnect in the end.

    Raises:
        BrokerError: nothing answers there, or it refuses us.

    """
    # The broker refuses clients without an id (mosquitto.conf).
    client_id = f"{address.username}-{secrets.token_hex(8)}"
    client = Client(CallbackAPIVersion.VERSION2, client_id=client_id, protocol=MQTTProtocolVersion.MQTTv5)
    client.username_pw_set(address.username, address.password)
    if address.tls:
        client.tls_set()
    outcomes: queue.SimpleQueue[ReasonCode] = queue.SimpleQueue()

    def on_connect(
        _client: Client, _data: object, _flags: ConnectFlags, code: ReasonCode, _: Properties | None
    ) -> None:
        outcomes.put(code)

    client.on_connect = on_connect
    session = Session(client, address)
    try:
        client.connect(address.host, address.port, keepalive=30)
    except OSError as error:
        raise BrokerError(
            f"The broker at {address} cannot be reached ({error.strerror or error}): "
            "start the stack with `riqing up`, or set MQTT_URL."
        ) from error
    client.loop_start()
    try:
        code = outcomes.get(timeout=within_s)
        if code.is_failure:
            raise BrokerError(f"The broker at {address} refuses {address.username!r}: {code}.")
        yield session
    except queue.Empty:
        raise BrokerError(f"The broker at {address} did not answer within {within_s:.0f} s.") from None
    finally:
        take_leave(client)


def take_leave(client: Client) -> None:
    """Disconnect a client and wait for its network thread."""
    client.disconnect()
    # paho forgets its thread when that ends by itself, which may be between its asking and its waiting for it.
    with suppress(AttributeError):
        client.loop_stop()


def why_silent(mqtt_url: str) -> str | None:
    """Return why the broker does not let us in; None when it does."""
    try:
        with open_session(BrokerAddress.parse(mqtt_url)):
            return None
    except BrokerError as error:
        return str(error)
