"""Assessments."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import TypeAdapter

from services.api.asked_spans import check_span
from services.api.identity import SignedIn
from services.api.paging import Page, PageOf
from services.api.parts import AppParts
from services.api.shapes.attention import AssessmentAnswer
from services.api.shapes.values import Code, ServiceDate
from services.store.assessments import page_of_assessments

router = APIRouter(prefix="/api/v1/assessments", tags=["figures"])

BY_SPAN_AND_SUBJECT: TypeAdapter[tuple[date, date, str, str]] = TypeAdapter(tuple[date, date, Code, Code])


@router.get("")
def read_assessments(
    user: SignedIn,
    parts: AppParts,
    wanted: PageOf,
    start: Annotated[ServiceDate | None, Query(description="Spans that end on this day or later.")] = None,
    end: Annotated[ServiceDate | None, Query(description="Spans that begin on this day or earlier.")] = None,
) -> Page[AssessmentAnswer]:
    """Return the scores of zones and contractors in order of their spans."""
    check_span(start, end)
    with parts.database.connection() as connection:
        rows = wanted.fetch(
            BY_SPAN_AND_SUBJECT,
            lambda after, limit: page_of_assessments(
                connection, start=start, end=end, after=after, limit=limit, visible=user.visibility
            ),
        )
    return wanted.page(
        rows,
        AssessmentAnswer.of,
        key=lambda row: (row.period_start, row.period_end, row.subject_kind, row.subject_id),
    )
