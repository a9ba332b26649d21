"""The rates by every group and span against an oracle that counts row by row, with the counts beside each."""

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pytest

from services.domain.clearance import ClearanceBucket, ClearanceGroup
from services.store.clearance_figures import load_clearance
from services.store.connection import Connection, connect
from services.store.town import create_town
from tests.integration.clearance.stored_town import TOWN

FIRST, LAST = date(2026, 2, 20), date(2026, 4, 3)
VEHICLES = {"V1": "C1", "V2": "C2"}
"""Whose each is; V3 is no longer in the register."""
ZONES = {"Z1": "C1", "Z2": "C1", "Z3": "C2", None: None}
REASONS = ("not_planned", "planned_but_not_visited", "visited_outside_window", "device_silent")


@dataclass(frozen=True)
class Due:
    """A due visit as the oracle counts it."""

    day: date
    zone_id: str | None
    contractor_id: str | None
    vehicle_id: str | None
    status: str
    reason: str | None
    at: datetime
    expected_kg: float


@dataclass(frozen=True)
class Weight:
    """An hour's tipped and received kilograms as the oracle counts them."""

    day: date
    hour: datetime
    vehicle_id: str
    zone_id: str | None
    contractor_id: str | None
    tipped_kg: float
    received_kg: float


@dataclass(frozen=True)
class Filled:
    """A database with six weeks of chance, and what was put in."""

    connection: Connection
    due: list[Due]
    weights: list[Weight]


@pytest.fixture(scope="module")
def filled(database_url: str) -> Iterator[Filled]:
    """Six weeks across three months, of which one day has nothing due and one nothing tipped."""
    chance = random.Random(5)
    with connect(database_url) as connection:
        create_town(connection, TOWN)
        _register_vehicles(connection)
        due: list[Due] = []
        weights: list[Weight] = []
        for ahead in range((LAST - FIRST).days + 1):
            day = FIRST + timedelta(days=ahead)
            if ahead != 9:
                due += _due_of(connection, chance, day)
            if ahead != 17:
                weights += _weights_of(connection, chance, day)
        connection.commit()
        yield Filled(connection, due, weights)


def _register_vehicles(connection: Connection) -> None:
    connection.execute(
        "INSERT INTO facilities (facility_id, kind, lon, lat, status) VALUES ('D', 'depot', 0, 0, 'in_service')"
    )
    for vehicle_id, contractor_id in VEHICLES.items():
        connection.execute("INSERT INTO contractors VALUES (%s, %s) ON CONFLICT DO NOTHING", [contractor_id] * 2)
        connection.execute(
            "INSERT INTO vehicles (vehicle_id, kind, depot_id, capacity_kg, break_s, contractor_id, speed_factor, "
            "cost_per_km, cost_per_h, fixed_cost) VALUES (%s, 'compactor', 'D', 1, 0, %s, 1, 0, 0, 0)",
            (vehicle_id, contractor_id),
        )


def _due_of(connection: Connection, chance: random.Random, day: date) -> list[Due]:
    span = TOWN.service_day(day)
    found = []
    for number in range(chance.randint(5, 15)):
        zone_id = chance.choice([*ZONES])
        status = chance.choice(["cleared", "cleared", "missed", "pending"])
        vehicle_id = chance.choice(["V1", "V2", None])
        at = span.start + timedelta(minutes=chance.randrange(24 * 60))
        reason = None if status == "cleared" else chance.choice(REASONS)
        row = Due(day, zone_id, ZONES[zone_id], vehicle_id, status, reason, at, chance.randrange(1, 400) / 4)
        connection.execute(
            "INSERT INTO due_visits (service_date, point_id, occurrence, zone_id, contractor_id, windows, due_from, "
            "due_to, expected_kg, status, cleared_at, vehicle_id, planned_at, reason, decided_at) "
            "VALUES (%s, %s, 1, %s, %s, '[]', %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (
                *(day, f"P{number}", zone_id, row.contractor_id, span.start, span.end, row.expected_kg, status),
                *(at if status == "cleared" else None, vehicle_id, None if status == "cleared" else at),
                *(reason, span.end),
            ),
        )
        found.append(row)
    return found


