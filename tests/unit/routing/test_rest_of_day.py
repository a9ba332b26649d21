"""The rest of a day: what is left as a problem, what the whole day's plan is made of, changes by hand, comparison."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings

from services.domain.circumstances import Circumstances, UrgentVisit, VehicleOrder
from services.domain.day_progress import DayProgress, LastFix, Tipping
from services.domain.errors import ConflictError
from services.domain.kinds import FacilityKind, StopKind, VehicleKind
from services.domain.plan import Plan
from services.domain.registry import CollectionPoint, DailyWindow, Facility, Position, Vehicle
from services.domain.town import Interval
from services.domain.visit import Visit
from services.roads.network import Matrix, Snap
from services.routing.assemble import assemble, to_plan
from services.routing.by_hand import Edited, Move, edit
from services.routing.checker import Rule, check
from services.routing.closeness import propose_close
from services.routing.compare import compare
from services.routing.mending import put_all_in, visit_of
from services.routing.places import Pricing
from services.routing.planner import solve
from services.routing.problem import Problem
from services.routing.reasons import explain
from services.routing.rest import Asked, RestOfDay, planned_routes, rest_of_day, survey, with_stored_legs
from services.routing.revision import Revision
from services.routing.selection import Register, select
from services.routing.solution import Solution
from services.routing.timetable import driven
from services.routing.underway import Moment
from services.routing.whole_day import spent_cost, whole_plan
from services.routing.wording import in_words
from tests.unit.routing.test_assemble import DAY, HOUR_S, TOWN
from tests.unit.routing.town import problems

SECOND = timedelta(seconds=1)
SHIFT = DailyWindow(6 * HOUR_S, 14 * HOUR_S)
DEPOT = Facility("D1", FacilityKind.DEPOT, 112.0, 28.0)
STATIONS = [
    Facility("S1", FacilityKind.TRANSFER_STATION, 112.05, 28.0, tip_s=600, bays=1, design_t_per_day=0.8),
    Facility("S2", FacilityKind.TRANSFER_STATION, 112.0, 28.05, tip_s=600, bays=1),
]
POINTS = [
    CollectionPoint(f"P{number}", 112.0 + 0.01 * number, 28.0 + 0.01 * (number % 3), expected_kg=100, service_s=3300)
    for number in range(8)
]
TRUCKS = [Vehicle(f"V{number}", VehicleKind.COMPACTOR, "D1", 400, shift=SHIFT) for number in range(3)]
REGISTER = Register(POINTS, [DEPOT, *STATIONS], TRUCKS, [])


def matrix(places: Sequence[Position]) -> Matrix:
    """Return a town of a grid, driven at 8 m/s."""
    at = np.array(places) * 100_000
    distance_m = np.rint(np.abs(at[:, None, :] - at[None, :, :]).sum(axis=2)).astype(np.int32)
    snaps = tuple(Snap(lon, lat, 0.0, "") for lon, lat in places)
    return Matrix((distance_m // 8).astype(np.int32), distance_m, snaps)


@pytest.fixture(scope="module")
def plan() -> Plan:
    """The day's plan, the same each time."""
    selection = select(TOWN, DAY, REGISTER)
    assembly = assemble(selection, matrix(selection.places))
    return to_plan(assembly, solve(assembly.problem, time_limit_s=60, workers=1, steps=400))


def at(hour: float) -> datetime:
    """Return an instant of the day."""
    return TOWN.instant(DAY, round(hour * HOUR_S))


