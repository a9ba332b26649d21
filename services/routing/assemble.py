"""From the register to the pure problem, and from its solution back to a plan that can be driven."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from math import ceil

import numpy as np

from services.domain.due import DueVisit
from services.domain.kinds import ContainerType, StopKind, UnservedReason
from services.domain.plan import Plan, Route, Stop, UnservedVisit
from services.domain.registry import Facility, Position
from services.domain.town import Interval
from services.roads.network import SNAP_LIMIT_M, Matrix, Snap
from services.routing import solution as solved
from services.routing.outline import Outline
from services.routing.problem import BoolMatrix, Break, Problem, Station, Task, Travel, Truck, Window
from services.routing.selection import Selection, WorkingVehicle, staying_in
from services.routing.wishes import sound_weights

COINS = 100
"""The problem counts costs in hundredths of the town's currency."""

DEFAULT_TIP_S = 600
"""What tipping takes at a station whose register does not say."""

MOST_OF_DESIGN_RATIO = 1.5
"""A station takes refuse above its design capacity, on longer hours, but not without end."""

NO_ROAD = f"No road lies within {SNAP_LIMIT_M:.0f} m of it."

_REASONS = {
    solved.Reason.NO_TRUCK_MAY_SERVE: UnservedReason.NO_VEHICLE_MAY_SERVE,
    solved.Reason.UNREACHABLE: UnservedReason.UNREACHABLE,
    solved.Reason.TOO_LITTLE_CAPACITY: UnservedReason.TOO_LITTLE_CAPACITY,
    solved.Reason.STATION_CLOSED_OR_FULL: UnservedReason.STATION_CLOSED_OR_FULL,
    solved.Reason.WINDOW_CANNOT_BE_MET: UnservedReason.WINDOW_CANNOT_BE_MET,
    solved.Reason.SHIFT_TOO_SHORT: UnservedReason.SHIFT_TOO_SHORT,
    solved.Reason.TIME_RAN_OUT: UnservedReason.TIME_RAN_OUT,
}


