"""Figures over long spans: how long each takes for any day, month or year, and how that grows with what is stored."""

import random
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import LiteralString

import httpx

from bench.api.load import token_for
from bench.api.town import DAY, TOWN, Size
from services.domain.kinds import DeviceKind
from services.keeping.rounds import roll_up
from services.store.clearance_sums import days_to_sum_up
from services.store.connection import Connection
from services.store.devices import NewDevice, enrol_devices

STATIONS, TOILETS = 20, 120
LONGEST_MS, LEAST_RUNS = 10_000, 4
"""A figure that takes so long in all is asked no further, once it was asked so often."""
FIX_INTERVAL_S = 15
SHIFT_HOURS = 8

_DAY: tuple[LiteralString, ...] = (
    """INSERT INTO due_visits (service_date, point_id, occurrence, zone_id, contractor_id, windows, due_from, due_to,
        expected_kg, status, cleared_at, vehicle_id, planned_vehicle_id, planned_at, reason, decided_at)
    SELECT %(day)s, 'P' || n, 1, 'Z' || 1 + n %% %(zones)s, 'C' || 1 + (1 + n %% %(zones)s) %% %(contractors)s, '[]',
        %(start)s, %(start)s + INTERVAL '9 hours', 250, CASE WHEN n %% 50 = %(turn)s THEN 'missed' ELSE 'cleared' END,
        CASE WHEN n %% 50 <> %(turn)s THEN %(start)s + n %% 480 * INTERVAL '1 minute' END, 'V' || 1 + n %% %(trucks)s,
        'V' || 1 + n %% %(trucks)s, %(start)s + n %% 480 * INTERVAL '1 minute',
        CASE WHEN n %% 50 = %(turn)s THEN 'planned_but_not_visited' END, %(start)s
    FROM generate_series(1, %(points)s) AS n""",
    """INSERT INTO attributed_weights
    SELECT %(day)s, %(start)s + n %% 8 * INTERVAL '1 hour', 'V' || 1 + n %% %(trucks)s, 'Z' || 1 + n %% %(zones)s,
        'C' || 1 + (1 + n %% %(zones)s) %% %(contractors)s, 5500, 5400
    FROM generate_series(1, 3 * %(trucks)s) AS n""",
    """INSERT INTO weighings (observed_at, received_at, seq, device_key, net_kg, vehicle_id, direction)
    SELECT %(start)s + n * INTERVAL '30 seconds', %(start)s, n, station.device_key, 5500,
        'V' || 1 + n %% %(trucks)s, 'in'
    FROM generate_series(1, 3 * %(trucks)s) AS n
        JOIN (SELECT device_key, row_number() OVER (ORDER BY device_key) AS number FROM devices
            WHERE kind = 'station') AS station ON station.number = 1 + n %% %(stations)s""",
    """INSERT INTO levels (observed_at, received_at, seq, device_key, fill_ratio)
    SELECT %(start)s - INTERVAL '1 hour' + n * INTERVAL '10 minutes', %(start)s, n, device_key, 0.5
    FROM devices, generate_series(0, 143) AS n WHERE kind = 'station'""",
    """INSERT INTO usages (observed_at, received_at, seq, device_key, entries, occupied_stalls, total_stalls, nh3_ppm,
        water_l, open)
    SELECT %(start)s - INTERVAL '1 hour' + n * INTERVAL '10 minutes', %(start)s, n, device_key, n %% 7, n %% 5, 6, 0.4,
        n %% 3, n > 12
    FROM devices, generate_series(0, 143) AS n WHERE kind = 'toilet'""",
    """INSERT INTO weighing_days
    SELECT service_date, device_key, vehicle_id, direction, count(*), sum(net_kg::float8)
    FROM (SELECT %(day)s::date AS service_date, * FROM weighings
        WHERE observed_at >= %(start)s AND observed_at < %(start)s + INTERVAL '23 hours') AS weighed
    GROUP BY 1, 2, 3, 4""",
    """INSERT INTO position_days (service_date, device_key, fixes, observed_s, moving_s, distance_m)
    SELECT %(day)s, device_key, 1920, 28800, 20000, 60000 FROM devices WHERE kind = 'vehicle'""",
    """INSERT INTO position_hours (hour_start, service_date, device_key, fixes, observed_s, moving_s, distance_m)
    SELECT %(start)s + hour * INTERVAL '1 hour', %(day)s, device_key, 240, 3600, 2500, 7500
    FROM devices, generate_series(0, %(hours)s - 1) AS hour WHERE kind = 'vehicle'""",
)
_RAW: LiteralString = """
    INSERT INTO positions (observed_at, received_at, seq, device_key, lon, lat, speed_kmh, heading_deg, load_kg)
    SELECT %(start)s + make_interval(secs => n * %(interval)s), %(start)s, n, device_key, 116 + n * 1e-4,
        40 + device_key * 1e-4, 25, 90, 1500
    FROM devices, generate_series(0, %(fixes)s - 1) AS n WHERE kind = 'vehicle'"""