def driven_until(plan: Plan, now: datetime) -> DayProgress:
    """Return what is known when every truck has kept to its plan, and tells of it; it drives straight on."""
    places = {point.point_id: point.position for point in POINTS} | {one.facility_id: one.position for one in STATIONS}
    visits, tippings, fixes = [], [], {}
    for route in plan.routes:
        before = route.stops[0]
        position = DEPOT.position
        for stop in route.stops:
            there = places.get(stop.id or "", DEPOT.position)
            if stop.depart_at > now:
                share = min(1.0, max(0.0, (now - before.depart_at) / max(stop.arrive_at - before.depart_at, SECOND)))
                position = (
                    position[0] + share * (there[0] - position[0]),
                    position[1] + share * (there[1] - position[1]),
                )
                break
            position = there
            if stop.kind is StopKind.POINT:
                span = Interval(stop.arrive_at, stop.depart_at)
                visits.append(Visit(stop.id or "", route.vehicle_id, span, 1.0, (), stop.collected_kg))
            if stop.kind is StopKind.STATION:
                kg = before.load_kg
                tippings.append(Tipping(stop.id or "", route.vehicle_id, stop.arrive_at, stop.depart_at, kg))
            before = stop
        fixes[route.vehicle_id] = LastFix(position, now, None)
    cleared = frozenset((visit.point_id, 1) for visit in visits)
    return DayProgress(now, sorted(visits, key=lambda visit: visit.interval.start), cleared, tippings, fixes)


def rest_at(plan: Plan, hour: float, told: Circumstances | None = None, change_coins: int = 500) -> RestOfDay:
    """Return the rest of the day at an hour."""
    told = told or Circumstances()
    now = at(hour)
    moment = Moment(driven_until(plan, now), now, frozenset(told.closed_facility_ids))
    found = survey(TOWN, REGISTER, Asked(DAY), planned_routes(REGISTER, plan.routes), told, moment)
    return rest_of_day(found, matrix(found.selection.places), change_coins)


def revised(rest: RestOfDay) -> Plan:
    """Return the rest planned anew, the same each time."""
    proposer = propose_close(Revision(rest.previous, rest.locked))
    return whole_plan(rest, solve(rest.problem, time_limit_s=60, workers=1, steps=300, proposer=proposer))


def points_of(plan: Plan) -> list[str]:
    """Return every point stop of a plan."""
    return sorted(stop.id or "" for route in plan.routes for stop in route.stops if stop.kind is StopKind.POINT)


def check_connected(plan: Plan) -> None:
    """Each route's stops follow one another in time, and its sums are those of its stops."""
    for route in plan.routes:
        for before, stop in zip(route.stops, route.stops[1:], strict=False):
            assert before.arrive_at <= before.depart_at <= stop.arrive_at
            if stop.kind is not StopKind.BREAK:
                assert stop.arrive_at - before.depart_at >= timedelta(seconds=stop.leg_duration_s)
        assert route.distance_m == sum(stop.leg_distance_m for stop in route.stops)


@pytest.mark.parametrize("hour", [5, 6.1, 7.25, 8, 11, 13.9])
def test_what_is_done_stays_and_the_rest_is_served(plan: Plan, hour: float) -> None:
    """At any hour of a day on plan the revision serves everything, and begins with what the trucks have done."""
    rest = rest_at(plan, hour)
    again = revised(rest)
    assert points_of(again) == points_of(plan)
    assert again.unserved == ()
    check_connected(again)
    for route in again.routes:
        fixed = rest.survey.trucks[route.vehicle_id].fixed
        assert route.stops[: len(fixed)] == fixed
        assert (route.stops[-1].kind, route.stops[-1].load_kg) == (StopKind.DEPOT, 0.0)


def test_a_revision_with_nothing_told_changes_no_truck_and_costs_the_same(plan: Plan) -> None:
    """A day on plan is no reason to move anything where a change has its price."""
    again = revised(rest_at(plan, 7.25, change_coins=1_000_000))
    comparison = compare(plan, again)
    assert (comparison.moved, comparison.after.unserved) == ((), 0)
    assert again.cost == pytest.approx(plan.cost, rel=0.03)


