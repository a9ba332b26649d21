"""Fifth step: from a body to readings, one for an object and as many as it has elements for an array."""

from typing import Any

import msgspec

from services.domain.kinds import MessageKind
from services.domain.telemetry import READING_TYPES
from services.ingest.candidate import Batch, Candidate
from services.ingest.refusal import RefusalReason

_DECODERS: dict[MessageKind, msgspec.json.Decoder[Any]] = {
    message: msgspec.json.Decoder(reading_type) for message, reading_type in READING_TYPES.items()
}
_decode_elements = msgspec.json.Decoder(list[msgspec.Raw]).decode

DecodeErrors = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)


def decode_body(candidates: list[Candidate], batch: Batch) -> list[Candidate]:
    """Decode and check every value; an array's bad elements are refused one by one, each with its own bytes."""
    decoded: list[Candidate] = []
    for candidate in candidates:
        topic = candidate.topic
        assert topic is not None
        try:
            candidate.reading = _DECODERS[topic.message].decode(candidate.body)
        except DecodeErrors as error:
            if candidate.body.lstrip()[:1] == b"[":
                decoded.extend(_decode_array(candidate, batch))
            else:
                batch.refuse(candidate, *explain(error))
        else:
            decoded.append(candidate)
    return decoded


def _decode_array(candidate: Candidate, batch: Batch) -> list[Candidate]:
    """Return the good elements of an array; one that is not sound as JSON is refused as a whole."""
    assert candidate.topic is not None
    try:
        bodies = [bytes(raw) for raw in _decode_elements(candidate.body)]
    except DecodeErrors as error:
        batch.refuse(candidate, *explain(error))
        return []
    decoder = _DECODERS[candidate.topic.message]
    decoded = []
    for body in bodies:
        element = Candidate(candidate.delivery, body, candidate.topic, candidate.device_key)
        try:
            element.reading = decoder.decode(body)
        except DecodeErrors as error:
            batch.refuse(element, *explain(error))
        else:
            decoded.append(element)
    return decoded


def explain(error: Exception) -> tuple[RefusalReason, str]:
    """Return the reason code and the sentence for what the decoder found."""
    text = str(error)
    if isinstance(error, UnicodeDecodeError):
        return RefusalReason.NOT_UTF8, "Expected JSON in UTF-8; a text in it is not."
    if isinstance(error, RecursionError):
        return RefusalReason.NOT_JSON, "The JSON is nested too deeply."
    if not isinstance(error, msgspec.ValidationError):
        return RefusalReason.NOT_JSON, f"Not JSON: {text}."
    if "missing required field" in text:
        return RefusalReason.MISSING_FIELD, f"{text}."
    if ", got " in text:
        return RefusalReason.WRONG_TYPE, f"{text}."
    return RefusalReason.OUT_OF_RANGE, f"{text}."
