"""`riqing plan replan`, `insert`, `edit`, `compare` and `show` against a real planner, on a day that has begun."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import pytest

from services.domain.clock import TownClock
from services.store.connection import connect
from services.store.routes import load_stops
from services.store.town import save_clock
from tests.integration.routing.conftest import DAY, TOWN, ask, done
from tests.integration.routing.test_plan_jobs import publish_and_wait
from tests.road_servers import Served

pytestmark = pytest.mark.usefixtures("planner")

Run = Callable[..., "subprocess.CompletedProcess[str]"]
NOBODY = "00000000-0000-0000-0000-000000000000"


@pytest.fixture(scope="module")
def riqing(town_database: str, roads: Served) -> Run:
    """Run `riqing plan` with the module's town, where it is five in the morning and a plan is published."""
    morning = TOWN.instant(DAY, 5 * 3600)
    with connect(town_database) as connection:
        save_clock(connection, TownClock(datetime.now(UTC), morning, 1e-6, simulated=True))
    publish_and_wait(town_database, done(town_database, ask(town_database)).plan_id)
    environment = os.environ | {
        "DATABASE_URL": town_database,
        "RIQING_ROADS_TRUCK_URL": roads.url,
        "COLUMNS": "160",
    }

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        program = [sys.executable, "-c", "from services.cli.main import main; main()", "plan", *arguments]
        return subprocess.run(program, env=environment, capture_output=True, text=True, check=False, timeout=300)

    return run


def shown(result: "subprocess.CompletedProcess[str]") -> str:
    """Return what a command that went well has printed."""
    assert (result.returncode, result.stderr) == (0, ""), result.stdout
    return result.stdout


def line_of(text: str, *words: str) -> str:
    """Return the first line with these words."""
    return next(line for line in text.splitlines() if all(word in line for word in words))


def served_by(database_url: str, plan_id: str) -> dict[str, str]:
    """Return who serves each point of a plan."""
    with connect(database_url) as connection:
        stops = load_stops(connection, UUID(plan_id))
    return {stop.id: stop.vehicle_id for stop in stops if stop.kind == "point" and stop.id}


def plan_in(text: str) -> str:
    """Return the id of the plan that was made."""
    found = re.search(r"Plan ([0-9a-f-]{36}):", text)
    assert found is not None, text
    return found[1]


def test_a_plan_and_a_route_are_shown(riqing: Run) -> None:
    """The published plan of the town's day, and what each stop of a route was planned on."""
    text = shown(riqing("show"))
    vehicle_id = next(name for name in ("V1", "V2") if name in text)
    assert "4 visits served" in text
    stops = shown(riqing("show", "--plan", plan_in(text), "--vehicle", vehicle_id))
    assert "100 registered" in line_of(stops, "point", "P")
    assert "S1" in line_of(stops, "station")


def test_a_broken_truck_s_day_is_replanned_and_compared(riqing: Run, town_database: str) -> None:
    """Its visits go to the other truck; the figures stand side by side, and every visit that moved is named."""
    before = served_by(town_database, plan_in(shown(riqing("show"))))
    broken = before["P1"]
    text = shown(riqing("replan", "--broken", broken, "--late", "V1=10", "--urgent", "P2=120", "--time-limit", "1"))
    after = served_by(town_database, plan_in(text))
    assert set(after) == set(before)
    assert broken not in after.values()
    moved = [point_id for point_id in before if before[point_id] == broken]
    assert f"{len(moved)} visits change their vehicle" in text
    assert all(line_of(text, point_id, broken, after[point_id]) for point_id in moved)
    again = shown(riqing("compare", plan_in(text)))
    assert f"{len(moved)} visits change their vehicle" in again


def test_an_urgent_point_is_priced_and_put_in(riqing: Run, town_database: str) -> None:
    """Without --into nothing is changed; with it, the place that was priced is taken."""
    text = shown(riqing("insert", "P1", "--kg", "20"))
    assert "20 kg at P1" in text
    assert ("V1" in text) or ("V2" in text)
    made = shown(riqing("insert", "P1", "--kg", "20", "--into", "V2"))
    assert served_by(town_database, plan_in(made))["P1"] == "V2"
    stops = shown(riqing("show", "--plan", plan_in(made), "--vehicle", "V2"))
    assert "20 told" in line_of(stops, "P1")


def test_changes_in_words_are_made_in_their_order(riqing: Run, town_database: str) -> None:
    """Moved, locked and sent out; what is too much is said."""
    made = shown(riqing("edit", "move P1 V1", "move P2#1 V1", "insert P1 V1 kg=500", "lock V1"))
    served = served_by(town_database, plan_in(made))
    assert (served["P1"], served["P2"]) == ("V1", "V1")
    assert "Breaks capacity:" in made
    published = shown(riqing("edit", "lock V1", "--publish"))
    assert "Published." in published
    assert plan_in(shown(riqing("show"))) == plan_in(published)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["replan", "--broken", "V9"], "There is no vehicle 'V9' in the register."),
        (["insert", "P1", "--before", "2"], "--before and --publish go with --into VEHICLE."),
        (["edit", "fly V1"], "'fly V1' is no change of a plan. Write move POINT VEHICLE"),
        (["edit", "move P1 V9"], "V9 takes no part in this plan"),
        (["show", "--plan", "mine"], "'mine' is no plan's id"),
        (["compare", NOBODY], f"There is no plan {NOBODY}."),
    ],
)
def test_what_is_wrong_is_one_sentence(riqing: Run, arguments: list[str], sentence: str) -> None:
    """Nothing is changed, and the exit status says so."""
    result = riqing(*arguments)
    assert result.returncode != 0
    assert sentence in result.stderr
    assert len(result.stderr.splitlines()) == 1
