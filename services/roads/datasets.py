"""The folder of built road datasets: `<roads>/<profile>/<content hash>/`, and which of them is current."""

import json
import os
import shutil
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from services.roads.errors import NoRoadsError

CURRENT_MARKER = "current"
DESCRIPTION_FILE = "dataset.json"
BUILDING_PREFIX = ".building-"

Bounds = tuple[float, float, float, float]
"""West, south, east and north in degrees."""


class Profile(StrEnum):
    """Who travels: each has a dataset and a server of its own."""

    TRUCK = "truck"
    FOOT = "foot"


class Algorithm(StrEnum):
    """How the engine prepared a dataset; both give the same routes."""

    CONTRACTED = "CH"
    MULTI_LEVEL = "MLD"


@dataclass(frozen=True, slots=True)
class DatasetDescription:
    """What a dataset was made from, as kept beside its files."""

    profile: Profile
    content_hash: str
    source_name: str
    algorithm: Algorithm
    bounds: Bounds
    street_count: int


@dataclass(frozen=True, slots=True)
class Dataset:
    """A built dataset and its folder."""

    folder: Path
    description: DatasetDescription

    @property
    def engine_base(self) -> Path:
        """The path that the engine's programs take for all of the dataset's files."""
        return self.folder / "roads.osrm"

    @property
    def walking_network(self) -> Path:
        """The streets as arrays for services.roads.walking; only the foot profile has them."""
        return self.folder / "walking.npz"


def profile_dir(roads_dir: Path, profile: Profile) -> Path:
    """Return the folder of all datasets of a profile."""
    return roads_dir / profile


def find_dataset(roads_dir: Path, profile: Profile, content_hash: str) -> Dataset | None:
    """Return the complete dataset with this hash, if there is one."""
    folder = profile_dir(roads_dir, profile) / content_hash
    description = folder / DESCRIPTION_FILE
    if not description.is_file():
        return None
    fields = json.loads(description.read_text())
    return Dataset(
        folder,
        DatasetDescription(
            profile=Profile(fields["profile"]),
            content_hash=fields["content_hash"],
            source_name=fields["source_name"],
            algorithm=Algorithm(fields["algorithm"]),
            bounds=tuple(fields["bounds"]),
            street_count=fields["street_count"],
        ),
    )


def find_current_dataset(roads_dir: Path, profile: Profile) -> Dataset | None:
    """Return the dataset that is to be served, or none when no roads were ever built."""
    marker = profile_dir(roads_dir, profile) / CURRENT_MARKER
    try:
        content_hash = marker.read_text().strip()
    except FileNotFoundError:
        return None
    return find_dataset(roads_dir, profile, content_hash)


def current_dataset(roads_dir: Path, profile: Profile) -> Dataset:
    """Return the dataset that is to be served.

    Raises:
        NoRoadsError: no road file has been imported yet.

    """
    dataset = find_current_dataset(roads_dir, profile)
    if dataset is None:
        raise NoRoadsError(f"There are no roads in {roads_dir} yet: run `riqing import roads FILE.osm.pbf` first.")
    return dataset


def describe(folder: Path, description: DatasetDescription) -> None:
    """Write a dataset's description into its folder, which makes it complete."""
    (folder / DESCRIPTION_FILE).write_text(json.dumps(asdict(description), indent=1) + "\n")


def make_current(roads_dir: Path, profile: Profile, content_hash: str) -> None:
    """Point the marker at a dataset and delete all others but the one that was current until now.

    A server may still be loading the previous one, so that stays until the next change.
    """
    home = profile_dir(roads_dir, profile)
    previous = find_current_dataset(roads_dir, profile)
    if previous is not None and previous.description.content_hash == content_hash:
        return
    fresh_marker = home / f"{CURRENT_MARKER}.new"
    fresh_marker.write_text(content_hash + "\n")
    os.replace(fresh_marker, home / CURRENT_MARKER)
    kept = {content_hash} | ({previous.description.content_hash} if previous else set())
    for folder in home.iterdir():
        if folder.is_dir() and folder.name not in kept:
            shutil.rmtree(folder)
