"""A drawn town, built with the real tools and served by the real routing engine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.roads.build import build_roads
from tests.road_files import write_roads
from tests.road_servers import TOWN_NODES, TOWN_WAYS, Served, answers, free_port, serving, wait_until


@pytest.fixture(scope="session")
def town_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The drawn town as an `.osm.pbf`."""
    return write_roads(tmp_path_factory.mktemp("town") / "roads.osm.pbf", TOWN_NODES, TOWN_WAYS)


@pytest.fixture(scope="session")
def town(town_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The drawn town, built and served for trucks."""
    roads_dir = tmp_path_factory.mktemp("roads")
    build_roads(town_file, roads_dir)
    with serving(roads_dir) as served:
        wait_until(lambda: answers(served.url))
        yield served


@pytest.fixture
def unused_port() -> int:
    """A port on which nobody listens."""
    return free_port()
