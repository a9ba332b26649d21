"""Second step: whether the device is enrolled."""

from services.ingest.candidate import Batch, Candidate
from services.ingest.refusal import RefusalReason


def identify_device(candidates: list[Candidate], batch: Batch) -> list[Candidate]:
    """Give each candidate its device's key; a device that memory does not know is looked for in the store."""
    identified, strangers = _identify(candidates, batch)
    if strangers:
        batch.registry.look_up({(c.topic.kind, c.topic.device_id) for c in strangers if c.topic is not None})
        found, unknown = _identify(strangers, batch)
        for candidate in unknown:
            assert candidate.topic is not None
            batch.refuse(
                candidate,
                RefusalReason.UNKNOWN_DEVICE,
                f"No {candidate.topic.kind} device {candidate.topic.device_id!r} is enrolled; "
                f"enrol it with `riqing device add {candidate.topic.kind} ID`, then retry this letter.",
            )
        if found:
            # Back in the order in which they came.
            keep = {id(candidate) for candidate in (*identified, *found)}
            identified = [candidate for candidate in candidates if id(candidate) in keep]
    return identified


def _identify(candidates: list[Candidate], batch: Batch) -> tuple[list[Candidate], list[Candidate]]:
    identified, strangers = [], []
    find = batch.registry.find
    for candidate in candidates:
        topic = candidate.topic
        assert topic is not None
        device = find(topic.kind, topic.device_id)
        if device is None:
            strangers.append(candidate)
            continue
        candidate.device_key = device.device_key
        if device.revoked:
            detail = f"The {topic.kind} device {topic.device_id!r} was revoked; enrol it again if it is to publish."
            batch.refuse(candidate, RefusalReason.REVOKED_DEVICE, detail)
        else:
            identified.append(candidate)
    return identified, strangers
