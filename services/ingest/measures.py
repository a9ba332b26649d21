"""What the ingest counts, as Prometheus reads it."""

from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

from services.ingest.delivery import Delivery
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

    def serve(self, port: int, address: str) -> None:
        """Answer Prometheus at a port of its own; with port 0 not at all."""
        if port:
            start_http_server(port, address, self.registry)

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