HYPERTABLES = ("weighings", "levels", "usages", "position_hours")
TABLES = (
    *("due_visits", "attributed_weights", "position_days", "weighing_days"),
    *("clearance_sums", "clearance_month_sums", "vehicle_months"),
    *("station_days", "station_months", "toilet_days", "toilet_months"),
)
"""What the past is kept in: rows and readings, then what is summed of them."""

Span = tuple[date, date, str]
"""First and last day, and the bucket that their figures are asked in."""
Draw = Callable[[], Span]
GROUPS = ("town", "zone", "contractor", "vehicle", "hour")


@dataclass(frozen=True, slots=True)
class Figure:
    """How long an answer took, by how many days were stored: milliseconds, the 95th percentile and the median."""

    days: int
    figure: str
    span: str
    p50_ms: float
    p95_ms: float
    answer_kb: float


def add_facilities(connection: Connection) -> None:
    """Give the stations their weighbridges and the toilets their counters."""
    devices = [NewDevice(DeviceKind.STATION, f"S{n}", f"transfer_station{n}") for n in range(1, STATIONS + 1)]
    devices += [NewDevice(DeviceKind.TOILET, f"T{n}", f"public_toilet{n}") for n in range(1, TOILETS + 1)]
    enrol_devices(connection, devices, datetime.now(tz=TOWN.zone_info))


def add_days(connection: Connection, size: Size, first: date, say: Callable[[str], None]) -> date:
    """Store the past from a day on, as far as it is not, and sum it up; return the first day that is stored."""
    row = connection.execute("SELECT min(service_date) FROM due_visits").fetchone()
    day = DAY if row is None or row[0] is None else row[0]
    if day > first:
        if day == DAY:
            add_facilities(connection)
        say(f"Storing the days from {first} to {day}")
        while day > first:
            day -= timedelta(days=1)
            add_day(connection, size, day)
        connection.execute("ANALYZE")
    began_s, days = time.perf_counter(), len(days_to_sum_up(connection, DAY))
    roll_up(connection, lambda: None)
    if days:
        say(f"Each of {days} days was summed in {(time.perf_counter() - began_s) / days:.2f} s")
        connection.execute("VACUUM ANALYZE")
    return day


def add_day(connection: Connection, size: Size, day: date) -> None:
    """Store what was decided and rolled up of one past day."""
    values = {
        "day": day,
        "start": TOWN.service_day(day).start + timedelta(hours=1),
        "turn": day.toordinal() % 50,
        "stations": STATIONS,
        "hours": SHIFT_HOURS,
        "trucks": size.trucks,
        "points": size.points,
        "zones": size.zones,
        "contractors": size.contractors,
    }
    with connection.transaction():
        for statement in _DAY:
            connection.execute(statement, {name: value for name, value in values.items() if f"({name})" in statement})


def raw_megabytes_a_truck_and_year(connection: Connection, size: Size) -> float:
    """Return what the fixes of a truck take in a year, uncompressed with their index, from a day of all of them."""
    fixes = SHIFT_HOURS * 3600 // FIX_INTERVAL_S
    start = TOWN.service_day(DAY - timedelta(days=3)).start
    before = _size_of(connection, "positions")
    with connection.transaction(force_rollback=True):
        connection.execute(_RAW, {"start": start, "interval": FIX_INTERVAL_S, "fixes": fixes})
        return round((_size_of(connection, "positions") - before) / size.trucks * 365 / 1e6, 1)


