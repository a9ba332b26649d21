"""Zones."""

from typing import Any

from fastapi import APIRouter, Request, Response

from services.api.answering import AnswerRoute
from services.api.etags import not_modified, request_tag, tagged
from services.api.identity import SignedIn
from services.api.paging import BY_CODE, Page, PageOf
from services.api.parts import AppParts
from services.api.places import GEO_JSON_ANSWER, item_or_place, page_or_places
from services.api.shapes.register import ZoneAnswer
from services.api.shapes.values import ZoneId
from services.domain.errors import NotFoundError
from services.store.register_pages import page_of_zones, register_version

router = APIRouter(prefix="/api/v1/zones", tags=["register"], route_class=AnswerRoute)


def _geometry(zone: ZoneAnswer) -> dict[str, Any]:
    return zone.geometry


@router.get("", response_model=Page[ZoneAnswer], responses=GEO_JSON_ANSWER)
def list_zones(
    request: Request, response: Response, user: SignedIn, parts: AppParts, wanted: PageOf
) -> Page[ZoneAnswer] | Response:
    """Return the zones by id."""
    with parts.database.connection() as connection:
        tag = request_tag(request, user, register_version(connection))
        if (kept := not_modified(request, tag)) is not None:
            return kept
        rows = wanted.fetch(
            BY_CODE,
            lambda after, limit: page_of_zones(connection, after=after, limit=limit, visible=user.visibility),
        )
    page = wanted.page(rows, ZoneAnswer.of, key=lambda row: (row.zone_id,))
    return tagged(page_or_places(request, page, _geometry), response, tag)


@router.get("/{zone_id}", response_model=ZoneAnswer, responses=GEO_JSON_ANSWER)
def read_zone(
    request: Request, response: Response, zone_id: ZoneId, user: SignedIn, parts: AppParts
) -> ZoneAnswer | Response:
    """Return a zone."""
    with parts.database.connection() as connection:
        tag = request_tag(request, user, register_version(connection))
        rows = page_of_zones(connection, zone_id=zone_id, visible=user.visibility)
    if not rows:
        raise NotFoundError(f"There is no zone {zone_id!r}.")
    kept = not_modified(request, tag)
    return kept or tagged(item_or_place(request, ZoneAnswer.of(rows[0]), _geometry), response, tag)
