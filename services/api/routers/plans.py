"""The day's plans: asking for one, watching it get better, sending it out."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response, status
from fastapi import Path as PathParameter
from fastapi.concurrency import run_in_threadpool
from pydantic import TypeAdapter
from sse_starlette import EventSourceResponse

from services.api.answering import AnswerRoute
from services.api.database import Database
from services.api.errors import wrong_field
from services.api.etags import not_modified, request_tag, tagged
from services.api.identity import CurrentSession, SignedIn, StreamToken
from services.api.live.plan_progress import plan_progress
from services.api.live.streams import live_stream
from services.api.paging import Page, PageOf
from services.api.parts import AppParts
from services.api.places import GEO_JSON, GPX, accepts, geo_json
from services.api.plan_views import load_plan_answer, load_visible_plan
from services.api.route_geometry import RouteOnRoads, load_route_on_roads
from services.api.route_gpx import route_gpx
from services.api.shapes.plans import PlanAnswer, PlanAsked, PlanSummary, RouteAnswer
from services.api.shapes.values import DayAsked, VehicleId
from services.api.today import load_today
from services.roads.datasets import Profile, find_current_dataset
from services.roads.settings import RoadsSettings
from services.store.audit import record_action
from services.store.connection import Connection
from services.store.jobs import request_plan, request_publication
from services.store.plans import PlanRequest, PlanRow, cancel_plan, list_plans, load_plan
from services.store.register_pages import register_version
from services.store.registry import POINTS, VEHICLES, RegisterTable, present_keys
from services.store.users import User

router = APIRouter(prefix="/api/v1/plans", tags=["plans"], route_class=AnswerRoute)

BY_PLAN: TypeAdapter[tuple[UUID]] = TypeAdapter(tuple[UUID])

MOST_NAMED = 5
"""Of what is unknown so many are named in an error."""

PlanId = Annotated[UUID, PathParameter(description="The plan's `id`.")]


@router.post("", status_code=status.HTTP_202_ACCEPTED)
def create_plan(asked: PlanAsked, response: Response, user: SignedIn, parts: AppParts) -> PlanSummary:
    """Ask for a day's plan; it is `queued`, and `Location` says where to look for it."""
    request = PlanRequest(
        service_date=asked.date,
        time_limit_s=asked.time_limit_s,
        vehicle_ids=None if asked.vehicles is None else tuple(asked.vehicles),
        point_ids=None if asked.points is None else tuple(asked.points),
        demand_quantile=asked.demand_quantile,
    )
    with parts.database.connection() as connection:
        now = load_today(connection).now
        _check_known(connection, VEHICLES, "vehicles", asked.vehicles)
        _check_known(connection, POINTS, "points", asked.points)
        plan_id = request_plan(connection, request, user.user_name, now)
        record_action(connection, now, user.user_name, "ask for", f"plan {plan_id}", {"date": str(asked.date)})
        plan = load_plan(connection, plan_id)
    response.headers["Location"] = f"{router.prefix}/{plan_id}"
    return PlanSummary.of(plan)


def _check_known(connection: Connection, table: RegisterTable, name: str, ids: Sequence[str] | None) -> None:
    unknown = set(ids or ()) - present_keys(connection, table) if ids else set()
    if unknown:
        few = ", ".join(map(repr, sorted(unknown)[:MOST_NAMED]))
        raise wrong_field("body", name, f"{len(unknown)} of them are not in the register: {few}.")


@router.get("")
def read_plans(user: SignedIn, parts: AppParts, wanted: PageOf, day: DayAsked = None) -> Page[PlanSummary]:
    """Return the day's plans, the newest first; `published` marks the one that the trucks have."""
    limited = user.visibility.is_limited
    with parts.database.connection() as connection:
        plans = list_plans(connection, day or load_today(connection).service_date)
    shown = [plan for plan in plans if not limited or plan.published_at is not None]
    rows = wanted.fetch_from(BY_PLAN, shown, lambda plan: (plan.plan_id,))
    return wanted.page(
        rows, lambda plan: PlanSummary.of(plan, with_figures=not limited), key=lambda plan: (plan.plan_id,)
    )


