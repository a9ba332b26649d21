"""The sums of stations and toilets agree exactly with their readings, also with late ones, and whatever changes."""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest

from services.domain.clock import TownClock
from services.domain.kinds import DeviceKind, MessageKind
from services.domain.town import Interval
from services.facilities.spans import Bucket
from services.facilities.utilisation import Utilisation
from services.facilities.utilisation_service import station_utilisation, toilet_utilisation
from services.keeping.rounds import roll_up
from services.store.connection import Connection, connect
from services.store.devices import NewDevice, enrol_devices
from services.store.registry import FACILITIES, upsert
from services.store.town import save_clock
from tests.integration.clearance.stored_town import TOWN, build, store_rows
from tests.integration.clearance.test_rounds import DAY
from tests.unit.clearance.drives import LAT, LON, START, Drive

FIRST_DAY = date(2026, 1, 20)
TOLD = [FIRST_DAY + timedelta(days=number) for number in (0, 1, 2, 3, 11, 12, 30, 39)] + [DAY - timedelta(days=1), DAY]
"""The days on which something was heard: in January, the whole of February and what there is of March."""
NOW = TOWN.service_day(DAY).start + timedelta(hours=15)
SPAN = Interval(TOWN.service_day(FIRST_DAY - timedelta(days=1)).start, NOW)
SUMMED = [bucket for bucket in Bucket if bucket is not Bucket.HOUR]
SUMS = ("station_days", "station_months", "toilet_days", "toilet_months", "facility_days", "facility_months")

Figures = dict[Bucket, list[Utilisation]]


@pytest.fixture
def town(fresh_database: str) -> Iterator[Connection]:
    """An autocommit connection to a town whose station and toilets told of some days by chance, all summed up."""
    with connect(fresh_database, autocommit=True) as connection:
        with connection.transaction():
            build(connection, [], [Drive().vehicle], START)
            facility = {"kind": "public_toilet", "lon": LON, "lat": LAT, "status": "in_service", "toilet_class": "2"}
            stalls = {"stalls_male": 2, "stalls_female": 3, "open_start_s": 6 * 3600, "open_end_s": 22 * 3600}
            upsert(connection, FACILITIES, [{"facility_id": "T1"} | facility | stalls], update=["status"])
            upsert(connection, FACILITIES, [{"facility_id": "T2"} | facility], update=["status"])
            toilets = [("T1-women", "T1"), ("T1-men", "T1"), ("T1-air", "T1"), ("T2", "T2")]
            enrol_devices(connection, [NewDevice(DeviceKind.TOILET, *names) for names in toilets], START)
            connection.execute("UPDATE facilities SET design_t_per_day = 5, tip_s = 240 WHERE facility_id = 'S1'")
            # Slower than other tests' clocks: today's figures must not have another end each time.
            save_clock(connection, TownClock(datetime.now(UTC), NOW, 1e-9, simulated=True))
        for number, day in enumerate(TOLD):
            tell(connection, day, random.Random(number))
        roll_up(connection, lambda: None)
        yield connection


def tell(connection: Connection, day: date, draw: random.Random) -> None:
    """Store a day's messages: with gaps, across the beginnings of days, with litres that adding rounds."""
    start = TOWN.service_day(day).start
    with connection.transaction():
        for device_id in ("T1-women", "T1-men", "T1-air", "T2"):
            minutes = sorted(draw.sample(range(-20, 24 * 60), 120))
            usages: list[dict[str, Any]] = [
                {
                    "observed_at": start + timedelta(minutes=minute, microseconds=draw.randrange(1_000_000)),
                    "entries": draw.choice([None, draw.randrange(6)]),
                    "occupied_stalls": draw.randrange(4),
                    "nh3_ppm": draw.uniform(0, 3) if device_id != "T1-men" else None,
                    "water_l": draw.choice([None, draw.uniform(0, 9)]),
                    "open": draw.random() < 0.9,
                }
                for minute in minutes
            ]
            store_rows(connection, MessageKind.USAGE, DeviceKind.TOILET, device_id, usages)
        weigh(connection, [weighing(start, draw) for _ in range(12)])
        levels: list[dict[str, Any]] = [
            {"observed_at": start + timedelta(minutes=minute), "fill_ratio": 0.5}
            for minute in sorted(draw.sample(range(24 * 60), 60))
        ]
        store_rows(connection, MessageKind.LEVEL, DeviceKind.STATION, "S1", levels)


def weighing(start: datetime, draw: random.Random) -> dict[str, Any]:
    """Return a weighing of a day by chance."""
    at = start + timedelta(seconds=draw.randrange(86_400), microseconds=draw.randrange(1_000_000))
    return {
        "observed_at": at,
        "arrived_at": draw.choice([None, at - timedelta(seconds=draw.uniform(0, 2_000))]),
        "vehicle_id": draw.choice(["V1", "V1", "X9"]),
        "net_kg": draw.choice([draw.uniform(300, 1_500), 0.0, 99_000.0]),
        "direction": draw.choice(["in", "in", "out"]),
    }


def weigh(connection: Connection, rows: list[dict[str, Any]]) -> None:
    """Store weighings of the station."""
    rows = sorted(rows, key=lambda row: row["observed_at"])
    store_rows(connection, MessageKind.WEIGHING, DeviceKind.STATION, "S1", rows)


