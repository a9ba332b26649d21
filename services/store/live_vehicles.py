"""Vehicles as they are now: where they are, how far in their route, and the track they came by."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import LiteralString, NamedTuple

import msgspec

from services.store.connection import Connection
from services.store.rows import named_rows
from services.store.visibility import EVERYTHING, Visibility


class VehicleRow(NamedTuple):
    """A vehicle with its last fix, its published route of the day, and the stop it is to serve next.

    `route_stops` counts the route's stops at points, `route_served` those of them that are cleared.
    """

    vehicle_id: str
    kind: str
    plate: str | None
    depot_id: str
    contractor_id: str | None
    capacity_kg: float
    capacity_m3: float | None
    container_types: list[str] | None
    shift_start_s: int | None
    shift_end_s: int | None
    break_s: int
    lon: float | None
    lat: float | None
    observed_at: datetime | None
    speed_kmh: float | None
    heading_deg: float | None
    load_kg: float | None
    online: bool | None
    plan_id: str | None
    revision: int | None
    route_stops: int | None
    route_served: int | None
    stop_sequence: int | None
    stop_kind: str | None
    stop_id: str | None
    stop_lon: float | None
    stop_lat: float | None
    stop_arrive_at: datetime | None
    stop_depart_at: datetime | None


class Fix(msgspec.Struct, frozen=True, gc=False):
    """Where a vehicle was at an instant.

    It is an `outlier` where no vehicle could have been there between the fixes around it (`services/api/tracks.py`).
    """

    lon: float
    lat: float
    observed_at: datetime
    speed_kmh: float | None
    heading_deg: float | None
    load_kg: float | None
    outlier: bool = False


class TrackRow(NamedTuple):
    """A vehicle, whose it is, and its fixes in order of time, a list for each of their values.

    `time_s` is `observed_at` as seconds since 1970.
    """

    vehicle_id: str
    contractor_id: str | None
    time_s: list[float]
    lon: list[float]
    lat: list[float]
    observed_at: list[datetime]
    speed_kmh: list[float | None]
    heading_deg: list[float | None]
    load_kg: list[float | None]

    @property
    def fixes(self) -> list[Fix]:
        """The fixes one by one."""
        return [*map(Fix, self.lon, self.lat, self.observed_at, self.speed_kmh, self.heading_deg, self.load_kg)]


class LivePosition(NamedTuple):
    """A vehicle's newest fix, and whether its device is connected."""

    vehicle_id: str
    contractor_id: str | None
    lon: float | None
    lat: float | None
    observed_at: datetime | None
    speed_kmh: float | None
    heading_deg: float | None
    load_kg: float | None
    online: bool | None


# A vehicle may bear several devices: the newest fix counts, and one that is online is enough.
_NEWEST_FIX: LiteralString = """
    SELECT device.asset_id AS vehicle_id, bool_or(device.online) AS online,
        (array_agg(device.device_key ORDER BY fix.observed_at DESC NULLS LAST))[1] AS device_key
    FROM devices AS device LEFT JOIN latest_positions AS fix USING (device_key)
    WHERE device.kind = 'vehicle' AND device.revoked_at IS NULL"""
_BY_VEHICLE: LiteralString = " GROUP BY device.asset_id"

_VEHICLES: LiteralString = f"""
    WITH shown AS (
        SELECT vehicle.*, newest.online, newest.device_key
        FROM vehicles AS vehicle LEFT JOIN (
            {_NEWEST_FIX} AND {{of_device}} {_BY_VEHICLE}
        ) AS newest USING (vehicle_id)
        WHERE {{asked}} ORDER BY vehicle_id LIMIT %(limit)s
    ), published AS (
        SELECT plan_id FROM plans
        WHERE service_date = %(day)s AND published_at IS NOT NULL AND superseded_at IS NULL
    ), stop_state AS MATERIALIZED (
        SELECT stop.plan_id, stop.vehicle_id, stop.sequence, stop.kind, stop.id, stop.arrive_at, stop.depart_at,
            coalesce(due.status = 'cleared', false) AS cleared
        FROM published JOIN stops AS stop USING (plan_id) JOIN shown USING (vehicle_id)
        LEFT JOIN due_visits AS due ON stop.kind = 'point' AND due.service_date = %(day)s
            AND due.point_id = stop.id AND due.occurrence = stop.occurrence
    ), progress AS (
        SELECT plan_id, vehicle_id, count(*) FILTER (WHERE kind = 'point') AS stops,
            count(*) FILTER (WHERE cleared) AS served,
            coalesce(max(sequence) FILTER (WHERE cleared), min(sequence)) AS passed
        FROM stop_state GROUP BY plan_id, vehicle_id
    ), next_stop AS (
        SELECT DISTINCT ON (stop.vehicle_id) stop.*
        FROM progress JOIN stop_state AS stop USING (plan_id, vehicle_id)
        WHERE stop.sequence > progress.passed ORDER BY stop.vehicle_id, stop.sequence
    )
    SELECT shown.vehicle_id, shown.kind, shown.plate, shown.depot_id, shown.contractor_id, shown.capacity_kg,
        shown.capacity_m3, shown.container_types, shown.shift_start_s, shown.shift_end_s, shown.break_s,
        fix.lon, fix.lat, fix.observed_at, fix.speed_kmh, fix.heading_deg, fix.load_kg, shown.online,
        progress.plan_id::text, revision.revision, progress.stops AS route_stops, progress.served AS route_served,
        next_stop.sequence AS stop_sequence, next_stop.kind AS stop_kind, next_stop.id AS stop_id,
        coalesce(point.lon, facility.lon) AS stop_lon, coalesce(point.lat, facility.lat) AS stop_lat,
        next_stop.arrive_at AS stop_arrive_at, next_stop.depart_at AS stop_depart_at
    FROM shown
    LEFT JOIN latest_positions AS fix USING (device_key)
    LEFT JOIN progress USING (vehicle_id)
    LEFT JOIN (
        SELECT vehicle_id, max(revision) AS revision FROM route_revisions
        WHERE service_date = %(day)s GROUP BY vehicle_id
    ) AS revision USING (vehicle_id)
    LEFT JOIN next_stop USING (vehicle_id)
    LEFT JOIN collection_points AS point ON next_stop.kind = 'point' AND point.point_id = next_stop.id
    LEFT JOIN facilities AS facility ON next_stop.kind <> 'point' AND facility.facility_id = next_stop.id
    ORDER BY vehicle_id"""  # noqa: S608 - made of our own constants

