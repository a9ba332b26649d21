"""What needs attention or was judged: alarms, cases, residents' reports, assessments."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from services.api.shapes.values import Answer, Asked, JsonObject, Latitude, Longitude
from services.store.alarms import Alarm
from services.store.assessments import Assessment
from services.store.cases import Case
from services.store.standards import StandardLimit


class AlarmAnswer(Answer):
    """Something that needs attention; open while `cleared_at` is null."""

    id: int
    kind: str = Field(examples=["device_silent"])
    subject_kind: str = Field(examples=["vehicle"])
    subject_id: str = Field(examples=["V01"])
    raised_at: datetime
    cleared_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    detail: JsonObject

    @classmethod
    def of(cls, alarm: Alarm) -> "AlarmAnswer":
        """Return the answer made of a stored alarm."""
        return cls(
            id=alarm.alarm_id,
            kind=alarm.kind,
            subject_kind=alarm.subject_kind,
            subject_id=alarm.subject_id,
            raised_at=alarm.raised_at,
            cleared_at=alarm.cleared_at,
            acknowledged_at=alarm.acknowledged_at,
            acknowledged_by=alarm.acknowledged_by,
            detail=alarm.detail,
        )


class AlarmLimitAnswer(Answer):
    """A limit that an alarm is raised above, and whose it is; without a `raises_above` nothing is raised."""

    limit_id: str = Field(examples=["alarm_container_fill_ratio"])
    raises_above: float | None
    clears_at: float | None = Field(description="An open alarm clears there; null where it clears at `raises_above`.")
    unit: str = Field(examples=["ratio"])
    standard: str = Field(description="Where it is from; `the office` once somebody has set it.")
    clause: str
    source_status: str = Field(description="`seen` and `recalled` are of a standard, `own` is the office's.")
    note: str

    @classmethod
    def of(cls, limit: StandardLimit) -> "AlarmLimitAnswer":
        """Return the answer made of a stored limit."""
        return cls(
            limit_id=limit.limit_id,
            raises_above=limit.value_high,
            clears_at=limit.value_low,
            unit=limit.unit,
            standard=limit.standard,
            clause=limit.clause,
            source_status=limit.source_status,
            note=limit.note,
        )


LimitNote = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500, pattern=r"^[^\x00]*$")]
LimitValue = Annotated[float, Field(ge=0.0, le=1_000_000.0, allow_inf_nan=False)]


class AlarmLimitAsked(Asked):
    """What a limit is set to, in its unit."""

    raises_above: LimitValue | None = Field(description="Null: nothing is raised any more.", examples=[0.8])
    clears_at: LimitValue | None = Field(
        default=None, description="At most `raises_above`; an alarm clears at that one where this is null."
    )
    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500, pattern=r"^[^\x00]*$")] | None = (
        Field(default=None, description="Why; the note that is there stays where this is null.")
    )


CaseStatus = Literal["reported", "filed", "dispatched", "handled", "verified", "closed"]
"""上报, 立案, 派遣, 处置, 核查, 结案."""


class CaseAnswer(Answer):
    """A problem that someone must handle (案件)."""

    id: int
    number: str = Field(examples=["20261122-K7QFM"])
    status: str = Field(examples=["reported"])
    source: str = Field(examples=["resident"])
    description: str
    lon: float | None
    lat: float | None
    zone_id: str | None
    reported_at: datetime
    deadline_at: datetime | None
    closed_at: datetime | None

    @classmethod
    def of(cls, case: Case) -> "CaseAnswer":
        """Return the answer made of a stored case."""
        return cls(
            id=case.case_id,
            number=case.case_number,
            status=case.status,
            source=case.source,
            description=case.description,
            lon=case.lon,
            lat=case.lat,
            zone_id=case.zone_id,
            reported_at=case.reported_at,
            deadline_at=case.deadline_at,
            closed_at=case.closed_at,
        )


class AssessmentAnswer(Answer):
    """The score of a zone or contractor over a span of days, both included (考核)."""

    period_start: date
    period_end: date
    subject_kind: str = Field(examples=["contractor"])
    subject_id: str
    score: float
    detail: JsonObject

    @classmethod
    def of(cls, assessment: Assessment) -> "AssessmentAnswer":
        """Return the answer made of a stored assessment."""
        return cls.model_validate(assessment)


class ReportAsked(Asked):
    """What a resident reports; where, if that is known."""

    description: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000, pattern=r"^[^\x00]+$")
    ] = Field(examples=["垃圾桶满了"])
    lon: Longitude | None = None
    lat: Latitude | None = None

    @model_validator(mode="after")
    def _whole_position(self) -> "ReportAsked":
        if (self.lon is None) != (self.lat is None):
            raise ValueError("Expected both lon and lat, or neither.")
        return self


class ReportAnswer(Answer):
    """A report's case: the number is what the resident follows it by."""

    case_number: str = Field(examples=["20261122-K7QFM"])
    status: str = Field(examples=["reported"])
    reported_at: datetime

    @classmethod
    def of(cls, case: Case) -> "ReportAnswer":
        """Return what a resident is told of a case."""
        return cls(case_number=case.case_number, status=case.status, reported_at=case.reported_at)
