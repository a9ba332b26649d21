"""The rest of a day that is under way: what is left of a plan, as a problem.

Two steps, because the roads are asked in between: `survey` finds out where the trucks are, `rest_of_day` makes the
problem. What is done or under way is no part of it; `services.routing.whole_day` puts that before what was solved.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from math import ceil

import numpy as np

from services.domain.circumstances import Circumstances, UrgentVisit
from services.domain.day_progress import VisitKey
from services.domain.due import DueVisit, visits_due
from services.domain.kinds import StopKind
from services.domain.plan import Route, Stop
from services.domain.registry import Position
from services.domain.town import Interval, Town
from services.roads.network import UNREACHABLE, Matrix
from services.routing import solution as solved
from services.routing.assemble import Assembly, assemble
from services.routing.demand import with_demands
from services.routing.problem import UNLIMITED, BoolMatrix, Problem, Station, Task, Truck, Window
from services.routing.selection import Register, Selection, select
from services.routing.strays import with_strays
from services.routing.timetable import Visit
from services.routing.underway import Moment, PlannedRoute, Underway, at_depot, fixed_loads, underway

URGENT_PRIORITY = 99


@dataclass(frozen=True, slots=True)
class Asked:
    """What the plan that is revised was asked for: its day, and the points and vehicles if not all.

    `demand_kg` is what its visits were planned on, as far as that is known; what is registered holds for the others.
    """

    service_date: date
    point_ids: tuple[str, ...] | None = None
    vehicle_ids: tuple[str, ...] | None = None
    demand_kg: Mapping[VisitKey, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Survey:
    """Where everybody is at a moment, and what is left to choose from."""

    selection: Selection
    moment: Moment
    circumstances: Circumstances
    routes: tuple[PlannedRoute, ...]
    trucks: Mapping[str, Underway]

    @property
    def idle(self) -> set[str]:
        """The vehicles that take nothing more."""
        return {*self.circumstances.broken_vehicle_ids, *self.circumstances.excluded_vehicle_ids}

    @property
    def open_stops(self) -> dict[str, list[Stop]]:
        """The stops that each vehicle's old route still has ahead, in order, depot and break apart."""
        kinds = (StopKind.POINT, StopKind.STATION)
        return {
            route.vehicle_id: [
                stop for stop in route.stops[self.trucks[route.vehicle_id].open_from :] if stop.kind in kinds
            ]
            for route in self.routes
        }


def planned_routes(register: Register, routes: Sequence[Route]) -> tuple[PlannedRoute, ...]:
    """The routes of a plan with the places and working times that the register has for their stops."""
    points = {point.point_id: point for point in register.points}
    facilities = {facility.facility_id: facility for facility in register.facilities}
    capacities = {vehicle.vehicle_id: vehicle.capacity_kg for vehicle in register.vehicles}
    planned = []
    for route in routes:
        kept: list[tuple[Stop, int, Position]] = []
        for stop in route.stops:
            there_s = round((stop.depart_at - stop.arrive_at).total_seconds())
            if stop.kind is StopKind.POINT and stop.id in points:
                point = points[stop.id]
                kept.append((stop, min(there_s, point.service_s), point.position))
            elif stop.kind is StopKind.BREAK and kept:
                kept.append((stop, there_s, kept[-1][2]))
            elif stop.id in facilities:
                facility = facilities[stop.id]
                kept.append((stop, 0 if stop.kind is StopKind.DEPOT else there_s, facility.position))
        if kept and route.vehicle_id in capacities:
            stops, work_s, places = zip(*kept, strict=True)
            planned.append(PlannedRoute(route.vehicle_id, stops, work_s, places, capacities[route.vehicle_id]))
    return tuple(planned)


