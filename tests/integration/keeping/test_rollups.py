"""Rollups by hour and service day on a real database, against a simple oracle, with late data and dropped readings."""

import math
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
import psycopg
import pytest

from services.domain.kinds import DeviceKind, MessageKind
from services.keeping.rounds import drop_what_is_old, roll_up
from services.store.connection import Connection, connect
from services.store.migrate import MIGRATIONS
from services.store.retention import READING_TABLES, Kept, compress_after, has_columnstore, load_dropped
from services.store.settings import KeepingSettings
from tests.integration.clearance.stored_town import TOWN, build, set_clock, store_rows
from tests.integration.clearance.test_rounds import DAY
from tests.unit.clearance.drives import LAT, LON, START, Drive

SPAN = TOWN.service_day(DAY)
FIX_S = 20
JUMP_DEG = 0.5
Fix = tuple[datetime, float, float, float | None]
"""Instant, longitude, latitude and speed in km/h."""


def nothing() -> None:
    """Stand in for the heartbeat."""


@pytest.fixture
def town(fresh_database: str) -> Iterator[Connection]:
    """An autocommit connection to a town with a vehicle, a station and a container, a week after the day."""
    with connect(fresh_database, autocommit=True) as connection:
        with connection.transaction():
            drive = Drive()
            build(connection, [], [drive.vehicle], START)
            set_clock(connection, SPAN.end + timedelta(days=7))
        yield connection


def store_fixes(connection: Connection, fixes: Sequence[Fix]) -> None:
    """Store a vehicle's fixes as ingest does."""
    rows: list[dict[str, object]] = [
        {"observed_at": at, "lon": lon, "lat": lat, "speed_kmh": speed} for at, lon, lat, speed in fixes
    ]
    with connection.transaction():
        store_rows(connection, MessageKind.POSITION, DeviceKind.VEHICLE, "V1", rows)


def wandering(start: datetime, count: int, *, with_speed: bool) -> list[Fix]:
    """Return a drive that stands now and then, with a few silences and a jump of the receiver."""
    random = np.random.default_rng(7)
    at, lon, fixes = start, LON, []
    for number in range(count):
        moves = number % 9 < 6
        lon += 0.0012 if moves else 0.0
        jump = JUMP_DEG if number == 37 else 0.0
        fixes.append((at, lon, LAT + jump + float(random.normal(0, 2e-5)), (21.0 if moves else 0.4) * with_speed))
        at += timedelta(seconds=FIX_S if number % 50 else 400)
    return [(at, lon, lat, speed if with_speed else None) for at, lon, lat, speed in fixes]


def expected_hours(fixes: Sequence[Fix]) -> dict[datetime, list[float]]:
    """Return fixes, observed and moving seconds and metres of each hour, second by second of each leg."""
    hours: dict[datetime, list[float]] = {}

    def hour_of(at: datetime) -> list[float]:
        return hours.setdefault(at.replace(minute=0, second=0, microsecond=0), [0.0, 0.0, 0.0, 0.0])

    for at, *_ in fixes:
        hour_of(at)[0] += 1
    true_fixes = [fix for fix in fixes if fix[2] < LAT + JUMP_DEG / 2]
    for (at, lon, lat, speed), (next_at, next_lon, next_lat, _) in pairwise(true_fixes):
        leg_s = (next_at - at).total_seconds()
        leg_m = math.hypot(next_lat - lat, (next_lon - lon) * math.cos(math.radians(lat))) * 111_320
        if leg_s > 180:
            continue
        moves = leg_m >= max(25, leg_s) or (speed or 0) >= 3.6
        for second in range(round(leg_s)):
            figures = hour_of(at + timedelta(seconds=second))
            figures[1] += 1
            figures[2] += moves
            figures[3] += leg_m / leg_s * moves
    return hours


ROLLUPS = ("position_hours", "position_days", "level_hours", "level_days", "weighing_hours", "weighing_days")


def note_all(connection: Connection) -> None:
    """Leave word of every reading, as the migration did that brought rollups."""
    migration = (MIGRATIONS / "0006_keeping.sql").read_text(encoding="utf-8")
    statement = "INSERT INTO batches_to_roll_up" + migration.split("INSERT INTO batches_to_roll_up")[1]
    connection.execute(statement.encode())


