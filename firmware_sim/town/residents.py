"""Where the town's residents live: a grid for the coverage of toilets, and the weight behind every bin."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from firmware_sim.ground import Spot
from firmware_sim.town.countryside import Countryside
from firmware_sim.town.land_use import Parcel

UNEVENNESS_A1 = 1.1
POPULATION_CHANGE_A2 = 1.02
KG_PER_PERSON_AND_DAY_C = 0.9
"""Factors of Q = A1·A2·R·C (CJJ 27-2012 appendix A, standards.md)."""

REFUSE_T_PER_DAY = 85.0
RESIDENTS_R = round(REFUSE_T_PER_DAY * 1000 / (UNEVENNESS_A1 * POPULATION_CHANGE_A2 * KG_PER_PERSON_AND_DAY_C))

RURAL_SHARE = 0.26
_VILLAGE_SHARE_OF_RURAL = 0.5
CELL_M = 200.0
_SAMPLE_M = 40.0


@dataclass(frozen=True, slots=True)
class Dwellings:
    """Sample spots of the built-up town and the residents that each stands for."""

    spots: npt.NDArray[np.float64]
    residents: npt.NDArray[np.float64]


def refuse_kg_per_day(residents: float) -> float:
    """Return what so many residents throw away a day, in kg (CJJ 27-2012 appendix A)."""
    return UNEVENNESS_A1 * POPULATION_CHANGE_A2 * residents * KG_PER_PERSON_AND_DAY_C


def town_dwellings(parcels: list[Parcel]) -> Dwellings:
    """Spread the town's share of the residents over its blocks."""
    town_residents = RESIDENTS_R * (1.0 - RURAL_SHARE)
    scale = town_residents / sum(parcel.residents for parcel in parcels)
    spots: list[Spot] = []
    residents: list[float] = []
    for parcel in (parcel for parcel in parcels if parcel.residents):
        inside = _samples(parcel.polygon)
        spots.extend(inside)
        residents.extend([parcel.residents * scale / len(inside)] * len(inside))
    return Dwellings(np.array(spots), np.array(residents))


def _samples(polygon: shapely.Polygon) -> list[Spot]:
    """Return the spots of a fine grid that lie in a block, or its middle where none does."""
    west, south, east, north = polygon.bounds
    xs = np.arange(west + _SAMPLE_M / 2, east, _SAMPLE_M)
    ys = np.arange(south + _SAMPLE_M / 2, north, _SAMPLE_M)
    grid_x, grid_y = (axis.ravel() for axis in np.meshgrid(xs, ys))
    inside = shapely.contains_xy(polygon, grid_x, grid_y)
    found = [(float(x), float(y)) for x, y in zip(grid_x[inside], grid_y[inside], strict=True)]
    middle = polygon.representative_point()
    return found or [(middle.x, middle.y)]


def rural_residents(countryside: Countryside) -> list[tuple[Spot, float]]:
    """Return the residents of every township and village, each at a spot."""
    rural = RESIDENTS_R * RURAL_SHARE
    villages = [village for group in countryside.villages for village in group]
    in_village = rural * _VILLAGE_SHARE_OF_RURAL / len(villages)
    in_township = rural * (1.0 - _VILLAGE_SHARE_OF_RURAL) / len(countryside.townships)
    weights = [0.55 + 0.9 * ((index * 7) % len(villages)) / (len(villages) - 1) for index in range(len(villages))]
    return [
        *((township.centre, in_township) for township in countryside.townships),
        *((village.centre, in_village * weight) for village, weight in zip(villages, weights, strict=True)),
    ]


def population_cells(dwellings: Dwellings, rural: list[tuple[Spot, float]]) -> list[tuple[Spot, int]]:
    """Return the middle of every inhabited cell and its residents, whole persons that sum to all of them."""
    spread = [*zip(map(tuple, dwellings.spots.tolist()), dwellings.residents.tolist(), strict=True)]
    for spot, residents in rural:
        spread.extend((corner, residents / 4) for corner in _about(spot))
    cells: dict[tuple[int, int], float] = {}
    for (x, y), residents in spread:
        cell = int(x // CELL_M), int(y // CELL_M)
        cells[cell] = cells.get(cell, 0.0) + residents
    keys = sorted(cells)
    whole = _whole([cells[key] for key in keys])
    return [
        (((column + 0.5) * CELL_M, (row + 0.5) * CELL_M), residents)
        for (column, row), residents in zip(keys, whole, strict=True)
        if residents
    ]


def _about(spot: Spot) -> list[Spot]:
    return [(spot[0] + dx, spot[1] + dy) for dx in (-110.0, 110.0) for dy in (-90.0, 90.0)]


def _whole(parts: list[float]) -> list[int]:
    """Round so that the sum is kept: the largest remainders go up."""
    floors = [int(part) for part in parts]
    missing = round(sum(parts)) - sum(floors)
    by_remainder = sorted(range(len(parts)), key=lambda index: (floors[index] - parts[index], index))
    for index in by_remainder[:missing]:
        floors[index] += 1
    return floors
