"""Streaming how one plan's cost falls until it is done."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from uuid import UUID

from fastapi.concurrency import run_in_threadpool
from pydantic_core import to_json

from services.api.database import Database
from services.api.live.hub import GREETING, LiveHub
from services.store.plans import PlanRow, ProgressRow, load_plan, load_progress

LOOKS_AGAIN_S = 5.0
"""Where no change was announced for so long, the store is asked all the same."""


async def plan_progress(database: Database, hub: LiveHub, plan_id: UUID) -> AsyncGenerator[bytes]:
    """Yield `progress` and `status` events of a plan: those so far at once, then as they happen."""
    last_elapsed_s, last_status = -1.0, None
    with hub.watching("plan", str(plan_id)) as wakes:
        yield GREETING
        while True:
            wakes.clear()
            plan, progress = await run_in_threadpool(_load, database, plan_id, last_elapsed_s)
            for step in progress:
                yield _event("progress", {"elapsed_s": step.elapsed_s, "cost": step.cost, "unserved": step.unserved})
                last_elapsed_s = step.elapsed_s
            if plan.status is not last_status:
                last_status = plan.status
                state = {"id": plan_id, "status": plan.status, "cost": plan.cost, "failure": plan.failure}
                yield _event("status", state)
            if plan.is_done:
                return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(wakes.wait(), LOOKS_AGAIN_S)


def _load(database: Database, plan_id: UUID, after_elapsed_s: float) -> tuple[PlanRow, list[ProgressRow]]:
    with database.connection() as connection:
        return load_plan(connection, plan_id), load_progress(connection, plan_id, after_elapsed_s)


def _event(name: str, data: dict[str, object]) -> bytes:
    return f"event: {name}\ndata: ".encode() + to_json(data) + b"\n\n"
