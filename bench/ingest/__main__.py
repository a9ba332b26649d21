"""`python -m bench.ingest`: devices, broker, peer and database on this machine, the peers one after the other."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from xmlrpc.client import Error as SupervisorError

import psycopg
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion
from rich.console import Console
from rich.table import Table

from bench.ingest.peers import PEERS
from bench.ingest.processor import processor_s
from services.broker.address import BrokerAddress
from services.broker.credentials import DeviceCredential, enrol_devices
from services.domain.kinds import DeviceKind
from services.domain.town import Town
from services.stack.lifecycle import Stack, StartRequest
from services.stack.supervision import Supervisor
from services.store import devices as store
from services.store.devices import NewDevice
from services.store.migrate import migrate
from services.store.town import create_town, load_clock

DEVICES = 200
STORED_WITHIN_S = 300.0
SLOW_PEER_SHARE = 10
"""The peer that commits each message gets so much less of them: its rate is soon known."""


@dataclass(frozen=True, slots=True)
class Result:
    """What was measured of one peer."""

    peer: str
    messages: int
    seconds: float
    """From the first publish until the last message was stored (or, with the broker alone, acknowledged)."""
    messages_per_s: float
    processor_us: dict[str, float]
    """Microseconds of processor time per message: devices, broker, ingest, database."""


class Bench:
    """Servers with a town of devices, which the peers are tried on one after the other."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        state = stack.remembered()
        self._database_url, self._mqtt_url = state.database_url, state.mqtt_url
        self._credentials = self._enrol()
        self._round = 0

    def _enrol(self) -> list[DeviceCredential]:
        names = [(DeviceKind.VEHICLE, f"truck-{i}") for i in range(DEVICES)]
        with psycopg.connect(self._database_url) as connection:
            create_town(connection, Town("bench"))
            new = [NewDevice(kind, device_id, device_id) for kind, device_id in names]
            store.enrol_devices(connection, new, load_clock(connection).now())
        return enrol_devices(self._mqtt_url, "bench", names)

    def measure(self, peer: str, messages: int) -> Result:
        """Run one peer on so many messages, on an empty table."""
        self._round += 1
        with psycopg.connect(self._database_url, autocommit=True) as connection:
            connection.execute("TRUNCATE positions, latest_positions, stored_batches, dead_letters")
        with self._peer(peer) as ingest, self._fleet(messages) as fleet:
            assert fleet.stdin is not None
            assert fleet.stdout is not None
            before = self._processor_s(ingest, fleet)
            fleet.stdin.write("go\n")
            fleet.stdin.flush()
            times = json.loads(fleet.stdout.readline())
            ended_s = times["ended_s"] if peer == "broker-alone" else self._wait_until_stored(messages)
            after = self._processor_s(ingest, fleet)
        seconds = ended_s - times["started_s"]
        return Result(
            peer=peer,
            messages=messages,
            seconds=round(seconds, 3),
            messages_per_s=round(messages / seconds),
            processor_us={name: round((after[name] - before[name]) / messages * 1e6, 1) for name in before},
        )

    @contextmanager
    def _peer(self, peer: str) -> Iterator[subprocess.Popen[str]]:
        environment = os.environ | {
            "DATABASE_URL": self._database_url,
            "MQTT_URL": self._mqtt_url,
            "RIQING_INGEST_CLIENT_ID": f"bench {self._round}",
        }
        command = [sys.executable, "-m", "bench.ingest.peers", peer]
        process = subprocess.Popen(command, env=environment, text=True, stderr=subprocess.DEVNULL)
        try:
            time.sleep(3)  # until it has subscribed; a session of its own, so nothing of the last peer is in it
            yield process
        finally:
            process.terminate()
            process.wait()
            self._forget_session(environment["RIQING_INGEST_CLIENT_ID"])

    def _forget_session(self, client_id: str) -> None:
        """Have the broker forget a peer's session, which would otherwise be a queue beside the next one's."""
        address = BrokerAddress.parse(self._mqtt_url)
        client = Client(CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=True)
        client.username_pw_set(address.username, address.password)
        client.on_connect = lambda client, *_: client.disconnect()
        client.connect(address.host, address.port)
        client.loop_forever()

    @contextmanager
    def _fleet(self, messages: int) -> Iterator[subprocess.Popen[str]]:
        address = BrokerAddress.parse(self._mqtt_url)
        orders = {
            "host": address.host,
            "port": address.port,
            "devices": [(c.username, c.password, c.topic_prefix) for c in self._credentials],
            "messages": messages,
            "first_ms": int((time.time() - messages / DEVICES) * 1000),
        }
        command = [sys.executable, "-m", "bench.ingest.fleet"]
        process = subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(orders) + "\n")
        process.stdin.flush()
        if process.stdout.readline() != "ready\n":
            raise RuntimeError("The devices could not connect; their reason stands above.")
        try:
            yield process
        finally:
            process.stdin.close()
            process.stdout.close()
            process.wait()

    def _wait_until_stored(self, messages: int) -> float:
        deadline = time.time() + STORED_WITHIN_S
        with psycopg.connect(self._database_url, autocommit=True) as connection:
            while True:
                row = connection.execute("SELECT count(*) FROM positions").fetchone()
                now_s = time.time()
                if row == (messages,):
                    return now_s
                if now_s > deadline:
                    raise RuntimeError(f"{row} of {messages} messages were stored within {STORED_WITHIN_S:.0f} s.")
                time.sleep(0.05)

    def _processor_s(self, ingest: subprocess.Popen[str], fleet: subprocess.Popen[str]) -> dict[str, float]:
        pids = {process.name: process.pid for process in Supervisor(self._stack.folder).processes()}
        of = {"devices": fleet.pid, "broker": pids["mosquitto"], "ingest": ingest.pid, "database": pids["postgres"]}
        return {name: processor_s(pid) for name, pid in of.items() if pid is not None}