def _weights_of(connection: Connection, chance: random.Random, day: date) -> list[Weight]:
    span = TOWN.service_day(day)
    found = []
    for _ in range(chance.randint(1, 6)):
        zone_id = chance.choice([*ZONES])
        hour = span.start + timedelta(hours=chance.randrange(24))
        tipped_kg, received_kg = chance.randrange(0, 4000) / 4, chance.randrange(0, 4000) / 4
        row = Weight(day, hour, chance.choice(["V1", "V3"]), zone_id, ZONES[zone_id], tipped_kg, received_kg)
        connection.execute(
            "INSERT INTO attributed_weights VALUES (%s, %s, %s, %s, %s, %s, %s)",
            (day, hour, row.vehicle_id, zone_id, row.contractor_id, tipped_kg, received_kg),
        )
        found.append(row)
    return found


def key_of(group: ClearanceGroup, row: Due | Weight, contractor: str | None) -> str:
    """Return what a row counts for in a group; a contractor is told its own vehicles only."""
    if group is ClearanceGroup.TOWN:
        return TOWN.name
    if group is ClearanceGroup.HOUR:
        at = row.at if isinstance(row, Due) else row.hour
        return at.astimezone(TOWN.zone_info).strftime("%H:00")
    named = {
        ClearanceGroup.ZONE: row.zone_id,
        ClearanceGroup.CONTRACTOR: row.contractor_id,
        ClearanceGroup.VEHICLE: row.vehicle_id,
    }
    is_others = contractor is not None and VEHICLES.get(row.vehicle_id or "") != contractor
    return "unassigned" if group is ClearanceGroup.VEHICLE and is_others else named[group] or "unassigned"


def first_of(bucket: ClearanceBucket, day: date, start: date) -> date:
    """Return the day that stands for the span a day is in."""
    if bucket is ClearanceBucket.WHOLE:
        return start
    return max(day.replace(day=1), start) if bucket is ClearanceBucket.MONTH else day


def counted(filled: Filled, group: ClearanceGroup, bucket: ClearanceBucket, contractor: str | None) -> dict:  # type: ignore[type-arg]
    """Return every figure by span and key, counted row by row."""
    found: dict[tuple[date, str], dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for due in filled.due:
        if contractor in (None, due.contractor_id):
            place = found[first_of(bucket, due.day, FIRST), key_of(group, due, contractor)]
            place["due"] += 1
            place[due.status] += 1
            place["expected_kg"] += due.expected_kg
            if due.reason is not None:
                place[due.reason] += 1
    for weight in filled.weights:
        if contractor in (None, weight.contractor_id):
            place = found[first_of(bucket, weight.day, FIRST), key_of(group, weight, contractor)]
            place["tipped_kg"] += weight.tipped_kg
            place["received_kg"] += weight.received_kg
    return found


@pytest.mark.parametrize("contractor", [None, "C1"])
@pytest.mark.parametrize("bucket", ClearanceBucket)
@pytest.mark.parametrize("group", ClearanceGroup)
def test_every_rate_has_its_counts(
    filled: Filled, group: ClearanceGroup, bucket: ClearanceBucket, contractor: str | None
) -> None:
    """Of every group by day, by month and in all; a rate is that of the sums, none where there is no whole."""
    figures = load_clearance(filled.connection, FIRST, LAST, group, contractor, bucket)
    expected = counted(filled, group, bucket, contractor)
    assert [(figure.service_date, figure.key) for figure in figures] == sorted(expected)
    for figure in figures:
        right = expected[figure.service_date, figure.key]
        for name in ("due", "cleared", "missed", "pending", "expected_kg", "tipped_kg", "received_kg"):
            assert getattr(figure, name) == right[name], (figure.key, name)
        assert figure.not_cleared_by_reason == {name: right[name] for name in REASONS if right[name]}
        rates = (
            (figure.clearance_rate, right["cleared"], right["due"]),
            (figure.collection_rate, right["tipped_kg"], right["expected_kg"]),
            (figure.treatment_rate, right["received_kg"], right["tipped_kg"]),
        )
        for rate, part, whole in rates:
            assert rate == (pytest.approx(part / whole) if whole else None)


def test_a_span_is_what_was_asked_for(filled: Filled) -> None:
    """A month that is asked for from its middle begins there, and has no more than what was asked."""
    start = date(2026, 3, 10)
    (march,) = load_clearance(
        filled.connection, start, date(2026, 3, 20), ClearanceGroup.TOWN, None, ClearanceBucket.MONTH
    )
    assert march.service_date == start
    assert march.due == sum(start <= due.day <= date(2026, 3, 20) for due in filled.due)
