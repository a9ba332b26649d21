"""Decided visits held against the true ones: what was right, what was made up, and what was overlooked."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from firmware_sim.truth import TruthEvent, TruthKind
from services.domain.visit import Visit

SLACK = timedelta(minutes=5)
"""A visit is the true one where it lies no farther than this from it."""
A_WAIT = timedelta(seconds=25)
"""Who stands longer than this beside a point without serving it does not drive past, he waits."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of visits: `passed` and `waited` are stops that were not served, and how many of them were cleared."""

    right: int = 0
    made_up: int = 0
    overlooked: int = 0
    passed: int = 0
    passed_cleared: int = 0
    waited: int = 0
    waited_cleared: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        """Return the sums."""
        return Tally(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))

    @property
    def precision(self) -> float:
        """The share of the decided visits that took place."""
        return _ratio(self.right, self.right + self.made_up)

    @property
    def recall(self) -> float:
        """The share of the true visits that were found."""
        return _ratio(self.right, self.right + self.overlooked)

    @property
    def false_clearances(self) -> float:
        """The share of the drive-pasts and skipped stops that became a visit."""
        return _ratio(self.passed_cleared, self.passed)

    @property
    def false_waits(self) -> float:
        """The share of the waits in traffic beside a point that became a visit."""
        return _ratio(self.waited_cleared, self.waited)


def judge(found: Sequence[Visit], truth: Iterable[TruthEvent], clock_error: timedelta) -> Tally:
    """Count; a visit is right where its vehicle served its point then, by the vehicle's own clock.

    One true visit makes one decided visit right; a second one of it is made up.
    """
    events = sorted(truth, key=lambda event: event.start)
    visits, right, overlooked = _without_right_ones(found, events, clock_error)
    made_up = sum(map(len, visits.values()))
    counts = {"passed": [0, 0], "waited": [0, 0]}
    for event in events:
        if event.served is False:
            count = counts["waited" if event.end - event.start > A_WAIT else "passed"]
            count[0] += 1
            count[1] += _nearest(visits[_key(event)], event, clock_error) is not None
    return Tally(right, made_up, overlooked, *counts["passed"], *counts["waited"])


def cleared_passes(
    found: Sequence[Visit], truth: Iterable[TruthEvent], clock_error: timedelta
) -> list[tuple[TruthEvent, Visit]]:
    """Return the stops that were driven past or skipped and became a visit, each with that visit."""
    events = sorted(truth, key=lambda event: event.start)
    visits, _, _ = _without_right_ones(found, events, clock_error)
    passes = [event for event in events if event.served is False and event.end - event.start <= A_WAIT]
    cleared = ((event, _nearest(visits[_key(event)], event, clock_error)) for event in passes)
    return [(event, visit) for event, visit in cleared if visit is not None]


def _without_right_ones(
    found: Sequence[Visit], events: Sequence[TruthEvent], clock_error: timedelta
) -> tuple[dict[tuple[str, str], list[Visit]], int, int]:
    """Return the visits that are nobody's, by vehicle and point, how many were right, and what was overlooked."""
    visits: dict[tuple[str, str], list[Visit]] = defaultdict(list)
    for visit in found:
        visits[visit.vehicle_id, visit.point_id].append(visit)
    right = overlooked = 0
    for event in events:
        if event.event is TruthKind.VISIT and event.served:
            match = _nearest(visits[_key(event)], event, clock_error)
            if match is None:
                overlooked += 1
            else:
                visits[_key(event)].remove(match)
                right += 1
    return visits, right, overlooked


def _key(event: TruthEvent) -> tuple[str, str]:
    return event.vehicle_id or "", event.point_id or ""


def _nearest(visits: Sequence[Visit], event: TruthEvent, clock_error: timedelta) -> Visit | None:
    start, end = event.start + clock_error - SLACK, event.end + clock_error + SLACK
    near = [visit for visit in visits if visit.interval.start <= end and visit.interval.end >= start]
    return min(near, key=lambda visit: abs(visit.interval.start - event.start - clock_error), default=None)


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