@pytest.mark.parametrize("hour", [8, 11, 13.9])
def test_a_visit_that_another_truck_made_is_on_that_trucks_route(plan: Plan, hour: float) -> None:
    """The crews have swapped a point: it is in the revision once, where it was made, and nobody goes there again."""
    rest = rest_at(plan, hour)
    progress = rest.survey.moment.progress
    swapped = progress.visits[0]
    other = next(name for name, truck in rest.survey.trucks.items() if truck.done > 1 and name != swapped.vehicle_id)
    known = replace(
        progress,
        visits=[replace(visit, vehicle_id=other) if visit is swapped else visit for visit in progress.visits],
        cleared_by={(visit.point_id, 1): visit.vehicle_id for visit in progress.visits}
        | {(swapped.point_id, 1): other},
    )
    moment = replace(rest.survey.moment, progress=known)
    found = survey(TOWN, REGISTER, Asked(DAY), rest.survey.routes, Circumstances(), moment)
    again = revised(rest_of_day(found, matrix(found.selection.places)))
    assert points_of(again) == points_of(plan)
    (made_by,) = [route.vehicle_id for route in again.routes if swapped.point_id in {stop.id for stop in route.stops}]
    assert made_by == other
    before, after = rest.survey.trucks[other], found.trucks[other]
    assert (after.done, len(after.fixed)) == (before.done + 1, len(before.fixed) + 1)
    assert sum(stop.collected_kg for stop in after.fixed) == sum(stop.collected_kg for stop in before.fixed) + 100
    check_connected(again)


def busiest(plan: Plan) -> str:
    """Return the vehicle with the most points."""
    return max(plan.routes, key=lambda route: sum(stop.kind is StopKind.POINT for stop in route.stops)).vehicle_id


def test_a_broken_truck_keeps_what_it_has_done_and_gives_the_rest_away(plan: Plan) -> None:
    """Its route ends where it stands, its load is told of, and every point is still served."""
    broken = busiest(plan)
    rest = rest_at(plan, 7.25, Circumstances(broken_vehicle_ids=(broken,)))
    again = revised(rest)
    assert points_of(again) == points_of(plan)
    (route,) = [route for route in again.routes if route.vehicle_id == broken]
    assert route.stops == rest.survey.trucks[broken].fixed
    assert route.stops[-1].kind is not StopKind.DEPOT
    assert any(note.startswith(f"{broken} has about") for note in again.notes)
    check_connected(again)


def test_nobody_drives_to_a_closed_station(plan: Plan) -> None:
    """What is not yet begun there goes to the other one."""
    used = {stop.id for route in plan.routes for stop in route.stops if stop.kind is StopKind.STATION}
    closed = min(name for name in used if name)
    again = revised(rest_at(plan, 6.1, Circumstances(closed_facility_ids=(closed,))))
    assert {stop.id for route in again.routes for stop in route.stops if stop.kind is StopKind.STATION} == (
        {"S1", "S2"} - {closed}
    )
    assert points_of(again) == points_of(plan)


def test_tonnes_tipped_today_are_off_a_stations_limit(plan: Plan) -> None:
    """S1 takes half as much again as its 0.8 t; what was weighed there, by anybody, and what is on its way is gone."""
    rest = rest_at(plan, 5)
    progress = rest.survey.moment.progress
    weighed = replace(progress, tippings=[Tipping("S1", "V9", None, at(4.5), 450.0)])
    found = replace(rest.survey, moment=replace(rest.survey.moment, progress=weighed))
    assert rest.problem.stations[0].remaining_kg == 1200
    assert rest_of_day(found, matrix(found.selection.places)).problem.stations[0].remaining_kg == 750


def test_bays_that_trucks_under_way_will_use_are_taken(plan: Plan) -> None:
    """A truck on its way to its station has a bay there when it comes; who is planned anew waits for it."""
    hour = next(
        stop.arrive_at for route in plan.routes for stop in route.stops if stop.kind is StopKind.STATION
    ) - timedelta(minutes=1)
    rest = rest_at(plan, (hour - at(0)).total_seconds() / HOUR_S)
    coming = [
        (stop.id, stop.depart_at)
        for truck in rest.survey.trucks.values()
        for stop in truck.fixed[truck.done :]
        if stop.kind is StopKind.STATION
    ]
    taken = [
        (facility.facility_id, rest.assembly.origin + timedelta(seconds=span.end_s))
        for facility, station in zip(rest.assembly.stations, rest.problem.stations, strict=True)
        for span in station.taken
    ]
    assert coming
    assert [(name, round(until.timestamp())) for name, until in sorted(taken)] == [
        (name, round(until.timestamp())) for name, until in sorted(coming)
    ]
    assert all(span.end_s - span.start_s == 600 for station in rest.problem.stations for span in station.taken)


