"""The ways between places of a generated town: shortest paths along its roads, without a road server."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import shapely
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from firmware_sim.ground import Spot, between, distance_m
from firmware_sim.town.network import RoadNetwork


class Streets:
    """A town's driven roads with the places that trucks stand at; built once for all places."""

    def __init__(self, network: RoadNetwork, spots: Sequence[Spot]) -> None:
        """Put each of `spots` on the nearest road."""
        segments = [pair for way in network.ways if way.is_driven for pair in pairwise(way.nodes)]
        self._nodes: list[Spot] = list(network.nodes)
        lines = shapely.linestrings([[network.nodes[a], network.nodes[b]] for a, b in segments])
        nearest = shapely.STRtree(lines).query_nearest(shapely.points(spots), all_matches=False)[1]
        on_segment: dict[int, list[tuple[float, int]]] = defaultdict(list)
        for number, (spot, index) in enumerate(zip(spots, nearest.tolist(), strict=True)):
            share = float(shapely.line_locate_point(lines[index], shapely.Point(spot), normalized=True))
            a, b = segments[index]
            self._nodes.append(between(network.nodes[a], network.nodes[b], share))
            on_segment[index].append((share, len(network.nodes) + number))
        edges = []
        for index, (a, b) in enumerate(segments):
            chain = [a, *(node for _, node in sorted(on_segment.get(index, ()))), b]
            edges += list(pairwise(chain))
        first = len(network.nodes)
        self._stands = list(range(first, first + len(spots)))
        starts, ends = np.array(edges).T
        lengths = [max(distance_m(self._nodes[a], self._nodes[b]), 0.01) for a, b in edges]
        graph = csr_array((lengths, (starts, ends)), shape=(len(self._nodes), len(self._nodes)))
        self.lengths_m, self._before = dijkstra(graph, directed=False, indices=self._stands, return_predecessors=True)

    def length_m(self, start: int, end: int) -> float:
        """Return the metres along the roads from one spot's stand to another's; infinite where there is no way."""
        return float(self.lengths_m[start, self._stands[end]])

    def way(self, start: int, end: int) -> list[Spot]:
        """Return the corners of the shortest way from one spot's stand to another's."""
        node, corners = self._stands[end], [self._nodes[self._stands[end]]]
        while node != self._stands[start]:
            node = int(self._before[start, node])
            corners.append(self._nodes[node])
        return corners[::-1]

    def stand(self, number: int) -> Spot:
        """Return the place on the road nearest to a spot."""
        return self._nodes[self._stands[number]]
