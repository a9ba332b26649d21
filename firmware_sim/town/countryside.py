"""The country round the town: townships with their streets, the roads between them, villages, the landfill."""

import math
from dataclasses import dataclass
from random import Random

import shapely
from shapely.geometry.base import BaseGeometry

from firmware_sim.ground import Spot, between, distance_m, heading_deg
from firmware_sim.town.names import TOWNSHIPS, NameBook
from firmware_sim.town.network import RoadNetwork, add_bent_plan, road_tags
from firmware_sim.town.street_plan import StreetPlan
from firmware_sim.town.town_streets import TownStreets, Warp, cut_through, subdivide

VILLAGES_PER_TOWNSHIP = 6
_SHAPE_STEP_M = 260.0
_APART_M = 800.0


@dataclass(frozen=True, slots=True)
class Settlement:
    """A township or village: where it is, and the nodes of its own streets."""

    name: str
    centre: Spot
    nodes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Countryside:
    """What lies outside the ring road; each village belongs to the township at the same index."""

    townships: tuple[Settlement, ...]
    villages: tuple[tuple[Settlement, ...], ...]
    landfill: Spot


def add_countryside(network: RoadNetwork, gates: list[int], warp: Warp, random: Random, names: NameBook) -> Countryside:
    """Add townships, roads to them from the nearest of the town's `gates`, roads between them, and villages."""
    builder = _Builder(network, warp, random, names)
    outline = shapely.MultiPoint(network.nodes).convex_hull
    townships = [builder.township(index, name) for index, name in enumerate(TOWNSHIPS)]
    roads = [builder.road_to_town(township, gates) for township in townships]
    for index, township in enumerate(townships):
        if index % 3 != 2:
            following = townships[(index + 1) % len(townships)]
            roads[index].extend(builder.road_between(township, following))
    taken = [township.centre for township in townships]
    villages = tuple(builder.villages(road, outline, taken) for road in roads)
    return Countryside(tuple(townships), villages, builder.landfill(roads[1], outline, taken))


