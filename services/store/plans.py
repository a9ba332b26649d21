"""Plans from request to publication: their state, what comes of them, what is unserved, and the falling cost."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any, LiteralString
from uuid import UUID, uuid4

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from services.domain.circumstances import Circumstances
from services.domain.errors import ConflictError, NotFoundError
from services.domain.kinds import PlanStatus
from services.domain.plan import Plan
from services.store.connection import Connection
from services.store.demand import save_told_demands

PLAN_CHANGED = "plan_changed"
"""Channel that names a plan whenever its status or publication changes."""

PLAN_PROGRESS = "plan_progress"
"""Channel that names a plan whenever its cost has fallen."""

DEFAULT_TIME_LIMIT_S = 30.0

DEFAULT_DEMAND_QUANTILE = 0.7
"""What waits at a point is not more than planned on so many days of 100; a truck's stops make up for each other."""

DEFAULT_CHANGE_COST = 5.0
"""A visit changes its vehicle only where that saves more than this: two and a half kilometres by the usual price."""


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """What was asked for; without `vehicle_ids` or `point_ids` all of the register is meant.

    `publish` sends the plan out as soon as it is ready. `seed` fixes the search's chance. `demand_quantile` is the
    chance with which no more waits at a point than is planned for, none for what is registered. A plan that revises
    another also has its `circumstances`, the instant `as_of` which it holds from (none is when it is worked on), and
    `change_cost`: what it may cost more, in the town's currency, to leave a visit to the vehicle that had it.
    """

    service_date: date
    time_limit_s: float = DEFAULT_TIME_LIMIT_S
    vehicle_ids: tuple[str, ...] | None = None
    point_ids: tuple[str, ...] | None = None
    publish: bool = False
    seed: int = 0
    circumstances: Circumstances = field(default_factory=Circumstances)
    as_of: datetime | None = None
    change_cost: float = DEFAULT_CHANGE_COST
    demand_quantile: float | None = DEFAULT_DEMAND_QUANTILE

    def fields(self) -> dict[str, Any]:
        """Return everything but the day as plain values."""
        fields = asdict(self)
        del fields["service_date"]
        fields["as_of"] = None if self.as_of is None else self.as_of.isoformat()
        return fields

    @classmethod
    def read(cls, service_date: date, stored: Mapping[str, Any]) -> "PlanRequest":
        """Return the request that `fields` wrote down, also by an earlier version."""
        fields = dict(stored)
        for name in ("vehicle_ids", "point_ids"):
            fields[name] = None if fields.get(name) is None else tuple(fields[name])
        fields["circumstances"] = Circumstances.read(fields.get("circumstances", {}))
        as_of = fields.get("as_of")
        fields["as_of"] = None if as_of is None else datetime.fromisoformat(as_of)
        return cls(service_date=service_date, **fields)


@dataclass(frozen=True, slots=True)
class PlanRow:
    """A plan's state; figures are there once it is ready, `failure` when it failed.

    `cost` is in the town's currency, `served` counts due visits, `request` is a PlanRequest's fields.
    """

    plan_id: UUID
    service_date: date
    status: PlanStatus
    requested_by: str
    requested_at: datetime
    request: dict[str, Any]
    replans_plan_id: UUID | None
    started_at: datetime | None
    finished_at: datetime | None
    published_at: datetime | None
    superseded_at: datetime | None
    cancel_requested: bool
    cost: float | None
    distance_m: int | None
    duration_s: int | None
    served: int | None
    notes: list[str]
    failure: str | None

    def __post_init__(self) -> None:
        """Turn the stored text into the status it names."""
        object.__setattr__(self, "status", PlanStatus(self.status))

    @property
    def is_published(self) -> bool:
        """Tell whether it is the day's plan that the trucks have now."""
        return self.published_at is not None and self.superseded_at is None

    @property
    def is_done(self) -> bool:
        """Tell whether nothing more will come of it by itself."""
        return self.status in (PlanStatus.READY, PlanStatus.FAILED, PlanStatus.CANCELLED)

    @property
    def asked(self) -> PlanRequest:
        """What was asked for."""
        return PlanRequest.read(self.service_date, self.request)


@dataclass(frozen=True, slots=True)
class UnservedRow:
    """A due visit that is in no route, and why."""

    point_id: str
    occurrence: int
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class ProgressRow:
    """How good the best plan was that had been found after `elapsed_s` of the search."""

    elapsed_s: float
    cost: float
    unserved: int


