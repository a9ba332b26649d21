"""Facilities as they are now: the register's row with what their devices said on a service day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import LiteralString

from psycopg.rows import class_row

from services.domain.town import Interval
from services.store.connection import Connection


@dataclass(frozen=True, slots=True)
class FacilityRow:
    """A facility with what was heard of it in the day; what does not apply or was not heard is none.

    `throughput_t` and `entries` are sums over the day so far, the rest is the newest reading's.
    """

    facility_id: str
    kind: str
    lon: float
    lat: float
    name: str | None
    zone_id: str | None
    status: str
    opened_on: date | None
    design_life_years: float | None
    design_t_per_day: float | None
    bays: int | None
    tip_s: int | None
    open_start_s: int | None
    open_end_s: int | None
    toilet_class: str | None
    stalls_male: int
    stalls_female: int
    stalls_accessible: int
    observed_at: datetime | None
    throughput_t: float | None
    fill_ratio: float | None
    entries: int | None
    occupied_stalls: int | None
    total_stalls: int | None
    is_open: bool | None


@dataclass(frozen=True, slots=True)
class NearToilet:
    """A toilet in service and how far away it is as the crow flies."""

    facility_id: str
    name: str | None
    lon: float
    lat: float
    toilet_class: str | None
    open_start_s: int | None
    open_end_s: int | None
    stalls_male: int
    stalls_female: int
    stalls_accessible: int
    is_family: bool
    distance_m: float
    is_open: bool | None


_FACILITIES: LiteralString = """
    WITH shown AS (
        SELECT facility_id, kind, lon, lat, name, zone_id, status, opened_on, design_life_years,
            design_t_per_day, bays, tip_s, open_start_s, open_end_s, toilet_class, stalls_male,
            stalls_female, stalls_accessible
        FROM facilities
        WHERE (%(after)s::text IS NULL OR facility_id > %(after)s)
            AND (%(facilities)s::text[] IS NULL OR facility_id = ANY(%(facilities)s))
            AND (%(kind)s::text IS NULL OR kind = %(kind)s)
            AND (%(status)s::text IS NULL OR status = %(status)s)
        ORDER BY facility_id LIMIT %(limit)s
    ), speaking AS (
        SELECT asset_id AS facility_id, device_key FROM devices
        WHERE kind IN ('station', 'toilet') AND asset_id IN (SELECT facility_id FROM shown)
    ), tipped AS (
        SELECT facility_id, max(observed_at) AS observed_at,
            sum(net_kg) FILTER (WHERE direction = 'in') / 1000 AS throughput_t
        FROM weighings JOIN speaking USING (device_key)
        WHERE observed_at >= %(start)s AND observed_at < %(end)s GROUP BY facility_id
    ), filled AS (
        SELECT DISTINCT ON (facility_id) facility_id, newest.* FROM speaking CROSS JOIN LATERAL (
            SELECT observed_at, fill_ratio FROM levels
            WHERE levels.device_key = speaking.device_key
                AND observed_at >= %(start)s AND observed_at < %(end)s ORDER BY observed_at DESC LIMIT 1
        ) AS newest ORDER BY facility_id, newest.observed_at DESC
    ), entered AS (
        SELECT facility_id, sum(entries) AS entries FROM usages JOIN speaking USING (device_key)
        WHERE observed_at >= %(start)s AND observed_at < %(end)s GROUP BY facility_id
    ), used AS (
        SELECT DISTINCT ON (facility_id) facility_id, newest.* FROM speaking CROSS JOIN LATERAL (
            SELECT observed_at, occupied_stalls, total_stalls, open AS is_open FROM usages
            WHERE usages.device_key = speaking.device_key
                AND observed_at >= %(start)s AND observed_at < %(end)s ORDER BY observed_at DESC LIMIT 1
        ) AS newest ORDER BY facility_id, newest.observed_at DESC
    )
    SELECT shown.*, greatest(tipped.observed_at, filled.observed_at, used.observed_at) AS observed_at,
        tipped.throughput_t, filled.fill_ratio, entered.entries, used.occupied_stalls, used.total_stalls,
        used.is_open
    FROM shown LEFT JOIN tipped USING (facility_id) LEFT JOIN filled USING (facility_id)
    LEFT JOIN entered USING (facility_id) LEFT JOIN used USING (facility_id)
    ORDER BY facility_id"""

# The haversine formula on a sphere of 6,371 km; within a town its error is below half a percent.
_NEAR_TOILETS: LiteralString = """
    SELECT facility.facility_id, facility.name, facility.lon, facility.lat, facility.toilet_class,
        facility.open_start_s, facility.open_end_s, facility.stalls_male, facility.stalls_female,
        facility.stalls_accessible, used.is_open,
        coalesce(tagged.tags ->> 'changing_table' IN ('yes', 'limited'), false) AS is_family,
        2 * 6371000 * asin(least(1, sqrt(
            sin(radians(facility.lat - %(lat)s) / 2) ^ 2
            + cos(radians(%(lat)s)) * cos(radians(facility.lat)) * sin(radians(facility.lon - %(lon)s) / 2) ^ 2
        ))) AS distance_m
    FROM facilities AS facility
    LEFT JOIN facility_tags AS tagged USING (facility_id)
    LEFT JOIN LATERAL (
        SELECT usages.open AS is_open FROM devices JOIN usages USING (device_key)
        WHERE devices.kind = 'toilet' AND devices.asset_id = facility.facility_id AND usages.open IS NOT NULL
            AND usages.observed_at > %(now)s::timestamptz - INTERVAL '1 hour' AND usages.observed_at <= %(now)s
        ORDER BY usages.observed_at DESC LIMIT 1
    ) AS used ON true
    WHERE facility.kind = 'public_toilet' AND facility.status = 'in_service'
        AND (NOT %(accessible)s OR facility.stalls_accessible > 0)
        AND (NOT %(family)s OR tagged.tags ->> 'changing_table' IN ('yes', 'limited'))
    ORDER BY distance_m, facility_id LIMIT %(limit)s"""

CANDIDATE_TOILETS = 200
"""Of this many nearest toilets the open ones are chosen."""


def page_of_facilities(
    connection: Connection,
    day: Interval,
    *,
    after: tuple[str] | None = None,
    limit: int | None = None,
    facility_ids: Sequence[str] | None = None,
    kind: str | None = None,
    status: str | None = None,
) -> list[FacilityRow]:
    """Return facilities with what their devices said within `day`, by identifier; only `facility_ids` where given."""
    parameters = {
        "start": day.start,
        "end": day.end,
        "after": None if after is None else after[0],
        "limit": limit,
        "facilities": None if facility_ids is None else [*facility_ids],
        "kind": kind,
        "status": status,
    }
    with connection.cursor(row_factory=class_row(FacilityRow)) as cursor:
        return cursor.execute(_FACILITIES, parameters).fetchall()


def load_near_toilets(
    connection: Connection,
    lon: float,
    lat: float,
    now: datetime,
    *,
    accessible: bool = False,
    family: bool = False,
) -> list[NearToilet]:
    """Return the toilets in service nearest to a place in degrees, with what their devices last said.

    `accessible` ones have an accessible stall, `family` ones a place to change a child.
    """
    parameters = {
        "lon": lon,
        "lat": lat,
        "now": now,
        "limit": CANDIDATE_TOILETS,
        "accessible": accessible,
        "family": family,
    }
    with connection.cursor(row_factory=class_row(NearToilet)) as cursor:
        return cursor.execute(_NEAR_TOILETS, parameters).fetchall()
