"""How fast clearance is: a whole day decided again, and the way of one visit from its readings to the live stream."""

import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import numpy as np
from rich.console import Console

from services.clearance import redecide
from services.clearance.register import Register, load_register
from services.clearance.service import Clearance
from services.domain.clock import TownClock
from services.domain.kinds import ContainerType, DeviceKind, FacilityKind, MessageKind, ServiceOutcome, VehicleKind
from services.domain.town import Town
from services.stack.lifecycle import Stack, StartRequest
from services.store.connection import Connection, connect
from services.store.devices import NewDevice, enrol_devices
from services.store.migrate import migrate
from services.store.readings import announce_readings, copy_readings, record_stored_batch, value_columns
from services.store.registry import FACILITIES, POINTS, VEHICLES, upsert
from services.store.town import create_town, save_clock

TOWN = Town("bench")
DAY = date(2026, 3, 3)
LON, LAT = 113.0, 28.0
METRES_PER_DEGREE = 111_320.0
SPACING_M, LANE_M = 200.0, 150.0
"""From point to point along a truck's street, and from one truck's street to the next."""
SERVICE_S, HALT_S, DRIVE_S = 180, 60, 45
FIX_INTERVAL_S, TRACK_H = 15.0, 10
LEAVES_AFTER_S = 7_200.0
SKIPPED_EVERY = 50
NOISE_M, LOAD_NOISE_KG, POINT_KG = 5.0, 20.0, 150.0

console = Console(stderr=True, highlight=False)