def assert_same_made_at_once(connection: Connection) -> None:
    """Have every rollup made anew from the readings, and compare all columns without any tolerance."""

    def rows() -> dict[str, list[str]]:
        return {table: sorted(map(repr, connection.execute(f"SELECT * FROM {table}"))) for table in ROLLUPS}

    kept = rows()
    for table in ROLLUPS:
        connection.execute(psycopg.sql.SQL("DELETE FROM {}").format(psycopg.sql.Identifier(table)))
    note_all(connection)
    roll_up(connection, nothing)
    assert rows() == kept
    assert any(kept.values())


def look_at_all(connection: Connection) -> None:
    """Do as clearance and the rollups do with what was stored."""
    connection.execute("DELETE FROM stored_batches")
    roll_up(connection, nothing)


def vehicle_hours(connection: Connection) -> dict[datetime, list[float]]:
    """Return what was rolled up by hour."""
    rows = connection.execute("SELECT hour_start, fixes, observed_s, moving_s, distance_m FROM position_hours")
    return {row[0]: [float(value) for value in row[1:]] for row in rows}


def vehicle_days(connection: Connection) -> list[tuple[object, ...]]:
    """Return what was rolled up by service day."""
    query = "SELECT service_date, fixes, observed_s, moving_s, distance_m FROM position_days ORDER BY 1"
    return connection.execute(query).fetchall()


def assert_same(found: dict[datetime, list[float]], expected: dict[datetime, list[float]]) -> None:
    """Compare hours to a second and a metre in a thousand."""
    assert found.keys() == expected.keys()
    for hour, figures in expected.items():
        assert found[hour] == pytest.approx(figures, rel=1e-3, abs=1.0), hour


@pytest.mark.parametrize("with_speed", [True, False])
def test_hours_of_a_vehicle_are_those_of_its_legs(town: Connection, with_speed: bool) -> None:
    """Distance, moving and observed time equal the oracle's; silences and jumps are neither."""
    fixes = wandering(SPAN.start + timedelta(minutes=17), 900, with_speed=with_speed)
    store_fixes(town, fixes)
    assert roll_up(town, nothing) == len(expected_hours(fixes))
    assert_same(vehicle_hours(town), expected_hours(fixes))
    [day] = vehicle_days(town)
    sums = np.sum([*expected_hours(fixes).values()], axis=0)
    assert day[0] == DAY
    assert [float(str(value)) for value in day[1:]] == pytest.approx(sums, rel=1e-3)
    assert float(str(day[2])) < (fixes[-1][0] - fixes[0][0]).total_seconds() - 10 * 380


@pytest.mark.parametrize(
    ("interval_s", "with_speed", "error_ratio"),
    [(10, True, 0.1), (10, False, 0.1), (60, True, 0.1), (60, False, 0.1)],
)
def test_a_noisy_round_is_about_as_long_as_it_was(
    town: Connection, interval_s: int, with_speed: bool, error_ratio: float
) -> None:
    """Forty stops of a minute, 300 m apart, seen by a receiver with 5 m of noise: 12 km in all."""
    random, corner_s = np.random.default_rng(3), [0.0]
    corner_m = [0.0]
    for _ in range(40):
        corner_s += [corner_s[-1] + 43.2, corner_s[-1] + 103.2]
        corner_m += [corner_m[-1] + 300.0] * 2
    at_s = np.arange(0, corner_s[-1], interval_s)
    true_m = np.interp(at_s, corner_s, corner_m)
    speed_kmh = (np.interp(at_s + 1, corner_s, corner_m) - true_m) * 3.6
    east_m, north_m = true_m + random.normal(0, 5, len(at_s)), random.normal(0, 5, len(at_s))
    degrees = 111_320 * math.cos(math.radians(LAT))
    store_fixes(
        town,
        [
            (SPAN.start + timedelta(seconds=s), LON + x / degrees, LAT + y / 111_320, v if with_speed else None)
            for s, x, y, v in zip(at_s.tolist(), east_m.tolist(), north_m.tolist(), speed_kmh.tolist(), strict=True)
        ],
    )
    roll_up(town, nothing)
    [day] = vehicle_days(town)
    distance_m, moving_s = float(str(day[4])), float(str(day[3]))
    print(f"{interval_s} s, {with_speed=}: {distance_m:.0f} m, {moving_s:.0f} s moving")
    assert distance_m == pytest.approx(12_000, rel=error_ratio)


