"""The network thread reads in bursts, and what it has to write does not wait for them."""

import socket
import struct
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from services.broker.address import BrokerAddress
from services.ingest import session as session_module
from services.ingest.delivery import Delivery
from services.ingest.fast_client import FastTelemetryClient
from services.ingest.intake import Intake
from services.ingest.session import BrokerSession
from tests.unit.ingest.test_fast_client import CONNACK, publish

LONG_S = 3_600.0
WITHIN_S = 60.0


class Served:
    """A session that runs in its thread, and the broker's end of its connection."""

    def __init__(self) -> None:
        ours, self.broker = socket.socketpair()
        self.broker.settimeout(WITHIN_S)
        self.intake = Intake(10_000, 10_000_000)
        client = FastTelemetryClient("ingest", BrokerAddress("broker", 1883, "", "", tls=False))
        client._create_socket = lambda: ours  # type: ignore[method-assign]
        self.session = BrokerSession(client, "town", self.intake)
        self.thread = threading.Thread(target=self.session.run)
        self.thread.start()
        self.broker.recv(1_000)
        self.broker.sendall(CONNACK)
        subscribe = self.broker.recv(1_000)
        self.broker.sendall(b"\x90\x03" + subscribe[2:4] + b"\x01")
        self.broker.recv(1_000)  # what it does not want to hear any more

    def take(self) -> list[Delivery]:
        """Return the next burst, whenever it comes."""
        return self.intake.take(1, 1, 0, WITHIN_S)

    def close(self) -> None:
        """End it as the ingest does."""
        self.session.stop()
        self.thread.join(WITHIN_S)
        assert not self.thread.is_alive()
        for end in (self.broker, self.session._wake_reader, self.session._wake_writer):
            end.close()


@pytest.fixture
def served() -> Iterator[Served]:
    """A session that is connected and subscribed."""
    served = Served()
    yield served
    served.close()


def test_messages_gather_between_bursts(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many messages come one by one, it reads no more often than its rest allows."""
    rest_s = 0.05
    monkeypatch.setattr(session_module, "REST_S", rest_s)
    bursts: list[int] = []
    put = served.intake.put

    def put_and_count(burst: list[Delivery]) -> None:
        put(burst)
        bursts.append(len(burst))

    monkeypatch.setattr(served.intake, "put", put_and_count)
    started_s = time.monotonic()
    for packet_id in range(1, 201):
        served.broker.sendall(publish(packet_id, b"t", b"x"))
    while sum(bursts) < 200:
        assert time.monotonic() - started_s < WITHIN_S
        time.sleep(0.01)
    assert len(bursts) <= 2 + (time.monotonic() - started_s) / rest_s


def test_acknowledging_and_ending_do_not_wait_for_the_rest(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """While nothing is read, acknowledgements go out, and `stop` ends it."""
    monkeypatch.setattr(session_module, "REST_S", LONG_S)
    served.broker.sendall(publish(7, b"t", b"x"))
    [delivery] = served.take()
    # Of this connection and of an earlier one, whose packet ids mean nothing here.
    served.session.acknowledge([delivery, Delivery(b"t", b"x", 8, delivery.generation - 1, datetime.now(UTC))])
    assert served.broker.recv(1_000) == struct.pack("!BBH", 0x40, 2, 7)
