"""What a driver is shown and sends."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from services.api.shapes.values import Answer, Asked, Code, Instant, Latitude, Longitude
from services.domain.kinds import DueVisitStatus, ServiceOutcome, StopKind
from services.store.driver_reports import DriverReport
from services.store.driver_routes import DriverRoute, DriverStop

Note = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500, pattern=r"^[^\x00]+$")]


class DriverReportAsked(Asked):
    """What a driver pressed at a point; the phone gives it its number, so that it can be sent again."""

    report_id: UUID = Field(description="Made by the phone; what is sent twice under one number is stored once.")
    vehicle_id: Code = Field(examples=["V01"])
    point_id: Code = Field(examples=["P001"])
    occurrence: int | None = Field(
        default=None, ge=1, le=100, description="Which of the point's due visits of the day."
    )
    observed_at: Instant = Field(description="When it was pressed, by the town's clock.")
    outcome: ServiceOutcome
    reason: Code | None = Field(default=None, examples=["road_blocked"], description="Why it was not served.")
    note: Note | None = None
    lon: Longitude | None = None
    lat: Latitude | None = None
    accuracy_m: float | None = Field(default=None, ge=0, le=100_000, allow_inf_nan=False)

    @model_validator(mode="after")
    def _whole(self) -> "DriverReportAsked":
        if (self.lon is None) != (self.lat is None):
            raise ValueError("Expected both lon and lat, or neither.")
        if self.outcome is not ServiceOutcome.SERVED and self.reason is None:
            raise ValueError("Expected a reason for what was not served.")
        return self


class DriverReportAnswer(Answer):
    """What a driver pressed at a point."""

    report_id: UUID
    service_date: date
    vehicle_id: str
    point_id: str
    occurrence: int | None
    observed_at: datetime
    received_at: datetime
    outcome: ServiceOutcome
    reason: str | None
    note: str | None
    lon: float | None
    lat: float | None
    accuracy_m: float | None
    reported_by: str
    has_photo: bool

    @classmethod
    def of(cls, report: DriverReport) -> "DriverReportAnswer":
        """Return the answer made of a stored report."""
        return cls.model_validate(report)


class DriverStopAnswer(Answer):
    """A stop as its driver needs it."""

    sequence: int
    kind: StopKind
    id: str | None
    occurrence: int | None
    name: str | None
    lon: float | None
    lat: float | None
    arrive_at: datetime
    depart_at: datetime
    load_kg: float = Field(description="On board at departure.")
    collected_kg: float
    leg_distance_m: int = Field(description="From the stop before.")
    container_type: str | None
    containers: int | None
    due_from: datetime | None
    due_to: datetime | None
    status: DueVisitStatus | None = Field(description="What clearance has decided; null where nothing is due.")
    cleared_at: datetime | None
    cleared_by: str | None = Field(
        description="The vehicle that cleared it; to drivers and contractors' people none of another contractor."
    )
    report_outcome: ServiceOutcome | None = Field(description="What this vehicle's driver reported last.")
    report_reason: str | None
    reported_at: datetime | None


class DriverRouteAnswer(Answer):
    """A vehicle's route of a day; without a plan there is none: `plan_id` is null and there are no stops."""

    plan_id: UUID | None
    vehicle_id: str
    plate: str | None
    service_date: date
    revision: int | None
    distance_m: int | None
    duration_s: int | None
    collected_kg: float | None
    stops: list[DriverStopAnswer]

    @classmethod
    def of(cls, route: DriverRoute, stops: Iterable[DriverStop]) -> "DriverRouteAnswer":
        """Return the answer made of a stored route."""
        names = (name for name in cls.model_fields if name != "stops")
        return cls.model_validate({**{name: getattr(route, name) for name in names}, "stops": list(stops)})

    @classmethod
    def none(cls, vehicle_id: str, service_date: date) -> "DriverRouteAnswer":
        """Return the answer for a vehicle that no published plan sends out."""
        unknown = dict.fromkeys(("plan_id", "plate", "revision", "distance_m", "duration_s", "collected_kg"))
        return cls.model_validate({**unknown, "vehicle_id": vehicle_id, "service_date": service_date, "stops": []})