def test_an_urgent_point_goes_before_all_others(plan: Plan) -> None:
    """A second visit to a point that is cleared, with its own load, is on a route; it is left out last of all."""
    rest = rest_at(plan, 8, Circumstances(urgent=(UrgentVisit("P0", 2, 250.0),)))
    task = rest.problem.tasks[rest.task_number(("P0", 2)) or 0]
    assert (task.priority, task.demand_kg, task.windows) == (99, 250, ())
    assert points_of(revised(rest)) == sorted([*points_of(plan), "P0"])


def test_a_locked_route_is_not_touched(plan: Plan) -> None:
    """Whatever happens to the others, it keeps its stops and their order."""
    locked = busiest(plan)
    others = tuple(route.vehicle_id for route in plan.routes if route.vehicle_id != locked)
    again = revised(rest_at(plan, 6.1, Circumstances(locked_vehicle_ids=(locked,), broken_vehicle_ids=others)))
    stops = {
        version: [stop.id for route in one.routes if route.vehicle_id == locked for stop in route.stops]
        for version, one in (("old", plan), ("new", again))
    }
    assert stops["new"] == stops["old"]


def test_progress_and_plan_count_the_same_cost(plan: Plan) -> None:
    """What is told while a revision is searched is the whole day's cost, as the finished plan has it."""
    rest = rest_at(plan, 7.25)
    told: list[int] = []
    solution = solve(
        rest.problem,
        time_limit_s=60,
        workers=1,
        steps=300,
        proposer=propose_close(Revision(rest.previous)),
        on_progress=lambda _elapsed_s, cost, _unserved: told.append(cost),
    )
    assert told == sorted(told, reverse=True)
    assert (told[-1] + spent_cost(rest)) / 100 == pytest.approx(whole_plan(rest, solution).cost, rel=0.02)


def edited(plan: Plan, hour: float, *moves: Move, told: Circumstances | None = None) -> tuple[RestOfDay, Edited]:
    """Return the day after moves by hand."""
    rest = rest_at(plan, hour, told)
    return rest, edit(rest, moves)


def holder(plan: Plan, point_id: str) -> str:
    """Return who serves a point."""
    return next(route.vehicle_id for route in plan.routes if any(stop.id == point_id for stop in route.stops))


def test_a_stop_moved_by_hand_is_on_the_other_truck(plan: Plan) -> None:
    """All else stays; the plan is timed anew and keeps every rule."""
    mover = points_of(plan)[0]
    target = next(truck.vehicle_id for truck in TRUCKS if truck.vehicle_id != holder(plan, mover))
    rest, result = edited(plan, 5, Move((mover, 1), target))
    changed = whole_plan(rest, result.solution)
    assert result.violations == ()
    assert [(moved.point_id, moved.to_vehicle_ids) for moved in compare(plan, changed).moved] == [(mover, (target,))]
    check_connected(changed)


def test_what_a_change_breaks_is_said_in_the_towns_words(plan: Plan) -> None:
    """A station for 1.2 t with one bay and trucks for 400 kg: everything on one truck is too much for its shift."""
    small = [replace(truck, shift=DailyWindow(6 * HOUR_S, 7 * HOUR_S)) for truck in TRUCKS]
    register = Register(POINTS, [DEPOT, *STATIONS], small, [])
    now = at(5)
    found = survey(
        TOWN,
        register,
        Asked(DAY),
        planned_routes(register, plan.routes),
        Circumstances(),
        Moment(DayProgress(now), now),
    )
    rest = rest_of_day(found, matrix(found.selection.places))
    result = edit(rest, [Move((point.point_id, 1), "V0") for point in POINTS])
    words = in_words(rest, result.solution, result.violations)
    assert Rule.SHIFT in {one.rule for one in words}
    assert all(one.sentence.endswith(".") for one in words)
    assert any(one.sentence.startswith("V0 would be back at ") for one in words)


