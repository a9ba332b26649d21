"""Third step: bodies that are too large to be telemetry."""

from services.ingest.candidate import Batch, Candidate
from services.ingest.refusal import RefusalReason


def check_size(candidates: list[Candidate], batch: Batch) -> list[Candidate]:
    """Refuse bodies beyond the limit; their dead letter keeps the part within it."""
    limit = batch.payload_bytes
    fitting = []
    for candidate in candidates:
        size = len(candidate.body)
        if size <= limit:
            fitting.append(candidate)
            continue
        candidate.body = candidate.body[:limit]
        detail = f"The body has {size} bytes; at most {limit} are taken, and only these are kept here."
        batch.refuse(candidate, RefusalReason.TOO_LARGE, detail)
    return fitting
