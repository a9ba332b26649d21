"""Corrections by hand: the office sets what became of a due visit, with its reason, and undoes it again."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from services.api.errors import wrong_field
from services.api.identity import SignedIn
from services.api.others import OwnVehicles, is_others, own_vehicles
from services.api.parts import AppParts
from services.api.shapes.clearance import CorrectionAsked, DueVisitAnswer, DueVisitChangeAnswer, Note
from services.api.shapes.values import PointId, ServiceDate
from services.api.today import Today, load_today
from services.domain.errors import NotFoundError
from services.store.audit import record_action
from services.store.clearance_figures import (
    DueVisitFilter,
    DueVisitRow,
    load_due_visit_changes,
    load_due_visits,
    load_visit,
)
from services.store.connection import Connection
from services.store.corrections import (
    DueVisitPlace,
    NewCorrection,
    correct_due_visit,
    undo_correction,
)
from services.store.registry import VEHICLES, present_keys
from services.store.users import User

router = APIRouter(prefix="/api/v1/clearance/visits/{service_date}/{point_id}/{occurrence}", tags=["figures"])

ServiceDay = Annotated[ServiceDate, Path(description="The service day.")]
Occurrence = Annotated[int, Path(ge=1, le=1_000, description="Counts from 1 where a point requires several visits.")]


@router.get("/changes")
def read_changes(
    service_date: ServiceDay, point_id: PointId, occurrence: Occurrence, user: SignedIn, parts: AppParts
) -> list[DueVisitChangeAnswer]:
    """Return what became of a due visit, each change with who made it and why, the oldest first."""
    with parts.database.connection() as connection:
        _find(connection, user, (service_date, point_id, occurrence))
        return changes_of(connection, (service_date, point_id, occurrence), own_vehicles(connection, user.visibility))


def changes_of(connection: Connection, place: DueVisitPlace, own: OwnVehicles) -> list[DueVisitChangeAnswer]:
    """Return what became of a due visit, the oldest change first; vehicles of others are not named."""
    changes = [DueVisitChangeAnswer.model_validate(change) for change in load_due_visit_changes(connection, *place)]
    return [
        change.model_copy(update={"vehicle_id": None}) if is_others(change.vehicle_id, own) else change
        for change in changes
    ]


@router.put("/correction")
def correct(
    service_date: ServiceDay,
    point_id: PointId,
    occurrence: Occurrence,
    asked: CorrectionAsked,
    user: SignedIn,
    parts: AppParts,
) -> DueVisitAnswer:
    """Set a due visit cleared or missed by hand; 409 where it is that by the readings.

    What the readings say is decided on beneath, and does not take the correction's place.
    """
    place = (service_date, point_id, occurrence)
    with parts.database.connection() as connection:
        today = load_today(connection)
        due = _find(connection, user, place)
        _check(connection, today, due, asked)
        new = NewCorrection(
            status=asked.status,
            note=asked.note,
            corrected_by=user.user_name,
            corrected_at=today.now,
            cleared_at=asked.cleared_at,
            vehicle_id=asked.vehicle_id,
        )
        correct_due_visit(connection, place, new)
        detail = {"status": asked.status, "note": asked.note}
        record_action(connection, today.now, user.user_name, "correct", _subject(place), detail)
        return _answer(connection, user, place)


@router.delete("/correction")
def undo(
    service_date: ServiceDay,
    point_id: PointId,
    occurrence: Occurrence,
    note: Annotated[Note, Query(description="Why it is undone.")],
    user: SignedIn,
    parts: AppParts,
) -> DueVisitAnswer:
    """Undo a correction: what the readings say holds again; 404 where none stands."""
    place = (service_date, point_id, occurrence)
    with parts.database.connection() as connection:
        now = load_today(connection).now
        _find(connection, user, place)
        undo_correction(connection, place, user.user_name, now, note)
        record_action(connection, now, user.user_name, "undo a correction", _subject(place), {"note": note})
        return _answer(connection, user, place)


def _subject(place: DueVisitPlace) -> str:
    day, point_id, occurrence = place
    return f"due visit {day} {point_id} {occurrence}"


def _find(connection: Connection, user: User, place: DueVisitPlace) -> DueVisitRow:
    day, point_id, occurrence = place
    wanted = DueVisitFilter(point_id=point_id, contractor_id=user.visibility.contractor_id)
    found = [row for row in load_due_visits(connection, day, wanted) if row.occurrence == occurrence]
    if not found:
        raise NotFoundError(f"The point {point_id!r} has no due visit {occurrence} on {day}.")
    return found[0]


def _check(connection: Connection, today: Today, due: DueVisitRow, asked: CorrectionAsked) -> None:
    """Refuse what cannot be meant.

    Raises:
        RequestValidationError: the vehicle is unknown, the time is none of the day's, or the day has not come.

    """
    day = today.town.service_day(due.service_date)
    if day.start > today.now:
        raise wrong_field("path", "service_date", f"The service day {due.service_date} has not begun.")
    if asked.vehicle_id is not None and asked.vehicle_id not in present_keys(connection, VEHICLES):
        raise wrong_field("body", "vehicle_id", f"There is no vehicle {asked.vehicle_id!r} in the register.")
    if asked.cleared_at is not None and not (day.contains(asked.cleared_at) and asked.cleared_at <= today.now):
        raise wrong_field("body", "cleared_at", "Expected an instant of the service day, not in the future.")


def _answer(connection: Connection, user: User, place: DueVisitPlace) -> DueVisitAnswer:
    due = _find(connection, user, place)
    return DueVisitAnswer.of(due, None if due.visit_id is None else load_visit(connection, due.visit_id))
