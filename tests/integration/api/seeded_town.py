"""A small town in a real database, with a published plan that is half done, and a sign-in of each role."""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from services.api.sign_in import hash_password
from services.domain.clock import TownClock
from services.domain.due import DueVisit
from services.domain.kinds import (
    DeviceKind,
    DueVisitStatus,
    EvidenceKind,
    MissedReason,
    Role,
    StopKind,
    UnservedReason,
)
from services.domain.plan import Plan, Route, Stop, UnservedVisit
from services.domain.town import Interval, Town
from services.domain.visit import Evidence, Visit
from services.store.connection import Connection
from services.store.devices import NewDevice, enrol_devices
from services.store.plans import (
    PlanRequest,
    ProgressRow,
    add_progress,
    assign_revisions,
    create_plan,
    finish_ready,
    mark_published,
    save_leg_geometry,
    start_solving,
)
from services.store.registry import CONTRACTORS, FACILITIES, POINTS, VEHICLES, ZONES, RegisterTable, upsert
from services.store.town import create_town, save_clock
from services.store.users import User, create_user
from services.store.visits import (
    DueVisitOwner,
    StoredDueVisit,
    insert_due_visits,
    insert_visits,
    keep_changes,
    update_due_visits,
)

TOWN = Town("清河县")
DAY = date(2026, 11, 21)
NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
"""10:00 in the town."""

WEST, EAST = 116.0, 116.2
PASSWORD = "a password for tests"
USERS = {
    Role.ADMIN: User("admin-1", Role.ADMIN, ""),
    Role.DISPATCHER: User("dispatcher-1", Role.DISPATCHER, ""),
    Role.OFFICE: User("office-1", Role.OFFICE, ""),
    Role.INSPECTOR: User("inspector-1", Role.INSPECTOR, ""),
    Role.CONTRACTOR: User("contractor-1", Role.CONTRACTOR, "", contractor_id="C1"),
    Role.DRIVER: User("driver-1", Role.DRIVER, "", vehicle_id="V1"),
}
PLACES = {"P1": (116.05, 40.0), "P2": (116.06, 40.0), "P3": (116.15, 40.0), "P4": (116.30, 40.0)}
ZONE_OF = {"P1": "Z1", "P2": "Z1", "P3": "Z2", "P4": None}
CONTRACTOR_OF = {"P1": "C1", "P2": "C1", "P3": "C2", "P4": None}


def build(connection: Connection) -> UUID:
    """Store the town as of `NOW` and return the id of its published plan."""
    create_town(connection, TOWN)
    save_clock(connection, TownClock(datetime.now(UTC), NOW, 1e-6, simulated=True))
    _build_register(connection)
    _build_readings(connection)
    plan_id = build_plan(connection)
    _build_visits(connection)
    password_hash = _password_hash()
    for user in USERS.values():
        create_user(
            connection,
            User(user.user_name, user.role, password_hash, user.contractor_id, user.vehicle_id),
        )
    return plan_id


@cache
def _password_hash() -> str:
    return hash_password(PASSWORD)


def _square(west: float, east: float) -> dict[str, Any]:
    ring = [[west, 39.9], [east, 39.9], [east, 40.1], [west, 40.1], [west, 39.9]]
    return {"type": "Polygon", "coordinates": [ring]}


def _build_register(connection: Connection) -> None:
    def store(table: RegisterTable, *rows: dict[str, Any]) -> None:
        upsert(connection, table, rows, update=[])

    store(CONTRACTORS, {"contractor_id": "C1", "name": "甲"}, {"contractor_id": "C2", "name": "乙"})
    store(
        ZONES,
        {"zone_id": "Z1", "name": "西", "contractor_id": "C1", "geometry": _square(WEST, 116.1)},
        {"zone_id": "Z2", "name": "东", "contractor_id": "C2", "geometry": _square(116.1, EAST)},
    )
    store(
        FACILITIES,
        _facility("D1", "depot"),
        _facility("S1", "transfer_station", lon=116.07, design_t_per_day=10.0),
        _facility("T1", "public_toilet", lon=116.051, hours=(6, 22), toilet_class="二类", stalls_female=3),
        _facility("T2", "public_toilet", lon=116.0505, status="under_renovation"),
        _facility("T3", "public_toilet", lon=116.0502, hours=(18, 22)),
        _facility("T4", "public_toilet", lon=116.09),
    )
    store(
        POINTS,
        *(
            {
                "point_id": name,
                "lon": lon,
                "lat": lat,
                "name": f"点 {name}",
                "zone_id": ZONE_OF[name],
                "container_type": "bin",
                "containers": 2,
                "expected_kg": 300.0,
                "visits_per_day": 1.0,
                "windows": Jsonb([[6 * 3600, 9 * 3600]]),
                "service_s": 90,
                "priority": 1,
            }
            for name, (lon, lat) in PLACES.items()
        ),
    )
    store(VEHICLES, _vehicle("V1", "C1"), _vehicle("V2", "C2"))


