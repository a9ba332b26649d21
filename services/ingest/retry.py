"""Trying dead letters again, through the same steps and the same transaction as new messages."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from services.domain.town import Town
from services.ingest.candidate import Batch
from services.ingest.clocks import ClockHistory
from services.ingest.delivery import Delivery
from services.ingest.pipeline import admit
from services.ingest.registry import DeviceRegistry
from services.ingest.storing import BatchStore
from services.store.connection import Connection
from services.store.dead_letters import DeadLetter, mark_retried, renew_reason
from services.store.town import load_clock, load_town


@dataclass(frozen=True, slots=True)
class Retry:
    """What came of trying a letter again; `refusal` is None when all of it is stored now."""

    dead_letter_id: int
    refusal: str | None


def retry_dead_letters(
    connection: Connection, letters: list[DeadLetter], *, retention: timedelta, payload_bytes: int
) -> list[Retry]:
    """Send letters through the ingest's steps again; the town's present time decides what is the future.

    `connection` must be in autocommit mode: each letter is a transaction. An array of which a part is refused
    again leaves that part as letters of its own.

    Raises:
        NotFoundError: there is no town.
        psycopg.Error: the database cannot store anything now; what was reported as stored is.

    """
    town, registry, clocks = load_town(connection), DeviceRegistry(), ClockHistory()
    clocks.observe(load_clock(connection), datetime.now(UTC))
    registry.use(connection)
    registry.refresh()
    retries = []
    for letter in letters:
        batch = Batch(town.name, registry, clocks, retention, payload_bytes)
        retries.append(_retry(connection, letter, batch, town))
    return retries


def _retry(connection: Connection, letter: DeadLetter, batch: Batch, town: Town) -> Retry:
    received_at = datetime.now(UTC)
    delivery = Delivery(letter.topic.encode(), letter.payload, packet_id=0, generation=0, received_at=received_at)
    with connection.transaction():
        accepted = admit([delivery], batch)
        if not accepted and len(batch.refusals) == 1:
            refusal = batch.refusals[0]
            renew_reason(connection, letter.dead_letter_id, refusal.reason.value, refusal.detail)
            return Retry(letter.dead_letter_id, refusal.detail)
        outcome = BatchStore(town).store(connection, accepted, batch.refusals)
        mark_retried(connection, letter.dead_letter_id, batch.clocks.town_time(received_at))
    refused = outcome.refused.total()
    return Retry(letter.dead_letter_id, f"{refused} of its readings were refused again." if refused else None)
