"""`python -m bench.ingest table`: what a batch costs as the table grows, and the disk that readings take."""

import argparse
import json
import os
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import psycopg
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from bench.ingest.fleet import FIRST_SEQ, position_body
from bench.ingest.processor import processor_s
from bench.ingest.servers import TOWN, Servers, console, running_servers
from services.domain.kinds import DeviceKind
from services.domain.topics import device_prefix
from services.domain.town import Town
from services.ingest.candidate import Batch, Candidate
from services.ingest.clocks import ClockHistory
from services.ingest.delivery import Delivery
from services.ingest.pipeline import admit
from services.ingest.registry import DeviceRegistry
from services.ingest.storing import BatchStore
from services.store.connection import Connection, connect
from services.store.town import load_clock

FIX_EVERY_S = 10
FILLED_DEVICES = 1_000
FILL_STEP_ROWS = 1_000_000
BYTES_PER_ROW = 400
"""That must be free for each row, with the database's log."""
BATCH_ROWS = 5_000
ROUNDS, BATCHES = 7, 20
"""What is given is the median of the rounds."""


@dataclass(frozen=True, slots=True)
class Growth:
    """What was measured at one size of the table."""

    stored_rows: int
    chunks: int
    rows_per_s: int
    processor_us: float
    """Of ingest and database together, for each row; other work of the machine changes it less than the rate."""
    of_the_first: float
    """The processor time divided by the one at the smallest size."""
    heap_mb_per_million: float
    index_mb_per_million: float


