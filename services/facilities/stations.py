"""Coverage of stations: the share of points, and of kg a day, with a station in service within a haul."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from services.domain.errors import NotFoundError
from services.domain.kinds import FacilityKind, FacilityStatus
from services.domain.registry import CollectionPoint, Facility
from services.facilities.areas import BoolArray, FloatArray, ZoneAreas
from services.facilities.coverage import Catchment, Failure, Gap, PointHaul, StationCoverage, StationZone
from services.facilities.standards import Limits, check_at_most

IntArray = NDArray[np.int64]

MOST_GAPS = 1_000
HAUL_LIMIT = "station_haul_small_vehicle_m"


class HaulDistances(Protocol):
    """What tells how far trucks haul."""

    def matrix_m(self, places: FloatArray, stations: FloatArray) -> FloatArray:
        """Return the metres by road from each place (row) to each station (column), infinite where no road leads.

        Both are rows of longitude and latitude.
        """


@dataclass(frozen=True, slots=True, eq=False)
class _Hauled:
    """Where each point hauls: the position of its nearest station (-1 for none), and how far that is."""

    station: IntArray
    haul_m: FloatArray

    @classmethod
    def over(cls, apart_m: FloatArray) -> "_Hauled":
        """Let every point haul to the nearest of the stations that are the columns."""
        if not apart_m.shape[1]:
            return cls(np.full(len(apart_m), -1), np.full(len(apart_m), np.inf))
        nearest = apart_m.argmin(axis=1)
        haul_m = apart_m[np.arange(len(apart_m)), nearest]
        return cls(np.where(np.isfinite(haul_m), nearest, -1), haul_m)


def cover_stations(
    hauls: HaulDistances,
    points: Sequence[CollectionPoint],
    facilities: Sequence[Facility],
    zones: ZoneAreas,
    limits: Limits,
    radius_m: float,
    failed: Collection[str] = (),
    *,
    by_point: bool = False,
) -> StationCoverage:
    """Return how many points lie within `radius_m` by road of a transfer station in service that has not `failed`.

    `facilities` may hold other kinds and statuses. Each point's haul is told where that is asked for.

    Raises:
        NotFoundError: one of `failed` is no station in service.

    """
    every = [
        facility
        for facility in facilities
        if facility.kind is FacilityKind.TRANSFER_STATION and facility.status is FacilityStatus.IN_SERVICE
    ]
    _check_failed(every, failed)
    working = np.array([station.facility_id not in failed for station in every], dtype=np.bool_)
    stations = [station for station in every if station.facility_id not in failed]
    places = np.array([point.position for point in points], dtype=np.float64).reshape(-1, 2)
    sites = np.array([station.position for station in every], dtype=np.float64).reshape(-1, 2)
    apart_m = hauls.matrix_m(places, sites) if len(sites) else np.empty((len(points), 0))
    hauled = _Hauled.over(apart_m[:, working])
    haul_m = hauled.haul_m
    kg = np.array([point.expected_kg for point in points], dtype=np.float64)
    covered = haul_m <= radius_m
    zone_of = zones.zones_of(places[:, 0], places[:, 1])
    area_km2 = zones.total_km2()
    mean_haul_m = _mean_haul_m(haul_m, kg)
    reached = hauled.station >= 0
    return StationCoverage(
        radius_m=radius_m,
        points=len(points),
        covered_points=int(covered.sum()),
        covered_ratio=float(covered.mean()) if len(points) else None,
        expected_kg=float(kg.sum()),
        covered_kg=float(kg[covered].sum()),
        covered_kg_ratio=float(kg[covered].sum() / kg.sum()) if kg.sum() > 0 else None,
        mean_haul_m=mean_haul_m,
        mean_haul_of_points_m=float(haul_m[reached].mean()) if reached.any() else None,
        haul_t_km_per_day=float((haul_m[reached] * kg[reached]).sum()) / 1e6,
        catchments=_catchments(stations, hauled, kg),
        failure=_failure(every, points, kg, apart_m, hauled, radius_m, failed) if failed else None,
        stations=len(stations),
        area_km2=area_km2,
        per_km2=len(stations) / area_km2 if area_km2 else None,
        standards=check_at_most(limits, HAUL_LIMIT, mean_haul_m),
        zones=_zones(haul_m, kg, covered, zone_of),
        gaps=_gaps(points, haul_m, covered, zone_of),
        notes=[] if stations else ["There is no transfer station in service."],
        hauls=_by_point(points, stations, hauled) if by_point else [],
    )


def _by_point(points: Sequence[CollectionPoint], stations: Sequence[Facility], hauled: _Hauled) -> list[PointHaul]:
    found = [
        PointHaul(
            point_id=point.point_id,
            facility_id=None if station < 0 else stations[station].facility_id,
            haul_m=None if station < 0 else round(haul_m, 1),
            expected_kg=point.expected_kg,
        )
        for point, station, haul_m in zip(points, hauled.station.tolist(), hauled.haul_m.tolist(), strict=True)
    ]
    return sorted(found, key=lambda one: (one.haul_m is not None, -(one.haul_m or 0.0), one.point_id))


def _check_failed(stations: Sequence[Facility], failed: Collection[str]) -> None:
    unknown = sorted(set(failed) - {station.facility_id for station in stations})
    if unknown:
        raise NotFoundError(f"There is no transfer station {unknown[0]!r} in service that could fail.")


def _catchments(stations: Sequence[Facility], hauled: _Hauled, kg: FloatArray) -> list[Catchment]:
    found = []
    for number, station in enumerate(stations):
        own = hauled.station == number
        tonnes, design_t = float(kg[own].sum()) / 1000, station.design_t_per_day
        found.append(
            Catchment(
                facility_id=station.facility_id,
                points=int(own.sum()),
                expected_kg=float(kg[own].sum()),
                mean_haul_m=_mean_haul_m(hauled.haul_m[own], kg[own]) if own.any() else None,
                design_t_per_day=design_t,
                design_share=tonnes / design_t if design_t else None,
            )
        )
    return found


def _failure(
    stations: Sequence[Facility],
    points: Sequence[CollectionPoint],
    kg: FloatArray,
    apart_m: FloatArray,
    after: _Hauled,
    radius_m: float,
    failed: Collection[str],
) -> Failure:
    """Hold what is hauled now against what was before the stations failed."""
    before = _Hauled.over(apart_m)
    names = [station.facility_id for station in stations]
    moved = np.array([number >= 0 and names[number] in failed for number in before.station.tolist()], dtype=np.bool_)
    lost = moved & (after.station < 0)
    still = moved & ~lost
    full_before = {one.facility_id for one in _catchments(stations, before, kg) if (one.design_share or 0) > 1}
    working = [station for station in stations if station.facility_id not in failed]
    full_after = [one.facility_id for one in _catchments(working, after, kg) if (one.design_share or 0) > 1]
    covered = before.haul_m <= radius_m
    return Failure(
        failed=sorted(failed),
        moved_points=int(moved.sum()),
        moved_kg=float(kg[moved].sum()),
        extra_t_km_per_day=float(((after.haul_m[still] - before.haul_m[still]) * kg[still]).sum()) / 1e6,
        lost_points=[points[row].point_id for row in np.flatnonzero(lost).tolist()],
        overloaded=[name for name in full_after if name not in full_before],
        covered_ratio_before=float(covered.mean()) if len(points) else None,
        covered_kg_ratio_before=float(kg[covered].sum() / kg.sum()) if kg.sum() > 0 else None,
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