def figures(connection: Connection) -> Figures:
    """Return all figures of all buckets that are made of sums."""
    return {
        bucket: [
            *station_utilisation(connection, SPAN.start, SPAN.end, bucket),
            *toilet_utilisation(connection, SPAN.start, SPAN.end, bucket),
        ]
        for bucket in SUMMED
    }


def from_readings(connection: Connection) -> Figures:
    """Return the figures as the readings alone give them."""
    with connection.transaction(force_rollback=True):
        for table in SUMS:
            connection.execute(psycopg.sql.SQL("DELETE FROM {}").format(psycopg.sql.Identifier(table)))
        return figures(connection)


def assert_same(found: Figures, expected: Figures) -> None:
    """Compare row by row and measure by measure, without any tolerance."""
    for bucket, rows in expected.items():
        for row, other in zip(found[bucket], rows, strict=True):
            for name, measure in other.measures.items():
                assert row.measures[name] == measure, (bucket, row.facility_id, row.start, name)
            assert row == other


def changed_days(after: Figures, before: Figures) -> set[date]:
    """Return the days on which a figure is another."""
    pairs = zip(after[Bucket.DAY], before[Bucket.DAY], strict=True)
    return {TOWN.service_date(row.start) for row, old in pairs if row != old}


def test_sums_agree_exactly_with_the_readings(town: Connection) -> None:
    """Every measure of every day, month and the whole is the same; February is read from its sums, today is not."""
    summed = figures(town)
    assert_same(summed, from_readings(town))
    assert any(row.measures["days_over_capacity"] for row in summed[Bucket.MONTH] if row.facility_id == "S1")
    assert town.execute("SELECT DISTINCT service_date FROM facility_months").fetchall() == [(date(2026, 2, 1),)]
    assert town.execute("SELECT max(service_date) FROM facility_days").fetchone() == (DAY - timedelta(days=1),)
    for table in ("station_months", "toilet_months"):
        town.execute(
            psycopg.sql.SQL("UPDATE {} SET heard_s = 0, heard_promised_s = 0").format(psycopg.sql.Identifier(table))
        )
    for bucket, differs in ((Bucket.DAY, False), (Bucket.MONTH, True), (Bucket.WHOLE, True)):
        assert (figures(town)[bucket] != summed[bucket]) == differs, bucket


def test_a_month_is_the_sum_of_its_days(town: Connection) -> None:
    """What can be added up by hand is."""
    found = figures(town)
    for name in ("throughput_t", "vehicles_weighed", "uses", "hours_open", "truck_waiting_min", "women_uses"):
        for facility_id in ("S1", "T1", "T2"):
            sums = [
                sum(float(row.measures.get(name) or 0) for row in rows if row.facility_id == facility_id)
                for rows in found.values()
            ]
            assert sums == pytest.approx([sums[0]] * 3), name


@pytest.mark.parametrize("are_taken", [False, True])
def test_late_readings_change_their_days_and_no_others(town: Connection, are_taken: bool) -> None:
    """At once, and once their sums are made anew; beside the day itself the one that it borders on within an hour."""
    before = figures(town)
    late, bordering = FIRST_DAY + timedelta(days=30), TOWN.service_day(date(2026, 2, 10)).start
    with town.transaction():
        weigh(town, [weighing(TOWN.service_day(late).start, random.Random(5))])
        usage: dict[str, Any] = {"observed_at": bordering - timedelta(minutes=5), "entries": 3, "occupied_stalls": 1}
        store_rows(town, MessageKind.USAGE, DeviceKind.TOILET, "T2", [usage])
    if are_taken:
        roll_up(town, lambda: None)
        assert town.execute("SELECT count(*) FROM facility_months").fetchone() == (2,)
    after = figures(town)
    assert_same(after, from_readings(town))
    assert changed_days(after, before) == {late, date(2026, 2, 9), date(2026, 2, 10)}


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE facilities SET tip_s = 60 WHERE facility_id = 'S1'",
        "UPDATE facilities SET design_t_per_day = 1 WHERE facility_id = 'S1'",
        "UPDATE facilities SET open_end_s = 43200 WHERE facility_id = 'T1'",
        "UPDATE facilities SET stalls_female = 30 WHERE facility_id = 'T1'",
        "UPDATE vehicles SET capacity_kg = 100",
        "DELETE FROM vehicles",
        "CREATE TEMP TABLE one AS SELECT * FROM vehicles; UPDATE one SET vehicle_id = 'X9'; "
        "INSERT INTO vehicles SELECT * FROM one",
        "UPDATE standard_limits SET value_high = 2 WHERE limit_id = 'toilet_nh3_class_2_mg_m3'",
        "UPDATE devices SET asset_id = 'T2' WHERE device_id = 'T1-women'",
        "UPDATE town SET day_start = '05:00'",
        "DELETE FROM usages WHERE observed_at < '2026-02-05'",
        "UPDATE weighings SET net_kg = 7 WHERE observed_at > '2026-02-05'",
        "DELETE FROM levels",
    ],
)
def test_what_sums_are_of_may_change(town: Connection, change: str) -> None:
    """The figures are those of the readings at once, and after the sums are made anew."""
    before, months = figures(town), town.execute("SELECT count(*) FROM facility_months").fetchone()
    town.execute(change)
    after = figures(town)
    assert_same(after, from_readings(town))
    assert after != before
    roll_up(town, lambda: None)
    assert town.execute("SELECT count(*) FROM facility_sums_to_forget").fetchone() == (0,)
    assert_same(figures(town), after)
    assert town.execute("SELECT count(*) FROM facility_months").fetchone() == months
