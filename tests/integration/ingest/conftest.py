"""An ingest as its own process, and devices that publish to it over the real broker."""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from paho.mqtt.client import Client, MQTTMessageInfo
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from services.broker.address import BrokerAddress
from services.broker.credentials import DeviceCredential, enrol_devices
from services.broker.session import take_leave
from services.broker.spool import FIRST_WORKER, spool_client_id
from services.domain.kinds import DeviceKind
from services.domain.town import Town
from services.store import devices as store
from services.store.devices import NewDevice
from services.store.town import create_town

WAITS_AT_MOST_S = 60.0


def wait_until(condition: Callable[[], Any], within_s: float = WAITS_AT_MOST_S) -> Any:
    """Return what `condition` returns once that is true; fail when it is not in time."""
    deadline = time.monotonic() + within_s
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {within_s} s: {condition}"
        time.sleep(0.02)
    return found


@dataclass
class IngestProcess:
    """`python -m services.ingest`, which a test may kill and start again."""

    database_url: str
    mqtt_url: str
    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    client_id: str = field(default_factory=lambda: f"ingest-{secrets.token_hex(4)}")
    process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        """What it has said on standard error."""
        return self.folder / f"{self.client_id}.log"

    @property
    def heartbeat(self) -> Path:
        """The file that it touches while it is ready."""
        return self.folder / f"{self.client_id}.heartbeat"

    def start(self, *, wait: bool = True) -> None:
        """Start it and, unless told otherwise, wait until it is ready."""
        self.heartbeat.unlink(missing_ok=True)
        environment = os.environ | self.settings
        environment |= {
            "DATABASE_URL": self.database_url,
            "MQTT_URL": self.mqtt_url,
            "RIQING_INGEST_CLIENT_ID": self.client_id,
            "RIQING_HEARTBEAT_FILE": str(self.heartbeat),
        }
        with self.log.open("ab") as log:
            self.process = subprocess.Popen([sys.executable, "-m", "services.ingest"], env=environment, stderr=log)
        if wait:
            wait_until(lambda: self.heartbeat.exists())

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send it a signal and return its exit status."""
        assert self.process is not None
        self.process.send_signal(number)
        status = self.process.wait(20)
        self.process = None
        return status

    @property
    def session_id(self) -> str:
        """The client id that it has at the broker."""
        return self.client_id or spool_client_id(BrokerAddress.parse(self.mqtt_url), FIRST_WORKER)

    def forget_session(self) -> None:
        """Have the broker forget its session, so that it holds nothing for nobody."""
        address = BrokerAddress.parse(self.mqtt_url)
        client = Client(CallbackAPIVersion.VERSION2, client_id=self.session_id, clean_session=True)
        client.username_pw_set(address.username, address.password)
        connected = threading.Event()
        client.on_connect = lambda *_: connected.set()
        client.connect(address.host, address.port)
        client.loop_start()
        connected.wait(5)
        take_leave(client)


@contextmanager
def running_ingest(database_url: str, mqtt_url: str, folder: Path, **settings: str) -> Iterator[IngestProcess]:
    """Run an ingest for as long as the block lasts."""
    ingest = IngestProcess(database_url, mqtt_url, folder, settings)
    try:
        ingest.start()
        yield ingest
    finally:
        if ingest.process is not None:
            ingest.end(signal.SIGKILL)
        ingest.forget_session()


def new_town(database_url: str) -> str:
    """Make a town of its own name, since tests share the broker; return the name."""
    name = f"镇{secrets.token_hex(4)}"
    with psycopg.connect(database_url) as connection:
        create_town(connection, Town(name))
    return name


def enrol(database_url: str, mqtt_url: str, town: str, names: Sequence[tuple[DeviceKind, str]]) -> list["Device"]:
    """Enrol devices in the store and at the broker, as `riqing device add` does."""
    with psycopg.connect(database_url) as connection:
        new = [NewDevice(kind, device_id, device_id) for kind, device_id in names]
        store.enrol_devices(connection, new, datetime.now(UTC))
    credentials = enrol_devices(mqtt_url, town, names)
    return [Device(credential, town) for credential in credentials]


class Device:
    """A device that publishes with QoS 1 and knows what the broker has acknowledged."""

    def __init__(self, credential: DeviceCredential, town: str) -> None:
        self.credential = credential
        self.town = town
        self.acknowledged = 0
        """How many messages the broker has acknowledged."""
        self._client: Client | None = None

    def connect(self, protocol: MQTTProtocolVersion = MQTTProtocolVersion.MQTTv5, will: object = None) -> "Device":
        """Connect, and keep the connection by itself from then on."""
        address = BrokerAddress.parse(self.credential.mqtt_url)
        # The id begins with the town, since tests share the broker.
        client_id = f"{self.town} {self.credential.username}"
        client = Client(CallbackAPIVersion.VERSION2, client_id=client_id, protocol=protocol)
        client.username_pw_set(self.credential.username, self.credential.password)
        client.reconnect_delay_set(1, 1)
        client.max_inflight_messages_set(500)
        client.on_publish = self._count
        if will is not None:
            client.will_set(f"{self.credential.topic_prefix}/status", json.dumps(will), qos=1, retain=True)
        client.connect(address.host, address.port)
        client.loop_start()
        wait_until(client.is_connected)
        self._client = client
        return self

    @property
    def is_connected(self) -> bool:
        """Whether the broker lets it be connected."""
        return self._client is not None and self._client.is_connected()

    def _count(self, *_: Any) -> None:
        self.acknowledged += 1

    def publish(self, message: str, body: Any, *, retain: bool = False) -> MQTTMessageInfo:
        """Hand a message over; a body that is not bytes is written as JSON."""
        assert self._client is not None
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self._client.publish(f"{self.credential.topic_prefix}/{message}", payload, qos=1, retain=retain)

    def tell(self, message: str, *bodies: Any, retain: bool = False) -> None:
        """Publish messages and wait until the broker has acknowledged all of them."""
        for handed_over in [self.publish(message, body, retain=retain) for body in bodies]:
            handed_over.wait_for_publish(WAITS_AT_MOST_S)
            assert handed_over.is_published()

    def vanish(self) -> None:
        """Lose the connection without a word, so that the broker publishes the last will."""
        assert self._client is not None
        connection = self._client.socket()
        self._client.loop_stop()
        assert connection is not None
        connection.close()
        self._client = None

    def disconnect(self) -> None:
        """Take leave."""
        if self._client is not None:
            take_leave(self._client)
            self._client = None


def now_text(ahead_s: float = 0) -> str:
    """Return the present instant, or one some seconds ahead, as RFC 3339."""
    return datetime.fromtimestamp(time.time() + ahead_s, UTC).isoformat()


def rows(database_url: str, query: str, *parameters: object) -> list[tuple[Any, ...]]:
    """Return a query's rows."""
    with psycopg.connect(database_url, options="-c timezone=UTC") as connection:
        return connection.execute(query, parameters).fetchall()


