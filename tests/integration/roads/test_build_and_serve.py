"""Building datasets with the real tools, and serving whichever is newest."""

import os
import signal
from pathlib import Path

import pytest

from services.roads.build import BuildStep, build_roads
from services.roads.datasets import Algorithm, Profile, current_dataset, find_current_dataset
from services.roads.engine import Engine
from services.roads.errors import RoadBuildError, RoadDataError, RoadsBusyError
from services.roads.settings import EngineSettings
from services.roads.walking import WalkingNetwork
from tests.road_files import place, write_roads
from tests.road_servers import TOWN_NODES, TOWN_WAYS, Served, answers, serving, wait_until

ACROSS = [place(0, 290), place(600, 290)]


def engine_settings(**changes: object) -> EngineSettings:
    """Return the settings with some of them changed."""
    return EngineSettings().model_copy(update=changes)


def test_every_profile_is_built_once(town_file: Path, tmp_path: Path) -> None:
    """A build makes both profiles and the walking network; the same file again changes nothing."""
    steps: list[BuildStep] = []
    built = build_roads(town_file, tmp_path, on_progress=steps.append)
    assert set(built.datasets) == set(Profile)
    assert not built.unchanged
    assert [step.done_ratio for step in steps] == sorted(step.done_ratio for step in steps)
    assert steps[-1].done_ratio == 1.0
    # the low bridge and the private yard are for trucks alone; a walker ducks under the one, not into the other
    assert WalkingNetwork.current(tmp_path).length_m == pytest.approx(4 * 600 + 600 + 400 + 300, abs=5)
    stamps = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    assert build_roads(town_file, tmp_path).unchanged
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps


def test_a_network_that_takes_too_long_to_contract_is_served_without(town_file: Path, tmp_path: Path) -> None:
    """With no time for contraction the other preparation is used, and answers."""
    build_roads(town_file, tmp_path, settings=engine_settings(contraction_limit_s=0.0))
    assert current_dataset(tmp_path, Profile.TRUCK).description.algorithm is Algorithm.MULTI_LEVEL
    with serving(tmp_path) as served:
        wait_until(lambda: answers(served.url))
        assert served.network.matrix(ACROSS).distance_m[0, 1] == pytest.approx(1180, abs=5)


@pytest.mark.parametrize("content", [b"", b"not a map" * 50, None], ids=["empty", "text", "cut short"])
def test_a_bad_file_leaves_the_old_roads_as_they_were(town_file: Path, tmp_path: Path, content: bytes | None) -> None:
    """Whatever is wrong with the new file, the datasets and the folder stay as they are."""
    roads_dir = tmp_path / "roads"
    build_roads(town_file, roads_dir)
    before = sorted(roads_dir.rglob("*"))
    bad = tmp_path / "bad.osm.pbf"
    bad.write_bytes(town_file.read_bytes()[:-30] if content is None else content)
    with pytest.raises(RoadDataError):
        build_roads(bad, roads_dir)
    assert sorted(roads_dir.rglob("*")) == before


def test_roads_of_another_place_are_refused(town_file: Path, tmp_path: Path) -> None:
    """With places registered elsewhere the file is refused; one place within is enough to take it."""
    elsewhere = (121.5, 25.0)
    with pytest.raises(RoadDataError, match="is of another place"):
        build_roads(town_file, tmp_path, places=[elsewhere])
    assert find_current_dataset(tmp_path, Profile.TRUCK) is None
    assert build_roads(town_file, tmp_path, places=[elsewhere, ACROSS[0]]).street_count == 8


def test_streets_that_no_walker_may_use_are_refused_as_a_whole(tmp_path: Path) -> None:
    """A file with motorways alone builds for trucks but not for walkers, so neither is taken."""
    motorway = write_roads(tmp_path / "m.osm.pbf", {1: (0, 0), 2: (900, 0)}, [([1, 2], {"highway": "motorway"})])
    with pytest.raises(RoadDataError, match="no street"):
        build_roads(motorway, tmp_path / "roads")
    assert find_current_dataset(tmp_path / "roads", Profile.TRUCK) is None


def test_missing_tools_and_unwritable_folders_name_the_remedy(town_file: Path, tmp_path: Path) -> None:
    """The sentence says what to set or run."""
    with pytest.raises(RoadBuildError, match="RIQING_OSRM_DIR"):
        build_roads(town_file, tmp_path, settings=engine_settings(directory=tmp_path))
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    with pytest.raises(RoadBuildError, match="RIQING_ROADS_DIR"):
        build_roads(town_file, in_the_way)


def test_two_builds_do_not_mix(town_file: Path, tmp_path: Path) -> None:
    """While one build runs, another in the same folder is refused."""

    def build_again(step: BuildStep) -> None:
        if "truck" in step.label:
            with pytest.raises(RoadsBusyError, match="wait until it is done"):
                build_roads(town_file, tmp_path)

    build_roads(town_file, tmp_path, on_progress=build_again)
    assert find_current_dataset(tmp_path, Profile.TRUCK) is not None


def test_the_server_waits_for_roads_swaps_them_and_gets_up_again(town_file: Path, tmp_path: Path) -> None:
    """It idles without roads, serves the first, swaps to the next, and restarts an engine that was killed."""
    raised = [(members, {k: v for k, v in tags.items() if k != "maxheight"}) for members, tags in TOWN_WAYS]
    raised_file = write_roads(tmp_path / "raised.osm.pbf", TOWN_NODES, raised)
    roads_dir = tmp_path / "roads"
    with serving(roads_dir) as served:
        assert served.engine_pids() == []
        build_roads(town_file, roads_dir)
        wait_until(lambda: answers(served.url))
        assert across_m(served) == pytest.approx(1180, abs=5)
        build_roads(raised_file, roads_dir)
        wait_until(lambda: across_m(served) < 700)
        (engine_pid,) = served.engine_pids()
        os.kill(engine_pid, signal.SIGKILL)
        wait_until(lambda: served.engine_pids() not in ([], [engine_pid]))
        assert across_m(served) == pytest.approx(620, abs=5)


def test_the_engine_does_not_outlive_a_killed_server(town_file: Path, tmp_path: Path) -> None:
    """A server that is killed outright takes its engine along."""
    build_roads(town_file, tmp_path)
    with serving(tmp_path) as served:
        wait_until(lambda: answers(served.url))
        served.process.kill()
        wait_until(lambda: not answers(served.url))


def across_m(served: Served) -> int:
    """Return the metres that a truck drives between the two ends of the low bridge."""
    return int(served.network.matrix(ACROSS).distance_m[0, 1])


def test_the_engine_s_own_error_is_told(tmp_path: Path) -> None:
    """A tool that fails is quoted in one sentence."""
    engine = Engine(EngineSettings().directory)
    with pytest.raises(RoadBuildError, match=r"osrm-contract failed: \S.*"):
        engine.run("osrm-contract", tmp_path / "nothing.osrm")
