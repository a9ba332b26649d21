"""From accepted readings to the rows that the store takes."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from services.domain.kinds import MessageKind
from services.domain.telemetry import PositionReading, StatusReading, WeighingReading
from services.domain.town import Town
from services.ingest.candidate import Candidate
from services.ingest.steps.instant import instant_of
from services.store.readings import Row, value_columns

NO_SEQUENCE = -1
"""Stands in the key of a reading whose device does not count."""

_ARRIVED_AT = value_columns(MessageKind.WEIGHING).index("arrived_at")
_VALUES_FROM = 2
"""Every reading's first fields are ts and seq, which the key columns hold."""


def by_message(candidates: Iterable[Candidate]) -> dict[MessageKind, list[Candidate]]:
    """Sort readings by their message."""
    sorted_: dict[MessageKind, list[Candidate]] = {}
    for candidate in candidates:
        assert candidate.topic is not None
        message = candidate.topic.message
        if message in sorted_:
            sorted_[message].append(candidate)
        else:
            sorted_[message] = [candidate]
    return sorted_


def reading_row(candidate: Candidate) -> Row:
    """Return a reading's row: the key columns, then its values in the contract's order."""
    reading = candidate.reading
    assert reading is not None
    sequence = NO_SEQUENCE if reading.seq is None else reading.seq
    key = (candidate.observed_at, candidate.received_at, sequence, candidate.device_key)
    values: tuple[Any, ...] = msgspec.structs.astuple(reading)[_VALUES_FROM:]
    if type(reading) is WeighingReading and reading.arrived_at is not None:
        values = (*values[:_ARRIVED_AT], instant_of(reading.arrived_at), *values[_ARRIVED_AT + 1 :])
    return key + values


def latest_position_rows(candidates: Iterable[Candidate]) -> list[Row]:
    """Return each device's newest fix as `store.readings.LATEST_COLUMNS`, in the order of device keys."""
    newest: dict[int, Candidate] = {}
    for candidate in candidates:
        best = newest.get(candidate.device_key)
        if best is None or candidate.observed_at > best.observed_at:  # type: ignore[operator]
            newest[candidate.device_key] = candidate
    return [_latest_row(newest[device_key]) for device_key in sorted(newest)]


def _latest_row(candidate: Candidate) -> Row:
    fix = candidate.reading
    assert type(fix) is PositionReading
    return (
        *(candidate.device_key, candidate.observed_at, candidate.received_at, fix.lon, fix.lat),
        *(fix.speed_kmh, fix.heading_deg, fix.load_kg, fix.odometer_m, fix.ignition, fix.cover_open),
    )


def status_rows(candidates: Iterable[Candidate]) -> list[tuple[int, bool, datetime, str | None]]:
    """Return each device's last status in order of arrival, and the last firmware named, by device key."""
    last: dict[int, tuple[int, bool, datetime, str | None]] = {}
    for candidate in candidates:
        status, key = candidate.reading, candidate.device_key
        assert type(status) is StatusReading
        assert candidate.observed_at is not None
        known_firmware = last[key][3] if key in last else None
        last[key] = (key, status.online, candidate.observed_at, status.firmware or known_firmware)
    return [last[key] for key in sorted(last)]


def last_observed(candidates: Iterable[Candidate]) -> list[tuple[int, datetime]]:
    """Return when each device was last heard of, in the order of device keys."""
    last: dict[int, datetime] = {}
    for candidate in candidates:
        observed_at = candidate.observed_at
        assert observed_at is not None
        known = last.get(candidate.device_key)
        if known is None or observed_at > known:
            last[candidate.device_key] = observed_at
    return sorted(last.items())


def observed_span(candidates: Iterable[Candidate]) -> tuple[datetime, datetime]:
    """Return the first and the last instant of readings, of which there is at least one."""
    instants = [candidate.observed_at for candidate in candidates if candidate.observed_at is not None]
    return min(instants), max(instants)


def by_service_day(candidates: Sequence[Candidate], town: Town) -> list[Sequence[Candidate]]:
    """Sort readings, of which there is at least one, by the service day that they speak of, the earliest first."""
    first, last = observed_span(candidates)
    day = town.service_day(town.service_date(first))
    if last < day.end:
        return [candidates]
    days = [day]
    found: dict[datetime, list[Candidate]] = {day.start: []}
    for candidate in candidates:
        at = candidate.observed_at
        assert at is not None
        if not day.contains(at):
            known = next((one for one in days if one.contains(at)), None)
            if known is None:
                known = town.service_day(town.service_date(at))
                days.append(known)
            day = known
        found.setdefault(day.start, []).append(candidate)
    return [found[start] for start in sorted(found)]


def device_spans(candidates: Iterable[Candidate]) -> list[tuple[int, datetime, datetime]]:
    """Return the first and the last instant of each device's readings, in the order of device keys."""
    firsts: dict[int, datetime] = {}
    lasts: dict[int, datetime] = {}
    for candidate in candidates:
        key, at = candidate.device_key, candidate.observed_at
        assert at is not None
        if key not in firsts:
            firsts[key] = lasts[key] = at
        elif at > lasts[key]:
            lasts[key] = at
        elif at < firsts[key]:
            firsts[key] = at
    return [(key, firsts[key], lasts[key]) for key in sorted(firsts)]