class _Builder:
    def __init__(self, network: RoadNetwork, warp: Warp, random: Random, names: NameBook) -> None:
        self.network, self.warp, self.random, self.names = network, warp, random, names
        self._town_ways = len(network.ways)
        self._lines: list[shapely.LineString] = []

    def township(self, index: int, name: str) -> Settlement:
        """Add a small street plan some kilometres from the town."""
        angle = 2 * math.pi * (index + self.random.uniform(-0.2, 0.2)) / len(TOWNSHIPS)
        out_m = self.random.uniform(7_200.0, 11_500.0)
        centre = out_m * math.cos(angle), out_m * math.sin(angle)
        plan = StreetPlan()
        plan.enclose([self._on_ring(centre, corner) for corner in range(9)], "tertiary", "环镇路")
        turn = self.random.uniform(0.0, math.pi)
        cut_through(plan, centre, (math.cos(turn), math.sin(turn)), "secondary", "镇中大街")
        cut_through(plan, centre, (-math.sin(turn), math.cos(turn)), "tertiary", "集市街")
        for block in list(plan.blocks):
            subdivide(plan, block, self.random, self.names, lambda _: 3.2e4)
        nodes = add_bent_plan(self.network, TownStreets(plan), self.warp)
        return Settlement(name, self.warp.bend(centre), tuple(nodes.values()))

    def _on_ring(self, centre: Spot, corner: int) -> Spot:
        angle = 2 * math.pi * (corner + self.random.uniform(-0.2, 0.2)) / 9
        return centre[0] + 460.0 * math.cos(angle), centre[1] + 380.0 * math.sin(angle)

    def road_to_town(self, township: Settlement, gates: list[int]) -> list[int]:
        """Add a county road from the nearest gate, and return its nodes."""
        gate = self.network.nearest_node(township.centre, gates)
        end = self.network.nearest_node(self.network.nodes[gate], list(township.nodes))
        return self._wind(gate, end, "secondary", f"青{township.name[0]}路")

    def road_between(self, a: Settlement, b: Settlement) -> list[int]:
        """Add a township road between neighbours, and return its nodes."""
        start = self.network.nearest_node(b.centre, list(a.nodes))
        end = self.network.nearest_node(self.network.nodes[start], list(b.nodes))
        return self._wind(start, end, "tertiary", f"{a.name[0]}{b.name[0]}路")

    def _wind(self, start: int, end: int, highway: str, name: str) -> list[int]:
        """Add a gently winding road between two nodes."""
        a, b = self.network.nodes[start], self.network.nodes[end]
        steps = max(2, round(distance_m(a, b) / _SHAPE_STEP_M))
        sway_m = self.random.uniform(0.02, 0.05) * distance_m(a, b)
        bends, phase = self.random.uniform(1.5, 3.0), self.random.uniform(0.0, math.pi)
        square = math.radians(heading_deg(a, b) + 90.0)
        nodes = [start]
        for step in range(1, steps):
            fraction = step / steps
            aside = sway_m * math.sin(math.pi * fraction) * math.sin(bends * math.pi * fraction + phase)
            x, y = between(a, b, fraction)
            nodes.append(self.network.add_node((x + aside * math.sin(square), y + aside * math.cos(square))))
        nodes.append(end)
        tags = road_tags(highway, name)
        if highway != "secondary":
            tags.pop("sidewalk", None)
        self.network.add_way(nodes, tags)
        return nodes

    def villages(self, road: list[int], outline: BaseGeometry, taken: list[Spot]) -> tuple[Settlement, ...]:
        """Add villages at the end of lanes off `road`."""
        found: list[Settlement] = []
        while len(found) < VILLAGES_PER_TOWNSHIP:
            place = self._free_place(road, outline, taken)
            taken.append(place[1])
            found.append(self._village(*place))
        return tuple(found)

    def _free_place(self, road: list[int], outline: BaseGeometry, taken: list[Spot]) -> tuple[int, Spot]:
        """Draw a node of the road and a spot aside from it until a lane between them crosses nothing."""
        lines = self._roads_outside()
        while True:
            node = self.random.choice(road[1:-1])
            start = self.network.nodes[node]
            angle, out_m = self.random.uniform(0.0, 2 * math.pi), self.random.uniform(450.0, 1_900.0)
            spot = start[0] + out_m * math.cos(angle), start[1] + out_m * math.sin(angle)
            lane = shapely.LineString([between(start, spot, 0.05), spot])
            clear = (
                shapely.Point(spot).distance(lines) > 380.0 and not lane.crosses(lines) and not lane.crosses(outline)
            )
            apart = all(distance_m(spot, other) > _APART_M for other in taken)
            if clear and apart and outline.distance(shapely.Point(spot)) > 700.0:
                return node, spot

    def _roads_outside(self) -> shapely.MultiLineString:
        """Return every road that was added outside the town so far."""
        for way in self.network.ways[self._town_ways + len(self._lines) :]:
            self._lines.append(shapely.LineString([self.network.nodes[node] for node in way.nodes]))
        return shapely.MultiLineString(self._lines)

    def _village(self, road_node: int, centre: Spot) -> Settlement:
        """Add a village: the lane to it, its main lane and two or three lanes across."""
        name = self.names.village()
        middle = self.network.add_node(centre)
        self._wind(road_node, middle, "unclassified", f"{name}村道")
        turn = self.random.uniform(0.0, 2 * math.pi)
        nodes = [middle]
        for side in (1.0, -1.0):
            out = [self.network.add_node(_polar(centre, turn, side * step)) for step in (90.0, 180.0)]
            self.network.add_way([middle, *out], road_tags("residential", ""))
            nodes.extend(out)
        for node in nodes[1::2] if self.random.random() < 0.5 else nodes[1:]:
            across = turn + math.pi / 2 * self.random.choice((1.0, -1.0))
            end = self.network.add_node(_polar(self.network.nodes[node], across, self.random.uniform(60.0, 130.0)))
            self.network.add_way([node, end], road_tags("residential", ""))
            nodes.append(end)
        return Settlement(f"{name}村", centre, tuple(nodes))

    def landfill(self, road: list[int], outline: BaseGeometry, taken: list[Spot]) -> Spot:
        """Add the landfill's own road off `road`, and return where the landfill is."""
        node, spot = self._free_place(road[len(road) // 2 :], outline, taken)
        self._wind(node, self.network.add_node(spot), "unclassified", "填埋场路")
        return spot


def _polar(centre: Spot, angle: float, out_m: float) -> Spot:
    return centre[0] + out_m * math.cos(angle), centre[1] + out_m * math.sin(angle)
