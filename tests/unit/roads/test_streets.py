"""Reading the streets of an OpenStreetMap PBF."""

from pathlib import Path

import pytest

from services.roads.errors import RoadDataError
from services.roads.streets import STREET_CLASSES, may_walk, read_road_file
from tests.road_files import place, write_roads


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"highway": "residential"}, True),
        ({"highway": "footway"}, True),
        ({"highway": "motorway"}, False),  # nobody walks there
        ({"highway": "primary", "motorroad": "yes"}, False),
        ({"highway": "residential", "access": "private"}, False),
        ({"highway": "residential", "access": "private", "foot": "yes"}, True),  # the closer tag counts
        ({"highway": "residential", "foot": "no"}, False),
        ({"highway": "trunk"}, False),
        ({"highway": "trunk", "sidewalk": "both"}, True),
        ({"highway": "cycleway"}, False),
        ({"highway": "cycleway", "foot": "designated"}, True),
        ({"highway": "construction"}, False),
        ({"building": "yes"}, False),
    ],
)
def test_walking_is_allowed_by_class_and_access(tags: dict[str, str], expected: bool) -> None:
    """A person may walk streets and paths, not motorways, and obeys the tag that is closest to walking."""
    assert may_walk(tags) is expected


def test_streets_are_counted_and_bounded(tmp_path: Path) -> None:
    """Buildings and areas are no streets; a motorway is for trucks only, a footway for walkers only."""
    nodes = {1: (0, 0), 2: (100, 0), 3: (100, 200), 4: (0, 200), 5: (5000, 5000)}
    ways = [
        ([1, 2], {"highway": "residential"}),
        ([2, 3], {"highway": "footway"}),
        ([3, 4], {"highway": "motorway"}),
        ([1, 2, 3, 1], {"highway": "pedestrian", "area": "yes"}),
        ([4, 5], {"building": "yes"}),
    ]
    road_file = read_road_file(write_roads(tmp_path / "town.osm.pbf", nodes, ways))
    assert (road_file.street_count, road_file.truck_street_count) == (3, 2)
    assert road_file.bounds == pytest.approx((*place(0, 0), *place(100, 200)), abs=1e-6)
    classes = [STREET_CLASSES[index] for index in road_file.walkable.street_class]
    assert classes == ["residential", "footway"]


def test_a_street_cut_at_the_border_keeps_what_the_file_holds(tmp_path: Path) -> None:
    """A way that names nodes outside the extract falls into the pieces between them."""
    nodes = {1: (0, 0), 2: (100, 0), 4: (300, 0), 5: (400, 0), 7: (600, 0)}
    ways = [([1, 2, 3, 4, 5, 6, 7], {"highway": "residential"})]
    walkable = read_road_file(write_roads(tmp_path / "cut.osm.pbf", nodes, ways)).walkable
    assert walkable.street_offsets.tolist() == [0, 2, 4]


def test_unusable_files_are_refused_in_one_sentence(tmp_path: Path) -> None:
    """What is empty, no PBF, cut short or without streets is told apart and named."""
    whole = write_roads(tmp_path / "w.osm.pbf", {1: (0, 0), 2: (9, 0)}, [([1, 2], {"highway": "residential"})])
    contents = {
        "empty.osm.pbf": (b"", "is empty"),
        "text.osm.pbf": (b"point_id,lon,lat\n" * 9, "is not an OpenStreetMap PBF"),
        "town.osm": (b"<?xml version='1.0'?><osm/>", "osmium cat"),
        "short.osm.pbf": (whole.read_bytes()[:-20], "cut short"),
    }
    for name, (content, expected) in contents.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(RoadDataError, match=expected) as caught:
            read_road_file(tmp_path / name)
        assert name in str(caught.value)
        assert "\n" not in str(caught.value)
    rail = write_roads(tmp_path / "rail.osm.pbf", {1: (0, 0), 2: (9, 0)}, [([1, 2], {"railway": "rail"})])
    with pytest.raises(RoadDataError, match="no street that a truck may use"):
        read_road_file(rail)
    with pytest.raises(RoadDataError, match="cannot be read"):
        read_road_file(tmp_path / "missing.osm.pbf")
