"""Options that many commands share."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from services.domain.errors import InvalidRequestError
from services.stack.environment import DEFAULT_DATA_DIR, load_environment


def _load(data_dir: Path) -> Path:
    load_environment(data_dir)
    return data_dir


StackDir = Annotated[
    Path, typer.Option("--data-dir", envvar="RIQING_DATA_DIR", help="The stack's folder.", show_default=True)
]
"""The stack's folder, for commands that start or stop it."""

DataDir = Annotated[
    Path,
    typer.Option("--data-dir", envvar="RIQING_DATA_DIR", help="The stack's folder.", show_default=True, callback=_load),
]
"""The stack's folder, for commands that talk to it: its settings are in the environment when the command runs."""


def read_day(text: str | None) -> date | None:
    """Return a day as people write it, YYYY-MM-DD; none where none is given.

    Raises:
        InvalidRequestError: it is no date.

    """
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError as error:
        raise InvalidRequestError(f"{text!r} is not a date; write YYYY-MM-DD such as 2026-03-02.") from error


__all__ = ["DEFAULT_DATA_DIR", "DataDir", "StackDir", "read_day"]