def test_late_readings_roll_their_hours_up_again(town: Connection) -> None:
    """Whatever order and batches readings come in, even one by one around an hour's end, the figures are the same."""
    fixes = wandering(SPAN.start + timedelta(minutes=40), 200, with_speed=True)
    for part in (fixes[100:], fixes[:60:2], fixes[1:60:2], fixes[60:100]):
        store_fixes(town, part)
        roll_up(town, nothing)
    assert_same(vehicle_hours(town), expected_hours(fixes))
    assert town.execute("SELECT count(*) FROM hours_to_roll_up").fetchone() == (0,)
    assert_same_made_at_once(town)


def test_what_was_stored_before_there_were_rollups_is_rolled_up(town: Connection) -> None:
    """The migration that brings rollups leaves word of all readings that it finds."""
    fixes = wandering(SPAN.start + timedelta(minutes=40), 200, with_speed=True)
    store_fixes(town, fixes)
    town.execute("DELETE FROM batches_to_roll_up")
    note_all(town)
    roll_up(town, nothing)
    assert_same(vehicle_hours(town), expected_hours(fixes))


def test_an_hour_waits_until_it_is_over(town: Connection) -> None:
    """What goes on by the town's clock is not rolled up; it is once it is over."""
    fixes = wandering(SPAN.start, 150, with_speed=True)
    set_clock(town, SPAN.start + timedelta(minutes=59))
    store_fixes(town, fixes)
    assert roll_up(town, nothing) <= 1  # the empty one before the first fix
    assert vehicle_hours(town) == {}
    set_clock(town, SPAN.start + timedelta(minutes=66))
    roll_up(town, nothing)
    assert [*vehicle_hours(town)] == [SPAN.start]


def test_a_service_day_takes_its_own_hours(town: Connection) -> None:
    """What is driven across 04:00 counts on both days, each with its part."""
    fixes = wandering(SPAN.end - timedelta(minutes=30), 240, with_speed=True)
    store_fixes(town, fixes)
    roll_up(town, nothing)
    first, second = vehicle_days(town)
    assert (first[0], second[0]) == (DAY, DAY + timedelta(days=1))
    hours = expected_hours(fixes)
    assert float(str(first[4])) == pytest.approx(hours[SPAN.end - timedelta(hours=1)][3], rel=1e-3)


