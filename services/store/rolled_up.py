"""Rollups as the office reads them: what vehicles did and how full containers were, by hour or service day."""

from datetime import date, datetime
from typing import LiteralString

import msgspec

from services.store.connection import Connection


class VehicleUse(msgspec.Struct, frozen=True):
    """What a vehicle did in the hour that begins at `start`, or the service days that begin on `service_date`.

    `observed_s` is for how long its device was heard; none where it was not, and only the weighbridge knows of it.
    """

    vehicle_id: str
    start: datetime | None
    service_date: date
    fixes: int | None
    observed_s: float | None
    moving_s: float | None
    distance_m: float | None
    tippings: int
    tipped_kg: float


class ContainerLevels(msgspec.Struct, frozen=True):
    """How full a container was; ratios are none where it was heard before and after an hour, but not in it."""

    point_id: str
    device_id: str
    start: datetime | None
    service_date: date
    readings: int
    observed_s: float
    fill_ratio_min: float | None
    fill_ratio_mean: float | None
    fill_ratio_max: float | None
    fill_ratio_last: float | None


# A vehicle may bear several devices: the one that told most of a span tells it.
_VEHICLES: LiteralString = """
    WITH driven AS (
        SELECT DISTINCT ON (vehicle_id, span) device.asset_id AS vehicle_id, {span} AS span, service_date, fixes,
            observed_s::float8, moving_s::float8, distance_m::float8
        FROM {positions} AS rolled JOIN devices AS device USING (device_key)
        WHERE device.kind = 'vehicle' AND {within}
        ORDER BY vehicle_id, span, fixes DESC, device_key
    ), tipped AS (
        SELECT vehicle_id, {span} AS span, service_date, sum(weighings)::integer AS tippings,
            sum(net_kg) AS tipped_kg
        FROM {weighings} AS rolled JOIN vehicles USING (vehicle_id)
        WHERE direction = 'in' AND {within} GROUP BY 1, 2, 3
    )
    SELECT vehicle_id, {start_of_span} AS start, service_date, fixes, observed_s, moving_s, distance_m,
        coalesce(tippings, 0) AS tippings, coalesce(tipped_kg, 0) AS tipped_kg
    FROM driven FULL JOIN tipped USING (vehicle_id, span, service_date) ORDER BY vehicle_id, span"""
_CONTAINERS: LiteralString = """
    SELECT device.asset_id AS point_id, device.device_id, {start} AS start, service_date, readings,
        observed_s::float8, fill_ratio_min::float8, fill_ratio_mean::float8, fill_ratio_max::float8,
        fill_ratio_last::float8
    FROM {levels} AS rolled JOIN devices AS device USING (device_key)
    WHERE device.kind = 'container' AND {within} ORDER BY point_id, device_id, {span}"""

_HOURS: dict[str, LiteralString] = {
    "span": "hour_start",
    "start": "hour_start",
    "start_of_span": "span",
    "within": "hour_start >= %(start)s AND hour_start < %(end)s",
    "positions": "position_hours",
    "levels": "level_hours",
    "weighings": "weighing_hours",
}
_DAYS: dict[str, LiteralString] = {
    "span": "service_date",
    "start": "NULL::timestamptz",
    "start_of_span": "NULL::timestamptz",
    "within": "service_date >= %(start)s AND service_date <= %(end)s",
    "positions": "position_days",
    "levels": "level_days",
    "weighings": "weighing_days",
}


DEVICE_DAYS: LiteralString = _VEHICLES.format(**(_DAYS | {"within": "{within}"}))
"""The query that puts together what vehicles did by service day; `within` says of which days."""


_LIMITED: LiteralString = " LIMIT %(limit)s"


def load_vehicle_hours(
    connection: Connection, start: datetime, end: datetime, limit: int | None = None
) -> list[VehicleUse]:
    """Return what vehicles did in each hour that begins from `start` to before `end`, by vehicle and time."""
    parameters = {"start": start, "end": end, "limit": limit}
    rows = connection.execute(_VEHICLES.format(**_HOURS) + _LIMITED, parameters).fetchall()
    return [VehicleUse(*row) for row in rows]


def load_container_hours(
    connection: Connection, start: datetime, end: datetime, limit: int | None = None
) -> list[ContainerLevels]:
    """Return how full containers were in each hour that begins from `start` to before `end`."""
    return _containers(connection, _CONTAINERS.format(**_HOURS), start, end, limit)


def load_container_days(
    connection: Connection, first: date, last: date, limit: int | None = None
) -> list[ContainerLevels]:
    """Return how full containers were on each service day from `first` to `last`, both included."""
    return _containers(connection, _CONTAINERS.format(**_DAYS), first, last, limit)


def _containers(
    connection: Connection, query: LiteralString, start: date, end: date, limit: int | None
) -> list[ContainerLevels]:
    parameters = {"start": start, "end": end, "limit": limit}
    return [ContainerLevels(*row) for row in connection.execute(query + _LIMITED, parameters).fetchall()]
