"""`riqing phases`: the dated life cycle of facilities from and to a table."""

import csv
from pathlib import Path
from typing import Annotated, cast

import typer
from rich.console import Console

from services.cli.importing import print_bad_rows
from services.cli.options import DEFAULT_DATA_DIR, DataDir
from services.domain.errors import RiqingError
from services.facilities.life_cycle import BEFORE_ALL
from services.facilities.life_cycle_service import note_phase
from services.registry.files import read_table
from services.registry.importing import PHASES, BadRow, BadRowsError, checked_rows
from services.registry.rows import PhaseRow
from services.store.audit import record_action
from services.store.connection import Connection, connect
from services.store.facility_phases import apply_phases, load_phases
from services.store.town import load_clock, load_town

WHO = "command line"
RENEWED = {"class": "toilet_class"} | {name: name for name in PhaseRow.renewable if name != "class_"}
"""The columns of what works bring, and the fields of the register that they are."""
COLUMNS = ("facility_id", "begins_on", "status", "replaced_by", "note", *RENEWED)


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    phases = typer.Typer(help="The dated life cycle of facilities.", no_args_is_help=True)
    phases.command("import")(import_phases)
    phases.command("export")(export_phases)
    app.add_typer(phases, name="phases")


def import_phases(
    file: Annotated[Path, typer.Argument(help=f"CSV: {', '.join(COLUMNS)}.")], data_dir: DataDir = DEFAULT_DATA_DIR
) -> None:
    """Note from when on facilities have which status; a file with bad rows changes nothing."""
    del data_dir  # its settings are in the environment by now
    try:
        with connect() as connection:
            count = _store(connection, file)
    except BadRowsError as error:
        print_bad_rows(error.bad_rows, Console(stderr=True, highlight=False))
        raise
    print(f"phases: {count} rows imported.")


def _store(connection: Connection, file: Path) -> int:
    table = read_table(file, {})
    numbered, bad_rows = checked_rows(connection, file, PHASES, table)
    rows = sorted(((line, cast(PhaseRow, row)) for line, row in numbered), key=lambda pair: pair[1].begins_on)
    for line, row in () if bad_rows else rows:
        try:
            note_phase(
                connection,
                row.facility_id,
                row.begins_on,
                row.status,
                WHO,
                note=row.note,
                replaced_by=row.replaced_by,
                renewed=row.renewed() or None,
            )
        except RiqingError as error:
            bad_rows.append(BadRow(table.place, line, "status", str(error)))
    if bad_rows:
        raise BadRowsError(file, bad_rows, len(table.records))
    now = load_clock(connection).now()
    apply_phases(connection, load_town(connection).service_date(now))
    record_action(connection, now, WHO, "phase", f"file {file.name}", {"rows": len(rows)})
    return len(rows)


def export_phases(
    file: Annotated[Path, typer.Argument(help="The CSV file to write.")], data_dir: DataDir = DEFAULT_DATA_DIR
) -> None:
    """Write the dated phases of all facilities; what was before the first of each is the register's."""
    del data_dir
    with connect() as connection:
        phases = [row for rows in load_phases(connection).values() for row in rows if row.begins_on != BEFORE_ALL]
    try:
        with file.open("w", encoding="utf-8-sig", newline="") as opened:
            writer = csv.writer(opened, lineterminator="\n")
            writer.writerow(COLUMNS)
            for row in phases:
                brought = [row.renewed.get(field) for field in RENEWED.values()]
                writer.writerow([row.facility_id, row.begins_on, row.status, row.replaced_by, row.note, *brought])
    except OSError as error:
        raise RiqingError(f"{file} cannot be written: {error.strerror}.") from error
    print(f"{file}: {len(phases)} phases.")