@pytest.mark.parametrize(
    ("hour", "move", "told", "sentence"),
    [
        (8, "done", None, "is done"),
        (5, Move(("P0", 7), "V0"), None, "has no visit 7 to P0"),
        (5, Move(("P0", 1), "V9"), None, "V9 takes no part"),
        (5, Move(("P0", 1), "V0", 900), None, "beyond its route"),
        (5, Move(("P0", 1), "V0"), Circumstances(broken_vehicle_ids=("V0",)), "V0 is broken or excluded"),
        (5, Move(("P0", 1), "V0"), Circumstances(locked_vehicle_ids=("V0", "V1", "V2")), "is locked"),
    ],
)
def test_a_change_that_cannot_be_made_is_one_sentence(
    plan: Plan, hour: float, move: Move | str, told: Circumstances | None, sentence: str
) -> None:
    """It says what is settled, or what is not there."""
    if isinstance(move, str):
        done = min(point_id for point_id, _ in driven_until(plan, at(hour)).cleared)
        move = Move((done, 1), "V0")
    if move.sequence:
        move = replace(move, vehicle_id=busiest(plan))
    with pytest.raises(ConflictError, match=sentence):
        edited(plan, hour, move, told=told)


def test_an_excluded_trucks_stops_are_given_to_the_others(plan: Plan) -> None:
    """They come where they are cheapest; the truck itself stays at home."""
    gone = busiest(plan)
    rest, result = edited(plan, 5, told=Circumstances().ordered(VehicleOrder.EXCLUDE, gone))
    changed = whole_plan(rest, result.solution)
    assert points_of(changed) == points_of(plan)
    assert gone not in {route.vehicle_id for route in changed.routes}


def test_the_stored_legs_complete_a_matrix_of_hubs(plan: Plan) -> None:
    """Without any hub the plan's own routes can be timed all the same, to the second."""
    rest = rest_at(plan, 5)
    full = matrix(rest.survey.selection.places)
    bare = Matrix(np.full_like(full.duration_s, -1), np.full_like(full.distance_m, -1), full.snaps)
    np.fill_diagonal(bare.duration_s, 0)
    np.fill_diagonal(bare.distance_m, 0)
    again = rest_of_day(rest.survey, with_stored_legs(rest.survey, bare))
    for truck, visits in rest.previous.items():
        known = driven(again.problem, truck, visits)
        assert known == driven(rest.problem, truck, visits)
        assert known is not None


@given(problems())
@settings(max_examples=60, deadline=None)
def test_what_is_put_in_keeps_every_rule_of_its_truck(problem: Problem) -> None:
    """Any instance: tasks put in one by one make routes that the checker accepts, stations' bays and spacing apart."""
    routes: dict[int, list[object]] = {}
    left = put_all_in(problem, routes, range(len(problem.tasks)))  # type: ignore[arg-type]
    timed = tuple(
        route
        for truck, visits in routes.items()
        if visits and (route := driven(problem, truck, visits)) is not None  # type: ignore[arg-type]
    )
    served = {task for route in timed for task in route.tasks}
    assert served == set(range(len(problem.tasks))) - set(left)
    solution = Solution(
        timed,
        explain(problem, timed, left),
        sum(route.cost for route in timed),
        sum(route.distance_m for route in timed),
        sum(route.duration_s for route in timed),
    )
    assert [one for one in check(problem, solution) if one.rule not in (Rule.SPACING, Rule.BAYS)] == []


@given(problems(most_tasks=6))
@settings(max_examples=40, deadline=None)
def test_the_best_place_costs_what_it_says_and_no_place_is_cheaper(problem: Problem) -> None:
    """An oracle that tries every place of every truck finds none that keeps the rules and is cheaper."""
    if not problem.tasks:
        return
    routes: dict[int, list[object]] = {}
    put_all_in(problem, routes, range(len(problem.tasks) - 1))  # type: ignore[arg-type]
    last = len(problem.tasks) - 1
    task = problem.tasks[last]
    pricing = Pricing(problem, routes)  # type: ignore[arg-type]
    trucks = [truck for truck in range(len(problem.trucks)) if problem.may_serve[last, truck]]
    places = pricing.best(visit_of(problem, last), 3, trucks)
    sound = [place for place in places if not place.broken]
    for place in sound:
        old = driven(problem, place.truck, routes[place.truck]) if routes.get(place.truck) else None  # type: ignore[arg-type]
        assert place.extra_cost == place.route.cost - (old.cost if old else 0)
        assert last in place.route.tasks
    assert [place.rank for place in places] == sorted(place.rank for place in places)
    assert task.demand_kg >= 0
