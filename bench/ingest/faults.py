"""`python -m bench.ingest.faults`: what is lost and what is twice when database, ingest and broker are killed.

The stack is a real one in a folder of its own, its supervisor starts again what was killed, and the broker is
configured as it is shipped. Of what the broker has acknowledged to a device everything must be stored, once.
"""

import argparse
import contextlib
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from bench.ingest.stubborn import Schedule, StubbornFleet, Tally
from services.broker.credentials import DeviceCredential, enrol_devices
from services.broker.settings import PersistenceSettings
from services.domain.kinds import DeviceKind
from services.domain.town import Town
from services.stack.lifecycle import Stack, StartRequest
from services.stack.processes import INGEST, services_with
from services.stack.supervision import Supervisor
from services.store import devices as store
from services.store.connection import StoreUnavailableError, connect
from services.store.devices import NewDevice
from services.store.migrate import migrate
from services.store.town import create_town

TOWN = "faults"
SERVERS = {"database": "postgres", "broker": "mosquitto", "ingest": "ingest"}
"""What is killed, and what the supervisor calls it."""
KINDS: tuple[tuple[str, ...], ...] = (
    ("database",),
    ("ingest",),
    ("broker",),
    ("database", "ingest"),
    ("database", "broker"),
    ("ingest", "broker"),
    ("database", "ingest", "broker"),
)
STANDS_STILL_FOR_S = 90.0
"""When nothing has been acknowledged or stored for so long, it never will be."""
WATCHED_EVERY_S = 0.02
STRIKES_WITHIN_S = 0.1
WORKERS_VARIABLE = "RIQING_INGEST_WORKERS"


@dataclass(frozen=True, slots=True)
class Plan:
    """A run: how much is published how fast, and when what is killed."""

    messages: int = 1_000_000
    devices: int = 200
    rate_per_s: float = 3_000.0
    kills: int = 20
    seed: int = 1
    workers: int = 1
    """Ingests that share the work."""

    def strikes(self) -> list[tuple[int, tuple[str, ...]]]:
        """Return after how many messages which servers are killed: every kind in turn, in random order and places.

        Each has a stretch of the stream to itself and strikes in its first half, so that it finds servers that
        are up again.
        """
        chance = random.Random(self.seed)  # noqa: S311 - to be repeated, no secret
        kinds = [KINDS[i % len(KINDS)] for i in range(self.kills)]
        chance.shuffle(kinds)
        stretch = self.messages / (self.kills + 1)
        return [(int(stretch * (i + chance.uniform(0.5, 1))), kind) for i, kind in enumerate(kinds)]


@dataclass(slots=True)
class Account:
    """What became of the messages."""

    seed: int
    devices: int
    workers: int
    persistence: str
    """How the broker keeps what it has acknowledged (RIQING_BROKER_PERSISTENCE)."""
    seconds: float = 0.0
    """From the first publication until the last message was stored."""
    kills: dict[str, int] = field(default_factory=dict)
    sent: int = 0
    publications: int = 0
    acknowledged: int = 0
    refused: int = 0
    cut_off: int = 0
    to_nobody: int = 0
    stored: int = 0
    lost: int = 0
    """Acknowledged to the publisher and not stored."""
    duplicates: int = 0
    """Readings of the same device and number beyond the first."""
    handed_over: int = 0
    """Readings that clearance was told of; each once."""
    dead_letters: int = 0
    stale_latest: int = 0
    """Devices whose latest position is not their newest."""

    @property
    def is_clean(self) -> bool:
        """Whether nothing was lost, twice, or refused, and everything that follows from it is right."""
        faults = (self.lost, self.duplicates, self.dead_letters, self.to_nobody, self.stale_latest)
        return not any(faults) and self.sent == self.acknowledged == self.stored == self.handed_over