def _facility(name: str, kind: str, hours: tuple[int, int] | None = None, **fields: Any) -> dict[str, Any]:
    opened_s, closed_s = (None, None) if hours is None else (hours[0] * 3600, hours[1] * 3600)
    standard = {"lon": 116.02, "lat": 40.0, "status": "in_service", "design_t_per_day": None, "toilet_class": None}
    row = {"facility_id": name, "kind": kind, "open_start_s": opened_s, "open_end_s": closed_s, "stalls_female": 0}
    return {**row, **standard, **fields}


def _vehicle(name: str, contractor_id: str) -> dict[str, Any]:
    return {
        "vehicle_id": name,
        "kind": "compactor",
        "depot_id": "D1",
        "capacity_kg": 5000.0,
        "plate": f"京A{name}",
        "shift_start_s": 5 * 3600,
        "shift_end_s": 13 * 3600,
        "break_s": 0,
        "contractor_id": contractor_id,
        "speed_factor": 1.0,
        "cost_per_km": 2.0,
        "cost_per_h": 40.0,
        "fixed_cost": 100.0,
    }


def _build_readings(connection: Connection) -> None:
    """V1 sent fixes a minute apart, with four minutes of silence; S1 weighed 2 t, T1 counted 12 persons."""
    devices = [(DeviceKind.VEHICLE, "V1"), (DeviceKind.VEHICLE, "V2"), (DeviceKind.STATION, "S1")]
    devices.append((DeviceKind.TOILET, "T1"))
    enrol_devices(connection, [NewDevice(kind, name, name) for kind, name in devices], NOW - timedelta(days=1))
    for minute in (0, 1, 2, 6, 7):
        add_fix(connection, "V1", NOW - timedelta(minutes=10 - minute), 116.05 + minute / 1000)
    connection.execute("UPDATE devices SET online = true WHERE device_id = 'V1'")
    connection.execute(
        "INSERT INTO weighings (observed_at, received_at, device_key, net_kg, vehicle_id, direction) "
        "SELECT %s, now(), device_key, 2000, 'V1', 'in' FROM devices WHERE device_id = 'S1'",
        [NOW - timedelta(hours=1)],
    )
    connection.execute(
        "INSERT INTO usages (observed_at, received_at, device_key, entries, occupied_stalls, total_stalls, open) "
        "SELECT %s, now(), device_key, 12, 1, 3, true FROM devices WHERE device_id = 'T1'",
        [NOW - timedelta(minutes=5)],
    )


def add_fix(connection: Connection, vehicle_id: str, observed_at: datetime, lon: float) -> None:
    """Store a fix as ingest does, and announce it."""
    connection.execute(
        "INSERT INTO positions (observed_at, received_at, device_key, lon, lat, speed_kmh, heading_deg, load_kg) "
        "SELECT %s, now(), device_key, %s, 40.0, 20, 90, 800 FROM devices "
        "WHERE kind = 'vehicle' AND device_id = %s",
        [observed_at, lon, vehicle_id],
    )
    connection.execute(
        "INSERT INTO latest_positions "
        "(device_key, observed_at, received_at, lon, lat, speed_kmh, heading_deg, load_kg) "
        "SELECT device_key, %s, now(), %s, 40.0, 20, 90, 800 FROM devices WHERE kind = 'vehicle' AND device_id = %s "
        "ON CONFLICT (device_key) DO UPDATE SET observed_at = excluded.observed_at, lon = excluded.lon",
        [observed_at, lon, vehicle_id],
    )
    connection.execute("NOTIFY readings_stored")


