"""A small town in a real database, and the readings of made-up drives stored as ingest stores them."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import numpy as np

from services.clearance.evidence import VehicleDay
from services.clearance.rounds import Rounds
from services.domain.clock import TownClock
from services.domain.kinds import DeviceKind, FacilityKind, MessageKind
from services.domain.registry import CollectionPoint, Vehicle
from services.domain.town import Town
from services.store.connection import Connection
from services.store.devices import NewDevice, enrol_devices
from services.store.readings import announce_readings, copy_readings, record_stored_batch, value_columns
from services.store.registry import CONTRACTORS, FACILITIES, POINTS, VEHICLES, ZONES, upsert
from services.store.rollups import note_stored_spans
from services.store.town import create_town, save_clock
from tests.unit.clearance.drives import LAT, LON

TOWN = Town("testtown")
SQUARE = {
    "type": "Polygon",
    "coordinates": [[[112.9, 27.9], [113.2, 27.9], [113.2, 28.1], [112.9, 28.1], [112.9, 27.9]]],
}


def build(
    connection: Connection, points: Sequence[CollectionPoint], vehicles: Sequence[Vehicle], now: datetime
) -> None:
    """Store a town with one contractor and zone, a depot, a station and a landfill, its points and vehicles."""
    create_town(connection, TOWN)
    set_clock(connection, now)
    upsert(connection, CONTRACTORS, [{"contractor_id": "C1", "name": "保洁一公司"}], update=["name"])
    zone = {"zone_id": "Z1", "name": "东片区", "contractor_id": "C1", "geometry": SQUARE}
    upsert(connection, ZONES, [zone], update=["name"])
    facilities = [("D1", FacilityKind.DEPOT), ("S1", FacilityKind.TRANSFER_STATION), ("L1", FacilityKind.LANDFILL)]
    rows = [
        {"facility_id": name, "kind": kind, "lon": LON - 0.02, "lat": LAT + 0.02, "status": "in_service"}
        for name, kind in facilities
    ]
    upsert(connection, FACILITIES, rows, update=["kind"])
    upsert(connection, POINTS, [_point_row(point) for point in points], update=["lon", "lat"])
    upsert(connection, VEHICLES, [_vehicle_row(vehicle) for vehicle in vehicles], update=["kind"])
    devices = [NewDevice(DeviceKind.VEHICLE, vehicle.vehicle_id, vehicle.vehicle_id) for vehicle in vehicles]
    devices += [NewDevice(DeviceKind.STATION, name, name) for name in ("S1", "L1")]
    devices += [NewDevice(DeviceKind.CONTAINER, point.point_id, point.point_id) for point in points]
    enrol_devices(connection, devices, now)


def set_clock(connection: Connection, now: datetime) -> None:
    """Let the town's clock show `now`, and nearly stand still."""
    save_clock(connection, TownClock(datetime.now(UTC), now, 1e-6, simulated=True))


def store_rows(
    connection: Connection, message: MessageKind, kind: DeviceKind, device_id: str, rows: Iterable[dict[str, object]]
) -> None:
    """Store readings of one device as ingest does; each row has `observed_at` and the message's own fields."""
    found = connection.execute("SELECT device_key FROM devices WHERE kind = %s AND device_id = %s", (kind, device_id))
    (device_key,) = found.fetchone() or (0,)
    wanted = value_columns(message)
    packed = [
        (row["observed_at"], row["observed_at"], number, device_key, *(row.get(name) for name in wanted))
        for number, row in enumerate(rows)
    ]
    if not packed:
        return
    copy_readings(connection, message, packed)
    instants = [row[0] for row in packed]
    record_stored_batch(connection, message, [device_key], min(instants), max(instants), len(packed))
    note_stored_spans(connection, message, [(device_key, min(instants), max(instants))])
    announce_readings(connection)


def store_drive(connection: Connection, day: VehicleDay, *, since_s: float = 0.0, until_s: float = 1e12) -> None:
    """Store the fixes and service events of a drive, or of a part of it."""
    track = day.track
    rows: list[dict[str, object]] = []
    for index in np.flatnonzero((track.time_s >= since_s) & (track.time_s < until_s)):
        lon, lat = day.places.projection.degrees(track.x_m[index], track.y_m[index])
        load_kg = float(track.load_kg[index])
        rows.append(
            {
                "observed_at": datetime.fromtimestamp(float(track.time_s[index]), UTC),
                "lon": float(lon),
                "lat": float(lat),
                "load_kg": None if np.isnan(load_kg) else load_kg,
            }
        )
    store_rows(connection, MessageKind.POSITION, DeviceKind.VEHICLE, day.vehicle.vehicle_id, rows)
    events: list[dict[str, object]] = [
        {
            "observed_at": datetime.fromtimestamp(event.at_s, UTC),
            "point_id": event.point_id,
            "outcome": event.outcome,
            "source": event.source,
            "collected_kg": event.collected_kg,
        }
        for event in day.events
        if since_s <= event.at_s < until_s
    ]
    store_rows(connection, MessageKind.SERVICE, DeviceKind.VEHICLE, day.vehicle.vehicle_id, events)


def run_round(connection: Connection, rounds: Rounds | None = None) -> None:
    """Commit what is stored and let clearance do one round."""
    connection.commit()
    (rounds or Rounds()).run(connection)
    connection.commit()


def _point_row(point: CollectionPoint) -> dict[str, object]:
    return {
        "point_id": point.point_id,
        "lon": point.lon,
        "lat": point.lat,
        "zone_id": "Z1",
        "container_type": point.container_type,
        "containers": point.containers,
        "expected_kg": point.expected_kg,
        "visits_per_day": point.visits_per_day,
        "windows": point.windows,
        "service_s": point.service_s,
        "priority": point.priority,
    }


def _vehicle_row(vehicle: Vehicle) -> dict[str, object]:
    return {
        "vehicle_id": vehicle.vehicle_id,
        "kind": vehicle.kind,
        "depot_id": "D1",
        "capacity_kg": vehicle.capacity_kg,
        "contractor_id": vehicle.contractor_id,
        "shift_start_s": 5 * 3600,
        "shift_end_s": 13 * 3600,
        "break_s": 0,
        "speed_factor": 1.0,
        "cost_per_km": 1.0,
        "cost_per_h": 1.0,
        "fixed_cost": 1.0,
    }
