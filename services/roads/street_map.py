"""The streets as GeoJSON for a base map that needs no internet; made once, beside the dataset."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import msgspec
import osmium
import osmium.filter
from shapely.geometry import LineString

from services.roads.datasets import Profile, find_current_dataset
from services.roads.errors import RoadDataError

STREET_MAP_FILE = "streets.geojson.gz"

DRAWN_CLASSES = frozenset(
    {
        *("motorway", "trunk", "primary", "secondary", "tertiary", "unclassified", "residential"),
        *("motorway_link", "trunk_link", "primary_link", "secondary_link", "tertiary_link"),
        *("living_street", "pedestrian", "service", "track"),
    }
)
"""The values of `highway` that are drawn; paths and steps would double the size and say little."""

TOLERANCE_DEG = 1.5e-5
"""How far a drawn street may lie off the true one: about 1.5 m, less than its width."""

DECIMALS = 6


class _Line(msgspec.Struct):
    coordinates: list[tuple[float, float]]
    type: str = "LineString"


class _Properties(msgspec.Struct, rename={"street_class": "class"}):
    name: str | None
    street_class: str


class _Feature(msgspec.Struct):
    geometry: _Line
    properties: _Properties
    type: str = "Feature"


def write_street_map(pbf: Path, target: Path) -> int:
    """Write the streets of an OpenStreetMap PBF as compressed GeoJSON and return how many these are.

    Each is a LineString with `name` (or null) and `class` (the value of `highway`).

    Raises:
        RoadDataError: the file cannot be read.

    """
    unfinished = target.with_name(target.name + ".part")
    count = 0
    # Without a time in its head the same streets are the same bytes.
    with unfinished.open("wb") as file, gzip.GzipFile("", "wb", 6, file, mtime=0) as compressed:
        compressed.write(b'{"type":"FeatureCollection","features":[')
        for street in _streets(pbf):
            compressed.write((b",\n" if count else b"\n") + msgspec.json.encode(street))
            count += 1
        compressed.write(b"\n]}\n")
    unfinished.replace(target)
    return count


def find_street_map(roads_dir: Path) -> Path | None:
    """Return the current roads' street map; none when no roads were imported, or before it was made with them."""
    dataset = find_current_dataset(roads_dir, Profile.TRUCK)
    path = None if dataset is None else dataset.folder / STREET_MAP_FILE
    return path if path is not None and path.is_file() else None


def _streets(pbf: Path) -> Iterator[_Feature]:
    ways = (
        osmium.FileProcessor(osmium.io.File(str(pbf), "pbf"))
        .with_locations()
        .with_filter(osmium.filter.EntityFilter(osmium.osm.WAY))
        .with_filter(osmium.filter.KeyFilter("highway"))
    )
    try:
        for way in ways:
            assert isinstance(way, osmium.osm.Way), "only ways pass the filter"
            street_class = way.tags.get("highway")
            if street_class not in DRAWN_CLASSES or way.tags.get("area") == "yes":
                continue
            for coordinates in _drawn_pieces(way):
                yield _Feature(_Line(coordinates), _Properties(way.tags.get("name"), street_class))
    except RuntimeError as error:
        raise RoadDataError(f"{pbf.name} cannot be read: {error}.") from error


def _drawn_pieces(way: osmium.osm.Way) -> Iterator[list[tuple[float, float]]]:
    """Yield the way's pieces whose nodes the file holds; extracts cut at a border name nodes that they lack."""
    piece: list[tuple[float, float]] = []
    for node in way.nodes:
        if node.location.valid():
            piece.append((node.location.lon, node.location.lat))
            continue
        yield from _simplified(piece)
        piece = []
    yield from _simplified(piece)


def _simplified(piece: list[tuple[float, float]]) -> Iterator[list[tuple[float, float]]]:
    if len(piece) >= 2:
        line = LineString(piece).simplify(TOLERANCE_DEG)
        yield [(round(lon, DECIMALS), round(lat, DECIMALS)) for lon, lat in line.coords]