def survey(
    town: Town,
    register: Register,
    asked: Asked,
    routes: tuple[PlannedRoute, ...],
    circumstances: Circumstances,
    moment: Moment,
) -> Survey:
    """Find out what is left of a day.

    Raises:
        InvalidRequestError: a point or vehicle that the plan was asked for is not in the register any more.

    """
    late_s = {late.vehicle_id: late.late_s for late in circumstances.late}
    trucks = {
        route.vehicle_id: underway(
            route,
            moment,
            late_s=late_s.get(route.vehicle_id, 0),
            is_broken=route.vehicle_id in circumstances.broken_vehicle_ids,
        )
        for route in routes
    }
    selection = _select(town, register, asked, circumstances)
    places = {facility.facility_id: facility.position for facility in register.facilities}
    places |= {point.point_id: point.position for point in register.points}
    trucks = with_strays(trucks, moment.progress, places)
    for working in selection.vehicles:
        trucks.setdefault(working.vehicle.vehicle_id, at_depot(working.vehicle.vehicle_id, moment.horizon))
    positions = dict.fromkeys(truck.position for truck in trucks.values() if truck.position is not None)
    selection = replace(selection, extra_places=tuple(positions))
    return Survey(selection, moment, circumstances, routes, trucks)


def _select(town: Town, register: Register, asked: Asked, circumstances: Circumstances) -> Selection:
    """The day's selection with its urgent visits, without what is closed."""
    urgent = {(visit.point_id, visit.occurrence): visit for visit in circumstances.urgent}
    wanted = asked.point_ids
    point_ids = None if wanted is None else dict.fromkeys((*wanted, *(point_id for point_id, _ in urgent)))
    selection = select(town, asked.service_date, register, point_ids, asked.vehicle_ids)
    visits = {
        (visit.point_id, visit.occurrence): visit
        for visit in with_demands(selection.visits, asked.demand_kg)
        if wanted is None or visit.point_id in wanted or (visit.point_id, visit.occurrence) in urgent
    }
    for key, one in urgent.items():
        visits[key] = _urgent_visit(town, asked.service_date, selection, visits.get(key), one)
    closed = set(circumstances.closed_facility_ids)
    stations = tuple(station for station in selection.stations if station.facility_id not in closed)
    return replace(selection, visits=tuple(visits.values()), stations=stations)


def _urgent_visit(town: Town, day: date, selection: Selection, due: DueVisit | None, urgent: UrgentVisit) -> DueVisit:
    """A visit that is due keeps its windows, so that it counts; an extra one may be at any time."""
    if due is not None:
        return due if urgent.kg is None else replace(due, expected_kg=urgent.kg)
    whole = town.service_day(day)
    any_time = Interval(whole.start - timedelta(days=1), whole.end + timedelta(days=1))
    expected_kg = selection.points[urgent.point_id].expected_kg_per_visit if urgent.kg is None else urgent.kg
    return DueVisit(urgent.point_id, day, urgent.occurrence, (any_time,), expected_kg)


@dataclass(frozen=True, slots=True)
class RestOfDay:
    """What is left of a day as a problem, and the old routes' stops in it.

    The problem's tasks are the assembly's visits, and after those one for each truck that has to come home.
    `previous` is what each truck still has ahead in the plan that is revised, `previous_places` where each of those
    visits stands among the stops of its old route. `whole_trucks` are the trucks as they were when the day began, for
    the costs of their whole routes.
    """

    survey: Survey
    assembly: Assembly
    previous: Mapping[int, Sequence[Visit]]
    previous_places: Mapping[int, Sequence[int]]
    whole_trucks: tuple[Truck, ...]
    locked: frozenset[int]

    @property
    def problem(self) -> Problem:
        """The problem of the rest."""
        return self.assembly.problem

    def truck_number(self, vehicle_id: str) -> int | None:
        """The truck of a vehicle, none where it takes no part."""
        names = [working.vehicle.vehicle_id for working in self.assembly.vehicles]
        return names.index(vehicle_id) if vehicle_id in names else None

    def task_number(self, key: VisitKey) -> int | None:
        """The task of a due visit, none where it is done or has no road."""
        keys = [(visit.point_id, visit.occurrence) for visit in self.assembly.visits]
        return keys.index(key) if key in keys else None

    def state(self, truck: int) -> Underway:
        """Where a truck is."""
        return self.survey.trucks[self.assembly.vehicles[truck].vehicle.vehicle_id]