class Killer:
    """Kills servers of a stack with -9 and leaves it to the stack to start them again."""

    def __init__(self, stack: Stack, seed: int) -> None:
        self._supervisor = Supervisor(stack.folder)
        self._random = random.Random(seed)  # noqa: S311 - to be repeated, no secret
        self.kills: Counter[str] = Counter()

    def strike(self, servers: Sequence[str]) -> None:
        """Kill all of these at once, each as soon as it runs at all; of several ingests one by lot."""
        pids = {name: self._wait_for_pid(name) for name in servers}
        # The fleet shares our interpreter and so our rhythm; the blow must not.
        time.sleep(self._random.uniform(0, STRIKES_WITHIN_S))
        for name, pid in pids.items():
            for one in (pid, *(_children(pid) if name == "database" else ())):
                with contextlib.suppress(ProcessLookupError):  # PostgreSQL's children may have ended with it
                    os.kill(one, signal.SIGKILL)
        self.kills[" + ".join(servers)] += 1

    def _wait_for_pid(self, server: str) -> int:
        deadline = time.monotonic() + STANDS_STILL_FOR_S
        while time.monotonic() < deadline:
            name = SERVERS[server]
            pids = [p.pid for p in self._supervisor.processes() if p.pid and p.name.partition("-")[0] == name]
            if pids:
                return self._random.choice(pids)
            time.sleep(WATCHED_EVERY_S)
        raise RuntimeError(f"The stack has not started {server} again within {STANDS_STILL_FOR_S:.0f} s.")


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def enrol(database_url: str, mqtt_url: str, devices: int) -> list[DeviceCredential]:
    """Make a town with so many trucks."""
    names = [(DeviceKind.VEHICLE, f"truck-{i}") for i in range(devices)]
    with connect(database_url) as connection:
        create_town(connection, Town(TOWN))
        store.enrol_devices(connection, [NewDevice(kind, name, name) for kind, name in names], datetime.now(UTC))
    return enrol_devices(mqtt_url, TOWN, names)


def run(stack: Stack, plan: Plan, watch: Callable[[Tally, int], None]) -> Account:
    """Publish through the kills on a stack that runs, and draw up the account.

    Args:
        stack: has just been started, with nothing in it.
        plan: what to do.
        watch: is told again and again what was sent, and how much of it is stored.

    """
    state = stack.remembered()
    credentials = enrol(state.database_url, state.mqtt_url, plan.devices)
    killer = Killer(stack, plan.seed)
    schedule = Schedule(plan.messages, plan.devices, plan.rate_per_s, first_ms=int(time.time() * 1000))
    fleet = StubbornFleet(credentials, schedule, plan.seed)
    started_s = time.monotonic()
    fleet.start()
    try:
        for place, servers in plan.strikes():
            _wait_while_it_moves(lambda place=place: fleet.tally.sent >= place, fleet, watch)  # type: ignore[misc]
            killer.strike(servers)
        _wait_while_it_moves(lambda: not fleet.is_alive(), fleet, watch)
    finally:
        fleet.give_up()
        fleet.join()
    _wait_until_stored(state.database_url, fleet, watch)
    account = Account(plan.seed, plan.devices, plan.workers, PersistenceSettings().persistence.value)
    account.seconds, account.kills = round(time.monotonic() - started_s, 1), dict(killer.kills)
    for name, count in asdict(fleet.tally).items():
        setattr(account, name, count)
    _take_stock(state.database_url, fleet, account)
    return account


def _wait_while_it_moves(
    condition: Callable[[], bool], fleet: StubbornFleet, watch: Callable[[Tally, int], None]
) -> None:
    """Return once the condition holds, or nothing is acknowledged any more."""
    seen, since_s = -1, time.monotonic()
    while not condition() and time.monotonic() - since_s < STANDS_STILL_FOR_S:
        if fleet.tally.acknowledged != seen:
            seen, since_s = fleet.tally.acknowledged, time.monotonic()
        watch(fleet.tally, 0)
        time.sleep(WATCHED_EVERY_S)


def _wait_until_stored(database_url: str, fleet: StubbornFleet, watch: Callable[[Tally, int], None]) -> None:
    """Return once as many readings are stored as were acknowledged, or no more are being stored."""
    seen, since_s = -1, time.monotonic()
    while time.monotonic() - since_s < STANDS_STILL_FOR_S:
        with contextlib.suppress(psycopg.Error, StoreUnavailableError), connect(database_url) as connection:
            [(stored,)] = connection.execute("SELECT count(*) FROM positions").fetchall()
            if stored != seen:
                seen, since_s = stored, time.monotonic()
            watch(fleet.tally, stored)
            if stored >= fleet.tally.acknowledged:
                return
        time.sleep(0.2)


