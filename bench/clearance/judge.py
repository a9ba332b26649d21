"""Decided visits held against the true ones: what was right, what was made up, and what was overlooked."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from bench.clearance.passages import Passage
from firmware_sim.truth import TruthEvent, TruthKind
from services.domain.visit import Visit

SLACK = timedelta(minutes=5)
"""A visit is the true one where it lies no farther than this from it."""
A_WAIT = timedelta(seconds=25)
"""Who stands longer than this beside a point without serving it does not drive past, he waits."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of visits.

    `passed` and `waited` are stops of the truck's own route that it did not make. `came_by` and `stood_by` are all
    passages of due points, on a route or not: driving, and standing in them for 25 s or more, be it for a neighbour or
    for nothing. Each beside how many of them became a visit.
    """

    right: int = 0
    made_up: int = 0
    overlooked: int = 0
    passed: int = 0
    passed_cleared: int = 0
    waited: int = 0
    waited_cleared: int = 0
    came_by: int = 0
    came_by_cleared: int = 0
    stood_by: int = 0
    stood_by_cleared: int = 0

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
        """The share of the stops that were planned, and driven past or left out, that became a visit."""
        return _ratio(self.passed_cleared, self.passed)

    @property
    def false_by_the_way(self) -> float:
        """The share of all passages of due points, driving or with a stand in them, that became a visit."""
        return _ratio(self.came_by_cleared + self.stood_by_cleared, self.came_by + self.stood_by)


def judge(
    found: Sequence[Visit], truth: Iterable[TruthEvent], clock_error: timedelta, passages: Iterable[Passage] = ()
) -> Tally:
    """Count; a visit is right where its vehicle served its point then, by the vehicle's own clock.

    One true visit makes one decided visit right; a second one of it is made up, and so is one where none was. Of
    several passages about a visit that was made up it belongs to the nearest.
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
    ways = {"came": [0, 0], "stood": [0, 0]}
    for passage, is_cleared in _passages_judged(visits, passages, clock_error):
        count = ways["stood" if passage.halted_s >= A_WAIT.total_seconds() else "came"]
        count[0] += 1
        count[1] += is_cleared
    return Tally(right, made_up, overlooked, *counts["passed"], *counts["waited"], *ways["came"], *ways["stood"])


def _passages_judged(
    visits: Mapping[tuple[str, str], Sequence[Visit]], passages: Iterable[Passage], clock_error: timedelta
) -> list[tuple[Passage, bool]]:
    """Return each passage, and whether one of the visits that are nobody's belongs to it."""
    by_key: dict[tuple[str, str], list[Passage]] = defaultdict(list)
    for passage in passages:
        by_key[passage.vehicle_id, passage.point_id].append(passage)
    found = []
    for key, here in by_key.items():
        claimed = {_passage_of(visit, here, clock_error) for visit in visits.get(key, ())}
        found += [(passage, number in claimed) for number, passage in enumerate(here)]
    return found


def _passage_of(visit: Visit, passages: Sequence[Passage], clock_error: timedelta) -> int | None:
    """Return which of the passages a visit belongs to: the nearest in time, within the slack."""
    apart = [
        max(passage.start + clock_error - visit.interval.end, visit.interval.start - passage.end - clock_error)
        for passage in passages
    ]
    nearest = min(range(len(passages)), key=lambda number: (apart[number], number))
    return nearest if apart[nearest] <= SLACK else None


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
