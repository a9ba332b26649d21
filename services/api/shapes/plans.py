"""Plans, their routes and stops, and what they leave out."""

from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

import msgspec
from pydantic import Field

from services.api.shapes.values import Answer, Asked, Code, ServiceDate
from services.domain.circumstances import Circumstances
from services.domain.demand import DemandSource
from services.domain.kinds import PlanStatus, StopKind, UnservedReason
from services.store.plans import DEFAULT_DEMAND_QUANTILE, PlanRow
from services.store.routes import RouteRow, StopRow

LONGEST_TIME_LIMIT_S = 3600


class PlanAsked(Asked):
    """The service day to plan, and what for; without `vehicles` or `points` all of the register is meant."""

    date: ServiceDate = Field(examples=["2026-11-22"])
    time_limit_s: float = Field(
        default=30.0, gt=0, le=LONGEST_TIME_LIMIT_S, allow_inf_nan=False, description="Seconds to search for."
    )
    vehicles: list[Code] | None = Field(default=None, min_length=1, max_length=10_000, description="Vehicle ids.")
    points: list[Code] | None = Field(default=None, min_length=1, max_length=100_000, description="Point ids.")
    demand_quantile: float | None = Field(
        default=DEFAULT_DEMAND_QUANTILE,
        ge=0.05,
        le=0.99,
        allow_inf_nan=False,
        description="The chance with which no more waits at a point than is planned for; `null` plans on what is "
        "registered instead of the forecast.",
    )


class PlanSummary(Answer):
    """A plan's state; the figures are there once it is ready."""

    id: UUID
    date: date
    status: PlanStatus
    published: bool = Field(description="Whether it is the day's plan that the trucks have now.")
    published_at: datetime | None
    requested_by: str
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    time_limit_s: float
    cost: float | None = Field(description="In the town's currency.")
    distance_m: int | None
    duration_s: int | None
    served: int | None = Field(description="Due visits in the routes.")
    failure: str | None = Field(description="Why it failed.")
    revision_of: UUID | None = Field(description="The plan that it revises.")

    @classmethod
    def of(cls, plan: PlanRow, *, with_figures: bool = True) -> "PlanSummary":
        """Return the answer made of a stored plan; its sums over the town only `with_figures`."""
        figures = ("cost", "distance_m", "duration_s", "served")
        return cls.model_validate(
            {
                "id": plan.plan_id,
                "date": plan.service_date,
                "published": plan.is_published,
                "revision_of": plan.replans_plan_id,
                "time_limit_s": plan.asked.time_limit_s,
                **{name: getattr(plan, name) if with_figures else None for name in figures},
                **{name: getattr(plan, name) for name in _SAME_NAMES},
            }
        )


_SAME_NAMES = ("status", "published_at", "requested_by", "requested_at", "started_at", "finished_at", "failure")


class StopAnswer(Answer):
    """A stop of a route."""

    sequence: int
    kind: StopKind
    id: str | None
    lon: float | None
    lat: float | None
    name: str | None
    arrive_at: datetime
    depart_at: datetime
    load_kg: float = Field(description="On board at departure.")
    collected_kg: float
    occurrence: int | None = Field(description="Which of the point's due visits of the day.")
    demand_kg: float | None = Field(description="What the visit is planned on.")
    demand_source: DemandSource | None = Field(
        description="Where that is from: the point's `forecast`, its container's `reading`, what somebody `told`, or "
        "what is `registered`."
    )
    leg_distance_m: int = Field(description="From the stop before.")
    leg_duration_s: int = Field(description="From the stop before.")


class RouteAnswer(Answer):
    """A vehicle's route."""

    vehicle_id: str
    distance_m: int
    duration_s: int
    collected_kg: float
    stops: list[StopAnswer]

    @classmethod
    def of(cls, route: RouteRow, stops: Iterable[StopRow]) -> "RouteAnswer":
        """Return the answer made of a stored route and its stops."""
        return cls(
            vehicle_id=route.vehicle_id,
            distance_m=route.distance_m,
            duration_s=route.duration_s,
            collected_kg=route.collected_kg,
            stops=[StopAnswer.model_validate(stop) for stop in stops],
        )


_StopJson = msgspec.defstruct("StopJson", [*StopAnswer.model_fields])
_RouteJson = msgspec.defstruct("RouteJson", [*RouteAnswer.model_fields])
_ENCODER = msgspec.json.Encoder()


def route_json(route: RouteRow, stops: Iterable[StopRow]) -> bytes:
    """Return what `RouteAnswer.of` would write (a test compares), in a fifth of the time."""
    written = [
        _StopJson(
            stop.sequence,
            stop.kind,
            stop.id,
            stop.lon,
            stop.lat,
            stop.name,
            stop.arrive_at,
            stop.depart_at,
            stop.load_kg,
            stop.collected_kg,
            stop.occurrence,
            stop.demand_kg,
            stop.demand_source,
            stop.leg_distance_m,
            stop.leg_duration_s,
        )
        for stop in stops
    ]
    return _ENCODER.encode(_RouteJson(*route, written))


class UnservedAnswer(Answer):
    """A due visit that is in no route, and why."""

    point_id: str
    occurrence: int
    reason: UnservedReason
    detail: str


class UrgentVisitAnswer(Answer):
    """A visit that goes before all others."""

    point_id: str
    occurrence: int
    kg: float | None = Field(description="What waits there, where it was told.")


class CircumstancesAnswer(Answer):
    """What the plan takes into account beyond the register; its revisions take it over."""

    broken_vehicles: list[str]
    excluded_vehicles: list[str]
    locked_vehicles: list[str]
    closed_facilities: list[str]
    urgent_points: list[UrgentVisitAnswer]

    @classmethod
    def of(cls, circumstances: Circumstances) -> "CircumstancesAnswer":
        """Return the answer made of what a plan's request keeps."""
        return cls(
            broken_vehicles=list(circumstances.broken_vehicle_ids),
            excluded_vehicles=list(circumstances.excluded_vehicle_ids),
            locked_vehicles=list(circumstances.locked_vehicle_ids),
            closed_facilities=list(circumstances.closed_facility_ids),
            urgent_points=[UrgentVisitAnswer.model_validate(visit) for visit in circumstances.urgent],
        )


class PlanAnswer(PlanSummary):
    """A plan with its routes and what it leaves out.

    To people who see a part of the town only, these and the sums are of that part.
    """

    notes: list[str]
    circumstances: CircumstancesAnswer | None
    unserved: list[UnservedAnswer]
    routes: list[RouteAnswer]
