"""Planned against actual: the day's routes beside what their vehicles did, in figures, stop by stop, and on the map."""

from dataclasses import replace
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from services.api.identity import SignedIn
from services.api.parts import AppParts
from services.api.places import GEO_JSON, GEO_JSON_ANSWER, accepts, collection, geo_json
from services.api.plan_views import load_visible_plan
from services.api.route_geometry import load_route_on_roads
from services.api.shapes.adherence import AdherenceAnswer, AdherenceDetailAnswer
from services.api.shapes.values import DayAsked, VehicleId
from services.api.today import load_today
from services.api.tracks import segments_of
from services.clearance.driven import DrivenRoute, load_driven_routes
from services.domain.errors import NotFoundError
from services.store.connection import Connection
from services.store.driven import load_point_places
from services.store.live_vehicles import load_tracks
from services.store.register_pages import visible_vehicles
from services.store.users import User

router = APIRouter(prefix="/api/v1/adherence", tags=["figures"])

MOST_FIXES = 100_000

PlanAsked = Annotated[
    UUID | None, Query(description="The plan of the day to hold it against; the published one unless given.")
]


@router.get("")
def read_adherence(
    user: SignedIn, parts: AppParts, day: DayAsked = None, plan_id: PlanAsked = None
) -> list[AdherenceAnswer]:
    """Return each vehicle that had a route or made a visit on a day, by id."""
    with parts.database.connection() as connection:
        driven = _load(connection, user, day, plan_id, None)
    return [AdherenceAnswer.of(route) for route in driven]


@router.get("/{vehicle_id}", response_model=AdherenceDetailAnswer, responses=GEO_JSON_ANSWER)
def read_adherence_of(
    request: Request,
    vehicle_id: VehicleId,
    user: SignedIn,
    parts: AppParts,
    day: DayAsked = None,
    plan_id: PlanAsked = None,
) -> AdherenceDetailAnswer | Response:
    """Return a vehicle's route beside its day, stop by stop.

    As GeoJSON: the planned way (`role` is `planned`), the driven one (`driven`), a Point for each planned stop (`stop`)
    and for each visit that was not planned (`extra`).
    """
    with parts.database.connection() as connection:
        if vehicle_id not in visible_vehicles(connection, user.visibility):
            raise NotFoundError(f"There is no vehicle {vehicle_id!r}.")
        (driven,) = _load(connection, user, day, plan_id, vehicle_id)
        answer = AdherenceDetailAnswer.of(driven)
        if accepts(request, GEO_JSON):
            return geo_json(_on_the_map(connection, user, driven, answer))
    return answer


def _load(
    connection: Connection, user: User, day: DayAsked, plan_id: UUID | None, vehicle_id: str | None
) -> list[DrivenRoute]:
    today = load_today(connection)
    if plan_id is not None:
        plan = load_visible_plan(connection, plan_id, user.visibility)
        day = day or plan.service_date
        if plan.service_date != day:
            raise NotFoundError(f"The plan {plan_id} is of {plan.service_date}, not of {day}.")
    driven = load_driven_routes(connection, today.town, day or today.service_date, plan_id, vehicle_id)
    if not user.visibility.is_limited:
        return driven
    visible = visible_vehicles(connection, user.visibility)
    return [_without_others(route, visible) for route in driven if route.vehicle_id in visible]


def _without_others(driven: DrivenRoute, visible: frozenset[str]) -> DrivenRoute:
    """Return a route that does not name the vehicles of others."""
    stops = tuple(
        stop if stop.done_by_vehicle_id in visible else replace(stop, done_by_vehicle_id=None)
        for stop in driven.adherence.stops
    )
    return replace(driven, adherence=replace(driven.adherence, stops=stops))


def _on_the_map(
    connection: Connection, user: User, driven: DrivenRoute, answer: AdherenceDetailAnswer
) -> dict[str, Any]:
    """Return the planned and the driven way, the stops and the extra visits as a FeatureCollection."""
    features: list[dict[str, Any]] = []
    places: dict[int, dict[str, Any] | None] = {}
    if driven.plan_id is not None:
        route = load_route_on_roads(connection, driven.plan_id, driven.vehicle_id, user.visibility)
        line = route.line  # as it was published; without roads there is no line to draw
        features.append(_feature("planned", {"type": "LineString", "coordinates": line} if len(line) > 1 else None))
        places = {stop.sequence: _point(stop.lon, stop.lat) for stop in route.answer.stops}
    tracks = load_tracks(connection, [driven.vehicle_id], driven.span.start, driven.span.end, MOST_FIXES)
    ways = [[[fix.lon, fix.lat] for fix in way if not fix.outlier] for one in tracks for way in segments_of(one)]
    track = {"type": "MultiLineString", "coordinates": [way for way in ways if len(way) > 1]}
    features.append(_feature("driven", track, answer.model_dump(mode="json", exclude=_LISTS)))
    features += [
        _feature("stop", places.get(stop.sequence), stop.model_dump(mode="json")) for stop in answer.compared_stops
    ]
    where = load_point_places(connection, [visit.point_id for visit in answer.extra_visits])
    features += [
        _feature("extra", _point(*where.get(visit.point_id, (None, None))), visit.model_dump(mode="json"))
        for visit in answer.extra_visits
    ]
    return collection(features)


_LISTS = {"compared_stops", "extra_visits", "unloadings"}


def _feature(role: str, geometry: dict[str, Any] | None, properties: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry, "properties": {"role": role, **(properties or {})}}


def _point(lon: float | None, lat: float | None) -> dict[str, Any] | None:
    return None if lon is None or lat is None else {"type": "Point", "coordinates": [lon, lat]}
