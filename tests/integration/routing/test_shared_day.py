"""A day too large for one planner, shared among the processes of several; one of them is killed over its district."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID

import pytest

from services.domain.kinds import PlanStatus
from services.store import plans
from services.store.connection import connect
from services.store.plan_districts import DistrictRow, count_planners, load_districts
from tests.integration.routing.conftest import ask, done, plan_of, planner_process, store_town
from tests.road_servers import Served, wait_until

STARTED_WITHIN_S = 300.0


@pytest.fixture
def planners(
    fresh_database: str, mqtt_url: str, roads: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list["subprocess.Popen[bytes]"]]:
    """Three planners that share days of more than three visits, all of them loaded."""
    monkeypatch.setenv("RIQING_PLANNER_DISTRICT_VISITS", "3")
    with connect(fresh_database) as connection:
        store_town(connection)
    with ExitStack() as stack:
        found = [
            stack.enter_context(planner_process(fresh_database, mqtt_url, roads.url, tmp_path / f"planner{number}.log"))
            for number in range(3)
        ]
        wait_until(lambda: planners_of(fresh_database) == 3, STARTED_WITHIN_S)
        yield found
        for planner in found:
            planner.send_signal(signal.SIGCONT)


def planners_of(database_url: str) -> int:
    """Count the planners that are at work."""
    with connect(database_url) as connection:
        return count_planners(connection)


def districts_of(database_url: str, plan_id: UUID) -> list[DistrictRow]:
    """Return how far a plan's districts are."""
    with connect(database_url) as connection:
        return load_districts(connection, plan_id, 60.0)


def holders(database_url: str, plan_id: UUID) -> set[int]:
    """Return the processes that work on a plan's districts, or have."""
    return {int(row.taken_by.split()[-1]) for row in districts_of(database_url, plan_id) if row.taken_by}


def give_time(database_url: str, seconds: int) -> None:
    """Let no district come too late only because the machine is slow: each that is open ends so much later."""
    with connect(database_url) as connection:
        connection.execute(
            "UPDATE plan_districts SET ends_at = greatest(ends_at, now() + make_interval(secs => %s)) "
            "WHERE result IS NULL",
            (seconds,),
        )


def holders_in_time(database_url: str, plan_id: UUID) -> set[int]:
    """Return the same, with five seconds left to search for whoever takes a district meanwhile."""
    give_time(database_url, 5)
    return holders(database_url, plan_id)


def unfinished_jobs(database_url: str) -> int:
    """Count the jobs that are waiting or at work."""
    with connect(database_url) as connection:
        row = connection.execute("SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing')").fetchone()
    assert row is not None
    return int(row[0])


def test_a_large_day_is_shared_and_outlives_one_of_its_planners(
    planners: list["subprocess.Popen[bytes]"], fresh_database: str
) -> None:
    """One is asked, another takes a district and is killed over it, and who is free takes that district on.

    Then a cancelled plan ends everybody's work on it, and one planner alone plans the whole.
    """
    asked, killed, third = planners
    for planner in (killed, third):
        planner.send_signal(signal.SIGSTOP)
    with connect(fresh_database) as connection:  # they stand still, but are to be counted on a slow machine too
        connection.execute("UPDATE procrastinate_workers SET last_heartbeat = now() + interval '10 minutes'")
    plan_id = ask(fresh_database, time_limit_s=20.0)
    wait_until(lambda: asked.pid in holders(fresh_database, plan_id), STARTED_WITHIN_S)
    assert [row.visits for row in districts_of(fresh_database, plan_id)] == [3, 3]
    killed.send_signal(signal.SIGCONT)
    wait_until(lambda: killed.pid in holders(fresh_database, plan_id))
    killed.kill()
    killed.wait(20)
    with connect(fresh_database) as connection:
        connection.execute(
            "UPDATE procrastinate_workers SET last_heartbeat = now() WHERE last_heartbeat > now() + interval '1 minute'"
        )
    third.send_signal(signal.SIGCONT)
    wait_until(lambda: killed.pid not in holders_in_time(fresh_database, plan_id), 120)
    give_time(fresh_database, 120)  # to be waited for: who has taken it knows when to end
    taken_on = holders(fresh_database, plan_id)
    assert taken_on in ({asked.pid}, {asked.pid, third.pid})
    plan = done(fresh_database, plan_id)
    assert (plan.status, plan.served, plan.failure) == (PlanStatus.READY, 4, None)
    assert plan.notes == [f"Planned in 2 districts, {len(taken_on) - 1} of them by other planners."]
    assert districts_of(fresh_database, plan_id) == []
    with connect(fresh_database) as connection:
        progress = plans.load_progress(connection, plan_id)
        left_out = {row.point_id for row in plans.load_unserved(connection, plan_id)}
    assert left_out == {"ISLE", "PIT", "SEA"}
    assert progress[-1].unserved == 3
    assert [row.unserved for row in progress] == sorted((row.unserved for row in progress), reverse=True)

    cancelled_id = ask(fresh_database, time_limit_s=600.0)
    wait_until(lambda: holders(fresh_database, cancelled_id) == {asked.pid, third.pid}, 60)
    with connect(fresh_database) as connection:
        plans.cancel_plan(connection, cancelled_id, plan.requested_at)
    assert done(fresh_database, cancelled_id, 60).status is PlanStatus.CANCELLED
    wait_until(lambda: unfinished_jobs(fresh_database) == 0, 60)

    third.terminate()
    third.wait(20)
    wait_until(lambda: planners_of(fresh_database) == 1)
    alone = done(fresh_database, ask(fresh_database))
    assert (alone.status, alone.served, alone.notes) == (PlanStatus.READY, 4, [])
    assert plan_of(fresh_database, plan_id).status is PlanStatus.READY
