"""Planned against actual: what a vehicle was to do by its route, held against what it did."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.domain.kinds import DueVisitStatus, MissedReason, StopKind

DueKey = tuple[str, int]
"""The point and occurrence that identify a due visit within its service day."""


@dataclass(frozen=True, slots=True)
class PlannedStop:
    """A stop of the route; `occurrence` is of a point's due visit."""

    sequence: int
    kind: StopKind
    id: str | None
    occurrence: int | None
    arrive_at: datetime
    depart_at: datetime
    load_kg: float = 0.0


@dataclass(frozen=True, slots=True)
class MadeVisit:
    """A visit that the vehicle made; `occurrence` is of the due visit that it cleared, none where it cleared none."""

    visit_id: int
    point_id: str
    started_at: datetime
    ended_at: datetime
    occurrence: int | None
    collected_kg: float | None = None


@dataclass(frozen=True, slots=True)
class MadeTipping:
    """The vehicle on a weighbridge, coming in full."""

    facility_id: str
    weighed_at: datetime
    net_kg: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a due visit, by whichever vehicle."""

    status: DueVisitStatus
    vehicle_id: str | None
    reason: MissedReason | None = None
    by_hand: bool = False


class StopState(StrEnum):
    """What became of a planned stop at a point."""

    DONE = "done"
    DONE_BY_ANOTHER = "done_by_another"
    CLEARED_BY_HAND = "cleared_by_hand"
    """The office says that it is cleared; no visit tells when."""
    SKIPPED = "skipped"
    UNKNOWN = "unknown"
    """The vehicle's device was silent when it was to come."""
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class ComparedStop:
    """A planned stop at a point beside what became of it.

    `deviation_s` is by how much later than planned its service ended, negative where it was earlier. It is
    `out_of_order` where it was not made in its place among the others; as few as can be are said to be.
    """

    planned: PlannedStop
    state: StopState
    visit: MadeVisit | None = None
    deviation_s: float | None = None
    out_of_order: bool = False
    done_by_vehicle_id: str | None = None


@dataclass(frozen=True, slots=True)
class ComparedUnloading:
    """The n-th unloading that was planned beside the n-th that was made; either is none where there are fewer."""

    planned: PlannedStop | None
    made: MadeTipping | None

    @property
    def is_elsewhere(self) -> bool:
        """Tell whether it was made at another place than planned."""
        return self.planned is not None and self.made is not None and self.planned.id != self.made.facility_id


@dataclass(frozen=True, slots=True)
class Adherence:
    """A vehicle's route beside its day: its stops at points by sequence, unloadings, and visits that are extra."""

    vehicle_id: str
    stops: tuple[ComparedStop, ...]
    extra: tuple[MadeVisit, ...]
    unloadings: tuple[ComparedUnloading, ...]

    def count(self, state: StopState) -> int:
        """Return how many of the stops came to this."""
        return sum(stop.state is state for stop in self.stops)

    @property
    def out_of_order(self) -> int:
        """How many stops were made out of their order."""
        return sum(stop.out_of_order for stop in self.stops)

    @property
    def deviations_s(self) -> list[float]:
        """By how much each stop that was made was later than planned."""
        return [stop.deviation_s for stop in self.stops if stop.deviation_s is not None]

    @property
    def mean_deviation_s(self) -> float | None:
        """The mean over the stops that were made, late and early against each other."""
        return sum(self.deviations_s) / len(self.deviations_s) if self.deviations_s else None

    @property
    def largest_deviation_s(self) -> float | None:
        """That of the stop which was farthest from its time."""
        return max(self.deviations_s, key=abs, default=None)


