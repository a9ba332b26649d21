"""Planned against actual: a vehicle's route beside what it did."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from services.api.shapes.values import Answer
from services.clearance.adherence import ComparedStop, ComparedUnloading, MadeVisit, StopState
from services.clearance.driven import DrivenRoute


class AdherenceAnswer(Answer):
    """A vehicle's day in figures: what its route planned, and what became of it."""

    vehicle_id: str
    date: date
    plan_id: UUID | None = Field(description="The plan it is held against; null where the vehicle had no route in it.")
    stops: int = Field(description="Planned stops at points.")
    done: int
    done_by_another: int = Field(description="Cleared by another vehicle.")
    cleared_by_hand: int = Field(description="Cleared by the office's word; no visit tells when.")
    skipped: int
    unknown: int = Field(description="Its device was silent when it was to come, so nobody can tell.")
    pending: int
    extra: int = Field(description="Visits that were not planned for it.")
    out_of_order: int = Field(description="Stops that were made, but not in their place; as few as can be.")
    mean_deviation_min: float | None = Field(
        description="Of the ends of service, later than planned; early counts against late."
    )
    largest_deviation_min: float | None
    unloadings_planned: int
    unloadings_made: int
    unloaded_kg: float
    planned_distance_m: float | None
    driven_distance_m: float | None = Field(description="By the odometer, else as rolled up from the fixes.")
    planned_start_at: datetime | None
    first_moved_at: datetime | None
    planned_end_at: datetime | None
    last_moved_at: datetime | None

    @classmethod
    def of(cls, driven: DrivenRoute) -> "AdherenceAnswer":
        """Return the answer made of a driven route."""
        return cls(**figures_of(driven))


class ComparedStopAnswer(Answer):
    """A planned stop at a point, and what became of it."""

    sequence: int
    point_id: str
    occurrence: int | None
    state: StopState
    planned_arrive_at: datetime
    planned_depart_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    deviation_min: float | None = Field(description="By how much later than planned its service ended.")
    out_of_order: bool
    visit_id: int | None
    collected_kg: float | None
    done_by_vehicle_id: str | None

    @classmethod
    def of(cls, stop: ComparedStop) -> "ComparedStopAnswer":
        """Return the answer made of a compared stop."""
        visit = stop.visit
        return cls(
            sequence=stop.planned.sequence,
            point_id=stop.planned.id or "",
            occurrence=stop.planned.occurrence,
            state=stop.state,
            planned_arrive_at=stop.planned.arrive_at,
            planned_depart_at=stop.planned.depart_at,
            started_at=None if visit is None else visit.started_at,
            ended_at=None if visit is None else visit.ended_at,
            deviation_min=_minutes(stop.deviation_s),
            out_of_order=stop.out_of_order,
            visit_id=None if visit is None else visit.visit_id,
            collected_kg=None if visit is None else visit.collected_kg,
            done_by_vehicle_id=stop.done_by_vehicle_id,
        )


class ExtraVisitAnswer(Answer):
    """A visit that was not planned for this vehicle."""

    visit_id: int
    point_id: str
    started_at: datetime
    ended_at: datetime
    clears_occurrence: int | None = Field(description="Of the point's due visits; null where it cleared none.")
    collected_kg: float | None

    @classmethod
    def of(cls, visit: MadeVisit) -> "ExtraVisitAnswer":
        """Return the answer made of a visit."""
        return cls(
            visit_id=visit.visit_id,
            point_id=visit.point_id,
            started_at=visit.started_at,
            ended_at=visit.ended_at,
            clears_occurrence=visit.occurrence,
            collected_kg=visit.collected_kg,
        )


class UnloadingAnswer(Answer):
    """The n-th unloading that was planned, and the n-th that a weighbridge saw; null where there are fewer."""

    planned_facility_id: str | None
    planned_at: datetime | None
    facility_id: str | None
    weighed_at: datetime | None
    net_kg: float | None
    elsewhere: bool = Field(description="At another place than planned.")

    @classmethod
    def of(cls, unloading: ComparedUnloading) -> "UnloadingAnswer":
        """Return the answer made of a compared unloading."""
        planned, made = unloading.planned, unloading.made
        return cls(
            planned_facility_id=None if planned is None else planned.id,
            planned_at=None if planned is None else planned.arrive_at,
            facility_id=None if made is None else made.facility_id,
            weighed_at=None if made is None else made.weighed_at,
            net_kg=None if made is None else round(made.net_kg, 1),
            elsewhere=unloading.is_elsewhere,
        )


class AdherenceDetailAnswer(AdherenceAnswer):
    """A vehicle's day stop by stop."""

    compared_stops: list[ComparedStopAnswer]
    extra_visits: list[ExtraVisitAnswer]
    unloadings: list[UnloadingAnswer]

    @classmethod
    def of(cls, driven: DrivenRoute) -> "AdherenceDetailAnswer":
        """Return the answer made of a driven route."""
        adherence = driven.adherence
        return cls(
            **figures_of(driven),
            compared_stops=[ComparedStopAnswer.of(stop) for stop in adherence.stops],
            extra_visits=[ExtraVisitAnswer.of(visit) for visit in adherence.extra],
            unloadings=[UnloadingAnswer.of(unloading) for unloading in adherence.unloadings],
        )


def figures_of(driven: DrivenRoute) -> dict[str, Any]:
    """Return the figures of a driven route by the names that they have here."""
    adherence = driven.adherence
    made = [pair.made for pair in adherence.unloadings if pair.made is not None]
    return {
        "vehicle_id": driven.vehicle_id,
        "date": driven.service_date,
        "plan_id": driven.plan_id,
        "stops": len(adherence.stops),
        **{state.value: adherence.count(state) for state in StopState},
        "extra": len(adherence.extra),
        "out_of_order": adherence.out_of_order,
        "mean_deviation_min": _minutes(adherence.mean_deviation_s),
        "largest_deviation_min": _minutes(adherence.largest_deviation_s),
        "unloadings_planned": sum(pair.planned is not None for pair in adherence.unloadings),
        "unloadings_made": len(made),
        "unloaded_kg": round(sum(tipping.net_kg for tipping in made), 1),
        "planned_distance_m": driven.planned_distance_m,
        "driven_distance_m": driven.movement.distance_m,
        "planned_start_at": driven.planned_start_at,
        "first_moved_at": driven.movement.first_moved_at,
        "planned_end_at": driven.planned_end_at,
        "last_moved_at": driven.movement.last_moved_at,
    }


def _minutes(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds / 60.0, 1)
