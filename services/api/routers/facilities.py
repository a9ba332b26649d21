"""Facilities and what their devices say."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from services.api.answering import AnswerRoute
from services.api.paging import BY_CODE, Page, PageOf
from services.api.parts import AppParts
from services.api.places import GEO_JSON_ANSWER, item_or_place, page_or_places
from services.api.shapes.register import FacilityAnswer
from services.api.shapes.values import FacilityId
from services.api.today import load_today
from services.domain.errors import NotFoundError
from services.domain.kinds import FacilityKind, FacilityStatus
from services.store.live_facilities import page_of_facilities

router = APIRouter(prefix="/api/v1/facilities", tags=["register"], route_class=AnswerRoute)


@router.get("", response_model=Page[FacilityAnswer], responses=GEO_JSON_ANSWER)
def list_facilities(
    request: Request,
    parts: AppParts,
    wanted: PageOf,
    kind: Annotated[FacilityKind | None, Query()] = None,
    status: Annotated[FacilityStatus | None, Query()] = None,
) -> Page[FacilityAnswer] | Response:
    """Return the facilities by id, each with what its devices said in today's service day."""
    with parts.database.connection() as connection:
        day = load_today(connection).service_day
        rows = wanted.fetch(
            BY_CODE,
            lambda after, limit: page_of_facilities(
                connection, day, after=after, limit=limit, kind=kind, status=status
            ),
        )
    page = wanted.page(rows, FacilityAnswer.of, key=lambda row: (row.facility_id,))
    return page_or_places(request, page)


@router.get("/{facility_id}", response_model=FacilityAnswer, responses=GEO_JSON_ANSWER)
def read_facility(request: Request, facility_id: FacilityId, parts: AppParts) -> FacilityAnswer | Response:
    """Return a facility with what its devices said in today's service day."""
    with parts.database.connection() as connection:
        rows = page_of_facilities(connection, load_today(connection).service_day, facility_ids=[facility_id])
    if not rows:
        raise NotFoundError(f"There is no facility {facility_id!r}.")
    return item_or_place(request, FacilityAnswer.of(rows[0]))
