"""`riqing import`: checks every row of a file, then stores the file as a whole or not at all."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from services.domain.errors import InvalidRequestError
from services.domain.kinds import FacilityKind
from services.registry.files import Record, Table, UnreadableFileError, read_table
from services.registry.land_of_map import is_map, read_land
from services.registry.rows import (
    ContractorRow,
    FacilityRow,
    HistoryRow,
    LandParcelRow,
    PhaseRow,
    PointRow,
    PopulationRow,
    RegisterRow,
    VehicleRow,
    ZoneRow,
)
from services.store import registry as store
from services.store.connection import Connection
from services.store.facility_phases import load_phases, renew_as_registered
from services.store.town import load_clock, load_town


class RegisterKind(StrEnum):
    """What `riqing import` takes besides roads."""

    CONTRACTORS = "contractors"
    ZONES = "zones"
    LANDUSE = "landuse"
    FACILITIES = "facilities"
    POINTS = "points"
    VEHICLES = "vehicles"
    POPULATION = "population"
    HISTORY = "history"


@dataclass(frozen=True, slots=True)
class BadRow:
    """What is wrong with one row: where it stands, which field, and why."""

    place: str
    line: int
    field: str
    reason: str

    def __str__(self) -> str:
        """Return it as the one line that a person reads."""
        where = f"{self.place} {self.line}"
        return f"{where}, {self.field}: {self.reason}" if self.field else f"{where}: {self.reason}"


class BadRowsError(InvalidRequestError):
    """A file with bad rows; nothing of it was stored."""

    def __init__(self, path: Path, bad_rows: list[BadRow], row_count: int) -> None:
        rows = len({bad.line for bad in bad_rows})
        super().__init__(f"{path}: {rows} of {row_count} rows are bad, so nothing was imported.")
        self.bad_rows = bad_rows


@dataclass(frozen=True, slots=True)
class ImportResult:
    """How many rows were stored; the bad ones that were left out, and columns that say nothing to us."""

    stored: int
    bad_rows: list[BadRow] = field(default_factory=list)
    unknown_columns: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Reference:
    """A field that must name something that the register holds."""

    field: str
    what: str
    present: Callable[[Connection], set[Any]]


def _depots(connection: Connection) -> set[Any]:
    return {depot.facility_id for depot in store.load_facilities(connection, [FacilityKind.DEPOT])}


_ZONE = Reference("zone_id", "zone", lambda connection: store.present_keys(connection, store.ZONES))
_CONTRACTOR = Reference(
    "contractor_id", "contractor", lambda connection: store.present_keys(connection, store.CONTRACTORS)
)
_DEPOT = Reference("depot_id", "facility of kind depot", _depots)
_POINT = Reference("point_id", "point", lambda connection: store.present_keys(connection, store.POINTS))


@dataclass(frozen=True, slots=True)
class Form:
    """How one kind of file is checked and where it goes."""

    row: type[RegisterRow]
    table: store.RegisterTable
    references: tuple[Reference, ...] = ()


_FACILITY = Reference("facility_id", "facility", lambda connection: store.present_keys(connection, store.FACILITIES))
_REPLACEMENT = Reference("replaced_by", "facility", _FACILITY.present)

PHASES = Form(PhaseRow, store.FACILITY_PHASES, (_FACILITY, _REPLACEMENT))
"""How the dated phases of facilities are checked; whether they fit one another only their life cycle can tell."""

FORMS: dict[RegisterKind, Form] = {
    RegisterKind.CONTRACTORS: Form(ContractorRow, store.CONTRACTORS),
    RegisterKind.ZONES: Form(ZoneRow, store.ZONES, (_CONTRACTOR,)),
    RegisterKind.LANDUSE: Form(LandParcelRow, store.LAND_PARCELS),
    RegisterKind.FACILITIES: Form(FacilityRow, store.FACILITIES, (_ZONE,)),
    RegisterKind.POINTS: Form(PointRow, store.POINTS, (_ZONE,)),
    RegisterKind.VEHICLES: Form(VehicleRow, store.VEHICLES, (_DEPOT, _CONTRACTOR)),
    RegisterKind.POPULATION: Form(PopulationRow, store.POPULATION),
    RegisterKind.HISTORY: Form(HistoryRow, store.WEIGHTS, (_POINT,)),
}

Progress = Callable[[Iterable[Record]], Iterable[Record]]


def import_file(
    connection: Connection,
    kind: RegisterKind,
    path: Path,
    *,
    mapping: Mapping[str, str] | None = None,
    skip_bad_rows: bool = False,
    progress: Progress = iter,
) -> ImportResult:
    """Check every row of `path` and store them in the caller's transaction.

    `mapping` renames the file's headers, `progress` is passed over once as rows are checked. With
    `skip_bad_rows` the good rows are stored and the bad ones returned.

    Raises:
        UnreadableFileError: the file as a whole cannot be read, or lacks a required column.
        BadRowsError: some rows are bad and were not to be skipped.

    """
    form = FORMS[kind]
    table = read_land(path) if kind is RegisterKind.LANDUSE and is_map(path) else read_table(path, mapping or {})
    numbered, bad_rows = checked_rows(connection, path, form, table, progress)
    rows = [row for _, row in numbered]
    if bad_rows and not skip_bad_rows:
        raise BadRowsError(path, bad_rows, len(table.records))
    store.upsert(
        connection,
        form.table,
        [row.columns() for row in rows],
        update=sorted(form.row.columns_given(table.field_names)),
    )
    if kind is RegisterKind.FACILITIES:
        _keep_over_phases(connection, rows, form.row.columns_given(table.field_names))
    known = _field_names(form.row)
    unknown = sorted(name for name in table.field_names if name and name not in known)
    return ImportResult(len(rows), bad_rows, [name for name in unknown if name != "geometry"])


def _keep_over_phases(connection: Connection, rows: Sequence[RegisterRow], columns: set[str]) -> None:
    """Let what the file says of renovated facilities last, though their phases say what works brought them."""
    dated = load_phases(connection).keys() & {row.columns()["facility_id"] for row in rows}
    if dated:
        today = load_town(connection).service_date(load_clock(connection).now())
        renew_as_registered(connection, dated, columns, today)


def _field_names(row: type[RegisterRow]) -> set[str]:
    return {info.alias or name for name, info in row.model_fields.items()}


def _check_columns(path: Path, form: Form, table: Table) -> None:
    required = [info.alias or name for name, info in form.row.model_fields.items() if info.is_required()]
    missing = [name for name in required if name not in table.field_names]
    if missing and (table.records or table.place == "line"):
        raise UnreadableFileError(
            f"{path}, {table.place} 1: the column{'s' if len(missing) > 1 else ''} {', '.join(missing)} "
            f"must be there; found {', '.join(sorted(table.field_names)) or 'none'}."
        )


def checked_rows(
    connection: Connection, path: Path, form: Form, table: Table, progress: Progress = iter
) -> tuple[list[tuple[int, RegisterRow]], list[BadRow]]:
    """Return the good rows, each with its line, and what is wrong with the others.

    Raises:
        UnreadableFileError: the file lacks a required column.

    """
    _check_columns(path, form, table)
    present = {reference.field: reference.present(connection) for reference in form.references}
    first_lines: dict[str, int] = {}
    rows: list[tuple[int, RegisterRow]] = []
    bad_rows: list[BadRow] = []
    for record in progress(table.records):
        row, problems = _check_row(form, record)
        if row is not None:
            problems = _check_references(form, row, present)
            identifier = getattr(row, form.row.identifier, None) if form.row.identifier else None
            if identifier is not None:
                first = first_lines.setdefault(identifier, record.line)
                if first != record.line:
                    problems.append(("id", f"{identifier!r} stands already on {table.place} {first}"))
        bad_rows.extend(BadRow(table.place, record.line, name, reason) for name, reason in problems)
        if row is not None and not problems:
            rows.append((record.line, row))
    return rows, bad_rows


def _check_row(form: Form, record: Record) -> tuple[RegisterRow | None, list[tuple[str, str]]]:
    if "" in record.fields:
        return None, [("", f"{len(record.fields[''])} more values than columns; quote texts that hold commas")]
    given = {name: value for name, value in record.fields.items() if value not in ("", None)}
    try:
        return form.row.model_validate(given), []
    except ValidationError as error:
        return None, [_problem(details, given) for details in error.errors()]


def _problem(details: Any, given: Mapping[str, Any]) -> tuple[str, str]:
    """Return field and reason of one of pydantic's errors, in our words."""
    name = str(details["loc"][0]) if details["loc"] else ""
    if details["type"] == "missing":
        return name, "is required"
    if details["type"] == "value_error":
        return name, str(details["ctx"]["error"])
    reason = details["msg"][0].lower() + details["msg"][1:]
    value = given.get(name)
    hint = ""
    if name == "lat" and isinstance(value, str | float | int) and _is_beyond_latitude(value):
        hint = "; are lon and lat swapped?"
    return name, f"{str(value)[:60]!r}: {reason}{hint}"


def _is_beyond_latitude(value: str | float) -> bool:
    try:
        return 90 < abs(float(value)) <= 180
    except ValueError:
        return False


def _check_references(form: Form, row: RegisterRow, present: Mapping[str, set[Any]]) -> list[tuple[str, str]]:
    found = []
    for reference in form.references:
        value = getattr(row, reference.field)
        if value is not None and value not in present[reference.field]:
            found.append((reference.field, f"{value!r} is no {reference.what} of the register; import it first"))
    return found
