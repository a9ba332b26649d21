"""One-way streets in the old town, chosen so that every street can still be reached and left."""

from itertools import pairwise
from random import Random

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from firmware_sim.ground import distance_m
from firmware_sim.town.land_use import CENTRE
from firmware_sim.town.network import RoadNetwork, Way

_WITHIN_M = 1_500.0
_SHARE = 0.2


def add_one_ways(network: RoadNetwork, random: Random) -> None:
    """Make some lanes of the old town one-way."""
    chosen = [
        way
        for way in network.ways
        if way.highway in ("residential", "tertiary")
        and distance_m(network.nodes[way.nodes[0]], CENTRE) < _WITHIN_M
        and random.random() < _SHARE
    ]
    for way in chosen:
        way.tags["oneway"] = "yes"
    while cut_off := _nodes_cut_off(network):
        for way in chosen:
            if "oneway" in way.tags and not cut_off.isdisjoint(way.nodes):
                del way.tags["oneway"]


def _nodes_cut_off(network: RoadNetwork) -> set[int]:
    """Return the nodes of driven ways that cannot be both reached from and left for the bulk of the network."""
    arcs = [arc for way in network.ways if way.is_driven for arc in _arcs(way)]
    tails, heads = np.array(arcs).T
    size = len(network.nodes)
    graph = coo_array((np.ones(len(arcs), dtype=np.int8), (tails, heads)), shape=(size, size))
    _, label = connected_components(graph, directed=True, connection="strong")
    bulk = int(np.bincount(label[tails]).argmax())
    return {int(node) for node in np.unique(np.concatenate([tails, heads])) if label[node] != bulk}


def _arcs(way: Way) -> list[tuple[int, int]]:
    forward = list(pairwise(way.nodes))
    return forward if way.tags.get("oneway") == "yes" else [*forward, *((b, a) for a, b in forward)]
