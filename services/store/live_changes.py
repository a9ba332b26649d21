"""What changed since a listener last looked: decided visits, and the newest plans with their falling costs."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import LiteralString
from uuid import UUID

from psycopg.rows import class_row

from services.store.connection import Connection


@dataclass(frozen=True, slots=True)
class VisitChange:
    """What was decided of a due visit; `change_id` counts up.

    `contractor_id` is whose the point is, `vehicle_contractor_id` whose the vehicle.
    """

    change_id: int
    service_date: date
    point_id: str
    occurrence: int
    status: str
    cleared_at: datetime | None
    vehicle_id: str | None
    reason: str | None
    contractor_id: str | None
    vehicle_contractor_id: str | None


@dataclass(frozen=True, slots=True)
class PlanState:
    """A plan's state; while it is being solved its cost and `unserved` are those of the best found yet."""

    plan_id: UUID
    service_date: date
    status: str
    published: bool
    cost: float | None
    served: int | None
    unserved: int | None
    elapsed_s: float | None


_VISIT_CHANGES: LiteralString = """
    SELECT change.change_id, change.service_date, change.point_id, change.occurrence, change.status,
        change.cleared_at, change.vehicle_id, change.reason, due.contractor_id,
        vehicle.contractor_id AS vehicle_contractor_id
    FROM due_visit_changes AS change LEFT JOIN due_visits AS due USING (service_date, point_id, occurrence)
    LEFT JOIN vehicles AS vehicle ON vehicle.vehicle_id = change.vehicle_id
    WHERE change.change_id > %(after)s ORDER BY change.change_id LIMIT %(limit)s"""

_NEWEST_PLANS: LiteralString = """
    SELECT plan.plan_id, plan.service_date, plan.status,
        plan.published_at IS NOT NULL AND plan.superseded_at IS NULL AS published,
        coalesce(plan.cost, best.cost) AS cost, plan.served, best.unserved, best.elapsed_s
    FROM (SELECT * FROM plans ORDER BY requested_at DESC LIMIT %(limit)s) AS plan
    LEFT JOIN LATERAL (
        SELECT cost, unserved, elapsed_s FROM plan_progress
        WHERE plan_progress.plan_id = plan.plan_id ORDER BY elapsed_s DESC LIMIT 1
    ) AS best ON true
    ORDER BY plan.requested_at"""


def last_visit_change(connection: Connection) -> int:
    """Return the number of the newest change; 0 where there is none."""
    row = connection.execute("SELECT coalesce(max(change_id), 0) FROM due_visit_changes").fetchone()
    assert row is not None, "a maximum has a row"
    return int(row[0])


def load_visit_changes(connection: Connection, after: int, limit: int) -> list[VisitChange]:
    """Return at most `limit` changes after the one with the number `after`, in their order."""
    with connection.cursor(row_factory=class_row(VisitChange)) as cursor:
        return cursor.execute(_VISIT_CHANGES, {"after": after, "limit": limit}).fetchall()


def load_newest_plans(connection: Connection, limit: int) -> list[PlanState]:
    """Return the state of the plans that were asked for last, the oldest of them first."""
    with connection.cursor(row_factory=class_row(PlanState)) as cursor:
        return cursor.execute(_NEWEST_PLANS, {"limit": limit}).fetchall()
