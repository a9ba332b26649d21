"""What the town's register holds: contractors, zones, points, vehicles, facilities and residents."""

from dataclasses import dataclass
from datetime import date

from services.domain.kinds import (
    CONTAINER_TYPES_BY_VEHICLE_KIND,
    Approach,
    ContainerType,
    FacilityKind,
    FacilityStatus,
    VehicleKind,
)
from services.domain.town import DAY_S

Position = tuple[float, float]
"""WGS-84 longitude and latitude in degrees, in the order of GeoJSON."""


@dataclass(frozen=True, slots=True)
class DailyWindow:
    """A span of each day in seconds after local midnight; one that ends before it starts crosses midnight."""

    start_s: int
    end_s: int

    def __post_init__(self) -> None:
        """Refuse times outside one day."""
        if not (0 <= self.start_s < DAY_S and 0 <= self.end_s <= DAY_S):
            raise ValueError("Expected a window within 00:00 to 24:00.")


@dataclass(frozen=True, slots=True)
class Contractor:
    """A company that works zones under contract (保洁公司)."""

    contractor_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Zone:
    """The smallest area with one responsible person, contractor and cleaning grade (片区).

    `geometry` is a GeoJSON Polygon or MultiPolygon.
    """

    zone_id: str
    geometry: dict[str, object]
    name: str | None = None
    contractor_id: str | None = None
    cleaning_grade: str | None = None
    responsible: str | None = None


@dataclass(frozen=True, slots=True)
class CollectionPoint:
    """Where refuse waits (收集点); `expected_kg` is per day, `service_s` the time one visit takes."""

    point_id: str
    lon: float
    lat: float
    name: str | None = None
    zone_id: str | None = None
    container_type: ContainerType = ContainerType.BIN
    containers: int = 1
    expected_kg: float = 0.0
    visits_per_day: float = 1.0
    windows: tuple[DailyWindow, ...] = ()
    service_s: int = 60
    priority: int = 1
    approach: Approach = Approach.ANY

    @property
    def position(self) -> Position:
        """Longitude and latitude in degrees."""
        return self.lon, self.lat

    @property
    def expected_kg_per_visit(self) -> float:
        """What waits at one visit: a share of the day, or several days' where visits are rarer."""
        return self.expected_kg / self.visits_per_day


@dataclass(frozen=True, slots=True)
class Facility:
    """A depot, station, disposal site or toilet (环卫设施)."""

    facility_id: str
    kind: FacilityKind
    lon: float
    lat: float
    name: str | None = None
    zone_id: str | None = None
    status: FacilityStatus = FacilityStatus.IN_SERVICE
    opened_on: date | None = None
    design_life_years: float | None = None
    design_t_per_day: float | None = None
    bays: int | None = None
    tip_s: int | None = None
    open_hours: DailyWindow | None = None
    toilet_class: str | None = None
    stalls_male: int = 0
    stalls_female: int = 0
    stalls_accessible: int = 0

    @property
    def position(self) -> Position:
        """Longitude and latitude in degrees."""
        return self.lon, self.lat

    @property
    def stalls(self) -> int:
        """All stalls of a toilet."""
        return self.stalls_male + self.stalls_female + self.stalls_accessible


@dataclass(frozen=True, slots=True)
class Vehicle:
    """A sanitation vehicle (环卫车辆) with its shift and costs.

    Without a `shift` it may work the whole service day. The break of `break_s` seconds begins at the latest
    `break_after_s` after the shift's start. Costs are in the town's currency.
    """

    vehicle_id: str
    kind: VehicleKind
    depot_id: str
    capacity_kg: float
    plate: str | None = None
    capacity_m3: float | None = None
    container_types: frozenset[ContainerType] | None = None
    shift: DailyWindow | None = None
    break_s: int = 0
    break_after_s: int | None = None
    contractor_id: str | None = None
    speed_factor: float = 1.0
    cost_per_km: float = 2.0
    cost_per_h: float = 40.0
    fixed_cost: float = 100.0

    @property
    def may_serve(self) -> frozenset[ContainerType]:
        """The container types it may serve: the register's, else those of its kind."""
        if self.container_types is not None:
            return self.container_types
        return CONTAINER_TYPES_BY_VEHICLE_KIND[self.kind]


@dataclass(frozen=True, slots=True)
class PopulationCell:
    """How many residents live about a place."""

    lon: float
    lat: float
    residents: float


@dataclass(frozen=True, slots=True)
class CollectedWeight:
    """What a point yielded on a past date, for the forecast."""

    point_id: str
    service_date: date
    kg: float
