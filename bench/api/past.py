"""A past to ask figures of: due visits, visits, readings and what is summed of them, day by day back from today.

The days differ by a seed made of their date. Fixes repeat by the weekday: those of the last week are rolled up by the
product's own code, and the other days take over the hours and days that it made. `check_days` has it make them again.
"""

import time
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import LiteralString

from psycopg import sql
from psycopg.rows import TupleRow

from bench.api.town import DAY, TOWN, USER, Size
from services.domain.kinds import DeviceKind, MessageKind
from services.keeping.rounds import roll_up
from services.store.connection import Connection
from services.store.devices import NewDevice, enrol_devices
from services.store.plans import PlanRequest, create_plan
from services.store.rollups import note_stored_spans

STATIONS, TOILETS, CONTAINERS = 20, 120, 100
FIX_INTERVAL_S = 15
SHIFT_HOURS = 8
FIXES_A_DAY = SHIFT_HOURS * 3600 // FIX_INTERVAL_S
WEEK_DAYS, ROLLED_DAYS = 7, 9
"""Fixes and levels repeat by the week; its hours are made by the product, and so are the days on both sides of it."""
VISIT_DAYS = 366
"""For so long the visits behind the due visits are stored; no figure reads them, but the pages of due visits do."""
DAYS_AT_ONCE = 30
"""So many days are stored before they are summed up, so that their readings are still in memory."""

CHECKED_AGO = (0.05, 0.3, 0.55, 0.8, 0.99)
"""Which days are checked, as shares of the past."""

Say = Callable[[str], None]
Values = Mapping[str, object]

_VISITS: LiteralString = """
    INSERT INTO visits (visit_id, service_date, point_id, vehicle_id, started_at, ended_at, confidence, collected_kg,
        evidence, decided_at)
    OVERRIDING SYSTEM VALUE
    SELECT %(first_visit)s + n, %(day)s, 'P' || n, 'V' || 1 + n %% %(trucks)s, at - INTERVAL '80 seconds', at, 0.99,
        250, jsonb_build_array(jsonb_build_object('kind', 'stay', 'observed_from', at - INTERVAL '80 seconds',
            'observed_to', at, 'detail', jsonb_build_object('distance_m', n %% 20, 'duration_s', 80))),
        at + INTERVAL '10 minutes'
    FROM generate_series(1, %(points)s) AS n,
        LATERAL (SELECT %(start)s + (n + 7 * %(turn)s) %% 480 * INTERVAL '1 minute' AS at) AS served
    WHERE n %% 50 <> %(turn)s"""
