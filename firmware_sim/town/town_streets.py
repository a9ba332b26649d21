"""The straight plan of the county town: a ring road, through streets, a river, a railway, and blocks between."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from firmware_sim.ground import Spot, distance_m
from firmware_sim.town.names import MAIN_STREETS_EAST, MAIN_STREETS_NORTH, NameBook
from firmware_sim.town.street_plan import Block, StreetPlan, area_m2, long_axis, middle

BUILT_UP_M2 = 30.0e6
RIVER, RAILWAY = "river", "railway"
RING_ROAD = "环城路"
BANK_ROADS = {RIVER: ("滨河北路", "滨河南路"), RAILWAY: ("铁西路", "铁东路")}

_MAIN_NORTH_X_M = (-2350.0, -1250.0, -150.0, 900.0, 2450.0)
_MAIN_EAST_Y_M = (1650.0, 720.0, -230.0, -1750.0)
_RIVER_AT, _RIVER_DIRECTION, RIVER_WIDTH_M = (0.0, -960.0), (1.0, 0.07), 80.0
_RAILWAY_AT, _RAILWAY_DIRECTION, _RAILWAY_WIDTH_M = (1650.0, 0.0), (0.11, 1.0), 44.0

_COUNTY_REACH_M = 13_200

_WITHOUT_BRIDGE = frozenset({"迎宾大道", "建设路"})
_UNDERPASS_HEIGHT_M = {"北环一路": 4.5, "中山路": 4.2, "文化路": 2.6, "淮海路": 3.2}

_CROSSING_SNAP_M, _STREET_SNAP_M = 1.0, 42.0
_SECONDARY_ABOVE_M2, _TERTIARY_ABOVE_M2 = 0.62e6, 0.24e6


@dataclass(frozen=True, slots=True)
class Crossing:
    """What a street does where it meets a corridor: `bridge`, `underpass` with its height, or `gap`."""

    kind: str
    height_m: float | None = None


@dataclass(slots=True)
class TownStreets:
    """The finished plan; `crossings` is keyed by street and the two junctions at the corridor's edges."""

    plan: StreetPlan
    crossings: dict[tuple[int, int, int], Crossing] = field(default_factory=dict)


def lay_out_town(random: Random, names: NameBook) -> TownStreets:
    """Return the town's streets, straight and to the metre; `warp_of` bends them afterwards."""
    plan = StreetPlan()
    plan.enclose(_ring(random), "trunk", RING_ROAD)
    for x, name in zip(_MAIN_NORTH_X_M, MAIN_STREETS_NORTH, strict=True):
        cut_through(plan, (x, 0.0), (random.uniform(-0.06, 0.06), 1.0), "primary", name)
    for y, name in zip(_MAIN_EAST_Y_M, MAIN_STREETS_EAST, strict=True):
        cut_through(plan, (0.0, y), (1.0, random.uniform(-0.05, 0.05)), "primary", name)
    _cut_corridor(plan, RIVER, _RIVER_AT, _RIVER_DIRECTION, RIVER_WIDTH_M)
    _cut_corridor(plan, RAILWAY, _RAILWAY_AT, _RAILWAY_DIRECTION, _RAILWAY_WIDTH_M)
    for block in list(plan.blocks):
        if not block.corridor:
            subdivide(plan, block, random, names, _block_size_m2)
    return TownStreets(plan, _crossings(plan))


def _ring(random: Random) -> list[Spot]:
    """Return a convex ring, counter-clockwise, that encloses the built-up area."""
    corners = 15
    spots = []
    for index in range(corners):
        angle = 2 * math.pi * (index + random.uniform(-0.25, 0.25)) / corners
        spots.append((1.3 * math.cos(angle), math.sin(angle)))
    scale = math.sqrt(BUILT_UP_M2 / area_m2(spots))
    return [(x * scale, y * scale) for x, y in spots]


def cut_through(plan: StreetPlan, through: Spot, direction: Spot, highway: str, name: str) -> None:
    """Cut every block that the line meets."""
    for block in list(plan.blocks):
        road = "" if block.corridor else highway
        plan.cut(block, through, direction, road, name if road else "", _CROSSING_SNAP_M)


def _cut_corridor(plan: StreetPlan, corridor: str, through: Spot, direction: Spot, width_m: float) -> None:
    """Lay a strip of land across the plan with a road on either bank, and mark what lies between them."""
    length = math.hypot(*direction)
    left = -direction[1] / length, direction[0] / length
    for side, name in zip((0.5, -0.5), BANK_ROADS[corridor], strict=True):
        at = through[0] + left[0] * width_m * side, through[1] + left[1] * width_m * side
        cut_through(plan, at, direction, "tertiary", name)
    for block in plan.blocks:
        x, y = middle(plan.shape(block))
        if abs((x - through[0]) * left[0] + (y - through[1]) * left[1]) < width_m / 2:
            block.corridor = block.corridor or corridor


