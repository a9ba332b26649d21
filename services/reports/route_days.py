"""Planned against driven in figures: a vehicle's days, kept once they are over, and their sums for a bulletin."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from services.clearance.adherence import StopState
from services.clearance.bulletin import RouteSum
from services.clearance.driven import DrivenRoute, load_driven_routes
from services.domain.town import Town
from services.store.connection import Connection
from services.store.kept_routes import KeptRoutes, hold_decisions, keep_routes, load_kept_routes
from services.store.retention import Kept, load_dropped


@dataclass(frozen=True, slots=True)
class RouteDay:
    """What a vehicle was to do on a day and what it did, as counts and sums; `deviation_s` over `deviations` stops."""

    vehicle_id: str
    stops: int
    done: int
    skipped: int
    unknown: int
    extra: int
    out_of_order: int
    deviation_s: float
    deviations: int
    planned_m: float | None
    driven_m: float | None
    unloadings_planned: int
    unloadings_made: int
    first_moved_at: datetime | None
    last_moved_at: datetime | None


def load_route_days(connection: Connection, town: Town, days: Sequence[date]) -> list[RouteDay]:
    """Return each vehicle's figures of each day (in order of time): kept ones where they hold, else compared now.

    Those of a day whose readings are gone hold, even where the office has corrected it since.
    """
    kept = load_kept_routes(connection, days[0], days[-1])
    dropped = load_dropped(connection, Kept.READINGS)
    found: list[RouteDay] = []
    for day in days:
        is_gone = dropped is not None and dropped.contains(town.service_day(day).start)
        found += _of_a_day(connection, town, day, kept.get(day), is_gone=is_gone)
    return found


def keep_route_days(connection: Connection, town: Town, day: date) -> bool:
    """Compare a day's routes and keep their figures, in a transaction of its own; not once its readings are gone."""
    dropped = load_dropped(connection, Kept.READINGS)
    if dropped is not None and dropped.contains(town.service_day(day).start):
        return False
    with connection.transaction():
        hold_decisions(connection)
        keep_routes(
            connection, day, [_as_kept(_route_day(route)) for route in load_driven_routes(connection, town, day)]
        )
    return True


def sum_routes(days: Iterable[RouteDay]) -> list[RouteSum]:
    """Return the sums by vehicle; the mean deviation is that of all stops that were made."""
    by_vehicle: dict[str, list[RouteDay]] = defaultdict(list)
    for day in days:
        by_vehicle[day.vehicle_id].append(day)
    return [_sum(vehicle_id, by_vehicle[vehicle_id]) for vehicle_id in sorted(by_vehicle)]


def _of_a_day(
    connection: Connection, town: Town, day: date, kept: KeptRoutes | None, *, is_gone: bool
) -> list[RouteDay]:
    if kept is not None and (kept.is_current or is_gone):
        return [_from_kept(fields) for fields in kept.routes]
    return [_route_day(route) for route in load_driven_routes(connection, town, day)]


def _route_day(route: DrivenRoute) -> RouteDay:
    adherence, deviations_s = route.adherence, route.adherence.deviations_s
    return RouteDay(
        vehicle_id=route.vehicle_id,
        stops=len(adherence.stops),
        done=adherence.count(StopState.DONE),
        skipped=adherence.count(StopState.SKIPPED),
        unknown=adherence.count(StopState.UNKNOWN),
        extra=len(adherence.extra),
        out_of_order=adherence.out_of_order,
        deviation_s=sum(deviations_s),
        deviations=len(deviations_s),
        planned_m=route.planned_distance_m,
        driven_m=route.movement.distance_m,
        unloadings_planned=sum(pair.planned is not None for pair in adherence.unloadings),
        unloadings_made=sum(pair.made is not None for pair in adherence.unloadings),
        first_moved_at=route.movement.first_moved_at,
        last_moved_at=route.movement.last_moved_at,
    )


def _as_kept(day: RouteDay) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in asdict(day).items()}


def _from_kept(fields: Mapping[str, Any]) -> RouteDay:
    moved = {
        name: None if (told := fields[name]) is None else datetime.fromisoformat(told)
        for name in ("first_moved_at", "last_moved_at")
    }
    return RouteDay(**{**fields, **moved})


def _sum(vehicle_id: str, days: Sequence[RouteDay]) -> RouteSum:
    deviations = sum(day.deviations for day in days)
    single = days[0] if len(days) == 1 else None
    return RouteSum(
        vehicle_id=vehicle_id,
        stops=sum(day.stops for day in days),
        done=sum(day.done for day in days),
        skipped=sum(day.skipped for day in days),
        unknown=sum(day.unknown for day in days),
        extra=sum(day.extra for day in days),
        out_of_order=sum(day.out_of_order for day in days),
        mean_deviation_min=sum(day.deviation_s for day in days) / deviations / 60.0 if deviations else None,
        planned_km=_kilometres(day.planned_m for day in days),
        driven_km=_kilometres(day.driven_m for day in days),
        unloadings_planned=sum(day.unloadings_planned for day in days),
        unloadings_made=sum(day.unloadings_made for day in days),
        first_moved_at=None if single is None else single.first_moved_at,
        last_moved_at=None if single is None else single.last_moved_at,
    )


def _kilometres(metres: Iterable[float | None]) -> float | None:
    told = [value for value in metres if value is not None]
    return sum(told) / 1000.0 if told else None