_DECIDED: tuple[LiteralString, ...] = (
    """INSERT INTO due_visits (service_date, point_id, occurrence, zone_id, contractor_id, windows, due_from, due_to,
        expected_kg, status, cleared_at, visit_id, vehicle_id, planned_vehicle_id, planned_at, reason, decided_at)
    SELECT %(day)s, 'P' || n, 1, 'Z' || 1 + n %% %(zones)s, 'C' || 1 + (1 + n %% %(zones)s) %% %(contractors)s, '[]',
        %(start)s, %(start)s + INTERVAL '9 hours', 250, CASE WHEN missed THEN 'missed' ELSE 'cleared' END,
        CASE WHEN NOT missed THEN at END, CASE WHEN NOT missed AND %(with_visits)s THEN %(first_visit)s + n END,
        'V' || 1 + n %% %(trucks)s, 'V' || 1 + n %% %(trucks)s, at,
        CASE WHEN missed THEN 'planned_but_not_visited' END, at + INTERVAL '10 minutes'
    FROM generate_series(1, %(points)s) AS n,
        LATERAL (SELECT %(start)s + (n + 7 * %(turn)s) %% 480 * INTERVAL '1 minute' AS at,
            n %% 50 = %(turn)s AS missed) AS served""",
    """INSERT INTO attributed_weights
    SELECT %(day)s, %(start)s + n %% 8 * INTERVAL '1 hour', 'V' || 1 + n %% %(trucks)s, 'Z' || 1 + n %% %(zones)s,
        'C' || 1 + (1 + n %% %(zones)s) %% %(contractors)s, 5000 + n %% 700 + %(turn)s, 4900 + n %% 700 + %(turn)s
    FROM generate_series(1, 3 * %(trucks)s) AS n""",
)
_READINGS: tuple[LiteralString, ...] = (
    """INSERT INTO weighings (observed_at, received_at, seq, device_key, net_kg, vehicle_id, direction)
    SELECT %(start)s + n * INTERVAL '30 seconds', %(start)s, n, station.device_key, 5000 + n %% 700 + %(turn)s,
        'V' || 1 + n %% %(trucks)s, 'in'
    FROM generate_series(1, 3 * %(trucks)s) AS n
        JOIN (SELECT device_key, row_number() OVER (ORDER BY device_key) AS number FROM devices
            WHERE kind = 'station') AS station ON station.number = 1 + n %% %(stations)s""",
    """INSERT INTO levels (observed_at, received_at, seq, device_key, fill_ratio)
    SELECT %(start)s - INTERVAL '1 hour' + n * INTERVAL '10 minutes', %(start)s, n, device_key,
        0.1 + (n + %(weekday)s) %% 9 * 0.1
    FROM devices, generate_series(0, 143) AS n WHERE kind = 'station' OR (kind = 'container' AND n %% 6 = 0)""",
    """INSERT INTO usages (observed_at, received_at, seq, device_key, entries, occupied_stalls, total_stalls, nh3_ppm,
        water_l, open)
    SELECT %(start)s - INTERVAL '1 hour' + n * INTERVAL '10 minutes', %(start)s, n, device_key,
        (n + %(turn)s) %% 7, (n + device_key) %% 5, 6, 0.01 * ((n + %(turn)s) %% 90), n %% 3, n > 12
    FROM devices, generate_series(0, 143) AS n WHERE kind = 'toilet'""",
)
# A fix in sixteen cycles of four minutes: nine of them moving at 25 km/h, the others at a point.
_FIXES: LiteralString = """
    INSERT INTO positions (observed_at, received_at, seq, device_key, lon, lat, speed_kmh, heading_deg, load_kg)
    SELECT %(start)s + make_interval(secs => n * %(interval)s), %(start)s, n, device_key,
        116 + steps * 0.00122 + (n * 7919 + device_key * 31 + %(weekday)s) %% 100 * 1e-7, 40 + device_key * 1e-4,
        CASE WHEN n %% 16 < 9 THEN 25 ELSE 0 END, 90, 4 * steps
    FROM devices, generate_series(0, %(fixes)s - 1) AS n,
        LATERAL (SELECT n / 16 * 9 + least(n %% 16, 9) + (device_key + %(weekday)s) %% 5 AS steps) AS driven
    WHERE kind = 'vehicle'"""
# What the product made of the weekday in the last week, as that of another day.
_TAKEN_OVER: tuple[LiteralString, ...] = (
    """INSERT INTO position_hours (hour_start, service_date, device_key, fixes, observed_s, moving_s, distance_m)
    SELECT hour_start - %(ago)s, %(day)s, device_key, fixes, observed_s, moving_s, distance_m
    FROM position_hours WHERE service_date = %(like)s""",
    """INSERT INTO position_days (service_date, device_key, fixes, observed_s, moving_s, distance_m)
    SELECT %(day)s, device_key, fixes, observed_s, moving_s, distance_m
    FROM position_days WHERE service_date = %(like)s""",
    """INSERT INTO weighing_hours (hour_start, service_date, device_key, vehicle_id, direction, weighings, net_kg)
    SELECT date_bin('1 hour', observed_at, %(start)s), %(day)s, device_key, vehicle_id, direction, count(*),
        sum(net_kg::float8)
    FROM weighings WHERE observed_at >= %(start)s AND observed_at < %(start)s + INTERVAL '23 hours'
    GROUP BY 1, 3, 4, 5""",
    """INSERT INTO weighing_days (service_date, device_key, vehicle_id, direction, weighings, net_kg)
    SELECT service_date, device_key, vehicle_id, direction, sum(weighings), sum(net_kg)
    FROM weighing_hours WHERE service_date = %(day)s GROUP BY 1, 2, 3, 4""",
    """INSERT INTO level_hours SELECT hour_start - %(ago)s, %(day)s, device_key, readings, observed_s, fill_ratio_min,
        fill_ratio_mean, fill_ratio_max, fill_ratio_last
    FROM level_hours WHERE service_date = %(like)s""",
    """INSERT INTO level_days SELECT %(day)s, device_key, readings, observed_s, fill_ratio_min, fill_ratio_mean,
        fill_ratio_max, fill_ratio_last
    FROM level_days WHERE service_date = %(like)s""",
)