def stored_megabytes(connection: Connection) -> dict[str, float]:
    """Return what the tables of the past take on disk with their indices, in megabytes."""
    sizes = {f"{table}, MB": _size_of(connection, table) / 1e6 for table in HYPERTABLES}
    for table in TABLES:
        row = connection.execute("SELECT pg_total_relation_size(%s::regclass)", [table]).fetchone()
        sizes[f"{table}, MB"] = 0.0 if row is None else row[0] / 1e6
    return {name: round(megabytes, 1) for name, megabytes in sizes.items()}


def _size_of(connection: Connection, table: str) -> int:
    row = connection.execute("SELECT hypertable_size(%s::regclass)", [table]).fetchone()
    return 0 if row is None else int(row[0] or 0)


def _spans(first: date, draw: random.Random) -> dict[str, Draw]:
    """Return how a day, a month and a year are drawn from what is stored, and the bucket that they are asked in."""
    last = DAY - timedelta(days=1)
    days = (last - first).days + 1

    def any_day() -> Span:
        day = first + timedelta(days=draw.randrange(days))
        return day, day, "day"

    def any_month() -> Span:
        start = first + timedelta(days=draw.randrange(max(1, days - 30)))
        return start, start + timedelta(days=29), "day"

    def year(bucket: str) -> Draw:
        return lambda: (max(first, last - timedelta(days=364)), last, bucket)

    return {
        "a day": any_day,
        "a month": lambda: (*any_month()[:2], "whole"),
        "a year": year("whole"),
        "a month, by day": any_month,
        "a year, by month": year("month"),
    }


def measure(port: int, first: date, runs: int, seed: int) -> Iterator[Figure]:
    """Ask for each figure of each span `runs` times, drawn anew each time, on one connection."""
    draw, days = random.Random(seed), (DAY - first).days  # noqa: S311 - a measurement that repeats
    headers = {"Authorization": f"Bearer {token_for(port)}"}
    with httpx.Client(base_url=f"http://127.0.0.1:{port}/api/v1", headers=headers, timeout=120) as client:
        for span, drawn in _spans(first, draw).items():
            for group in GROUPS:
                yield _figure(client, days, f"clearance by {group}", span, runs, drawn, partial(_clearance, group))
            for what in ("vehicles", "stations", "toilets"):
                yield _figure(client, days, f"utilisation of {what}", span, runs, drawn, partial(_utilisation, what))
        any_day = _spans(first, draw)["a day"]
        yield _figure(client, days, "due visits, 100", "a day", runs, any_day, _visits)


def _clearance(group: str, span: Span) -> str:
    start, end, bucket = span
    return f"/clearance?start={start}&end={end}&bucket={bucket}&group_by={group}"


def _utilisation(what: str, span: Span) -> str:
    start, end, bucket = span
    begin, finish = TOWN.service_day(start).start, TOWN.service_day(end).end
    return f"/utilisation/{what}?start={begin:%Y-%m-%dT%H:%M:%SZ}&end={finish:%Y-%m-%dT%H:%M:%SZ}&bucket={bucket}"


def _visits(span: Span) -> str:
    return f"/clearance/visits?date={span[0]}&limit=100"


def _figure(
    client: httpx.Client, days: int, figure: str, span: str, runs: int, drawn: Draw, path: Callable[[Span], str]
) -> Figure:
    took_ms, sizes = [], []
    for _ in range(runs + 2):
        began_s = time.perf_counter()
        answer = client.get(path(drawn())).raise_for_status()
        took_ms.append(1_000 * (time.perf_counter() - began_s))
        sizes.append(len(answer.content))
        if sum(took_ms) > LONGEST_MS and len(took_ms) > LEAST_RUNS:
            break
    took_ms = sorted(took_ms[2:])  # the first two make plans and caches
    p95_ms = took_ms[min(len(took_ms) - 1, int(0.95 * len(took_ms)))]
    return Figure(
        days,
        figure,
        span,
        round(statistics.median(took_ms), 1),
        round(p95_ms, 1),
        round(statistics.mean(sizes) / 1e3, 1),
    )
