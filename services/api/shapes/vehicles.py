"""Vehicles with their state, and the track they came by."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache

import msgspec
from pydantic import Field

from services.api.shapes.values import Answer, Latitude, Longitude, clock_time
from services.api.tracks import GAP_M, GAP_S
from services.domain.kinds import CONTAINER_TYPES_BY_VEHICLE_KIND, ContainerType, StopKind, VehicleKind
from services.store.live_vehicles import Fix, VehicleRow


class LastPosition(Answer):
    """A vehicle's newest fix."""

    lon: Longitude
    lat: Latitude
    observed_at: datetime
    speed_kmh: float | None
    heading_deg: float | None = Field(description="Degrees from north, clockwise.")


class CurrentStop(Answer):
    """The stop of the published route that is to be served next."""

    sequence: int
    kind: StopKind
    id: str | None
    lon: float | None
    lat: float | None
    arrive_at: datetime = Field(description="As planned.")
    depart_at: datetime = Field(description="As planned.")


class RouteProgress(Answer):
    """How far a vehicle is in its published route of the day."""

    plan_id: str
    revision: int | None = Field(description="Of the route as the vehicle was sent it; null before that.")
    served: int = Field(description="Stops at points that are cleared.")
    stops: int = Field(description="Stops at points.")


class VehicleAnswer(Answer):
    """A sanitation vehicle (环卫车辆) and its state."""

    id: str = Field(examples=["V01"])
    kind: VehicleKind
    plate: str | None
    depot_id: str
    contractor_id: str | None
    capacity_kg: float
    capacity_m3: float | None
    container_types: list[ContainerType] = Field(description="What it may serve.")
    shift_start: str | None = Field(examples=["05:00"], description="Local time; null where it may work the whole day.")
    shift_end: str | None = Field(examples=["13:00"], description="Local time; null where it may work the whole day.")
    break_s: int
    last_position: LastPosition | None
    load_kg: float | None = Field(description="As last reported.")
    online: bool | None = Field(description="Whether its device is connected; null if it never was.")
    current_stop: CurrentStop | None
    route: RouteProgress | None

    @classmethod
    def of(cls, row: VehicleRow) -> "VehicleAnswer":
        """Return the answer made of a stored vehicle and its state."""
        return cls(
            id=row.vehicle_id,
            kind=VehicleKind(row.kind),
            plate=row.plate,
            depot_id=row.depot_id,
            contractor_id=row.contractor_id,
            capacity_kg=row.capacity_kg,
            capacity_m3=row.capacity_m3,
            container_types=_may_serve(row.kind, None if row.container_types is None else tuple(row.container_types)),
            shift_start=None if row.shift_start_s is None else clock_time(row.shift_start_s),
            shift_end=None if row.shift_end_s is None else clock_time(row.shift_end_s),
            break_s=row.break_s,
            last_position=_last_position(row),
            load_kg=row.load_kg,
            online=row.online,
            current_stop=_current_stop(row),
            route=_progress(row),
        )


def _last_position(row: VehicleRow) -> LastPosition | None:
    return None if row.observed_at is None else LastPosition.model_validate(row)


def _current_stop(row: VehicleRow) -> CurrentStop | None:
    if row.stop_sequence is None:
        return None
    # They come and go together.
    assert row.stop_kind is not None
    assert row.stop_arrive_at is not None
    assert row.stop_depart_at is not None
    return CurrentStop(
        sequence=row.stop_sequence,
        kind=StopKind(row.stop_kind),
        id=row.stop_id,
        lon=row.stop_lon,
        lat=row.stop_lat,
        arrive_at=row.stop_arrive_at,
        depart_at=row.stop_depart_at,
    )


def _progress(row: VehicleRow) -> RouteProgress | None:
    if row.plan_id is None:
        return None
    return RouteProgress(
        plan_id=row.plan_id, revision=row.revision, served=row.route_served or 0, stops=row.route_stops or 0
    )


