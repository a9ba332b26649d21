"""What the blocks between the town's streets are used for, and how many people live in each."""

from dataclasses import dataclass
from enum import StrEnum
from random import Random

import shapely

from firmware_sim.ground import Spot, distance_m
from firmware_sim.town.network import RoadNetwork
from firmware_sim.town.town_streets import TownStreets, Warp


class LandUse(StrEnum):
    """Uses that differ in residents and refuse."""

    OLD_TOWN = "old_town"
    HOUSING = "housing"
    SHOPS = "shops"
    WORKS = "works"
    SCHOOL = "school"
    PARK = "park"
    CORRIDOR = "corridor"


MAP_TAGS = {
    LandUse.OLD_TOWN: "residential",
    LandUse.HOUSING: "residential",
    LandUse.SHOPS: "retail",
    LandUse.WORKS: "industrial",
    LandUse.SCHOOL: "education",
    LandUse.PARK: "recreation_ground",
}
"""OpenStreetMap's `landuse`; what runs through a corridor uses the land as nothing."""

RESIDENTS_PER_HECTARE = {
    LandUse.OLD_TOWN: 75.0,
    LandUse.HOUSING: 38.0,
    LandUse.SHOPS: 30.0,
    LandUse.SCHOOL: 12.0,
    LandUse.WORKS: 1.5,
    LandUse.PARK: 0.0,
    LandUse.CORRIDOR: 0.0,
}
"""Before scaling to the town's number of residents; the outskirts have half."""

_SHARES_BY_RING = (
    (900.0, {LandUse.OLD_TOWN: 0.62, LandUse.SHOPS: 0.26, LandUse.SCHOOL: 0.07, LandUse.PARK: 0.05}),
    (2_000.0, {LandUse.HOUSING: 0.7, LandUse.SHOPS: 0.17, LandUse.SCHOOL: 0.08, LandUse.PARK: 0.05}),
    (9_999.0, {LandUse.HOUSING: 0.52, LandUse.WORKS: 0.34, LandUse.PARK: 0.07, LandUse.SCHOOL: 0.07}),
)
"""Shares of the blocks by distance from the centre in metres."""

CENTRE: Spot = (-100.0, 200.0)


@dataclass(frozen=True, slots=True)
class Parcel:
    """A block of the finished town, with its use and its residents before scaling."""

    polygon: shapely.Polygon
    use: LandUse
    residents: float

    @property
    def middle(self) -> Spot:
        """A spot inside the block, near its middle."""
        inside = self.polygon.representative_point()
        return inside.x, inside.y


@dataclass(frozen=True, slots=True)
class MappedLand:
    """A block as a map has it: its `landuse`, and its corners as GeoJSON."""

    parcel_id: str
    landuse: str
    geometry: dict[str, object]


def parcels_of(network: RoadNetwork, town: TownStreets, warp: Warp, random: Random) -> list[Parcel]:
    """Return the blocks between the town's streets; call it before anything outside the town is added."""
    lines = [shapely.LineString([network.nodes[node] for node in way.nodes]) for way in network.ways]
    found = shapely.polygonize([shapely.node(shapely.MultiLineString(lines))]).geoms
    faces = [face for face in found if isinstance(face, shapely.Polygon)]
    faces.sort(key=lambda face: (round(face.centroid.x, 3), round(face.centroid.y, 3)))
    tree = shapely.STRtree(faces)
    corridors = set()
    for block in town.plan.blocks:
        if block.corridor:
            shape = town.plan.shape(block)
            middle = sum(x for x, _ in shape) / len(shape), sum(y for _, y in shape) / len(shape)
            corridors.update(tree.query(shapely.Point(warp.bend(middle)), predicate="within").tolist())
    return [_parcel(face, index in corridors, random) for index, face in enumerate(faces)]


def _parcel(face: shapely.Polygon, is_corridor: bool, random: Random) -> Parcel:
    out_m = distance_m((face.centroid.x, face.centroid.y), CENTRE)
    shares = next(shares for limit_m, shares in _SHARES_BY_RING if out_m < limit_m)
    use = random.choices(list(shares), list(shares.values()))[0]
    if is_corridor:
        use = LandUse.CORRIDOR
    density = RESIDENTS_PER_HECTARE[use] * random.uniform(0.6, 1.4) * (0.5 if out_m > 2_000.0 else 1.0)
    return Parcel(face, use, density * face.area / 1e4)