def compare_route(
    vehicle_id: str,
    planned: Iterable[PlannedStop],
    visits: Iterable[MadeVisit],
    tippings: Iterable[MadeTipping],
    outcomes: Mapping[DueKey, Outcome],
) -> Adherence:
    """Hold a vehicle's route against what it did on the day; the result depends on no order of what is given.

    A visit is that of the stop whose due visit it cleared; one that cleared none is that of the first stop at its
    point that has none yet. What is left is extra. A stop without a visit is skipped where a later one was made, or
    where its due visit is missed; before that it is pending.
    """
    stops = sorted(planned, key=lambda stop: stop.sequence)
    points = [stop for stop in stops if stop.kind is StopKind.POINT]
    made = sorted(visits, key=lambda visit: (visit.started_at, visit.visit_id))
    visit_of = _assigned(points, made)
    last_made = max(visit_of, default=0)
    in_order = _in_order([sequence for sequence, _ in sorted(visit_of.items(), key=lambda item: _made_at(item[1]))])
    compared = tuple(
        ComparedStop(
            planned=stop,
            state=StopState.DONE,
            visit=visit,
            deviation_s=(visit.ended_at - stop.depart_at).total_seconds(),
            out_of_order=stop.sequence not in in_order,
        )
        if (visit := visit_of.get(stop.sequence)) is not None
        else _without_visit(vehicle_id, stop, outcomes, is_passed=stop.sequence < last_made)
        for stop in points
    )
    used = {visit.visit_id for visit in visit_of.values()}
    return Adherence(
        vehicle_id=vehicle_id,
        stops=compared,
        extra=tuple(visit for visit in made if visit.visit_id not in used),
        unloadings=_unloadings(stops, tippings),
    )


def _made_at(visit: MadeVisit) -> tuple[datetime, int]:
    return visit.started_at, visit.visit_id


def _assigned(points: Sequence[PlannedStop], made: Sequence[MadeVisit]) -> dict[int, MadeVisit]:
    """Return the visit of each stop that has one, by the stop's sequence."""
    found: dict[int, MadeVisit] = {}
    by_key = {(stop.id, stop.occurrence): stop.sequence for stop in points}
    left: dict[str, list[MadeVisit]] = defaultdict(list)
    for visit in made:
        sequence = None if visit.occurrence is None else by_key.get((visit.point_id, visit.occurrence))
        if sequence is None or sequence in found:
            left[visit.point_id].append(visit)
        else:
            found[sequence] = visit
    for stop in points:
        if stop.sequence not in found and left.get(stop.id or ""):
            found[stop.sequence] = left[stop.id or ""].pop(0)
    return found


def _without_visit(
    vehicle_id: str, stop: PlannedStop, outcomes: Mapping[DueKey, Outcome], *, is_passed: bool
) -> ComparedStop:
    outcome = outcomes.get((stop.id or "", stop.occurrence or 1))
    if outcome is not None and outcome.status is DueVisitStatus.CLEARED:
        if outcome.by_hand or outcome.vehicle_id in (None, vehicle_id):
            return ComparedStop(stop, StopState.CLEARED_BY_HAND)
        return ComparedStop(stop, StopState.DONE_BY_ANOTHER, done_by_vehicle_id=outcome.vehicle_id)
    if outcome is not None and outcome.reason is MissedReason.DEVICE_SILENT:
        return ComparedStop(stop, StopState.UNKNOWN)
    missed = outcome is not None and outcome.status is DueVisitStatus.MISSED
    return ComparedStop(stop, StopState.SKIPPED if missed or is_passed else StopState.PENDING)


def _in_order(sequences: Sequence[int]) -> set[int]:
    """Return the longest rising choice of `sequences`: what was made in its order; of several the earliest found."""
    tails: list[int] = []  # the index of the lowest end of a rising choice of each length
    before: dict[int, int | None] = {}
    for index, sequence in enumerate(sequences):
        length = bisect_left([sequences[tail] for tail in tails], sequence)
        before[index] = tails[length - 1] if length else None
        tails[length : length + 1] = [index]
    chosen: set[int] = set()
    index_or_none = tails[-1] if tails else None
    while index_or_none is not None:
        chosen.add(sequences[index_or_none])
        index_or_none = before[index_or_none]
    return chosen


def _unloadings(stops: Iterable[PlannedStop], tippings: Iterable[MadeTipping]) -> tuple[ComparedUnloading, ...]:
    planned = [stop for stop in stops if stop.kind is StopKind.STATION]
    made = sorted(tippings, key=lambda tipping: (tipping.weighed_at, tipping.facility_id))
    return tuple(
        ComparedUnloading(
            planned[number] if number < len(planned) else None,
            made[number] if number < len(made) else None,
        )
        for number in range(max(len(planned), len(made)))
    )