_PLAN: LiteralString = """
    SELECT plan_id, service_date, status, requested_by, requested_at, request, replans_plan_id, started_at,
        finished_at, published_at, superseded_at, cancel_requested, cost, distance_m, duration_s, served, notes, failure
    FROM plans"""


def create_plan(
    connection: Connection,
    request: PlanRequest,
    requested_by: str,
    now: datetime,
    replans_plan_id: UUID | None = None,
) -> UUID:
    """Store a request as a queued plan; `services.store.jobs.request_plan` also has it worked on."""
    plan_id = uuid4()
    connection.execute(
        "INSERT INTO plans (plan_id, service_date, status, requested_by, requested_at, request, replans_plan_id) "
        "VALUES (%s, %s, %s, %s, %s, %s, %s)",
        (plan_id, request.service_date, PlanStatus.QUEUED, requested_by, now, Jsonb(request.fields()), replans_plan_id),
    )
    if replans_plan_id is not None:
        save_told_demands(connection, plan_id, request.circumstances.urgent)
    _announce(connection, plan_id)
    return plan_id


def load_plan(connection: Connection, plan_id: UUID) -> PlanRow:
    """Return a plan.

    Raises:
        NotFoundError: there is none with this id.

    """
    with connection.cursor(row_factory=class_row(PlanRow)) as cursor:
        row = cursor.execute(f"{_PLAN} WHERE plan_id = %s", (plan_id,)).fetchone()
    if row is None:
        raise NotFoundError(f"There is no plan {plan_id}.")
    return row


def list_plans(connection: Connection, service_date: date) -> list[PlanRow]:
    """Return the plans of a service day, the newest first."""
    with connection.cursor(row_factory=class_row(PlanRow)) as cursor:
        query: LiteralString = f"{_PLAN} WHERE service_date = %s ORDER BY requested_at DESC, plan_id"
        return cursor.execute(query, (service_date,)).fetchall()


def find_published_plan(connection: Connection, service_date: date) -> PlanRow | None:
    """Return the plan that the trucks have for a service day."""
    return next((plan for plan in list_plans(connection, service_date) if plan.is_published), None)


def latest_published_date(connection: Connection) -> date | None:
    """Return the last service day for which a plan was published, if any."""
    row = connection.execute("SELECT max(service_date) FROM plans WHERE published_at IS NOT NULL").fetchone()
    return row[0] if row else None


def load_unserved(connection: Connection, plan_id: UUID) -> list[UnservedRow]:
    """Return what a plan leaves out, by point and occurrence."""
    with connection.cursor(row_factory=class_row(UnservedRow)) as cursor:
        cursor.execute(
            "SELECT point_id, occurrence, reason, detail FROM unserved WHERE plan_id = %s ORDER BY 1, 2", (plan_id,)
        )
        return cursor.fetchall()


def load_progress(connection: Connection, plan_id: UUID, after_elapsed_s: float = -1.0) -> list[ProgressRow]:
    """Return the falling costs of a plan's search since `after_elapsed_s`, in their order."""
    with connection.cursor(row_factory=class_row(ProgressRow)) as cursor:
        cursor.execute(
            "SELECT elapsed_s, cost, unserved FROM plan_progress WHERE plan_id = %s AND elapsed_s > %s ORDER BY 1",
            (plan_id, after_elapsed_s),
        )
        return cursor.fetchall()


def start_solving(connection: Connection, plan_id: UUID, now: datetime) -> PlanRow:
    """Mark a plan as being solved and forget the progress of an attempt that was cut off; return the plan.

    A plan that is done, or whose cancelling was asked for, keeps or gets that status instead: look at it.
    """
    connection.execute(
        """
        UPDATE plans SET
            status = CASE WHEN cancel_requested THEN 'cancelled' ELSE 'solving' END,
            started_at = coalesce(started_at, %(now)s),
            finished_at = CASE WHEN cancel_requested THEN %(now)s END
        WHERE plan_id = %(plan)s AND status IN ('queued', 'solving')
        """,
        {"plan": plan_id, "now": now},
    )
    connection.execute("DELETE FROM plan_progress WHERE plan_id = %s", (plan_id,))
    _announce(connection, plan_id)
    return load_plan(connection, plan_id)


