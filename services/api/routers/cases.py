"""Cases."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from services.api.answering import AnswerRoute
from services.api.identity import SignedIn
from services.api.paging import BY_NUMBER, Page, PageOf
from services.api.parts import AppParts
from services.api.places import GEO_JSON_ANSWER, page_or_places
from services.api.shapes.attention import CaseAnswer, CaseStatus
from services.store.cases import page_of_cases

router = APIRouter(prefix="/api/v1/cases", tags=["attention"], route_class=AnswerRoute)


@router.get("", response_model=Page[CaseAnswer], responses=GEO_JSON_ANSWER)
def read_cases(
    request: Request,
    user: SignedIn,
    parts: AppParts,
    wanted: PageOf,
    status: Annotated[CaseStatus | None, Query()] = None,
) -> Page[CaseAnswer] | Response:
    """Return the cases, the newest first."""
    with parts.database.connection() as connection:
        rows = wanted.fetch(
            BY_NUMBER,
            lambda after, limit: page_of_cases(
                connection, after=after, limit=limit, status=status, visible=user.visibility
            ),
        )
    return page_or_places(request, wanted.page(rows, CaseAnswer.of, key=lambda row: (row.case_id,)))
