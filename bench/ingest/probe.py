"""One device that is watched: how long from publishing until another connection can read it."""

import time
from types import TracebackType

import psycopg

from bench.ingest.fleet import connect, position_packet, text_field
from bench.ingest.servers import PROBE, Servers

POLLED_EVERY_S = 0.002
LATEST_S = 30.0
"""What is not visible by then is given up."""


class Probe:
    """Publishes single messages and asks the database for them."""

    def __init__(self, servers: Servers) -> None:
        credential, broker = servers.probe, servers.broker
        self._topic = text_field(f"{credential.topic_prefix}/position")
        self._socket = connect(broker.host, broker.port, credential.username, credential.password, "bench probe")
        self._database = psycopg.connect(servers.database_url, autocommit=True)
        row = self._database.execute("SELECT device_key FROM devices WHERE device_id = %s", [PROBE]).fetchone()
        assert row is not None
        self._device_key = row[0]
        self._published_s: dict[int, float] = {}
        self._seq = int(time.time() * 1000) % 1_000_000_000

    def __enter__(self) -> "Probe":
        """Return itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Close both connections."""
        self._socket.close()
        self._database.close()

    def publish(self) -> None:
        """Publish the next message."""
        self._seq += 1
        now_s = time.time()
        self._published_s[self._seq] = now_s
        self._socket.sendall(position_packet(self._topic, self._seq % 65_535 + 1, int(now_s * 1000), self._seq))

    def visible(self) -> list[float]:
        """Return how long (s) each message took that has become visible since the last call."""
        if not self._published_s:
            return []
        oldest_s = min(self._published_s.values())
        rows = self._database.execute(
            "SELECT seq FROM positions WHERE device_key = %s AND observed_at >= to_timestamp(%s) - interval '1 ms'",
            [self._device_key, oldest_s],
            prepare=True,
        ).fetchall()
        now_s = time.time()
        found = [self._published_s.pop(seq, None) for (seq,) in rows]
        return [now_s - published_s for published_s in found if published_s is not None]

    def wait_until_stored(self, within_s: float) -> None:
        """Publish until something of it is stored: then the way through is open.

        Raises:
            RuntimeError: nothing is stored within this time.

        """
        deadline_s = time.monotonic() + within_s
        while not self.visible():
            if time.monotonic() > deadline_s:
                raise RuntimeError(f"Nothing was stored within {within_s:.0f} s.")
            self.publish()
            time.sleep(0.25)
        self._published_s.clear()

    def sample(self, seconds: float, every_s: float) -> list[float]:
        """Publish one message every `every_s` for so long; return the delays (s), unseen ones as `LATEST_S`."""
        delays: list[float] = []
        started_s = next_s = time.monotonic()
        while time.monotonic() - started_s < seconds:
            if time.monotonic() >= next_s:
                self.publish()
                next_s += every_s
            delays += self.visible()
            time.sleep(POLLED_EVERY_S)
        while self._published_s and time.monotonic() - started_s < seconds + LATEST_S:
            delays += self.visible()
            time.sleep(POLLED_EVERY_S)
        delays += [LATEST_S] * len(self._published_s)
        self._published_s.clear()
        return delays
