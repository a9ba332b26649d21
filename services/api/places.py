"""Places as GeoJSON (RFC 7946) for those who ask for it by `Accept`."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from fastapi import Request, Response
from pydantic import BaseModel
from pydantic_core import to_json

from services.api.paging import Page

GEO_JSON = "application/geo+json"
GPX = "application/gpx+xml"

Item = TypeVar("Item", bound=BaseModel)

GEO_JSON_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            GEO_JSON: {
                "schema": {
                    "type": "object",
                    "required": ["type"],
                    "properties": {"type": {"enum": ["FeatureCollection", "Feature"]}},
                }
            }
        }
    }
}
"""What a route that can answer GeoJSON adds to its description."""


def accepts(request: Request, media_type: str) -> bool:
    """Tell whether the request's Accept names exactly this media type, other than with q=0."""
    for entry in request.headers.get("accept", "").split(","):
        name, *parameters = (part.strip().lower() for part in entry.split(";"))
        if name == media_type:
            return not any(part.replace(" ", "") in ("q=0", "q=0.0", "q=0.00", "q=0.000") for part in parameters)
    return False


def position_of(item: BaseModel) -> dict[str, Any] | None:
    """Return the Point at an item's `lon` and `lat`, or none where these are unknown."""
    lon, lat = getattr(item, "lon", None), getattr(item, "lat", None)
    return None if lon is None or lat is None else {"type": "Point", "coordinates": [lon, lat]}


def feature(item: BaseModel, geometry: dict[str, Any] | None) -> dict[str, Any]:
    """Return an item as a Feature: what says where it is becomes its geometry, the rest its properties."""
    properties = item.model_dump(mode="json", by_alias=True, exclude={"lon", "lat", "geometry"})
    made: dict[str, Any] = {"type": "Feature", "geometry": geometry, "properties": properties}
    return {**made, "id": properties["id"]} if "id" in properties else made


def collection(features: Iterable[dict[str, Any]], **members: Any) -> dict[str, Any]:
    """Return a FeatureCollection; `members` are further members of it."""
    return {"type": "FeatureCollection", "features": list(features), **members}


def geo_json(content: dict[str, Any]) -> Response:
    """Return the response that carries GeoJSON."""
    return Response(to_json(content), media_type=GEO_JSON, headers={"Vary": "Accept"})


def page_or_places(
    request: Request, page: Page[Item], geometry: Callable[[Item], dict[str, Any] | None] = position_of
) -> Page[Item] | Response:
    """Return a page as it is or, where the request asks for that, as GeoJSON."""
    if not accepts(request, GEO_JSON):
        return page
    features = (feature(item, geometry(item)) for item in page.items)
    return geo_json(collection(features, next_cursor=page.next_cursor))


def item_or_place(
    request: Request, item: Item, geometry: Callable[[Item], dict[str, Any] | None] = position_of
) -> Item | Response:
    """Return an item as it is or, where the request asks for that, as a Feature."""
    return geo_json(feature(item, geometry(item))) if accepts(request, GEO_JSON) else item
