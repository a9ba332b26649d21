"""`riqing plan` against a real planner."""

import os
import signal
import subprocess
import sys
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest

from services.cli.plan_waiting import wait_until_done
from services.domain.kinds import PlanStatus
from services.store import plans, registry
from services.store.connection import Connection, connect
from services.store.routes import load_stops
from tests.integration.routing.conftest import DAY, ask, done
from tests.road_servers import wait_until

pytestmark = pytest.mark.usefixtures("planner")


def start(database_url: str, *arguments: str) -> "subprocess.Popen[str]":
    """Start the command line with the module's database."""
    program = "from services.cli.main import main; main()"
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        env=os.environ | {"DATABASE_URL": database_url, "COLUMNS": "200"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # what runs the tests may have it ignored
    )


def run(database_url: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the command line to its end."""
    process = start(database_url, *arguments)
    output, errors = process.communicate(timeout=500)
    return subprocess.CompletedProcess(arguments, process.returncode, output, errors)


def test_routes_and_what_is_not_served_are_printed_and_published(town_database: str) -> None:
    """One table of routes, one of what is left out and why, and the plan is with the trucks."""
    result = run(town_database, "plan", str(DAY), "--time-limit", "2", "--publish")
    assert (result.returncode, result.stderr) == (0, "")
    assert f"Plan for {DAY}" in result.stdout
    assert "4 visits served, 3 not" in result.stdout
    for words in (["SEA", "no_road_nearby"], ["PIT", "no_vehicle_may_serve"], ["ISLE", "unreachable"]):
        assert any(all(word in line for word in words) for line in result.stdout.splitlines())
    with connect(town_database) as connection:
        published = plans.find_published_plan(connection, DAY)
    assert published is not None
    assert str(published.plan_id) in result.stdout


def test_a_plan_is_made_on_the_forecast_of_its_points(town_database: str) -> None:
    """With a history the plan says so, and each stop what it was planned on; on request the register counts."""
    day = DAY.replace(day=12)
    with connect(town_database) as connection:
        rows = [{"point_id": "P1", "service_date": day - timedelta(days=number), "kg": 60.0} for number in range(1, 40)]
        registry.upsert(connection, registry.WEIGHTS, rows, update=())
    result = run(town_database, "plan", str(day), "--time-limit", "1")
    assert "1 visits on the forecast of their point, 0 on what its container told, 6 on what is" in result.stdout
    with connect(town_database) as connection:
        (plan,) = plans.list_plans(connection, day)
        stops = {stop.id: stop for stop in load_stops(connection, plan.plan_id) if stop.kind == "point"}
    assert stops["P1"].demand_source == "forecast"
    assert stops["P1"].demand_kg == pytest.approx(60, abs=1)
    assert stops["P1"].collected_kg == pytest.approx(60, abs=1)
    assert (stops["P2"].demand_source, stops["P2"].demand_kg) == ("registered", 100)
    result = run(town_database, "plan", str(day), "--time-limit", "1", "--registered")
    assert "forecast" not in result.stdout


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["tuesday"], "riqing: 'tuesday' is not a date; write YYYY-MM-DD, today or tomorrow."),
        (["2026-02-30"], "'2026-02-30' is not a date"),
        ([str(DAY), "--time-limit", "0"], "--time-limit"),
    ],
)
def test_what_is_wrong_in_the_request_is_one_line(town_database: str, arguments: list[str], expected: str) -> None:
    """Nothing is planned, and the exit status says so."""
    result = run(town_database, "plan", *arguments)
    assert result.returncode != 0
    assert expected in result.stderr
    assert "Traceback" not in result.stderr


def test_ctrl_c_cancels_the_plan(town_database: str) -> None:
    """The planner is free again, and nothing is left half done."""
    process = start(town_database, "plan", "2026-03-11", "--time-limit", "600")

    def newest() -> plans.PlanRow | None:
        with connect(town_database) as connection:
            found = plans.list_plans(connection, DAY.replace(day=11))
        return found[0] if found else None

    wait_until(lambda: (plan := newest()) is not None and plan.status is PlanStatus.SOLVING, 300)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    wait_until(lambda: (plan := newest()) is not None and plan.status is PlanStatus.CANCELLED, 120)


def test_ctrl_c_within_a_question_cancels_the_plan(town_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where it leaves the connection in the middle of an answer, unfit for another question."""
    monkeypatch.setenv("DATABASE_URL", town_database)
    plan_id = ask(town_database, service_date=DAY.replace(day=12), time_limit_s=600.0)
    with connect(town_database, autocommit=True) as connection:
        load_plan = plans.load_plan

        def interrupted_once(asked: Connection, _: UUID) -> plans.PlanRow:
            monkeypatch.setattr(plans, "load_plan", load_plan)
            asked.pgconn.send_query(b"SELECT pg_sleep(600)")
            raise KeyboardInterrupt

        monkeypatch.setattr(plans, "load_plan", interrupted_once)
        with pytest.raises(KeyboardInterrupt):
            wait_until_done(connection, plan_id, 600.0)
        with pytest.raises(psycopg.OperationalError, match="another command"):
            connection.execute("SELECT 1")
        connection.close()
    assert done(town_database, plan_id).status is PlanStatus.CANCELLED