def set_autosave(stack: Stack, changes: int) -> None:
    """Have the broker write its queue after so many changes, instead of as it is shipped; 0 for never."""
    configuration = stack.folder.broker / "mosquitto.conf"
    lines = [line for line in configuration.read_text().splitlines() if not line.startswith("autosave")]
    if changes:
        lines += ["autosave_on_changes true", f"autosave_interval {changes}"]
    configuration.write_text("\n".join(lines) + "\n")
    supervisor = Supervisor(stack.folder)
    try:
        supervisor._call("stopProcess", "servers:mosquitto")
        supervisor._call("startProcess", "servers:mosquitto")
    except SupervisorError as error:
        raise RuntimeError(f"The broker could not be restarted: {error}") from error


def run(arguments: argparse.Namespace) -> list[Result]:
    """Measure the peers that were asked for."""
    console = Console(stderr=True)
    with tempfile.TemporaryDirectory(prefix="riqing-bench-") as folder:
        stack = Stack(Path(folder))
        try:
            stack.start(StartRequest(services=(), detach=True), migrate, console.print)
            if arguments.autosave is not None:
                set_autosave(stack, arguments.autosave)
            bench = Bench(stack)
            results = []
            for peer in arguments.peers:
                share = SLOW_PEER_SHARE if peer == "usual-script" else 1
                console.print(f"Measuring {peer}")
                results.append(bench.measure(peer, arguments.messages // share))
            return results
        finally:
            stack.stop(console.print)


def ratios(results: list[Result]) -> dict[str, float]:
    """Return our rate divided by each peer's."""
    rates = {result.peer: result.messages_per_s for result in results}
    ours = rates.get("riqing")
    return {peer: round(ours / rate, 2) for peer, rate in rates.items() if ours and peer != "riqing"}


def print_table(results: list[Result]) -> None:
    """Print what was measured for a person."""
    names = list(results[0].processor_us)
    title = "Rate, and microseconds of processor time per message of each process"
    table = Table("peer", "messages", "per second", *names, title=title)
    for result in results:
        costs = (f"{result.processor_us[name]:.1f}" for name in names)
        table.add_row(result.peer, f"{result.messages:,}", f"{result.messages_per_s:,.0f}", *costs)
    Console().print(table)
    for peer, ratio in ratios(results).items():
        print(f"riqing / {peer}: {ratio}")


def main() -> int:
    """Measure and print; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--peers", nargs="+", choices=[*PEERS], default=[*PEERS])
    parser.add_argument("--autosave", type=int, help="the broker's autosave_interval; 0 for none, default as shipped")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    results = run(arguments)
    if arguments.json:
        found: dict[str, Any] = {"results": [asdict(result) for result in results], "ratios": ratios(results)}
        print(json.dumps(found))
    else:
        print_table(results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