def with_stored_legs(found: Survey, matrix: Matrix) -> Matrix:
    """A matrix of `hubs` only, completed by the legs of the plan's own routes as they were stored."""
    row_of = {place: row for row, place in enumerate(found.selection.places)}
    permille = {
        working.vehicle.vehicle_id: round(working.vehicle.speed_factor * 1000) for working in found.selection.vehicles
    }
    for route in found.routes:
        for place in range(1, len(route.stops)):
            stop = route.stops[place]
            rows = row_of.get(route.places[place - 1]), row_of.get(route.places[place])
            if stop.kind is StopKind.BREAK or rows[0] is None or rows[1] is None:
                continue
            if matrix.duration_s[rows[0], rows[1]] == UNREACHABLE:
                # The longest base time that this truck drives in the stored time, rounded up.
                base_s = stop.leg_duration_s * permille.get(route.vehicle_id, 1000) // 1000
                matrix.duration_s[rows[0], rows[1]] = base_s
                matrix.distance_m[rows[0], rows[1]] = stop.leg_distance_m
    return matrix


def rest_of_day(found: Survey, matrix: Matrix, change_coins: int = 0) -> RestOfDay:
    """The problem of the rest of a day; `matrix` is of the survey's `selection.places`.

    `change_coins` is the price of giving a visit to another truck than had it.
    """
    whole = assemble(found.selection, matrix)
    left = _Left(found, whole)
    rows = [row for row, kg in enumerate(left.open_kg) if kg is not None]
    tasks = tuple(left.task(row) for row in rows)
    may_serve = _permissions(found, whole, rows)
    trucks = tuple(_truck(found, whole, number) for number in range(len(whole.vehicles)))
    owners = [
        replace(task, preferred_truck=left.truck_of.get((visit.point_id, visit.occurrence), -1))
        for task, visit in zip(tasks, (whole.visits[row] for row in rows), strict=True)
    ]
    out = [number for number, working in enumerate(whole.vehicles) if _has_to_return(found, working.vehicle.vehicle_id)]
    problem = replace(
        whole.problem,
        tasks=(*owners, *(_return(trucks[number], number) for number in out)),
        trucks=trucks,
        stations=_stations(found, whole),
        may_serve=np.vstack([may_serve, np.eye(len(trucks), dtype=np.bool_)[out]]),
        weights=replace(whole.problem.weights, change=change_coins),
    )
    assembly = replace(whole, problem=problem, visits=tuple(whole.visits[row] for row in rows))
    locked_ids = set(found.circumstances.locked_vehicle_ids)
    locked = [number for number, one in enumerate(whole.vehicles) if one.vehicle.vehicle_id in locked_ids]
    previous, places = _previous(found, assembly, left)
    for row, number in enumerate(out, len(rows)):
        previous[number] = [Visit(solved.StopKind.TASK, row), *previous.get(number, [])]
        open_from = found.trucks[whole.vehicles[number].vehicle.vehicle_id].open_from
        places[number] = [open_from - 1, *places.get(number, [])]
    return RestOfDay(found, assembly, previous, places, whole.problem.trucks, frozenset(locked))


def _has_to_return(found: Survey, vehicle_id: str) -> bool:
    """Whether a truck is out and can come home: one that is at its depot empty has nothing more to do."""
    truck = found.trucks[vehicle_id]
    is_home = truck.is_out and len(truck.fixed) > 1 and truck.fixed[-1].kind is StopKind.DEPOT
    return (
        truck.is_out and vehicle_id not in found.circumstances.broken_vehicle_ids and (not is_home or truck.load_kg > 0)
    )


def _return(truck: Truck, number: int) -> Task:
    """What makes the search take a truck home that is out: a task of nothing, where it stands, for it alone."""
    return Task(location=truck.start_location, priority=URGENT_PRIORITY, preferred_truck=number)


