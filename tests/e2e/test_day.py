"""A simulated county town, brought in like anybody's, planned, driven and reported through every room."""

import json
import os
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.domain.town import Town
from tests.conftest import RunningStack

SPEED = 300
FILES = {
    "roads": "roads.osm.pbf",
    "contractors": "contractors.csv",
    "zones": "zones.geojson",
    "facilities": "facilities.csv",
    "points": "points.csv",
    "vehicles": "vehicles.csv",
    "population": "population.csv",
    "history": "history.csv",
}
FAULTS = """
skip_ratio = 0.04
drive_past_ratio = 0.05
dead_spots_per_hour = 0.5
dead_spot_s = 400
silent_devices = 2
"""


def riqing(stack: RunningStack, *arguments: str) -> str:
    """Run a command of `riqing` on the stack as a person does; return what it prints."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RIQING_")}
    done = subprocess.run(
        [sys.executable, "-m", "services.cli", *arguments],
        env=environment | {"RIQING_DATA_DIR": str(stack.data_dir)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"riqing {' '.join(arguments)}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def driven_day(stack: RunningStack, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], list[Any]]:
    """Generate, import, plan, publish and drive a day with faults; return its bulletin and the recorded truth."""
    folder = tmp_path_factory.mktemp("town")
    town = Town("青石县")
    day = (town.service_date(datetime.now(UTC)) - timedelta(days=1)).isoformat()  # over by the real clock
    riqing(stack, "town", "init", town.name)
    riqing(stack, "town", "generate", str(folder), "--seed", "7")
    for kind, name in FILES.items():
        riqing(stack, "import", kind, str(folder / name))
    riqing(stack, "plan", day, "--time-limit", "8", "--publish")
    faults, truth = folder / "faults.toml", folder / "truth.jsonl"
    faults.write_text(FAULTS)
    riqing(
        stack, "simulate", "--date", day, "--speed", str(SPEED), "--seed", "7", "--faults", str(faults), "--record",
        str(truth),
    )  # fmt: skip
    bulletin = json.loads(riqing(stack, "report", day, "--format", "json"))
    return bulletin, [json.loads(line) for line in truth.read_text().splitlines()]


def served_by_point(truth: list[Any]) -> Counter[str]:
    """Count the visits that really took place."""
    return Counter(event["point_id"] for event in truth if event["event"] == "visit" and event["served"])


def test_cleared_is_what_was_served(driven_day: tuple[dict[str, Any], list[Any]]) -> None:
    """Every due visit that the truth says was served is cleared, and none that was not."""
    bulletin, truth = driven_day
    cleared = Counter(due["point_id"] for due in bulletin["due_visits"] if due["status"] == "cleared")
    assert cleared == served_by_point(truth)
    assert bulletin["totals"]["cleared"] == cleared.total()


def test_the_truth_holds_what_the_day_was_meant_to_hold(driven_day: tuple[dict[str, Any], list[Any]]) -> None:
    """Skipped stops and drive-pasts took place, so that the comparison above means something."""
    _, truth = driven_day
    assert served_by_point(truth).total() > 350
    assert sum(event["event"] == "visit" and not event["served"] for event in truth) >= 5
    assert sum(event["event"] == "drive_past" for event in truth) >= 5


def test_every_point_is_due_or_told(driven_day: tuple[dict[str, Any], list[Any]]) -> None:
    """No due visit is left out silently: each is cleared, or has a reason."""
    bulletin, _ = driven_day
    assert bulletin["totals"]["due"] == len(bulletin["due_visits"]) > 420
    assert all(due["status"] == "cleared" or due["reason"] for due in bulletin["due_visits"])


def test_what_was_tipped_is_what_was_weighed(driven_day: tuple[dict[str, Any], list[Any]]) -> None:
    """The kilograms tipped are those of the truth, but for the weighbridges' steps."""
    bulletin, truth = driven_day
    collectors = {event["vehicle_id"] for event in truth if event["event"] == "visit"}
    tipped_kg = sum(event["kg"] for event in truth if event["event"] == "tipping" and event["vehicle_id"] in collectors)
    assert bulletin["totals"]["tipped_kg"] == pytest.approx(tipped_kg, rel=0.02)
