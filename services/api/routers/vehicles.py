"""Vehicles: their state, and the track they came by."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from services.api.answering import AnswerRoute, json_answer
from services.api.asked_spans import check_span
from services.api.errors import wrong_field
from services.api.identity import SignedIn
from services.api.paging import BY_CODE, Page, PageOf
from services.api.parts import AppParts
from services.api.places import GEO_JSON, GEO_JSON_ANSWER, accepts, geo_json, item_or_place, page_or_places
from services.api.shapes.values import Instant, VehicleId
from services.api.shapes.vehicles import TrackAnswer, VehicleAnswer, track_json, vehicle_json
from services.api.today import load_today
from services.api.tracks import segments_of
from services.domain.errors import NotFoundError
from services.store.connection import Connection
from services.store.live_vehicles import load_tracks, page_of_vehicles
from services.store.users import User

router = APIRouter(prefix="/api/v1/vehicles", tags=["vehicles"], route_class=AnswerRoute)

LONGEST_TRACK = timedelta(days=8)
MOST_FIXES = 100_000


def _geometry(vehicle: BaseModel) -> dict[str, Any] | None:
    position = getattr(vehicle, "last_position", None)
    return None if position is None else {"type": "Point", "coordinates": [position.lon, position.lat]}


@router.get("", response_model=Page[VehicleAnswer], responses=GEO_JSON_ANSWER)
def list_vehicles(
    request: Request,
    user: SignedIn,
    parts: AppParts,
    wanted: PageOf,
    online: Annotated[bool | None, Query(description="Only those whose device is connected, or is not.")] = None,
) -> Response | Page[VehicleAnswer]:
    """Return the vehicles by id with their state; a contractor's people and drivers see their own."""
    with parts.database.connection() as connection:
        today = load_today(connection).service_date
        rows = wanted.fetch(
            BY_CODE,
            lambda after, limit: page_of_vehicles(
                connection, today, after=after, limit=limit, online=online, visible=user.visibility
            ),
        )
    if not accepts(request, GEO_JSON):
        return json_answer(wanted.written(rows, vehicle_json, key=lambda row: (row.vehicle_id,)))
    page = wanted.page(rows, VehicleAnswer.of, key=lambda row: (row.vehicle_id,))
    return page_or_places(request, page, _geometry)


@router.get("/{vehicle_id}", response_model=VehicleAnswer, responses=GEO_JSON_ANSWER)
def read_vehicle(request: Request, vehicle_id: VehicleId, user: SignedIn, parts: AppParts) -> VehicleAnswer | Response:
    """Return a vehicle with its state."""
    with parts.database.connection() as connection:
        vehicle = _find_vehicle(connection, vehicle_id, user)
    return item_or_place(request, vehicle, _geometry)


def _find_vehicle(connection: Connection, vehicle_id: str, user: User) -> VehicleAnswer:
    today = load_today(connection).service_date
    rows = page_of_vehicles(connection, today, vehicle_ids=[vehicle_id], visible=user.visibility)
    if not rows:
        raise _unknown(vehicle_id)
    return VehicleAnswer.of(rows[0])


def _unknown(vehicle_id: str) -> NotFoundError:
    return NotFoundError(f"There is no vehicle {vehicle_id!r}.")


@router.get("/{vehicle_id}/track", response_model=TrackAnswer, responses=GEO_JSON_ANSWER)
def read_track(
    request: Request,
    vehicle_id: VehicleId,
    user: SignedIn,
    parts: AppParts,
    start: Annotated[Instant | None, Query(description="By default when the service day began.")] = None,
    end: Annotated[Instant | None, Query(description="By default now by the town's clock.")] = None,
) -> Response:
    """Return the way a vehicle came, cut where two fixes are more than three minutes or a kilometre apart.

    A fix that no vehicle could have driven to is marked as an outlier; it is not deleted, and no line leads to it.
    """
    with parts.database.connection() as connection:
        today = load_today(connection)
        end = end or today.now
        start = start or min(today.service_day.start, end)
        check_span(start, end, LONGEST_TRACK)
        rows = load_tracks(connection, [vehicle_id], start, end, MOST_FIXES + 1)
    if not rows or not user.visibility.shows(rows[0].contractor_id, vehicle_id):
        raise _unknown(vehicle_id)
    if len(rows[0].lon) > MOST_FIXES:
        message = f"Expected at most {MOST_FIXES} fixes from start to end; ask for a shorter span."
        raise wrong_field("query", "end", message)
    segments = segments_of(rows[0])
    if accepts(request, GEO_JSON):
        return geo_json(_track_feature(TrackAnswer.of(vehicle_id, start, end, segments)))
    return json_answer(track_json(vehicle_id, start, end, segments))


def _track_feature(track: TrackAnswer) -> dict[str, Any]:
    """Return a track as a MultiLineString of its plausible fixes; one that stands alone makes no line."""
    plausible = [[fix for fix in segment if not fix.outlier] for segment in track.segments]
    lines = [segment for segment in plausible if len(segment) > 1]
    return {
        "type": "Feature",
        "id": track.vehicle_id,
        "geometry": {
            "type": "MultiLineString",
            "coordinates": [[[fix.lon, fix.lat] for fix in line] for line in lines],
        },
        "properties": {
            **track.model_dump(mode="json", exclude={"segments"}),
            "outlier_fixes": [
                fix.model_dump(mode="json") for segment in track.segments for fix in segment if fix.outlier
            ],
            "times": [[fix.observed_at for fix in line] for line in lines],
        },
    }
