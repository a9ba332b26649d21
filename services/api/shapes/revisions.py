"""Changing a plan through the day: what is told and asked, and what is answered."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BeforeValidator, Field

from services.api.shapes.plans import LONGEST_TIME_LIMIT_S, PlanAnswer
from services.api.shapes.values import Answer, Asked, Code, Instant
from services.domain.circumstances import VehicleOrder
from services.routing.checker import Rule
from services.routing.revising import Priced
from services.store.plans import DEFAULT_CHANGE_COST

MOST_NAMED = 10_000
MOST_EDITS = 200
LONGEST_DELAY_S = 86_400
BIGGEST_LOAD_KG = 1e6

Kilograms = Annotated[
    float, Field(ge=0, le=BIGGEST_LOAD_KG, allow_inf_nan=False, description="What waits; else the register's figure.")
]
Sequence = Annotated[
    int, Field(ge=1, le=100_000, description="Before the stop that has it in the route now; else the cheapest place.")
]


class UrgentPointAsked(Asked):
    """A point that has to be visited before all others."""

    point_id: Code
    kg: Kilograms | None = None


class LateVehicleAsked(Asked):
    """A vehicle that is behind its route and does not tell so by its own position."""

    vehicle_id: Code
    late_s: int = Field(ge=0, le=LONGEST_DELAY_S)


class ReplanAsked(Asked):
    """What has happened since the plan was made; with nothing told, trucks that are late are reason enough."""

    time_limit_s: float = Field(default=30.0, gt=0, le=LONGEST_TIME_LIMIT_S, allow_inf_nan=False)
    broken_vehicles: list[Code] = Field(default_factory=list, max_length=MOST_NAMED, description="They go no further.")
    closed_facilities: list[Code] = Field(default_factory=list, max_length=MOST_NAMED, description="They take no more.")
    urgent_points: list[UrgentPointAsked] = Field(default_factory=list, max_length=MOST_EDITS)
    late_vehicles: list[LateVehicleAsked] = Field(default_factory=list, max_length=MOST_NAMED)
    now: Instant | None = Field(default=None, description="When the new routes begin; else the town's clock.")
    change_cost: float = Field(
        default=DEFAULT_CHANGE_COST,
        ge=0,
        le=1e5,
        allow_inf_nan=False,
        description="A visit changes its vehicle only where that saves more, in the town's currency.",
    )
    publish: bool = Field(default=False, description="Send it to the trucks as soon as it is ready.")


class InsertionAsked(Asked):
    """A point that somebody wants visited."""

    point_id: Code
    kg: Kilograms | None = None


class BrokenAnswer(Answer):
    """A rule that a plan would break."""

    rule: Rule
    vehicle_id: str | None
    stop_id: str | None
    sentence: str
    values: Annotated[dict[str, str | int], BeforeValidator(dict)] = Field(
        examples=[{"at": "09:40"}],
        description="What the sentence tells beyond rule, vehicle and stop, for another language: kilograms, counts, "
        "local times as HH:MM.",
    )


class PlaceAnswer(Answer):
    """A place for a visit, and what it costs more than the plan does now."""

    vehicle_id: str
    sequence: int | None = Field(description="Before the stop that has it now; none for a vehicle without a route.")
    arrive_at: datetime
    extra_cost: float
    extra_distance_m: int
    extra_duration_s: int
    broken: list[BrokenAnswer]


class InsertionAnswer(Answer):
    """The best places for a visit, the cheapest that break nothing first."""

    point_id: str
    occurrence: int = Field(description="Which of the point's visits it is; an extra one is above those due.")
    kg: float
    places: list[PlaceAnswer]

    @classmethod
    def of(cls, priced: Priced) -> "InsertionAnswer":
        """Return the answer made of priced places."""
        return cls.model_validate(priced)


class MoveAsked(Asked):
    """Give a visit that is due to a vehicle."""

    action: Literal["move"]
    point_id: Code
    occurrence: int = Field(default=1, ge=1, le=1_000)
    vehicle_id: Code
    sequence: Sequence | None = None


class InsertAsked(Asked):
    """Add a visit to a point, by a vehicle."""

    action: Literal["insert"]
    point_id: Code
    kg: Kilograms | None = None
    vehicle_id: Code
    sequence: Sequence | None = None


class VehicleAsked(Asked):
    """Lock a vehicle's route or open it again; take a vehicle out of the plan or back into it."""

    action: Literal[VehicleOrder.LOCK, VehicleOrder.UNLOCK, VehicleOrder.EXCLUDE, VehicleOrder.INCLUDE]
    vehicle_id: Code


class EditsAsked(Asked):
    """Changes by hand, made in their order."""

    edits: list[Annotated[MoveAsked | InsertAsked | VehicleAsked, Field(discriminator="action")]] = Field(
        min_length=1, max_length=MOST_EDITS
    )


class EditedPlanAnswer(PlanAnswer):
    """The draft that the changes made, and every rule that it breaks."""

    broken: list[BrokenAnswer]


class FiguresAnswer(Answer):
    """What a plan amounts to."""

    plan_id: UUID
    vehicles: int
    distance_m: int
    duration_s: int
    collected_kg: float
    tipped_kg: float
    served: int
    unserved: int
    cost: float


class MovedAnswer(Answer):
    """A visit that other vehicles make; no vehicle means that it is left out."""

    point_id: str
    occurrence: int
    from_vehicle_ids: list[str]
    to_vehicle_ids: list[str]
    from_at: datetime | None
    to_at: datetime | None


class ComparisonAnswer(Answer):
    """Two plans side by side."""

    before: FiguresAnswer
    after: FiguresAnswer
    moved: list[MovedAnswer]
    retimed: int = Field(description="Visits that keep their vehicle and come a minute or more earlier or later.")