def _take_stock(database_url: str, fleet: StubbornFleet, account: Account) -> None:
    """Compare what is stored with what was acknowledged, device by device and message by message."""
    with connect(database_url) as connection:
        readings = Counter[tuple[str, int]](
            connection.execute("SELECT device_id, seq FROM positions JOIN devices USING (device_key)").fetchall()
        )
        account.stored = len(readings)
        account.duplicates = readings.total() - len(readings)
        account.lost = sum(
            acknowledged and (f"truck-{number}", seq) not in readings
            for number, device in enumerate(fleet.devices)
            for seq, acknowledged in enumerate(device.acknowledged)
        )
        query = """
            SELECT (SELECT coalesce(sum(row_count), 0) FROM stored_batches), (SELECT count(*) FROM dead_letters),
                (SELECT count(*) FROM (SELECT device_key, max(observed_at) AS newest FROM positions GROUP BY 1) AS known
                    LEFT JOIN latest_positions USING (device_key) WHERE observed_at IS DISTINCT FROM newest)
            """
        [(handed_over, account.dead_letters, account.stale_latest)] = connection.execute(query).fetchall()
        account.handed_over = int(handed_over)


@contextlib.contextmanager
def faulty_stack(folder: Path, workers: int, say: Callable[[str], None]) -> Iterator[Stack]:
    """Run database, broker and so many ingests, and nothing else, as `riqing up` does."""
    stack = Stack(folder)
    ingests = [service for service in services_with(workers) if service.name.startswith(INGEST.name)]
    before = os.environ.get(WORKERS_VARIABLE)
    os.environ[WORKERS_VARIABLE] = str(workers)
    try:
        stack.start(StartRequest(services=tuple(ingests)), migrate, say)
        yield stack
    finally:
        stack.stop(say)
        if before is None:
            del os.environ[WORKERS_VARIABLE]
        else:
            os.environ[WORKERS_VARIABLE] = before


@contextlib.contextmanager
def _bars(plan: Plan, console: Console) -> Iterator[Callable[[Tally, int], None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        bars = [progress.add_task(name, total=plan.messages) for name in ("sent", "acknowledged", "stored")]

        def watch(tally: Tally, stored: int) -> None:
            for bar, done in zip(bars, (tally.sent, tally.acknowledged, stored), strict=True):
                progress.update(bar, completed=done)

        yield watch


def print_account(account: Account) -> None:
    """Print the account for a person."""
    title = (
        f"{account.devices} devices, seed {account.seed}, {account.seconds:.0f} s, persistence {account.persistence}"
    )
    table = Table("count", "", title=title)
    for name, value in asdict(account).items():
        if isinstance(value, int) and name not in ("seed", "devices", "workers"):
            table.add_row(name.replace("_", " "), f"{value:,}")
    for kind, count in sorted(account.kills.items()):
        table.add_row(f"killed with -9: {kind}", str(count))
    Console().print(table)


def main() -> int:
    """Run and print; return 0 only when nothing was lost or stored twice."""
    parser = argparse.ArgumentParser(description=__doc__)
    defaults = Plan()
    parser.add_argument("--messages", type=int, default=defaults.messages)
    parser.add_argument("--devices", type=int, default=defaults.devices)
    parser.add_argument(
        "--rate", type=float, default=defaults.rate_per_s, help="messages a second, all devices together"
    )
    parser.add_argument("--kills", type=int, default=defaults.kills)
    parser.add_argument("--seed", type=int, default=defaults.seed)
    parser.add_argument("--workers", type=int, default=defaults.workers, help="ingests that share the work")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    plan = Plan(
        arguments.messages, arguments.devices, arguments.rate, arguments.kills, arguments.seed, arguments.workers
    )
    console = Console(stderr=True)
    with (
        tempfile.TemporaryDirectory(prefix="riqing-faults-") as folder,
        faulty_stack(Path(folder), plan.workers, console.print) as stack,
        _bars(plan, console) as watch,
    ):
        account = run(stack, plan, watch)
    if arguments.json:
        print(json.dumps(asdict(account)))
    else:
        print_account(account)
    return 0 if account.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
