"""The way of a message through the ingest: these steps, in this order."""

from collections.abc import Sequence

from services.ingest.candidate import Batch, Candidate, Step
from services.ingest.delivery import Delivery
from services.ingest.steps.body import decode_body
from services.ingest.steps.device import identify_device
from services.ingest.steps.encoding import check_encoding
from services.ingest.steps.instant import judge_instant
from services.ingest.steps.size import check_size
from services.ingest.steps.text import check_text
from services.ingest.steps.topic import recognise_topic

STEPS: tuple[Step, ...] = (
    recognise_topic,
    identify_device,
    check_size,
    check_encoding,
    decode_body,
    check_text,
    judge_instant,
)
"""What is left after the last one is stored (services/ingest/storing.py) and then acknowledged."""


def admit(deliveries: Sequence[Delivery], batch: Batch) -> list[Candidate]:
    """Take deliveries through all steps; what they refuse is in `batch.refusals`."""
    candidates = [Candidate(delivery, delivery.payload) for delivery in deliveries]
    for step in STEPS:
        candidates = step(candidates, batch)
    return candidates
