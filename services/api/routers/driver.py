"""What a driver does with a phone: follow the route, and report what was served and what could not be."""

from dataclasses import replace
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response, status
from fastapi import Path as PathParameter

from services.api.errors import wrong_field
from services.api.identity import SignedIn
from services.api.others import is_others
from services.api.paging import BY_NUMBER, Page, PageOf
from services.api.parts import AppParts
from services.api.photos import PHOTO_ANSWER, PHOTO_BODY, PHOTO_BYTES, SentPhoto, photo_response
from services.api.shapes.driver import DriverReportAnswer, DriverReportAsked, DriverRouteAnswer
from services.api.shapes.values import FUTURE_TOLERANCE, Code, DayAsked
from services.api.today import Today, load_today
from services.domain.errors import NotFoundError
from services.store.audit import record_action
from services.store.connection import Connection
from services.store.driver_reports import (
    DriverReport,
    NewDriverReport,
    keep_driver_report,
    load_driver_report,
    load_driver_reports,
)
from services.store.driver_routes import DriverStop, load_driver_route
from services.store.photos import PhotoOf, keep_photo, load_photo
from services.store.register_pages import contractors_of_vehicles, visible_vehicles
from services.store.settings import KeepingSettings
from services.store.users import User

router = APIRouter(prefix="/api/v1/driver", tags=["driver"])

REPORT_BYTES = 20_000

ReportId = Annotated[UUID, PathParameter(description="The number that the phone gave the report.")]


@router.get("/route")
def read_driver_route(
    user: SignedIn,
    parts: AppParts,
    day: DayAsked = None,
    vehicle_id: Annotated[Code | None, Query(description="A driver's own unless given.")] = None,
) -> DriverRouteAnswer:
    """Return a vehicle's published route with what became of each stop."""
    with parts.database.connection() as connection:
        wanted = _vehicle_of(connection, user, vehicle_id)
        date_ = day or load_today(connection).service_date
        found = load_driver_route(connection, date_, wanted)
        if found is None:
            return DriverRouteAnswer.none(wanted, date_)
        route, stops = found
        if user.visibility.is_limited:
            stops = _without_others(connection, wanted, stops)
    return DriverRouteAnswer.of(route, stops)


def _without_others(connection: Connection, vehicle_id: str, stops: list[DriverStop]) -> list[DriverStop]:
    """Return the stops naming no vehicle but those of the same contractor."""
    owners = contractors_of_vehicles(connection, [vehicle_id, *{stop.cleared_by for stop in stops if stop.cleared_by}])
    own = frozenset(name for name, owner in owners.items() if owner == owners.get(vehicle_id))
    return [replace(stop, cleared_by=None) if is_others(stop.cleared_by, own) else stop for stop in stops]


def _vehicle_of(connection: Connection, user: User, vehicle_id: str | None) -> str:
    wanted = vehicle_id or user.vehicle_id
    if wanted is None:
        raise wrong_field("query", "vehicle_id", "Expected a vehicle, for none belongs to this sign-in.")
    if wanted not in visible_vehicles(connection, user.visibility):
        raise NotFoundError(f"There is no vehicle {wanted!r}.")
    return wanted


@router.get("/reports")
def list_reports(
    user: SignedIn,
    parts: AppParts,
    wanted: PageOf,
    day: DayAsked = None,
    vehicle_id: Annotated[Code | None, Query()] = None,
    point_id: Annotated[Code | None, Query()] = None,
) -> Page[DriverReportAnswer]:
    """Return what drivers reported on a service day, in the order in which it came."""
    with parts.database.connection() as connection:
        date_ = day or load_today(connection).service_date
        rows = wanted.fetch(
            BY_NUMBER,
            lambda after, limit: load_driver_reports(
                connection,
                date_,
                vehicle_id=vehicle_id,
                point_id=point_id,
                visible=user.visibility,
                after=0 if after is None else after[0],
                limit=limit,
            ),
        )
    return wanted.page(rows, DriverReportAnswer.of, key=lambda row: (row.report_number,))


@router.post("/reports", status_code=status.HTTP_201_CREATED, max_body_size=REPORT_BYTES)
def create_driver_report(
    asked: DriverReportAsked, response: Response, user: SignedIn, parts: AppParts
) -> DriverReportAnswer:
    """Report what became of a stop; it is evidence for clearance, as what the truck's own device says is.

    Sent again under its number it is answered with 200, and changes nothing.
    """
    with parts.database.connection() as connection:
        today = load_today(connection)
        _vehicle_of(connection, user, asked.vehicle_id)
        new = _checked(asked, today)
        report, is_new = keep_driver_report(connection, new, user.user_name, today.now)
        if is_new:
            subject = f"point {asked.point_id}"
            detail = {"vehicle_id": asked.vehicle_id, "outcome": asked.outcome.value, "reason": asked.reason}
            record_action(connection, today.now, user.user_name, "report", subject, detail)
        else:
            response.status_code = status.HTTP_200_OK
    return DriverReportAnswer.of(report)


def _checked(asked: DriverReportAsked, today: Today) -> NewDriverReport:
    """Return what is to be kept.

    Raises:
        RequestValidationError: it is from the future, or older than readings are kept.

    """
    if asked.observed_at > today.now + FUTURE_TOLERANCE:
        message = f"Pressed after the town's time, {today.now:%Y-%m-%d %H:%M:%S}Z: set the clock."
        raise wrong_field("body", "observed_at", message)
    if asked.observed_at < today.now - KeepingSettings().admits:
        raise wrong_field("body", "observed_at", "Pressed longer ago than readings are kept.")
    values = {name: getattr(asked, name) for name in NewDriverReport.__slots__ if name != "service_date"}
    return NewDriverReport(**values, service_date=today.town.service_date(asked.observed_at))


@router.put(
    "/reports/{report_id}/photo",
    status_code=status.HTTP_204_NO_CONTENT,
    max_body_size=PHOTO_BYTES,
    openapi_extra=PHOTO_BODY,
)
def send_photo(report_id: ReportId, photo: SentPhoto, user: SignedIn, parts: AppParts) -> None:
    """Send the photo of a report; the same one may be sent again."""
    with parts.database.connection() as connection:
        report = _visible_report(connection, report_id, user)
        now = load_today(connection).now
        if keep_photo(connection, PhotoOf.report(report.report_number), photo, now):
            record_action(connection, now, user.user_name, "send photo", f"driver report {report_id}")


@router.get("/reports/{report_id}/photo", response_class=Response, responses=PHOTO_ANSWER)
def read_photo(report_id: ReportId, user: SignedIn, parts: AppParts) -> Response:
    """Return the photo of a report."""
    with parts.database.connection() as connection:
        report = _visible_report(connection, report_id, user)
        return photo_response(load_photo(connection, PhotoOf.report(report.report_number)))


def _visible_report(connection: Connection, report_id: UUID, user: User) -> DriverReport:
    report = load_driver_report(connection, report_id)
    if user.visibility.is_limited and report.vehicle_id not in visible_vehicles(connection, user.visibility):
        raise NotFoundError(f"There is no driver's report {report_id}.")
    return report
