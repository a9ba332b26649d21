"""A message body on its way through the steps, and what the steps of a batch share."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec

from services.domain.telemetry import Reading, StatusReading
from services.domain.topics import Topic
from services.ingest.clocks import ClockHistory
from services.ingest.delivery import Delivery
from services.ingest.refusal import Refusal, RefusalReason
from services.ingest.registry import DeviceRegistry


class Candidate(msgspec.Struct, gc=False):
    """What a delivery may become a reading of; each step fills in what it has found out."""

    delivery: Delivery
    body: bytes
    topic: Topic | None = None
    device_key: int = -1
    reading: Reading | StatusReading | None = None
    observed_at: datetime | None = None
    received_at: datetime | None = None
    """By the town's clock."""


@dataclass(slots=True)
class Batch:
    """What the steps of one batch know and what they refuse."""

    town_name: str
    registry: DeviceRegistry
    clocks: ClockHistory
    retention: timedelta
    payload_bytes: int
    refusals: list[Refusal] = field(default_factory=list)
    ahead: dict[int, timedelta] = field(default_factory=dict)
    """By how much the clocks of devices run ahead whose readings were refused as from the future, by device key."""

    def refuse(self, candidate: Candidate, reason: RefusalReason, detail: str) -> None:
        """Put a candidate aside as a dead letter."""
        device_key = candidate.device_key if candidate.device_key >= 0 else None
        received_at = self.clocks.town_time(candidate.delivery.received_at)
        self.refusals.append(Refusal(candidate.delivery, candidate.body, reason, detail, received_at, device_key))


Step = Callable[[list[Candidate], Batch], list[Candidate]]
"""Takes a batch's candidates and returns those that go on, refusing the others."""