def put_back(connection: Connection, plan_id: UUID) -> None:
    """Mark a plan that was being solved as queued again, because its worker stops."""
    connection.execute("UPDATE plans SET status = 'queued' WHERE plan_id = %s AND status = 'solving'", (plan_id,))
    _announce(connection, plan_id)


def add_progress(connection: Connection, plan_id: UUID, progress: ProgressRow) -> None:
    """Note that a better plan was found, and announce it (NOTIFY plan_progress)."""
    connection.execute(
        "INSERT INTO plan_progress (plan_id, elapsed_s, cost, unserved) VALUES (%s, %s, %s, %s) "
        "ON CONFLICT (plan_id, elapsed_s) DO UPDATE SET cost = excluded.cost, unserved = excluded.unserved",
        (plan_id, progress.elapsed_s, progress.cost, progress.unserved),
    )
    connection.execute("SELECT pg_notify(%s, %s)", (PLAN_PROGRESS, str(plan_id)))


def is_cancel_requested(connection: Connection, plan_id: UUID) -> bool:
    """Tell whether somebody wants the plan no more; so it is for one that was deleted."""
    row = connection.execute("SELECT cancel_requested FROM plans WHERE plan_id = %s", (plan_id,)).fetchone()
    return row is None or bool(row[0])


def cancel_plan(connection: Connection, plan_id: UUID, now: datetime) -> PlanRow:
    """Cancel a queued plan at once; ask the worker to cancel one that is being solved. Return the plan.

    Raises:
        NotFoundError: there is no such plan.
        ConflictError: it is done already.

    """
    cancelled = connection.execute(
        """
        UPDATE plans SET cancel_requested = true,
            status = CASE status WHEN 'queued' THEN 'cancelled' ELSE status END,
            finished_at = CASE status WHEN 'queued' THEN %(now)s ELSE finished_at END
        WHERE plan_id = %(plan)s AND status IN ('queued', 'solving')
        """,
        {"plan": plan_id, "now": now},
    )
    plan = load_plan(connection, plan_id)
    if cancelled.rowcount == 0:
        raise ConflictError(f"Plan {plan_id} is {plan.status} already and cannot be cancelled.")
    _announce(connection, plan_id)
    return plan


def finish_cancelled(connection: Connection, plan_id: UUID, now: datetime) -> None:
    """Mark a plan as cancelled, as was asked for."""
    _finish(connection, plan_id, PlanStatus.CANCELLED, now)


def finish_failed(connection: Connection, plan_id: UUID, failure: str, now: datetime) -> None:
    """Mark a plan as failed; `failure` is one sentence for the person who asked for it."""
    connection.execute("UPDATE plans SET failure = %s WHERE plan_id = %s", (failure, plan_id))
    _finish(connection, plan_id, PlanStatus.FAILED, now)


def finish_ready(connection: Connection, plan_id: UUID, plan: Plan, now: datetime) -> None:
    """Store a plan's routes and what it leaves out, and mark it as ready."""
    connection.execute("DELETE FROM routes WHERE plan_id = %s", (plan_id,))
    connection.execute("DELETE FROM unserved WHERE plan_id = %s", (plan_id,))
    with connection.cursor() as cursor:
        with cursor.copy("COPY routes (plan_id, vehicle_id, distance_m, duration_s, collected_kg) FROM STDIN") as copy:
            for route in plan.routes:
                copy.write_row((plan_id, route.vehicle_id, route.distance_m, route.duration_s, route.collected_kg))
        with cursor.copy(
            "COPY stops (plan_id, vehicle_id, sequence, kind, id, occurrence, arrive_at, depart_at, load_kg, "
            "collected_kg, leg_distance_m, leg_duration_s) FROM STDIN"
        ) as copy:
            for route in plan.routes:
                for sequence, stop in enumerate(route.stops, start=1):
                    copy.write_row(
                        (
                            *(plan_id, route.vehicle_id, sequence, stop.kind.value, stop.id, stop.occurrence),
                            *(stop.arrive_at, stop.depart_at, stop.load_kg, stop.collected_kg),
                            *(stop.leg_distance_m, stop.leg_duration_s),
                        )
                    )
        with cursor.copy("COPY unserved (plan_id, point_id, occurrence, reason, detail) FROM STDIN") as copy:
            for visit in plan.unserved:
                copy.write_row((plan_id, visit.point_id, visit.occurrence, visit.reason.value, visit.detail))
    connection.execute(
        "UPDATE plans SET cost = %s, distance_m = %s, duration_s = %s, served = %s, notes = %s WHERE plan_id = %s",
        (plan.cost, plan.distance_m, plan.duration_s, plan.served, list(plan.notes), plan_id),
    )
    _finish(connection, plan_id, PlanStatus.READY, now)


