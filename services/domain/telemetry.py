"""The messages of the telemetry contract, with the ranges that a true reading lies in.

A message body is one object or an array of them. `ts` is RFC 3339 or epoch milliseconds. The ranges are
physical ones, wide enough for any town: a value outside is a fault of the device, not a reading.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from services.domain.kinds import MessageKind, ServiceOutcome, ServiceSource, StopKind, WeighingDirection

Timestamp = Annotated[str, Meta(max_length=40)] | Annotated[int, Meta(ge=0, le=4_102_444_800_000)]
Sequence = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Text = Annotated[str, Meta(min_length=1, max_length=200)]
Ratio = Annotated[float, Meta(ge=0, le=1)]


class Reading(Struct, kw_only=True, frozen=True, gc=False):
    """What every reading has: when it was taken and, where the device counts, its number."""

    ts: Timestamp
    seq: Sequence | None = None


class PositionReading(Reading, kw_only=True, frozen=True, gc=False):
    """Where a vehicle is (WGS-84 degrees) and how it does."""

    lat: Annotated[float, Meta(ge=-90, le=90)]
    lon: Annotated[float, Meta(ge=-180, le=180)]
    speed_kmh: Annotated[float, Meta(ge=0, le=300)] | None = None
    heading_deg: Annotated[float, Meta(ge=0, le=360)] | None = None
    accuracy_m: Annotated[float, Meta(ge=0, le=100_000)] | None = None
    odometer_m: Annotated[float, Meta(ge=0, le=1e10)] | None = None
    load_kg: Annotated[float, Meta(ge=0, le=100_000)] | None = None
    fuel_l: Annotated[float, Meta(ge=0, le=5_000)] | None = None
    ignition: bool | None = None
    cover_open: bool | None = None


class ServiceReading(Reading, kw_only=True, frozen=True, gc=False):
    """What a vehicle did at a collection point."""

    point_id: Text
    outcome: ServiceOutcome = ServiceOutcome.SERVED
    reason: Annotated[str, Meta(max_length=500)] | None = None
    collected_kg: Annotated[float, Meta(ge=0, le=100_000)] | None = None
    source: ServiceSource | None = None


class LevelReading(Reading, kw_only=True, frozen=True, gc=False):
    """How full a container or a station's hopper is."""

    fill_ratio: Ratio
    temperature_c: Annotated[float, Meta(ge=-60, le=1_000)] | None = None
    battery_ratio: Ratio | None = None
    weight_kg: Annotated[float, Meta(ge=0, le=1_000_000)] | None = None


class WeighingReading(Reading, kw_only=True, frozen=True, gc=False):
    """A vehicle on a station's weighbridge; `net_kg` is what it tipped or took away."""

    vehicle_id: Text
    net_kg: Annotated[float, Meta(ge=0, le=200_000)]
    gross_kg: Annotated[float, Meta(ge=0, le=200_000)] | None = None
    tare_kg: Annotated[float, Meta(ge=0, le=200_000)] | None = None
    direction: WeighingDirection = WeighingDirection.IN
    arrived_at: Timestamp | None = None


class UsageReading(Reading, kw_only=True, frozen=True, gc=False):
    """How a public toilet is used; `entries` are persons since the device's last message."""

    entries: Annotated[int, Meta(ge=0, le=100_000)] | None = None
    occupied_stalls: Annotated[int, Meta(ge=0, le=10_000)] | None = None
    total_stalls: Annotated[int, Meta(ge=0, le=10_000)] | None = None
    nh3_ppm: Annotated[float, Meta(ge=0, le=10_000)] | None = None
    h2s_ppm: Annotated[float, Meta(ge=0, le=10_000)] | None = None
    water_l: Annotated[float, Meta(ge=0, le=1e9)] | None = None
    open: bool | None = None


class StatusReading(Struct, kw_only=True, frozen=True, gc=False):
    """Whether a device is connected; the last will has no `ts`, being written long before."""

    online: bool
    ts: Timestamp | None = None
    firmware: Annotated[str, Meta(max_length=100)] | None = None
    seq: Sequence | None = None


READING_TYPES: dict[MessageKind, type[Struct]] = {
    MessageKind.POSITION: PositionReading,
    MessageKind.SERVICE: ServiceReading,
    MessageKind.LEVEL: LevelReading,
    MessageKind.WEIGHING: WeighingReading,
    MessageKind.USAGE: UsageReading,
    MessageKind.STATUS: StatusReading,
}
"""The type of each message that devices publish."""


class RouteStop(Struct, kw_only=True, frozen=True):
    """A stop of a route message; `leg_polyline6` is the road from the stop before (encoded, 6 digits)."""

    sequence: int
    kind: StopKind
    id: str
    lon: float
    lat: float
    arrive_at: datetime
    depart_at: datetime
    service_s: int
    leg_distance_m: int = 0
    leg_polyline6: str = ""


class RouteMessage(Struct, kw_only=True, frozen=True):
    """A vehicle's route of a service day, retained on its `route` topic; a revision replaces the one before.

    A vehicle that has nothing to do on the day gets a message without stops.
    """

    plan_id: str
    service_date: str
    revision: int
    vehicle_id: str
    published_at: datetime
    stops: tuple[RouteStop, ...] = ()


encode: Callable[[object], bytes] = msgspec.json.Encoder().encode
"""Write a message, or a list of them, as JSON."""

decode_route = msgspec.json.Decoder(RouteMessage).decode
"""Read a route message; raises msgspec.ValidationError when it is not one."""


def instant_of(timestamp: str | int) -> datetime:
    """Return the UTC instant of a `ts`.

    Raises:
        ValueError: it is a text that is not RFC 3339 with an offset.

    """
    if isinstance(timestamp, int):
        return datetime.fromtimestamp(timestamp / 1000, UTC)
    instant = datetime.fromisoformat(timestamp)
    if instant.tzinfo is None:
        raise ValueError(f"Expected RFC 3339 with an offset such as Z or +08:00, got {timestamp!r}.")
    try:
        return instant.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"Expected an instant of our era, got {timestamp!r}.") from error
