"""Where a truck is in its route: what is settled, and from where and when it can be sent on."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.domain.day_progress import DayProgress, LastFix, Tipping
from services.domain.kinds import StopKind
from services.domain.plan import Stop
from services.domain.town import Interval
from services.domain.visit import Visit
from services.routing.underway import Moment, PlannedRoute, Underway, fixed_loads, underway

SIX = datetime(2026, 3, 10, 6, tzinfo=UTC)
KM_NORTH_DEG = 1000 / 111_195
STOPS = ["D", "A", "B", "-", "C", "S", "D"]
"""A depot, two points, a break, a point, a station, the depot: a kilometre and five minutes from each to the next."""
PLACES = [0, 1, 2, 2, 3, 4, 0]
"""Kilometres north of the depot."""


def at_minute(minute: float) -> datetime:
    """Return an instant so many minutes after six."""
    return SIX + timedelta(minutes=minute)


def place(km: float) -> tuple[float, float]:
    """Return the place so many kilometres north of the depot."""
    return 112.0, 28.0 + km * KM_NORTH_DEG


def route() -> PlannedRoute:
    """Return the route: stops of ten minutes, 100 kg at each point; it leaves at six and is at A at 6:05."""
    stops: list[Stop] = []
    clock, load_kg = 0, 0.0
    for number, name in enumerate(STOPS):
        kind = {"D": StopKind.DEPOT, "-": StopKind.BREAK, "S": StopKind.STATION}.get(name, StopKind.POINT)
        moved = number > 0 and kind is not StopKind.BREAK
        clock += 5 if moved else 0
        kg = 100.0 if kind is StopKind.POINT else 0.0
        load_kg = 0.0 if kind is StopKind.STATION else load_kg + kg
        stays = 0 if kind is StopKind.DEPOT else 10
        stops.append(
            Stop(
                kind,
                "B" if name == "-" else name,
                at_minute(clock),
                at_minute(clock + stays),
                load_kg,
                occurrence=1 if kind is StopKind.POINT else None,
                collected_kg=kg,
                leg_distance_m=1000 if moved else 0,
                leg_duration_s=300 if moved else 0,
            )
        )
        clock += stays
    work_s = tuple(round((stop.depart_at - stop.arrive_at).total_seconds()) for stop in stops)
    return PlannedRoute("V1", tuple(stops), work_s, tuple(place(km) for km in PLACES), capacity_kg=1000)


def progress(
    minute: float, *done: str, km: float | None = None, ago_min: float = 0, load_kg: float | None = None
) -> DayProgress:
    """Return what is known at a minute: visits and tippings as they were planned, and where the truck was last."""
    planned = {stop.id: stop for stop in route().stops if stop.kind is not StopKind.BREAK}
    visits = [
        Visit(name, "V1", Interval(planned[name].arrive_at, planned[name].depart_at), 1.0, (), None)
        for name in done
        if name != "S"
    ]
    tippings = [
        Tipping("S", "V1", planned[name].arrive_at, planned[name].depart_at, 300.0) for name in done if name == "S"
    ]
    fixes = {} if km is None else {"V1": LastFix(place(km), at_minute(minute - ago_min), load_kg)}
    return DayProgress(at_minute(minute), visits, frozenset((visit.point_id, 1) for visit in visits), tippings, fixes)


def found(
    known: DayProgress, lead_s: float = 0, closed: str = "", late_s: int = 0, *, broken: bool = False
) -> Underway:
    """Return where the truck is."""
    moment = Moment(known, known.now + timedelta(seconds=lead_s), frozenset(closed))
    return underway(route(), moment, late_s=late_s, is_broken=broken)


@pytest.mark.parametrize(
    ("case", "state", "fixed", "done", "free_minute"),
    [
        ("it stands at its depot", found(progress(-30, km=0)), "", 0, -30),
        ("it is about to leave", found(progress(-1, km=0), lead_s=120), "DA", 1, 15),
        ("it is on its way to the first point", found(progress(2, km=0.5)), "DA", 1, None),
        ("the first point is done", found(progress(16, "A", km=1)), "DAB", 2, 31),
        ("a point was passed by and stays open", found(progress(31, "B", km=2)), "DB-", 2, 40),
        ("it has driven on without its break", found(progress(31, "A", "B", km=2.5)), "DABC", 3, None),
        ("its station closes", found(progress(56, "A", "B", "C", km=3.2), closed="S"), "DAB-C", 5, 56),
        ("more is begun before the routes are out", found(progress(16, "A", km=1), lead_s=20 * 60), "DAB-", 2, 41),
        ("it tips", found(progress(56, "A", "B", "C", km=3.9)), "DAB-CS", 5, None),
        ("it comes home", found(progress(71, "A", "B", "C", "S", km=2)), "DAB-CS", 6, 71),
        ("it is home", found(progress(80, "A", "B", "C", "S", km=0)), "DAB-CSD", 6, 80),
        ("it says nothing and is where the plan has it", found(progress(31)), "DAB-", 3, 40),
        ("it was late when it was last heard", found(replace(progress(50, "A", km=1, ago_min=20), visits=[
            Visit("A", "V1", Interval(at_minute(15), at_minute(25)), 1.0, (), None)])), "DAB-C", 4, 65),
        ("a driver who says he is late is believed", found(progress(31), late_s=15 * 60), "DAB", 2, 45),
        ("a broken truck goes no further", found(progress(16, "A", km=1.3), broken=True), "DA", 2, 16),
        ("one that breaks in its depot has done nothing", found(progress(-30, km=0), broken=True), "", 0, -30),
    ],
    ids=lambda value: value if isinstance(value, str) and " " in value else "",
)  # fmt: skip
def test_what_is_settled_and_when_it_is_free(
    case: str, state: Underway, fixed: str, done: int, free_minute: float | None
) -> None:
    """What is done or under way is settled, as a string of stops; then it is free."""
    names = "".join("-" if stop.kind is StopKind.BREAK else stop.id or "" for stop in state.fixed)
    assert (names, state.done) == (fixed, done), case
    assert all(a.depart_at <= b.arrive_at for a, b in zip(state.fixed, state.fixed[1:], strict=False))
    if free_minute is not None:
        assert state.free_at == at_minute(free_minute)
    assert state.has_rested == ("-" in fixed) or case.startswith("a broken")


def test_a_truck_between_two_points_needs_the_rest_of_the_way() -> None:
    """Half a kilometre at the leg's pace, roads being longer than the crow flies: 3.5 of the leg's 5 minutes."""
    state = found(progress(2, km=0.5))
    assert state.fixed[-1].arrive_at == at_minute(2) + timedelta(seconds=210)


def test_a_leg_past_a_point_left_out_is_as_long_as_both() -> None:
    """The way over a point that was not served was driven all the same."""
    legs = [(stop.leg_distance_m, stop.leg_duration_s) for stop in found(progress(31, "B", km=2)).fixed]
    assert legs == [(0, 0), (2000, 600), (0, 0)]


@pytest.mark.parametrize(
    ("told_kg", "expected_kg"),
    [(None, 200.0), (450.0, 550.0), (12.0, 100.0)],  # the last: less than its sensor can tell from nothing
)
def test_its_load_is_what_it_weighs_or_what_was_counted(told_kg: float | None, expected_kg: float) -> None:
    """One point is done, one is under way with 100 kg."""
    assert found(progress(16, "A", km=1, load_kg=told_kg)).load_kg == expected_kg


def test_a_truck_that_drives_home_can_be_sent_on_from_where_it_is() -> None:
    """It is at no stop: its own position counts; one on its way to a point goes on from there."""
    assert found(progress(71, "A", "B", "C", "S", km=2)).position == place(2)
    assert found(progress(16, "A", km=1)).position is None


def test_what_a_truck_brings_to_a_station_counts_as_there() -> None:
    """What is done is weighed already; what is under way is not."""
    assert fixed_loads({"V1": found(progress(56, "A", "B", "C", km=3.9))}) == {"S": 300.0}
    assert fixed_loads({"V1": found(progress(71, "A", "B", "C", "S", km=2))}) == {}