class _Left:
    """Which visits are still to be made, how much waits there, and whose they were."""

    def __init__(self, found: Survey, whole: Assembly) -> None:
        self._found, self._whole = found, whole
        self._urgent = {(visit.point_id, visit.occurrence) for visit in found.circumstances.urgent}
        number_of = {working.vehicle.vehicle_id: number for number, working in enumerate(whole.vehicles)}
        idle = found.idle
        self.parts: Counter[VisitKey] = Counter()
        self.open_parts_kg: defaultdict[VisitKey, float] = defaultdict(float)
        self.truck_of: dict[VisitKey, int] = {}
        for route in found.routes:
            truck = found.trucks[route.vehicle_id]
            for place, stop in enumerate(route.stops):
                if stop.kind is not StopKind.POINT or stop.id is None or stop.occurrence is None:
                    continue
                key = (stop.id, stop.occurrence)
                self.parts[key] += 1
                if place >= truck.open_from or key not in truck.keys:
                    self.open_parts_kg[key] += stop.collected_kg
                    if route.vehicle_id in number_of and route.vehicle_id not in idle:
                        self.truck_of.setdefault(key, number_of[route.vehicle_id])
        self._made = {key for truck in found.trucks.values() for key in truck.keys}
        self._visits = Counter(visit.point_id for visit in found.moment.progress.visits)
        self.open_kg = [self._open_kg(row) for row in range(len(whole.visits))]

    def _open_kg(self, row: int) -> int | None:
        """What still waits at a visit, none where it is done."""
        visit, demand_kg = self._whole.visits[row], self._whole.problem.tasks[row].demand_kg
        key = (visit.point_id, visit.occurrence)
        if key in self._found.moment.progress.cleared:
            return None
        if key in self._made:
            is_part = self.parts[key] > 1 and self.open_parts_kg[key] > 0
            return ceil(self.open_parts_kg[key]) if is_part else None
        is_extra = visit.occurrence > visits_due(self._whole.selection.points[visit.point_id], visit.service_date)
        return None if is_extra and self._visits[visit.point_id] >= visit.occurrence else demand_kg

    def task(self, row: int) -> Task:
        """The task of an open visit, urgent or not, apart from visits to its point that are done."""
        task, visit = self._whole.problem.tasks[row], self._whole.visits[row]
        kg = self.open_kg[row]
        assert kg is not None
        task = replace(task, demand_kg=kg)
        if (visit.point_id, visit.occurrence) in self._urgent:
            task = replace(task, priority=URGENT_PRIORITY)
        if task.point < 0 or not task.spacing_s:
            return task
        begun = [
            (stop.depart_at - self._whole.origin).total_seconds() - task.service_s
            for truck in self._found.trucks.values()
            for stop in truck.fixed
            if stop.kind is StopKind.POINT and stop.id == visit.point_id
        ]
        return task if not begun else _not_before(task, round(max(begun)) + task.spacing_s)


def _not_before(task: Task, second: int) -> Task:
    """The task with windows that open at a second or later; its last moment where they are all past."""
    end_s = task.windows[-1].end_s if task.windows else 2**28 - 1
    if second > end_s:
        return replace(task, windows=(Window(end_s, end_s),))
    opened = [
        Window(max(second, window.start_s), window.end_s)
        for window in task.windows or (Window(0, end_s),)
        if window.end_s >= second
    ]
    return replace(task, windows=tuple(opened))


def _permissions(found: Survey, whole: Assembly, rows: Sequence[int]) -> BoolMatrix:
    """Who may serve what is left: not the broken and the excluded, and a locked one only what it has."""
    may_serve = whole.problem.may_serve[rows].copy().reshape(len(rows), len(whole.vehicles))
    conditions, idle = found.circumstances, found.idle
    ahead = found.open_stops
    keys = [(whole.visits[row].point_id, whole.visits[row].occurrence) for row in rows]
    for number, working in enumerate(whole.vehicles):
        vehicle_id = working.vehicle.vehicle_id
        if vehicle_id in idle:
            may_serve[:, number] = False
        elif vehicle_id in conditions.locked_vehicle_ids:
            own = {(stop.id, stop.occurrence) for stop in ahead.get(vehicle_id, ())}
            its = np.array([key in own for key in keys], dtype=np.bool_)
            may_serve[its] = False
            may_serve[:, number] = its
    return may_serve


def _truck(found: Survey, whole: Assembly, number: int) -> Truck:
    """A truck from where it is now."""
    truck, working = whole.problem.trucks[number], whole.vehicles[number]
    state = found.trucks[working.vehicle.vehicle_id]
    free_s = max(0, _second(whole, state.free_at))
    latest_end_s = truck.shift_end_s + truck.overtime_s
    start_s = min(max(truck.shift_start_s, free_s), 2**28 - 2)
    end_s = max(truck.shift_end_s, start_s)
    rest = None if state.has_rested else truck.rest
    if rest is not None and free_s > rest.latest_s and start_s <= latest_end_s and state.is_out:
        rest = replace(rest, latest_s=free_s)
    truck = replace(truck, shift_start_s=start_s, shift_end_s=end_s, overtime_s=max(0, latest_end_s - end_s), rest=rest)
    if not state.is_out:
        return truck
    load_kg = min(truck.capacity_kg, max(0, ceil(state.load_kg)))
    collected_kg = ceil(sum(stop.collected_kg for stop in state.fixed))
    return replace(
        truck,
        start_location=_location(found, whole, state, truck),
        fixed_cost=0,  # it is out already
        start_load_kg=load_kg,
        max_kg=truck.max_kg if truck.max_kg == UNLIMITED else max(0, truck.max_kg - collected_kg),
    )


