"""The base map that a setting names: how the page draws it, and the archive of its tiles part by part."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request, Response, status
from pydantic import Field

from services.api.base_map import BaseMap, TileKind, read_part
from services.api.client_address import client_address
from services.api.parts import AppParts
from services.api.settings import MapCoordinates
from services.api.shapes.values import Answer

PMTILES = "application/vnd.pmtiles"
FRESH_S = 3_600
PART_ANSWER: dict[int | str, dict[str, object]] = {
    206: {
        "description": "The part that was asked for.",
        "content": {PMTILES: {"schema": {"type": "string", "format": "binary"}}},
    }
}


async def _count_read(request: Request, parts: AppParts) -> None:
    parts.base_map_limiter.take(client_address(request))


router = APIRouter(prefix="/api/v1/map/base", tags=["map"], dependencies=[Depends(_count_read)])


class BaseMapAnswer(Answer):
    """A map to lay below ours."""

    kind: TileKind
    url: str = Field(description="A tile's address with {z}, {x} and {y}; or the path of an archive (PMTiles) here.")
    is_archive: bool
    crs: MapCoordinates = Field(description="What its places are given in; ours are WGS-84.")
    attribution: str
    max_zoom: int = Field(description="The finest zoom that it has tiles of.")

    @classmethod
    def of(cls, base_map: BaseMap) -> "BaseMapAnswer":
        """Return the answer made of the settings' base map."""
        return cls(
            kind=base_map.kind,
            url=base_map.url,
            is_archive=base_map.file is not None,
            crs=MapCoordinates.GCJ02 if base_map.is_gcj02 else MapCoordinates.WGS84,
            attribution=base_map.attribution,
            max_zoom=base_map.max_zoom,
        )


@router.get("")
async def read_base_map(parts: AppParts) -> BaseMapAnswer | None:
    """Return the map to lay below ours; null where none is set."""
    return None if parts.base_map is None else BaseMapAnswer.of(parts.base_map)


@router.get("/archive", status_code=status.HTTP_206_PARTIAL_CONTENT, response_class=Response, responses=PART_ANSWER)
def read_archive(
    parts: AppParts,
    asked: Annotated[
        str | None, Header(alias="Range", description="`bytes=FIRST-LAST`, both included; at most 4 MB.")
    ] = None,
) -> Response:
    """Return a part of the archive of tiles, for a reader of PMTiles."""
    part = read_part(parts.base_map, asked)
    last = part.first + len(part.content) - 1
    return Response(
        part.content,
        status_code=status.HTTP_206_PARTIAL_CONTENT,
        media_type=PMTILES,
        headers={
            "Accept-Ranges": "bytes",
            "Cache-Control": f"public, max-age={FRESH_S}",
            "Content-Range": f"bytes {part.first}-{last}/{part.size}",
            "ETag": f'"{part.version}"',
        },
    )
