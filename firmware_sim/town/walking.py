"""Ways for walkers only: paths through estates and parks, footbridges, a pedestrian street."""

from collections import Counter
from random import Random

import shapely

from firmware_sim.ground import Spot, distance_m
from firmware_sim.town.land_use import CENTRE, LandUse, Parcel
from firmware_sim.town.network import RoadNetwork, Way
from firmware_sim.town.town_streets import BANK_ROADS, RIVER

_PATH_SHARE = {LandUse.PARK: 1.0, LandUse.HOUSING: 0.4, LandUse.SHOPS: 0.25, LandUse.SCHOOL: 0.2}
_FOOTBRIDGE_X_M = (-1_800.0, 400.0)


def add_walking_ways(network: RoadNetwork, parcels: list[Parcel], random: Random) -> None:
    """Add footways across blocks and over the river, and close the old town's liveliest lane to traffic."""
    corners = _corners_by_spot(network)
    for parcel in parcels:
        if random.random() < _PATH_SHARE.get(parcel.use, 0.0):
            _cross_block(network, parcel, corners, random)
    for x in _FOOTBRIDGE_X_M:
        _footbridge(network, x)
    _close_lane(network)


def _corners_by_spot(network: RoadNetwork) -> dict[Spot, int]:
    return {_rounded(network.nodes[node]): node for way in network.ways for node in way.nodes}


def _rounded(spot: Spot) -> Spot:
    return round(spot[0], 3), round(spot[1], 3)


def _cross_block(network: RoadNetwork, parcel: Parcel, corners: dict[Spot, int], random: Random) -> None:
    """Add a path between two far corners of a block over a spot inside it."""
    spots = [_rounded((x, y)) for x, y in parcel.polygon.exterior.coords[:-1]]
    ring = [corners[spot] for spot in spots if spot in corners]
    if len(ring) < 4:
        return
    start = random.randrange(len(ring))
    ends = ring[start], ring[(start + len(ring) // 2) % len(ring)]
    path = shapely.LineString([network.nodes[ends[0]], parcel.middle, network.nodes[ends[1]]])
    if parcel.polygon.buffer(0.5).covers(path):
        middle = network.add_node(parcel.middle)
        network.add_way([ends[0], middle, ends[1]], {"highway": "footway", "surface": "paving_stones"})


def _footbridge(network: RoadNetwork, x: float) -> None:
    """Join the two bank roads for walkers, near a place along the river."""
    north, south = (
        [node for way in network.ways if way.name == name for node in way.nodes] for name in BANK_ROADS[RIVER]
    )
    start = min(north, key=lambda node: (abs(network.nodes[node][0] - x), node))
    end = network.nearest_node(network.nodes[start], south)
    network.add_way([start, end], {"highway": "footway", "bridge": "yes", "layer": "1"})


def _close_lane(network: RoadNetwork) -> None:
    """Make the lane nearest to the centre that no other street joins in between a pedestrian street."""
    uses = Counter(node for way in network.ways if way.is_driven for node in way.nodes)

    def is_spare(way: Way) -> bool:
        return way.highway == "residential" and len(way.nodes) >= 3 and all(uses[n] == 1 for n in way.nodes[1:-1])

    lane = min(
        (way for way in network.ways if is_spare(way)),
        key=lambda way: distance_m(network.nodes[way.nodes[0]], CENTRE),
    )
    lane.tags = {"highway": "pedestrian", "name": "步行街", "surface": "paving_stones"}
