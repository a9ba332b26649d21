"""Building the road datasets from an `.osm.pbf`: all profiles or none, swapped in at the end."""

import fcntl
import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from services.roads.datasets import (
    BUILDING_PREFIX,
    Bounds,
    Dataset,
    DatasetDescription,
    Profile,
    describe,
    find_dataset,
    make_current,
    profile_dir,
)
from services.roads.engine import Engine, contracted_or_not
from services.roads.errors import RoadBuildError, RoadDataError, RoadsBusyError
from services.roads.settings import EngineSettings
from services.roads.street_map import STREET_MAP_FILE, write_street_map
from services.roads.streets import RoadFile, read_road_file

FORMAT = "2"
"""Raise it when a dataset built before no longer fits this code."""

NEARBY_DEG = 0.02
"""About 2 km: places may lie this far outside the streets' bounds and still belong to the town."""


@dataclass(frozen=True, slots=True)
class BuildStep:
    """What the build is doing: a phrase for a progress bar, and how much is done from 0 to 1."""

    label: str
    done_ratio: float


OnProgress = Callable[[BuildStep], None]


@dataclass(frozen=True, slots=True)
class BuiltRoads:
    """What a build left behind; `unchanged` when this very file was built already."""

    bounds: Bounds
    street_count: int
    truck_street_count: int
    datasets: dict[Profile, Dataset]
    unchanged: bool


def build_roads(
    pbf: Path,
    roads_dir: Path,
    *,
    places: Sequence[tuple[float, float]] = (),
    on_progress: OnProgress | None = None,
    settings: EngineSettings | None = None,
) -> BuiltRoads:
    """Build the datasets of every profile from `pbf` and make them the current ones.

    `places` are longitudes and latitudes that the town has registered already; at least one of them must lie
    within the streets' bounds. Whatever fails leaves the datasets as they were.

    Raises:
        RoadDataError: the file is no OpenStreetMap PBF, damaged, without streets, or of another place.
        RoadBuildError: the engine's programs are missing or failed, or the folder cannot be written.
        RoadsBusyError: another build is running in `roads_dir`.

    """
    settings = settings or EngineSettings()
    engine = Engine(settings.directory)
    report = on_progress or _ignore
    report(BuildStep("reading the streets", 0.0))
    road_file = read_road_file(pbf)
    _refuse_another_place(pbf, road_file.bounds, places)
    try:
        with _only_build(roads_dir):
            return _build_all(engine, pbf, roads_dir, road_file, report, settings.contraction_limit_s)
    except OSError as error:
        raise RoadBuildError(
            f"The roads cannot be built in {roads_dir}: {error.strerror or error}. "
            "Set RIQING_ROADS_DIR to a folder with space that may be written to."
        ) from error


def _ignore(step: BuildStep) -> None:
    del step


def _refuse_another_place(pbf: Path, bounds: Bounds, places: Sequence[tuple[float, float]]) -> None:
    west, south, east, north = bounds
    for lon, lat in places:
        if west - NEARBY_DEG <= lon <= east + NEARBY_DEG and south - NEARBY_DEG <= lat <= north + NEARBY_DEG:
            return
    if places:
        lon, lat = places[0]
        raise RoadDataError(
            f"{pbf.name} is of another place: its streets lie within {west:.3f} to {east:.3f} E and "
            f"{south:.3f} to {north:.3f} N, and none of the town's {len(places)} registered places does "
            f"(the first is at {lon:.3f}, {lat:.3f})."
        )


@contextmanager
def _only_build(roads_dir: Path) -> Iterator[None]:
    """Hold the roads folder; the system lets go of it even when the holder is killed."""
    roads_dir.mkdir(parents=True, exist_ok=True)
    with (roads_dir / ".lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RoadsBusyError(
                f"Another road file is being built into {roads_dir}: wait until it is done."
            ) from error
        for left_over in roads_dir.glob(f"{BUILDING_PREFIX}*"):
            shutil.rmtree(left_over)
        yield


def _content_hash(engine: Engine, pbf: Path, profile: Profile) -> str:
    digest = hashlib.sha256(f"{FORMAT} {engine.version()} ".encode())
    digest.update(engine.profile_file(profile).read_bytes())
    with pbf.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()[:16]


def _build_all(
    engine: Engine,
    pbf: Path,
    roads_dir: Path,
    road_file: RoadFile,
    report: OnProgress,
    contraction_limit_s: float,
) -> BuiltRoads:
    datasets: dict[Profile, Dataset] = {}
    unchanged = True
    for number, profile in enumerate(Profile):
        content_hash = _content_hash(engine, pbf, profile)
        dataset = find_dataset(roads_dir, profile, content_hash)
        if dataset is None:
            unchanged = False
            report(BuildStep(f"building the roads for {profile}", 0.1 + 0.6 * number))
            # Walking is asked about through the arrays; its server is not worth a contraction.
            limit_s = contraction_limit_s if profile is Profile.TRUCK else 0.0
            dataset = _build(engine, pbf, roads_dir, profile, content_hash, road_file, limit_s)
        datasets[profile] = dataset
    for profile, dataset in datasets.items():
        make_current(roads_dir, profile, dataset.description.content_hash)
    report(BuildStep("roads built", 1.0))
    return BuiltRoads(road_file.bounds, road_file.street_count, road_file.truck_street_count, datasets, unchanged)


def _build(
    engine: Engine,
    pbf: Path,
    roads_dir: Path,
    profile: Profile,
    content_hash: str,
    road_file: RoadFile,
    contraction_limit_s: float,
) -> Dataset:
    """Build one profile's dataset in a folder beside its place, try whether it loads, and move it there."""
    with tempfile.TemporaryDirectory(prefix=BUILDING_PREFIX, dir=roads_dir) as building:
        # A folder within the temporary one, because that keeps its mode of 700 and is gone at the end.
        fresh = Path(building) / "dataset"
        fresh.mkdir()
        # The engine tells the format from the name.
        source = Path(building) / "roads.osm.pbf"
        source.symlink_to(pbf.resolve())
        base = fresh / "roads.osrm"
        engine.run("osrm-extract", "--profile", engine.profile_file(profile), "--output", base, source)
        algorithm = contracted_or_not(engine, base, contraction_limit_s)
        engine.run("osrm-routed", "--trial", "--algorithm", algorithm.value, base)
        if profile is Profile.FOOT:
            _save_walkable(fresh / "walking.npz", road_file)
        else:
            write_street_map(source, fresh / STREET_MAP_FILE)
        description = DatasetDescription(
            profile, content_hash, pbf.name, algorithm, road_file.bounds, road_file.street_count
        )
        describe(fresh, description)
        place = profile_dir(roads_dir, profile) / content_hash
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(place, ignore_errors=True)
        fresh.rename(place)
    return Dataset(place, description)


def _save_walkable(path: Path, road_file: RoadFile) -> None:
    walkable = road_file.walkable
    if not len(walkable.street_class):
        raise RoadDataError("The road file holds no street that a person may walk.")
    np.savez(
        path,
        node_lon=walkable.node_lon,
        node_lat=walkable.node_lat,
        street_nodes=walkable.street_nodes,
        street_offsets=walkable.street_offsets,
        street_class=walkable.street_class,
    )
