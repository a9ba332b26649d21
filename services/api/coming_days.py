"""Days that clearance has not begun: what is due on them by the register, pending, as its first decision will say."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from services.api.kept_answers import holds_only_now
from services.api.today import Today
from services.clearance.decide import PlannedStop, decide_due_visits
from services.domain.clearance import UNASSIGNED, ClearanceFigure, ClearanceGroup
from services.domain.due import due_visits, visits_due
from services.domain.registry import CollectionPoint
from services.store.clearance_figures import EVERY_DUE_VISIT, DueVisitFilter, DueVisitRow
from services.store.connection import Connection
from services.store.registry import load_points, load_zones
from services.store.visits import has_due_visits, load_planned_visits


def is_coming(connection: Connection, today: Today, day: date) -> bool:
    """Tell whether `day` is today or later and has no due visits yet: clearance makes them when the day begins."""
    coming = day >= today.service_date and not has_due_visits(connection, day)
    if coming:
        holds_only_now()  # what is due and what is late of it is worked out by the clock
    return coming


def coming_counts(connection: Connection, day: date) -> Mapping[str, int]:
    """Return how many visits each point will require on `day`."""
    return {point.point_id: visits_due(point, day) for point in load_points(connection)}


def coming_due_visits(
    connection: Connection, today: Today, day: date, wanted: DueVisitFilter = EVERY_DUE_VISIT
) -> list[DueVisitRow]:
    """Return what will be due on `day`, by point and occurrence: pending, and whose it is by the published plans."""
    points = {point.point_id: point for point in load_points(connection)}
    contractor_of = {zone.zone_id: zone.contractor_id for zone in load_zones(connection)}
    planned = {
        (stop.point_id, stop.occurrence): PlannedStop(stop.vehicle_id, stop.arrive_at)
        for stop in load_planned_visits(connection, day)
    }
    found = []
    for decision in decide_due_visits(due_visits(today.town, points.values(), day), (), planned, today.now):
        due, point = decision.due, points[decision.due.point_id]
        stop = planned.get((due.point_id, due.occurrence))
        row = DueVisitRow(
            service_date=day,
            point_id=due.point_id,
            point_name=point.name,
            lon=point.lon,
            lat=point.lat,
            occurrence=due.occurrence,
            zone_id=point.zone_id,
            contractor_id=_contractor(point, contractor_of),
            due_from=due.due_from.start,
            due_to=due.due_from.end,
            expected_kg=due.expected_kg,
            status=decision.status,
            cleared_at=None,
            vehicle_id=None if stop is None else stop.vehicle_id,
            planned_vehicle_id=None if stop is None else stop.vehicle_id,
            planned_at=None if stop is None else stop.arrive_at,
            reason=decision.reason,
            visit_id=None,
            confidence=None,
            evidence=(),
            decided_at=today.now,
        )
        if _is_wanted(row, wanted):
            found.append(row)
    return sorted(found, key=lambda row: (row.point_id, row.occurrence))


def coming_figures(today: Today, rows: Sequence[DueVisitRow], group_by: ClearanceGroup) -> list[ClearanceFigure]:
    """Return the figures of a coming day's due visits, by key."""
    by_key: dict[str, list[DueVisitRow]] = defaultdict(list)
    for row in rows:
        by_key[_key(today, row, group_by)].append(row)
    return [_figure(key, by_key[key]) for key in sorted(by_key)]


def _figure(key: str, rows: Sequence[DueVisitRow]) -> ClearanceFigure:
    reasons: dict[str, int] = defaultdict(int)
    for row in rows:
        if row.reason is not None:
            reasons[str(row.reason)] += 1
    return ClearanceFigure(
        service_date=rows[0].service_date,
        key=key,
        due=len(rows),
        pending=len(rows),
        expected_kg=sum(row.expected_kg for row in rows),
        not_cleared_by_reason=dict(reasons),
    )


def _key(today: Today, row: DueVisitRow, group_by: ClearanceGroup) -> str:
    if group_by is ClearanceGroup.TOWN:
        return today.town.name
    if group_by is ClearanceGroup.HOUR:
        at = row.planned_at or row.due_to - timedelta(milliseconds=1)
        return f"{at.astimezone(today.town.zone_info):%H}:00"
    keys = {
        ClearanceGroup.ZONE: row.zone_id,
        ClearanceGroup.CONTRACTOR: row.contractor_id,
        ClearanceGroup.VEHICLE: row.vehicle_id,
    }
    return keys[group_by] or UNASSIGNED


def _contractor(point: CollectionPoint, contractor_of: Mapping[str, str | None]) -> str | None:
    return None if point.zone_id is None else contractor_of.get(point.zone_id)


def _is_wanted(row: DueVisitRow, wanted: DueVisitFilter) -> bool:
    asked = {
        "status": wanted.status,
        "reason": wanted.reason,
        "zone_id": wanted.zone_id,
        "contractor_id": wanted.contractor_id,
        "vehicle_id": wanted.vehicle_id,
        "point_id": wanted.point_id,
    }
    return all(value is None or getattr(row, name) == value for name, value in asked.items())
