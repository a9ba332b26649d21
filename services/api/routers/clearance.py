"""Clearance: the figures, and the due visits behind them."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import TypeAdapter

from services.api.answering import AnswerRoute, json_answer
from services.api.asked_spans import check_span
from services.api.coming_days import coming_due_visits, coming_figures, is_coming
from services.api.errors import wrong_field
from services.api.figures_by_day import figures_by_day
from services.api.identity import SignedIn
from services.api.others import is_others, own_vehicles, without_others
from services.api.paging import Number, Page, PageOf
from services.api.parts import AppParts
from services.api.shapes.clearance import ClearanceAnswer, DueVisitAnswer, clearance_json
from services.api.shapes.values import Code, DayAsked, ServiceDate
from services.api.today import load_today
from services.domain.clearance import ClearanceBucket, ClearanceGroup
from services.domain.kinds import DueVisitStatus, MissedReason
from services.store.clearance_figures import (
    DueVisitFilter,
    DueVisitRow,
    load_clearance,
    load_due_visits,
    load_visits_by_id,
)

router = APIRouter(prefix="/api/v1/clearance", tags=["figures"], route_class=AnswerRoute)

BY_DUE_VISIT: TypeAdapter[tuple[str, int]] = TypeAdapter(tuple[Code, Number])

LONGEST_SERIES = timedelta(days=3 * 366)


@router.get("", response_model=list[ClearanceAnswer])
def read_clearance(
    user: SignedIn,
    parts: AppParts,
    day: DayAsked = None,
    group_by: Annotated[ClearanceGroup, Query()] = ClearanceGroup.TOWN,
    start: Annotated[ServiceDate | None, Query(description="With `end`, both included: a series by day.")] = None,
    end: Annotated[ServiceDate | None, Query()] = None,
    bucket: Annotated[
        ClearanceBucket, Query(description="What of the days from `start` to `end` is one figure.")
    ] = ClearanceBucket.DAY,
) -> Response:
    """Return the figures of a day, or of each day, month or the whole from `start` to `end`, by group.

    What is due on a day that has not begun is pending; in a series such a day has no figures.
    """
    _check_series(day, start, end)
    own = user.visibility.contractor_id
    with parts.database.connection() as connection:
        today = load_today(connection)
        first = start or day or today.service_date
        if start is None and is_coming(connection, today, first):
            coming = coming_due_visits(connection, today, first, DueVisitFilter(contractor_id=own))
            vehicles = own_vehicles(connection, user.visibility)
            named = [without_others(row, vehicles) for row in coming]
            return json_answer(clearance_json(coming_figures(today, named, group_by)))
        last = end or first
        if bucket is not ClearanceBucket.DAY and last != first:
            return json_answer(clearance_json(load_clearance(connection, first, last, group_by, own, bucket)))
        return json_answer(figures_by_day(connection, parts.memo, today.town, (first, last), group_by, own))


def _check_series(day: ServiceDate | None, start: ServiceDate | None, end: ServiceDate | None) -> None:
    if start is None and end is None:
        return
    if start is None or end is None or day is not None:
        name = "start" if start is None else "end"
        raise wrong_field("query", name, "Expected `date`, or both `start` and `end`.")
    check_span(start, end, LONGEST_SERIES)


@router.get("/visits")
def read_due_visits(
    user: SignedIn,
    parts: AppParts,
    wanted: PageOf,
    day: DayAsked = None,
    status: Annotated[DueVisitStatus | None, Query()] = None,
    reason: Annotated[MissedReason | None, Query()] = None,
    zone_id: Annotated[Code | None, Query()] = None,
    contractor_id: Annotated[Code | None, Query()] = None,
    vehicle_id: Annotated[Code | None, Query(description="That cleared it, else that was planned to.")] = None,
    point_id: Annotated[Code | None, Query()] = None,
) -> Page[DueVisitAnswer]:
    """Return the due visits of a day by point, each with what became of it and why.

    On a day that has not begun they are pending, and planned by the plan that is published. To a contractor's people
    vehicles of others are not named.
    """
    own = user.visibility.contractor_id
    if own is not None and contractor_id not in (None, own):
        return Page(items=[])
    asked = DueVisitFilter(status, reason, zone_id, contractor_id if own is None else own, vehicle_id, point_id)
    with parts.database.connection() as connection:
        vehicles = own_vehicles(connection, user.visibility)
        if is_others(vehicle_id, vehicles):
            return Page(items=[])
        today = load_today(connection)
        date_ = day or today.service_date
        coming = coming_due_visits(connection, today, date_, asked) if is_coming(connection, today, date_) else None

        def due_after(after: tuple[str, int] | None, limit: int) -> list[DueVisitRow]:
            if coming is None:
                return load_due_visits(connection, date_, asked, after=after or ("", 0), limit=limit)
            return [row for row in coming if after is None or (row.point_id, row.occurrence) > after][:limit]

        rows = wanted.fetch(BY_DUE_VISIT, due_after)
        visits = load_visits_by_id(connection, {row.visit_id for row in rows if row.visit_id is not None})
    return wanted.page(
        rows,
        lambda row: DueVisitAnswer.of(without_others(row, vehicles), visits.get(row.visit_id or 0)),
        key=lambda row: (row.point_id, row.occurrence),
    )
