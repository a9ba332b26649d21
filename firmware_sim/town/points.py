"""The collection points: estates' bins, busy streets, markets, and the townships' pit bins."""

import math
from collections import Counter
from dataclasses import dataclass
from random import Random

import numpy as np
from scipy.spatial import cKDTree

from firmware_sim.ground import Spot, distance_m
from firmware_sim.town.countryside import Countryside, Settlement
from firmware_sim.town.frontage import Frontage, Frontages
from firmware_sim.town.land_use import CENTRE
from firmware_sim.town.network import RoadNetwork
from firmware_sim.town.residents import (
    REFUSE_T_PER_DAY,
    RURAL_SHARE,
    Dwellings,
    rural_residents,
)
from firmware_sim.town.zones import centres_of_weight
from services.domain.kinds import ContainerType
from services.domain.registry import DailyWindow

ESTATE_POINTS, STREET_POINTS, MARKET_POINTS, PITS_PER_TOWNSHIP = 258, 58, 16, 5
_ESTATE_SHARE, _STREET_SHARE = 0.72, 0.14
"""Of the town's refuse; the rest comes from the markets."""

_SERVED_WITHIN_M = 1_900.0
_CONTAINER_M3 = {
    ContainerType.BIN: 0.24,
    ContainerType.CART: 0.66,
    ContainerType.ROADSIDE: 0.12,
    ContainerType.PIT: 3.0,
}
_DENSITY_T_PER_M3, _UNEVEN_DENSITY_A3, _UNEVEN_VOLUME_K, _FILLING_B = 0.3, 0.8, 1.5, 0.85

Windows = tuple[DailyWindow, ...]


def _window(start: str, end: str) -> DailyWindow:
    hours = [int(text[:2]) * 3600 + int(text[3:]) * 60 for text in (start, end)]
    return DailyWindow(*hours)


_STREET_WINDOWS = (_window("05:30", "08:30"), _window("17:30", "21:00"))
_MARKET_WINDOWS = (_window("05:00", "08:30"), _window("18:00", "21:30"))
_QUIET_WINDOWS = (_window("06:00", "11:30"),)
_SCHOOL_WINDOWS = (_window("04:30", "07:00"),)


@dataclass(frozen=True, slots=True)
class SimulatedPoint:
    """A collection point in metres about the town's centre; its identifier and zone come later."""

    front: Frontage
    container_type: ContainerType
    label: str
    expected_kg: float
    visits_per_day: float = 1.0
    windows: Windows = ()
    priority: int = 1

    @property
    def containers(self) -> int:
        """Containers N = A4·V/(E·B) of CJJ 27-2012 appendix A, for the largest daily volume."""
        days_a4 = 1.0 / self.visits_per_day
        volume_m3 = self.expected_kg / 1000.0 / (_DENSITY_T_PER_M3 * _UNEVEN_DENSITY_A3) * _UNEVEN_VOLUME_K
        return max(1, math.ceil(days_a4 * volume_m3 / (_CONTAINER_M3[self.container_type] * _FILLING_B)))

    @property
    def service_s(self) -> int:
        """How long one visit takes: to draw up, and for each container."""
        if self.container_type is ContainerType.PIT:
            return 180 + 210 * self.containers
        return 50 + (18 if self.container_type is ContainerType.ROADSIDE else 32) * self.containers


def points_of(
    network: RoadNetwork, dwellings: Dwellings, countryside: Countryside, random: Random
) -> list[SimulatedPoint]:
    """Return every point; their expected weights sum to the town's refuse a day."""
    town_kg = REFUSE_T_PER_DAY * 1000.0 * (1.0 - RURAL_SHARE)
    return [
        *_estates(network, dwellings, town_kg * _ESTATE_SHARE, random),
        *_streets(network, town_kg * _STREET_SHARE, random),
        *_markets(network, dwellings, town_kg * (1.0 - _ESTATE_SHARE - _STREET_SHARE), random),
        *_pits(network, countryside, REFUSE_T_PER_DAY * 1000.0 * RURAL_SHARE, random),
    ]


def _estates(network: RoadNetwork, dwellings: Dwellings, total_kg: float, random: Random) -> list[SimulatedPoint]:
    """Bins at the gates, each for the residents nearest to it."""
    quiet = ("residential", "tertiary", "secondary")
    fronts = Frontages(network, (way for way in network.ways if way.highway in quiet))
    centres = centres_of_weight(dwellings.spots, dwellings.residents, ESTATE_POINTS)
    _, nearest = cKDTree(centres).query(dwellings.spots)
    residents = np.bincount(nearest, dwellings.residents, minlength=len(centres))
    weights = [float(value) * random.uniform(0.75, 1.3) for value in residents]
    found = []
    for (x, y), kg in zip(centres.tolist(), _shared_out(total_kg, weights), strict=True):
        draw = random.random()
        windows = _QUIET_WINDOWS if draw < 0.22 else _SCHOOL_WINDOWS if draw < 0.26 else ()
        container = ContainerType.CART if random.random() < 0.15 else ContainerType.BIN
        found.append(SimulatedPoint(fronts.beside((x, y), 7.0), container, "收集点", kg, windows=windows))
    return found


