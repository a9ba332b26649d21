"""Last step: when it was taken, and whether that can be."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec

from services.domain.telemetry import StatusReading, WeighingReading
from services.ingest.candidate import Batch, Candidate
from services.ingest.refusal import RefusalReason

FUTURE_TOLERANCE = timedelta(minutes=5)
"""How far a device's clock may run ahead of the town's (domain.md, Telemetry contract)."""

_decode_instant: Callable[[str], datetime] = msgspec.json.Decoder(Annotated[datetime, msgspec.Meta(tz=True)]).decode


def instant_of(timestamp: str | int) -> datetime:
    """Return the instant of a `ts`: epoch milliseconds, or RFC 3339 and nothing looser.

    Raises:
        ValueError: it is a text that is not RFC 3339 with an offset, or no such instant exists in UTC.

    """
    if isinstance(timestamp, int):
        return datetime.fromtimestamp(timestamp / 1000, UTC)
    instant = _decode_instant(f'"{timestamp}"')
    if instant.tzinfo is UTC:
        return instant
    try:
        return instant.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{timestamp} lies outside the calendar") from error


@dataclass(frozen=True, slots=True)
class _Window:
    """What a reading's instant must lie in, and when it was received by the same town's clock."""

    received_at: datetime
    earliest: datetime
    latest: datetime


def judge_instant(candidates: list[Candidate], batch: Batch) -> list[Candidate]:
    """Refuse readings from the future and from before the retention, by the town's clock at their reception."""
    judged = []
    burst: datetime | None = None
    windows: list[_Window] = []
    for candidate in candidates:
        if candidate.delivery.received_at is not burst:
            burst = candidate.delivery.received_at
            windows = _windows(burst, batch)
        reading = candidate.reading
        assert reading is not None
        try:
            observed_at = windows[0].received_at if reading.ts is None else instant_of(reading.ts)
        except ValueError as error:
            batch.refuse(candidate, RefusalReason.BAD_TIMESTAMP, _bad_timestamp("ts", reading.ts, error))
            continue
        if type(reading) is StatusReading and candidate.delivery.retained:
            # The broker's copy of a status that we were told when it was new, however long ago.
            observed_at = min(max(observed_at, windows[0].earliest), windows[0].received_at)
        elif type(reading) is WeighingReading and not _arrival_is_sound(candidate, reading, windows, batch):
            continue
        for window in windows:
            if window.earliest <= observed_at <= window.latest:
                candidate.observed_at, candidate.received_at = observed_at, window.received_at
                judged.append(candidate)
                break
        else:
            reason, detail = _explain(observed_at, windows[0])
            if reason is RefusalReason.FUTURE:
                batch.ahead[candidate.device_key] = observed_at - windows[0].received_at
            batch.refuse(candidate, reason, detail)
    return judged


def _windows(received_at: datetime, batch: Batch) -> list[_Window]:
    nows = (clock.now(received_at) for clock in batch.clocks.at(received_at))
    return [_Window(now, now - batch.retention, now + FUTURE_TOLERANCE) for now in nows]


def _bad_timestamp(name: str, timestamp: str | int | None, error: ValueError) -> str:
    if isinstance(timestamp, str) and _has_no_offset(timestamp):
        return f"`{name}` has no offset: write {timestamp}Z for UTC or {timestamp}+08:00 for China, got {timestamp!r}."
    return f"Expected `{name}` as RFC 3339 with an offset or as epoch milliseconds, got {timestamp!r} ({error})."


def _has_no_offset(timestamp: str) -> bool:
    """Tell whether a text would be an instant if it said in which time zone."""
    try:
        instant_of(f"{timestamp}Z")
    except ValueError:
        return False
    return True


def _explain(observed_at: datetime, window: _Window) -> tuple[RefusalReason, str]:
    difference = str(abs(observed_at - window.received_at)).split(".", maxsplit=1)[0]
    clock = f"{window.received_at:%Y-%m-%d %H:%M:%S}Z"
    if observed_at > window.latest:
        return RefusalReason.FUTURE, f"Taken {difference} after the town's time, {clock}; is the device's clock right?"
    return RefusalReason.TOO_OLD, f"Taken {difference} before the town's time, {clock}: older than readings are kept."


def _arrival_is_sound(candidate: Candidate, reading: WeighingReading, windows: list[_Window], batch: Batch) -> bool:
    if reading.arrived_at is None:
        return True
    try:
        arrived_at = instant_of(reading.arrived_at)
    except ValueError as error:
        detail = _bad_timestamp("arrived_at", reading.arrived_at, error)
        batch.refuse(candidate, RefusalReason.BAD_TIMESTAMP, detail)
        return False
    if any(window.earliest <= arrived_at <= window.latest for window in windows):
        return True
    reason, detail = _explain(arrived_at, windows[0])
    batch.refuse(candidate, reason, f"`arrived_at`: {detail}")
    return False
