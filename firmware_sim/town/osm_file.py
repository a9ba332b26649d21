"""Writes a simulated town's roads as an OpenStreetMap extract, byte for byte the same for the same network."""

from pathlib import Path

import osmium
from osmium.osm.mutable import Node
from osmium.osm.mutable import Way as OsmWay

from firmware_sim.ground import Ground
from firmware_sim.town.network import RoadNetwork

_TIMESTAMP = "2026-01-01T00:00:00Z"
_GENERATOR = "riqing town generate"
_FORMAT = "pbf,pbf_compression=none,add_metadata=version+timestamp"
"""Uncompressed: what zlib makes of the same data differs between its builds."""


def write_osm(network: RoadNetwork, ground: Ground, path: Path) -> None:
    """Write nodes and ways, in the order of their numbers, as `.osm.pbf`; an existing file is replaced."""
    header = osmium.io.Header()
    header.set("generator", _GENERATOR)
    header.set("osmosis_replication_timestamp", _TIMESTAMP)
    header.set("sorting", "Type_then_ID")
    header.add_box(_bounds(network, ground))
    used = sorted({node for way in network.ways for node in way.nodes})
    number = {node: index for index, node in enumerate(used, start=1)}
    with osmium.SimpleWriter(osmium.io.File(str(path), _FORMAT), header=header, overwrite=True) as writer:
        for node in used:
            lon, lat = ground.lonlat(network.nodes[node])
            location = (round(lon, 7), round(lat, 7))
            writer.add_node(Node(id=number[node], version=1, timestamp=_TIMESTAMP, location=location))
        for index, way in enumerate(network.ways, start=1):
            nodes = [number[node] for node in way.nodes]
            tags = dict(sorted(way.tags.items()))
            writer.add_way(OsmWay(id=index, version=1, timestamp=_TIMESTAMP, nodes=nodes, tags=tags))


def _bounds(network: RoadNetwork, ground: Ground) -> osmium.osm.Box:
    places = [ground.lonlat(spot) for spot in network.nodes]
    lons, lats = zip(*places, strict=True)
    return osmium.osm.Box(min(lons), min(lats), max(lons), max(lats))
