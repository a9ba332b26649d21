"""Streams: 200 open at once while trucks move each second, and what a reader that reads nothing does to the others."""

import asyncio
import contextlib
import threading
import time
from dataclasses import dataclass, field

from bench.api.wire import get
from services.store.connection import connect


@dataclass(frozen=True, slots=True)
class Streams:
    """What the readers of live streams got: seconds from storing a fix to its being read, and how many were cut off."""

    streams: int
    moves_per_s: int
    events_per_s: int
    megabytes_per_s: float
    p50_ms: float
    p99_ms: float
    worst_ms: float
    ended: int
    slow_ended: int


@dataclass(slots=True)
class Reader:
    """One stream's reader: how late the newest fix of each portion was, in seconds."""

    lags_s: list[float] = field(default_factory=list)
    events: int = 0
    bytes: int = 0
    ended: bool = False


def measure(port: int, database_url: str, token: str, streams: int, seconds: float, vehicles: int) -> Streams:
    """Open the streams and one more that nobody reads, move all trucks once a second, and count."""
    stop = threading.Event()
    moved: dict[int, float] = {}
    mover = threading.Thread(target=_move, args=(database_url, stop, moved))
    readers = [Reader() for _ in range(streams)]
    mover.start()
    try:
        slow_ended = asyncio.run(_read_all(port, token, readers, moved, seconds))
    finally:
        stop.set()
        mover.join()
    lags_ms = sorted(1_000 * lag for reader in readers for lag in reader.lags_s)
    return Streams(
        streams=streams,
        moves_per_s=vehicles,
        events_per_s=round(sum(reader.events for reader in readers) / seconds),
        megabytes_per_s=round(sum(reader.bytes for reader in readers) / seconds / 1e6, 1),
        p50_ms=round(lags_ms[len(lags_ms) // 2]),
        p99_ms=round(lags_ms[int(0.99 * len(lags_ms))]),
        worst_ms=round(lags_ms[-1]),
        ended=sum(reader.ended for reader in readers),
        slow_ended=int(slow_ended),
    )


def _move(database_url: str, stop: threading.Event, moved: dict[int, float]) -> None:
    """Move every truck once a second, as ingest would store it; the turn's number is in each truck's speed."""
    turn = 0
    with connect(database_url, autocommit=True) as connection:
        while not stop.wait(1.0):
            turn += 1
            with connection.transaction():
                connection.execute(
                    "UPDATE latest_positions SET observed_at = observed_at + INTERVAL '1 second', lon = lon + 1e-5, "
                    "heading_deg = %s",
                    [turn % 360],
                )
                connection.execute("NOTIFY readings_stored")
            moved[turn % 360] = time.perf_counter()


async def _read_all(port: int, token: str, readers: list[Reader], moved: dict[int, float], seconds: float) -> bool:
    request = get("/api/v1/live", token, accept="text/event-stream")
    slow_reader, slow_writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
    slow_writer.write(request)
    tasks = [asyncio.create_task(_read(port, request, reader, moved)) for reader in readers]
    await asyncio.sleep(seconds)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    # What was cut off ends once what had reached this machine is read.
    with contextlib.suppress(TimeoutError, ConnectionError):
        async with asyncio.timeout(10):
            while await slow_reader.read(65_536):
                pass
            slow_writer.close()
            return True
    slow_writer.close()
    return False


async def _read(port: int, request: bytes, reader: Reader, moved: dict[int, float]) -> None:
    stream, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**24)
    writer.write(request)
    seen = -1
    try:
        while portion := await stream.read(2**20):
            reader.bytes += len(portion)
            reader.events += portion.count(b"event: position")
            found = portion.rfind(b'"heading_deg":')
            if found < 0:
                continue
            turn = int(float(portion[found + 14 : found + 22].split(b",")[0] or b"-1"))
            if turn != seen and turn in moved:
                seen = turn
                reader.lags_s.append(time.perf_counter() - moved[turn])
        reader.ended = True
    finally:
        writer.close()
