"""Two plans of one day side by side: their figures, and which visits go to another truck."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.domain.kinds import StopKind
from services.domain.plan import Plan

Visits = Mapping[tuple[str, int], tuple[tuple[str, ...], datetime]]
"""By point and occurrence: the vehicles that serve it, and when the first comes."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What a plan amounts to; `duration_s` is from leaving to returning, over all trucks."""

    vehicles: int
    distance_m: int
    duration_s: int
    collected_kg: float
    tipped_kg: float
    served: int
    unserved: int
    cost: float


@dataclass(frozen=True, slots=True)
class Moved:
    """A visit that other vehicles make than before; no vehicle means that it is left out. `*_at` is the arrival."""

    point_id: str
    occurrence: int
    from_vehicle_ids: tuple[str, ...]
    to_vehicle_ids: tuple[str, ...]
    from_at: datetime | None
    to_at: datetime | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """The figures of both plans, what moved, and how many visits kept their truck and come at another time."""

    before: Figures
    after: Figures
    moved: tuple[Moved, ...]
    retimed: int


RETIMED_S = 60
"""A visit that shifts by less than this counts as unchanged."""


def compare(before: Plan, after: Plan) -> Comparison:
    """Put two plans of one day side by side."""
    old, new = _visits(before), _visits(after)
    moved, retimed = [], 0
    for key in sorted({*old, *new}):
        (from_ids, from_at), (to_ids, to_at) = (side.get(key, ((), None)) for side in (old, new))
        if from_ids != to_ids:
            moved.append(Moved(*key, from_ids, to_ids, from_at, to_at))
        elif from_at is not None and to_at is not None and abs((to_at - from_at).total_seconds()) >= RETIMED_S:
            retimed += 1
    return Comparison(_figures(before), _figures(after), tuple(moved), retimed)


def _visits(plan: Plan) -> Visits:
    vehicles: dict[tuple[str, int], list[str]] = {}
    times: dict[tuple[str, int], datetime] = {}
    for route in plan.routes:
        for stop in route.stops:
            if stop.kind is StopKind.POINT and stop.id is not None and stop.occurrence is not None:
                key = (stop.id, stop.occurrence)
                vehicles.setdefault(key, []).append(route.vehicle_id)
                times[key] = min(stop.arrive_at, times.get(key, stop.arrive_at))
    return {key: (tuple(sorted(set(names))), times[key]) for key, names in vehicles.items()}


def _figures(plan: Plan) -> Figures:
    return Figures(
        vehicles=len(plan.routes),
        distance_m=plan.distance_m,
        duration_s=plan.duration_s,
        collected_kg=sum(route.collected_kg for route in plan.routes),
        tipped_kg=sum(_tipped_kg([(stop.kind, stop.load_kg) for stop in route.stops]) for route in plan.routes),
        served=plan.served,
        unserved=len(plan.unserved),
        cost=plan.cost,
    )


def _tipped_kg(stops: Sequence[tuple[StopKind, float]]) -> float:
    """What a route brings to its stations: at each of them the load on leaving the stop before."""
    tipped_kg, on_board_kg = 0.0, 0.0
    for kind, load_kg in stops:
        if kind is StopKind.STATION:
            tipped_kg += on_board_kg
        on_board_kg = load_kg
    return tipped_kg
