"""Coverage of toilets: the share of residents, or of street, with a toilet in service within a walk."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from services.domain.kinds import FacilityKind, FacilityStatus
from services.domain.land_use import LandUse
from services.domain.registry import Facility
from services.domain.toilet_class import class_of
from services.facilities.areas import BoolArray, FloatArray, ZoneAreas
from services.facilities.coverage import (
    ClassCoverage,
    DemandKind,
    Gap,
    LandUseCoverage,
    StandardCheck,
    ToiletCoverage,
    ZoneCoverage,
)
from services.facilities.land_use import LandUses
from services.facilities.standards import Limits, check_at_least, check_at_most

MOST_GAPS = 1_000
CELL_M = 200.0
METRES_PER_DEGREE = 111_320.0
RADIUS_LIMIT = "toilet_service_radius_m"
DENSITY_LIMIT = "toilet_density_residential_per_km2"
"""A zone's density is held against that of residential land, which most of a town is."""
DENSITY_LIMITS: Mapping[LandUse, str] = {
    LandUse.RESIDENTIAL: DENSITY_LIMIT,
    LandUse.GREEN: "toilet_density_green_per_km2",
    LandUse.PUBLIC: "toilet_density_public_per_km2",
    LandUse.COMMERCIAL: "toilet_density_public_per_km2",
    LandUse.TRANSPORT: "toilet_density_public_per_km2",
}
"""What the standard asks of the land of each use; of the others it says nothing."""


class WalkingDistances(Protocol):
    """What tells how far people walk; services.roads.walking.WalkingNetwork does."""

    def distances_to_places(self, facilities: FloatArray, places: FloatArray, limit_m: float = ...) -> FloatArray:
        """Return for every place the metres on foot to the nearest facility, infinite where there is no way."""


@dataclass(frozen=True, slots=True, eq=False)
class Demand:
    """Places and how much demand each stands for: residents, or metres of street."""

    kind: DemandKind
    lon: FloatArray
    lat: FloatArray
    amount: FloatArray


def cover_toilets(
    walking: WalkingDistances,
    demand: Demand,
    facilities: Sequence[Facility],
    zones: ZoneAreas,
    limits: Limits,
    radius_m: float,
    land: LandUses | None = None,
    *,
    by_class: bool = False,
) -> ToiletCoverage:
    """Return how much of `demand` has a toilet in service within `radius_m` along the streets.

    `facilities` may hold other kinds and statuses; only toilets in service count. By the use of `land`, and by class,
    is told where that is asked for.
    """
    toilets = [
        facility
        for facility in facilities
        if facility.kind is FacilityKind.PUBLIC_TOILET and facility.status is FacilityStatus.IN_SERVICE
    ]
    sites = np.array([toilet.position for toilet in toilets], dtype=np.float64).reshape(-1, 2)
    places = np.column_stack((demand.lon, demand.lat))
    distance_m = walking.distances_to_places(sites, places)
    covered = distance_m <= radius_m
    zone_of = zones.zones_of(demand.lon, demand.lat)
    toilet_zones = zones.zones_of(sites[:, 0], sites[:, 1])
    per_zone = _zones(demand, covered, zone_of, toilet_zones, zones, limits)
    area_km2 = zones.total_km2()
    inside = sum(1 for zone_id in toilet_zones if zone_id is not None)
    per_km2 = _ratio(inside, area_km2)
    covered_amount = float(demand.amount[covered].sum())
    whole = float(demand.amount.sum())
    limit = limits.get(RADIUS_LIMIT)
    standard_m = None if limit is None else limit.value_high
    within_standard = None if standard_m is None else float(demand.amount[distance_m <= standard_m].sum())
    return ToiletCoverage(
        radius_m=radius_m,
        demand_kind=demand.kind,
        demand=whole,
        covered=covered_amount,
        covered_ratio=_ratio(covered_amount, whole),
        toilets=len(toilets),
        area_km2=area_km2,
        per_km2=per_km2,
        standard_radius_m=standard_m,
        within_standard_ratio=None if within_standard is None else _ratio(within_standard, whole),
        standards=_radius(limits, demand, distance_m) + _density(limits, per_km2),
        zones=per_zone,
        gaps=_gaps(demand, distance_m, zones, radius_m),
        notes=_notes(demand, zones, land),
        land_uses=[] if land is None else _land_uses(demand, covered, sites, land, limits),
        classes=_classes(walking, demand, toilets, radius_m) if by_class else [],
    )


def _zones(
    demand: Demand,
    covered: BoolArray,
    zone_of: Sequence[str | None],
    toilet_zones: Sequence[str | None],
    zones: ZoneAreas,
    limits: Limits,
) -> list[ZoneCoverage]:
    """Return the coverage of each zone, and last that of what lies in none, where there is any."""
    names = np.array([zone_id or "" for zone_id in zone_of])
    areas = zones.areas_km2()
    found = []
    for zone_id in [*zones.zone_ids, None]:
        here = names == (zone_id or "")
        count = toilet_zones.count(zone_id)
        if zone_id is None and not here.any() and count == 0:
            continue
        amount = float(demand.amount[here].sum())
        covered_amount = float(demand.amount[here & covered].sum())
        area_km2 = None if zone_id is None else areas[zone_id]
        per_km2 = _ratio(count, area_km2)
        found.append(
            ZoneCoverage(
                zone_id=zone_id,
                area_km2=area_km2,
                demand=amount,
                covered=covered_amount,
                covered_ratio=_ratio(covered_amount, amount),
                facilities=count,
                per_km2=per_km2,
                standards=[] if zone_id is None else _density(limits, per_km2),
            )
        )
    return found