_ASKED: Mapping[str, LiteralString] = {
    "after": "vehicle_id > %(after)s",
    "vehicles": "vehicle_id = ANY(%(vehicles)s)",
    "online": "coalesce(newest.online, false) = %(online)s",
    "contractor": "contractor_id = %(contractor)s",
    "own_vehicle": "vehicle_id = %(own_vehicle)s",
}
"""Conditions that are not asked for are left out: a statement that is prepared has one plan for all."""

_LIVE_POSITIONS: LiteralString = f"""
    SELECT vehicle_id, vehicle.contractor_id, fix.lon, fix.lat, fix.observed_at, fix.speed_kmh,
        fix.heading_deg, fix.load_kg, newest.online
    FROM vehicles AS vehicle JOIN ({_NEWEST_FIX} {_BY_VEHICLE}) AS newest USING (vehicle_id)
    LEFT JOIN latest_positions AS fix USING (device_key)
    WHERE fix.device_key IS NOT NULL OR newest.online IS NOT NULL"""  # noqa: S608 - made of our own constants

# Arrays of numbers are read in half the time of as many rows. A real goes through its text, which is its shortest form.
_TRACKS: LiteralString = """
    SELECT vehicle.vehicle_id, vehicle.contractor_id, track.*
    FROM vehicles AS vehicle CROSS JOIN LATERAL (
        SELECT coalesce(array_agg(extract(epoch FROM observed_at)::float8), '{}') AS time_s,
            coalesce(array_agg(lon), '{}') AS lon, coalesce(array_agg(lat), '{}') AS lat,
            coalesce(array_agg(observed_at), '{}') AS observed_at,
            coalesce(array_agg(speed_kmh::text::float8), '{}') AS speed_kmh,
            coalesce(array_agg(heading_deg::text::float8), '{}') AS heading_deg,
            coalesce(array_agg(load_kg::text::float8), '{}') AS load_kg
        FROM (
            SELECT fix.* FROM devices AS device JOIN positions AS fix USING (device_key)
            WHERE device.kind = 'vehicle' AND device.asset_id = vehicle.vehicle_id
                AND fix.observed_at >= %(start)s AND fix.observed_at < %(end)s
            ORDER BY fix.observed_at, fix.seq LIMIT %(limit)s
        ) AS fix
    ) AS track
    WHERE vehicle.vehicle_id = ANY(%(vehicles)s)"""


def page_of_vehicles(
    connection: Connection,
    day: date,
    *,
    after: tuple[str] | None = None,
    limit: int | None = None,
    vehicle_ids: Sequence[str] | None = None,
    online: bool | None = None,
    visible: Visibility = EVERYTHING,
) -> list[VehicleRow]:
    """Return vehicles with their state and their published route of `day`, by identifier.

    Only those of `vehicle_ids` where these are given.
    """
    parameters: dict[str, object] = {
        "day": day,
        "after": None if after is None else after[0],
        "limit": limit,
        "vehicles": None if vehicle_ids is None else [*vehicle_ids],
        "online": online,
        "contractor": visible.contractor_id,
        "own_vehicle": visible.vehicle_id,
    }
    asked = [condition for name, condition in _ASKED.items() if parameters[name] is not None]
    query = _VEHICLES.format(
        asked=" AND ".join(asked) if asked else "true",
        of_device="true" if vehicle_ids is None else "device.asset_id = ANY(%(vehicles)s)",
    )
    with connection.cursor(row_factory=named_rows(VehicleRow)) as cursor:
        return cursor.execute(query, parameters).fetchall()


def load_live_positions(connection: Connection) -> list[LivePosition]:
    """Return the newest fix of every vehicle that was ever heard."""
    with connection.cursor(row_factory=named_rows(LivePosition)) as cursor:
        return cursor.execute(_LIVE_POSITIONS).fetchall()


def load_tracks(
    connection: Connection, vehicle_ids: Sequence[str], start: datetime, end: datetime, limit: int
) -> list[TrackRow]:
    """Return the fixes of vehicles from `start` to before `end`, at most `limit` of each.

    A vehicle that the register does not know is left out.
    """
    parameters = {"vehicles": [*vehicle_ids], "start": start, "end": end, "limit": limit}
    with connection.cursor(binary=True, row_factory=named_rows(TrackRow)) as cursor:
        return cursor.execute(_TRACKS, parameters).fetchall()
