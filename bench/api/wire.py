"""A client that costs little: HTTP/1.1 over kept connections, for a measurement whose subject is the server."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

KEPT_OPEN_S = 3.0
"""A server closes what is idle for longer; the client opens another."""


@dataclass(slots=True)
class Answers:
    """What came back: seconds each request took, and how many had which status."""

    latencies_s: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    took_s: float = 0.0

    def note(self, latency_s: float, status: int) -> None:
        """Count an answer."""
        self.latencies_s.append(latency_s)
        self.statuses[status] = self.statuses.get(status, 0) + 1

    def quantile_ms(self, ratio: float) -> float:
        """Return the latency that this share of the requests stayed below, in milliseconds."""
        ordered = sorted(self.latencies_s)
        return 1_000 * ordered[min(len(ordered) - 1, int(ratio * len(ordered)))]

    @property
    def per_s(self) -> float:
        """Requests answered per second."""
        return len(self.latencies_s) / self.took_s


class Wire:
    """One kept connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, port: int) -> "Wire":
        """Connect to a server on this machine."""
        return cls(*await asyncio.open_connection("127.0.0.1", port, limit=2**24))

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Send a request and return the answer's status and body, compressed as it came."""
        self._writer.write(request)
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        status = int(head[9:12])
        if status == 304:
            return status, b""
        if b"content-length:" in head:
            length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
            return status, await self._reader.readexactly(length)
        body = b""
        while (size := int(await self._reader.readuntil(b"\r\n"), 16)) > 0:
            body += (await self._reader.readexactly(size + 2))[:-2]
        await self._reader.readexactly(2)
        return status, body

    def close(self) -> None:
        """Give up the connection."""
        self._writer.close()


def get(path: str, token: str = "", accept: str = "application/json", etag: str = "") -> bytes:
    """Return a GET as it goes over the wire."""
    lines = [f"GET {path} HTTP/1.1", "Host: x", f"Accept: {accept}", "Accept-Encoding: gzip"]
    lines += [f"Authorization: Bearer {token}"] if token else []
    lines += [f"If-None-Match: {etag}"] if etag else []
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def as_fast_as_possible(port: int, requests: Sequence[bytes], connections: int, seconds: float) -> Answers:
    """Ask on each connection as soon as it was answered; the requests come in turn."""
    answers, until_s, turn = Answers(), time.perf_counter() + seconds, 0

    async def work() -> None:
        nonlocal turn
        wire = await Wire.open(port)
        while (began_s := time.perf_counter()) < until_s:
            turn += 1
            status, _ = await wire.ask(requests[turn % len(requests)])
            answers.note(time.perf_counter() - began_s, status)
        wire.close()

    began_s = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(connections)))
    answers.took_s = time.perf_counter() - began_s
    return answers


async def at_a_rate(
    port: int,
    requests: Sequence[bytes],
    rate_per_s: float,
    seconds: float,
    beat: Callable[[int], None] = lambda _: None,
) -> Answers:
    """Ask at a steady rate whatever the answers take; a latency counts from when the request was due."""
    answers = Answers()
    idle: list[tuple[float, Wire]] = []
    due: set[asyncio.Task[None]] = set()

    async def one(request: bytes, due_s: float) -> None:
        used_s, wire = idle.pop() if idle else (due_s, await Wire.open(port))
        if due_s - used_s > KEPT_OPEN_S:
            wire = await Wire.open(port)
        status, _ = await wire.ask(request)
        answers.note(time.perf_counter() - due_s, status)
        idle.append((time.perf_counter(), wire))

    began_s = time.perf_counter()
    for number in range(int(rate_per_s * seconds)):
        due_s = began_s + number / rate_per_s
        if (wait_s := due_s - time.perf_counter()) > 0:
            await asyncio.sleep(wait_s)
        task = asyncio.create_task(one(requests[number % len(requests)], due_s))
        due.add(task)
        task.add_done_callback(due.discard)
        beat(number)
    await asyncio.gather(*due)
    answers.took_s = time.perf_counter() - began_s
    for _, wire in idle:
        wire.close()
    return answers
