"""A plan that is revised: what has become of its day is fetched, the rest is worked on, and the new plan stored."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

import numpy as np

from services.domain.circumstances import Circumstances, LateVehicle, UrgentVisit, VehicleOrder
from services.domain.day_progress import DayProgress, VisitKey
from services.domain.due import visits_due
from services.domain.errors import ConflictError, InvalidRequestError
from services.domain.kinds import REFUSE_UNLOADING_KINDS, FacilityKind, PlanStatus, StopKind
from services.domain.plan import Plan
from services.domain.registry import CollectionPoint, Position
from services.domain.town import Interval, Town
from services.roads.network import UNREACHABLE, Matrix, RoadNetwork
from services.routing.assemble import COINS
from services.routing.by_hand import Move, edit, judge
from services.routing.compare import Comparison, compare
from services.routing.mending import Routes, visit_of, with_tipping
from services.routing.places import Place, Pricing
from services.routing.rest import Asked, RestOfDay, Survey, planned_routes, rest_of_day, survey, with_stored_legs
from services.routing.selection import Register
from services.routing.solution import StopKind as VisitKind
from services.routing.timetable import Visit, driven
from services.routing.underway import Moment, metres_between, underway
from services.routing.whole_day import whole_plan
from services.routing.wording import Broken, in_words
from services.store import plan_drafts, plans, registry
from services.store.connection import Connection
from services.store.day_progress import load_day_progress
from services.store.demand import load_demands
from services.store.plans import PlanRequest, PlanRow
from services.store.town import load_town

BEST_PLACES = 3

NEAR_STOPS = 60
"""An urgent point is priced beside so many stops that are nearest to it, and at both ends of every route."""

Saved = tuple[int, int, int]
"""Coins, metres and seconds."""


@dataclass(frozen=True, slots=True)
class PricedPlace:
    """A place for a visit: before the stop with `sequence` in the vehicle's route now (none: it has no route yet).

    The prices are what the plan costs, drives and works more; `arrive_at` is when the vehicle comes.
    """

    vehicle_id: str
    sequence: int | None
    arrive_at: datetime
    extra_cost: float
    extra_distance_m: int
    extra_duration_s: int
    broken: tuple[Broken, ...]


@dataclass(frozen=True, slots=True)
class Priced:
    """The best places for a visit, and which of the point's visits it would be."""

    point_id: str
    occurrence: int
    kg: float
    places: tuple[PricedPlace, ...]


@dataclass(frozen=True, slots=True)
class Insertion:
    """A visit that is to be added by hand: to a point that waits urgently, by a vehicle."""

    point_id: str
    kg: float | None
    vehicle_id: str
    sequence: int | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """What is settled about a vehicle by hand."""

    order: VehicleOrder
    vehicle_id: str


@dataclass(frozen=True, slots=True)
class EditedPlan:
    """The draft that was made by hand, and what it breaks."""

    plan_id: UUID
    broken: tuple[Broken, ...]


@dataclass(frozen=True, slots=True)
class Situation:
    """A plan that is to be revised with all that is known of its day."""

    row: PlanRow
    plan: Plan
    town: Town
    register: Register
    progress: DayProgress
    demand_kg: Mapping[VisitKey, float] = field(default_factory=dict)

    def survey(self, circumstances: Circumstances, lead: timedelta = timedelta()) -> Survey:
        """Where everybody is; trucks go on by their old routes for `lead`."""
        asked = Asked(self.row.service_date, self.row.asked.point_ids, self.row.asked.vehicle_ids, self.demand_kg)
        moment = Moment(self.progress, self.progress.now + lead, frozenset(circumstances.closed_facility_ids))
        routes = planned_routes(self.register, self.plan.routes)
        return survey(self.town, self.register, asked, routes, circumstances, moment)

    def point(self, point_id: str) -> CollectionPoint:
        """The register's entry of a point.

        Raises:
            InvalidRequestError: there is none.

        """
        found = next((point for point in self.register.points if point.point_id == point_id), None)
        if found is None:
            raise InvalidRequestError(f"There is no point {point_id!r} in the register.")
        return found


