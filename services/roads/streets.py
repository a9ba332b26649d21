"""Reading the streets out of an OpenStreetMap PBF: which there are, where, and which a person may walk."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import osmium
import osmium.filter
from numpy.typing import NDArray

from services.roads.datasets import Bounds
from services.roads.errors import RoadDataError

STREET_CLASSES = (
    *("primary", "secondary", "tertiary", "unclassified", "residential", "living_street", "pedestrian"),
    *("primary_link", "secondary_link", "tertiary_link", "service", "track", "path", "steps", "footway"),
    *("platform", "pier", "trunk", "trunk_link", "cycleway", "bridleway"),
)
"""The values of `highway` that a person may walk, the built-up ones first; the last row only where tagged so."""

BUILT_UP_CLASSES = frozenset(STREET_CLASSES[:7])
"""Classes whose length stands for where people live and trade."""

WALKABLE_WHEN_TAGGED = frozenset({"trunk", "trunk_link", "cycleway", "bridleway"})

FORBIDDEN_ON_FOOT = frozenset({"no", "private", "agricultural", "forestry", "delivery", "use_sidepath"})
ALLOWED_ON_FOOT = frozenset({"yes", "designated", "permissive"})
SIDEWALKS = frozenset({"yes", "both", "left", "right"})

TRUCK_CLASSES = frozenset(
    {
        *("motorway", "trunk", "primary", "secondary", "tertiary", "unclassified", "residential"),
        *("motorway_link", "trunk_link", "primary_link", "secondary_link", "tertiary_link"),
        *("living_street", "service", "track"),
    }
)


@dataclass(frozen=True, slots=True)
class WalkableStreets:
    """The walkable streets as arrays.

    Street i runs over the nodes `street_nodes[street_offsets[i]:street_offsets[i + 1]]`; `street_class[i]` is
    an index into STREET_CLASSES; positions are in degrees.
    """

    node_lon: NDArray[np.float64]
    node_lat: NDArray[np.float64]
    street_nodes: NDArray[np.int32]
    street_offsets: NDArray[np.int64]
    street_class: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class RoadFile:
    """What a road file holds: its streets, how many of them a truck may use by class, and their bounds."""

    walkable: WalkableStreets
    street_count: int
    truck_street_count: int
    bounds: Bounds


@dataclass(slots=True)
class _Collector:
    """Gathers the ways of one pass over the file."""

    index_of_node: dict[int, int] = field(default_factory=dict)
    node_positions: list[tuple[float, float]] = field(default_factory=list)
    street_nodes: list[int] = field(default_factory=list)
    street_offsets: list[int] = field(default_factory=lambda: [0])
    street_class: list[int] = field(default_factory=list)
    street_count: int = 0
    truck_street_count: int = 0
    west: float = 180.0
    south: float = 90.0
    east: float = -180.0
    north: float = -90.0

    def add(self, way: osmium.osm.Way) -> None:
        """Take in one way with a `highway` tag."""
        tags = dict(way.tags)
        walkable, drivable = may_walk(tags), tags["highway"] in TRUCK_CLASSES
        if tags.get("area") == "yes" or not (walkable or drivable):
            return
        pieces = _located_pieces(way)
        if not pieces:
            return
        self.street_count += 1
        self.truck_street_count += drivable
        for piece in pieces:
            self._widen(piece)
            if walkable:
                self._add_street(piece, STREET_CLASSES.index(tags["highway"]))

    def _widen(self, piece: list[tuple[int, float, float]]) -> None:
        for _, lon, lat in piece:
            self.west, self.east = min(self.west, lon), max(self.east, lon)
            self.south, self.north = min(self.south, lat), max(self.north, lat)

    def _add_street(self, piece: list[tuple[int, float, float]], street_class: int) -> None:
        for node, lon, lat in piece:
            index = self.index_of_node.setdefault(node, len(self.node_positions))
            if index == len(self.node_positions):
                self.node_positions.append((lon, lat))
            self.street_nodes.append(index)
        self.street_offsets.append(len(self.street_nodes))
        self.street_class.append(street_class)

    def finish(self) -> RoadFile:
        """Return what was gathered as arrays."""
        positions = np.array(self.node_positions, dtype=np.float64).reshape(-1, 2)
        walkable = WalkableStreets(
            node_lon=np.ascontiguousarray(positions[:, 0]),
            node_lat=np.ascontiguousarray(positions[:, 1]),
            street_nodes=np.array(self.street_nodes, dtype=np.int32),
            street_offsets=np.array(self.street_offsets, dtype=np.int64),
            street_class=np.array(self.street_class, dtype=np.uint8),
        )
        bounds = (self.west, self.south, self.east, self.north)
        return RoadFile(walkable, self.street_count, self.truck_street_count, bounds)


def may_walk(tags: Mapping[str, str]) -> bool:
    """Tell whether a person may walk along a way with these tags."""
    highway = tags.get("highway")
    if highway not in STREET_CLASSES or tags.get("motorroad") == "yes":
        return False
    access = tags.get("foot", tags.get("access"))
    if access in FORBIDDEN_ON_FOOT:
        return False
    if highway in WALKABLE_WHEN_TAGGED:
        return tags.get("foot") in ALLOWED_ON_FOOT or tags.get("sidewalk") in SIDEWALKS
    return True


def _located_pieces(way: osmium.osm.Way) -> list[list[tuple[int, float, float]]]:
    """Return the runs of two or more neighbouring nodes whose position the file holds.

    Extracts cut at a border name nodes that they do not contain.
    """
    pieces: list[list[tuple[int, float, float]]] = [[]]
    for node in way.nodes:
        if node.location.valid():
            pieces[-1].append((node.ref, node.location.lon, node.location.lat))
        elif pieces[-1]:
            pieces.append([])
    return [piece for piece in pieces if len(piece) >= 2]


def read_road_file(path: Path) -> RoadFile:
    """Read all streets of an OpenStreetMap PBF.

    Raises:
        RoadDataError: it is not one, is cut short, or holds no street that a truck may use.

    """
    _refuse_what_is_no_pbf(path)
    collector = _Collector()
    try:
        ways = (
            osmium.FileProcessor(osmium.io.File(str(path), "pbf"))
            .with_locations()
            .with_filter(osmium.filter.EntityFilter(osmium.osm.WAY))
            .with_filter(osmium.filter.KeyFilter("highway"))
        )
        for way in ways:
            assert isinstance(way, osmium.osm.Way), "the filter lets nothing else through"
            collector.add(way)
    except RuntimeError as error:
        raise RoadDataError(
            f"{path.name} is damaged or was cut short ({str(error).removeprefix('PBF error: ')}): "
            "fetch it again and compare its size."
        ) from error
    if collector.truck_street_count == 0:
        raise RoadDataError(
            f"{path.name} holds no street that a truck may use: "
            "choose an extract of OpenStreetMap that contains the town's roads."
        )
    return collector.finish()


def _refuse_what_is_no_pbf(path: Path) -> None:
    try:
        with path.open("rb") as file:
            beginning = file.read(32)
    except OSError as error:
        raise RoadDataError(f"{path} cannot be read: {error.strerror}.") from error
    if not beginning:
        raise RoadDataError(f"{path.name} is empty: fetch it again.")
    if b"OSMHeader" not in beginning:
        is_xml = beginning.lstrip().startswith((b"<?xml", b"<osm"))
        remedy = f"convert it with `osmium cat {path.name} -o roads.osm.pbf`" if is_xml else "give an .osm.pbf"
        raise RoadDataError(f"{path.name} is not an OpenStreetMap PBF file: {remedy}.")
