"""Zones (片区): fourteen of the town along its streets, and one for each township round it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from scipy.spatial import cKDTree
from shapely.geometry.base import BaseGeometry

from firmware_sim.ground import Spot, distance_m
from firmware_sim.town.countryside import Countryside
from firmware_sim.town.land_use import CENTRE, Parcel
from firmware_sim.town.names import NameBook

TOWN_ZONES = 14
_COUNTY_MARGIN_M = 2_600.0
_LEAST_PART_M2 = 1_000.0
_QUARTERS = ("城北", "城东", "城南", "城西", "城中")


@dataclass(frozen=True, slots=True)
class SimulatedZone:
    """A zone in metres about the town's centre."""

    zone_id: str
    name: str
    shape: BaseGeometry
    contractor_id: str
    cleaning_grade: str
    responsible: str
    is_rural: bool


def zones_of(parcels: list[Parcel], countryside: Countryside, names: NameBook) -> list[SimulatedZone]:
    """Return the zones, the town's first; together they cover the county without overlap."""
    town_shapes = _town_shapes(parcels)
    rural_shapes = _rural_shapes(shapely.union_all(town_shapes, grid_size=0.01), countryside)
    zones: list[SimulatedZone] = []
    quarters: dict[str, int] = {}
    for shape in town_shapes:
        spot = shape.centroid.x, shape.centroid.y
        quarter = _quarter(spot)
        quarters[quarter] = quarters.get(quarter, 0) + 1
        name = f"{quarter}第{'一二三四五六七八九'[quarters[quarter] - 1]}片区"
        zones.append(_zone(len(zones), name, shape, _grade(spot), names, is_rural=False))
    for township, shape in zip(countryside.townships, rural_shapes, strict=True):
        zones.append(_zone(len(zones), f"{township.name}片区", shape, "4", names, is_rural=True))
    return zones


def _zone(index: int, name: str, shape: BaseGeometry, grade: str, names: NameBook, *, is_rural: bool) -> SimulatedZone:
    contractor = "K1" if shape.centroid.x < -120.0 else "K2"
    return SimulatedZone(f"Z{index + 1:02d}", name, shape, contractor, grade, names.person(), is_rural)


def _quarter(spot: Spot) -> str:
    if distance_m(spot, CENTRE) < 800.0:
        return "城中"
    if abs(spot[1]) > abs(spot[0]):
        return "城北" if spot[1] > 0 else "城南"
    return "城东" if spot[0] > 0 else "城西"


def _grade(spot: Spot) -> str:
    """Return the cleaning grade: streets near the centre are cleaned most."""
    out_m = distance_m(spot, CENTRE)
    return "1" if out_m < 900.0 else "2" if out_m < 1_900.0 else "3"


def _town_shapes(parcels: list[Parcel]) -> list[BaseGeometry]:
    """Group the blocks about centres of their weight, from west to east."""
    spots = np.array([parcel.middle for parcel in parcels])
    weights = np.array([parcel.residents + parcel.polygon.area / 600.0 for parcel in parcels])
    centres = centres_of_weight(spots, weights, TOWN_ZONES)
    centres = centres[np.lexsort((centres[:, 1], centres[:, 0]))]
    nearest = np.asarray(cKDTree(centres).query(spots)[1])
    polygons = np.array([parcel.polygon for parcel in parcels])
    return [shapely.coverage_union_all(polygons[nearest == index]) for index in range(TOWN_ZONES)]


def _rural_shapes(town: BaseGeometry, countryside: Countryside) -> list[BaseGeometry]:
    """Return the land nearest to each township, without the town."""
    centres = [township.centre for township in countryside.townships]
    spots = [place.centre for group in countryside.villages for place in group] + centres
    county = shapely.MultiPoint([*spots, countryside.landfill]).convex_hull.buffer(_COUNTY_MARGIN_M, quad_segs=4)
    cells = shapely.voronoi_polygons(shapely.MultiPoint(centres), extend_to=county).geoms
    land = [_without_slivers(cell.intersection(county).difference(town, grid_size=0.01)) for cell in cells]
    return [
        next(shape for cell, shape in zip(cells, land, strict=True) if cell.covers(shapely.Point(centre)))
        for centre in centres
    ]


def _without_slivers(shape: BaseGeometry) -> BaseGeometry:
    """Drop the shreds that cutting leaves between street and field: rounded to a file's digits they are no area."""
    return shapely.union_all([part for part in shapely.get_parts(shape) if part.area > _LEAST_PART_M2])


def centres_of_weight(
    spots: npt.NDArray[np.float64], weights: npt.NDArray[np.float64], count: int
) -> npt.NDArray[np.float64]:
    """Return `count` centres that share the weight out evenly (Lloyd's iteration, the same for the same input).

    The first centres are taken along a sweep by angle so that each starts with an equal share of the weight.
    """
    order = np.lexsort((np.hypot(*(spots - spots.mean(axis=0)).T), _cell(spots)))
    share = np.cumsum(weights[order]) / weights.sum()
    picks = np.searchsorted(share, (np.arange(count) + 0.5) / count)
    centres = spots[order[np.minimum(picks, len(spots) - 1)]].astype(float)
    for _ in range(30):
        _, nearest = cKDTree(centres).query(spots)
        mass = np.bincount(nearest, weights, minlength=count)
        sums = np.stack([np.bincount(nearest, weights * spots[:, axis], minlength=count) for axis in (0, 1)], axis=1)
        held = mass > 0
        centres[held] = sums[held] / mass[held, None]
    return centres


def _cell(spots: npt.NDArray[np.float64], size_m: float = 500.0) -> npt.NDArray[np.int64]:
    """Number the cells of a grid row by row, every second row backwards, so that neighbours follow each other."""
    column, row = ((spots[:, axis] // size_m).astype(np.int64) for axis in (0, 1))
    return row * 10_000 + np.where(row % 2 == 0, column, -column)
