"""The life cycle and the upkeep of facilities and points: phases with their dates, inspections, faults, repairs."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Path, Query, status
from pydantic import Field, StringConstraints, TypeAdapter, model_validator

from services.api.errors import wrong_field
from services.api.identity import SignedIn
from services.api.paging import Number, Page, PageOf
from services.api.parts import AppParts
from services.api.shapes.siting import FacilityName, StallCount, TonnesPerDay
from services.api.shapes.values import (
    FUTURE_TOLERANCE,
    Answer,
    Asked,
    Code,
    FacilityId,
    Instant,
    JsonObject,
    Remark,
    ServiceDate,
)
from services.api.today import load_today
from services.domain.kinds import FacilityStatus
from services.facilities.life_cycle_service import forget_phase, note_phase
from services.store.audit import record_action
from services.store.facility_phases import BEFORE_ALL, PhaseRow, apply_phases, load_phases, load_phases_of
from services.store.upkeep import ConditionRow, load_conditions, load_upkeep, note_upkeep

router = APIRouter(prefix="/api/v1", tags=["register"])

BY_PHASE: TypeAdapter[tuple[str, date]] = TypeAdapter(tuple[Code, date])
BY_TIME_AND_NUMBER: TypeAdapter[tuple[datetime, int]] = TypeAdapter(tuple[Instant, Number])
BY_SUBJECT: TypeAdapter[tuple[str, str, int | None]] = TypeAdapter(tuple[Code, Code, int | None])

BeginsOn = Annotated[ServiceDate, Path(description="The day from which the status holds.")]


class Renewed(Asked):
    """What works bring to a facility; what is not given stays."""

    name: Annotated[FacilityName, StringConstraints(min_length=1)] | None = None
    toilet_class: Code | None = None
    stalls_male: StallCount | None = None
    stalls_female: StallCount | None = None
    stalls_accessible: StallCount | None = None
    design_t_per_day: TonnesPerDay | None = None


class PhaseAsked(Asked):
    """A status from a day on."""

    status: FacilityStatus
    replaced_by: Code | None = Field(default=None, description="The facility that serves in its place meanwhile.")
    note: Remark = ""
    renewed: Renewed | None = Field(
        default=None,
        description="What holds from that day on, or what works are to bring; of what is in service again by default "
        "what the works before were to bring.",
    )


class PhaseAnswer(Answer):
    """A status from a day on; the first one has no such day."""

    begins_on: date | None
    status: FacilityStatus
    replaced_by: str | None
    note: str
    noted_by: str
    renewed: JsonObject = Field(
        description="Fields of the facility by name: what holds from then on, what works are to bring, or, of the "
        "first phase, what was before any works."
    )

    @classmethod
    def of(cls, row: PhaseRow) -> "PhaseAnswer":
        """Return the answer made of a stored phase."""
        return cls(
            begins_on=None if row.begins_on == BEFORE_ALL else row.begins_on,
            status=FacilityStatus(row.status),
            replaced_by=row.replaced_by,
            note=row.note,
            noted_by=row.noted_by,
            renewed=dict(row.renewed),
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
    ROUND = "round"


class Condition(StrEnum):
    """How an inspection or a repair found a thing."""

    GOOD = "good"
    WORN = "worn"
    BROKEN = "broken"


class UpkeepAsked(Asked):
    """An inspection, a fault, a repair, which may name the fault that it ends, or an attendant's round."""

    subject_kind: SubjectKind = SubjectKind.FACILITY
    subject_id: Code
    kind: UpkeepKind
    happened_at: Instant | None = Field(default=None, description="By default now by the town's clock.")
    condition: Condition | None = None
    fault_id: int | None = Field(default=None, ge=1, le=2**62)
    note: Remark = ""
    container: int | None = Field(default=None, ge=1, le=100_000, description="Which of a point's containers, from 1.")

    @model_validator(mode="after")
    def _makes_sense(self) -> "UpkeepAsked":
        if self.fault_id is not None and self.kind is not UpkeepKind.REPAIR:
            raise ValueError("only a repair names the fault that it ends")
        if self.container is not None and self.subject_kind is not SubjectKind.POINT:
            raise ValueError("only a point has containers")
        return self


class UpkeepAnswer(Answer):
    """An inspection, a fault, a repair or a round; `repaired_at` of a fault is when it was ended."""

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
    container: int | None


class ConditionAnswer(Answer):
    """How a facility, a point's containers or one of them is: as last found, and how many faults last."""

    subject_kind: SubjectKind
    subject_id: str
    container: int | None
    condition: Condition | None
    found_at: Instant | None = Field(description="When that condition was found.")
    inspected_at: Instant | None
    open_faults: int


class DatedPhaseAnswer(PhaseAnswer):
    """A phase and whose it is."""

    facility_id: str


class NotedAnswer(Answer):
    """The number of what was noted."""

    id: int


def _key_of_phase(row: PhaseRow) -> tuple[str, date]:
    return row.facility_id, row.begins_on


