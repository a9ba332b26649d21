"""A small town of devices for the steps' tests: two vehicles, of which one is revoked, and one of each other kind."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from services.domain.clock import REAL_CLOCK
from services.domain.kinds import DeviceKind
from services.ingest.candidate import Batch, Candidate
from services.ingest.clocks import ClockHistory
from services.ingest.delivery import Delivery
from services.ingest.pipeline import admit
from services.ingest.refusal import Refusal
from services.ingest.registry import DeviceRegistry
from services.store.devices import EnrolledDevice

NOW = datetime(2026, 5, 1, 8, 0, tzinfo=UTC)
TOWN = "清城"
DEVICES = {
    (DeviceKind.VEHICLE, "7"): EnrolledDevice(1, revoked=False),
    (DeviceKind.VEHICLE, "8"): EnrolledDevice(2, revoked=True),
    (DeviceKind.STATION, "7"): EnrolledDevice(3, revoked=False),
    (DeviceKind.TOILET, "wc"): EnrolledDevice(4, revoked=False),
    (DeviceKind.CONTAINER, "bin"): EnrolledDevice(5, revoked=False),
}


def new_batch(**changes: Any) -> Batch:
    """Return a batch at a moment at which the real clock shows NOW."""
    clocks = ClockHistory()
    clocks.observe(REAL_CLOCK, NOW)
    fields: dict[str, Any] = {
        "town_name": TOWN,
        "registry": DeviceRegistry(DEVICES),
        "clocks": clocks,
        "retention": timedelta(days=400),
        "payload_bytes": 10_000,
    }
    return Batch(**(fields | changes))


def delivery(body: Any, topic: str = f"riqing/v1/{TOWN}/vehicle/7/position", **changes: Any) -> Delivery:
    """Return a delivery; a body that is not bytes is written as JSON."""
    payload = body if isinstance(body, bytes) else json.dumps(body).encode()
    fields: dict[str, Any] = {"packet_id": 1, "generation": 1, "received_at": NOW}
    return Delivery(topic.encode(), payload, **(fields | changes))


def position(**changes: Any) -> dict[str, Any]:
    """Return a position taken now, with fields changed, or left out where they are given as `...`."""
    fields = {"ts": "2026-05-01T08:00:00Z", "lat": 31.1, "lon": 121.2} | changes
    return {name: value for name, value in fields.items() if value is not ...}


def go_through(*deliveries: Delivery, **changes: Any) -> tuple[list[Candidate], list[Refusal]]:
    """Take deliveries through all steps; return what is accepted and what is refused."""
    batch = new_batch(**changes)
    return admit(deliveries, batch), batch.refusals
