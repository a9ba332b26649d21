"""Fourth step: bodies that are not text."""

from services.ingest.candidate import Batch, Candidate
from services.ingest.refusal import RefusalReason


def check_encoding(candidates: list[Candidate], batch: Batch) -> list[Candidate]:
    """Refuse bodies that are not UTF-8; the decoder would not look at fields that it does not know."""
    readable = []
    for candidate in candidates:
        if not candidate.body.isascii():
            try:
                candidate.body.decode()
            except UnicodeDecodeError as error:
                detail = f"Expected JSON in UTF-8; the byte at position {error.start} is not."
                batch.refuse(candidate, RefusalReason.NOT_UTF8, detail)
                continue
        readable.append(candidate)
    return readable
