"""The benchmark files are read as their authors define them, with the dirt that is in them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bench.routing.instance import as_json, distance_of
from bench.routing.kim import CENTI, read_kim
from bench.routing.m3cvrp import read_m3cvrp
from bench.routing.montevideo import read_montevideo
from bench.routing.vrplib import read_vrplib
from services.routing.planner import solve
from services.routing.problem import Window

KIM = (
    "280.0 \t\t// vehicle capacity (yards), real number\r\n"
    "400.0\t\t// total yardage\r\n"
    "500\t\t// stops\r\n"
    "3600\t\t// lunch\r\n"
    "40\t\t// speed: MPH\r\n"
    "Stop_ID\tX(feet)\tY(feet)\tEarly\tLate\tSvice\tLoad\tType\r\n"
    "0   1215029.00   3461398.00  0400 1500 0  9999.00 0\r\n"
    "1\t1229125.00\t3460107.00\t0000 2400 1600  9999.00 2\t\t\t\r\n"
    "77   1229125.00   3461398.00  0775 1500 60  12.5 1\r\n"
    "\r\n"
)

VRPTW = """NAME : tiny
TYPE : VRPTW
DIMENSION : 3
VEHICLES : 2
CAPACITY : 10
SERVICE_TIME : 10
EDGE_WEIGHT_TYPE : EUC_2D
NODE_COORD_SECTION
1 0 0
2 1 1
3 3 4
DEMAND_SECTION
1 0
2 4
3 5
TIME_WINDOW_SECTION
1 0 100
2 0 50
3 5 60
DEPOT_SECTION
1
-1
EOF
"""


def test_a_kim_file_is_read_with_its_odd_times_and_blanks(tmp_path: Path) -> None:
    """Manhattan feet, the authors' own example of 262.3 s, a time of 0775, trailing tabs."""
    path = tmp_path / "1_stop.txt"
    path.write_text(KIM)
    instance = read_kim(path)
    problem = instance.problem
    assert instance.name == "1_stop"
    assert instance.ids == (0, 1, 77)
    assert problem.travel[0].distance_m[0, 1] == 15387
    assert problem.travel[0].duration_s[0, 1] == 26228
    assert problem.tasks[0].windows == (Window((8 * 3600 + 15 * 60) * CENTI, 15 * 3600 * CENTI),)
    assert problem.tasks[0].demand_kg == 1250
    assert problem.stations[0].tip_s == 1600 * CENTI
    truck = problem.trucks[0]
    assert truck.rest is not None
    assert (truck.rest.earliest_s, truck.rest.latest_s) == (11 * 3600 * CENTI, 12 * 3600 * CENTI)
    assert (truck.capacity_kg, truck.max_kg, truck.max_stops) == (28_000, 40_000, 500)


def test_a_solution_is_written_with_the_files_own_ids(tmp_path: Path) -> None:
    """Stops by id with the landfill among them, the break after a stop, miles by the exact distance."""
    path = tmp_path / "1_stop.txt"
    path.write_text(KIM)
    instance = read_kim(path)
    solution = solve(instance.problem, time_limit_s=30.0, workers=1, steps=20)
    written = as_json(instance, solution)
    routes = written["routes"]
    assert isinstance(routes, list)
    (route,) = routes
    assert route["stops"] == [77, 1]
    assert route["break_after"] in (0, 1)
    assert written["distance"] == pytest.approx((14096 + 1291 + 15387) / 5280)


def test_a_vrplib_file_with_windows_counts_tenths(tmp_path: Path) -> None:
    """Distances are cut to one decimal, as the published costs are, and compared in the file's own unit."""
    path = tmp_path / "tiny.vrp"
    path.write_text(VRPTW)
    (tmp_path / "tiny.sol").write_text("Route #1: 1 2\nCost 12.3\n")
    instance = read_vrplib(path)
    assert instance.problem.travel[0].distance_m[0, 1] == 14
    assert instance.problem.tasks[1].windows == (Window(50, 600),)
    assert instance.best_known == 12.3
    solution = solve(instance.problem, time_limit_s=30.0, workers=1, steps=50)
    assert distance_of(instance, solution) == pytest.approx(1.4 + 3.6 + 5.0)