_ROUTES: tuple[LiteralString, ...] = (
    """UPDATE plans SET status = 'ready', finished_at = %(start)s, published_at = %(start)s, cost = 1, distance_m = 1,
        duration_s = 1, served = 1 WHERE plan_id = %(plan)s""",
    """INSERT INTO routes (plan_id, vehicle_id, distance_m, duration_s, collected_kg)
    SELECT %(plan)s, vehicle_id, 112000, 28800, 16600 FROM vehicles""",
    """INSERT INTO stops (plan_id, vehicle_id, sequence, kind, id, arrive_at, depart_at, load_kg, collected_kg,
        occurrence, leg_distance_m, leg_duration_s)
    SELECT %(plan)s, 'V' || 1 + n %% %(trucks)s, 1 + n / %(trucks)s, 'point', 'P' || n,
        %(start)s + n / %(trucks)s * INTERVAL '7 minutes',
        %(start)s + n / %(trucks)s * INTERVAL '7 minutes' + INTERVAL '90 seconds', 250, 250, 1, 1700, 330
    FROM generate_series(1, %(points)s) AS n""",
)

ROLLUPS = (
    *("position_hours", "position_days", "weighing_hours", "weighing_days", "level_hours", "level_days"),
    *("clearance_sums", "vehicle_days", "station_days", "toilet_days"),
)
"""What is made of rows and readings, all of it by service day."""


def add_past(connection: Connection, size: Size, first: date, fix_days: int, say: Say) -> date:
    """Store the past from a day on, as far as it is not, and sum it up; return the first day that is stored.

    Of the last `fix_days` days (nine at least) the fixes and routes are stored too.
    """
    row = connection.execute("SELECT min(service_date) FROM due_visits").fetchone()
    day = DAY if row is None or row[0] is None else row[0]
    if day == DAY:
        _add_devices(connection)
    roll_up(connection, lambda: None)
    while day > first:
        until, began_s = max(first, day - timedelta(days=DAYS_AT_ONCE)), time.perf_counter()
        days = (day - until).days
        while day > until:
            day -= timedelta(days=1)
            _add_day(connection, size, day, fix_days)
            if day == DAY - timedelta(days=ROLLED_DAYS):
                connection.execute("ANALYZE")
                roll_up(connection, lambda: None)
        stored_s = time.perf_counter() - began_s
        roll_up(connection, lambda: None)
        summed_s = time.perf_counter() - began_s - stored_s
        say(f"From {day} on: each of {days} days stored in {stored_s / days:.2f} s, summed in {summed_s / days:.2f} s")
        connection.execute("VACUUM ANALYZE")
    return day


