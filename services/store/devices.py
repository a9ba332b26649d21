"""Devices: who may publish, for which asset, and what was last heard of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from services.domain.errors import NotFoundError
from services.domain.kinds import DeviceKind
from services.domain.topics import check_device_id
from services.store.connection import Connection

DeviceName = tuple[DeviceKind, str]
"""A device's kind and its id; ids are unique only within their kind."""


@dataclass(frozen=True, slots=True)
class EnrolledDevice:
    """What a reading needs to know of its device."""

    device_key: int
    revoked: bool


@dataclass(frozen=True, slots=True)
class NewDevice:
    """A device to be enrolled; `asset_id` is the vehicle, facility or collection point it speaks for."""

    kind: DeviceKind
    device_id: str
    asset_id: str

    def __post_init__(self) -> None:
        """Refuse an id that cannot be a level of a topic, and an empty asset."""
        check_device_id(self.device_id)
        check_device_id(self.asset_id)


@dataclass(frozen=True, slots=True)
class Device:
    """A device as the register and the telemetry know it."""

    device_key: int
    kind: str
    device_id: str
    asset_id: str
    enrolled_at: datetime
    revoked_at: datetime | None
    online: bool | None
    status_changed_at: datetime | None
    firmware: str | None
    last_observed_at: datetime | None


def enrol_devices(connection: Connection, devices: Sequence[NewDevice], now: datetime) -> None:
    """Register devices; one that is known gets the new asset, and a revoked one may publish again.

    `now` is the town's. Announces NOTIFY devices_changed.
    """
    connection.execute(
        """
        INSERT INTO devices (kind, device_id, asset_id, enrolled_at)
        SELECT kind, device_id, asset_id, %(now)s
        FROM unnest(%(kinds)s::text[], %(device_ids)s::text[], %(asset_ids)s::text[]) AS new (kind, device_id, asset_id)
        ORDER BY kind, device_id
        ON CONFLICT (kind, device_id) DO UPDATE
        SET asset_id = excluded.asset_id,
            enrolled_at = CASE WHEN devices.revoked_at IS NULL THEN devices.enrolled_at ELSE excluded.enrolled_at END,
            revoked_at = NULL
        """,
        {
            "now": now,
            "kinds": [device.kind.value for device in devices],
            "device_ids": [device.device_id for device in devices],
            "asset_ids": [device.asset_id for device in devices],
        },
    )
    connection.execute("NOTIFY devices_changed")


def revoke_device(connection: Connection, kind: DeviceKind, device_id: str, now: datetime) -> None:
    """Take a device's right to publish; what it has published stays. Announces NOTIFY devices_changed.

    Raises:
        NotFoundError: no such device is enrolled.

    """
    revoked = connection.execute(
        "UPDATE devices SET revoked_at = coalesce(revoked_at, %s), online = false WHERE kind = %s AND device_id = %s",
        (now, kind.value, device_id),
    )
    if revoked.rowcount == 0:
        raise NotFoundError(f"There is no {kind} device {device_id!r}; `riqing device list` shows those there are.")
    connection.execute("NOTIFY devices_changed")


def list_devices(connection: Connection, kind: DeviceKind | None = None) -> list[Device]:
    """Return all devices, or those of a kind, in the order of their names."""
    with connection.cursor(row_factory=class_row(Device)) as cursor:
        cursor.execute(
            """
            SELECT device_key, kind, device_id, asset_id, enrolled_at, revoked_at, online, status_changed_at,
                firmware, last_observed_at
            FROM devices WHERE %(kind)s::text IS NULL OR kind = %(kind)s ORDER BY kind, device_id
            """,
            {"kind": None if kind is None else kind.value},
        )
        return cursor.fetchall()


def load_enrolled(connection: Connection) -> dict[DeviceName, EnrolledDevice]:
    """Return all devices by kind and id."""
    rows = connection.execute("SELECT kind, device_id, device_key, revoked_at IS NOT NULL FROM devices")
    return {(DeviceKind(row[0]), row[1]): EnrolledDevice(row[2], row[3]) for row in rows}


def find_enrolled(connection: Connection, names: Iterable[DeviceName]) -> Mapping[DeviceName, EnrolledDevice]:
    """Return those of the named devices that are enrolled."""
    wanted = list(names)
    rows = connection.execute(
        """
        SELECT kind, device_id, device_key, revoked_at IS NOT NULL FROM devices
        WHERE (kind, device_id) IN (SELECT * FROM unnest(%s::text[], %s::text[]))
        """,
        ([kind.value for kind, _ in wanted], [device_id for _, device_id in wanted]),
    )
    return {(DeviceKind(row[0]), row[1]): EnrolledDevice(row[2], row[3]) for row in rows}


def load_devices(connection: Connection, device_keys: Iterable[int]) -> list[Device]:
    """Return the devices with these keys."""
    with connection.cursor(row_factory=class_row(Device)) as cursor:
        cursor.execute(
            """
            SELECT device_key, kind, device_id, asset_id, enrolled_at, revoked_at, online, status_changed_at,
                firmware, last_observed_at
            FROM devices WHERE device_key = ANY(%s) ORDER BY device_key
            """,
            (list(device_keys),),
        )
        return cursor.fetchall()


def find_assets(connection: Connection, names: Iterable[DeviceName]) -> dict[DeviceName, str]:
    """Return which vehicle, facility or collection point each of the named devices speaks for."""
    wanted = list(names)
    rows = connection.execute(
        """
        SELECT kind, device_id, asset_id FROM devices
        WHERE (kind, device_id) IN (SELECT * FROM unnest(%s::text[], %s::text[]))
        """,
        ([kind.value for kind, _ in wanted], [device_id for _, device_id in wanted]),
    )
    return {(DeviceKind(row[0]), row[1]): row[2] for row in rows}


_ASSET_QUERIES = {
    DeviceKind.VEHICLE: "SELECT vehicle_id FROM vehicles WHERE vehicle_id = ANY(%s)",
    DeviceKind.STATION: "SELECT facility_id FROM facilities WHERE kind <> 'public_toilet' AND facility_id = ANY(%s)",
    DeviceKind.TOILET: "SELECT facility_id FROM facilities WHERE kind = 'public_toilet' AND facility_id = ANY(%s)",
    DeviceKind.CONTAINER: "SELECT point_id FROM collection_points WHERE point_id = ANY(%s)",
}


def missing_assets(connection: Connection, devices: Sequence[NewDevice]) -> list[NewDevice]:
    """Return those of the devices whose asset the register does not have."""
    known = {
        (kind, row[0])
        for kind, query in _ASSET_QUERIES.items()
        for row in connection.execute(query, ([device.asset_id for device in devices if device.kind is kind],))
    }
    return [device for device in devices if (device.kind, device.asset_id) not in known]
