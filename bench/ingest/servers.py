"""Database and broker of a measurement, with a town of devices, and what their processes cost."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion
from rich.console import Console

from bench.ingest.processor import processor_s
from services.broker.address import BrokerAddress
from services.broker.credentials import DeviceCredential, enrol_devices
from services.broker.spool import FIRST_WORKER, spool_client_id
from services.domain.kinds import DeviceKind
from services.domain.town import Town
from services.stack.database import SUPERUSER_NAME, database_url
from services.stack.lifecycle import Stack, StartRequest
from services.stack.supervision import Supervisor
from services.store import devices as store
from services.store.devices import NewDevice
from services.store.migrate import migrate
from services.store.town import create_town, load_clock

DEVICES = 200
FLEETS = 2
"""Processes that the devices are spread over, so that none of them is what binds."""
PROBE = "probe"
"""The device that is watched from publishing to being visible."""
TOWN = "bench"

console = Console(stderr=True)


@dataclass(frozen=True, slots=True)
class Servers:
    """A running database and broker, and the credentials of the devices that may publish there."""

    stack: Stack
    database_url: str
    mqtt_url: str
    credentials: list[DeviceCredential]
    probe: DeviceCredential

    @property
    def broker(self) -> BrokerAddress:
        """The broker with the services' account."""
        return BrokerAddress.parse(self.mqtt_url)

    def processor_s(self) -> dict[str, float]:
        """Return the processor time that broker and database have taken, in seconds."""
        pids = {process.name: process.pid for process in Supervisor(self.stack.folder).processes()}
        of = {"broker": pids["mosquitto"], "database": pids["postgres"]}
        return {name: processor_s(pid) for name, pid in of.items() if pid is not None}

    def empty_tables(self) -> None:
        """Forget all readings."""
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            connection.execute("TRUNCATE positions, latest_positions, stored_batches, dead_letters")

    def write_down(self) -> None:
        """Have the database write everything into its files that it holds in memory, which only its superuser may."""
        state = self.stack.remembered()
        url = database_url(state.ports["database"], state.superuser_password, role=SUPERUSER_NAME, name="postgres")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CHECKPOINT")

    def forget_session(self, client_id: str) -> None:
        """Have the broker forget a session, which would otherwise be a queue beside the next one's."""
        client = Client(CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=True)
        client.username_pw_set(self.broker.username, self.broker.password)
        client.on_connect = lambda client, *_: client.disconnect()
        client.connect(self.broker.host, self.broker.port)
        client.loop_forever()


def _enrol(database_url: str, mqtt_url: str) -> list[DeviceCredential]:
    names = [(DeviceKind.VEHICLE, f"truck-{i}") for i in range(DEVICES)] + [(DeviceKind.VEHICLE, PROBE)]
    with psycopg.connect(database_url) as connection:
        create_town(connection, Town(TOWN))
        new = [NewDevice(kind, device_id, device_id) for kind, device_id in names]
        store.enrol_devices(connection, new, load_clock(connection).now())
    return enrol_devices(mqtt_url, TOWN, names)


@contextmanager
def running_servers(settings: Mapping[str, str], database_settings: Sequence[str] = ()) -> Iterator[Servers]:
    """Start servers in a folder of their own, with `settings` as the stack's environment, and stop them afterwards."""
    with tempfile.TemporaryDirectory(prefix="riqing-bench-") as folder, ExitStack() as cleanup:
        stack = Stack(Path(folder))
        cleanup.callback(stack.stop, console.print)
        cleanup.enter_context(_environment(settings))
        request = StartRequest(services=(), detach=True, database_settings=tuple(database_settings))
        stack.start(request, migrate, console.print)
        state = stack.remembered()
        *credentials, probe = _enrol(state.database_url, state.mqtt_url)
        servers = Servers(stack, state.database_url, state.mqtt_url, credentials, probe)
        # Enrolling has made the session of an ingest that does not run here: it would queue everything once more.
        servers.forget_session(spool_client_id(servers.broker, FIRST_WORKER))
        yield servers


@contextmanager
def _environment(settings: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(settings)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


class Fleet:
    """The devices as running processes, ready to publish."""

    def __init__(self, processes: Sequence[subprocess.Popen[str]], last_at: datetime) -> None:
        self._processes = processes
        self.last_at = last_at
        """The instant of each device's last message."""

    def start(self) -> None:
        """Let them publish."""
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()

    def wait(self) -> tuple[float, float]:
        """Wait until the broker has acknowledged everything; return when the first began and the last ended."""
        started_s, ended_s = [], []
        for process in self._processes:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                raise RuntimeError("A fleet has ended before its time; its reason stands above.")
            times = json.loads(line)
            started_s.append(times["started_s"])
            ended_s.append(times["ended_s"])
        return min(started_s), max(ended_s)

    def processor_s(self) -> float:
        """Return the processor time that all of them have taken, in seconds."""
        return sum(processor_s(process.pid) for process in self._processes)


@contextmanager
def ready_fleet(servers: Servers, messages: int, rate: float = 0) -> Iterator[Fleet]:
    """Start devices that will publish `messages` in all, at `rate` messages per second or as fast as they may."""
    each = max(messages // DEVICES, 1)
    first_ms = int((time.time() - each) * 1000)
    processes = []
    try:
        for i in range(FLEETS):
            orders = {
                "host": servers.broker.host,
                "port": servers.broker.port,
                "devices": [(c.username, c.password, c.topic_prefix) for c in servers.credentials[i::FLEETS]],
                "messages": each,
                "first_ms": first_ms,
                "rate": rate / FLEETS,
            }
            command = [sys.executable, "-m", "bench.ingest.fleet"]
            process = subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            processes.append(process)
            assert process.stdin is not None
            process.stdin.write(json.dumps(orders) + "\n")
            process.stdin.flush()
        for process in processes:
            assert process.stdout is not None
            if process.stdout.readline() != "ready\n":
                raise RuntimeError("The devices could not connect; their reason stands above.")
        yield Fleet(processes, datetime.fromtimestamp(first_ms / 1000 + each - 1, UTC))
    finally:
        for process in processes:
            process.communicate(timeout=60)