@dataclass
class ServedTown:
    """A town with devices, served by an ingest."""

    name: str
    database_url: str
    mqtt_url: str
    ingest: IngestProcess

    def rows(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Return a query's rows."""
        return rows(self.database_url, query, *parameters)

    def enrol(self, *names: tuple[DeviceKind, str]) -> list[Device]:
        """Enrol devices here."""
        return enrol(self.database_url, self.mqtt_url, self.name, names)

    def device(self, kind: DeviceKind) -> Device:
        """Return a new device, connected over MQTT 5."""
        return self.enrol((kind, f"{kind}-{secrets.token_hex(3)}"))[0].connect()

    def key(self, device: Device) -> int:
        """Return a device's key."""
        credential = device.credential
        query = "SELECT device_key FROM devices WHERE kind = %s AND device_id = %s"
        return int(self.rows(query, credential.kind.value, credential.device_id)[0][0])

    def letters(self, device: Device) -> list[tuple[str, bytes]]:
        """Return reason and bytes of what was refused of a device, in the order of keeping."""
        query = "SELECT reason, payload FROM dead_letters WHERE starts_with(topic, %s) ORDER BY dead_letter_id"
        return self.rows(query, f"{device.credential.topic_prefix}/")


@pytest.fixture(scope="module")
def town(database_url: str, mqtt_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedTown]:
    """A town whose ingest runs for the tests of a module."""
    name = new_town(database_url)
    folder = tmp_path_factory.mktemp("ingest")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with running_ingest(database_url, mqtt_url, folder, RIQING_INGEST_METRICS_PORT=str(port)) as ingest:
        yield ServedTown(name, database_url, mqtt_url, ingest)
