"""What became of each due visit: the day's visits matched with the visits that were due."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from scipy.optimize import linear_sum_assignment

from services.domain.due import DueVisit
from services.domain.kinds import DueVisitStatus, MissedReason
from services.domain.visit import DueVisitDecision, Visit

DueKey = tuple[str, int]
"""The point and occurrence that identify a due visit within its service day."""


@dataclass(frozen=True, slots=True)
class PlannedStop:
    """Which vehicle is planned to serve a due visit, and when it is to arrive."""

    vehicle_id: str
    arrive_at: datetime


def decide_due_visits(
    due: Iterable[DueVisit],
    visits: Iterable[Visit],
    planned: Mapping[DueKey, PlannedStop],
    now: datetime,
) -> list[DueVisitDecision]:
    """Decide each due visit of a service day; the result does not depend on the order of what is given.

    One visit clears at most one due visit, as many due visits are cleared as can be, and among the ways to
    do that the one of greatest confidence, then of earliest visits, is taken. A due visit that is not
    cleared is missed once `now` has passed its last window, and pending before.
    """
    visits_at: dict[str, list[Visit]] = defaultdict(list)
    for visit in visits:
        visits_at[visit.point_id].append(visit)
    due_at: dict[str, list[DueVisit]] = defaultdict(list)
    for item in due:
        due_at[item.point_id].append(item)
    decisions: list[DueVisitDecision] = []
    for point_id in sorted(due_at):
        due_here = sorted(due_at[point_id], key=lambda item: item.occurrence)
        here = sorted(visits_at.get(point_id, ()), key=_visit_order)
        cleared_by = match_visits(due_here, here)
        unused = len(here) > sum(visit is not None for visit in cleared_by)
        decisions += [
            _decision(item, visit, planned.get((point_id, item.occurrence)), now, visited=unused)
            for item, visit in zip(due_here, cleared_by, strict=True)
        ]
    return decisions


def excuse_silent(decisions: Iterable[DueVisitDecision], silent: AbstractSet[DueKey]) -> list[DueVisitDecision]:
    """Return the decisions with those of `silent` due visits told apart from what was planned and not done.

    The device of the vehicle that was planned for these told nothing then, so nobody can know whether it came.
    """
    return [
        replace(decision, reason=MissedReason.DEVICE_SILENT)
        if decision.reason is MissedReason.PLANNED_BUT_NOT_VISITED
        and (decision.due.point_id, decision.due.occurrence) in silent
        else decision
        for decision in decisions
    ]


def match_visits(due: Sequence[DueVisit], visits: Sequence[Visit]) -> list[Visit | None]:
    """Return for each due visit of one point the visit that clears it.

    `visits` are in order of time.
    """
    if not visits:
        return [None] * len(due)
    allowed = np.array([[item.in_window(visit.interval) for visit in visits] for item in due])
    if allowed.shape == (1, 1):
        return [visits[0] if allowed[0, 0] else None]
    # A cleared due visit outweighs every confidence, a confidence every order of time; occurrences take the
    # visits in order, which a product of two rising sequences rewards.
    count = len(due) * len(visits)
    places = np.outer(np.arange(len(due)), np.arange(len(visits))) / (count * count * 1e3)
    earlier = np.arange(len(visits)) / (len(visits) * 1e2)
    confidence = np.array([visit.confidence for visit in visits])
    worth = np.where(allowed, 1e3 * len(due) + confidence - earlier + places, 0.0)
    rows, columns = linear_sum_assignment(worth, maximize=True)
    chosen = {int(row): int(column) for row, column in zip(rows, columns, strict=True) if allowed[row, column]}
    return [visits[chosen[row]] if row in chosen else None for row in range(len(due))]


def _visit_order(visit: Visit) -> tuple[datetime, datetime, str]:
    return visit.interval.start, visit.interval.end, visit.vehicle_id


def _decision(
    due: DueVisit, cleared_by: Visit | None, planned: PlannedStop | None, now: datetime, *, visited: bool
) -> DueVisitDecision:
    if cleared_by is not None:
        return DueVisitDecision(due, DueVisitStatus.CLEARED, cleared_by)
    missed = now >= due.windows[-1].end
    if visited:
        reason: MissedReason | None = MissedReason.VISITED_OUTSIDE_WINDOW
    elif planned is None:
        reason = MissedReason.NOT_PLANNED
    else:
        reason = MissedReason.PLANNED_BUT_NOT_VISITED if missed else None
    return DueVisitDecision(due, DueVisitStatus.MISSED if missed else DueVisitStatus.PENDING, None, reason)
