"""Clearance: the figures, and the due visits behind them."""

from datetime import date, datetime

from pydantic import Field

from services.api.shapes.values import Answer, JsonObject
from services.domain.clearance import ClearanceFigure
from services.domain.kinds import DueVisitStatus, EvidenceKind, MissedReason
from services.store.clearance_figures import DueVisitRow, VisitRow


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
    clearance_rate: float | None = Field(description="cleared / due, 0 to 1.", examples=[0.98])
    expected_kg: float
    tipped_kg: float
    received_kg: float = Field(description="At disposal sites.")
    collection_rate: float | None = Field(description="tipped_kg / expected_kg (清运率).")
    treatment_rate: float | None = Field(description="received_kg / tipped_kg (处理率).")
    not_cleared_by_reason: dict[str, int] = Field(examples=[{"not_planned": 3}])

    @classmethod
    def of(cls, figure: ClearanceFigure) -> "ClearanceAnswer":
        """Return the answer made of a figure."""
        names = (name for name in cls.model_fields if name != "date")
        return cls.model_validate({"date": figure.service_date, **{name: getattr(figure, name) for name in names}})


class EvidenceAnswer(Answer):
    """What a visit was decided from."""

    kind: EvidenceKind
    start: datetime
    end: datetime
    detail: JsonObject


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

    @classmethod
    def of(cls, due: DueVisitRow, visit: VisitRow | None) -> "DueVisitAnswer":
        """Return the answer made of a stored due visit and the visit that cleared it."""
        names = (name for name in cls.model_fields if name != "evidence")
        pieces = () if visit is None else visit.evidence
        evidence = [
            {
                "kind": piece["kind"],
                "start": piece["observed_from"],
                "end": piece["observed_to"],
                "detail": piece["detail"],
            }
            for piece in pieces
        ]
        return cls.model_validate({**{name: getattr(due, name) for name in names}, "evidence": evidence})
