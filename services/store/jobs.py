"""The queue of work that outlives a process: asking for a plan to be made, and to be sent to the trucks."""

from datetime import datetime
from uuid import UUID

from procrastinate import App, SyncPsycopgConnector

from services.domain.errors import ConflictError
from services.domain.kinds import PlanStatus
from services.store.connection import Connection
from services.store.plans import PlanRequest, create_plan, load_plan

PLANNING_QUEUE = "planning"
PUBLISHING_QUEUE = "publishing"
"""A queue of its own, so that sending a plan out never waits for another one's search."""

PLAN_DAY = "plan_day"
PUBLISH_PLAN = "publish_plan"
PLAN_DISTRICT = "plan_district"
"""Tasks of services.routing.worker; all take `plan_id`."""

# Jobs are added over the caller's connection, so this application never opens one of its own.
_queue = App(connector=SyncPsycopgConnector())


def request_plan(
    connection: Connection,
    request: PlanRequest,
    requested_by: str,
    now: datetime,
    replans_plan_id: UUID | None = None,
) -> UUID:
    """Store a request and have a worker plan it, both with the caller's transaction; return the plan's id."""
    plan_id = create_plan(connection, request, requested_by, now, replans_plan_id)
    _add(connection, PLAN_DAY, PLANNING_QUEUE, plan_id)
    return plan_id


def request_districts(connection: Connection, plan_id: UUID, count: int, wait_s: int = 0) -> None:
    """Have so many workers plan a district of a plan each, after so many seconds, before they begin another plan."""
    after = {"seconds": wait_s} if wait_s else None
    for _ in range(count):
        _queue.configure_task(
            PLAN_DISTRICT, queue=PLANNING_QUEUE, priority=1, schedule_in=after, connection=connection
        ).defer(plan_id=str(plan_id))


def request_publication(connection: Connection, plan_id: UUID) -> None:
    """Have a worker send a plan to the trucks, with the caller's transaction.

    Raises:
        NotFoundError: there is no such plan.
        ConflictError: it is not ready.

    """
    plan = load_plan(connection, plan_id)
    if plan.status is not PlanStatus.READY:
        raise ConflictError(f"Plan {plan_id} is {plan.status}; only one that is ready can be published.")
    _add(connection, PUBLISH_PLAN, PUBLISHING_QUEUE, plan_id)


def _add(connection: Connection, task: str, queue: str, plan_id: UUID) -> None:
    deferrer = _queue.configure_task(
        task,
        queue=queue,
        # One plan's jobs run one after the other, whichever worker has them.
        lock=f"{task} {plan_id}",
        connection=connection,
    )
    deferrer.defer(plan_id=str(plan_id))
