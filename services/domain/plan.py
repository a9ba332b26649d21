"""The day's plan: one route per vehicle and shift, its stops in order, and what is not served and why."""

from dataclasses import dataclass, field
from datetime import date, datetime

from services.domain.kinds import StopKind, UnservedReason


@dataclass(frozen=True, slots=True)
class Stop:
    """A stop of a route.

    `id` is the depot's, point's or station's; a break carries the id of the stop it is taken at, or none.
    `load_kg` is on board at departure. `leg_distance_m` and `leg_duration_s` lead here from the stop before.
    `occurrence` is the due visit's at a point.
    """

    kind: StopKind
    id: str | None
    arrive_at: datetime
    depart_at: datetime
    load_kg: float
    occurrence: int | None = None
    collected_kg: float = 0.0
    leg_distance_m: int = 0
    leg_duration_s: int = 0


@dataclass(frozen=True, slots=True)
class Route:
    """A vehicle's stops from its depot and back, with their sums."""

    vehicle_id: str
    stops: tuple[Stop, ...]
    distance_m: int
    duration_s: int
    collected_kg: float


@dataclass(frozen=True, slots=True)
class UnservedVisit:
    """A due visit that is in no route, with the checker's reason and, where it helps, a sentence more."""

    point_id: str
    occurrence: int
    reason: UnservedReason
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """The routes of a service day; `cost` is in the town's currency, `served` counts due visits."""

    service_date: date
    routes: tuple[Route, ...]
    unserved: tuple[UnservedVisit, ...] = ()
    cost: float = 0.0
    notes: tuple[str, ...] = field(default=())

    @property
    def distance_m(self) -> int:
        """Metres over all routes."""
        return sum(route.distance_m for route in self.routes)

    @property
    def duration_s(self) -> int:
        """Seconds from leaving to returning, over all routes."""
        return sum(route.duration_s for route in self.routes)

    @property
    def served(self) -> int:
        """How many due visits are in the routes; a visit split over two stops counts once."""
        return len(
            {(stop.id, stop.occurrence) for route in self.routes for stop in route.stops if stop.kind is StopKind.POINT}
        )
