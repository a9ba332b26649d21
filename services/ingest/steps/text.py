"""Sixth step: texts that the database cannot hold."""

from services.domain.kinds import MessageKind
from services.ingest.candidate import Batch, Candidate
from services.ingest.refusal import RefusalReason

MESSAGES_WITH_TEXT = frozenset({MessageKind.SERVICE, MessageKind.WEIGHING, MessageKind.STATUS})
_TEXT_FIELDS = ("point_id", "reason", "vehicle_id", "firmware")


def check_text(candidates: list[Candidate], batch: Batch) -> list[Candidate]:
    """Refuse readings with a NUL character in a text: JSON may write one, PostgreSQL cannot store it."""
    sound = []
    for candidate in candidates:
        assert candidate.topic is not None
        if candidate.topic.message in MESSAGES_WITH_TEXT:
            bad = next((name for name in _TEXT_FIELDS if "\0" in (getattr(candidate.reading, name, None) or "")), None)
            if bad is not None:
                batch.refuse(candidate, RefusalReason.OUT_OF_RANGE, f"`{bad}` contains a NUL character.")
                continue
        sound.append(candidate)
    return sound
