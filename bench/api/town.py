"""A town of 1,500 live trucks and 20,000 points in a database of the measurement's own, halfway through its day."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import LiteralString
from uuid import UUID

from services.api.sign_in import hash_password
from services.domain.clock import TownClock
from services.domain.kinds import DeviceKind, Role
from services.domain.town import Town
from services.store.connection import Connection
from services.store.devices import NewDevice, enrol_devices
from services.store.plans import PlanRequest, create_plan
from services.store.town import create_town, save_clock
from services.store.users import User, create_user

TOWN = Town("bench")
DAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)
"""10:00 in the town."""
USER, PASSWORD = "admin-bench", "a password for benches"
FIX_INTERVAL_S = 15
TOILETS = 120
TRACK_HOURS = 1


@dataclass(frozen=True, slots=True)
class Size:
    """How large a town is."""

    trucks: int = 1_500
    points: int = 20_000
    zones: int = 60
    contractors: int = 6

    def truck_of(self, number: int) -> str:
        """Return whose a truck is, by its number."""
        return f"C{1 + number % self.contractors}"

    def zone_of(self, number: int) -> str:
        """Return in which zone a point is, by its number."""
        return f"Z{1 + number % self.zones}"


def people_who_ask(size: Size) -> list[User]:
    """Return three people of the office and one of each contractor."""
    password = hash_password(PASSWORD)
    office = [User(USER, Role.ADMIN, password), User("dispatcher", Role.DISPATCHER, password)]
    office.append(User("office", Role.OFFICE, password))
    return office + [
        User(f"contractor {n}", Role.CONTRACTOR, password, contractor_id=f"C{n}")
        for n in range(1, size.contractors + 1)
    ]


_REGISTER: tuple[LiteralString, ...] = (
    "INSERT INTO contractors SELECT 'C' || n, '保洁公司' || n FROM generate_series(1, %(contractors)s) AS n",
    """INSERT INTO zones (zone_id, name, contractor_id, cleaning_grade, geometry)
    SELECT 'Z' || n, '片区' || n, 'C' || 1 + n %% %(contractors)s, '一级',
        jsonb_build_object('type', 'Polygon', 'coordinates', jsonb_build_array((
            SELECT jsonb_agg(jsonb_build_array(116 + n * 0.01 + 0.004 * cos(radians(corner * 3)),
                40 + 0.004 * sin(radians(corner * 3)))) FROM generate_series(0, 120) AS corner)))
    FROM generate_series(1, %(zones)s) AS n""",
    """INSERT INTO facilities (facility_id, kind, lon, lat, name, status)
    SELECT kind || n, kind, 116 + n * 0.01, 40, kind || n, 'in_service'
    FROM (VALUES ('depot', 5), ('transfer_station', 20), ('incinerator', 1), ('public_toilet', 120))
        AS kinds (kind, count), generate_series(1, count) AS n""",
    """INSERT INTO collection_points (point_id, lon, lat, name, zone_id, container_type, containers, expected_kg,
        visits_per_day, windows, service_s, priority)
    SELECT 'P' || n, 116 + (n %% 200) * 0.003, 40 + n / 200 * 0.002, '收集点' || n, 'Z' || 1 + n %% %(zones)s, 'bin', 2,
        250, 1, '[[18000, 43200]]', 90, 1
    FROM generate_series(1, %(points)s) AS n""",
    """INSERT INTO vehicles (vehicle_id, kind, depot_id, capacity_kg, plate, shift_start_s, shift_end_s, break_s,
        contractor_id, speed_factor, cost_per_km, cost_per_h, fixed_cost)
    SELECT 'V' || n, 'compactor', 'depot' || 1 + n %% 5, 5000, '京A' || n, 18000, 46800, 0,
        'C' || 1 + n %% %(contractors)s, 1, 2, 40, 100
    FROM generate_series(1, %(trucks)s) AS n""",
)

_LIVE: tuple[LiteralString, ...] = (
    "UPDATE devices SET online = true, status_changed_at = %(now)s",
    """INSERT INTO positions (observed_at, received_at, seq, device_key, lon, lat, speed_kmh, heading_deg, load_kg)
    SELECT %(now)s - make_interval(secs => n * %(interval)s), %(now)s, n, device_key, 116 + n * 1e-4,
        40 + device_key * 1e-4, 25, 90, 1500
    FROM devices, generate_series(0, %(fixes)s - 1) AS n WHERE kind = 'vehicle'""",
    """INSERT INTO latest_positions (device_key, observed_at, received_at, lon, lat, speed_kmh, heading_deg, load_kg)
    SELECT device_key, %(now)s, %(now)s, 116, 40 + device_key * 1e-4, 25, 90, 1500 FROM devices
    WHERE kind = 'vehicle'""",
    """INSERT INTO routes (plan_id, vehicle_id, distance_m, duration_s, collected_kg)
    SELECT %(plan)s, vehicle_id, 40000, 25000, 3500 FROM vehicles""",
    """INSERT INTO stops (plan_id, vehicle_id, sequence, kind, id, arrive_at, depart_at, load_kg, collected_kg,
        occurrence, leg_distance_m, leg_duration_s)
    SELECT %(plan)s, 'V' || 1 + n %% %(trucks)s, 1 + n / %(trucks)s, 'point', 'P' || n,
        %(now)s - INTERVAL '3 hours' + n / %(trucks)s * INTERVAL '20 minutes',
        %(now)s - INTERVAL '3 hours' + n / %(trucks)s * INTERVAL '20 minutes' + INTERVAL '2 minutes', 250, 250, 1,
        1500, 300
    FROM generate_series(1, %(points)s) AS n""",
    """INSERT INTO due_visits (service_date, point_id, occurrence, zone_id, contractor_id, windows, due_from, due_to,
        expected_kg, status, cleared_at, vehicle_id, planned_vehicle_id, planned_at, reason, decided_at)
    SELECT %(day)s, 'P' || n, 1, 'Z' || 1 + n %% %(zones)s, 'C' || 1 + (1 + n %% %(zones)s) %% %(contractors)s, '[]',
        %(now)s - INTERVAL '5 hours', %(now)s + INTERVAL '2 hours', 250,
        CASE WHEN n %% 2 = 0 THEN 'cleared' WHEN n %% 50 = 1 THEN 'missed' ELSE 'pending' END,
        CASE WHEN n %% 2 = 0 THEN %(now)s - n %% 180 * INTERVAL '1 minute' END,
        'V' || 1 + n %% %(trucks)s, 'V' || 1 + n %% %(trucks)s, %(now)s - n %% 180 * INTERVAL '1 minute',
        CASE WHEN n %% 50 = 1 THEN 'planned_but_not_visited' END, %(now)s
    FROM generate_series(1, %(points)s) AS n""",
    """INSERT INTO alarms (kind, subject_kind, subject_id, raised_at, cleared_at, detail)
    SELECT 'device_silent', 'vehicle', 'V' || n, %(now)s - n * INTERVAL '1 minute',
        CASE WHEN n %% 5 > 0 THEN %(now)s END, '{}' FROM generate_series(1, 500) AS n""",
    """INSERT INTO cases (case_number, status, source, description, lon, lat, zone_id, reported_at)
    SELECT 'N' || n, 'reported', 'resident', '垃圾桶满了', 116.1, 40, 'Z1', %(now)s
    FROM generate_series(1, 500) AS n""",
)


def plan_of(connection: Connection) -> UUID | None:
    """Return the plan of a town that is stored already, none where there is no town."""
    row = connection.execute("SELECT plan_id FROM plans ORDER BY requested_at LIMIT 1").fetchone()
    return None if row is None else row[0]


def build(connection: Connection, size: Size) -> UUID:
    """Store the town as it is at `NOW`, with its clock standing still, and return its plan."""
    create_town(connection, TOWN)
    save_clock(connection, TownClock(datetime.now(UTC), NOW, 1e-6, simulated=True))
    parameters = {"trucks": size.trucks, "points": size.points, "zones": size.zones, "contractors": size.contractors}
    for statement in _REGISTER:
        connection.execute(statement, {name: value for name, value in parameters.items() if f"({name})" in statement})
    devices = [NewDevice(DeviceKind.VEHICLE, f"V{n}", f"V{n}") for n in range(1, size.trucks + 1)]
    devices += [NewDevice(DeviceKind.TOILET, f"T{n}", f"public_toilet{n}") for n in range(1, TOILETS + 1)]
    enrol_devices(connection, devices, NOW - timedelta(days=1))
    plan_id = create_plan(connection, PlanRequest(DAY), USER, NOW)
    connection.execute(
        "UPDATE plans SET status = 'ready', finished_at = %(now)s, published_at = %(now)s, cost = 1, distance_m = 1, "
        "duration_s = 1, served = 1 WHERE plan_id = %(plan)s",
        {"now": NOW, "plan": plan_id},
    )
    live = parameters | {"now": NOW, "day": DAY, "plan": plan_id, "interval": FIX_INTERVAL_S}
    live["fixes"] = TRACK_HOURS * 3600 // FIX_INTERVAL_S
    for statement in _LIVE:
        connection.execute(statement, {name: value for name, value in live.items() if f"({name})" in statement})
    for person in people_who_ask(size):
        create_user(connection, person)
    return plan_id
