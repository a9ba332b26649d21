"""The register's points, facilities, zones and contractors."""

from datetime import date, datetime
from typing import Literal

import msgspec
from pydantic import Field

from services.api.shapes.values import Answer, JsonObject, Latitude, Longitude, TimeWindow, clock_time
from services.domain.kinds import Approach, ContainerType, FacilityKind, FacilityStatus
from services.store.live_facilities import FacilityRow
from services.store.register_pages import ContractorRow, PointRow, ZoneRow

PointState = Literal["not_due", "pending", "cleared", "missed"]


class PointDay(Answer):
    """What became of a point's due visits on a service day."""

    date: date
    due: int
    cleared: int
    missed: int
    pending: int
    state: PointState = Field(description="`missed` if any visit is missed, else `pending` if any is pending.")


class PointAnswer(Answer):
    """A collection point (收集点)."""

    id: str = Field(examples=["P001"])
    lon: Longitude
    lat: Latitude
    name: str | None
    zone_id: str | None
    contractor_id: str | None = Field(description="Whose zone it lies in.")
    container_type: ContainerType
    containers: int
    expected_kg: float = Field(description="kg per day.")
    visits_per_day: float = Field(description="0.33 is once in three days.")
    windows: list[TimeWindow] = Field(description="When it may be visited, local time; empty: at any time.")
    service_s: int = Field(description="Seconds that a visit takes.")
    priority: int
    approach: Approach = Field(description="`kerb`: trucks pass it on the side of the street on which it stands.")
    day: PointDay

    @classmethod
    def of(cls, row: PointRow, day: date) -> "PointAnswer":
        """Return the answer made of a stored point and its `day`."""
        return cls(
            id=row.point_id,
            lon=row.lon,
            lat=row.lat,
            name=row.name,
            zone_id=row.zone_id,
            contractor_id=row.contractor_id,
            container_type=ContainerType(row.container_type),
            containers=row.containers,
            expected_kg=row.expected_kg,
            visits_per_day=row.visits_per_day,
            windows=[TimeWindow.of(window) for window in row.windows],
            service_s=row.service_s,
            priority=row.priority,
            approach=Approach(row.approach),
            day=PointDay.model_validate({**_counts(row), "date": day}),
        )


_PointJson = msgspec.defstruct("PointJson", [*PointAnswer.model_fields])
_PointDayJson = msgspec.defstruct("PointDayJson", [*PointDay.model_fields])
_ENCODER = msgspec.json.Encoder()


def point_json(row: PointRow, day: date) -> bytes:
    """Return what `PointAnswer.of` would write (a test compares), in a fifth of the time."""
    windows = [{"start": clock_time(start_s), "end": clock_time(end_s)} for start_s, end_s in row.windows]
    return _ENCODER.encode(
        _PointJson(
            row.point_id,
            row.lon,
            row.lat,
            row.name,
            row.zone_id,
            row.contractor_id,
            row.container_type,
            row.containers,
            row.expected_kg,
            row.visits_per_day,
            windows,
            row.service_s,
            row.priority,
            row.approach,
            _PointDayJson(day, row.due, row.cleared, row.missed, row.pending, row.state),
        )
    )


def _counts(row: PointRow) -> JsonObject:
    return {name: getattr(row, name) for name in ("due", "cleared", "missed", "pending", "state")}


class FacilityLive(Answer):
    """What a facility's devices said in the service day."""

    observed_at: datetime
    throughput_t: float | None = Field(description="Tonnes tipped here since the service day began.")
    fill_ratio: float | None = Field(description="How full the hopper is, 0 to 1.")
    entries: int | None = Field(description="Persons since the service day began.")
    occupied_stalls: int | None
    total_stalls: int | None
    open: bool | None


class FacilityAnswer(Answer):
    """A depot, station, disposal site or toilet (环卫设施)."""

    id: str = Field(examples=["T01"])
    kind: FacilityKind
    lon: Longitude
    lat: Latitude
    name: str | None
    zone_id: str | None
    status: FacilityStatus
    opened_on: date | None
    design_life_years: float | None
    design_t_per_day: float | None
    bays: int | None
    tip_s: int | None
    open_time: str | None = Field(examples=["05:00"], description="Local time; null: always open.")
    close_time: str | None = Field(examples=["22:00"])
    toilet_class: str | None = Field(serialization_alias="class", description="As the town writes it, such as 二类.")
    stalls_male: int
    stalls_female: int
    stalls_accessible: int
    live: FacilityLive | None

    @classmethod
    def of(cls, row: FacilityRow) -> "FacilityAnswer":
        """Return the answer made of a stored facility."""
        return cls(
            id=row.facility_id,
            kind=FacilityKind(row.kind),
            lon=row.lon,
            lat=row.lat,
            name=row.name,
            zone_id=row.zone_id,
            status=FacilityStatus(row.status),
            opened_on=row.opened_on,
            design_life_years=row.design_life_years,
            design_t_per_day=row.design_t_per_day,
            bays=row.bays,
            tip_s=row.tip_s,
            open_time=None if row.open_start_s is None else clock_time(row.open_start_s),
            close_time=None if row.open_end_s is None else clock_time(row.open_end_s),
            toilet_class=row.toilet_class,
            stalls_male=row.stalls_male,
            stalls_female=row.stalls_female,
            stalls_accessible=row.stalls_accessible,
            live=_live(row),
        )


def _live(row: FacilityRow) -> FacilityLive | None:
    if row.observed_at is None:
        return None
    return FacilityLive(
        observed_at=row.observed_at,
        throughput_t=row.throughput_t,
        fill_ratio=row.fill_ratio,
        entries=row.entries,
        occupied_stalls=row.occupied_stalls,
        total_stalls=row.total_stalls,
        open=row.is_open,
    )


class ZoneAnswer(Answer):
    """The smallest area with one responsible person, contractor and cleaning grade (片区)."""

    id: str = Field(examples=["Z01"])
    name: str | None
    contractor_id: str | None
    cleaning_grade: str | None
    responsible: str | None
    geometry: JsonObject = Field(description="GeoJSON Polygon or MultiPolygon.")

    @classmethod
    def of(cls, row: ZoneRow) -> "ZoneAnswer":
        """Return the answer made of a stored zone."""
        return cls(
            id=row.zone_id,
            name=row.name,
            contractor_id=row.contractor_id,
            cleaning_grade=row.cleaning_grade,
            responsible=row.responsible,
            geometry=row.geometry,
        )


class ContractorAnswer(Answer):
    """A company that works zones under contract (保洁公司)."""

    id: str = Field(examples=["C1"])
    name: str

    @classmethod
    def of(cls, row: ContractorRow) -> "ContractorAnswer":
        """Return the answer made of a stored contractor."""
        return cls(id=row.contractor_id, name=row.name)
