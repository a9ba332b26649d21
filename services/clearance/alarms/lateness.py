"""Alarms of due visits at risk: one for each truck that runs late or left something out, naming the visits."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from services.clearance.alarms.condition import Condition, Limits
from services.domain.kinds import AlarmKind
from services.store.alarm_signs import PlannedVisitSign

MOST_NAMED = 50
ROUNDED_TO_MIN = 10


def at_risk(visits: Iterable[PlannedVisitSign], limits: Limits, now: datetime) -> list[Condition]:
    """Return the trucks with planned visits that are at risk, from what is still pending of the day's plan.

    A visit is at risk where

    - its truck was there by the plan long ago (`alarm_due_visit_late_min`);
    - its truck has passed it by, and its window closes soon (`alarm_due_visit_closing_min`);
    - its truck runs so late that it comes after the window closes: by `alarm_due_visit_over_min` where that is within
      `alarm_due_visit_ahead_min` from now, by anything where the window closes soon.
    """
    by_vehicle: dict[str, list[PlannedVisitSign]] = defaultdict(list)
    for visit in visits:
        by_vehicle[visit.vehicle_id].append(visit)
    found = (_truck(vehicle_id, by_vehicle[vehicle_id], limits, now) for vehicle_id in sorted(by_vehicle))
    return [condition for condition in found if condition is not None]


def delay_of(pending: Iterable[PlannedVisitSign], now: datetime) -> timedelta:
    """Return by how much a truck is behind its plan: as it was at its last visit, or as it is while the next waits."""
    delay = timedelta(0)
    for visit in pending:
        delay = max(delay, visit.last_delay or delay)
        if not visit.is_passed_by:
            delay = max(delay, now - visit.planned_at)
    return delay


def _truck(vehicle_id: str, pending: list[PlannedVisitSign], limits: Limits, now: datetime) -> Condition | None:
    late, closing = limits.get("alarm_due_visit_late_min"), limits.get("alarm_due_visit_closing_min")
    ahead, over = limits.get("alarm_due_visit_ahead_min"), limits.get("alarm_due_visit_over_min")
    if late is None or closing is None or ahead is None or over is None:
        return None
    pending = sorted(pending, key=lambda visit: (visit.planned_at, visit.point_id, visit.occurrence))
    delay = delay_of(pending, now)

    def chosen(late_min: float, closing_min: float, over_min: float) -> list[PlannedVisitSign]:
        return [
            visit
            for visit in pending
            if _minutes(now - visit.planned_at) > late_min
            or (_minutes(visit.due_to - now) < closing_min and (visit.is_passed_by or _over_min(visit, delay) > 0))
            or (
                not visit.is_passed_by
                and _over_min(visit, delay) > over_min
                and _minutes(visit.due_to - now) < ahead.raise_above
            )
        ]

    raised = chosen(late.raise_above, closing.raise_above, over.raise_above)
    named = raised or chosen(late.keep_above, closing.keep_above, over.keep_above)
    if not named:
        return None
    return Condition(
        AlarmKind.DUE_VISIT_AT_RISK,
        "vehicle",
        vehicle_id,
        {
            "count": len(named),
            "late_min": int(_minutes(delay)) // ROUNDED_TO_MIN * ROUNDED_TO_MIN,
            "due_to": min(visit.due_to for visit in named).isoformat(),
            "visits": [_named(visit) for visit in named[:MOST_NAMED]],
        },
        raises=bool(raised),
        goes_on=True,
    )


def _over_min(visit: PlannedVisitSign, delay: timedelta) -> float:
    """Return by how many minutes the truck comes after the visit's window, as late as it is."""
    return _minutes(visit.planned_at + delay - visit.due_to)


def _minutes(span: timedelta) -> float:
    return span.total_seconds() / 60.0


def _named(visit: PlannedVisitSign) -> dict[str, object]:
    return {
        "point_id": visit.point_id,
        "occurrence": visit.occurrence,
        "planned_at": visit.planned_at.isoformat(),
        "due_to": visit.due_to.isoformat(),
        "passed_by": visit.is_passed_by,
    }
