"""A plan as one person may see it."""

from itertools import groupby
from uuid import UUID

from services.api.shapes.plans import CircumstancesAnswer, PlanAnswer, PlanSummary, RouteAnswer, UnservedAnswer
from services.domain.errors import NotFoundError
from services.domain.kinds import StopKind
from services.store.connection import Connection
from services.store.plans import PlanRow, load_plan, load_unserved
from services.store.register_pages import visible_points, visible_vehicles
from services.store.routes import load_routes, load_stops
from services.store.visibility import Visibility


def load_visible_plan(connection: Connection, plan_id: UUID, visible: Visibility) -> PlanRow:
    """Return a plan; to people who see a part of the town only, drafts do not exist.

    Raises:
        NotFoundError: there is none that they may see.

    """
    plan = load_plan(connection, plan_id)
    if visible.is_limited and plan.published_at is None:
        raise NotFoundError(f"There is no plan {plan_id}.")
    return plan


def load_plan_answer(connection: Connection, plan_id: UUID, visible: Visibility) -> PlanAnswer:
    """Return a plan with those of its routes and unserved points that may be seen.

    Raises:
        NotFoundError: there is no such plan.

    """
    plan = load_visible_plan(connection, plan_id, visible)
    stops = {
        vehicle_id: list(own)
        for vehicle_id, own in groupby(load_stops(connection, plan_id), key=lambda stop: stop.vehicle_id)
    }
    routes = [RouteAnswer.of(route, stops.get(route.vehicle_id, ())) for route in load_routes(connection, plan_id)]
    unserved = load_unserved(connection, plan_id)
    summary = PlanSummary.of(plan)
    if visible.is_limited:
        vehicles, points = visible_vehicles(connection, visible), visible_points(connection, visible)
        routes = [route for route in routes if route.vehicle_id in vehicles]
        unserved = [visit for visit in unserved if visit.point_id in points]
        summary = _sums_of(summary, routes)
    return PlanAnswer(
        **summary.model_dump(),
        notes=[] if visible.is_limited else plan.notes,
        circumstances=None if visible.is_limited else CircumstancesAnswer.of(plan.asked.circumstances),
        unserved=[UnservedAnswer.model_validate(visit) for visit in unserved],
        routes=routes,
    )


def _sums_of(summary: PlanSummary, routes: list[RouteAnswer]) -> PlanSummary:
    """Return a plan's summary with the sums of these routes only; what they cost is not told apart."""
    served = {(stop.id, stop.occurrence) for route in routes for stop in route.stops if stop.kind is StopKind.POINT}
    return summary.model_copy(
        update={
            "cost": None,
            "distance_m": sum(route.distance_m for route in routes),
            "duration_s": sum(route.duration_s for route in routes),
            "served": len(served),
        }
    )
