"""How far a service day has come, as the readings and their decisions in the store tell it."""

from datetime import date, datetime, timedelta
from typing import LiteralString

from services.domain.day_progress import DayProgress, LastFix, Tipping, VisitKey
from services.domain.town import Interval
from services.store.connection import Connection
from services.store.visits import load_stored_visits

BEFORE_THE_DAY = timedelta(hours=6)
"""A night shift begins before the service day that it belongs to."""

_TIPPINGS: LiteralString = """
    SELECT device.asset_id, weighing.vehicle_id, weighing.arrived_at, weighing.observed_at, weighing.net_kg
    FROM weighings AS weighing JOIN devices AS device USING (device_key)
    WHERE device.kind = 'station' AND weighing.direction = 'in'
        AND weighing.observed_at >= %s AND weighing.observed_at <= %s
    ORDER BY weighing.observed_at"""

_LAST_FIXES: LiteralString = """
    SELECT DISTINCT ON (device.asset_id) device.asset_id, fix.lon, fix.lat, fix.observed_at, fix.load_kg
    FROM latest_positions AS fix JOIN devices AS device USING (device_key)
    WHERE device.kind = 'vehicle' AND device.revoked_at IS NULL AND fix.observed_at >= %s AND fix.observed_at <= %s
    ORDER BY device.asset_id, fix.observed_at DESC"""


def load_day_progress(connection: Connection, day: date, span: Interval, now: datetime) -> DayProgress:
    """Return how far the service day `day`, which lasts over `span`, has come at `now`.

    What is tipped counts from the day's start, as a station's daily limit does.
    """
    rows = connection.execute(
        "SELECT point_id, occurrence, vehicle_id FROM due_visits WHERE service_date = %s AND status = 'cleared' "
        "AND coalesce(cleared_at, %s) <= %s",
        (day, now, now),
    ).fetchall()
    cleared: frozenset[VisitKey] = frozenset((row[0], row[1]) for row in rows)
    visits = [stored.visit for stored in load_stored_visits(connection, day)]
    tippings = connection.execute(_TIPPINGS, (span.start, now)).fetchall()
    fixes = connection.execute(_LAST_FIXES, (span.start - BEFORE_THE_DAY, now)).fetchall()
    return DayProgress(
        now=now,
        visits=sorted(
            (visit for visit in visits if visit.interval.start <= now), key=lambda visit: visit.interval.start
        ),
        cleared=cleared,
        tippings=[Tipping(row[0], row[1], row[2], row[3], float(row[4])) for row in tippings],
        last_fixes={row[0]: LastFix((row[1], row[2]), row[3], row[4]) for row in fixes},
        cleared_by={(row[0], row[1]): row[2] for row in rows if row[2] is not None},
    )
