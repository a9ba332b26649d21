"""The life cycle and the upkeep of facilities and points: phases with their dates, inspections, faults, repairs."""

from datetime import date
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Path, Query, status
from pydantic import Field, model_validator

from services.api.identity import SignedIn
from services.api.parts import AppParts
from services.api.shapes.values import Answer, Asked, Code, FacilityId, Instant, ServiceDate
from services.api.today import load_today
from services.domain.kinds import FacilityStatus
from services.facilities.life_cycle import Phase
from services.facilities.scenario_service import note_phase
from services.store.audit import record_action
from services.store.facility_phases import BEFORE_ALL, PhaseRow, apply_phases, delete_phase, load_phases
from services.store.upkeep import load_upkeep, note_upkeep

router = APIRouter(prefix="/api/v1", tags=["register"])

BeginsOn = Annotated[ServiceDate, Path(description="The day from which the status holds.")]


class PhaseAsked(Asked):
    """A status from a day on."""

    status: FacilityStatus
    replaced_by: Code | None = Field(default=None, description="The facility that serves in its place meanwhile.")
    note: str = Field(default="", max_length=2_000)


class PhaseAnswer(Answer):
    """A status from a day on; the first one has no such day."""

    begins_on: date | None
    status: FacilityStatus
    replaced_by: str | None
    note: str
    noted_by: str

    @classmethod
    def of(cls, row: PhaseRow) -> "PhaseAnswer":
        """Return the answer made of a stored phase."""
        return cls(
            begins_on=None if row.begins_on == BEFORE_ALL else row.begins_on,
            status=FacilityStatus(row.status),
            replaced_by=row.replaced_by,
            note=row.note,
            noted_by=row.noted_by,
        )


class PhasesAnswer(Answer):
    """A facility's phases in order of time; none where its status was never dated."""

    items: list[PhaseAnswer]


class SubjectKind(StrEnum):
    """What is kept up."""

    FACILITY = "facility"
    POINT = "point"


class UpkeepKind(StrEnum):
    """What was done or found."""

    INSPECTION = "inspection"
    FAULT = "fault"
    REPAIR = "repair"


class Condition(StrEnum):
    """How an inspection or a repair found a thing."""

    GOOD = "good"
    WORN = "worn"
    BROKEN = "broken"


class UpkeepAsked(Asked):
    """An inspection, a fault, or a repair; a repair names the fault that it ends."""

    subject_kind: SubjectKind = SubjectKind.FACILITY
    subject_id: Code
    kind: UpkeepKind
    happened_at: Instant | None = Field(default=None, description="By default now by the town's clock.")
    condition: Condition | None = None
    fault_id: int | None = Field(default=None, ge=1, le=2**62)
    note: str = Field(default="", max_length=2_000)

    @model_validator(mode="after")
    def _only_repairs_end_faults(self) -> "UpkeepAsked":
        if self.fault_id is not None and self.kind is not UpkeepKind.REPAIR:
            raise ValueError("only a repair names the fault that it ends")
        return self


class UpkeepAnswer(Answer):
    """An inspection, a fault or a repair; `repaired_at` of a fault is when it was ended."""

    id: int = Field(validation_alias="upkeep_id")
    subject_kind: SubjectKind
    subject_id: str
    kind: UpkeepKind
    happened_at: Instant
    condition: Condition | None
    fault_id: int | None
    repaired_at: Instant | None
    note: str
    noted_by: str


class UpkeepListAnswer(Answer):
    """The newest thousand, the newest first."""

    items: list[UpkeepAnswer]


class NotedAnswer(Answer):
    """The number of what was noted."""

    id: int


@router.get("/facilities/{facility_id}/phases")
def read_phases(facility_id: FacilityId, parts: AppParts) -> PhasesAnswer:
    """Return from when on a facility is planned, built, in service, renovated, retired."""
    with parts.database.connection() as connection:
        rows = load_phases(connection, facility_id).get(facility_id, [])
    return PhasesAnswer(items=[PhaseAnswer.of(row) for row in rows])


@router.put("/facilities/{facility_id}/phases/{begins_on}", status_code=status.HTTP_204_NO_CONTENT)
def put_phase(facility_id: FacilityId, begins_on: BeginsOn, asked: PhaseAsked, user: SignedIn, parts: AppParts) -> None:
    """Note from when on a facility has a status, in the past or to come; 409 where it does not fit the others."""
    phase = Phase(begins_on, asked.status, asked.replaced_by)
    with parts.database.connection() as connection:
        today = load_today(connection)
        note_phase(connection, facility_id, phase, asked.note, user.user_name)
        apply_phases(connection, today.service_date)
        detail = {"begins_on": str(begins_on), "status": str(asked.status)}
        record_action(connection, today.now, user.user_name, "phase", f"facility {facility_id}", detail)


@router.delete("/facilities/{facility_id}/phases/{begins_on}", status_code=status.HTTP_204_NO_CONTENT)
def remove_phase(facility_id: FacilityId, begins_on: BeginsOn, user: SignedIn, parts: AppParts) -> None:
    """Forget a phase; the one before it lasts on."""
    with parts.database.connection() as connection:
        today = load_today(connection)
        delete_phase(connection, facility_id, begins_on)
        apply_phases(connection, today.service_date)
        detail = {"begins_on": str(begins_on)}
        record_action(connection, today.now, user.user_name, "forget phase", f"facility {facility_id}", detail)


@router.get("/upkeep")
def list_upkeep(
    parts: AppParts,
    subject_kind: Annotated[SubjectKind | None, Query()] = None,
    subject_id: Annotated[Code | None, Query()] = None,
    open_faults: Annotated[bool, Query(description="Only faults that nobody has repaired.")] = False,
) -> UpkeepListAnswer:
    """Return inspections, faults and repairs of facilities and of points' containers."""
    with parts.database.connection() as connection:
        rows = load_upkeep(connection, subject_kind=subject_kind, subject_id=subject_id, open_faults=open_faults)
    return UpkeepListAnswer(items=[UpkeepAnswer.model_validate(row) for row in rows])


@router.post("/upkeep", status_code=status.HTTP_201_CREATED)
def create_upkeep(asked: UpkeepAsked, user: SignedIn, parts: AppParts) -> NotedAnswer:
    """Note an inspection, a fault, or the repair that ends one."""
    with parts.database.connection() as connection:
        now = load_today(connection).now
        number = note_upkeep(
            connection,
            (asked.subject_kind, asked.subject_id),
            asked.kind,
            asked.happened_at or now,
            user.user_name,
            condition=asked.condition,
            fault_id=asked.fault_id,
            note=asked.note,
        )
        record_action(connection, now, user.user_name, asked.kind, f"{asked.subject_kind} {asked.subject_id}")
    return NotedAnswer(id=number)
