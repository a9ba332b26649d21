"""`riqing import`: bring roads and the register in from files."""

from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, track

from services.cli.options import DEFAULT_DATA_DIR, DataDir
from services.registry.files import Record, read_mapping
from services.registry.importing import BadRow, BadRowsError, RegisterKind, import_file
from services.roads.build import BuildStep, build_roads
from services.roads.settings import RoadsSettings
from services.store.connection import connect
from services.store.registry import load_facilities, load_points


class ImportKind(StrEnum):
    """What can be imported."""

    ROADS = "roads"
    CONTRACTORS = "contractors"
    ZONES = "zones"
    LANDUSE = "landuse"
    FACILITIES = "facilities"
    POINTS = "points"
    VEHICLES = "vehicles"
    POPULATION = "population"
    HISTORY = "history"


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("import")(import_command)


def import_command(
    kind: Annotated[ImportKind, typer.Argument(help="What the file holds.")],
    file: Annotated[Path, typer.Argument(help="An .osm.pbf for roads (or landuse), else CSV in UTF-8 or GeoJSON.")],
    mapping: Annotated[Path | None, typer.Option(help='TOML that names your headers, such as "编号" = "id".')] = None,
    skip_bad_rows: Annotated[bool, typer.Option("--skip-bad-rows", help="Import the good rows all the same.")] = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Bring a file in: what is there already is updated; a file with bad rows changes nothing."""
    del data_dir  # its settings are in the environment by now
    console = Console(stderr=True, highlight=False)
    if kind is ImportKind.ROADS:
        import_roads(file, console)
        return
    try:
        import_register_file(RegisterKind(kind), file, mapping, skip_bad_rows=skip_bad_rows, console=console)
    except BadRowsError as error:
        print_bad_rows(error.bad_rows, console)
        raise


def import_roads(file: Path, console: Console) -> None:
    """Build the road datasets from an `.osm.pbf` and say how many streets there are."""
    with connect() as connection:
        places = [point.position for point in load_points(connection)]
        places += [facility.position for facility in load_facilities(connection)]
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("Building roads", total=1.0)

        def show(step: BuildStep) -> None:
            progress.update(task, description=step.label, completed=step.done_ratio)

        built = build_roads(file, RoadsSettings().directory, places=places, on_progress=show)
    west, south, east, north = built.bounds
    print(
        f"roads: {built.street_count} streets ({built.truck_street_count} for trucks) from {west:.4f}, {south:.4f} "
        f"to {east:.4f}, {north:.4f} {'are there already' if built.unchanged else 'imported'}."
    )


def import_register_file(
    kind: RegisterKind, file: Path, mapping: Path | None = None, *, skip_bad_rows: bool = False, console: Console
) -> None:
    """Import one file with a progress bar and say what came of it."""

    def with_progress(records: Iterable[Record]) -> Iterable[Record]:
        # Where nobody watches, a bar would leave an empty line among the errors.
        hidden = not console.is_terminal
        return track(list(records), f"Checking {kind}", console=console, transient=True, disable=hidden)

    with connect() as connection:
        result = import_file(
            connection,
            kind,
            file,
            mapping=read_mapping(mapping) if mapping else None,
            skip_bad_rows=skip_bad_rows,
            progress=with_progress,
        )
    print_bad_rows(result.bad_rows, console)
    for column in result.unknown_columns:
        console.print(f"Column {column!r} says nothing to us and was left out.", markup=False)
    left_out = f", {len({bad.line for bad in result.bad_rows})} bad rows left out" if result.bad_rows else ""
    print(f"{kind}: {result.stored} rows imported{left_out}.")


def print_bad_rows(bad_rows: list[BadRow], console: Console) -> None:
    """Print what is wrong with rows, a line each."""
    for bad in bad_rows:
        console.print(str(bad), markup=False, soft_wrap=True)
