"""The network thread: keeps the session at the broker, reads while there is room, writes acknowledgements."""

import logging
import random
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Iterable
from typing import Any

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from services.broker.spool import FIRST_WORKER, spool_filters
from services.ingest.client import QUALITY_OF_SERVICE, TelemetryClient
from services.ingest.delivery import Delivery
from services.ingest.intake import Intake

log = logging.getLogger(__name__)

BURST_MESSAGES = 1_000
"""Read at most so many before looking after acknowledgements again."""

REST_S = 0.002
"""After a smaller burst nothing is read for so long. While we wait at the socket, each message that the broker sends
wakes us up, which costs the broker more than the sending; so they gather in the socket instead."""

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 5.0
SHORT_LIVED_S = 2.0
"""A connection that ends sooner has usually been taken over by another client with the same id."""


class BrokerSession:
    """The ingest's session at the broker, which is the spool of what is not stored yet."""

    def __init__(
        self,
        client: TelemetryClient,
        town_name: str,
        intake: Intake,
        worker: int = FIRST_WORKER,
        workers: int = 1,
    ) -> None:
        self._client = client
        self._wanted, self._unwanted = spool_filters(town_name, worker, workers)
        self._intake = intake
        self._acknowledgements: deque[tuple[int, list[int]]] = deque()
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._wake_reader.setblocking(False)
        self._wake_writer.setblocking(False)
        self._stopping = threading.Event()
        self._subscribed_s: float | None = None
        self._failures = 0
        self._ended_generation = 0
        intake.on_room = self._wake
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect

    @property
    def is_subscribed(self) -> bool:
        """Whether messages reach us."""
        return self._subscribed_s is not None

    def acknowledge(self, deliveries: Iterable[Delivery]) -> None:
        """Have deliveries acknowledged, in order; those of an earlier connection will come again. Any thread."""
        by_generation: dict[int, list[int]] = {}
        for delivery in deliveries:
            if delivery.packet_id:
                by_generation.setdefault(delivery.generation, []).append(delivery.packet_id)
        self._acknowledgements.extend(by_generation.items())
        self._wake()

    def stop(self) -> None:
        """Write the acknowledgements that are due, take leave of the broker, and let `run` return. Any thread."""
        self._stopping.set()
        self._wake()

    def run(self) -> None:
        """Keep the session until `stop`."""
        while not self._stopping.is_set():
            try:
                self._client.open_connection()
            except OSError as error:
                self._failures += 1
                log.warning("The broker at %s:%d gives no answer: %s", self._client.host, self._client.port, error)
            else:
                self._serve()
            if not self._stopping.is_set():
                pause_s = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(self._failures, 10))
                self._stopping.wait(pause_s * random.uniform(0.5, 1))  # noqa: S311 - spreads reconnects, no secret

    def _wake(self) -> None:
        try:
            self._wake_writer.send(b"1")
        except BlockingIOError:
            return  # it has been woken often enough

    def _serve(self) -> None:
        """Run the connection until it ends."""
        client = self._client
        rested_s = 0.0
        while (connection := client.socket()) is not None:
            reads: list[Any] = [self._wake_reader]
            rest_s = rested_s - time.monotonic()
            may_read = rest_s <= 0 and self._intake.has_room()
            if may_read:
                reads.append(connection)
            writes = [connection] if client.want_write() else []
            wait_s = rest_s if rest_s > 0 else 0 if may_read and _has_pending(connection) else 1.0
            ready, writable, _ = select.select(reads, writes, [], wait_s)
            if self._wake_reader in ready:
                self._take_wake_ups()
                self._write_acknowledgements()
            if self._stopping.is_set():
                self._write_acknowledgements()
                client.disconnect()
                client.loop_write()
                return
            if connection in ready or (may_read and _has_pending(connection)):
                burst = client.read_burst(BURST_MESSAGES)
                if burst:
                    self._intake.put(burst)
                if len(burst) < BURST_MESSAGES:
                    rested_s = time.monotonic() + REST_S
            if writable or client.want_write():
                client.loop_write()
            client.loop_misc()

    def _take_wake_ups(self) -> None:
        try:
            self._wake_reader.recv(4096)
        except BlockingIOError:
            return

    def _write_acknowledgements(self) -> None:
        while self._acknowledgements:
            generation, packet_ids = self._acknowledgements.popleft()
            if generation == self._client.generation:
                self._client.acknowledge(packet_ids)

    def _on_connect(
        self, client: Client, userdata: Any, flags: ConnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        del userdata, properties
        if reason.is_failure:
            log.error("The broker refuses us: %s. Are user and password in MQTT_URL right?", reason)
            return
        found = "the session was kept" if flags.session_present else "the session is new"
        log.info("Connected to the broker at %s:%d; %s.", client.host, client.port, found)
        if self._wanted:
            client.subscribe([(topic_filter, QUALITY_OF_SERVICE) for topic_filter in self._wanted])
        else:  # a session that is to run dry
            self._subscribed_s = time.monotonic()
            client.unsubscribe(self._unwanted)

    def _on_subscribe(
        self, client: Client, userdata: Any, packet_id: int, reasons: list[ReasonCode], properties: Properties | None
    ) -> None:
        del userdata, packet_id, properties
        if any(reason.is_failure for reason in reasons):
            log.error("The broker does not let us read %s; check its access rules.", " and ".join(self._wanted))
            return
        # Behind the subscription that takes their place: in between messages may come twice, but none is missed.
        if self._unwanted:
            client.unsubscribe(self._unwanted)
        self._subscribed_s = time.monotonic()

    def _on_disconnect(
        self,
        client: Client,
        userdata: Any,
        flags: DisconnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        del client, userdata, flags, properties
        subscribed_s, self._subscribed_s = self._subscribed_s, None
        if self._stopping.is_set() or self._ended_generation == self._client.generation:
            return  # paho tells of one end twice when a ping was not answered
        self._ended_generation = self._client.generation
        lasted_s = 0.0 if subscribed_s is None else time.monotonic() - subscribed_s
        self._failures = self._failures + 1 if lasted_s < SHORT_LIVED_S else 0
        log.warning(
            "The connection to the broker ended after %.1f s (%s)%s",
            lasted_s,
            reason,
            ": is another ingest running with the same client id?" if 0 < lasted_s < SHORT_LIVED_S else "",
        )


def _has_pending(connection: Any) -> bool:
    """Tell whether a TLS connection holds bytes that it has read and `select` cannot see."""
    return bool(connection.pending()) if hasattr(connection, "pending") else False
