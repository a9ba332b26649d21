"""Coverage of stations: the share of points, and of kg a day, with a station in service within a haul."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from services.domain.kinds import FacilityKind, FacilityStatus
from services.domain.registry import CollectionPoint, Facility
from services.facilities.areas import BoolArray, FloatArray, ZoneAreas
from services.facilities.coverage import Gap, StationCoverage, StationZone
from services.facilities.standards import Limits, check_at_most

MOST_GAPS = 1_000
HAUL_LIMIT = "station_haul_small_vehicle_m"


class HaulDistances(Protocol):
    """What tells how far trucks haul."""

    def nearest_m(self, places: FloatArray, stations: FloatArray) -> FloatArray:
        """Return the metres by road from each place to its nearest station, infinite where no road leads there.

        Both are rows of longitude and latitude.
        """


def cover_stations(
    hauls: HaulDistances,
    points: Sequence[CollectionPoint],
    facilities: Sequence[Facility],
    zones: ZoneAreas,
    limits: Limits,
    radius_m: float,
) -> StationCoverage:
    """Return how many points lie within `radius_m` by road of a transfer station in service.

    `facilities` may hold other kinds and statuses.
    """
    stations = [
        facility
        for facility in facilities
        if facility.kind is FacilityKind.TRANSFER_STATION and facility.status is FacilityStatus.IN_SERVICE
    ]
    places = np.array([point.position for point in points], dtype=np.float64).reshape(-1, 2)
    sites = np.array([station.position for station in stations], dtype=np.float64).reshape(-1, 2)
    haul_m = hauls.nearest_m(places, sites) if len(sites) else np.full(len(points), np.inf)
    kg = np.array([point.expected_kg for point in points], dtype=np.float64)
    covered = haul_m <= radius_m
    zone_of = zones.zones_of(places[:, 0], places[:, 1])
    area_km2 = zones.total_km2()
    mean_haul_m = _mean_haul_m(haul_m, kg)
    return StationCoverage(
        radius_m=radius_m,
        points=len(points),
        covered_points=int(covered.sum()),
        covered_ratio=float(covered.mean()) if len(points) else None,
        expected_kg=float(kg.sum()),
        covered_kg=float(kg[covered].sum()),
        covered_kg_ratio=float(kg[covered].sum() / kg.sum()) if kg.sum() > 0 else None,
        mean_haul_m=mean_haul_m,
        stations=len(stations),
        area_km2=area_km2,
        per_km2=len(stations) / area_km2 if area_km2 else None,
        standards=check_at_most(limits, HAUL_LIMIT, mean_haul_m),
        zones=_zones(haul_m, kg, covered, zone_of),
        gaps=_gaps(points, haul_m, covered, zone_of),
        notes=[] if stations else ["There is no transfer station in service."],
    )


def _mean_haul_m(haul_m: FloatArray, kg: FloatArray) -> float | None:
    """Return the haul of a kilogram on average (of a point, where no kg are known), over what can be hauled."""
    reached = np.isfinite(haul_m)
    if not reached.any():
        return None
    weights = kg[reached] if kg[reached].sum() > 0 else None
    return float(np.average(haul_m[reached], weights=weights))


def _zones(haul_m: FloatArray, kg: FloatArray, covered: BoolArray, zone_of: Sequence[str | None]) -> list[StationZone]:
    names = np.array([zone_id or "" for zone_id in zone_of])
    found = []
    for name in sorted(set(names.tolist()), key=lambda name: (name == "", name)):
        here = names == name
        reached = here & covered
        found.append(
            StationZone(
                zone_id=name or None,
                points=int(here.sum()),
                covered_points=int(reached.sum()),
                covered_ratio=float(reached.sum() / here.sum()),
                expected_kg=float(kg[here].sum()),
                covered_kg=float(kg[reached].sum()),
                mean_haul_m=_mean_haul_m(haul_m[here], kg[here]),
            )
        )
    return found


def _gaps(
    points: Sequence[CollectionPoint], haul_m: FloatArray, covered: BoolArray, zone_of: Sequence[str | None]
) -> list[Gap]:
    """Return the points beyond every reach: those of most kg first, then those of the longest haul."""
    rows = [int(row) for row in np.flatnonzero(~covered)]
    rows.sort(key=lambda row: (-points[row].expected_kg, -haul_m[row], points[row].point_id))
    return [
        Gap(
            lon=points[row].lon,
            lat=points[row].lat,
            demand=points[row].expected_kg,
            distance_m=float(haul_m[row]) if np.isfinite(haul_m[row]) else None,
            zone_id=zone_of[row],
            point_id=points[row].point_id,
        )
        for row in rows[:MOST_GAPS]
    ]
