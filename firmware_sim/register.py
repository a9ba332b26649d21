"""What a simulation must know of a town, in the words of the register."""

from dataclasses import dataclass

from firmware_sim.ground import Ground
from services.domain.kinds import REFUSE_UNLOADING_KINDS, FacilityKind, FacilityStatus, VehicleKind
from services.domain.registry import CollectionPoint, Facility, Vehicle
from services.domain.town import Town

_OPEN_OR_CLOSED_FOR_NOW = (FacilityStatus.IN_SERVICE, FacilityStatus.UNDER_RENOVATION)


@dataclass(frozen=True, slots=True)
class Register:
    """A town's points, facilities and vehicles, each in the order of its identifiers."""

    town: Town
    points: tuple[CollectionPoint, ...]
    facilities: tuple[Facility, ...]
    vehicles: tuple[Vehicle, ...]

    @property
    def ground(self) -> Ground:
        """The plane about the middle of the town's points and facilities."""
        places = [point.position for point in self.points] + [place.position for place in self.facilities]
        lons, lats = zip(*places or [(0.0, 0.0)], strict=True)
        return Ground(round(sum(lons) / len(lons), 4), round(sum(lats) / len(lats), 4))

    @property
    def stations(self) -> tuple[Facility, ...]:
        """Where refuse is tipped today."""
        return tuple(
            facility
            for facility in self.facilities
            if facility.kind in REFUSE_UNLOADING_KINDS and facility.status is FacilityStatus.IN_SERVICE
        )

    @property
    def toilets(self) -> tuple[Facility, ...]:
        """The toilets that are built and not given up."""
        return tuple(
            facility
            for facility in self.facilities
            if facility.kind is FacilityKind.PUBLIC_TOILET and facility.status in _OPEN_OR_CLOSED_FOR_NOW
        )

    @property
    def haulers(self) -> tuple[Vehicle, ...]:
        """The hook-lifts that serve no point of this town, so that they haul from its stations."""
        types = {point.container_type for point in self.points}
        return tuple(
            vehicle
            for vehicle in self.vehicles
            if vehicle.kind is VehicleKind.HOOK_LIFT and not vehicle.may_serve & types
        )

    @property
    def trucks(self) -> tuple[Vehicle, ...]:
        """The vehicles that carry a tracker: all but the haulers."""
        haulers = {vehicle.vehicle_id for vehicle in self.haulers}
        return tuple(vehicle for vehicle in self.vehicles if vehicle.vehicle_id not in haulers)