def load_revisable(connection: Connection, plan_id: UUID, now: datetime) -> Situation:
    """Return a plan that can be revised, with what has become of its day.

    Raises:
        NotFoundError: there is no such plan.
        ConflictError: it is not ready, was replaced by another, or its day is over.

    """
    row = plans.load_plan(connection, plan_id)
    town = load_town(connection)
    if row.status is not PlanStatus.READY:
        raise ConflictError(f"Plan {plan_id} is {row.status}; only one that is ready can be revised.")
    if row.superseded_at is not None:
        raise ConflictError(f"Plan {plan_id} was replaced by another one; revise the one that the trucks have now.")
    plan = plan_drafts.load_whole(connection, row)
    ends_at = max([town.service_day(row.service_date).end, *(route.stops[-1].depart_at for route in plan.routes)])
    if now >= ends_at:
        raise ConflictError(f"The day of plan {plan_id}, {row.service_date}, is over; nothing of it is left to plan.")
    return load_situation(connection, row, town, now, plan)


def load_situation(
    connection: Connection, row: PlanRow, town: Town, now: datetime, plan: Plan | None = None
) -> Situation:
    """Return a plan with what has become of its day at `now`."""
    register = Register(
        points=registry.load_points(connection),
        facilities=registry.load_facilities(connection, {FacilityKind.DEPOT, *REFUSE_UNLOADING_KINDS}),
        vehicles=registry.load_vehicles(connection),
        zones=registry.load_zones(connection),
    )
    progress = load_day_progress(connection, row.service_date, _span(town, row), now)
    demand_kg = {key: demand.kg for key, demand in load_demands(connection, row.plan_id).items()}
    return Situation(row, plan or plan_drafts.load_whole(connection, row), town, register, progress, demand_kg)


def _span(town: Town, row: PlanRow) -> Interval:
    return town.service_day(row.service_date)


def check_circumstances(situation: Situation, circumstances: Circumstances) -> None:
    """Refuse what names something that is not there, or that cannot be what it is said to be.

    Raises:
        InvalidRequestError: with a sentence that names it.

    """
    vehicles = {vehicle.vehicle_id for vehicle in situation.register.vehicles}
    told = [*circumstances.broken_vehicle_ids, *circumstances.excluded_vehicle_ids, *circumstances.locked_vehicle_ids]
    told += [late.vehicle_id for late in circumstances.late]
    for vehicle_id in told:
        if vehicle_id not in vehicles:
            raise InvalidRequestError(f"There is no vehicle {vehicle_id!r} in the register.")
    stations = {one.facility_id for one in situation.register.facilities if one.kind in REFUSE_UNLOADING_KINDS}
    for facility_id in circumstances.closed_facility_ids:
        if facility_id not in stations:
            raise InvalidRequestError(f"There is no station or disposal site {facility_id!r} where trucks unload.")


def urgent_visit(situation: Situation, before: Circumstances, point_id: str, kg: float | None) -> UrgentVisit:
    """Return which visit to a point is meant when it is urgent: the first that is open, else an extra one.

    Raises:
        InvalidRequestError: there is no such point.

    """
    due = visits_due(situation.point(point_id), situation.row.service_date)
    extra = [visit.occurrence for visit in before.urgent if visit.point_id == point_id and visit.occurrence > due]
    visits = sum(visit.point_id == point_id for visit in situation.progress.visits)
    settled = _settled(situation, point_id)
    for occurrence in [*range(1, due + 1), *extra]:
        key = (point_id, occurrence)
        is_open = key not in situation.progress.cleared and key not in settled
        if is_open and (occurrence <= due or visits < occurrence):
            return UrgentVisit(point_id, occurrence, kg)
    return UrgentVisit(point_id, max([due, visits, *extra]) + 1, kg)


def _settled(situation: Situation, point_id: str) -> set[VisitKey]:
    """The visits to a point that a truck has made or is about to make."""
    moment = Moment(situation.progress, situation.progress.now)
    routes = [route for route in situation.plan.routes if any(stop.id == point_id for stop in route.stops)]
    trucks = [underway(route, moment) for route in planned_routes(situation.register, routes)]
    return {key for truck in trucks for key in truck.keys if key[0] == point_id}


