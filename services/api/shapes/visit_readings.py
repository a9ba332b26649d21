"""A due visit down to the readings that it was decided from."""

from datetime import datetime

from pydantic import Field

from services.api.shapes.clearance import DueVisitAnswer, DueVisitChangeAnswer, EvidenceAnswer
from services.api.shapes.driver import DriverReportAnswer
from services.api.shapes.values import Answer
from services.domain.kinds import ServiceOutcome
from services.store.clearance_figures import VisitRow


class VisitAnswer(Answer):
    """A visit to the point on that day, whether it clears this due visit or not."""

    visit_id: int
    vehicle_id: str
    started_at: datetime
    ended_at: datetime
    confidence: float = Field(description="0 to 1.")
    collected_kg: float | None
    clears_occurrence: int | None = Field(description="The due visit that it clears; null where it clears none.")
    evidence: list[EvidenceAnswer]

    @classmethod
    def of(cls, visit: VisitRow) -> "VisitAnswer":
        """Return the answer made of a stored visit."""
        names = (name for name in cls.model_fields if name != "evidence")
        return cls.model_validate(
            {**{name: getattr(visit, name) for name in names}, "evidence": EvidenceAnswer.of_visit(visit)}
        )


class FixReadingAnswer(Answer):
    """Where a vehicle's device said it was."""

    device_id: str
    observed_at: datetime
    received_at: datetime
    lon: float
    lat: float
    speed_kmh: float | None
    accuracy_m: float | None
    load_kg: float | None


class EventReadingAnswer(Answer):
    """What a device, or a driver's phone, said of the point."""

    vehicle_id: str
    device_id: str
    observed_at: datetime
    received_at: datetime
    outcome: ServiceOutcome
    reason: str | None
    source: str | None = Field(examples=["rfid"])
    collected_kg: float | None


class LevelReadingAnswer(Answer):
    """How full a container of the point was."""

    device_id: str
    observed_at: datetime
    received_at: datetime
    fill_ratio: float


class VisitReadingsAnswer(Answer):
    """A due visit, the visits to its point on that day, and the readings behind them."""

    due: DueVisitAnswer
    lon: float | None
    lat: float | None
    point_name: str | None
    changes: list[DueVisitChangeAnswer] = Field(description="The oldest first.")
    visits: list[VisitAnswer]
    fixes: list[FixReadingAnswer] = Field(
        description="Of the vehicle that cleared it, else that was planned to, around its time there."
    )
    service_events: list[EventReadingAnswer] = Field(description="Of any vehicle, in the service day.")
    levels: list[LevelReadingAnswer] = Field(description="Of the point's containers, in the service day.")
    driver_reports: list[DriverReportAnswer]
    readings_kept: bool = Field(description="False where the day's readings are gone by now; what was decided stands.")