@dataclass(frozen=True, slots=True)
class Numbered:
    """What the numbers of a day's problem stand for: task, truck and station i is entry i of the lists.

    Its second 0 is the instant `origin`. `unserved` is what never became a task.
    """

    selection: Selection
    origin: datetime
    visits: tuple[DueVisit, ...]
    vehicles: tuple[WorkingVehicle, ...]
    stations: tuple[Facility, ...]
    unserved: tuple[UnservedVisit, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Assembly(Numbered):
    """A problem with its roads; `location_of` is the row of the matrices of each place that has a road."""

    problem: Problem
    location_of: Mapping[Position, int]

    @property
    def is_trivial(self) -> bool:
        """Tell whether there is nothing to search for."""
        return not self.problem.tasks or not self.problem.trucks


@dataclass(frozen=True, slots=True)
class Sketch(Numbered):
    """A problem before the roads have told their ways.

    `rows` are the selection's places that have a road, in the order of the outline's.
    """

    outline: Outline
    rows: tuple[int, ...]

    def with_roads(self, matrix: Matrix) -> Assembly:
        """Return the problem with its roads; `matrix` is of the selection's places."""
        square = np.ix_(self.rows, self.rows)
        return Assembly(
            selection=self.selection,
            problem=self.outline.with_roads(Travel(matrix.duration_s[square], matrix.distance_m[square])),
            origin=self.origin,
            visits=self.visits,
            vehicles=self.vehicles,
            stations=self.stations,
            unserved=self.unserved,
            notes=self.notes,
            location_of={place: location for location, place in enumerate(self.outline.places)},
        )


def assemble(selection: Selection, matrix: Matrix) -> Assembly:
    """Return the problem of a day; `matrix` is of `selection.places`.

    What no road comes near is left out: a visit is unserved for it, a vehicle or station gets a note.
    """
    return sketch(selection, matrix.snaps).with_roads(matrix)


def sketch(selection: Selection, snaps: Sequence[Snap | None]) -> Sketch:
    """Return the problem of a day without its roads; `snaps` says where each of `selection.places` meets them."""
    places = selection.places
    rows = tuple(row for row, snap in enumerate(snaps) if snap is not None)
    location_of = {places[row]: location for location, row in enumerate(rows)}

    def is_on_road(position: Position) -> bool:
        return position in location_of

    vehicles = tuple(working for working in selection.vehicles if is_on_road(working.depot.position))
    stations = tuple(station for station in selection.stations if is_on_road(station.position))
    position_of = {point_id: point.position for point_id, point in selection.points.items()}
    visits = tuple(visit for visit in selection.visits if is_on_road(position_of[visit.point_id]))
    starts = [working.shift.start for working in vehicles]
    origin = min([selection.town.service_day(selection.service_date).start, *starts])
    clock = _Clock(selection, origin, vehicles, location_of)
    may_serve = _may_serve(selection, visits, vehicles)
    trucks = tuple(clock.truck(working, bool(stations)) for working in vehicles)
    return Sketch(
        selection=selection,
        outline=Outline(
            places=tuple(location_of),
            tasks=tuple(clock.tasks(visits, may_serve)),
            trucks=trucks,
            stations=tuple(clock.station(station) for station in stations),
            may_serve=may_serve,
            may_tip=np.ones((len(stations), len(trucks)), dtype=np.bool_),
            weights=sound_weights(trucks),
            kerb=selection.kerb,
        ),
        origin=origin,
        visits=visits,
        vehicles=vehicles,
        stations=stations,
        unserved=tuple(
            UnservedVisit(visit.point_id, visit.occurrence, UnservedReason.NO_ROAD_NEARBY, NO_ROAD)
            for visit in selection.visits
            if not is_on_road(position_of[visit.point_id])
        ),
        notes=(*selection.notes, *_off_road_notes(selection, is_on_road)),
        rows=rows,
    )


def _off_road_notes(selection: Selection, is_on_road: Callable[[Position], bool]) -> list[str]:
    off_road: dict[str, list[str]] = {}
    for working in selection.vehicles:
        if not is_on_road(working.depot.position):
            off_road.setdefault(working.depot.facility_id, []).append(working.vehicle.vehicle_id)
    notes = [
        f"{staying_in(names)}: no road lies within {SNAP_LIMIT_M:.0f} m of depot {depot_id}."
        for depot_id, names in off_road.items()
    ]
    notes += [
        f"Nobody unloads at {station.facility_id}: no road lies within {SNAP_LIMIT_M:.0f} m of it."
        for station in selection.stations
        if not is_on_road(station.position)
    ]
    return notes


@dataclass(frozen=True)
class _Clock:
    """Turns the register's times into the problem's seconds, and its entries into the problem's."""

    selection: Selection
    origin: datetime
    vehicles: tuple[WorkingVehicle, ...]
    location_of: Mapping[Position, int]

    @cached_property
    def shifts(self) -> set[Interval]:
        """The different shifts of the day."""
        return {working.shift for working in self.vehicles}

    def seconds(self, instant: datetime) -> int:
        return round((instant - self.origin).total_seconds())

    def windows(self, spans: Iterable[Interval], takes_s: int) -> tuple[Window, ...]:
        """Return when something that takes so long may begin, to lie within one of the spans as far as it fits."""
        merged: list[list[int]] = []
        for start_s, end_s in sorted((self.seconds(span.start), self.seconds(span.end)) for span in spans):
            if merged and start_s <= merged[-1][1]:
                merged[-1][1] = max(merged[-1][1], end_s)
            else:
                merged.append([start_s, end_s])
        return tuple(
            Window(max(0, start_s), max(0, start_s, end_s - max(takes_s, 1))) for start_s, end_s in merged if end_s > 0
        )

    def truck(self, working: WorkingVehicle, may_unload: bool) -> Truck:
        vehicle, start_s = working.vehicle, self.seconds(working.shift.start)
        location = self.location_of[working.depot.position]
        return Truck(
            start_location=location,
            end_location=location,
            capacity_kg=int(vehicle.capacity_kg),
            shift_start_s=start_s,
            shift_end_s=self.seconds(working.shift.end),
            rest=_rest(working, start_s),
            fixed_cost=round(vehicle.fixed_cost * COINS),
            cost_per_km=round(vehicle.cost_per_km * COINS),
            cost_per_h=round(vehicle.cost_per_h * COINS),
            ends_empty=may_unload,
            # Without any place to unload, what a truck holds is all that it can do in a day.
            **({} if may_unload else {"max_kg": int(vehicle.capacity_kg)}),
            speed_factor=vehicle.speed_factor,
        )

    def station(self, station: Facility) -> Station:
        tip_s = DEFAULT_TIP_S if station.tip_s is None else station.tip_s
        spans: list[Interval] = []
        if station.open_hours is not None:
            # Night shifts go on past the service day, so its neighbours' hours count too.
            for days in (-1, 0, 1):
                day = self.selection.service_date + timedelta(days=days)
                hours = station.open_hours
                spans += self.selection.town.intervals_on(day, hours.start_s, hours.end_s)
        design_t = station.design_t_per_day
        return Station(
            location=self.location_of[station.position],
            tip_s=tip_s,
            windows=self.windows(spans, tip_s),
            bays=station.bays,
            remaining_kg=None if design_t is None else int(design_t * 1000 * MOST_OF_DESIGN_RATIO),
        )

    def tasks(self, visits: Sequence[DueVisit], may_serve: BoolMatrix) -> list[Task]:
        points = self.selection.points
        visits_of = Counter(visit.point_id for visit in visits)
        sharing = Counter((visit.point_id, visit.windows) for visit in visits)
        number_of = {point_id: number for number, point_id in enumerate(visits_of)}
        shifts_of: dict[bytes, list[Interval]] = {}
        tasks = []
        for row, visit in enumerate(visits):
            point = points[visit.point_id]
            look = may_serve[row].tobytes()
            if look not in shifts_of:
                shifts = (self.vehicles[column].shift for column in np.flatnonzero(may_serve[row]))
                shifts_of[look] = sorted(set(shifts), key=lambda shift: (shift.start, shift.end))
            tasks.append(
                Task(
                    location=self.location_of[point.position],
                    demand_kg=ceil(visit.expected_kg),
                    service_s=point.service_s,
                    windows=self._task_windows(visit, point.service_s),
                    priority=min(max(point.priority - 1, 0), 99),
                    point=number_of[visit.point_id] if visits_of[visit.point_id] > 1 else -1,
                    spacing_s=_spacing_s(visit, sharing[visit.point_id, visit.windows], shifts_of[look]),
                )
            )
        return tasks

    def _task_windows(self, visit: DueVisit, service_s: int) -> tuple[Window, ...]:
        (first, *others) = visit.windows
        if not others and all(first.start <= shift.start and shift.end <= first.end for shift in self.shifts):
            return ()
        return self.windows(visit.windows, service_s)


def _spacing_s(visit: DueVisit, sharing: int, shifts: Sequence[Interval]) -> int:
    """Return how far apart visits to one point must begin that share a window, or have none.

    Even visits would lie the span's working hours ÷ visits apart, counting who may serve it; half of that leaves
    the search room.
    """
    if sharing < 2:
        return 0
    start = min((shift.start for shift in shifts), default=visit.windows[0].start)
    end = max((shift.end for shift in shifts), default=visit.windows[-1].end)
    span = min(end, visit.windows[-1].end) - max(start, visit.windows[0].start)
    return max(0, int(span.total_seconds() / sharing / 2))


def _rest(working: WorkingVehicle, start_s: int) -> Break | None:
    vehicle = working.vehicle
    if not vehicle.break_s:
        return None
    shift_s = round((working.shift.end - working.shift.start).total_seconds())
    latest_s = max(0, shift_s - vehicle.break_s) if vehicle.break_after_s is None else vehicle.break_after_s
    # A break at the very start is none: it begins in the second half of what the driver may work without one.
    return Break(vehicle.break_s, earliest_s=start_s + latest_s // 2, latest_s=start_s + latest_s)


def _may_serve(selection: Selection, visits: Sequence[DueVisit], vehicles: Sequence[WorkingVehicle]) -> BoolMatrix:
    """Tell who may serve what: by container type, and a zone is its contractor's where that has a vehicle for it."""
    equipped = {
        (working.vehicle.contractor_id, container_type)
        for working in vehicles
        for container_type in working.vehicle.may_serve
    }
    rows: dict[tuple[ContainerType, str | None], list[bool]] = {}
    matrix = np.zeros((len(visits), len(vehicles)), dtype=np.bool_)
    for number, visit in enumerate(visits):
        container_type = selection.points[visit.point_id].container_type
        contractor_id = selection.contractors[visit.point_id]
        if (container_type, contractor_id) not in rows:
            is_theirs = contractor_id is not None and (contractor_id, container_type) in equipped
            rows[container_type, contractor_id] = [
                container_type in working.vehicle.may_serve
                and (not is_theirs or working.vehicle.contractor_id in (None, contractor_id))
                for working in vehicles
            ]
        matrix[number] = rows[container_type, contractor_id]
    return matrix


def plan_without_search(assembly: Assembly) -> Plan:
    """Return the plan of a day with nothing due or nobody to do it: no routes, every visit with its reason."""
    unserved = [
        UnservedVisit(
            visit.point_id, visit.occurrence, UnservedReason.NO_VEHICLE_MAY_SERVE, "There is no vehicle to go out."
        )
        for visit in assembly.visits
    ]
    return Plan(
        service_date=assembly.selection.service_date,
        routes=(),
        unserved=_in_order([*assembly.unserved, *unserved]),
        notes=assembly.notes,
    )


def to_plan(assembly: Assembly, solution: solved.Solution) -> Plan:
    """Return the plan that a solution of the assembly's problem means."""
    unserved = []
    for left_out in solution.unserved:
        visit = assembly.visits[left_out.task]
        reason = _REASONS[left_out.reason]
        unserved.append(UnservedVisit(visit.point_id, visit.occurrence, reason, left_out.detail))
    return Plan(
        service_date=assembly.selection.service_date,
        routes=tuple(_route(assembly, route) for route in solution.routes),
        unserved=_in_order([*assembly.unserved, *unserved]),
        cost=solution.cost / COINS,
        notes=assembly.notes,
    )


def _in_order(unserved: list[UnservedVisit]) -> tuple[UnservedVisit, ...]:
    return tuple(sorted(unserved, key=lambda visit: (visit.point_id, visit.occurrence)))


def _route(assembly: Assembly, route: solved.Route) -> Route:
    travel = assembly.problem.travel[assembly.problem.trucks[route.truck].profile]
    working = assembly.vehicles[route.truck]
    stops: list[Stop] = []
    before: solved.Stop | None = None
    for stop in route.stops:
        moved = before is not None and stop.kind is not solved.StopKind.BREAK
        stops.append(
            Stop(
                kind=_KINDS[stop.kind],
                id=stops[-1].id if stop.kind is solved.StopKind.BREAK else _name(assembly, working, stop),
                arrive_at=assembly.origin + timedelta(seconds=stop.arrive_s),
                depart_at=assembly.origin + timedelta(seconds=stop.depart_s),
                load_kg=stop.load_kg,
                occurrence=assembly.visits[stop.index].occurrence if stop.kind is solved.StopKind.TASK else None,
                collected_kg=max(0, stop.taken_kg),
                leg_distance_m=int(travel.distance_m[before.location, stop.location]) if before and moved else 0,
                leg_duration_s=stop.arrive_s - before.depart_s if before and moved else 0,
            )
        )
        before = stop
    return Route(
        vehicle_id=working.vehicle.vehicle_id,
        stops=tuple(stops),
        distance_m=route.distance_m,
        duration_s=route.duration_s,
        collected_kg=route.collected_kg,
    )


_KINDS = {
    solved.StopKind.START: StopKind.DEPOT,
    solved.StopKind.TASK: StopKind.POINT,
    solved.StopKind.UNLOAD: StopKind.STATION,
    solved.StopKind.BREAK: StopKind.BREAK,
    solved.StopKind.END: StopKind.DEPOT,
}


def _name(assembly: Assembly, working: WorkingVehicle, stop: solved.Stop) -> str:
    if stop.kind is solved.StopKind.TASK:
        return assembly.visits[stop.index].point_id
    if stop.kind is solved.StopKind.UNLOAD:
        return assembly.stations[stop.index].facility_id
    return working.depot.facility_id