def told_of(
    situation: Situation,
    *,
    broken: Sequence[str] = (),
    closed: Sequence[str] = (),
    late: Sequence[LateVehicle] = (),
    urgent: Sequence[tuple[str, float | None]] = (),
) -> Circumstances:
    """Return what somebody tells of a day; `urgent` are points and the kg that wait there, where that is known.

    Raises:
        InvalidRequestError: there is no such point.

    """
    before = situation.row.asked.circumstances
    told = Circumstances(broken_vehicle_ids=tuple(broken), closed_facility_ids=tuple(closed), late=tuple(late))
    for point_id, kg in urgent:
        visit = urgent_visit(situation, told.added_to(before), point_id, kg)
        told = Circumstances(urgent=(visit,), late=told.late).added_to(told)
    return told


def replan_request(situation: Situation, told: Circumstances, request: PlanRequest) -> PlanRequest:
    """Return the request for a revision: the plan's own, with what is told now on top of what was told before.

    Raises:
        InvalidRequestError: something that is told of is not there.

    """
    check_circumstances(situation, told)
    asked = situation.row.asked
    return replace(
        request,
        vehicle_ids=asked.vehicle_ids,
        point_ids=asked.point_ids,
        circumstances=told.added_to(asked.circumstances),
    )


def best_places(
    connection: Connection, network: RoadNetwork, plan_id: UUID, point_id: str, kg: float | None, now: datetime
) -> Priced:
    """Return the best places for an urgent visit to a point, the cheapest that break nothing first.

    Raises:
        NotFoundError: there is no such plan.
        ConflictError: the plan cannot be revised, or no road leads to the point.
        InvalidRequestError: there is no such point.
        RoadsError: the road server does not answer.

    """
    situation = load_revisable(connection, plan_id, now)
    circumstances = situation.row.asked.circumstances
    visit = urgent_visit(situation, circumstances, point_id, kg)
    found = situation.survey(Circumstances(urgent=(visit,)).added_to(circumstances))
    holders = _holders(found, {(visit.point_id, visit.occurrence)})
    point = found.selection.points[point_id].position
    rest = _rest(found, network, _hubs(found, holders, {point_id}), _around(found, point))
    task = rest.task_number((visit.point_id, visit.occurrence))
    if task is None:
        raise ConflictError(f"No truck can come to {point_id}: no road lies near it.")
    routes, saved = _without(rest, task)
    trucks = [truck for truck in range(len(rest.problem.trucks)) if rest.problem.may_serve[task, truck]]
    wanted = visit_of(rest.problem, task)
    places = Pricing(rest.problem, routes).best(wanted, BEST_PLACES, [one for one in trucks if one not in rest.locked])
    return Priced(point_id, visit.occurrence, wanted.kg, tuple(_priced(rest, place, routes, saved) for place in places))


def _without(rest: RestOfDay, task: int) -> tuple[Routes, Saved]:
    """The routes without a task that may be on one already, and what the plan saves by that."""
    routes, saved = {}, [0, 0, 0]
    for truck, visits in rest.previous.items():
        others = [one for one in visits if one.kind is not VisitKind.TASK or one.index != task]
        routes[truck] = list(visits) if len(others) == len(visits) else with_tipping(rest.problem, truck, others)
        if len(others) < len(visits):
            for sign, own in ((1, list(visits)), (-1, routes[truck])):
                route = driven(rest.problem, truck, own) if own else None
                if route is not None:
                    amounts = (route.cost, route.distance_m, route.duration_s)
                    saved = [old + sign * amount for old, amount in zip(saved, amounts, strict=True)]
    return routes, (saved[0], saved[1], saved[2])


