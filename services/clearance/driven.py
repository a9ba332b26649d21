"""Fetching planned against actual: the routes of a day's plan, and what their vehicles did."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from services.clearance.adherence import (
    Adherence,
    MadeTipping,
    MadeVisit,
    Outcome,
    PlannedStop,
    compare_route,
)
from services.domain.kinds import StopKind, WeighingDirection
from services.domain.town import Interval, Town
from services.store.connection import Connection
from services.store.driven import Movement, load_movements, load_outcomes, load_visits_on_routes
from services.store.evidence import load_weighings
from services.store.plans import find_published_plan
from services.store.routes import RouteRow, StopRow, load_routes, load_stops

LONGEST_OVERTIME = timedelta(hours=3)
"""A night shift may go on past the end of its service day, and be late there."""


@dataclass(frozen=True, slots=True)
class DrivenRoute:
    """A vehicle's route beside its day: what was planned in all, when it moved, and stop by stop.

    `plan_id` and the planned figures are none for a vehicle that had no route; `contractor_id` is not told here.
    """

    vehicle_id: str
    service_date: date
    plan_id: UUID | None
    planned_start_at: datetime | None
    planned_end_at: datetime | None
    planned_distance_m: float | None
    movement: Movement
    adherence: Adherence
    span: Interval


def load_driven_routes(
    connection: Connection, town: Town, day: date, plan_id: UUID | None = None, vehicle_id: str | None = None
) -> list[DrivenRoute]:
    """Return the vehicles that had a route or made a visit on `day`, by id, or the one that is asked for.

    They are held against the plan `plan_id`, or the one that the trucks have.
    """
    if plan_id is None:
        published = find_published_plan(connection, day)
        plan_id = None if published is None else published.plan_id
    stops: dict[str, list[StopRow]] = defaultdict(list)
    routes: dict[str, RouteRow] = {}
    if plan_id is not None:
        named = () if vehicle_id is None else (vehicle_id,)
        routes = {route.vehicle_id: route for route in load_routes(connection, plan_id, *named)}
        for stop in load_stops(connection, plan_id, *named):
            stops[stop.vehicle_id].append(stop)
    visits: dict[str, list[MadeVisit]] = defaultdict(list)
    for visit in load_visits_on_routes(connection, day, vehicle_id):
        visits[visit.vehicle_id].append(
            MadeVisit(
                visit.visit_id,
                visit.point_id,
                visit.started_at,
                visit.ended_at,
                visit.clears_occurrence,
                visit.collected_kg,
            )
        )
    span = _span(town.service_day(day), stops)
    tippings: dict[str, list[MadeTipping]] = defaultdict(list)
    for weighing in load_weighings(connection, span):
        if weighing.direction is WeighingDirection.IN:
            tippings[weighing.vehicle_id].append(
                MadeTipping(weighing.facility_id, weighing.observed_at, weighing.net_kg)
            )
    served = None if vehicle_id is None else [stop.id for stop in stops[vehicle_id] if stop.id is not None]
    outcomes = {
        (row.point_id, row.occurrence): Outcome(row.status, row.vehicle_id, row.reason, by_hand=row.by_hand)
        for row in load_outcomes(connection, day, served)
    }
    vehicle_ids = sorted(routes.keys() | visits.keys() | ({vehicle_id} if vehicle_id is not None else set()))
    movements = load_movements(connection, day, span, vehicle_ids)
    return [
        DrivenRoute(
            vehicle_id=name,
            service_date=day,
            plan_id=plan_id if name in routes else None,
            planned_start_at=stops[name][0].depart_at if stops.get(name) else None,
            planned_end_at=stops[name][-1].arrive_at if stops.get(name) else None,
            planned_distance_m=routes[name].distance_m if name in routes else None,
            movement=movements.get(name) or Movement(name, None, None, None),
            adherence=compare_route(
                name, [_planned(stop) for stop in stops.get(name, ())], visits.get(name, ()), tippings[name], outcomes
            ),
            span=span,
        )
        for name in vehicle_ids
    ]


def _span(service_day: Interval, stops: dict[str, list[StopRow]]) -> Interval:
    """Return the service day, and beyond it what its routes need, with some time for those that are late."""
    ends = [own[-1].arrive_at for own in stops.values() if own]
    late = max(ends, default=service_day.start)
    return Interval(
        service_day.start, max(service_day.end, late + LONGEST_OVERTIME) if late > service_day.end else service_day.end
    )


def _planned(stop: StopRow) -> PlannedStop:
    return PlannedStop(
        sequence=stop.sequence,
        kind=StopKind(stop.kind),
        id=stop.id,
        occurrence=stop.occurrence,
        arrive_at=stop.arrive_at,
        depart_at=stop.depart_at,
        load_kg=stop.load_kg,
    )