def _land_uses(
    demand: Demand, covered: BoolArray, sites: FloatArray, land: LandUses, limits: Limits
) -> list[LandUseCoverage]:
    """Return the coverage of the land of each use, and last that of land whose use is not stated."""
    if not land.is_known:
        return []
    names = np.array([use or "" for use in land.uses_of(demand.lon, demand.lat)])
    toilet_uses = land.uses_of(sites[:, 0], sites[:, 1])
    found = []
    for use in [*LandUse, None]:
        here, count = names == (use or ""), toilet_uses.count(use)
        area_km2 = None if use is None else land.areas_km2.get(use)
        if area_km2 is None and not here.any() and count == 0:
            continue
        amount, covered_amount = float(demand.amount[here].sum()), float(demand.amount[here & covered].sum())
        per_km2 = _ratio(count, area_km2)
        limit_id = None if use is None else DENSITY_LIMITS.get(use)
        found.append(
            LandUseCoverage(
                land_use=use,
                area_km2=area_km2,
                demand=amount,
                covered=covered_amount,
                covered_ratio=_ratio(covered_amount, amount),
                facilities=count,
                per_km2=per_km2,
                standards=[] if limit_id is None else check_at_least(limits, limit_id, per_km2),
            )
        )
    return found


def _classes(
    walking: WalkingDistances, demand: Demand, toilets: Sequence[Facility], radius_m: float
) -> list[ClassCoverage]:
    """Return how much demand has a toilet of each class within reach, whatever others there are."""
    places, whole = np.column_stack((demand.lon, demand.lat)), float(demand.amount.sum())
    found = []
    classes = {class_of(toilet.toilet_class) for toilet in toilets}
    for toilet_class in sorted(classes, key=lambda name: (name is None, name)):
        of_class = [toilet for toilet in toilets if class_of(toilet.toilet_class) == toilet_class]
        sites = np.array([toilet.position for toilet in of_class], dtype=np.float64)
        reached = walking.distances_to_places(sites, places, radius_m) <= radius_m
        covered = float(demand.amount[reached].sum())
        found.append(ClassCoverage(toilet_class, len(of_class), covered, _ratio(covered, whole)))
    return found


def _gaps(demand: Demand, distance_m: FloatArray, zones: ZoneAreas, radius_m: float) -> list[Gap]:
    """Return the places outside every reach: those of most demand first, then those of the longest walk."""
    outside = (distance_m > radius_m) & (demand.amount > 0)
    lon, lat, amount, walk_m = (values[outside] for values in (demand.lon, demand.lat, demand.amount, distance_m))
    if demand.kind is DemandKind.STREET_LENGTH_M and len(lon):
        lon, lat, amount, walk_m = _in_cells(lon, lat, amount, walk_m)
    order = np.lexsort((lat, lon, -walk_m, -amount))[:MOST_GAPS]
    return [
        Gap(
            lon=round(float(lon[row]), 6),
            lat=round(float(lat[row]), 6),
            demand=round(float(amount[row]), 1),
            distance_m=round(float(walk_m[row]), 1) if np.isfinite(walk_m[row]) else None,
            zone_id=zone_id,
        )
        for row, zone_id in zip(order, zones.zones_of(lon[order], lat[order]), strict=True)
    ]


def _in_cells(
    lon: FloatArray, lat: FloatArray, amount: FloatArray, walk_m: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Sum the samples of streets over square cells, for as gaps on a map they are to be places.

    A cell is where its demand is on average, and its walk is that of its farthest sample.
    """
    column = np.floor(lon * np.cos(np.radians(np.mean(lat))) * METRES_PER_DEGREE / CELL_M)
    row = np.floor(lat * METRES_PER_DEGREE / CELL_M)
    _, cell = np.unique(np.column_stack((column, row)), axis=0, return_inverse=True)
    cell = cell.reshape(-1)
    sums: FloatArray = np.bincount(cell, weights=amount).astype(np.float64)
    farthest_m = np.zeros(len(sums))
    np.maximum.at(farthest_m, cell, walk_m)
    middle_lon = np.bincount(cell, weights=lon * amount) / sums
    middle_lat = np.bincount(cell, weights=lat * amount) / sums
    return middle_lon, middle_lat, sums, farthest_m


def _radius(limits: Limits, demand: Demand, distance_m: FloatArray) -> list[StandardCheck]:
    """Hold the longest walk of any demand against the standard's service radius, whatever radius was asked about.

    Where no way leads to a toilet from somewhere there is no such walk, and the standard is not met.
    """
    walks_m = distance_m[demand.amount > 0]
    longest_m = float(walks_m.max()) if len(walks_m) else None
    checks = check_at_most(limits, RADIUS_LIMIT, longest_m)
    if longest_m is None or np.isfinite(longest_m):
        return checks
    return [replace(check, value=None) for check in checks]


def _density(limits: Limits, per_km2: float | None) -> list[StandardCheck]:
    return check_at_least(limits, DENSITY_LIMIT, per_km2)


def _ratio(part: float, whole: float | None) -> float | None:
    return part / whole if whole else None


def _notes(demand: Demand, zones: ZoneAreas, land: LandUses | None) -> list[str]:
    measured = {
        DemandKind.RESIDENTS: "Demand is residents of the population grid.",
        DemandKind.STREET_LENGTH_M: "Demand is metres of built-up street, for there is no population grid.",
    }
    notes = [measured[demand.kind], "Distances are along the streets that a person may walk."]
    if land is None or not land.is_known:
        notes.append("Density is held against that of residential land, for the land's use is not known.")
    else:
        notes.append("Density is held against that of residential land, by the use of land against its own.")
    if not zones.zone_ids:
        notes.append("There are no zones, so no density can be given.")
    return notes