@router.get("/{plan_id}", response_model=PlanAnswer)
def read_plan(
    request: Request, response: Response, plan_id: PlanId, user: SignedIn, parts: AppParts
) -> PlanAnswer | Response:
    """Return a plan with its routes and what it leaves out."""
    with parts.database.connection() as connection:
        tag = _tag(connection, request, load_visible_plan(connection, plan_id, user.visibility), user)
        if (kept := not_modified(request, tag)) is not None:
            return kept
        return tagged(load_plan_answer(connection, plan_id, user.visibility), response, tag)


def _tag(connection: Connection, request: Request, plan: PlanRow, user: User, *parts: object) -> str:
    """Return what changes with the plan, and with the register that its stops' names and places are from."""
    return request_tag(request, user, plan, register_version(connection), *parts)


@router.get("/{plan_id}/events", response_class=EventSourceResponse)
async def stream_plan(
    plan_id: PlanId, user: SignedIn, session_id: CurrentSession, parts: AppParts, stream_token: StreamToken = None
) -> EventSourceResponse:
    """Stream the improving cost: `progress` and `status` events, until the plan is ready, failed or cancelled."""
    del stream_token  # read where the request is let in
    await run_in_threadpool(_check_there, parts.database, plan_id)
    return live_stream(plan_progress(parts.database, parts.hub, plan_id), parts, session_id, user.user_name)


def _check_there(database: Database, plan_id: UUID) -> None:
    with database.connection() as connection:
        load_plan(connection, plan_id)


@router.post("/{plan_id}/cancel")
def cancel(plan_id: PlanId, user: SignedIn, parts: AppParts) -> PlanSummary:
    """Cancel a plan that is queued or being solved; 409 when it is done already."""
    with parts.database.connection() as connection:
        now = load_today(connection).now
        plan = cancel_plan(connection, plan_id, now)
        record_action(connection, now, user.user_name, "cancel", f"plan {plan_id}")
    return PlanSummary.of(plan)


@router.post("/{plan_id}/publish", status_code=status.HTTP_202_ACCEPTED)
def publish(plan_id: PlanId, user: SignedIn, parts: AppParts) -> PlanSummary:
    """Have a ready plan sent to the trucks; it is `published` once each has its route."""
    with parts.database.connection() as connection:
        request_publication(connection, plan_id)
        record_action(connection, load_today(connection).now, user.user_name, "publish", f"plan {plan_id}")
        plan = load_plan(connection, plan_id)
    return PlanSummary.of(plan)


@router.get(
    "/{plan_id}/routes/{vehicle_id}",
    response_model=RouteAnswer,
    responses={200: {"content": {GEO_JSON: {"schema": {"type": "object"}}, GPX: {"schema": {"type": "string"}}}}},
)
def read_route(
    request: Request, response: Response, plan_id: PlanId, vehicle_id: VehicleId, user: SignedIn, parts: AppParts
) -> RouteAnswer | Response:
    """Return a vehicle's route; by `Accept` as JSON, as GeoJSON along the roads, or as GPX for a navigator."""
    with parts.database.connection() as connection:
        plan = load_visible_plan(connection, plan_id, user.visibility)
        # A route that was not published is led along the roads as they are now.
        tag = _tag(connection, request, plan, user, find_current_dataset(RoadsSettings().directory, Profile.TRUCK))
        if (kept := not_modified(request, tag)) is not None:
            return kept
        route = load_route_on_roads(connection, plan_id, vehicle_id, user.visibility)
    if accepts(request, GEO_JSON):
        return tagged(geo_json(route.with_roads().geo_json()), response, tag)
    if accepts(request, GPX):
        return tagged(_gpx(plan, route), response, tag)
    return tagged(route.answer, response, tag)


def _gpx(plan: PlanRow, route: RouteOnRoads) -> Response:
    vehicle_id = route.answer.vehicle_id
    name = f"{vehicle_id} {plan.service_date}"
    ascii_name = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in vehicle_id)
    headers = {
        "Vary": "Accept",
        "Content-Disposition": f'attachment; filename="{ascii_name}-{plan.service_date}.gpx"',
    }
    return Response(route_gpx(route.with_roads(), name), media_type=GPX, headers=headers)