def _priced(rest: RestOfDay, place: Place, routes: Routes, saved: Saved) -> PricedPlace:
    before = {one.index for one in routes.get(place.truck, ()) if one.kind is VisitKind.TASK}
    arrive_s = next(
        stop.arrive_s for stop in place.route.stops if stop.kind is VisitKind.TASK and stop.index not in before
    )
    vehicle_id = rest.assembly.vehicles[place.truck].vehicle.vehicle_id
    broken: list[Broken] = []
    if place.broken:
        broken = in_words(rest, judge(rest, {**routes, place.truck: place.visits}).solution, place.broken)
    return PricedPlace(
        vehicle_id=vehicle_id,
        sequence=_sequence(rest, vehicle_id, place, routes.get(place.truck, [])),
        arrive_at=rest.assembly.origin + timedelta(seconds=arrive_s),
        extra_cost=(place.extra_cost - saved[0]) / COINS,
        extra_distance_m=place.extra_m - saved[1],
        extra_duration_s=place.extra_s - saved[2],
        broken=tuple(broken),
    )


def _sequence(rest: RestOfDay, vehicle_id: str, place: Place, visits: Sequence[Visit]) -> int | None:
    """The sequence of the stop that a place is before, in the route as it is now."""
    stops = next((route.stops for route in rest.survey.routes if route.vehicle_id == vehicle_id), None)
    if stops is None:
        return None
    # A visit is known by itself: the same station may come twice.
    known = zip(rest.previous.get(place.truck, ()), rest.previous_places.get(place.truck, ()), strict=True)
    place_of = {id(visit): at for visit, at in known}
    after = [place_of[id(visit)] for visit in visits[place.position :] if id(visit) in place_of]
    return max(after[0], rest.state(place.truck).open_from) + 1 if after else len(stops)


def edit_by_hand(
    connection: Connection,
    network: RoadNetwork,
    situation: Situation,
    changes: Sequence[Move | Insertion | Order],
    user_name: str,
) -> EditedPlan:
    """Store the draft that changes by hand make of a plan, whatever it breaks; nothing is searched.

    Raises:
        ConflictError: a change names what is done or under way, or no road leads there.
        InvalidRequestError: it names something that is not in the register.
        RoadsError: the road server does not answer.

    """
    circumstances = situation.row.asked.circumstances
    for change in changes:
        if isinstance(change, Order):
            circumstances = circumstances.ordered(change.order, change.vehicle_id)
    check_circumstances(situation, circumstances)
    moves: list[Move] = []
    urgent: list[UrgentVisit] = []
    for change in changes:
        if isinstance(change, Insertion):
            known = replace(circumstances, urgent=(*circumstances.urgent, *urgent))
            visit = urgent_visit(situation, known, change.point_id, change.kg)
            urgent.append(visit)
            moves.append(Move((visit.point_id, visit.occurrence), change.vehicle_id, change.sequence))
        elif isinstance(change, Move):
            situation.point(change.key[0])
            moves.append(change)
    circumstances = Circumstances(urgent=tuple(urgent)).added_to(circumstances)
    # What is locked now is for later: a change by the same hand comes before it.
    held = tuple(set(circumstances.locked_vehicle_ids) & set(situation.row.asked.circumstances.locked_vehicle_ids))
    found = situation.survey(replace(circumstances, locked_vehicle_ids=held))
    vehicles = {move.vehicle_id for move in moves} | _holders(found, {move.key for move in moves})
    # What has lost its vehicle may go anywhere; else only the routes that are changed need ways of their own.
    elsewhere = None if found.idle else set[Position]()
    rest = _rest(found, network, _hubs(found, vehicles, {move.key[0] for move in moves}), elsewhere)
    edited = edit(rest, moves)
    broken = tuple(in_words(rest, edited.solution, edited.violations))
    plan = whole_plan(rest, edited.solution, [one.sentence for one in broken])
    plan = _with_old_reasons(plan, situation.plan)
    request = replace(situation.row.asked, circumstances=circumstances, publish=False)
    plan_id = plan_drafts.store_draft(
        connection, request, plan, user_name, situation.progress.now, situation.row.plan_id
    )
    return EditedPlan(plan_id, broken)


def _holders(found: Survey, keys: Collection[VisitKey]) -> set[str]:
    """The vehicles that have some visits ahead."""
    return {
        vehicle_id
        for vehicle_id, stops in found.open_stops.items()
        if any((stop.id, stop.occurrence) in keys for stop in stops)
    }


