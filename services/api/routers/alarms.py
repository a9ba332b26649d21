"""Alarms."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from services.api.answering import AnswerRoute
from services.api.identity import SignedIn
from services.api.paging import BY_NUMBER, LARGEST_NUMBER, Page, PageOf
from services.api.parts import AppParts
from services.api.shapes.attention import AlarmAnswer, AlarmLimitAnswer, AlarmLimitAsked
from services.api.shapes.values import Code
from services.api.today import load_today
from services.store.alarm_limits import LimitChange, change_of, load_alarm_limits, set_alarm_limit
from services.store.alarms import acknowledge_alarm, load_alarm, page_of_alarms
from services.store.audit import record_action

router = APIRouter(prefix="/api/v1/alarms", tags=["attention"], route_class=AnswerRoute)

LimitId = Annotated[Code, Path(description="The limit's identifier.", examples=["alarm_container_fill_ratio"])]


@router.get("")
def read_alarms(
    user: SignedIn,
    parts: AppParts,
    wanted: PageOf,
    is_open: Annotated[
        bool | None, Query(alias="open", description="Only those that have not cleared, or that have.")
    ] = None,
    is_acknowledged: Annotated[
        bool | None,
        Query(alias="acknowledged", description="Only those that somebody has acknowledged, or that nobody has."),
    ] = None,
) -> Page[AlarmAnswer]:
    """Return the alarms, the newest first."""
    with parts.database.connection() as connection:
        rows = wanted.fetch(
            BY_NUMBER,
            lambda after, limit: page_of_alarms(
                connection,
                after=after,
                limit=limit,
                is_open=is_open,
                is_acknowledged=is_acknowledged,
                visible=user.visibility,
            ),
        )
    return wanted.page(rows, AlarmAnswer.of, key=lambda row: (row.alarm_id,))


@router.get("/limits")
def read_limits(parts: AppParts) -> list[AlarmLimitAnswer]:
    """Return the limits that alarms are raised by, each with where it is from."""
    with parts.database.connection() as connection:
        return [AlarmLimitAnswer.of(limit) for limit in load_alarm_limits(connection)]


@router.put("/limits/{limit_id}")
def set_limit(limit_id: LimitId, asked: AlarmLimitAsked, user: SignedIn, parts: AppParts) -> AlarmLimitAnswer:
    """Set a limit: the office's own, from the next look at the alarms on, seconds later."""
    change = LimitChange(value_low=asked.clears_at, value_high=asked.raises_above, note=asked.note)
    with parts.database.connection() as connection:
        now = load_today(connection).now
        before, after = set_alarm_limit(connection, limit_id, change)
        record_action(connection, now, user.user_name, "set", f"limit {limit_id}", change_of(before, after))
    return AlarmLimitAnswer.of(after)


@router.post("/{alarm_id}/acknowledge")
def acknowledge(
    alarm_id: Annotated[int, Path(ge=1, le=LARGEST_NUMBER)], user: SignedIn, parts: AppParts
) -> AlarmAnswer:
    """Note that somebody has seen an alarm; the first to see it stays."""
    with parts.database.connection() as connection:
        now = load_today(connection).now
        if acknowledge_alarm(connection, alarm_id, user.user_name, now):
            record_action(connection, now, user.user_name, "acknowledge", f"alarm {alarm_id}")
        alarm = load_alarm(connection, alarm_id)
    return AlarmAnswer.of(alarm)
