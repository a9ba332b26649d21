"""What coverage answers: how much demand has a facility within reach, by zone, and where none is."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from services.domain.land_use import LandUse


class DemandKind(StrEnum):
    """What coverage is a share of (domain.md: residents where a grid is given, else built-up street)."""

    RESIDENTS = "residents"
    STREET_LENGTH_M = "street_length_m"


@dataclass(frozen=True, slots=True)
class StandardCheck:
    """A figure held against a limit of the standards, with the clause that it is from.

    `meets` is none where there is no figure to hold against it.
    """

    limit_id: str
    value: float | None
    value_low: float | None
    value_high: float | None
    unit: str
    standard: str
    clause: str
    source_status: str
    meets: bool | None


@dataclass(frozen=True, slots=True)
class Gap:
    """A place outside every reach; `distance_m` to the nearest facility, none where no way leads to one.

    `demand` is residents or metres of street for toilets, kg a day for stations.
    """

    lon: float
    lat: float
    demand: float
    distance_m: float | None
    zone_id: str | None = None
    point_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaCoverage:
    """The coverage of a part of the town; its area and density are none where it has no borders."""

    area_km2: float | None
    demand: float
    covered: float
    covered_ratio: float | None
    facilities: int
    per_km2: float | None
    standards: Sequence[StandardCheck]


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneCoverage(AreaCoverage):
    """The coverage of one zone, or of what lies in none (`zone_id` none)."""

    zone_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LandUseCoverage(AreaCoverage):
    """The coverage of the land of one use, or of land whose use is not stated (`land_use` none)."""

    land_use: LandUse | None


@dataclass(frozen=True, slots=True)
class ClassCoverage:
    """How much demand has a toilet of one class within reach; `toilet_class` none: of those of no known class."""

    toilet_class: str | None
    facilities: int
    covered: float
    covered_ratio: float | None


@dataclass(frozen=True, slots=True)
class ToiletCoverage:
    """How much of the demand has a toilet in service within `radius_m` on foot, for the town and by zone.

    `within_standard_ratio` is the share within the standard's own radius, whatever was asked about. `land_uses` and
    `classes` are empty where it was not asked for them, or the use of no land is stated.
    """

    radius_m: float
    demand_kind: DemandKind
    demand: float
    covered: float
    covered_ratio: float | None
    toilets: int
    area_km2: float | None
    per_km2: float | None
    standard_radius_m: float | None
    within_standard_ratio: float | None
    standards: Sequence[StandardCheck]
    zones: Sequence[ZoneCoverage]
    gaps: Sequence[Gap]
    notes: Sequence[str] = ()
    land_uses: Sequence[LandUseCoverage] = ()
    classes: Sequence[ClassCoverage] = ()


@dataclass(frozen=True, slots=True)
class StationZone:
    """The haul of one zone's points, or of those in none."""

    zone_id: str | None
    points: int
    covered_points: int
    covered_ratio: float | None
    expected_kg: float
    covered_kg: float
    mean_haul_m: float | None


@dataclass(frozen=True, slots=True)
class Catchment:
    """What a station gets where every point hauls to its nearest one; `design_share` above 1 is too much."""

    facility_id: str
    points: int
    expected_kg: float
    mean_haul_m: float | None
    design_t_per_day: float | None
    design_share: float | None


@dataclass(frozen=True, slots=True)
class PointHaul:
    """Where a point hauls to and how far; none where no road leads to any station."""

    point_id: str
    facility_id: str | None
    haul_m: float | None
    expected_kg: float


@dataclass(frozen=True, slots=True)
class Failure:
    """What it does when stations fail: who has to haul elsewhere, how much farther, and what is too much for whom.

    `lost_points` can reach no station any more. `overloaded` are stations whose catchment comes to exceed
    their design by it.
    """

    failed: Sequence[str]
    moved_points: int
    moved_kg: float
    extra_t_km_per_day: float
    lost_points: Sequence[str]
    overloaded: Sequence[str]
    covered_ratio_before: float | None
    covered_kg_ratio_before: float | None


@dataclass(frozen=True, slots=True)
class StationCoverage:
    """How many points, and kg a day, lie within `radius_m` by road of a station in service.

    `mean_haul_m` is that of a kilogram, `mean_haul_of_points_m` that of a point, over all points from which a
    station can be reached at all. `failure` is told where stations were asked to fail, `hauls` where each point was
    asked for, the longest first.
    """

    radius_m: float
    points: int
    covered_points: int
    covered_ratio: float | None
    expected_kg: float
    covered_kg: float
    covered_kg_ratio: float | None
    mean_haul_m: float | None
    mean_haul_of_points_m: float | None
    haul_t_km_per_day: float
    catchments: Sequence[Catchment]
    failure: Failure | None
    stations: int
    area_km2: float | None
    per_km2: float | None
    standards: Sequence[StandardCheck]
    zones: Sequence[StationZone]
    gaps: Sequence[Gap]
    notes: Sequence[str] = ()
    hauls: Sequence[PointHaul] = ()
