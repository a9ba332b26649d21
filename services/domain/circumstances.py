"""What has become of a day since its plan was made, and what the dispatcher has settled by hand."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

VehicleIds = tuple[str, ...]


class VehicleOrder(StrEnum):
    """What a dispatcher settles about a vehicle by hand."""

    LOCK = "lock"
    UNLOCK = "unlock"
    EXCLUDE = "exclude"
    INCLUDE = "include"


@dataclass(frozen=True, slots=True)
class UrgentVisit:
    """A visit that goes before all others; `kg` is what waits there, none where the register's figure holds.

    An `occurrence` above the number of visits that are due is an extra one, at any time of the day.
    """

    point_id: str
    occurrence: int
    kg: float | None = None


@dataclass(frozen=True, slots=True)
class LateVehicle:
    """A vehicle that is `late_s` seconds behind its route and does not tell so itself."""

    vehicle_id: str
    late_s: int


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a plan has to take into account beyond the register; a revision takes over those of its plan.

    A broken vehicle stays where it is; an excluded one ends what it is about and comes home; a locked one's route is
    not touched. `closed_facility_ids` take nothing more.
    """

    broken_vehicle_ids: VehicleIds = ()
    excluded_vehicle_ids: VehicleIds = ()
    locked_vehicle_ids: VehicleIds = ()
    closed_facility_ids: tuple[str, ...] = ()
    urgent: tuple[UrgentVisit, ...] = ()
    late: tuple[LateVehicle, ...] = ()

    @classmethod
    def read(cls, fields: Mapping[str, Any]) -> "Circumstances":
        """Return what `fields` wrote down."""
        names = ("broken_vehicle_ids", "excluded_vehicle_ids", "locked_vehicle_ids", "closed_facility_ids")
        return cls(
            **{name: tuple(fields.get(name, ())) for name in names},
            urgent=tuple(UrgentVisit(**visit) for visit in fields.get("urgent", ())),
            late=tuple(LateVehicle(**vehicle) for vehicle in fields.get("late", ())),
        )

    def fields(self) -> dict[str, Any]:
        """Return everything as plain values, for `read`."""
        return asdict(self)

    def added_to(self, before: "Circumstances") -> "Circumstances":
        """Return those of `before` and these; how late a vehicle was told to be held for `before` only."""
        urgent = {(visit.point_id, visit.occurrence): visit for visit in (*before.urgent, *self.urgent)}
        return Circumstances(
            broken_vehicle_ids=_union(before.broken_vehicle_ids, self.broken_vehicle_ids),
            excluded_vehicle_ids=_union(before.excluded_vehicle_ids, self.excluded_vehicle_ids),
            locked_vehicle_ids=_union(before.locked_vehicle_ids, self.locked_vehicle_ids),
            closed_facility_ids=_union(before.closed_facility_ids, self.closed_facility_ids),
            urgent=tuple(urgent.values()),
            late=self.late,
        )

    def ordered(self, order: VehicleOrder, vehicle_id: str) -> "Circumstances":
        """Return these after an order; one that includes a vehicle says that it is whole again as well."""
        match order:
            case VehicleOrder.LOCK:
                return replace(self, locked_vehicle_ids=_union(self.locked_vehicle_ids, (vehicle_id,)))
            case VehicleOrder.UNLOCK:
                return replace(self, locked_vehicle_ids=_without(self.locked_vehicle_ids, vehicle_id))
            case VehicleOrder.EXCLUDE:
                return replace(self, excluded_vehicle_ids=_union(self.excluded_vehicle_ids, (vehicle_id,)))
            case VehicleOrder.INCLUDE:
                return replace(
                    self,
                    excluded_vehicle_ids=_without(self.excluded_vehicle_ids, vehicle_id),
                    broken_vehicle_ids=_without(self.broken_vehicle_ids, vehicle_id),
                )


def _without(vehicle_ids: VehicleIds, vehicle_id: str) -> VehicleIds:
    return tuple(one for one in vehicle_ids if one != vehicle_id)


def _union(one: Iterable[str], other: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*one, *other)))
