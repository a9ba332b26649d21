"""First step: which device speaks, and which message this is."""

from services.domain.kinds import MessageKind
from services.domain.topics import Topic, TopicError, check_device_id, parse_topic
from services.ingest.candidate import Batch, Candidate
from services.ingest.refusal import RefusalReason

REMEMBERED_TOPICS = 100_000
"""A town's devices have far fewer; the bound is against one that makes them up."""

_known_topics: dict[bytes, Topic] = {}


def recognise_topic(candidates: list[Candidate], batch: Batch) -> list[Candidate]:
    """Take each topic apart; route messages are the services' own and of no interest here."""
    recognised = []
    known = _known_topics
    for candidate in candidates:
        text = candidate.delivery.topic
        topic = known.get(text)
        if topic is None or topic.town_name != batch.town_name:
            try:
                topic = _parse(text, batch.town_name)
            except TopicError as error:
                if not _is_route(text):
                    batch.refuse(candidate, RefusalReason.UNKNOWN_TOPIC, str(error))
                continue
        candidate.topic = topic
        recognised.append(candidate)
    return recognised


def _parse(text: bytes, town_name: str) -> Topic:
    try:
        topic = parse_topic(text.decode())
    except UnicodeDecodeError as error:
        raise TopicError(f"The topic is not UTF-8: {text[:200]!r}.") from error
    check_device_id(topic.device_id)
    if topic.town_name != town_name:
        raise TopicError(f"This is the town {town_name!r}, but the topic names {topic.town_name[:100]!r}.")
    if len(_known_topics) >= REMEMBERED_TOPICS:
        _known_topics.clear()
    _known_topics[text] = topic
    return topic


def _is_route(text: bytes) -> bool:
    parts = text.split(b"/")
    return len(parts) == 6 and parts[3] == b"vehicle" and parts[5] == MessageKind.ROUTE.value.encode()
