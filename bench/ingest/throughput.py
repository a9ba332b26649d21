"""Messages per second and processor time of each way into the database, one after the other."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psycopg

from bench.ingest import node_red
from bench.ingest.peers import BROKER_ALONE, NODE_RED, USUAL_SCRIPT
from bench.ingest.probe import Probe
from bench.ingest.processor import idle_s, processor_s
from bench.ingest.servers import DEVICES, PROBE, Servers, ready_fleet

READY_WITHIN_S = 60.0
STORED_WITHIN_S = 600.0
ASKED_EVERY_S = 0.1
SLOW_PEER_SHARE = 20
"""The peer that commits each message gets so much less of them: its rate is soon known."""


@dataclass(frozen=True, slots=True)
class Throughput:
    """What was measured of one peer."""

    persistence: str
    peer: str
    messages: int
    seconds: float
    """From the first publish until the last message was stored (or, with the broker alone, received)."""
    messages_per_s: int
    processor_us: dict[str, float]
    """Microseconds of processor time per message: devices, broker, ingest, database."""
    broker_share: float
    """Of one core: near 1 the broker, which has one thread, is what binds."""
    idle_share: float
    """Of all cores."""


@contextmanager
def running_peer(servers: Servers, peer: str, messages: int = 0) -> Iterator[subprocess.Popen[str]]:
    """Start a way into the database, with a session of its own at the broker, and end it afterwards."""
    client_id = f"bench {peer} {time.time_ns()}"
    environment = os.environ | {
        "DATABASE_URL": servers.database_url,
        "MQTT_URL": servers.mqtt_url,
        "RIQING_INGEST_CLIENT_ID": client_id,
    }
    with tempfile.TemporaryDirectory(prefix="riqing-peer-") as folder:
        if peer == NODE_RED:
            command = node_red.command(servers, client_id, Path(folder))
        else:
            command = [sys.executable, "-m", "bench.ingest.peers", peer, str(messages)]
        with (Path(folder) / "errors").open("w") as errors:
            process = subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE, stderr=errors)
        try:
            yield process
        except RuntimeError as error:
            error.add_note((Path(folder) / "errors").read_text()[-2000:])
            raise
        finally:
            process.terminate()
            process.communicate(timeout=60)
            servers.forget_session(client_id)


def measure(servers: Servers, persistence: str, peer: str, messages: int) -> Throughput:
    """Run one peer on so many messages, on an empty table."""
    messages //= SLOW_PEER_SHARE if peer == USUAL_SCRIPT else 1
    messages -= messages % DEVICES
    servers.empty_tables()
    with running_peer(servers, peer, messages) as process, Probe(servers) as probe:
        if peer == BROKER_ALONE:
            time.sleep(3)  # nothing is stored that would show that it listens
        else:
            probe.wait_until_stored(READY_WITHIN_S)
        with ready_fleet(servers, messages) as fleet:
            before = servers.processor_s() | {"ingest": processor_s(process.pid), "devices": fleet.processor_s()}
            idle_before_s = idle_s()
            fleet.start()
            started_s, _ = fleet.wait()
            ended_s = (
                _all_received_s(process) if peer == BROKER_ALONE else _all_stored_s(servers, messages, fleet.last_at)
            )
            idle_after_s = idle_s()
            after = servers.processor_s() | {"ingest": processor_s(process.pid), "devices": fleet.processor_s()}
    seconds = ended_s - started_s
    spent_s = {name: after[name] - before[name] for name in ("devices", "broker", "ingest", "database")}
    return Throughput(
        persistence=persistence,
        peer=peer,
        messages=messages,
        seconds=round(seconds, 2),
        messages_per_s=round(messages / seconds),
        processor_us={name: round(spent / messages * 1e6, 1) for name, spent in spent_s.items()},
        broker_share=round(spent_s["broker"] / seconds, 2),
        idle_share=round((idle_after_s - idle_before_s) / seconds / (os.cpu_count() or 1), 2),
    )


def _all_received_s(process: subprocess.Popen[str]) -> float:
    assert process.stdout is not None
    return float(process.stdout.readline())


def _all_stored_s(servers: Servers, messages: int, last_at: datetime) -> float:
    """Return when everything was visible: each device's last message is waited for, and then all are counted."""
    deadline_s = time.time() + STORED_WITHIN_S
    with psycopg.connect(servers.database_url, autocommit=True) as connection:
        rows = connection.execute("SELECT device_key FROM devices WHERE device_id <> %s", [PROBE]).fetchall()
        keys = [key for (key,) in rows]
        of_fleet = "SELECT count(*) FROM positions WHERE device_key = ANY(%s)"
        while True:
            now_s = time.time()
            last = connection.execute(f"{of_fleet} AND observed_at = %s", [keys, last_at]).fetchone()
            if last == (DEVICES,) and connection.execute(of_fleet, [keys]).fetchone() == (messages,):
                return now_s
            if now_s > deadline_s:
                raise RuntimeError(f"Not all of {messages} messages were stored within {STORED_WITHIN_S:.0f} s.")
            time.sleep(ASKED_EVERY_S)
