"""What the ingest and the watch over the broker count, as Prometheus reads it, and whether the ingest is ready."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from services.ingest.delivery import Delivery
from services.ingest.spool_figures import Spool
from services.ingest.storing import Outcome

PREFIX = "riqing_ingest"

SIZE_BUCKETS = (1, 10, 50, 100, 500, 1_000, 2_500, 5_000)
COMMIT_BUCKETS_S = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
LAG_BUCKETS_S = (0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 5, 30, 300)


class Measures:
    """The counters of one ingest."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        registry = self.registry
        self.received = Counter(f"{PREFIX}_messages_received", "Messages taken and done with.", registry=registry)
        self.stored = Counter(f"{PREFIX}_readings_stored", "Readings stored.", ["message"], registry=registry)
        self.duplicates = Counter(
            f"{PREFIX}_readings_duplicate", "Readings that were stored already.", ["message"], registry=registry
        )
        self.refused = Counter(f"{PREFIX}_messages_refused", "Dead letters.", ["reason"], registry=registry)
        self.failures = Counter(
            f"{PREFIX}_store_failures", "Times that the database failed and messages waited.", registry=registry
        )
        self.batch_size = Histogram(
            f"{PREFIX}_batch_messages", "Messages in a batch.", buckets=SIZE_BUCKETS, registry=registry
        )
        self.commit_s = Histogram(
            f"{PREFIX}_commit_seconds",
            "From taking a batch to its commit.",
            buckets=COMMIT_BUCKETS_S,
            registry=registry,
        )
        self.lag_s = Histogram(
            f"{PREFIX}_lag_seconds",
            "From reading a batch's first message to its commit.",
            buckets=LAG_BUCKETS_S,
            registry=registry,
        )
        self.held = Gauge(f"{PREFIX}_messages_held", "Messages read and not yet taken into a batch.", registry=registry)
        self.ready = Gauge(f"{PREFIX}_ready", "1 while messages arrive and can be stored.", registry=registry)

        self.is_ready = False

    def note_ready(self, ready: bool, held: int) -> None:
        """Keep whether messages arrive and can be stored, and how many are held."""
        self.is_ready = ready
        self.ready.set(ready)
        self.held.set(held)

    def serve(self, port: int, address: str) -> None:
        """Answer Prometheus at a port of its own; with port 0 not at all."""
        serve(self.registry, lambda: self.is_ready, port, address)

    def note_batch(self, deliveries: list[Delivery], outcome: Outcome, commit_s: float) -> None:
        """Count a batch that is stored."""
        self.received.inc(len(deliveries))
        for message, count in outcome.stored.items():
            self.stored.labels(message.value).inc(count)
        for message, count in outcome.duplicates.items():
            self.duplicates.labels(message.value).inc(count)
        for reason, count in outcome.refused.items():
            self.refused.labels(reason.value).inc(count)
        self.batch_size.observe(len(deliveries))
        self.commit_s.observe(commit_s)
        self.lag_s.observe((datetime.now(UTC) - deliveries[0].received_at).total_seconds())


class WatchMeasures:
    """The figures of the watch over one broker."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        registry = self.registry
        self.queued = Gauge("riqing_broker_queued_messages", "Messages that wait for the ingest.", registry=registry)
        self.stored_bytes = Gauge("riqing_broker_stored_bytes", "Bytes of messages that it holds.", registry=registry)
        self.received = Gauge(
            "riqing_broker_received_messages", "Messages published since the broker started.", registry=registry
        )
        self.dropped = Gauge(
            "riqing_broker_dropped_messages", "Messages lost for want of room since it started.", registry=registry
        )
        self.connected = Gauge("riqing_broker_connected_clients", "Clients that are connected.", registry=registry)
        self.publishes_refused = Counter(
            "riqing_broker_publishes_refused", "Messages seen to be published where they may not.", registry=registry
        )
        self.log_watched = Gauge(
            "riqing_broker_log_watched", "1 while the broker says which publishes it refuses.", registry=registry
        )
        self._has_figures = False

    def note(self, spool: Spool) -> None:
        """Keep the broker's own figures."""
        self._has_figures = True
        self.queued.set(spool.queued)
        self.stored_bytes.set(spool.stored_bytes)
        self.received.set(spool.received)
        self.dropped.set(spool.dropped)
        self.connected.set(spool.connected)

    def serve(self, port: int, address: str) -> None:
        """Answer Prometheus at a port of its own; with port 0 not at all."""
        serve(self.registry, lambda: self._has_figures, port, address)


def serve(registry: CollectorRegistry, is_ready: Callable[[], bool], port: int, address: str) -> None:
    """Answer `/metrics` and `/readyz`, from a thread of its own; with port 0 not at all."""
    if not port:
        return

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.partition("?")[0] == "/metrics":
                self._say(HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest(registry))
            elif self.path == "/readyz":
                ready = is_ready()
                status = HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE
                self._say(status, "text/plain", b"ready\n" if ready else b"not ready: nothing can be stored\n")
            else:
                self._say(HTTPStatus.NOT_FOUND, "text/plain", b"/metrics or /readyz\n")

        def _say(self, status: HTTPStatus, content_type: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing of each scrape."""

    server = ThreadingHTTPServer((address, port), Answers)
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
