"""Storing a batch: one transaction where all is well, halves of it where the database refuses a row."""

import struct
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import psycopg

from services.domain.kinds import MessageKind
from services.domain.town import Town
from services.ingest.candidate import Candidate
from services.ingest.packing import (
    by_message,
    by_service_day,
    device_spans,
    last_observed,
    latest_position_rows,
    reading_row,
    status_rows,
)
from services.ingest.refusal import Refusal, RefusalReason
from services.store.connection import Connection
from services.store.dead_letters import NewDeadLetter, keep_dead_letters
from services.store.readings import (
    announce_readings,
    copy_readings,
    keep_last_observed,
    keep_latest_positions,
    keep_status,
    merge_readings,
    record_stored_batch,
)
from services.store.rollups import note_stored_spans

ROW_ERRORS = (psycopg.DataError, psycopg.IntegrityError, ValueError, TypeError, ArithmeticError, struct.error)
"""What is the fault of a row: the database refuses it, or it cannot even be written in the database's binary form.
Every other error is the database's state, which passes."""

WARY_BATCHES = 100
"""After a reading that was stored already, so many batches go by way of staging: more are likely to follow, and
a direct copy that fails leaves its rows behind as garbage."""


@dataclass(slots=True)
class Outcome:
    """What became of a batch."""

    stored: Counter[MessageKind] = field(default_factory=Counter)
    duplicates: Counter[MessageKind] = field(default_factory=Counter)
    refused: Counter[RefusalReason] = field(default_factory=Counter)


class BatchStore:
    """Writes batches over one connection."""

    def __init__(self, town: Town, *, keeps_status: bool = True) -> None:
        """Of several workers one alone keeps the devices' words on being connected, in the order of their arrival."""
        self._town = town
        self._wary = 0
        self._keeps_status = keeps_status

    def store(self, connection: Connection, accepted: Sequence[Candidate], refusals: Sequence[Refusal]) -> Outcome:
        """Store readings and dead letters, everything committed when this returns.

        Raises:
            psycopg.Error: the database cannot store anything now. Storing the same again later is safe: the
                readings have keys, and the letters are the last to be committed.

        """
        outcome = Outcome()
        try:
            with connection.transaction():
                stored, duplicates = self._write(connection, accepted)
                _write_letters(connection, refusals)
        except ROW_ERRORS as error:
            letters = [*refusals, *self._store_in_parts(connection, accepted, error, outcome)]
            with connection.transaction():
                _write_letters(connection, letters)
            outcome.refused.update(refusal.reason for refusal in letters)
            return outcome
        outcome.stored.update(stored)
        outcome.duplicates.update(duplicates)
        outcome.refused.update(refusal.reason for refusal in refusals)
        return outcome

    def _store_in_parts(
        self, connection: Connection, accepted: Sequence[Candidate], error: Exception, outcome: Outcome
    ) -> list[Refusal]:
        """Store all but the rows that the database refuses, by halves; return those as refusals."""
        if isinstance(error, psycopg.errors.UniqueViolation) and self._wary == 0:
            self._wary = WARY_BATCHES
            parts = [accepted]
        elif len(accepted) <= 1:
            return [_refused_by_database(candidate, error) for candidate in accepted]
        else:
            middle = len(accepted) // 2
            parts = [accepted[:middle], accepted[middle:]]
        refused: list[Refusal] = []
        for part in parts:
            try:
                with connection.transaction():
                    stored, duplicates = self._write(connection, part)
            except ROW_ERRORS as part_error:
                refused += self._store_in_parts(connection, part, part_error, outcome)
            else:
                outcome.stored.update(stored)
                outcome.duplicates.update(duplicates)
        return refused

    def _write(
        self, connection: Connection, accepted: Sequence[Candidate]
    ) -> tuple[Counter[MessageKind], Counter[MessageKind]]:
        """Write readings and what follows from them, within a transaction of the caller's."""
        stored: Counter[MessageKind] = Counter()
        duplicates: Counter[MessageKind] = Counter()
        if not accepted:
            return stored, duplicates
        write = merge_readings if self._wary else copy_readings
        for message, candidates in sorted(by_message(accepted).items()):
            if message is MessageKind.STATUS:
                if self._keeps_status:
                    keep_status(connection, status_rows(candidates))
                    stored[message] = len(candidates)
                continue
            if message is MessageKind.POSITION:
                keep_latest_positions(connection, latest_position_rows(candidates))
            for of_day in by_service_day(candidates, self._town):
                count = write(connection, message, [reading_row(candidate) for candidate in of_day])
                stored[message] += count
                duplicates[message] += len(of_day) - count
                if count:
                    spans = device_spans(of_day)
                    keys, firsts, lasts = ([*column] for column in zip(*spans, strict=True))
                    record_stored_batch(connection, message, keys, min(firsts), max(lasts), count)
                    note_stored_spans(connection, message, spans)
        keep_last_observed(connection, last_observed(accepted))
        announce_readings(connection)
        self._wary = max(self._wary - 1, 0)
        return stored, duplicates


def _refused_by_database(candidate: Candidate, error: Exception) -> Refusal:
    assert candidate.received_at is not None
    return Refusal(
        delivery=candidate.delivery,
        body=candidate.body,
        reason=RefusalReason.REFUSED_BY_DATABASE,
        detail=f"The database refused it: {' '.join(str(error).split())}",
        received_at=candidate.received_at,
        device_key=candidate.device_key,
    )


def _write_letters(connection: Connection, refusals: Sequence[Refusal]) -> None:
    if not refusals:
        return
    letters = [
        NewDeadLetter(
            received_at=refusal.received_at,
            topic=printable(refusal.delivery.topic),
            payload=refusal.body,
            reason=refusal.reason.value,
            detail=printable(refusal.detail.encode(errors="backslashreplace")),
            device_key=refusal.device_key,
            redelivered=refusal.delivery.redelivered,
        )
        for refusal in refusals
    ]
    keep_dead_letters(connection, letters)


def printable(text: bytes) -> str:
    """Return bytes as a text that the database takes, whatever they are: a letter must never be refused itself."""
    return text.decode(errors="backslashreplace").replace("\0", "\\0")