def first_day(months: int) -> date:
    """Return the first day of a past of some months: of thirty days, or of twelve to a year."""
    return DAY - timedelta(days=365 * months // 12 if months >= 12 else 30 * months)


def check_days(connection: Connection, size: Size, first: date, say: Say) -> None:
    """Have the product make the rollups of some days anew from their rows and readings, and compare.

    Raises:
        SystemExit: they differ.

    """
    stored = (DAY - first).days
    for ago in CHECKED_AGO:
        day = DAY - timedelta(days=1 + int(ago * (stored - 2)))
        with connection.transaction(force_rollback=True):
            kept = {table: _rows_of(connection, table, day) for table in ROLLUPS}
            for table in ROLLUPS:
                connection.execute(
                    sql.SQL("DELETE FROM {} WHERE service_date = %s").format(sql.Identifier(table)), [day]
                )
            connection.execute("DELETE FROM clearance_days WHERE service_date = %s", [day])
            if not _has_fixes(connection, day):
                _execute(connection, _FIXES, _values(size, day))
            _note(connection, day)
            roll_up(connection, lambda: None)
            for table, rows in kept.items():
                if _rows_of(connection, table, day) != rows or not rows:
                    raise SystemExit(f"{table} of {day} is not what its readings give.")
        say(f"What the product makes of {day} anew is what is stored")


def _rows_of(connection: Connection, table: str, day: date) -> list[TupleRow]:
    query = sql.SQL("SELECT * FROM {} WHERE service_date = %s").format(sql.Identifier(table))
    return sorted(connection.execute(query, [day]).fetchall(), key=repr)


def _has_fixes(connection: Connection, day: date) -> bool:
    start = TOWN.service_day(day).start
    query = "SELECT EXISTS (SELECT FROM positions WHERE observed_at >= %s AND observed_at < %s)"
    row = connection.execute(query, [start, start + timedelta(days=1)]).fetchone()
    return row is not None and bool(row[0])


def _add_devices(connection: Connection) -> None:
    """Give stations their weighbridges, toilets their counters and some points their level sensors."""
    devices = [NewDevice(DeviceKind.STATION, f"S{n}", f"transfer_station{n}") for n in range(1, STATIONS + 1)]
    devices += [NewDevice(DeviceKind.TOILET, f"T{n}", f"public_toilet{n}") for n in range(1, TOILETS + 1)]
    devices += [NewDevice(DeviceKind.CONTAINER, f"B{n}", f"P{n}") for n in range(1, CONTAINERS + 1)]
    enrol_devices(connection, devices, datetime.now(tz=TOWN.zone_info))


def _add_day(connection: Connection, size: Size, day: date, fix_days: int) -> None:
    values, ago = _values(size, day), (DAY - day).days
    with connection.transaction():
        if values["with_visits"]:
            _execute(connection, _VISITS, values)
        for statement in (*_DECIDED, *_READINGS):
            _execute(connection, statement, values)
        if ago <= max(fix_days, ROLLED_DAYS):
            _add_driven(connection, size, day)
        if ago <= ROLLED_DAYS:
            _note(connection, day)
        else:
            like = DAY - timedelta(days=2 + (ago - 2) % WEEK_DAYS)
            values |= {"like": like, "ago": like - day}
            for statement in _TAKEN_OVER:
                _execute(connection, statement, values)
            _note(connection, day, (MessageKind.USAGE,))


def _add_driven(connection: Connection, size: Size, day: date) -> None:
    """Store a day's fixes, and the routes that they are held against."""
    values = _values(size, day)
    _execute(connection, _FIXES, values)
    values |= {"plan": create_plan(connection, PlanRequest(day), USER, TOWN.service_day(day).start)}
    for statement in _ROUTES:
        _execute(connection, statement, values)


def _values(size: Size, day: date) -> dict[str, object]:
    return {
        "day": day,
        "start": TOWN.service_day(day).start + timedelta(hours=1),
        "turn": day.toordinal() % 50,
        "weekday": day.weekday(),
        "with_visits": DAY - day <= timedelta(days=VISIT_DAYS),
        "first_visit": day.toordinal() * 10 * size.points,
        "stations": STATIONS,
        "interval": FIX_INTERVAL_S,
        "fixes": FIXES_A_DAY,
        "trucks": size.trucks,
        "points": size.points,
        "zones": size.zones,
        "contractors": size.contractors,
    }


def _execute(connection: Connection, statement: LiteralString, values: Values) -> None:
    connection.execute(statement, {name: value for name, value in values.items() if f"({name})" in statement})


_SPOKEN = {
    MessageKind.POSITION: ["vehicle"],
    MessageKind.WEIGHING: ["station"],
    MessageKind.LEVEL: ["station", "container"],
    MessageKind.USAGE: ["station", "toilet"],
}
"""Whose readings a word about a message is for; that of usages forgets the day's sums of all facilities."""


def _note(connection: Connection, day: date, messages: tuple[MessageKind, ...] = tuple(_SPOKEN)) -> None:
    """Leave word of a day's readings, as the ingest does."""
    span = TOWN.service_day(day)
    for message in messages:
        keys = connection.execute("SELECT device_key FROM devices WHERE kind = ANY(%s)", [_SPOKEN[message]])
        note_stored_spans(connection, message, [(row[0], span.start, span.end - timedelta(minutes=1)) for row in keys])
