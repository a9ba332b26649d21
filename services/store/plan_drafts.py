"""Plans that are read back whole, and drafts that were made of them without a search."""

from datetime import datetime
from uuid import UUID

from services.domain.kinds import StopKind, UnservedReason
from services.domain.plan import Plan, Route, Stop, UnservedVisit
from services.store.connection import Connection
from services.store.plans import PlanRequest, PlanRow, create_plan, finish_ready, load_unserved, start_solving
from services.store.routes import load_routes, load_stops


def load_whole(connection: Connection, row: PlanRow) -> Plan:
    """Return a plan with its routes and what it leaves out, as it was made."""
    stops: dict[str, list[Stop]] = {}
    for stop in load_stops(connection, row.plan_id):
        stops.setdefault(stop.vehicle_id, []).append(
            Stop(
                kind=StopKind(stop.kind),
                id=stop.id,
                arrive_at=stop.arrive_at,
                depart_at=stop.depart_at,
                load_kg=stop.load_kg,
                occurrence=stop.occurrence,
                collected_kg=stop.collected_kg,
                leg_distance_m=stop.leg_distance_m,
                leg_duration_s=stop.leg_duration_s,
            )
        )
    return Plan(
        service_date=row.service_date,
        routes=tuple(
            Route(
                route.vehicle_id,
                tuple(stops.get(route.vehicle_id, ())),
                route.distance_m,
                route.duration_s,
                route.collected_kg,
            )
            for route in load_routes(connection, row.plan_id)
        ),
        unserved=tuple(
            UnservedVisit(visit.point_id, visit.occurrence, UnservedReason(visit.reason), visit.detail)
            for visit in load_unserved(connection, row.plan_id)
        ),
        cost=row.cost or 0.0,
        notes=tuple(row.notes),
    )


def store_draft(
    connection: Connection, request: PlanRequest, plan: Plan, requested_by: str, now: datetime, replans_plan_id: UUID
) -> UUID:
    """Store a revision that needs no search as a plan that is ready; return its id."""
    plan_id = create_plan(connection, request, requested_by, now, replans_plan_id)
    start_solving(connection, plan_id, now)
    finish_ready(connection, plan_id, plan, now)
    return plan_id
