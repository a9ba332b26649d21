"""From a figure to its proof: one due visit with everything that it was decided from."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Path

from services.api.coming_days import coming_due_visits, is_coming
from services.api.identity import SignedIn
from services.api.others import OwnVehicles, is_others, own_vehicles, without_others
from services.api.parts import AppParts
from services.api.routers.corrections import changes_of
from services.api.shapes.clearance import DueVisitAnswer
from services.api.shapes.driver import DriverReportAnswer
from services.api.shapes.values import PointId, ServiceDate
from services.api.shapes.visit_readings import (
    EventReadingAnswer,
    FixReadingAnswer,
    LevelReadingAnswer,
    VisitAnswer,
    VisitReadingsAnswer,
)
from services.api.today import load_today
from services.domain.errors import NotFoundError
from services.domain.town import Interval
from services.store.clearance_figures import (
    DueVisitFilter,
    DueVisitRow,
    VisitRow,
    load_due_visits,
    load_visits,
)
from services.store.connection import Connection
from services.store.driver_reports import load_driver_reports
from services.store.retention import Kept, load_dropped
from services.store.town import load_town
from services.store.visit_readings import load_event_readings, load_fix_readings, load_level_readings

router = APIRouter(prefix="/api/v1/clearance/visits", tags=["figures"])

AROUND_VISIT = timedelta(minutes=10)
"""So much of the way before and after a visit is shown."""
AROUND_PLANNED = timedelta(minutes=30)


@router.get("/{service_date}/{point_id}/{occurrence}")
def read_visit_readings(
    service_date: Annotated[ServiceDate, Path()],
    point_id: PointId,
    occurrence: Annotated[int, Path(ge=1, le=100)],
    user: SignedIn,
    parts: AppParts,
) -> VisitReadingsAnswer:
    """Return a due visit with the readings behind it: fixes, service events, levels, drivers' reports."""
    with parts.database.connection() as connection:
        wanted = DueVisitFilter(point_id=point_id, contractor_id=user.visibility.contractor_id)
        today = load_today(connection)
        if is_coming(connection, today, service_date):
            found = coming_due_visits(connection, today, service_date, wanted)
        else:
            found = load_due_visits(connection, service_date, wanted)
        due = next((row for row in found if row.occurrence == occurrence), None)
        if due is None:
            raise NotFoundError(f"Nothing was due at point {point_id!r} on {service_date} under number {occurrence}.")
        visits = load_visits(connection, service_date, point_id=point_id)
        return _answer(connection, due, visits, own_vehicles(connection, user.visibility))


def _answer(
    connection: Connection, due: DueVisitRow, visits: list[VisitRow], own_ones: OwnVehicles
) -> VisitReadingsAnswer:
    day = load_town(connection).service_day(due.service_date)
    own = next((visit for visit in visits if visit.visit_id == due.visit_id), None)
    span = _span(due, own)
    due = without_others(due, own_ones)
    vehicle_id = due.vehicle_id
    fixes = [] if span is None or vehicle_id is None else load_fix_readings(connection, vehicle_id, span)
    events = load_event_readings(connection, due.point_id, day)
    reports = load_driver_reports(connection, due.service_date, point_id=due.point_id)
    dropped = load_dropped(connection, Kept.READINGS)
    return VisitReadingsAnswer(
        due=DueVisitAnswer.of(due, own),
        lon=due.lon,
        lat=due.lat,
        point_name=due.point_name,
        changes=changes_of(connection, (due.service_date, due.point_id, due.occurrence), own_ones),
        visits=[VisitAnswer.of(visit) for visit in visits if not is_others(visit.vehicle_id, own_ones)],
        fixes=[FixReadingAnswer.model_validate(fix) for fix in fixes],
        service_events=[
            EventReadingAnswer.model_validate(event) for event in events if not is_others(event.vehicle_id, own_ones)
        ],
        levels=[
            LevelReadingAnswer.model_validate(level) for level in load_level_readings(connection, due.point_id, day)
        ],
        driver_reports=[
            DriverReportAnswer.of(report) for report in reports if not is_others(report.vehicle_id, own_ones)
        ],
        readings_kept=dropped is None or not dropped.contains(day.start),
    )


def _span(due: DueVisitRow, visit: VisitRow | None) -> Interval | None:
    """Return the time that tells whether the vehicle was there: its visit's, else about when it was planned."""
    if visit is not None:
        return Interval(visit.started_at - AROUND_VISIT, visit.ended_at + AROUND_VISIT)
    planned_at: datetime | None = due.planned_at
    return None if planned_at is None else Interval(planned_at - AROUND_PLANNED, planned_at + AROUND_PLANNED)