def test_levels_keep_least_most_mean_and_last(town: Connection) -> None:
    """A container's hours and day; an hour between two readings is observed, a silence of five hours is a gap."""
    with town.transaction():
        town.execute(
            "INSERT INTO devices (kind, device_id, asset_id, enrolled_at) VALUES ('container', 'B1', 'B1', now())"
        )
        readings = [(0, 0.1), (20, 0.4), (40, 0.3), (150, 0.5), (450, 0.9)]
        rows: list[dict[str, object]] = [
            {"observed_at": SPAN.start + timedelta(minutes=minute), "fill_ratio": ratio} for minute, ratio in readings
        ]
        store_rows(town, MessageKind.LEVEL, DeviceKind.CONTAINER, "B1", rows)
    roll_up(town, nothing)
    found = town.execute(
        "SELECT hour_start, readings, observed_s, fill_ratio_min, fill_ratio_mean, fill_ratio_max, fill_ratio_last "
        "FROM level_hours ORDER BY 1"
    ).fetchall()
    hours = [(row[0] - SPAN.start) // timedelta(hours=1) for row in found]
    assert hours == [0, 1, 2, 7]
    assert found[0][1:] == (3, 3600.0, *(pytest.approx(value) for value in (0.1, 0.8 / 3, 0.4, 0.3)))
    assert found[1][1:] == (0, 3600.0, None, None, None, None)
    assert found[2][1:3] == (1, 1800.0)
    day = town.execute("SELECT readings, observed_s, fill_ratio_mean, fill_ratio_last FROM level_days").fetchone()
    assert day == (5, 9000.0, pytest.approx(0.44), pytest.approx(0.9))
    with town.transaction():
        late = [{"observed_at": SPAN.start + timedelta(minutes=minute), "fill_ratio": 0.7} for minute in (31, 149)]
        store_rows(town, MessageKind.LEVEL, DeviceKind.CONTAINER, "B1", late)
    roll_up(town, nothing)
    assert_same_made_at_once(town)


def test_weighings_are_summed_by_vehicle_and_direction(town: Connection) -> None:
    """A facility's tonnes of an hour and what a vehicle tipped are sums of the same rows."""
    weighings = [(5, "V1", 1000.5, "in"), (25, "V1", 2000.0, "in"), (30, "V2", 500.0, "in"), (50, "V1", 900.0, "out")]
    rows: list[dict[str, object]] = [
        {"observed_at": SPAN.start + timedelta(minutes=minute), "vehicle_id": name, "net_kg": kg, "direction": way}
        for minute, name, kg, way in weighings
    ]
    with town.transaction():
        store_rows(town, MessageKind.WEIGHING, DeviceKind.STATION, "S1", rows)
    roll_up(town, nothing)
    for table in ("weighing_hours", "weighing_days"):
        found = town.execute(f"SELECT vehicle_id, direction, weighings, net_kg FROM {table} ORDER BY 1, 2").fetchall()
        assert found == [("V1", "in", 2, 3000.5), ("V1", "out", 1, 900.0), ("V2", "in", 1, 500.0)]
    late = {"observed_at": SPAN.start + timedelta(minutes=26), "vehicle_id": "V1", "net_kg": 0.3, "direction": "in"}
    with town.transaction():
        store_rows(town, MessageKind.WEIGHING, DeviceKind.STATION, "S1", [late])
    roll_up(town, nothing)
    assert_same_made_at_once(town)


def test_dropping_readings_leaves_the_figures(town: Connection) -> None:
    """Chunks go, hours and days stay; a reading that comes after that destroys nothing, and is not rolled up."""
    fixes = wandering(SPAN.start + timedelta(minutes=5), 300, with_speed=True)
    store_fixes(town, fixes)
    look_at_all(town)
    hours, days = vehicle_hours(town), vehicle_days(town)
    settings = KeepingSettings(readings_days=3)
    now = SPAN.end + timedelta(days=14)
    assert drop_what_is_old(town, settings, now, nothing) >= 1
    assert town.execute("SELECT count(*) FROM positions").fetchone() == (0,)
    dropped = load_dropped(town, Kept.READINGS)
    assert dropped is not None
    assert dropped.contains(SPAN.start)
    assert dropped.end == TOWN.service_day(TOWN.service_date(now) - timedelta(days=3)).start
    store_fixes(town, [(fixes[0][0] + timedelta(seconds=3), LON, LAT, 30.0)])
    assert roll_up(town, nothing) >= 1
    assert (vehicle_hours(town), vehicle_days(town)) == (hours, days)
    never_heard = SPAN.start + timedelta(hours=12)
    store_fixes(town, [(never_heard, LON, LAT, 30.0)])
    roll_up(town, nothing)
    assert vehicle_hours(town) == hours | {never_heard: [1.0, 0.0, 0.0, 0.0]}


def test_hours_go_after_their_time_and_days_stay(town: Connection) -> None:
    """Days by service day outlive the hours that they were made of."""
    store_fixes(town, wandering(SPAN.start + timedelta(minutes=5), 300, with_speed=True))
    look_at_all(town)
    days = vehicle_days(town)
    settings = KeepingSettings(readings_days=3, hours_days=3)
    assert drop_what_is_old(town, settings, SPAN.end + timedelta(days=200), nothing) >= 2
    assert vehicle_hours(town) == {}
    assert vehicle_days(town) == days


def test_nothing_is_dropped_that_nobody_has_looked_at(town: Connection) -> None:
    """Readings that clearance or the rollups have yet to take stay."""
    store_fixes(town, wandering(SPAN.start, 50, with_speed=True))
    settings, later = KeepingSettings(readings_days=3), SPAN.end + timedelta(days=14)
    assert drop_what_is_old(town, settings, later, nothing) == 0
    roll_up(town, nothing)
    assert drop_what_is_old(town, settings, later, nothing) == 0
    town.execute("DELETE FROM stored_batches")
    assert drop_what_is_old(town, settings, later, nothing) >= 1


def test_readings_are_compressed_where_the_edition_can(town: Connection) -> None:
    """The community edition gets a policy for each table of readings; the Apache edition is left as it is."""
    can = has_columnstore(town)
    assert compress_after(town, timedelta(days=7)) is can
    if not can:
        pytest.skip("this server has TimescaleDB's Apache edition, which cannot compress")
    compress_after(town, timedelta(days=8))
    rows = town.execute(
        "SELECT hypertable_name FROM timescaledb_information.jobs WHERE proc_name = 'policy_compression'"
    ).fetchall()
    assert sorted(row[0] for row in rows) == sorted(READING_TABLES)
