"""What a day's plan is about: the visits that are due, the trucks that go out and where they may unload."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from services.domain.due import DueVisit, due_visits
from services.domain.errors import InvalidRequestError
from services.domain.kinds import REFUSE_UNLOADING_KINDS, Approach, FacilityKind, FacilityStatus
from services.domain.registry import CollectionPoint, Facility, Position, Vehicle, Zone
from services.domain.town import Interval, Town

Entry = TypeVar("Entry", CollectionPoint, Vehicle)

MOST_NAMED = 5
"""So many vehicles are named in one note; the others are counted."""


@dataclass(frozen=True, slots=True)
class Register:
    """What a plan needs of the town's register."""

    points: Sequence[CollectionPoint]
    facilities: Sequence[Facility]
    vehicles: Sequence[Vehicle]
    zones: Sequence[Zone]


@dataclass(frozen=True, slots=True)
class WorkingVehicle:
    """A vehicle that goes out: its depot and its shift of the day."""

    vehicle: Vehicle
    depot: Facility
    shift: Interval


@dataclass(frozen=True, slots=True)
class Selection:
    """The visits to plan, by point and occurrence, and all that may take part.

    `notes` are sentences for the dispatcher about what was left out.
    """

    town: Town
    service_date: date
    visits: tuple[DueVisit, ...]
    points: Mapping[str, CollectionPoint]
    vehicles: tuple[WorkingVehicle, ...]
    stations: tuple[Facility, ...]
    contractors: Mapping[str, str | None]
    """The contractor of each point's zone."""
    notes: tuple[str, ...]
    extra_places: tuple[Position, ...] = ()
    """Where trucks go on from that are neither at their depot nor at a stop."""

    @property
    def places(self) -> list[Position]:
        """The positions of depots, stations, points and extra places, in this order, each of them once."""
        positions = [working.depot.position for working in self.vehicles]
        positions += [station.position for station in self.stations]
        positions += [self.points[visit.point_id].position for visit in self.visits]
        positions += self.extra_places
        return list(dict.fromkeys(positions))

    @property
    def kerb(self) -> frozenset[Position]:
        """The places at which a truck has to come to a point on the side of the street where that stands."""
        points = (self.points[visit.point_id] for visit in self.visits)
        return frozenset(point.position for point in points if point.approach is Approach.KERB)


def select(
    town: Town,
    service_date: date,
    register: Register,
    point_ids: Iterable[str] | None = None,
    vehicle_ids: Iterable[str] | None = None,
) -> Selection:
    """Return what is due on a service day and who may do it; `None` means all of the register.

    Raises:
        InvalidRequestError: a point or vehicle that was asked for is not in the register.

    """
    points = _chosen("point", {point.point_id: point for point in register.points}, point_ids)
    vehicles = _chosen("vehicle", {vehicle.vehicle_id: vehicle for vehicle in register.vehicles}, vehicle_ids)
    depots = {facility.facility_id: facility for facility in register.facilities if facility.kind is FacilityKind.DEPOT}
    visits = due_visits(town, points.values(), service_date)
    working: list[WorkingVehicle] = []
    homeless: dict[str, list[str]] = {}
    notes: list[str] = []
    for vehicle in vehicles.values():
        depot = depots.get(vehicle.depot_id)
        if not vehicle.may_serve:
            if vehicle_ids is not None:
                notes.append(f"Vehicle {vehicle.vehicle_id} stays in: a {vehicle.kind} collects no refuse.")
        elif depot is None:
            homeless.setdefault(vehicle.depot_id, []).append(vehicle.vehicle_id)
        else:
            working.append(WorkingVehicle(vehicle, depot, _shift(town, service_date, vehicle)))
    for depot_id, names in homeless.items():
        notes.append(f"{staying_in(names)}: there is no depot {depot_id!r} in the register.")
    if not visits:
        notes.append(f"Nothing is due on {service_date}.")
    elif not working:
        notes.append("There is no vehicle that could go out.")
    stations = tuple(
        facility
        for facility in register.facilities
        if facility.kind in REFUSE_UNLOADING_KINDS and facility.status is FacilityStatus.IN_SERVICE
    )
    if visits and not stations:
        notes.append("No station or disposal site is in service, so trucks come home loaded.")
    contractor_of_zone = {zone.zone_id: zone.contractor_id for zone in register.zones}
    contractors = {
        point.point_id: None if point.zone_id is None else contractor_of_zone.get(point.zone_id)
        for point in points.values()
    }
    return Selection(town, service_date, tuple(visits), points, tuple(working), stations, contractors, tuple(notes))


def staying_in(vehicle_ids: Sequence[str]) -> str:
    """Return the beginning of a sentence about vehicles that stay in, the first few by name."""
    if len(vehicle_ids) == 1:
        return f"Vehicle {vehicle_ids[0]} stays in"
    named = ", ".join(vehicle_ids[:MOST_NAMED])
    others = f" and {len(vehicle_ids) - MOST_NAMED} more" if len(vehicle_ids) > MOST_NAMED else ""
    return f"Vehicles {named}{others} stay in"


def _chosen(kind: str, known: Mapping[str, Entry], wanted: Iterable[str] | None) -> dict[str, Entry]:
    if wanted is None:
        return dict(known)
    chosen = {}
    for name in wanted:
        if name not in known:
            raise InvalidRequestError(f"There is no {kind} {name!r} in the register.")
        chosen[name] = known[name]
    return chosen


def _shift(town: Town, service_date: date, vehicle: Vehicle) -> Interval:
    if vehicle.shift is None:
        return town.service_day(service_date)
    return town.shift_on(service_date, vehicle.shift.start_s, vehicle.shift.end_s)
