"""`riqing report`: the bulletin of a day, a week or a month, on the terminal or as files."""

import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from services.clearance.bulletin import Bulletin
from services.cli.options import DEFAULT_DATA_DIR, DataDir
from services.domain.errors import InvalidRequestError, RiqingError
from services.domain.period import Period
from services.domain.town import Town
from services.reports.fetch import fetch_bulletin, fetch_ground
from services.reports.forms import Form, make_form, name_of
from services.reports.paper import make_paper
from services.reports.table import print_table
from services.reports.words import Language, Words
from services.store.connection import connect
from services.store.evidence import batches_to_examine, is_examined
from services.store.town import load_town

HEADWAY_WITHIN_S = 120.0
"""Clearance takes a round in a second or so, after a day of a large town in fast time in a minute."""
LOOK_AGAIN_S = 0.2

TABLE = "table"
FORMATS = (TABLE, *(form.value for form in Form))


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("report")(report)


def report(
    period: Annotated[
        str, typer.Argument(metavar="DATE", help="A service day (2026-03-02), a week (2026-W10) or a month (2026-03).")
    ],
    formats: Annotated[
        str, typer.Option("--format", help=f"One or more of {', '.join(FORMATS)}, separated by commas.")
    ] = TABLE,
    languages: Annotated[str, typer.Option("--language", help="zh or en, or both with a comma.")] = Language.ZH,
    output: Annotated[Path, typer.Option(help="The folder that files are written to.", file_okay=False)] = Path(),
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Draw up a bulletin (日通报, 周通报, 月考核): table and JSON on standard output, the other forms as files.

    With several forms JSON is a file too; with both languages each file has its own.
    """
    del data_dir  # its settings are in the environment by now
    wanted, spoken, asked = _formats(formats), _languages(languages), Period.parse(period)
    _wait_for_clearance(asked)
    with Console(stderr=True).status(f"Drawing up {asked.name} …"), connect() as connection:
        town = load_town(connection)
        bulletin = fetch_bulletin(connection, asked)
        ground = fetch_ground(connection)
    for form in wanted:
        if form == TABLE:
            for language in spoken:
                _print(bulletin, town, Words(language))
        elif form == Form.JSON and len(wanted) == 1:
            sys.stdout.buffer.write(make_form(Form.JSON, bulletin, town.zone_info, ground, spoken[0]))
        else:
            for language in spoken[:1] if form == Form.JSON else spoken:
                name = name_of(asked, Form(form), language, several_languages=len(spoken) > 1)
                _write(output / name, make_form(Form(form), bulletin, town.zone_info, ground, language))


def _wait_for_clearance(period: Period) -> None:
    """Wait until the readings of the period that are stored by now have been examined, while that makes headway."""
    with connect(autocommit=True) as connection:
        span = period.span(load_town(connection))
        waiting, give_up_s = batches_to_examine(connection, span), time.monotonic() + HEADWAY_WITHIN_S
        while waiting:
            left = waiting & batches_to_examine(connection, span)
            if left != waiting:
                waiting, give_up_s = left, time.monotonic() + HEADWAY_WITHIN_S
            elif time.monotonic() > give_up_s or not is_examined(connection):
                print(
                    f"{len(waiting)} batches of readings of {period.name} have not been examined, so the bulletin is "
                    "not final; does clearance run (riqing status)?",
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


def _languages(text: str) -> list[Language]:
    wanted = list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if not wanted or any(name not in [*Language] for name in wanted):
        raise InvalidRequestError(f"--language {text!r}: expected zh, en, or zh,en.")
    return [Language(name) for name in wanted]


def _print(bulletin: Bulletin, town: Town, words: Words) -> None:
    console = Console()
    if not console.is_terminal:
        # In a file or a pipe nobody wants columns cut at 80 characters.
        console = Console(width=240)
    print_table(console, make_paper(bulletin, words, town.zone_info))


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise RiqingError(f"{path} cannot be written: {error.strerror}.") from error
    print(path, file=sys.stderr)
