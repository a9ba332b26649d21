"""`python -m bench.ingest outage`: the database is away while devices publish; the memory that this takes."""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import psycopg
from rich.console import Console
from rich.table import Table

from bench.ingest.peers import RIQING
from bench.ingest.probe import Probe
from bench.ingest.servers import DEVICES, PROBE, Servers, console, ready_fleet, running_servers
from bench.ingest.throughput import READY_WITHIN_S, running_peer
from services.stack.supervision import Supervisor

BEFORE_S = 5
"""Of publishing, before the database goes."""
SAMPLED_EVERY_S = 0.5
STORED_WITHIN_S = 1_800
MARGIN = 1.05
"""The spool is made for so much more than the outage needs."""


@dataclass(frozen=True, slots=True)
class Outage:
    """What was measured."""

    persistence: str
    rate: int
    away_s: float
    messages: int
    lost: int
    twice: int
    ingest_before_mb: float
    ingest_most_mb: float
    broker_before_mb: float
    broker_most_mb: float
    broker_bytes_per_message: int
    """Of memory, for each message in the queue when the database came back."""
    spool_file_mb: float
    caught_up_s: float
    """From the database's return until everything was stored."""


def resident_mb(pid: int) -> float:
    """Return the memory that a process and its children have in use, in MB."""
    total = 0
    for one in (pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())):
        total += int(Path(f"/proc/{one}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return total / 1e6


@contextmanager
def _database_away(servers: Servers) -> Iterator[None]:
    supervisor = Supervisor(servers.stack.folder)
    supervisor._call("stopProcess", "servers:postgres")
    try:
        yield
    finally:
        supervisor._call("startProcess", "servers:postgres")


def measure_outage(servers: Servers, persistence: str, rate: int, away_s: float) -> Outage:
    """Take the database away for so long while devices publish at this rate, and wait until all is stored."""
    messages = int((BEFORE_S + away_s) * rate) // DEVICES * DEVICES
    pids = {process.name: process.pid for process in Supervisor(servers.stack.folder).processes()}
    broker = pids["mosquitto"]
    assert broker is not None
    with running_peer(servers, RIQING) as ingest:
        with Probe(servers) as probe:
            probe.wait_until_stored(READY_WITHIN_S)
        with ready_fleet(servers, messages, rate) as fleet:
            fleet.start()
            time.sleep(BEFORE_S)
            before = ingest_most, broker_most = resident_mb(ingest.pid), resident_mb(broker)
            with _database_away(servers):
                gone_s = time.monotonic()
                while time.monotonic() - gone_s < away_s:
                    time.sleep(SAMPLED_EVERY_S)
                    ingest_most = max(ingest_most, resident_mb(ingest.pid))
                    broker_most = max(broker_most, resident_mb(broker))
                    console.print(f"{time.monotonic() - gone_s:5.0f} s: ingest {ingest_most:.0f} MB", end="\r")
                spool = sum(file.stat().st_size for file in servers.stack.folder.broker.glob("mosquitto.*"))
            back_s = time.monotonic()
            fleet.wait()
            stored = _stored_in_the_end(servers, messages)
            caught_up_s = time.monotonic() - back_s
            ingest_most = max(ingest_most, resident_mb(ingest.pid))
    return Outage(
        persistence=persistence,
        rate=rate,
        away_s=away_s,
        messages=messages,
        lost=max(messages - stored, 0),
        twice=max(stored - messages, 0),
        ingest_before_mb=round(before[0]),
        ingest_most_mb=round(ingest_most),
        broker_before_mb=round(before[1]),
        broker_most_mb=round(broker_most),
        broker_bytes_per_message=round((broker_most - before[1]) * 1e6 / (rate * away_s)),
        spool_file_mb=round(spool / 1e6),
        caught_up_s=round(caught_up_s, 1),
    )


def _stored_in_the_end(servers: Servers, messages: int) -> int:
    """Return how many are stored once all are, or once their number has stood still."""
    last, changed_s = -1, time.monotonic()
    while time.monotonic() - changed_s < READY_WITHIN_S:
        try:
            with psycopg.connect(servers.database_url, autocommit=True) as connection:
                row = connection.execute(
                    "SELECT count(*) FROM positions JOIN devices USING (device_key) WHERE device_id <> %s", [PROBE]
                ).fetchone()
        except psycopg.OperationalError:
            row = None  # it is not up again yet
        if row is not None and row[0] != last:
            last, changed_s = row[0], time.monotonic()
        if last >= messages:
            break
        time.sleep(SAMPLED_EVERY_S)
    return last


def print_outage(outage: Outage) -> None:
    """Print what was measured for a person."""
    table = Table("what", "figure", title=f"The database away for {outage.away_s:.0f} s at {outage.rate:,} messages/s")
    for name, figure in asdict(outage).items():
        table.add_row(name, str(figure) if isinstance(figure, str) else f"{figure:,}")
    Console(width=120).print(table)


def main(words: list[str]) -> int:
    """Measure and print; the exit status says whether nothing was lost."""
    parser = argparse.ArgumentParser(prog="python -m bench.ingest outage", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--rate", type=int, default=5_000, help="messages a second")
    parser.add_argument("--persistence", default="each-message", help="RIQING_BROKER_PERSISTENCE")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args(words)
    away_s = arguments.minutes * 60
    settings = {
        "RIQING_BROKER_PERSISTENCE": arguments.persistence,
        "RIQING_BROKER_SPOOL_MESSAGES": str(round((away_s + 60) * arguments.rate * MARGIN)),
    }
    with running_servers(settings) as servers:
        outage = measure_outage(servers, arguments.persistence, arguments.rate, away_s)
    if arguments.json:
        print(json.dumps(asdict(outage)))
    else:
        print_outage(outage)
    return 1 if outage.lost or outage.twice else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
