"""Collection points and what became of their due visits."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from services.api.answering import AnswerRoute, json_answer
from services.api.coming_days import coming_counts, is_coming
from services.api.identity import SignedIn
from services.api.kept_answers import holds_while_visits_stay_at
from services.api.paging import BY_CODE, Page, PageOf
from services.api.parts import AppParts
from services.api.places import GEO_JSON, GEO_JSON_ANSWER, accepts, item_or_place, page_or_places
from services.api.shapes.register import PointAnswer, PointState, point_json
from services.api.shapes.values import Code, DayAsked, PointId
from services.api.today import load_today
from services.domain.errors import NotFoundError
from services.store.register_pages import page_of_points

router = APIRouter(prefix="/api/v1/points", tags=["register"], route_class=AnswerRoute)


@router.get("", response_model=Page[PointAnswer], responses=GEO_JSON_ANSWER)
def list_points(
    request: Request,
    user: SignedIn,
    parts: AppParts,
    wanted: PageOf,
    day: DayAsked = None,
    zone_id: Annotated[Code | None, Query()] = None,
    state: Annotated[PointState | None, Query(description="Only points in this state.")] = None,
) -> Page[PointAnswer] | Response:
    """Return the points by id, each with what became of its due visits of the day."""
    with parts.database.connection() as connection:
        today = load_today(connection)
        date_ = day or today.service_date
        coming = coming_counts(connection, date_) if is_coming(connection, today, date_) else None
        rows = wanted.fetch(
            BY_CODE,
            lambda after, limit: page_of_points(
                connection,
                date_,
                after=after,
                limit=limit,
                zone_id=zone_id,
                state=state,
                visible=user.visibility,
                coming=coming,
            ),
        )
    if state is None and coming is None and any(row.due for row in rows):
        holds_while_visits_stay_at([row.point_id for row in rows])  # the register says which points these are
    if not accepts(request, GEO_JSON):
        return json_answer(wanted.written(rows, lambda row: point_json(row, date_), key=lambda row: (row.point_id,)))
    page = wanted.page(rows, lambda row: PointAnswer.of(row, date_), key=lambda row: (row.point_id,))
    return page_or_places(request, page)


@router.get("/{point_id}", response_model=PointAnswer, responses=GEO_JSON_ANSWER)
def read_point(
    request: Request, point_id: PointId, user: SignedIn, parts: AppParts, day: DayAsked = None
) -> PointAnswer | Response:
    """Return a point with what became of its due visits of the day."""
    with parts.database.connection() as connection:
        today = load_today(connection)
        date_ = day or today.service_date
        coming = coming_counts(connection, date_) if is_coming(connection, today, date_) else None
        rows = page_of_points(connection, date_, point_ids=[point_id], visible=user.visibility, coming=coming)
    if not rows:
        raise NotFoundError(f"There is no point {point_id!r}.")
    return item_or_place(request, PointAnswer.of(rows[0], date_))
