"""The town's streets as a base map that needs no internet."""

import gzip
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Header, Response, status

from services.api.etags import has_tag, tag_headers
from services.api.places import GEO_JSON, GEO_JSON_ANSWER
from services.domain.errors import NotFoundError
from services.roads.settings import RoadsSettings
from services.roads.street_map import find_street_map

router = APIRouter(prefix="/api/v1/map", tags=["map"])


@router.get("/streets", response_class=Response, responses=GEO_JSON_ANSWER)
def read_streets(
    if_none_match: Annotated[str | None, Header()] = None,
    accept_encoding: Annotated[str, Header()] = "",
) -> Response:
    """Return the streets as GeoJSON: a LineString each, with `name` and `class` (OpenStreetMap's `highway`)."""
    path = find_street_map(RoadsSettings().directory)
    if path is None:
        raise NotFoundError("No roads are imported yet; `riqing import roads FILE.osm.pbf` brings them in.")
    headers = tag_headers(f'W/"{path.parent.name}"', vary="Accept-Encoding")
    if has_tag(if_none_match, headers["ETag"]):
        return Response(status_code=status.HTTP_304_NOT_MODIFIED, headers=headers)
    return _compressed_or_not(path, "gzip" in accept_encoding, headers)


def _compressed_or_not(path: Path, compressed: bool, headers: dict[str, str]) -> Response:
    content = path.read_bytes()
    if compressed:
        return Response(content, media_type=GEO_JSON, headers={**headers, "Content-Encoding": "gzip"})
    return Response(gzip.decompress(content), media_type=GEO_JSON, headers=headers)
