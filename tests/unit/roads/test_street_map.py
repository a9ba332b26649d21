"""The streets as a base map."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from services.roads.errors import RoadDataError
from services.roads.street_map import write_street_map
from tests.road_files import LAT, LON, write_roads

NODES = {1: (0.0, 0.0), 2: (100.0, 0.0), 3: (200.0, 0.0), 4: (200.0, 100.0)}


def _features(path: Path) -> list[dict[str, Any]]:
    content = json.loads(gzip.decompress(path.read_bytes()))
    assert content["type"] == "FeatureCollection"
    return list(content["features"])


def _map(tmp_path: Path, *ways: tuple[list[int], dict[str, str]]) -> list[dict[str, Any]]:
    pbf = write_roads(tmp_path / "roads.osm.pbf", NODES, ways)
    target = tmp_path / "streets.geojson.gz"
    assert write_street_map(pbf, target) == len(_features(target))
    return _features(target)


def test_a_street_has_its_name_class_and_line(tmp_path: Path) -> None:
    """A line in the order of GeoJSON, without the node in the middle of a straight."""
    (street,) = _map(tmp_path, ([1, 2, 3, 4], {"highway": "residential", "name": "前门街"}))
    assert street["properties"] == {"name": "前门街", "class": "residential"}
    line = street["geometry"]
    assert line["type"] == "LineString"
    assert len(line["coordinates"]) == 3
    assert line["coordinates"][0] == [LON, LAT]


@pytest.mark.parametrize(
    ("tags", "drawn"),
    [
        ({"highway": "service"}, True),
        ({"highway": "footway"}, False),  # paths would double the size
        ({"highway": "pedestrian", "area": "yes"}, False),  # a square is no line
        ({"waterway": "river"}, False),
    ],
)
def test_what_is_drawn(tmp_path: Path, tags: dict[str, str], drawn: bool) -> None:
    """Streets, and nothing else; one without a name has none."""
    features = _map(tmp_path, ([1, 2], tags), ([3, 4], {"highway": "primary"}))
    assert [feature["properties"]["class"] for feature in features] == [
        *([tags["highway"]] if drawn else []),
        "primary",
    ]
    assert features[-1]["properties"]["name"] is None


def test_a_street_cut_at_the_border_is_drawn_in_pieces(tmp_path: Path) -> None:
    """Nodes that the file does not hold leave a gap, not a line to nowhere."""
    features = _map(tmp_path, ([1, 2, 99, 3, 4], {"highway": "primary"}), ([98, 4], {"highway": "primary"}))
    assert [len(feature["geometry"]["coordinates"]) for feature in features] == [2, 2]


def test_the_same_streets_are_the_same_bytes(tmp_path: Path) -> None:
    """Whenever it is made."""
    pbf = write_roads(tmp_path / "roads.osm.pbf", NODES, [([1, 2], {"highway": "primary"})])
    for name in ("a", "b"):
        write_street_map(pbf, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_damaged_file_leaves_no_map(tmp_path: Path) -> None:
    """One sentence, and nothing that looks finished."""
    pbf = tmp_path / "roads.osm.pbf"
    pbf.write_bytes(b"no streets at all")
    with pytest.raises(RoadDataError, match=r"roads\.osm\.pbf"):
        write_street_map(pbf, tmp_path / "map")
    assert not (tmp_path / "map").exists()