def _second(whole: Assembly, instant: datetime) -> int:
    return ceil((instant - whole.origin).total_seconds())


def _location(found: Survey, whole: Assembly, state: Underway, truck: Truck) -> int:
    """Where a truck goes on from; where no road is near, from its last stop, and at worst from its depot."""
    if state.position is not None and state.position in whole.location_of:
        return whole.location_of[state.position]
    last = state.fixed[-1]
    for route in found.routes:
        if route.vehicle_id == state.vehicle_id:
            for stop, place in zip(route.stops, route.places, strict=True):
                if (stop.kind, stop.id) == (last.kind, last.id) and place in whole.location_of:
                    return whole.location_of[place]
    return truck.start_location


def _stations(found: Survey, whole: Assembly) -> tuple[Station, ...]:
    """The stations with what they still take today, and the bays that trucks take that are on their way there.

    What was tipped there and what trucks are bringing is off what they take.
    """
    tipped_kg: Counter[str] = Counter()
    for tipping in found.moment.progress.tippings:
        tipped_kg[tipping.facility_id] += ceil(tipping.kg)
    for facility_id, kg in fixed_loads(found.trucks).items():
        tipped_kg[facility_id] += ceil(kg)
    return tuple(
        replace(
            station,
            taken=_taken(found, whole, facility.facility_id, station.tip_s),
            remaining_kg=None
            if station.remaining_kg is None
            else max(0, station.remaining_kg - tipped_kg[facility.facility_id]),
        )
        for station, facility in zip(whole.problem.stations, whole.stations, strict=True)
    )


def _taken(found: Survey, whole: Assembly, facility_id: str, tip_s: int) -> tuple[Window, ...]:
    """When trucks tip at a station that are on their way there already."""
    ends_s = [
        _second(whole, stop.depart_at)
        for truck in found.trucks.values()
        for stop in truck.fixed[truck.done :]
        if stop.kind is StopKind.STATION and stop.id == facility_id
    ]
    return tuple(Window(max(0, end_s - tip_s), end_s) for end_s in sorted(ends_s) if end_s > 0)


def _previous(found: Survey, assembly: Assembly, left: _Left) -> tuple[dict[int, list[Visit]], dict[int, list[int]]]:
    """What every truck that still works has ahead by the old plan, in the problem's numbers, and where it stood."""
    task_of = {(visit.point_id, visit.occurrence): row for row, visit in enumerate(assembly.visits)}
    station_of = {station.facility_id: row for row, station in enumerate(assembly.stations)}
    number_of = {working.vehicle.vehicle_id: number for number, working in enumerate(assembly.vehicles)}
    previous: dict[int, list[Visit]] = {}
    places: dict[int, list[int]] = {}
    for route in found.routes:
        number = number_of.get(route.vehicle_id)
        if number is None or route.vehicle_id in found.idle:
            continue
        for place in range(found.trucks[route.vehicle_id].open_from, len(route.stops)):
            stop = route.stops[place]
            key = (stop.id or "", stop.occurrence or 0)
            if stop.kind is StopKind.STATION and stop.id in station_of:
                visit = Visit(solved.StopKind.UNLOAD, station_of[stop.id])
            elif stop.kind is StopKind.POINT and key in task_of:
                task = assembly.problem.tasks[task_of[key]]
                kg = task.demand_kg if left.parts[key] == 1 else ceil(stop.collected_kg)
                visit = Visit(solved.StopKind.TASK, task_of[key], kg, task.demand_l)
            else:
                continue
            previous.setdefault(number, []).append(visit)
            places.setdefault(number, []).append(place)
    return previous, places