def test_the_qingdao_folder_is_read(tmp_path: Path) -> None:
    """Depots, facilities and sites by their own ids; degrees are millionths."""
    place = {"id": "a", "lng": 120_000_000, "lat": 36_000_000}
    site = {"id": "s", "lng": 120_010_000, "lat": 36_000_000, "capacity": 480, "stopLength": 60}
    (tmp_path / "Depots.json").write_text(json.dumps({"depot": [place]}))
    (tmp_path / "DisposalFacilities.json").write_text(json.dumps({"disposal_facility": [{**place, "id": "d"}]}))
    sites = {"point": [{**site, "workTimes": [["07:00", "17:00"]]}]}
    (tmp_path / "WasteCollectionSites.json").write_text(json.dumps(sites))
    instance = read_m3cvrp(tmp_path)
    assert instance.ids == ("a", "d", "s")
    assert instance.problem.tasks[0].windows == (Window(7 * 3600, 17 * 3600),)
    assert instance.distance[0, 2] == pytest.approx(1.3 * 0.8996, rel=1e-2)


def test_a_kim_file_of_another_hand_reads_the_same(tmp_path: Path) -> None:
    """A byte order mark, commas, quotes, empty lines and tabs for the columns change nothing."""
    path, other = tmp_path / "1_stop.txt", tmp_path / "2_stop.txt"
    path.write_text(KIM)
    rows = [",".join(f'"{cell}"' for cell in line.split()) if line[:1].isdigit() else line for line in KIM.splitlines()]
    header = [line.split("//")[0].strip() for line in KIM.splitlines()[:5]]
    other.write_text("\ufeff" + "\n\n".join([*header, "", *rows[5:]]), encoding="utf-8")
    one, two = read_kim(path), read_kim(other)
    assert two.ids == one.ids
    assert two.problem.tasks == one.problem.tasks
    assert two.problem.stations == one.problem.stations
    assert two.problem.trucks == one.problem.trucks
    assert np.array_equal(two.problem.travel[0].duration_s, one.problem.travel[0].duration_s)


def test_a_kim_file_without_its_numbers_is_refused(tmp_path: Path) -> None:
    """One sentence says what was expected."""
    path = tmp_path / "1_stop.txt"
    path.write_text("\n".join(KIM.splitlines()[3:]))
    with pytest.raises(ValueError, match="5 lines of one number each"):
        read_kim(path)


def write_montevideo(folder: Path) -> Path:
    """Three containers in a row, one dump, two trucks; the matrix knows neighbours only, and no depot."""
    path = folder / "m.containers.txt"
    path.write_text("1 -56.00 -34.9 0 360 50 2 7\n2\t-56.01 -34.9 0 360 50 2 7\n\n3 -56.02 -34.9 0 360 50 2 7\n")
    (folder / "m.otherlocs.txt").write_text("90 -56.00 -34.9 0 480\n91 -56.03 -34.9 0 480\n")
    (folder / "m.vehicles.txt").write_text("# vid depot dump end\n0 90 91 90 20 100 0 480\n1 90 91 90 20 100 0 480\n")
    (folder / "m.dmatrix-time.txt").write_text("1 2 2.0\n2 1 3.0\n2 3 2.5\n3 2 2.0\n")
    return path


def test_the_montevideo_files_are_read_with_their_holes(tmp_path: Path) -> None:
    """Minutes differ by direction; a far pair goes over known pairs, a depot as the crow flies at their speed."""
    instance = read_montevideo(write_montevideo(tmp_path))
    minutes = instance.distance
    assert (instance.name, instance.ids) == ("m", (1, 2, 3, 90, 91))
    assert (minutes[0, 1], minutes[1, 0], minutes[0, 2]) == (2.0, 3.0, 4.5)
    assert minutes[0, 3] == pytest.approx(0.0)
    assert 1.0 < minutes[2, 4] < 4.0
    problem = instance.problem
    assert problem.stations[0].tip_s == 1200
    assert problem.trucks[0].shift_end_s == 480 * 60
    assert problem.tasks[0].windows == (Window(0, 360 * 60),)
    solution = solve(problem, time_limit_s=30.0, workers=1, steps=50)
    assert solution.served_count == 3
