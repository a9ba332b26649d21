"""`riqing report`: the daily bulletin, on the terminal or as files."""

import json
import sys
import time
from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from services.clearance.bulletin import Bulletin
from services.cli.options import DEFAULT_DATA_DIR, DataDir
from services.domain.errors import InvalidRequestError, RiqingError
from services.domain.town import Town
from services.reports.fetch import fetch_bulletin
from services.reports.page import make_page
from services.reports.print_out import make_pdf
from services.reports.sections import heading, sections, standing
from services.reports.table import print_table
from services.reports.words import Language, Words
from services.reports.workbook import make_workbook
from services.store.connection import connect
from services.store.evidence import batches_to_examine, is_examined
from services.store.town import load_town

HEADWAY_WITHIN_S = 120.0
"""Clearance takes a round in a second or so, after a day of a large town in fast time in a minute."""
LOOK_AGAIN_S = 0.2

FORMATS = ("table", "json", "xlsx", "html", "pdf")


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("report")(report)


def report(
    day: Annotated[str, typer.Argument(metavar="DATE", help="The service day, YYYY-MM-DD.")],
    formats: Annotated[
        str, typer.Option("--format", help=f"One or more of {', '.join(FORMATS)}, separated by commas.")
    ] = "table",
    language: Annotated[Language, typer.Option(help="zh or en.")] = Language.ZH,
    output: Annotated[Path, typer.Option(help="The folder that files are written to.", file_okay=False)] = Path(),
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Draw up the daily bulletin: table and JSON on standard output, the other forms as files.

    With several forms JSON is a file too.
    """
    del data_dir  # its settings are in the environment by now
    wanted = _formats(formats)
    service_date = _date(day)
    _wait_for_clearance(service_date)
    with connect() as connection:
        town = load_town(connection)
        bulletin = fetch_bulletin(connection, service_date)
    for form in wanted:
        if form == "table":
            _print(bulletin, town, Words(language))
        elif form == "json" and len(wanted) == 1:
            sys.stdout.write(_json(bulletin))
        else:
            _write(output / f"riqing-{service_date}.{form}", _file(form, bulletin, town, Words(language)))


def _wait_for_clearance(day: date) -> None:
    """Wait until the readings of the day that are stored by now have been examined, while that makes headway."""
    with connect(autocommit=True) as connection:
        span = load_town(connection).service_day(day)
        waiting, give_up_s = batches_to_examine(connection, span), time.monotonic() + HEADWAY_WITHIN_S
        while waiting:
            left = waiting & batches_to_examine(connection, span)
            if left != waiting:
                waiting, give_up_s = left, time.monotonic() + HEADWAY_WITHIN_S
            elif time.monotonic() > give_up_s or not is_examined(connection):
                print(
                    f"{len(waiting)} batches of readings of {day} have not been examined, so the bulletin is not "
                    "final; does clearance run (riqing status)?",
                    file=sys.stderr,
                )
                return
            time.sleep(LOOK_AGAIN_S)


def _formats(text: str) -> list[str]:
    wanted = list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    unknown = [form for form in wanted if form not in FORMATS]
    if unknown or not wanted:
        raise InvalidRequestError(f"--format {text!r}: expected one or more of {', '.join(FORMATS)}.")
    return wanted


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InvalidRequestError(f"{text!r} is not a date; write YYYY-MM-DD such as 2026-03-02.") from error


def _print(bulletin: Bulletin, town: Town, words: Words) -> None:
    console = Console()
    if not console.is_terminal:
        # In a file or a pipe nobody wants columns cut at 80 characters.
        console = Console(width=240)
    parts = sections(bulletin, words, town.zone_info)
    print_table(console, heading(bulletin, words), standing(bulletin, words, town.zone_info), parts, words["nothing"])


def _json(bulletin: Bulletin) -> str:
    return json.dumps(bulletin.as_json(), ensure_ascii=False, indent=2) + "\n"


def _file(form: str, bulletin: Bulletin, town: Town, words: Words) -> bytes:
    if form == "json":
        return _json(bulletin).encode()
    title, line = heading(bulletin, words), standing(bulletin, words, town.zone_info)
    parts = sections(bulletin, words, town.zone_info)
    if form == "xlsx":
        return make_workbook(title, line, parts, words["nothing"])
    if form == "html":
        return make_page(title, line, parts, words).encode()
    return make_pdf(title, line, parts, words)


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise RiqingError(f"{path} cannot be written: {error.strerror}.") from error
    print(path, file=sys.stderr)