def _finish(connection: Connection, plan_id: UUID, status: PlanStatus, now: datetime) -> None:
    connection.execute("UPDATE plans SET status = %s, finished_at = %s WHERE plan_id = %s", (status, now, plan_id))
    _announce(connection, plan_id)


def save_leg_geometry(connection: Connection, plan_id: UUID, polylines: Mapping[tuple[str, int], str]) -> None:
    """Store the road to each stop, by vehicle and sequence, as encoded polylines with six digits."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE stops SET leg_polyline6 = %s WHERE plan_id = %s AND vehicle_id = %s AND sequence = %s",
            [(text, plan_id, vehicle_id, sequence) for (vehicle_id, sequence), text in polylines.items()],
        )


def assign_revisions(
    connection: Connection, plan_id: UUID, service_date: date, vehicle_ids: Sequence[str], now: datetime
) -> dict[str, int]:
    """Return the revision under which each vehicle gets this plan: one above its last of the day.

    A vehicle whose last revision is this plan's keeps it: a publication that was cut off is taken up again.
    """
    connection.execute("SELECT pg_advisory_xact_lock(hashtext('route_revisions'))")
    connection.execute(
        """
        INSERT INTO route_revisions (service_date, vehicle_id, revision, plan_id, published_at)
        SELECT %(day)s, vehicle_id, coalesce(last.revision, 0) + 1, %(plan)s, %(now)s
        FROM unnest(%(vehicles)s::text[]) AS vehicle_id
        LEFT JOIN LATERAL (
            SELECT revision, plan_id FROM route_revisions AS earlier
            WHERE earlier.service_date = %(day)s AND earlier.vehicle_id = vehicle_id.vehicle_id
            ORDER BY revision DESC LIMIT 1
        ) AS last ON true
        WHERE last.plan_id IS DISTINCT FROM %(plan)s
        """,
        {"day": service_date, "plan": plan_id, "now": now, "vehicles": list(vehicle_ids)},
    )
    rows = connection.execute(
        "SELECT vehicle_id, max(revision) FROM route_revisions WHERE service_date = %s AND vehicle_id = ANY(%s) "
        "GROUP BY vehicle_id",
        (service_date, list(vehicle_ids)),
    )
    return dict(rows.fetchall())


def add_note(connection: Connection, plan_id: UUID, note: str) -> None:
    """Add a sentence for the dispatcher to a plan's notes, once."""
    connection.execute(
        "UPDATE plans SET notes = array_append(notes, %s) WHERE plan_id = %s AND NOT notes @> ARRAY[%s]",
        (note, plan_id, note),
    )
    _announce(connection, plan_id)


def vehicles_sent_routes(connection: Connection, service_date: date) -> set[str]:
    """Return the vehicles that were ever sent a route for this service day."""
    rows = connection.execute(
        "SELECT DISTINCT vehicle_id FROM route_revisions WHERE service_date = %s", (service_date,)
    )
    return {row[0] for row in rows}


def mark_published(connection: Connection, plan_id: UUID, service_date: date, now: datetime) -> None:
    """Make a plan the day's published one; the one before is superseded."""
    superseded = connection.execute(
        "UPDATE plans SET superseded_at = %s WHERE service_date = %s AND plan_id <> %s "
        "AND published_at IS NOT NULL AND superseded_at IS NULL RETURNING plan_id",
        (now, service_date, plan_id),
    ).fetchall()
    connection.execute("UPDATE plans SET published_at = %s, superseded_at = NULL WHERE plan_id = %s", (now, plan_id))
    for (other,) in superseded:
        _announce(connection, other)
    _announce(connection, plan_id)


def _announce(connection: Connection, plan_id: UUID) -> None:
    connection.execute("SELECT pg_notify(%s, %s)", (PLAN_CHANGED, str(plan_id)))
