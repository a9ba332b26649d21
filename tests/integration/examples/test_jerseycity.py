"""The example with real trucks: every fix that is published is stored, gaps stay gaps, jumps are marked."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.stack.lifecycle import Stack, StartRequest
from services.stack.processes import chosen_services
from services.stack.tools import PROJECT_DIR, Tools
from services.store.migrate import migrate

EXAMPLE = PROJECT_DIR / "examples/jerseycity"
REAL_FIXES = PROJECT_DIR.parent / "shared/data/jerseycity/truck_gps_2015-12.csv"

MADE_UP = [
    *(("A", f"07:{minute:02}:00", 40.70 + 0.002 * minute) for minute in range(10)),
    ("A", "07:04:00", 40.716),  # at the same instant 900 m from its way
    *(("A", f"07:{minute:02}:00", 40.72) for minute in range(20, 25)),  # after eleven minutes of silence
    ("A", "07:25:00", 40.74),  # two kilometres in a minute: possible, but nobody knows by which way
    ("A", "07:26:00", 40.741),
    *(("B", f"08:0{minute}:00", 40.70) for minute in range(3)),
]
"""Trucks with the dirt that the real ones have: vehicle, time of day, latitude."""


@pytest.fixture(scope="module")
def data_dir(tools: Tools, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a running stack with the town of the example, as its README makes it."""
    del tools
    stack = Stack(tmp_path_factory.mktemp("jerseycity") / "stack")
    try:
        stack.start(StartRequest(services=chosen_services(("ingest", "keeping", "api"))), migrate, lambda _: None)
        run(stack.folder.folder, "-m", "services.cli", "town", "init", "Jersey City", "--timezone", "America/New_York")
        yield stack.folder.folder
    finally:
        stack.stop(lambda _: None)


def run(data_dir: Path, *arguments: str) -> str:
    """Run a Python program on the stack and return what it printed."""
    environment = dict(os.environ) | {"RIQING_DATA_DIR": str(data_dir)}
    result = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=False, env=environment, timeout=300
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def replay(data_dir: Path, source: Path, target: Path) -> dict[str, int]:
    """Follow the example's README with the fixes of `source`; return its counts."""
    run(data_dir, str(EXAMPLE / "convert.py"), str(source), str(target))
    for kind in ("facilities", "vehicles"):
        run(data_dir, "-m", "services.cli", "import", kind, str(target / f"{kind}.csv"))
    printed = run(data_dir, str(EXAMPLE / "replay.py"), str(source), "--speed", "0", "--json")
    counts: dict[str, int] = json.loads(printed)
    return counts


def test_dirt_like_that_of_real_trucks_comes_out_as_it_is(data_dir: Path, tmp_path: Path) -> None:
    """Two places at one instant, a silence and a leap: one outlier, two gaps, nothing lost."""
    source = tmp_path / "fixes.csv"
    lines = [f"{vehicle},2015-12-10 {at},{latitude:.5f},-74.08" for vehicle, at, latitude in MADE_UP]
    source.write_text("\n".join(("vehicle,ts_local,lat,lon", *lines)) + "\n", encoding="utf-8")
    assert replay(data_dir, source, tmp_path) == {
        **{"readings in": 21, "acknowledged": 21, "stored": 21, "trucks": 2, "marked as outliers": 1, "gaps": 2},
        **{"lines drawn": 4, "longest leg m": 223, "longest leg s": 60},
    }
    hour = rolled_up_hour(data_dir)
    assert {name: hour[name] for name in ("vehicle_id", "start", "fixes")} == {
        **{"vehicle_id": "A", "start": "2015-12-10T12:00:00Z", "fixes": 18}
    }
    assert hour["distance_m"] == pytest.approx(9 * 222.6 + 2226 + 111, abs=5)
    assert (hour["moving_s"], hour["standing_s"]) == (660, 240)


def rolled_up_hour(data_dir: Path) -> dict[str, Any]:
    """Return the hour of the first truck that the process `keeping` rolls up."""
    state = Stack(data_dir).remembered()
    with httpx.Client(base_url=f"http://127.0.0.1:{state.ports['api']}/api/v1", timeout=60) as api:
        sign_in = {"username": "admin", "password": state.admin_password}
        token = api.post("/auth/token", data=sign_in).raise_for_status().json()["access_token"]
        api.headers["Authorization"] = f"Bearer {token}"
        asked = {"bucket": "hour", "start": "2015-12-10T12:00:00Z", "end": "2015-12-10T13:00:00Z"}
        deadline = time.monotonic() + 60
        while not (hours := api.get("/utilisation/vehicles", params=asked).raise_for_status().json()):
            assert time.monotonic() < deadline, "the hour was not rolled up"
            time.sleep(0.2)
    first: dict[str, Any] = hours[0]
    return first


@pytest.mark.skipif(not REAL_FIXES.exists(), reason="the recording of Jersey City's trucks is not beside the project")
def test_a_real_day_of_trucks_goes_the_whole_way(data_dir: Path, tmp_path: Path) -> None:
    """All fixes of 34 real trucks are stored; no line is drawn over a gap, and no fix is deleted."""
    counts = replay(data_dir, REAL_FIXES, tmp_path)
    assert (counts["readings in"], counts["acknowledged"], counts["stored"]) == (3813, 3813, 3813)
    assert (counts["trucks"], counts["marked as outliers"], counts["gaps"]) == (34, 245, 560)
    assert counts["longest leg m"] <= 1000
    assert counts["longest leg s"] <= 180