def _with_old_reasons(plan: Plan, before: Plan) -> Plan:
    """A draft whose visits that were left out already keep the reason that the search gave."""
    old = {(visit.point_id, visit.occurrence): visit for visit in before.unserved}
    return replace(plan, unserved=tuple(old.get((visit.point_id, visit.occurrence), visit) for visit in plan.unserved))


def _hubs(found: Survey, vehicle_ids: Collection[str], point_ids: Collection[str]) -> set[Position]:
    """The places from and to which all ways are needed, where some routes are changed and some points put in."""
    selection = found.selection
    hubs = {station.position for station in selection.stations}
    hubs |= {working.depot.position for working in selection.vehicles}
    hubs |= set(selection.extra_places)
    hubs |= {selection.points[point_id].position for point_id in point_ids if point_id in selection.points}
    changed = {*vehicle_ids, *found.idle}
    for route in found.routes:
        truck = found.trucks[route.vehicle_id]
        for place, stop in enumerate(route.stops):
            is_passed = stop.kind is StopKind.POINT and (stop.id, stop.occurrence) not in truck.keys
            is_last = truck.is_out and place in (truck.open_from - 1, truck.open_from)
            is_open = place >= truck.open_from
            if is_last or (is_passed and not is_open) or (is_open and route.vehicle_id in changed):
                hubs.add(route.places[place])
    return hubs


def _around(found: Survey, point: Position) -> set[Position]:
    """The nearest stops ahead of a point, as the crow flies, each with its neighbours on its route."""
    ahead = [
        (route, place)
        for route in found.routes
        for place in range(found.trucks[route.vehicle_id].open_from, len(route.stops))
    ]
    ahead.sort(key=lambda stop: metres_between(stop[0].places[stop[1]], point))
    return {
        neighbour for route, place in ahead[:NEAR_STOPS] for neighbour in route.places[max(0, place - 1) : place + 2]
    }


def _rest(found: Survey, network: RoadNetwork, hubs: set[Position], ends: set[Position] | None = None) -> RestOfDay:
    """The rest of a day with the ways from and to some hubs; with `ends`, only between those and the hubs."""
    places, kerb = found.selection.places, found.selection.kerb
    if ends is None:
        return rest_of_day(found, with_stored_legs(found, network.matrix(places, kerb=kerb, hubs=hubs)))
    rows = [row for row, place in enumerate(places) if place in ends or place in hubs]
    snaps = network.snap(places)
    some = [places[row] for row in rows]
    part = network.matrix(some, kerb=kerb, hubs=hubs, snaps=[snaps[row] for row in rows])
    duration_s = np.full((len(places), len(places)), UNREACHABLE, dtype=np.int32)
    distance_m = duration_s.copy()
    square = np.ix_(rows, rows)
    duration_s[square], distance_m[square] = part.duration_s, part.distance_m
    np.fill_diagonal(duration_s, 0)
    np.fill_diagonal(distance_m, 0)
    whole = Matrix(duration_s, distance_m, tuple(snaps))
    return rest_of_day(found, with_stored_legs(found, whole))


def compare_plans(connection: Connection, plan_id: UUID, other_id: UUID) -> Comparison:
    """Put a plan beside another one of its day, which counts as the one before.

    Raises:
        NotFoundError: one of them is not there.
        ConflictError: one is not ready, or they are of different days.

    """
    rows = [plans.load_plan(connection, one) for one in (other_id, plan_id)]
    for row in rows:
        if row.status is not PlanStatus.READY:
            raise ConflictError(f"Plan {row.plan_id} is {row.status}; only plans that are ready can be compared.")
    if rows[0].service_date != rows[1].service_date:
        raise ConflictError(
            f"Plan {other_id} is of {rows[0].service_date} and plan {plan_id} of {rows[1].service_date}; "
            "only plans of one day can be compared."
        )
    before, after = (plan_drafts.load_whole(connection, row) for row in rows)
    return compare(before, after)