@router.get("/phases")
def list_phases(parts: AppParts, wanted: PageOf) -> Page[DatedPhaseAnswer]:
    """Return the dated phases of every facility that has any, each facility's in order of time."""
    with parts.database.connection() as connection:
        phases = [row for rows in load_phases(connection).values() for row in rows]
    rows = wanted.fetch_from(BY_PHASE, phases, _key_of_phase)
    return wanted.page(
        rows,
        lambda row: DatedPhaseAnswer(facility_id=row.facility_id, **PhaseAnswer.of(row).model_dump()),
        key=_key_of_phase,
    )


@router.get("/facilities/{facility_id}/phases")
def read_phases(facility_id: FacilityId, parts: AppParts) -> PhasesAnswer:
    """Return from when on a facility is planned, built, in service, renovated, retired."""
    with parts.database.connection() as connection:
        rows = load_phases_of(connection, facility_id)
    return PhasesAnswer(items=[PhaseAnswer.of(row) for row in rows])


@router.put("/facilities/{facility_id}/phases/{begins_on}", status_code=status.HTTP_204_NO_CONTENT)
def put_phase(facility_id: FacilityId, begins_on: BeginsOn, asked: PhaseAsked, user: SignedIn, parts: AppParts) -> None:
    """Note from when on a facility has a status, in the past or to come; 409 where it does not fit the others."""
    with parts.database.connection() as connection:
        today = load_today(connection)
        note_phase(
            connection,
            facility_id,
            begins_on,
            asked.status,
            user.user_name,
            note=asked.note,
            replaced_by=asked.replaced_by,
            renewed=None if asked.renewed is None else asked.renewed.model_dump(exclude_none=True),
        )
        apply_phases(connection, today.service_date)
        detail = {"begins_on": str(begins_on), "status": str(asked.status)}
        record_action(connection, today.now, user.user_name, "phase", f"facility {facility_id}", detail)


@router.delete("/facilities/{facility_id}/phases/{begins_on}", status_code=status.HTTP_204_NO_CONTENT)
def remove_phase(facility_id: FacilityId, begins_on: BeginsOn, user: SignedIn, parts: AppParts) -> None:
    """Forget a phase; the one before it lasts on."""
    with parts.database.connection() as connection:
        today = load_today(connection)
        forget_phase(connection, facility_id, begins_on)
        apply_phases(connection, today.service_date)
        detail = {"begins_on": str(begins_on)}
        record_action(connection, today.now, user.user_name, "forget phase", f"facility {facility_id}", detail)


@router.get("/upkeep")
def list_upkeep(
    parts: AppParts,
    wanted: PageOf,
    subject_kind: Annotated[SubjectKind | None, Query()] = None,
    subject_id: Annotated[Code | None, Query()] = None,
    open_faults: Annotated[bool, Query(description="Only faults that nobody has repaired.")] = False,
) -> Page[UpkeepAnswer]:
    """Return inspections, faults and repairs of facilities and of points' containers, the newest first."""
    with parts.database.connection() as connection:
        rows = wanted.fetch(
            BY_TIME_AND_NUMBER,
            lambda after, limit: load_upkeep(
                connection,
                subject_kind=subject_kind,
                subject_id=subject_id,
                open_faults=open_faults,
                after=after,
                limit=limit,
            ),
        )
    return wanted.page(rows, UpkeepAnswer.model_validate, key=lambda row: (row.happened_at, row.upkeep_id))


def _key_of_condition(row: ConditionRow) -> tuple[str, str, int | None]:
    return row.subject_kind, row.subject_id, row.container


@router.get("/upkeep/conditions")
def list_conditions(
    parts: AppParts, wanted: PageOf, subject_kind: Annotated[SubjectKind | None, Query()] = None
) -> Page[ConditionAnswer]:
    """Return the condition of each facility and of points' containers, as inspections and repairs last found it.

    All of which anything was noted, those with faults that last first.
    """
    with parts.database.connection() as connection:
        conditions = load_conditions(connection, subject_kind)
    rows = wanted.fetch_from(BY_SUBJECT, conditions, _key_of_condition)
    return wanted.page(rows, ConditionAnswer.model_validate, key=_key_of_condition)


@router.post("/upkeep", status_code=status.HTTP_201_CREATED)
def create_upkeep(asked: UpkeepAsked, user: SignedIn, parts: AppParts) -> NotedAnswer:
    """Note an inspection, a fault, or the repair that ends one."""
    with parts.database.connection() as connection:
        now = load_today(connection).now
        if asked.happened_at is not None and asked.happened_at > now + FUTURE_TOLERANCE:
            message = f"Expected an instant that has come; the town's time is {now:%Y-%m-%d %H:%M:%S}Z."
            raise wrong_field("body", "happened_at", message)
        number = note_upkeep(
            connection,
            (asked.subject_kind, asked.subject_id),
            asked.kind,
            asked.happened_at or now,
            user.user_name,
            condition=asked.condition,
            fault_id=asked.fault_id,
            note=asked.note,
            container=asked.container,
        )
        record_action(connection, now, user.user_name, asked.kind, f"{asked.subject_kind} {asked.subject_id}")
    return NotedAnswer(id=number)
