"""Places along streets: where a bin, a station or a toilet stands beside the road."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import shapely

from firmware_sim.ground import Spot, beside, distance_m
from firmware_sim.town.network import RoadNetwork, Way


@dataclass(frozen=True, slots=True)
class Frontage:
    """A spot beside a street, and the street's name."""

    spot: Spot
    street: str


class Frontages:
    """Finds the place beside the nearest of some streets."""

    def __init__(self, network: RoadNetwork, ways: Iterable[Way]) -> None:
        """Index the segments of those ways that are neither bridges nor underpasses."""
        self._segments = [
            (network.nodes[a], network.nodes[b], way.name)
            for way in ways
            if "bridge" not in way.tags and "maxheight" not in way.tags
            for a, b in pairwise(way.nodes)
            if distance_m(network.nodes[a], network.nodes[b]) > 24.0
        ]
        self._tree = shapely.STRtree([shapely.LineString([a, b]) for a, b, _ in self._segments])

    def beside(self, spot: Spot, offset_m: float) -> Frontage:
        """Return the place nearest to `spot` that is `offset_m` from a street's middle and 10 m from its ends."""
        point = shapely.Point(spot)
        a, b, name = self._segments[int(self._tree.query_nearest(point, all_matches=False)[0])]
        length_m = distance_m(a, b)
        along_m = ((spot[0] - a[0]) * (b[0] - a[0]) + (spot[1] - a[1]) * (b[1] - a[1])) / length_m
        fraction = min(max(along_m, 10.0), length_m - 10.0) / length_m
        right = (b[0] - a[0]) * (spot[1] - a[1]) - (b[1] - a[1]) * (spot[0] - a[0]) < 0
        return Frontage(beside(a, b, fraction, offset_m if right else -offset_m), name)
