"""Options that many commands share."""

from pathlib import Path
from typing import Annotated

import typer

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

__all__ = ["DEFAULT_DATA_DIR", "DataDir", "StackDir"]
