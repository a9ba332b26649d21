"""Plans through the day: planned anew, changed by hand, priced and compared."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response, status

from services.api.errors import wrong_field
from services.api.identity import SignedIn
from services.api.parts import AppParts
from services.api.plan_views import load_plan_answer
from services.api.routers.plans import PlanId
from services.api.shapes.plans import PlanSummary
from services.api.shapes.revisions import (
    BrokenAnswer,
    ComparisonAnswer,
    EditedPlanAnswer,
    EditsAsked,
    FiguresAnswer,
    InsertAsked,
    InsertionAnswer,
    InsertionAsked,
    MoveAsked,
    MovedAnswer,
    ReplanAsked,
    VehicleAsked,
)
from services.api.today import load_today
from services.domain.circumstances import LateVehicle
from services.roads.network import RoadNetwork
from services.routing.by_hand import Move
from services.routing.revising import (
    Insertion,
    Order,
    Situation,
    best_places,
    compare_plans,
    edit_by_hand,
    load_revisable,
    replan_request,
    told_of,
)
from services.store.audit import record_action
from services.store.jobs import request_plan
from services.store.plans import PlanRequest, load_plan

router = APIRouter(prefix="/api/v1/plans", tags=["plans"])

AROUND_THE_DAY = timedelta(days=1)


@router.post("/{plan_id}/replan", status_code=status.HTTP_202_ACCEPTED)
def replan(
    plan_id: PlanId, response: Response, user: SignedIn, parts: AppParts, asked: ReplanAsked | None = None
) -> PlanSummary:
    """Plan the rest of a day anew, close to the plan; what is done or under way stays. A job like any plan."""
    asked = asked or ReplanAsked()
    with parts.database.connection() as connection:
        now = load_today(connection).now
        situation = load_revisable(connection, plan_id, asked.now or now)
        _check_instant(situation, asked.now)
        told = told_of(
            situation,
            broken=asked.broken_vehicles,
            closed=asked.closed_facilities,
            late=[LateVehicle(late.vehicle_id, late.late_s) for late in asked.late_vehicles],
            urgent=[(urgent.point_id, urgent.kg) for urgent in asked.urgent_points],
        )
        request = PlanRequest(
            situation.row.service_date,
            asked.time_limit_s,
            publish=asked.publish,
            as_of=asked.now,
            change_cost=asked.change_cost,
        )
        new_id = request_plan(connection, replan_request(situation, told, request), user.user_name, now, plan_id)
        record_action(connection, now, user.user_name, "replan", f"plan {plan_id}", {"new": str(new_id)})
        plan = load_plan(connection, new_id)
    response.headers["Location"] = f"{router.prefix}/{new_id}"
    return PlanSummary.of(plan)


def _check_instant(situation: Situation, now: datetime | None) -> None:
    """Refuse an instant that has nothing to do with the plan's day."""
    day = situation.town.service_day(situation.row.service_date)
    if now is not None and not day.start - AROUND_THE_DAY <= now <= day.end + AROUND_THE_DAY:
        message = f"Expected an instant in or near the plan's day, {situation.row.service_date}."
        raise wrong_field("body", "now", message)


@router.post("/{plan_id}/insertions")
def price_insertion(plan_id: PlanId, asked: InsertionAsked, parts: AppParts) -> InsertionAnswer:
    """Return the best three places for an urgent point and what each costs; nothing is changed."""
    with parts.database.connection() as connection, RoadNetwork.for_profile() as network:
        now = load_today(connection).now
        return InsertionAnswer.of(best_places(connection, network, plan_id, asked.point_id, asked.kg, now))


@router.post("/{plan_id}/edits", status_code=status.HTTP_201_CREATED)
def edit_plan(
    plan_id: PlanId, asked: EditsAsked, response: Response, user: SignedIn, parts: AppParts
) -> EditedPlanAnswer:
    """Change a plan by hand; the result is a new draft, timed and checked anew, that can be published."""
    with parts.database.connection() as connection, RoadNetwork.for_profile() as network:
        now = load_today(connection).now
        situation = load_revisable(connection, plan_id, now)
        changes: list[Move | Insertion | Order] = []
        for change in asked.edits:
            match change:
                case VehicleAsked():
                    changes.append(Order(change.action, change.vehicle_id))
                case MoveAsked():
                    key = (change.point_id, change.occurrence)
                    changes.append(Move(key, change.vehicle_id, change.sequence))
                case InsertAsked():
                    changes.append(Insertion(change.point_id, change.kg, change.vehicle_id, change.sequence))
        edited = edit_by_hand(connection, network, situation, changes, user.user_name)
        detail = {"new": str(edited.plan_id), "edits": [edit.model_dump(mode="json") for edit in asked.edits]}
        record_action(connection, now, user.user_name, "edit", f"plan {plan_id}", detail)
        answer = load_plan_answer(connection, edited.plan_id, user.visibility)
    response.headers["Location"] = f"{router.prefix}/{edited.plan_id}"
    broken = [BrokenAnswer.model_validate(one) for one in edited.broken]
    return EditedPlanAnswer(**answer.model_dump(), broken=broken)


@router.get("/{plan_id}/compare")
def compare(
    plan_id: PlanId,
    parts: AppParts,
    other_id: Annotated[UUID, Query(alias="with", description="The plan that counts as the one before.")],
) -> ComparisonAnswer:
    """Put two plans of one day side by side: their figures, and what moved to another truck."""
    with parts.database.connection() as connection:
        found = compare_plans(connection, plan_id, other_id)
    return ComparisonAnswer(
        before=FiguresAnswer(plan_id=other_id, **asdict(found.before)),
        after=FiguresAnswer(plan_id=plan_id, **asdict(found.after)),
        moved=[MovedAnswer.model_validate(moved) for moved in found.moved],
        retimed=found.retimed,
    )
