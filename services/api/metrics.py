"""Prometheus metrics: requests by route, streams, and how far behind the store is."""

import threading
import time
from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.store.backlog import Backlog

LATENCY_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


FRESH_FOR_S = 2.0
"""The store is not asked more often than this what waits there: anybody may scrape, and counting takes it a while."""


class BacklogCollector(Collector):
    """Asks the store what waits there, for all who scrape at a time; says nothing while the store does not answer."""

    def __init__(self, load_backlog: Callable[[], Backlog | None], now_s: Callable[[], float]) -> None:
        self._load_backlog, self._now_s = load_backlog, now_s
        self._lock = threading.Lock()
        self._known: tuple[float, Backlog | None] = (-FRESH_FOR_S, None)

    def _backlog(self) -> Backlog | None:
        with self._lock:
            if self._now_s() - self._known[0] >= FRESH_FOR_S:
                found = self._load_backlog()
                self._known = (self._now_s(), found)
            return self._known[1]

    def collect(self) -> Iterable[Metric]:
        """Return the store's figures."""
        backlog = self._backlog()
        if backlog is None:
            return
        yield GaugeMetricFamily(
            "riqing_stored_batches", "Batches of readings that clearance has yet to see.", backlog.stored_batches
        )
        yield GaugeMetricFamily("riqing_dead_letters", "Messages that were refused.", backlog.dead_letters)
        yield GaugeMetricFamily("riqing_devices_online", "Devices that are connected.", backlog.devices_online)
        yield GaugeMetricFamily("riqing_open_alarms", "Alarms that have not cleared.", backlog.open_alarms)


class Metrics:
    """The API's metrics, in a registry of their own."""

    def __init__(self, load_backlog: Callable[[], Backlog | None], now_s: Callable[[], float] = time.monotonic) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "riqing_http_requests", "Requests answered.", ["method", "route", "status"], registry=self.registry
        )
        self.latency_s = Histogram(
            "riqing_http_request_seconds",
            "Seconds until a response began.",
            ["method", "route"],
            buckets=LATENCY_BUCKETS_S,
            registry=self.registry,
        )
        self.streams = Gauge("riqing_live_streams", "Open live streams.", registry=self.registry)
        self.streams_cut = Counter(
            "riqing_live_streams_cut", "Streams ended because their reader was too slow.", registry=self.registry
        )
        self.registry.register(BacklogCollector(load_backlog, now_s))

    def render(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return generate_latest(self.registry)


class MetricsMiddleware:
    """Counts and times every response; a stream's time is until it began."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request and count it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started_s = time.perf_counter()

        async def send_and_count(message: Message) -> None:
            if message["type"] == "http.response.start":
                # By the route's template: the paths that people ask for are endless.
                route = getattr(scope.get("route"), "path", "none")
                self._metrics.requests.labels(scope["method"], route, message["status"]).inc()
                self._metrics.latency_s.labels(scope["method"], route).observe(time.perf_counter() - started_s)
            await send(message)

        await self._app(scope, receive, send_and_count)