class Filler:
    """Puts a fleet's past into the table: a fix of each of 1,000 vehicles every 10 s, backwards from an hour ago."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._end = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
        self.rows = 0

    def fill_to(self, rows: int, progress: Progress) -> None:
        """Add rows until there are so many, in the order in which they would have come."""
        steps = rows // FILLED_DEVICES
        task = progress.add_task(f"filling to {rows:,}", total=rows, completed=self.rows)
        while self.rows < rows:
            done = self.rows // FILLED_DEVICES
            count = min(FILL_STEP_ROWS // FILLED_DEVICES, steps - done)
            start = self._end - timedelta(seconds=FIX_EVERY_S * (done + count))
            self._connection.execute(
                """
                INSERT INTO positions (observed_at, received_at, seq, device_key, lat, lon, odometer_m, speed_kmh,
                    heading_deg, accuracy_m, load_kg, fuel_l, ignition, cover_open)
                SELECT at, at + interval '0.1 s', number, 1000000 + device, 31.2 + random() / 10, 121.4 + random() / 10,
                    number * 50.0, random() * 60, random() * 360, 4.2, 2345.6, 87.2, true, false
                FROM (
                    SELECT number, %s + number * make_interval(secs => %s) AS at FROM generate_series(0, %s) AS number
                ) AS fixes, generate_series(1, %s) AS device
                """,
                [start, FIX_EVERY_S, count - 1, FILLED_DEVICES],
            )
            self.rows += count * FILLED_DEVICES
            progress.update(task, completed=self.rows)


class Feeder:
    """Stores batches of the bench's devices as the ingest does."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._clocks = ClockHistory()
        self._clocks.observe(load_clock(connection), datetime.now(UTC))
        self._registry = DeviceRegistry()
        self._registry.use(connection)
        self._registry.refresh()
        self._store = BatchStore(Town("bench"))
        self._seq = FIRST_SEQ

    def round(self) -> tuple[float, float]:
        """Store batches; return seconds and seconds of processor time a row; only the storing counts."""
        batches = [self._admitted() for _ in range(BATCHES)]
        started_s, spent_s = time.perf_counter(), self._spent_s()
        for accepted in batches:
            self._store.store(self._connection, accepted, [])
        rows = BATCHES * BATCH_ROWS
        return (time.perf_counter() - started_s) / rows, (self._spent_s() - spent_s) / rows

    def _spent_s(self) -> float:
        return time.process_time() + processor_s(self._connection.info.backend_pid)

    def _admitted(self) -> list[Candidate]:
        now = datetime.now(UTC)
        batch = Batch(TOWN, self._registry, self._clocks, timedelta(days=400), 1_000_000)
        accepted = admit(list(self._deliveries(now)), batch)
        assert not batch.refusals, batch.refusals[0]
        return accepted

    def _deliveries(self, now: datetime) -> Iterator[Delivery]:
        for i in range(BATCH_ROWS):
            self._seq += 1
            topic = f"{device_prefix(TOWN, DeviceKind.VEHICLE, f'truck-{i % 200}')}/position".encode()
            yield Delivery(topic, position_body(int(now.timestamp() * 1000) - i // 200, self._seq), 1, 1, now)


def measure_growth(servers: Servers, sizes: Sequence[int]) -> list[Growth]:
    """Measure at each size, the smallest first."""
    found: list[Growth] = []
    with connect(servers.database_url, autocommit=True) as connection, Progress(console=console) as progress:
        filler, feeder = Filler(connection), Feeder(connection)
        feeder.round()  # warms up what is remembered and cached
        for size in sorted(sizes):
            filler.fill_to(size, progress)
            # What the filling still has to write is not the batches' to wait for.
            servers.write_down()
            os.sync()
            feeder.round()
            rounds = [feeder.round() for _ in range(ROUNDS)]
            row_s, row_processor_s = (median(figures) for figures in zip(*rounds, strict=True))
            connection.execute("ANALYZE positions")
            chunks, heap_bytes, index_bytes, rows = _sizes(connection)
            found.append(
                Growth(
                    stored_rows=size,
                    chunks=chunks,
                    rows_per_s=round(1 / row_s),
                    processor_us=round(row_processor_s * 1e6, 2),
                    of_the_first=round(row_processor_s * 1e6 / found[0].processor_us, 2) if found else 1.0,
                    heap_mb_per_million=round(heap_bytes / rows, 1),
                    index_mb_per_million=round(index_bytes / rows, 1),
                )
            )
    return found


def _sizes(connection: Connection) -> tuple[int, int, int, int]:
    """Return chunks, bytes of their heaps and of their indices, and rows (estimated by ANALYZE)."""
    row = connection.execute(
        """
        SELECT count(*), sum(pg_relation_size(relation)), sum(pg_indexes_size(relation)), sum(reltuples)::bigint
        FROM show_chunks('positions') AS relation JOIN pg_class ON pg_class.oid = relation
        """
    ).fetchone()
    assert row is not None
    return int(row[0]), int(row[1]), int(row[2]), int(row[3])


def main(words: list[str]) -> int:
    """Measure and print; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench.ingest table", description=__doc__)
    parser.add_argument("--rows", nargs="+", type=int, default=[1_000_000, 10_000_000])
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args(words)
    needed, free = max(arguments.rows) * BYTES_PER_ROW, shutil.disk_usage(Path("/tmp")).free  # noqa: S108
    if needed > free:
        print(
            f"{max(arguments.rows):,} rows need {needed / 1e9:.0f} GB and {free / 1e9:.0f} are free.", file=sys.stderr
        )
        return 1
    with running_servers({}) as servers:
        found = measure_growth(servers, arguments.rows)
        with psycopg.connect(servers.database_url) as connection:
            row = connection.execute("SELECT current_setting('timescaledb.license', true)").fetchone()
    edition = row[0] if row else "unknown"
    if arguments.json:
        print(json.dumps({"edition": edition, "growth": [asdict(growth) for growth in found]}))
        return 0
    names = ("rows stored", "chunks", "rows/s", "processor us", "of the first", "heap MB/million", "index MB/million")
    table = Table(*names, title=f"A batch of {BATCH_ROWS:,} into a growing table (TimescaleDB, edition {edition})")
    for growth in found:
        table.add_row(*(f"{figure:,}" for figure in asdict(growth).values()))
    Console(width=120).print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