def _streets(network: RoadNetwork, total_kg: float, random: Random) -> list[SimulatedPoint]:
    """Roadside pick-ups along the main streets about the centre, twice a day."""
    ways = [way for way in network.ways if way.highway in ("primary", "secondary")]
    fronts = Frontages(network, ways)
    spots = [
        network.nodes[node]
        for way in ways
        for node in way.nodes
        if distance_m(network.nodes[node], CENTRE) < _SERVED_WITHIN_M
    ]
    chosen = _spread_out(spots, STREET_POINTS, random)
    weights = [random.uniform(0.6, 1.5) for _ in chosen]
    return [
        SimulatedPoint(
            fronts.beside(spot, 9.0), ContainerType.ROADSIDE, "路段收运点", kg, 2.0, _STREET_WINDOWS, priority=2
        )
        for spot, kg in zip(chosen, _shared_out(total_kg, weights), strict=True)
    ]


def _markets(network: RoadNetwork, dwellings: Dwellings, total_kg: float, random: Random) -> list[SimulatedPoint]:
    """Market halls among the residents, each with bins that are emptied twice a day."""
    fronts = Frontages(network, (way for way in network.ways if way.highway in ("secondary", "tertiary")))
    centres = centres_of_weight(dwellings.spots, dwellings.residents, MARKET_POINTS)
    weights = [random.uniform(0.6, 1.5) for _ in centres]
    return [
        SimulatedPoint(fronts.beside((x, y), 8.0), ContainerType.BIN, "农贸市场", kg, 2.0, _MARKET_WINDOWS, priority=3)
        for (x, y), kg in zip(centres.tolist(), _shared_out(total_kg, weights), strict=True)
    ]


def _pits(network: RoadNetwork, countryside: Countryside, total_kg: float, random: Random) -> list[SimulatedPoint]:
    """Pit bins: several in each township, one in each village; two villages in three are visited every third day."""
    lanes = Frontages(network, (way for way in network.ways if way.is_driven))
    places: list[tuple[Spot, float, float, str]] = []
    residents = rural_residents(countryside)
    townships, villages = residents[: len(countryside.townships)], residents[len(countryside.townships) :]
    for township, (_, count) in zip(countryside.townships, townships, strict=True):
        spots = _spread_out([network.nodes[node] for node in township.nodes], PITS_PER_TOWNSHIP, random)
        places.extend((spot, count / PITS_PER_TOWNSHIP, 1.0, township.name) for spot in spots)
    named: list[Settlement] = [village for group in countryside.villages for village in group]
    for index, (village, (_, count)) in enumerate(zip(named, villages, strict=True)):
        spot = network.nodes[village.nodes[2 if index % 2 else 1]]
        places.append((spot, count, 1.0 if index % 3 == 0 else 0.33, village.name))
    weights = [count * random.uniform(0.8, 1.25) for _, count, _, _ in places]
    return [
        SimulatedPoint(_in(name, lanes.beside(spot, 6.0)), ContainerType.PIT, "地坑斗", kg, visits)
        for (spot, _, visits, name), kg in zip(places, _shared_out(total_kg, weights), strict=True)
    ]


def _in(place: str, front: Frontage) -> Frontage:
    return Frontage(front.spot, place + (front.street if not front.street.startswith(place[:2]) else ""))


def _shared_out(total_kg: float, weights: list[float]) -> list[float]:
    """Share a weight out in whole kilograms that sum to it."""
    scale = total_kg / sum(weights)
    shares = [float(round(weight * scale)) for weight in weights]
    shares[0] += round(total_kg) - sum(shares)
    return shares


def _spread_out(spots: list[Spot], count: int, random: Random) -> list[Spot]:
    """Choose spots far from each other: each next one is the farthest from those chosen (Gonzalez)."""
    rest = sorted(set(spots))
    chosen = [random.choice(rest)]
    away = [distance_m(spot, chosen[0]) for spot in rest]
    while len(chosen) < count:
        farthest = max(range(len(rest)), key=lambda index: (away[index], index))
        chosen.append(rest[farthest])
        away = [min(was, distance_m(spot, chosen[-1])) for was, spot in zip(away, rest, strict=True)]
    return chosen


def names_of(points: list[SimulatedPoint]) -> list[str]:
    """Name each point by its street, and by a number where the street has several of its sort."""
    several = Counter((point.front.street, point.label) for point in points)
    count: Counter[tuple[str, str]] = Counter()
    names = []
    for point in points:
        key = point.front.street, point.label
        count[key] += 1
        number = f"{count[key]}号" if several[key] > 1 else ""
        names.append(f"{point.front.street}{number}{point.label}")
    return names
