"""Visits decided from evidence, and what became of each due visit."""

from dataclasses import dataclass
from datetime import datetime

from services.domain.due import DueVisit
from services.domain.kinds import DueVisitStatus, EvidenceKind, MissedReason
from services.domain.town import Interval


@dataclass(frozen=True, slots=True)
class Evidence:
    """One reading or run of readings that speaks for a visit; `detail` is what the office is shown of it."""

    kind: EvidenceKind
    observed: Interval
    detail: dict[str, object]


@dataclass(frozen=True, slots=True)
class Visit:
    """A vehicle serving one collection point once (到访); `confidence` from 0 to 1."""

    point_id: str
    vehicle_id: str
    interval: Interval
    confidence: float
    evidence: tuple[Evidence, ...]
    collected_kg: float | None = None


@dataclass(frozen=True, slots=True)
class DueVisitDecision:
    """What became of a due visit: cleared by a visit, still pending, or missed with its reason."""

    due: DueVisit
    status: DueVisitStatus
    cleared_by: Visit | None = None
    reason: MissedReason | None = None

    @property
    def cleared_at(self) -> datetime | None:
        """The instant at which the visit that clears it ended."""
        return None if self.cleared_by is None else self.cleared_by.interval.end
