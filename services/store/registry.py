"""The town's register: contractors, zones, facilities, points, vehicles, residents and past weights."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, LiteralString, TypeVar

from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from services.domain.kinds import Approach, ContainerType, FacilityKind, FacilityStatus, VehicleKind
from services.domain.registry import (
    CollectedWeight,
    CollectionPoint,
    Contractor,
    DailyWindow,
    Facility,
    Vehicle,
    Zone,
)
from services.store.connection import Connection

Row = Mapping[str, Any]
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class RegisterTable:
    """A table of the register: its name and the columns that identify a row."""

    name: str
    key: tuple[str, ...]


CONTRACTORS = RegisterTable("contractors", ("contractor_id",))
ZONES = RegisterTable("zones", ("zone_id",))
FACILITIES = RegisterTable("facilities", ("facility_id",))
FACILITY_PHASES = RegisterTable("facility_phases", ("facility_id", "begins_on"))
POINTS = RegisterTable("collection_points", ("point_id",))
VEHICLES = RegisterTable("vehicles", ("vehicle_id",))
LAND_PARCELS = RegisterTable("land_parcels", ("parcel_id",))
POPULATION = RegisterTable("population_cells", ("lon", "lat"))
WEIGHTS = RegisterTable("collected_weights", ("point_id", "service_date"))


def upsert(connection: Connection, table: RegisterTable, rows: Sequence[Row], *, update: Iterable[str]) -> None:
    """Store `rows`, all with the same columns; of rows that are there already only `update` changes.

    Announces the change with NOTIFY register_changed.
    """
    if not rows:
        return
    columns = list(rows[0])
    changed = [column for column in update if column not in table.key]
    on_conflict = (
        sql.SQL("DO UPDATE SET ")
        + sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(sql.Identifier(column)) for column in changed)
        if changed
        else sql.SQL("DO NOTHING")
    )
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({}) ON CONFLICT ({}) {}").format(
        sql.Identifier(table.name),
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.SQL(", ").join([sql.Placeholder()] * len(columns)),
        sql.SQL(", ").join(map(sql.Identifier, table.key)),
        on_conflict,
    )
    with connection.cursor() as cursor:
        cursor.executemany(statement, [[_stored(value) for value in row.values()] for row in rows])
        cursor.execute(sql.SQL("SELECT pg_notify('register_changed', {})").format(sql.Literal(table.name)))


def present_keys(connection: Connection, table: RegisterTable) -> set[Any]:
    """Return the identifiers that `table` holds, for a table with a single one."""
    (column,) = table.key
    query = sql.SQL("SELECT {} FROM {}").format(sql.Identifier(column), sql.Identifier(table.name))
    return {row[0] for row in connection.execute(query)}


def load_contractors(connection: Connection) -> list[Contractor]:
    """Return all contractors by identifier."""
    return _load(connection, "SELECT * FROM contractors ORDER BY contractor_id", lambda row: Contractor(**row))


def load_zones(connection: Connection) -> list[Zone]:
    """Return all zones by identifier."""
    return _load(connection, "SELECT * FROM zones ORDER BY zone_id", lambda row: Zone(**row))


def load_points(connection: Connection) -> list[CollectionPoint]:
    """Return all collection points by identifier."""
    return _load(connection, "SELECT * FROM collection_points ORDER BY point_id", _point)


def load_facilities(connection: Connection, kinds: Iterable[FacilityKind] = tuple(FacilityKind)) -> list[Facility]:
    """Return the facilities of `kinds` by identifier."""
    return _load(
        connection,
        "SELECT * FROM facilities WHERE kind = ANY(%s) ORDER BY facility_id",
        _facility,
        [[str(kind) for kind in kinds]],
    )


def load_vehicles(connection: Connection) -> list[Vehicle]:
    """Return all vehicles by identifier."""
    return _load(connection, "SELECT * FROM vehicles ORDER BY vehicle_id", _vehicle)


def load_collected_weights(connection: Connection, since: date, until: date) -> list[CollectedWeight]:
    """Return what the points yielded from `since` to `until`, both included."""
    return _load(
        connection,
        "SELECT * FROM collected_weights WHERE service_date BETWEEN %s AND %s ORDER BY point_id, service_date",
        lambda row: CollectedWeight(**row),
        [since, until],
    )


def _load(
    connection: Connection,
    query: LiteralString,
    make: Callable[[dict[str, Any]], Value],
    parameters: Sequence[object] = (),
) -> list[Value]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return [make(row) for row in cursor.execute(query, parameters)]


def _stored(value: object) -> object:
    """Return `value` as the driver takes it: mappings and lists of windows are stored as JSON."""
    if isinstance(value, dict):
        return Jsonb(value)
    if isinstance(value, tuple):
        return Jsonb([[window.start_s, window.end_s] for window in value])
    if isinstance(value, frozenset):
        return sorted(value)
    return value


def _point(row: dict[str, Any]) -> CollectionPoint:
    row["container_type"] = ContainerType(row["container_type"])
    row["approach"] = Approach(row["approach"])
    row["windows"] = tuple(DailyWindow(start_s, end_s) for start_s, end_s in row["windows"])
    return CollectionPoint(**row)


def _facility(row: dict[str, Any]) -> Facility:
    row["kind"] = FacilityKind(row["kind"])
    row["status"] = FacilityStatus(row["status"])
    row["open_hours"] = _window(row.pop("open_start_s"), row.pop("open_end_s"))
    return Facility(**row)


def _vehicle(row: dict[str, Any]) -> Vehicle:
    row["kind"] = VehicleKind(row["kind"])
    types = row["container_types"]
    row["container_types"] = None if types is None else frozenset(map(ContainerType, types))
    row["shift"] = _window(row.pop("shift_start_s"), row.pop("shift_end_s"))
    return Vehicle(**row)


def _window(start_s: int | None, end_s: int | None) -> DailyWindow | None:
    return None if start_s is None or end_s is None else DailyWindow(start_s, end_s)
