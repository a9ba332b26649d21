"""One device's MQTT session on the event loop: it re-sends what was not acknowledged and reconnects by itself."""

import asyncio
import socket
import ssl
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from firmware_sim.town_api import DeviceCredential
from services.domain.errors import RiqingError
from services.domain.kinds import MessageKind

KEEPALIVE_S = 60
CONNACK_WITHIN_S = 15.0
_IN_FLIGHT = 500
_FIRST_RETRY_S, _LONGEST_RETRY_S = 0.5, 8.0
_BAD_CREDENTIALS = frozenset({"Bad user name or password", "Not authorized"})


class CredentialRefusedError(RiqingError):
    """The broker does not know the device's user name and password any more."""


@dataclass(slots=True)
class Tally:
    """Messages of all sessions: handed over for sending, acknowledged by the broker, refused by it."""

    sent: int = 0
    acknowledged: int = 0
    refused: int = 0


class DeviceSession:
    """A device at the broker. All methods run on the event loop's thread."""

    def __init__(
        self,
        credential: DeviceCredential,
        tally: Tally,
        online: Callable[[bool], bytes] | None,
        on_route: Callable[[bytes], None] | None = None,
        protocol: MQTTProtocolVersion = MQTTProtocolVersion.MQTTv5,
    ) -> None:
        """Prepare a session.

        `online` writes its status messages; without it there are none, and no last will. With `on_route` it
        listens for routes.
        """
        self.credential = credential
        self._tally, self._online, self._on_route = tally, online, on_route
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[tuple[MessageKind, bytes, bool]] = deque()
        self._unacknowledged = 0
        self._is_wanted = True
        self._is_connected = False
        self._connack: asyncio.Future[None] | None = None
        self._lost_or_wanted = asyncio.Event()
        self._client = self._make_client(protocol)

    @property
    def unacknowledged(self) -> int:
        """Messages on their way that the broker has not acknowledged; 0 while there is no connection."""
        return self._unacknowledged + len(self._waiting) if self._is_connected else 0

    @property
    def undelivered(self) -> int:
        """Messages that the broker has not acknowledged, connected or not."""
        return self._unacknowledged + len(self._waiting)

    async def connect(self) -> None:
        """Connect for the first time.

        Raises:
            CredentialRefusedError: the broker refuses the user name and password.
            OSError, TimeoutError: it cannot be reached.

        """
        address = urlsplit(self.credential.mqtt_url)
        port = address.port or (8883 if address.scheme == "mqtts" else 1883)
        host = address.hostname or "127.0.0.1"
        await self._dial(lambda: self._client.connect(host, port, KEEPALIVE_S))

    async def keep_connected(self) -> None:
        """Reconnect whenever the connection is lost and wanted; runs until it is cancelled."""
        retry_s = _FIRST_RETRY_S
        while True:
            await self._lost_or_wanted.wait()
            self._lost_or_wanted.clear()
            if self._is_connected or not self._is_wanted:
                continue
            try:
                await self._dial(self._client.reconnect)
                retry_s = _FIRST_RETRY_S
            except (OSError, TimeoutError, CredentialRefusedError):
                # A broker that starts again refuses everybody for a moment: keep trying, less and less often.
                await asyncio.sleep(retry_s)
                retry_s = min(retry_s * 2, _LONGEST_RETRY_S)
                self._lost_or_wanted.set()

    def publish(self, message: MessageKind, payload: bytes, *, retain: bool = False) -> None:
        """Send a message with QoS 1, now or when there is a connection again."""
        self._tally.sent += 1
        if self._is_connected:
            self._send(message, payload, retain)
        else:
            self._waiting.append((message, payload, retain))

    def cut(self) -> None:
        """Lose the network without a word, so that the broker sends the last will."""
        self._is_wanted = False
        self._shut()

    def restore(self) -> None:
        """Find the network again."""
        self._is_wanted = True
        self._lost_or_wanted.set()

    def keep_alive(self) -> None:
        """Ping the broker when it is time; call it every second or so."""
        if self._client.socket() is not None:
            self._client.loop_misc()

    def say_offline(self) -> None:
        """Publish that the device goes offline of its own accord."""
        if self._online is not None:
            self.publish(MessageKind.STATUS, self._online(False), retain=True)

    def leave(self) -> None:
        """Say goodbye; nothing is sent after that."""
        self._is_wanted = False
        self._client.disconnect()

    def _make_client(self, protocol: MQTTProtocolVersion) -> Client:
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=self.credential.username,
            protocol=protocol,
            clean_session=True if protocol is not MQTTProtocolVersion.MQTTv5 else None,
        )
        client.username_pw_set(self.credential.username, self.credential.password)
        if self._online is not None:
            client.will_set(self._topic(MessageKind.STATUS), b'{"online":false}', qos=1, retain=True)
        client.max_inflight_messages_set(_IN_FLIGHT)
        client.max_queued_messages_set(0)
        client.connect_timeout = CONNACK_WITHIN_S
        if urlsplit(self.credential.mqtt_url).scheme == "mqtts":
            client.tls_set_context(_trust(self.credential.ca_certificate))
        client.on_connect = self._connected
        client.on_disconnect = self._disconnected
        client.on_publish = self._acknowledged
        client.on_message = self._received
        client.on_socket_open = self._socket_opened
        client.on_socket_close = self._socket_closed
        client.on_socket_register_write = self._wants_to_write
        client.on_socket_unregister_write = self._has_written
        return client

    def _shut(self) -> None:
        connection = self._client.socket()
        if isinstance(connection, socket.socket):
            with suppress(OSError):  # the broker may have shut it already
                connection.shutdown(socket.SHUT_RDWR)

    async def _dial(self, dial: Callable[[], object]) -> None:
        """Open the connection in a thread, because that blocks, and wait for the broker's answer."""
        self._connack = self._loop.create_future()
        await self._loop.run_in_executor(None, dial)
        try:
            await asyncio.wait_for(self._connack, CONNACK_WITHIN_S)
        except TimeoutError:
            self._shut()
            raise

    def _topic(self, message: MessageKind) -> str:
        return f"{self.credential.topic_prefix}/{message}"

    def _send(self, message: MessageKind, payload: bytes, retain: bool) -> None:
        self._unacknowledged += 1
        self._client.publish(self._topic(message), payload, qos=1, retain=retain)

    def _connected(
        self, client: Client, _data: object, _flags: ConnectFlags, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        answer = self._connack
        if reason.is_failure:
            if answer is not None and not answer.done():
                answer.set_exception(_refusal(self.credential.username, str(reason)))
            return
        self._is_connected = True
        if self._on_route is not None:
            client.subscribe(self._topic(MessageKind.ROUTE), qos=1)
        if self._online is not None:
            self._tally.sent += 1
            self._send(MessageKind.STATUS, self._online(True), True)
        while self._waiting:
            self._send(*self._waiting.popleft())
        if answer is not None and not answer.done():
            answer.set_result(None)

    def _disconnected(
        self,
        _client: Client,
        _data: object,
        _flags: DisconnectFlags,
        _reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self._is_connected = False
        if self._connack is not None and not self._connack.done():
            self._connack.set_exception(ConnectionResetError("The broker closed the connection."))
        if self._is_wanted:
            self._loop.call_soon_threadsafe(self._lost_or_wanted.set)

    def _acknowledged(
        self, _client: Client, _data: object, _mid: int, reason: ReasonCode, _properties: Properties
    ) -> None:
        self._unacknowledged -= 1
        if reason.is_failure:
            self._tally.refused += 1
        else:
            self._tally.acknowledged += 1

    def _received(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        if self._on_route is not None:
            self._on_route(bytes(message.payload))

    def _socket_opened(self, client: Client, _data: object, connection: Any) -> None:
        self._loop.call_soon_threadsafe(self._watch_for_reading, client, connection)

    def _watch_for_reading(self, client: Client, connection: Any) -> None:
        if connection.fileno() >= 0:
            self._loop.add_reader(connection, self._read, client, connection)

    @staticmethod
    def _read(client: Client, connection: Any) -> None:
        client.loop_read()
        # A TLS connection reads ahead: what it holds already, the event loop cannot see.
        while isinstance(connection, ssl.SSLSocket) and connection.fileno() >= 0 and connection.pending():
            client.loop_read()

    def _socket_closed(self, _client: Client, _data: object, connection: Any) -> None:
        self._loop.remove_reader(connection)
        self._loop.remove_writer(connection)

    def _wants_to_write(self, client: Client, _data: object, connection: Any) -> None:
        self._loop.call_soon_threadsafe(self._watch_for_writing, client, connection)

    def _watch_for_writing(self, client: Client, connection: Any) -> None:
        # By now the client may have written everything itself; a writer left behind would keep the loop awake.
        if connection.fileno() >= 0 and client.want_write():
            self._loop.add_writer(connection, self._write, client, connection)

    def _write(self, client: Client, connection: Any) -> None:
        client.loop_write()
        if connection.fileno() >= 0 and not client.want_write():
            self._loop.remove_writer(connection)

    def _has_written(self, _client: Client, _data: object, connection: Any) -> None:
        self._loop.remove_writer(connection)


@cache
def _trust(ca_certificate: str | None) -> ssl.SSLContext:
    """Return whom a device trusts; all devices share one, which costs them neither time nor memory."""
    return ssl.create_default_context(cadata=ca_certificate)


def _refusal(username: str, reason: str) -> Exception:
    if reason in _BAD_CREDENTIALS:
        return CredentialRefusedError(f"The broker refuses {username}: {reason}.")
    return ConnectionRefusedError(f"The broker refuses {username}: {reason}.")
