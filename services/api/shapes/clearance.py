"""Clearance: the figures, and the due visits behind them."""

from datetime import date, datetime
from operator import attrgetter
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from services.api.shapes.series import SeriesWriter, series_of
from services.api.shapes.values import Answer, Asked, Code, Instant, JsonObject
from services.domain.clearance import ClearanceFigure
from services.domain.kinds import DueVisitStatus, EvidenceKind, MissedReason
from services.store.clearance_figures import DueVisitRow, VisitRow

Note = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500, pattern=r"^[^\x00]+$")]
"""Why somebody corrects a figure, in a sentence."""


class ClearanceAnswer(Answer):
    """The counts, weights and rates of one group on one service day; a rate without a whole is null."""

    date: date
    key: str = Field(
        examples=["Z01"],
        description="The town's name, the zone's, contractor's or vehicle's id, or the hour as local HH:MM; "
        "`unassigned` for what belongs to none.",
    )
    due: int
    cleared: int
    pending: int
    missed: int
    corrected: int = Field(description="Due visits whose status the office has set by hand; in the other counts so.")
    clearance_rate: float | None = Field(description="cleared / due, 0 to 1.", examples=[0.98])
    expected_kg: float
    tipped_kg: float
    received_kg: float = Field(description="At disposal sites.")
    collection_rate: float | None = Field(description="tipped_kg / expected_kg (清运率).")
    treatment_rate: float | None = Field(description="received_kg / tipped_kg (处理率).")
    not_cleared_by_reason: dict[str, int] = Field(examples=[{"not_planned": 3}])


clearance_json: SeriesWriter[ClearanceFigure] = series_of(
    ClearanceAnswer, attrgetter("service_date", *(name for name in ClearanceAnswer.model_fields if name != "date"))
)


class EvidenceAnswer(Answer):
    """What a visit was decided from."""

    kind: EvidenceKind
    start: datetime
    end: datetime
    detail: JsonObject

    @classmethod
    def of_visit(cls, visit: VisitRow) -> list["EvidenceAnswer"]:
        """Return the pieces that a visit was decided from, best first."""
        return [
            cls.model_validate(
                {
                    "kind": piece["kind"],
                    "start": piece["observed_from"],
                    "end": piece["observed_to"],
                    "detail": piece["detail"],
                }
            )
            for piece in visit.evidence
        ]


class CorrectionAnswer(Answer):
    """A correction by hand that stands, with what is decided from the readings all the same."""

    corrected_by: str
    corrected_at: datetime
    note: str = Field(examples=["Seen by the inspector at 09:10."])
    decided_status: DueVisitStatus = Field(description="By the readings; it holds again when the correction is undone.")
    decided_changed_at: datetime | None = Field(
        description="When readings that came after the correction changed what they say; null where none did."
    )


class CorrectionAsked(Asked):
    """What a due visit is set to by hand, and why."""

    status: Literal[DueVisitStatus.CLEARED, DueVisitStatus.MISSED]
    note: Note = Field(description="Why; it stands wherever the correction is shown.")
    cleared_at: Instant | None = Field(default=None, description="When it was cleared, where that is known.")
    vehicle_id: Code | None = Field(default=None, description="Which vehicle cleared it; the planned one unless given.")


class DueVisitChangeAnswer(Answer):
    """What became of a due visit at an instant."""

    changed_at: datetime
    status: DueVisitStatus
    cleared_at: datetime | None
    vehicle_id: str | None
    reason: MissedReason | None
    changed_by: str | None = Field(description="Who corrected it by hand; null where readings decided it.")
    note: str | None
    decided_status: DueVisitStatus | None = Field(description="What the readings said while a correction stood.")


class DueVisitAnswer(Answer):
    """A visit that a point requires, and what became of it."""

    point_id: str
    service_date: date
    occurrence: int = Field(description="Counts from 1 where a point requires several visits a day.")
    zone_id: str | None
    contractor_id: str | None
    due_from: datetime
    due_to: datetime
    expected_kg: float
    status: DueVisitStatus
    cleared_at: datetime | None
    vehicle_id: str | None = Field(description="The vehicle that cleared it, else the one that was planned to.")
    planned_vehicle_id: str | None
    planned_at: datetime | None
    reason: MissedReason | None = Field(description="Why it is not cleared.")
    visit_id: int | None
    evidence: list[EvidenceAnswer] = Field(description="Of the visit that cleared it, best first.")
    correction: CorrectionAnswer | None = Field(description="Where the office has set the status by hand.")

    @classmethod
    def of(cls, due: DueVisitRow, visit: VisitRow | None) -> "DueVisitAnswer":
        """Return the answer made of a stored due visit and the visit that cleared it."""
        names = (name for name in cls.model_fields if name != "evidence")
        evidence = [] if visit is None else EvidenceAnswer.of_visit(visit)
        return cls.model_validate({**{name: getattr(due, name) for name in names}, "evidence": evidence})