def _route(vehicle_id: str, *stops: tuple[StopKind, str]) -> Route:
    made = tuple(
        Stop(
            kind=kind,
            id=name,
            arrive_at=NOW + timedelta(minutes=10 * index),
            depart_at=NOW + timedelta(minutes=10 * index + 2),
            load_kg=0.0 if kind is StopKind.DEPOT else 300.0,
            occurrence=1 if kind is StopKind.POINT else None,
            collected_kg=300.0 if kind is StopKind.POINT else 0.0,
            leg_distance_m=0 if index == 0 else 1000,
        )
        for index, (kind, name) in enumerate(stops)
    )
    return Route(vehicle_id, made, distance_m=1000 * (len(stops) - 1), duration_s=600, collected_kg=300.0)


def build_plan(connection: Connection) -> UUID:
    """Store and publish a plan for two vehicles that leaves P4 out."""
    plan_id = create_plan(connection, PlanRequest(DAY), "dispatcher-1", NOW)
    start_solving(connection, plan_id, NOW)
    add_progress(connection, plan_id, ProgressRow(0.5, 900.0, 2))
    add_progress(connection, plan_id, ProgressRow(1.0, 800.0, 1))
    depot, station = (StopKind.DEPOT, "D1"), (StopKind.STATION, "S1")
    routes = (
        _route("V1", depot, (StopKind.POINT, "P1"), (StopKind.POINT, "P2"), station, depot),
        _route("V2", depot, (StopKind.POINT, "P3"), depot),
    )
    unserved = (UnservedVisit("P4", 1, UnservedReason.NO_ROAD_NEARBY, "The nearest road is 4 km away."),)
    finish_ready(connection, plan_id, Plan(DAY, routes, unserved, cost=800.0), NOW)
    # Straight lines along the parallel will do: 116.02 to 116.05 and so on, as six-digit polylines.
    save_leg_geometry(connection, plan_id, {("V1", sequence): "_sayjA_ajz|EA_cmQ" for sequence in range(2, 6)})
    assign_revisions(connection, plan_id, DAY, ["V1", "V2"], NOW)
    mark_published(connection, plan_id, DAY, NOW)
    return plan_id


def _due(point_id: str) -> DueVisit:
    window = Interval(NOW - timedelta(hours=4), NOW + timedelta(hours=-1 if point_id in ("P3", "P4") else 2))
    return DueVisit(point_id, DAY, 1, (window,), 300.0)


def _build_visits(connection: Connection) -> None:
    """P1 was cleared by V1, P2 is pending, P3 and P4 were missed, each for its reason."""
    owners = {name: DueVisitOwner(ZONE_OF[name], CONTRACTOR_OF[name]) for name in PLACES}
    insert_due_visits(connection, [_due(name) for name in PLACES], owners, NOW)
    span = Interval(NOW - timedelta(minutes=30), NOW - timedelta(minutes=28))
    evidence = Evidence(EvidenceKind.SERVICE_EVENT, span, {"source": "rfid"})
    (visit_id,) = insert_visits(connection, DAY, [Visit("P1", "V1", span, 1.0, (evidence,), 290.0)], NOW)
    decide(connection, "P1", DueVisitStatus.CLEARED, "V1", None, visit_id, span.end)
    decide(connection, "P3", DueVisitStatus.MISSED, "V2", MissedReason.PLANNED_BUT_NOT_VISITED)
    decide(connection, "P4", DueVisitStatus.MISSED, None, MissedReason.NOT_PLANNED)


def decide(
    connection: Connection,
    point_id: str,
    status: DueVisitStatus,
    vehicle_id: str | None,
    reason: MissedReason | None = None,
    visit_id: int | None = None,
    cleared_at: datetime | None = None,
) -> None:
    """Store what became of a point's due visit, as clearance does."""
    decided = StoredDueVisit(_due(point_id), status, visit_id, cleared_at, vehicle_id, vehicle_id, NOW, reason)
    update_due_visits(connection, DAY, [decided], NOW)
    keep_changes(connection, DAY, [(point_id, 1)], NOW)