def subdivide(
    plan: StreetPlan, whole: Block, random: Random, names: NameBook, size_m2: Callable[[Spot], float]
) -> None:
    """Cut `whole` across its longer side until its pieces are as small as blocks are about there."""
    waiting = [whole]
    while waiting:
        block = waiting.pop()
        shape = plan.shape(block)
        area = area_m2(shape)
        if area < size_m2(middle(shape)) * random.uniform(0.8, 1.7):
            continue
        pieces = _cut_across(plan, block, _class_of(area), random, names)
        if pieces is not None:
            waiting.extend(pieces)


def _class_of(area: float) -> str:
    """Return the class of the street that cuts a block of this area."""
    if area > _SECONDARY_ABOVE_M2:
        return "secondary"
    return "tertiary" if area > _TERTIARY_ABOVE_M2 else "residential"


def _cut_across(
    plan: StreetPlan, block: Block, highway: str, random: Random, names: NameBook
) -> tuple[Block, Block] | None:
    shape = plan.shape(block)
    axis, reach_m = long_axis(shape)
    x, y = middle(shape)
    shift = random.uniform(-0.13, 0.13) * reach_m
    turn = random.gauss(0.0, 0.07)
    across = (-axis[1] * math.cos(turn) - axis[0] * math.sin(turn), axis[0] * math.cos(turn) - axis[1] * math.sin(turn))
    through = (x + axis[0] * shift, y + axis[1] * shift)
    return plan.cut(block, through, across, highway, names.street(highway), _STREET_SNAP_M)


def _block_size_m2(where: Spot) -> float:
    """Return the usual area of a block: lanes in the old town, estates and works outside."""
    out_km = distance_m(where, (-100.0, 200.0)) / 1000.0
    hectares = 2.2 if out_km < 0.9 else min(2.2 + 3.0 * (out_km - 0.9), 8.5)
    return hectares * 1e4


def _crossings(plan: StreetPlan) -> dict[tuple[int, int, int], Crossing]:
    """Find where streets run through the corridors, and decide what each does there."""
    found = {}
    for block in plan.blocks:
        if not block.corridor:
            continue
        for index, (node, street_index) in enumerate(block.corners):
            following = block.corners[(index + 1) % len(block.corners)][0]
            street = plan.streets[street_index]
            if street.highway and street.name not in BANK_ROADS[block.corridor]:
                a, b = sorted((node, following))
                found[street_index, a, b] = _crossing(block.corridor, street.name)
    return found


def _crossing(corridor: str, name: str) -> Crossing:
    if corridor == RIVER:
        return Crossing("gap" if name in _WITHOUT_BRIDGE else "bridge")
    if name == RING_ROAD:
        return Crossing("bridge")
    height_m = _UNDERPASS_HEIGHT_M.get(name)
    return Crossing("gap") if height_m is None else Crossing("underpass", height_m)


def river_line() -> list[Spot]:
    """Return the river's middle across the county, still straight."""
    return _line(_RIVER_AT, _RIVER_DIRECTION)


def railway_line() -> list[Spot]:
    """Return the railway's middle across the county, still straight."""
    return _line(_RAILWAY_AT, _RAILWAY_DIRECTION)


def _line(at: Spot, direction: Spot) -> list[Spot]:
    length = math.hypot(*direction)
    steps = range(-_COUNTY_REACH_M, _COUNTY_REACH_M + 1, 120)
    return [(at[0] + direction[0] / length * step, at[1] + direction[1] / length * step) for step in steps]


@dataclass(frozen=True, slots=True)
class Warp:
    """A gentle bending of the plane, so that no street of the town is quite straight."""

    phases: tuple[float, float, float, float]

    def bend(self, spot: Spot) -> Spot:
        """Return where a spot of the straight plan lies in the town; the map never folds."""
        x, y = spot
        a, b, c, d = self.phases
        return (
            x + 75 * math.sin(y / 480 + a) + 32 * math.sin((x + 0.7 * y) / 260 + b),
            y + 70 * math.sin(x / 520 + c) + 30 * math.sin((0.8 * x - y) / 280 + d),
        )


def warp_of(random: Random) -> Warp:
    """Return a warp drawn at random."""
    a, b, c, d = (random.uniform(0.0, 2 * math.pi) for _ in range(4))
    return Warp((a, b, c, d))
