"""Planned against actual, told in words: a route of letters, and what the vehicle made of it."""

import random
from datetime import UTC, datetime, timedelta
from itertools import combinations

import pytest

from services.clearance.adherence import (
    Adherence,
    MadeTipping,
    MadeVisit,
    Outcome,
    PlannedStop,
    StopState,
    compare_route,
)
from services.domain.kinds import DueVisitStatus, MissedReason, StopKind

START = datetime(2026, 3, 2, 22, tzinfo=UTC)


def at(minute: float) -> datetime:
    """Return an instant so many minutes after the start."""
    return START + timedelta(minutes=minute)


def planned(route: str) -> list[PlannedStop]:
    """Return a route: a stop every ten minutes, a letter a point (again: its next visit), `+` a station."""
    seen: dict[str, int] = {}
    stops = []
    for number, letter in enumerate(route, start=1):
        is_point = letter != "+"
        if is_point:
            seen[letter] = seen.get(letter, 0) + 1
        kind = StopKind.POINT if is_point else StopKind.STATION
        occurrence = seen[letter] if is_point else None
        stops.append(
            PlannedStop(number, kind, letter if is_point else "S1", occurrence, at(10 * number), at(10 * number + 2))
        )
    return stops


def made(visits: str, *, late_min: float = 0.0) -> list[MadeVisit]:
    """Return visits made every ten minutes, a capital each clearing the next due visit there."""
    seen: dict[str, int] = {}
    found = []
    for number, letter in enumerate(visits, start=1):
        point_id = letter.upper()
        if letter.isupper():
            seen[point_id] = seen.get(point_id, 0) + 1
        occurrence = seen[point_id] if letter.isupper() else None
        ended_at = at(10 * number + 2 + late_min)
        found.append(MadeVisit(number, point_id, ended_at - timedelta(minutes=2), ended_at, occurrence))
    return found


def written(result: Adherence) -> str:
    """Write a comparison: each planned letter, with what became of it."""
    marks = {
        StopState.DONE: "",
        StopState.DONE_BY_ANOTHER: "~",
        StopState.CLEARED_BY_HAND: "!",
        StopState.SKIPPED: "-",
        StopState.UNKNOWN: "%",
        StopState.PENDING: "?",
    }
    stops = "".join(f"{stop.planned.id}{'*' if stop.out_of_order else marks[stop.state]}" for stop in result.stops)
    return f"{stops} {''.join(visit.point_id for visit in result.extra)}".strip()


@pytest.mark.parametrize(
    ("route", "visits", "expected"),
    [
        ("ABCD", "ABCD", "ABCD"),
        ("ABCD", "ABD", "ABC-D"),  # left out, and gone on
        ("ABCD", "AB", "ABC?D?"),  # still to come
        ("ABCD", "ACBD", "ABC*D"),  # one of two that changed places is out of order
        ("ABCD", "BCDA", "A*BCD"),
        ("ABCD", "DCBA", "AB*C*D*"),  # one is always in order
        ("ABCD", "AXBCD", "ABCD X"),  # a visit that it was not to make
        ("ABAC", "ABAC", "ABAC"),  # twice at A
        ("ABAC", "ABC", "ABA-C"),
        ("ABC", "AaBC", "ABC A"),  # a second visit that cleared nothing is extra
        ("ABC", "aBC", "ABC"),  # outside its window it cleared nothing, but it was there
        ("ABC", "", "A?B?C?"),
        ("", "AB", "AB"),  # no route at all: everything is extra
    ],
)
def test_a_route_is_held_against_what_was_made(route: str, visits: str, expected: str) -> None:
    """Made, left out, out of order, extra."""
    assert written(compare_route("V1", planned(route), made(visits), (), {})) == expected


def test_what_became_of_a_stop_without_a_visit() -> None:
    """Another vehicle made it, the office says so, it is missed, it is to come, or nobody can tell."""
    outcomes = {
        ("A", 1): Outcome(DueVisitStatus.CLEARED, "V2"),
        ("B", 1): Outcome(DueVisitStatus.CLEARED, "V1", by_hand=True),
        ("C", 1): Outcome(DueVisitStatus.MISSED, "V1"),
        ("D", 1): Outcome(DueVisitStatus.PENDING, "V1"),
        ("E", 1): Outcome(DueVisitStatus.MISSED, "V1", MissedReason.DEVICE_SILENT),
    }
    result = compare_route("V1", planned("ABCDE"), (), (), outcomes)
    assert written(result) == "A~B!C-D?E%"
    assert result.stops[0].done_by_vehicle_id == "V2"


def test_a_deviation_is_of_the_end_of_the_service() -> None:
    """Seven minutes late throughout, but for the last stop, which was early."""
    visits = [*made("ABC", late_min=7), MadeVisit(9, "D", at(30), at(32), 1)]
    result = compare_route("V1", planned("ABCD"), visits, (), {})
    assert result.deviations_s == [420.0, 420.0, 420.0, -600.0]
    assert result.largest_deviation_s == -600.0
    assert result.mean_deviation_s == pytest.approx(165.0)


def test_a_vehicle_that_did_nothing_has_no_deviation() -> None:
    """No mean of nothing."""
    result = compare_route("V1", planned("AB"), (), (), {})
    assert (result.mean_deviation_s, result.largest_deviation_s) == (None, None)


def test_unloadings_stand_side_by_side() -> None:
    """The first as planned, the second elsewhere, a third that nobody had planned."""
    tippings = [
        MadeTipping("L1", at(65), 900.0),
        MadeTipping("S1", at(31), 1200.0),
        MadeTipping("S1", at(95), 300.0),
    ]
    result = compare_route("V1", planned("AB+CD+"), (), tippings, {})
    pairs = [(pair.planned and pair.planned.id, pair.made and pair.made.facility_id) for pair in result.unloadings]
    assert pairs == [("S1", "S1"), ("S1", "L1"), (None, "S1")]
    assert [pair.is_elsewhere for pair in result.unloadings] == [False, True, False]


@pytest.mark.parametrize("seed", range(20))
def test_as_few_as_can_be_are_out_of_order(seed: int) -> None:
    """Against an oracle that tries every choice of stops; the order in which visits are given changes nothing."""
    generator = random.Random(seed)
    letters = [*"ABCDEFGH"]
    generator.shuffle(letters)
    visits = made("".join(letters))
    result = compare_route("V1", planned("ABCDEFGH"), visits, (), {})
    rising = max(
        size for size in range(1, 9) for choice in combinations(letters, size) if list(choice) == sorted(choice)
    )
    assert result.out_of_order == 8 - rising
    generator.shuffle(visits)
    assert compare_route("V1", planned("ABCDEFGH"), visits, (), {}) == result
