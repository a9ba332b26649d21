"""What coverage answers: how much demand has a facility within reach, by zone, and where none is."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


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


@dataclass(frozen=True, slots=True)
class ZoneCoverage:
    """The coverage of one zone, or of what lies in none (`zone_id` none)."""

    zone_id: str | None
    area_km2: float | None
    demand: float
    covered: float
    covered_ratio: float | None
    facilities: int
    per_km2: float | None
    standards: Sequence[StandardCheck]


@dataclass(frozen=True, slots=True)
class ToiletCoverage:
    """How much of the demand has a toilet in service within `radius_m` on foot, for the town and by zone."""

    radius_m: float
    demand_kind: DemandKind
    demand: float
    covered: float
    covered_ratio: float | None
    toilets: int
    area_km2: float | None
    per_km2: float | None
    standards: Sequence[StandardCheck]
    zones: Sequence[ZoneCoverage]
    gaps: Sequence[Gap]
    notes: Sequence[str] = ()


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
class StationCoverage:
    """How many points, and kg a day, lie within `radius_m` by road of a station in service.

    `mean_haul_m` is over the kg of all points from which a station can be reached at all.
    """

    radius_m: float
    points: int
    covered_points: int
    covered_ratio: float | None
    expected_kg: float
    covered_kg: float
    covered_kg_ratio: float | None
    mean_haul_m: float | None
    stations: int
    area_km2: float | None
    per_km2: float | None
    standards: Sequence[StandardCheck]
    zones: Sequence[StationZone]
    gaps: Sequence[Gap]
    notes: Sequence[str] = ()
