"""What drivers press on their phones: kept once, and stored as a reading that clearance decides from."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import LiteralString
from uuid import UUID

from psycopg.rows import class_row

from services.domain.errors import ConflictError, InvalidRequestError, NotFoundError
from services.domain.kinds import DeviceKind, MessageKind, ServiceOutcome, ServiceSource
from services.store.connection import Connection
from services.store.readings import announce_readings, record_stored_batch
from services.store.visibility import EVERYTHING, Visibility


@dataclass(frozen=True, slots=True)
class NewDriverReport:
    """A driver's press at a point, for one of its due visits where that is known.

    `lon`, `lat` and `accuracy_m` tell where the phone was.
    """

    report_id: UUID
    service_date: date
    vehicle_id: str
    point_id: str
    observed_at: datetime
    outcome: ServiceOutcome
    occurrence: int | None = None
    reason: str | None = None
    note: str | None = None
    lon: float | None = None
    lat: float | None = None
    accuracy_m: float | None = None


@dataclass(frozen=True, slots=True)
class DriverReport:
    """A driver's press as it is kept."""

    report_number: int
    report_id: UUID
    service_date: date
    vehicle_id: str
    point_id: str
    occurrence: int | None
    observed_at: datetime
    received_at: datetime
    outcome: ServiceOutcome
    reason: str | None
    note: str | None
    lon: float | None
    lat: float | None
    accuracy_m: float | None
    reported_by: str
    has_photo: bool

    def __post_init__(self) -> None:
        """Take the outcome as the store has it."""
        object.__setattr__(self, "outcome", ServiceOutcome(self.outcome))

    def tells(self, new: NewDriverReport) -> bool:
        """Tell whether `new` says the same, as it does when a phone sends it a second time."""
        names = ("vehicle_id", "point_id", "occurrence", "observed_at", "outcome", "reason", "note")
        return all(getattr(self, name) == getattr(new, name) for name in names)


_COLUMNS: LiteralString = """
    report_number, report_id, service_date, vehicle_id, point_id, occurrence, observed_at,
    driver_reports.received_at, outcome, reason, note, lon, lat, accuracy_m, reported_by,
    photo_id IS NOT NULL AS has_photo"""
_REPORTS: LiteralString = f"SELECT {_COLUMNS} FROM driver_reports LEFT JOIN photos USING (report_number)"  # noqa: S608 - our own constant


def keep_driver_report(
    connection: Connection, new: NewDriverReport, reported_by: str, now: datetime
) -> tuple[DriverReport, bool]:
    """Keep a report and store it as a service reading; return it, and whether it was new.

    Sent a second time it changes nothing, so that a visit has its evidence once. All of it is one transaction of
    the caller's.

    Raises:
        InvalidRequestError: the register has no such point.
        ConflictError: another report was sent under this number.

    """
    if connection.execute("SELECT FROM collection_points WHERE point_id = %s", [new.point_id]).fetchone() is None:
        raise InvalidRequestError(f"There is no point {new.point_id!r} in the register.")
    row = connection.execute(
        """
        INSERT INTO driver_reports (report_id, service_date, vehicle_id, point_id, occurrence, observed_at, received_at,
            outcome, reason, note, lon, lat, accuracy_m, reported_by)
        VALUES (%(report_id)s, %(service_date)s, %(vehicle_id)s, %(point_id)s, %(occurrence)s, %(observed_at)s, %(now)s,
            %(outcome)s, %(reason)s, %(note)s, %(lon)s, %(lat)s, %(accuracy_m)s, %(reported_by)s)
        ON CONFLICT (report_id) DO NOTHING RETURNING report_number
        """,
        {
            **{name: getattr(new, name) for name in NewDriverReport.__slots__},
            "now": now,
            "reported_by": reported_by,
        },
    ).fetchone()
    if row is not None:
        _store_reading(connection, new, int(row[0]), now)
    kept = load_driver_report(connection, new.report_id)
    if row is None and not kept.tells(new):
        raise ConflictError(f"Another report was sent under the number {new.report_id}; give each its own.")
    return kept, row is not None


def _store_reading(connection: Connection, new: NewDriverReport, report_number: int, now: datetime) -> None:
    """Store the report as ingest stores a service message, and leave word of it for clearance."""
    device_key = _key_of_phone(connection, new.vehicle_id, now)
    connection.execute(
        """
        INSERT INTO service_events (observed_at, received_at, seq, device_key, point_id, outcome, reason, source)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
        """,
        (
            *(new.observed_at, now, report_number, device_key, new.point_id),
            *(new.outcome.value, new.reason, ServiceSource.DRIVER.value),
        ),
    )
    record_stored_batch(connection, MessageKind.SERVICE, [device_key], new.observed_at, new.observed_at, 1)
    announce_readings(connection)


def _key_of_phone(connection: Connection, vehicle_id: str, now: datetime) -> int:
    """Return the key under which a vehicle's phone stores readings.

    It is a device of its own, so that its readings never meet the keys of the truck's, and revoked from the start:
    no broker account is to speak for it (a slash cannot be in the id of one that does), no alarm is to miss it.
    """
    name = f"phone/{vehicle_id}"
    connection.execute(
        """
        INSERT INTO devices (kind, device_id, asset_id, enrolled_at, revoked_at) VALUES (%s, %s, %s, %s, %s)
        ON CONFLICT (kind, device_id) DO NOTHING
        """,
        (DeviceKind.VEHICLE.value, name, vehicle_id, now, now),
    )
    row = connection.execute(
        "SELECT device_key FROM devices WHERE kind = %s AND device_id = %s", (DeviceKind.VEHICLE.value, name)
    ).fetchone()
    assert row is not None
    return int(row[0])


def load_driver_report(connection: Connection, report_id: UUID) -> DriverReport:
    """Return the report of this number.

    Raises:
        NotFoundError: there is none.

    """
    with connection.cursor(row_factory=class_row(DriverReport)) as cursor:
        found = cursor.execute(f"{_REPORTS} WHERE report_id = %s", [report_id]).fetchone()
    if found is None:
        raise NotFoundError(f"There is no driver's report {report_id}.")
    return found


def load_driver_reports(
    connection: Connection,
    service_date: date,
    *,
    vehicle_id: str | None = None,
    point_id: str | None = None,
    visible: Visibility = EVERYTHING,
    after: int = 0,
    limit: int | None = None,
) -> list[DriverReport]:
    """Return the reports of a service day in the order in which they came, `limit` at most after number `after`."""
    with connection.cursor(row_factory=class_row(DriverReport)) as cursor:
        return cursor.execute(
            f"""
            {_REPORTS} WHERE service_date = %(day)s
                AND (%(vehicle)s::text IS NULL OR vehicle_id = %(vehicle)s)
                AND (%(point)s::text IS NULL OR point_id = %(point)s)
                AND (%(own_vehicle)s::text IS NULL OR vehicle_id = %(own_vehicle)s)
                AND (%(contractor)s::text IS NULL OR vehicle_id IN (
                    SELECT vehicle_id FROM vehicles WHERE contractor_id = %(contractor)s))
                AND report_number > %(after)s
            ORDER BY report_number LIMIT %(limit)s
            """,  # noqa: S608 - our own constant
            {
                "day": service_date,
                "vehicle": vehicle_id,
                "point": point_id,
                "own_vehicle": visible.vehicle_id,
                "contractor": visible.contractor_id,
                "after": after,
                "limit": limit,
            },
        ).fetchall()
