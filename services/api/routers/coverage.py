"""Coverage: what toilets and stations reach, and what they do not."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from services.api.parts import AppParts
from services.api.places import GEO_JSON, GEO_JSON_ANSWER, accepts, collection, geo_json
from services.api.shapes.values import Code, Instant, ServiceDate
from services.facilities.closures import Closure
from services.facilities.coverage import Gap, StationCoverage, ToiletCoverage
from services.facilities.service import closures, station_coverage, toilet_coverage
from services.facilities.toilet_filter import ToiletFilter

router = APIRouter(prefix="/api/v1/coverage", tags=["figures"])

Radius = Annotated[
    float | None,
    Query(gt=0, le=100_000, allow_inf_nan=False, description="Metres; by default the standard's."),
]


OnDay = Annotated[
    ServiceDate | None, Query(description="What is in service on that past or coming day counts; by default today.")
]


@router.get("/closures")
def read_closures(parts: AppParts, radius_m: Radius = None, on: OnDay = None) -> list[Closure]:
    """Return the toilets closed for renovation on a day, what replaces each, and who has none meanwhile."""
    with parts.database.connection() as connection:
        return closures(connection, on, radius_m)


@router.get("/toilets", response_model=ToiletCoverage, responses=GEO_JSON_ANSWER)
def read_toilet_coverage(
    request: Request,
    parts: AppParts,
    radius_m: Radius = None,
    accessible: Annotated[bool, Query(description="Only toilets with an accessible stall count.")] = False,
    at: Annotated[Instant | None, Query(description="Only toilets that are open at that instant count.")] = None,
    on: OnDay = None,
    toilet_class: Annotated[Code | None, Query(alias="class", description="Only toilets of that class.")] = None,
) -> ToiletCoverage | Response:
    """Return which demand has a toilet within walking distance; as GeoJSON the places that have none."""
    with parts.database.connection() as connection:
        coverage = toilet_coverage(connection, radius_m, ToiletFilter(accessible, at, toilet_class), on)
    return _gaps(coverage.gaps) if accepts(request, GEO_JSON) else coverage


@router.get("/stations", response_model=StationCoverage, responses=GEO_JSON_ANSWER)
def read_station_coverage(
    request: Request,
    parts: AppParts,
    radius_m: Radius = None,
    on: OnDay = None,
    failed: Annotated[list[Code] | None, Query(max_length=50, description="Stations that are taken to fail.")] = None,
    by_point: Annotated[bool, Query(description="Tell each point's haul, the longest first.")] = False,
) -> StationCoverage | Response:
    """Return which points have a station within haul distance; as GeoJSON those that have none."""
    with parts.database.connection() as connection:
        coverage = station_coverage(connection, radius_m, failed or (), on, by_point=by_point)
    return _gaps(coverage.gaps) if accepts(request, GEO_JSON) else coverage


def _gaps(gaps: Any) -> Response:
    return geo_json(collection(_gap(gap) for gap in gaps))


def _gap(gap: Gap) -> dict[str, Any]:
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [gap.lon, gap.lat]},
        "properties": {
            "demand": gap.demand,
            "distance_m": gap.distance_m,
            "zone_id": gap.zone_id,
            "point_id": gap.point_id,
        },
    }
