"""The road network of a simulated town as OpenStreetMap sees it: nodes, and ways with tags."""

from dataclasses import dataclass, field
from itertools import pairwise

from firmware_sim.ground import Spot, between, distance_m
from firmware_sim.town.street_plan import Street, StreetPlan
from firmware_sim.town.town_streets import Crossing, TownStreets, Warp

SHAPE_STEP_M = 90.0
"""A bent street has a shape node at least this often."""

MAXSPEED_KMH = {"trunk": 70, "primary": 60, "secondary": 50, "tertiary": 40, "unclassified": 40, "residential": 30}
_LANES = {"trunk": 4, "primary": 4, "secondary": 4, "tertiary": 2}


@dataclass(slots=True)
class Way:
    """A way: its nodes in order and its tags."""

    nodes: list[int]
    tags: dict[str, str]

    @property
    def highway(self) -> str:
        """The class of road, empty for what is none."""
        return self.tags.get("highway", "")

    @property
    def name(self) -> str:
        """The street's name, empty where it has none."""
        return self.tags.get("name", "")

    @property
    def is_driven(self) -> bool:
        """Tell whether vehicles may use it."""
        return self.highway not in ("", "footway", "pedestrian", "path")


@dataclass(slots=True)
class RoadNetwork:
    """Every road of town and country, in metres about the town's centre."""

    nodes: list[Spot] = field(default_factory=list)
    ways: list[Way] = field(default_factory=list)

    def add_node(self, spot: Spot) -> int:
        """Add a node and return its index."""
        self.nodes.append(spot)
        return len(self.nodes) - 1

    def add_way(self, nodes: list[int], tags: dict[str, str]) -> Way:
        """Add a way through existing nodes."""
        way = Way(nodes, tags)
        self.ways.append(way)
        return way

    def nearest_node(self, spot: Spot, among: list[int]) -> int:
        """Return the node of `among` that is nearest to `spot`."""
        return min(among, key=lambda node: (distance_m(self.nodes[node], spot), node))


def road_tags(highway: str, name: str) -> dict[str, str]:
    """Return the tags that every road of a class has."""
    tags = {"highway": highway, "maxspeed": str(MAXSPEED_KMH[highway]), "surface": "asphalt"}
    if name:
        tags["name"] = name
    if highway in _LANES:
        tags["lanes"] = str(_LANES[highway])
        tags["sidewalk"] = "both"
    return tags


def add_bent_plan(network: RoadNetwork, town: TownStreets, warp: Warp) -> dict[int, int]:
    """Bend a straight plan into the network as ways; return the network's node of each node of the plan."""
    node_of = {index: network.add_node(warp.bend(spot)) for index, spot in enumerate(town.plan.nodes)}
    for street_index, street in enumerate(town.plan.streets):
        if street.highway:
            _add_street(network, town, street_index, street, warp, node_of)
    return node_of


def _add_street(
    network: RoadNetwork, town: TownStreets, index: int, street: Street, warp: Warp, node_of: dict[int, int]
) -> None:
    """Add a street as one way, broken where it crosses a corridor."""
    junctions = street.in_order()
    chain = [node_of[junctions[0]]]
    for a, b in pairwise(junctions):
        crossing = town.crossings.get((index, min(a, b), max(a, b)))
        piece = [*_shape_nodes(network, town.plan, a, b, warp), node_of[b]]
        if crossing is None:
            chain.extend(piece)
            continue
        _add_chain(network, chain, street, {})
        if crossing.kind != "gap":
            _add_chain(network, [chain[-1], *piece], street, _crossing_tags(crossing))
        chain = [node_of[b]]
    _add_chain(network, chain, street, {})


def _shape_nodes(network: RoadNetwork, plan: StreetPlan, a: int, b: int, warp: Warp) -> list[int]:
    """Add the nodes that bend the street between two junctions."""
    pieces = max(1, round(distance_m(plan.nodes[a], plan.nodes[b]) / SHAPE_STEP_M))
    start, end = plan.nodes[a], plan.nodes[b]
    return [network.add_node(warp.bend(between(start, end, step / pieces))) for step in range(1, pieces)]


def _add_chain(network: RoadNetwork, nodes: list[int], street: Street, extra: dict[str, str]) -> None:
    if len(nodes) > 1:
        network.add_way(nodes, road_tags(street.highway, street.name) | extra)


def _crossing_tags(crossing: Crossing) -> dict[str, str]:
    if crossing.kind == "bridge":
        return {"bridge": "yes", "layer": "1"}
    return {"maxheight": f"{crossing.height_m:.1f}", "layer": "-1"}
