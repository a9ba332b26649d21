"""`riqing town`: make an empty town, or write a simulated one."""

from datetime import datetime
from typing import Annotated

import typer

from services.cli.options import DEFAULT_DATA_DIR, DataDir
from services.cli.town_generate import town_generate
from services.domain.errors import InvalidRequestError
from services.domain.town import Town
from services.store.connection import connect
from services.store.town import create_town


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    town = typer.Typer(help="The town itself.", no_args_is_help=True)
    town.command("init")(town_init)
    town.command("generate")(town_generate)
    app.add_typer(town, name="town")


def town_init(
    name: Annotated[str, typer.Argument(help="The town's name; it is a part of every MQTT topic.")],
    timezone: Annotated[str, typer.Option(help="IANA name of its time zone.")] = "Asia/Shanghai",
    day_start: Annotated[str, typer.Option(help="When its service day begins, HH:MM.")] = "04:00",
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Make an empty town in this stack."""
    del data_dir  # its settings are in the environment by now
    try:
        starts_at = datetime.strptime(day_start, "%H:%M").time()  # noqa: DTZ007 — a time of day has no zone
    except ValueError as error:
        raise InvalidRequestError(f"--day-start {day_start!r} is not a time; write HH:MM such as 04:00.") from error
    with connect() as connection:
        created = create_town(connection, Town(name, timezone, starts_at))
    print(f"The town {name} is there{'' if created else ' already'}.")
