"""Small OpenStreetMap files for tests: towns drawn as a handful of nodes and ways."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import osmium
from osmium.osm.mutable import Node, Way

LON, LAT = 112.0, 28.0
"""The south-west corner of every drawn town."""

METRE_EAST_DEG = 1 / 98_179
"""One metre eastwards at LAT, in degrees of longitude."""
METRE_NORTH_DEG = 1 / 111_195


def place(east_m: float, north_m: float) -> tuple[float, float]:
    """Return longitude and latitude of a place so many metres from the corner."""
    return LON + east_m * METRE_EAST_DEG, LAT + north_m * METRE_NORTH_DEG


def write_roads(
    path: Path, nodes: Mapping[int, tuple[float, float]], ways: Sequence[tuple[Sequence[int], Mapping[str, str]]]
) -> Path:
    """Write nodes (metres east and north of the corner) and ways (node ids, tags) as an `.osm.pbf`."""
    writer = osmium.SimpleWriter(str(path))
    for number, (east_m, north_m) in nodes.items():
        writer.add_node(Node(id=number, location=place(east_m, north_m), version=1))
    for number, (members, tags) in enumerate(ways, start=1):
        writer.add_way(Way(id=number, nodes=list(members), tags=dict(tags), version=1))
    writer.close()
    return path