_VehicleJson = msgspec.defstruct("VehicleJson", [*VehicleAnswer.model_fields])
_LastPositionJson = msgspec.defstruct("LastPositionJson", [*LastPosition.model_fields])
_CurrentStopJson = msgspec.defstruct("CurrentStopJson", [*CurrentStop.model_fields])
_RouteProgressJson = msgspec.defstruct("RouteProgressJson", [*RouteProgress.model_fields])
_ENCODER = msgspec.json.Encoder()


@cache
def _may_serve(kind: str, container_types: tuple[str, ...] | None) -> list[ContainerType]:
    """Return what a vehicle may serve: what the register says, else all that its kind can."""
    named = CONTAINER_TYPES_BY_VEHICLE_KIND[VehicleKind(kind)] if container_types is None else container_types
    return sorted(ContainerType(name) for name in named)


def vehicle_json(row: VehicleRow) -> bytes:
    """Return what `VehicleAnswer.of` would write (a test compares), in a fifth of the time."""
    position = stop = route = None
    if row.observed_at is not None:
        position = _LastPositionJson(row.lon, row.lat, row.observed_at, row.speed_kmh, row.heading_deg)
    if row.stop_sequence is not None:
        stop = _CurrentStopJson(
            row.stop_sequence,
            row.stop_kind,
            row.stop_id,
            row.stop_lon,
            row.stop_lat,
            row.stop_arrive_at,
            row.stop_depart_at,
        )
    if row.plan_id is not None:
        route = _RouteProgressJson(row.plan_id, row.revision, row.route_served or 0, row.route_stops or 0)
    return _ENCODER.encode(
        _VehicleJson(
            row.vehicle_id,
            row.kind,
            row.plate,
            row.depot_id,
            row.contractor_id,
            row.capacity_kg,
            row.capacity_m3,
            _may_serve(row.kind, None if row.container_types is None else tuple(row.container_types)),
            None if row.shift_start_s is None else clock_time(row.shift_start_s),
            None if row.shift_end_s is None else clock_time(row.shift_end_s),
            row.break_s,
            position,
            row.load_kg,
            row.online,
            stop,
            route,
        )
    )


class FixAnswer(Answer):
    """Where a vehicle was at an instant."""

    lon: Longitude
    lat: Latitude
    observed_at: datetime
    speed_kmh: float | None
    heading_deg: float | None
    load_kg: float | None
    outlier: bool = Field(description="No vehicle could have driven there between the fixes before and after it.")


class TrackAnswer(Answer):
    """A vehicle's fixes, in segments: between two of these nothing is known of where it went."""

    vehicle_id: str
    start: datetime
    end: datetime
    gap_s: int = Field(description="Fixes further apart in time than this are not joined.")
    gap_m: int = Field(description="Fixes further apart in distance than this are not joined.")
    fixes: int = Field(description="All of them, outliers included.")
    outliers: int = Field(description="How many of them are marked.")
    segments: list[list[FixAnswer]]

    @classmethod
    def of(cls, vehicle_id: str, start: datetime, end: datetime, segments: Sequence[Sequence[Fix]]) -> "TrackAnswer":
        """Return the answer made of a track's segments."""
        fixes = [fix for segment in segments for fix in segment]
        return cls(
            vehicle_id=vehicle_id,
            start=start,
            end=end,
            gap_s=GAP_S,
            gap_m=GAP_M,
            fixes=len(fixes),
            outliers=sum(fix.outlier for fix in fixes),
            # Thousands of them: they are as the store has them, and need no check.
            segments=[[FixAnswer.model_construct(**msgspec.structs.asdict(fix)) for fix in one] for one in segments],
        )


_TrackJson = msgspec.defstruct("TrackJson", [*TrackAnswer.model_fields])


def track_json(vehicle_id: str, start: datetime, end: datetime, segments: Sequence[Sequence[Fix]]) -> bytes:
    """Return what `TrackAnswer.of` would write (a test compares), in a tenth of the time."""
    fixes, outliers = sum(map(len, segments)), sum(fix.outlier for segment in segments for fix in segment)
    return _ENCODER.encode(_TrackJson(vehicle_id, start, end, GAP_S, GAP_M, fixes, outliers, segments))