def run(trucks: int, due_visits: int, probes: int) -> dict[str, float]:
    """Fill a database of its own with a day, decide it, decide it again, and time single visits through the service."""
    found: dict[str, float] = {"trucks": trucks}
    with tempfile.TemporaryDirectory(prefix="riqing-clearance-") as folder:
        stack = Stack(Path(folder) / "stack")
        try:
            console.print("Starting a database")
            stack.start(StartRequest(services=()), migrate, lambda _: None)
            url = stack.remembered().database_url
            with connect(url) as connection:
                console.print("Storing a day")
                found |= _fill(connection, trucks, due_visits // trucks)
                found |= _decide_whole_day(connection)
            found |= _probe(url, trucks, probes)
        finally:
            stack.stop(lambda _: None)
    return found


def _decide_whole_day(connection: Connection) -> dict[str, float]:
    register, now = load_register(connection), TOWN.service_day(DAY).end - timedelta(minutes=1)
    vehicles = sorted(register.vehicles)
    redecide.decide_vehicles(connection, register, DAY - timedelta(days=9), vehicles, now)  # compiles the search
    found = {"open_the_day_s": _timed(lambda: redecide.open_day(connection, register, DAY, now))}
    connection.commit()

    def decide(register: Register = register) -> None:
        points = redecide.decide_vehicles(connection, register, DAY, vehicles, now)
        redecide.decide_points(connection, DAY, points or None, now)
        redecide.share_day_weights(connection, register, DAY)
        connection.commit()

    for name in ("decide_a_day_first_s", "decide_a_day_again_s", "decide_a_day_again_2_s"):
        found[name] = _timed(decide)
        console.print(f"{name} {found[name]:.2f}")
    later = now + timedelta(minutes=2)
    found["pass_the_deadline_s"] = _timed(lambda: redecide.decide_points(connection, DAY, None, later))
    connection.commit()
    rows = connection.execute("SELECT count(*), count(*) FILTER (WHERE status = 'cleared') FROM due_visits").fetchone()
    assert rows is not None
    return found | {"due_visits": rows[0], "cleared": rows[1]}


def _timed(work: Callable[[], object]) -> float:
    began_s = time.perf_counter()
    work()
    return time.perf_counter() - began_s


def _fill(connection: Connection, trucks: int, stops: int) -> dict[str, float]:
    """Store register, plan and readings of a day in which each truck serves nearly all points of its street."""
    now = TOWN.service_day(DAY).end - timedelta(minutes=1)
    create_town(connection, TOWN)
    save_clock(connection, TownClock(datetime.now(UTC), now, 1e-6, simulated=True))
    depot = {"facility_id": "D1", "kind": FacilityKind.DEPOT, "lon": LON - 0.05, "lat": LAT, "status": "in_service"}
    upsert(connection, FACILITIES, [depot], update=["kind"])
    names = [f"V{truck:03d}" for truck in range(trucks)]
    upsert(connection, VEHICLES, [_vehicle(name) for name in names], update=["kind"])
    points = [_point(truck, stop) for truck in range(trucks) for stop in range(stops)]
    upsert(connection, POINTS, points, update=["lon"])
    enrol_devices(connection, [NewDevice(DeviceKind.VEHICLE, name, name) for name in names], now)
    _plan(connection, trucks, stops)
    keys = _device_keys(connection)
    fixes = 0
    for truck, name in enumerate(names):
        fixes += _store_truck(connection, keys[name], truck, stops)
    connection.commit()
    connection.autocommit = True
    connection.execute("VACUUM ANALYZE")
    connection.autocommit = False
    return {"fixes": fixes}


def _device_keys(connection: Connection) -> dict[str, int]:
    rows = connection.execute("SELECT asset_id, device_key FROM devices")
    return {row[0]: row[1] for row in rows}


def _vehicle(name: str) -> dict[str, object]:
    return {
        "vehicle_id": name, "kind": VehicleKind.COMPACTOR, "depot_id": "D1", "capacity_kg": 20_000.0,
        "break_s": 0, "speed_factor": 1.0, "cost_per_km": 1.0, "cost_per_h": 1.0, "fixed_cost": 1.0,
    }  # fmt: skip


def _point(truck: int, stop: int) -> dict[str, object]:
    lon, lat = _degrees(stop * SPACING_M, truck * LANE_M + 8.0)
    return {
        "point_id": f"P{truck:03d}-{stop:03d}", "lon": lon, "lat": lat, "container_type": ContainerType.BIN,
        "containers": 4, "expected_kg": POINT_KG, "visits_per_day": 1.0, "windows": (), "service_s": SERVICE_S,
        "priority": 1,
    }  # fmt: skip


def _degrees(x_m: float, y_m: float) -> tuple[float, float]:
    return LON + x_m / (METRES_PER_DEGREE * float(np.cos(np.radians(LAT)))), LAT + y_m / METRES_PER_DEGREE


def _plan(connection: Connection, trucks: int, stops: int) -> None:
    plan_id, start = uuid4(), TOWN.service_day(DAY).start
    connection.execute(
        "INSERT INTO plans (plan_id, service_date, status, requested_by, requested_at, request, published_at) "
        "VALUES (%s, %s, 'ready', 'bench', %s, '{}', %s)",
        (plan_id, DAY, start, start),
    )
    connection.execute("INSERT INTO routes SELECT %s, vehicle_id, 0, 0, 0 FROM vehicles", (plan_id,))
    connection.execute(
        "INSERT INTO stops (plan_id, vehicle_id, sequence, kind, id, occurrence, arrive_at, depart_at, load_kg, "
        "collected_kg, leg_distance_m, leg_duration_s) "
        "SELECT %(plan)s, 'V' || to_char(truck, 'FM000'), stop, 'point', "
        "'P' || to_char(truck, 'FM000') || '-' || to_char(stop, 'FM000'), 1, at, at, 0, 0, 0, 0 "
        "FROM generate_series(0, %(trucks)s - 1) AS truck, generate_series(0, %(stops)s - 1) AS stop, "
        "LATERAL (SELECT %(start)s + make_interval(secs => %(leaves)s + stop * %(leg)s) AS at)",
        {
            "plan": plan_id,
            "trucks": trucks,
            "stops": stops,
            "start": start,
            "leaves": LEAVES_AFTER_S,
            "leg": float(SERVICE_S + HALT_S + DRIVE_S),
        },
    )


def _store_truck(connection: Connection, device_key: int, truck: int, stops: int) -> int:
    """Store the fixes and service events of a truck; return how many fixes."""
    generator = np.random.default_rng(truck)
    leg_s = SERVICE_S + HALT_S + DRIVE_S
    time_s = np.arange(generator.uniform(0, FIX_INTERVAL_S), TRACK_H * 3600.0, FIX_INTERVAL_S)
    leg, into_s = np.divmod(np.clip(time_s - LEAVES_AFTER_S, 0.0, stops * leg_s - 1.0), leg_s)
    served = (leg % SKIPPED_EVERY) != SKIPPED_EVERY - 1
    # At a point, then half of the way, a halt in traffic, and the other half; a skipped point is waited at, 70 m on.
    drive_s = np.clip(into_s - SERVICE_S, 0.0, None)
    share = np.where(drive_s < DRIVE_S / 2, drive_s, np.maximum(DRIVE_S / 2, drive_s - HALT_S)) / DRIVE_S
    x_m = (leg + np.where(served, share, np.maximum(share, 0.35))) * SPACING_M
    load_kg = POINT_KG * (np.cumsum(np.ones(stops))[leg.astype(int)] - 1.0 + np.clip(into_s / SERVICE_S, 0.0, 1.0))
    noise = generator.normal(0.0, NOISE_M, (2, len(time_s)))
    start_s = TOWN.service_day(DAY).start.timestamp()
    columns = value_columns(MessageKind.POSITION)
    rows = []
    for index in range(len(time_s)):
        at = datetime.fromtimestamp(start_s + time_s[index], UTC)
        lon, lat = _degrees(x_m[index] + noise[0, index], truck * LANE_M + noise[1, index])
        values = {"lon": lon, "lat": lat, "load_kg": float(load_kg[index] + generator.normal(0.0, LOAD_NOISE_KG))}
        rows.append((at, at, index, device_key, *(values.get(name) for name in columns)))
    copy_readings(connection, MessageKind.POSITION, rows)
    events = []
    for stop in range(stops):
        if stop % SKIPPED_EVERY != SKIPPED_EVERY - 1:
            at = datetime.fromtimestamp(start_s + LEAVES_AFTER_S + stop * leg_s + SERVICE_S, UTC)
            told = {"point_id": f"P{truck:03d}-{stop:03d}", "outcome": ServiceOutcome.SERVED, "source": "arm"}
            wanted = value_columns(MessageKind.SERVICE)
            events.append((at, at, stop, device_key, *(told.get(name) for name in wanted)))
    copy_readings(connection, MessageKind.SERVICE, events)
    return len(rows)


def _probe(url: str, trucks: int, probes: int) -> dict[str, float]:
    """Store a service event at a skipped point again and again, and wait until its visit is announced."""
    taken: list[float] = []
    with _deciding(url), connect(url, autocommit=True) as listener, connect(url) as writer:
        listener.execute("LISTEN visit_decided")
        keys = _device_keys(writer)
        start_s = TOWN.service_day(DAY).start.timestamp()
        time.sleep(3.0)
        for probe in range(min(probes, trucks)):
            stop = SKIPPED_EVERY - 1
            name = f"P{probe:03d}-{stop:03d}"
            at = datetime.fromtimestamp(start_s + LEAVES_AFTER_S + (stop + 0.5) * (SERVICE_S + HALT_S + DRIVE_S), UTC)
            told = {"point_id": name, "outcome": ServiceOutcome.SERVED, "source": "rfid"}
            values = (told.get(column) for column in value_columns(MessageKind.SERVICE))
            key = keys[f"V{probe:03d}"]
            copy_readings(writer, MessageKind.SERVICE, [(at, at, 90_000 + probe, key, *values)])
            record_stored_batch(writer, MessageKind.SERVICE, [key], at, at, 1)
            announce_readings(writer)
            began_s = time.perf_counter()
            writer.commit()
            for notice in listener.notifies(timeout=30.0):
                if f'"{name}"' in notice.payload:
                    taken.append(time.perf_counter() - began_s)
                    break
    return {"probes": len(taken), "to_the_live_stream_median_s": float(np.median(taken)), "worst_s": max(taken)}


@contextmanager
def _deciding(url: str) -> Iterator[None]:
    """Let the service of clearance run meanwhile."""
    clearance = Clearance(url)
    thread = threading.Thread(target=clearance.run)
    thread.start()
    try:
        yield
    finally:
        clearance.stop()
        thread.join()
