"""The commands of `riqing`: gathers the subjects' commands and turns every failure into one line."""

import importlib
import os
import pkgutil
import sys
import traceback
from typing import NoReturn

import typer

import services.cli
from services.cli.main import INTERRUPTED
from services.domain.errors import RiqingError

app = typer.Typer(
    name="riqing",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def riqing() -> None:
    """日清: plans, follows and proves a county town's daily refuse collection."""


MODULES = {
    "up": ("stack",),
    "down": ("stack",),
    "status": ("stack",),
    "migrate": ("stack",),
    "demo": ("demo",),
    "import": ("importing",),
    "plan": ("plan",),
    "simulate": ("simulate",),
    "report": ("report",),
    "site": ("siting",),
    "coverage": ("coverage",),
    "phases": ("phases",),
    "facilities": ("facilities",),
    "scenario": ("scenario",),
    "alarm": ("alarm",),
}
"""The modules that a command needs where it does not need all, whose imports take a second or two."""


def gather_commands(asked_for: str) -> None:
    """Let every module of this package that has a `register(app)` add its commands."""
    every = [info.name for info in pkgutil.iter_modules(services.cli.__path__) if info.name not in ("__main__", "main")]
    for name in MODULES.get(asked_for, sorted(every)):
        module = importlib.import_module(f"services.cli.{name}")
        if register := getattr(module, "register", None):
            register(app)


def run() -> NoReturn:
    """Run the command line; exit status 0 only on success, else one line on standard error."""
    try:
        status = app(standalone_mode=False)
        if status == INTERRUPTED:
            _fail("Stopped.", status)
        sys.exit(status if isinstance(status, int) else 0)
    except (KeyboardInterrupt, typer.Abort):
        _fail("Stopped.", INTERRUPTED)
    except typer.TyperException as error:
        _fail(error.format_message(), status=error.exit_code)
    except RiqingError as error:
        _fail(str(error))
    except Exception as error:  # the last resort: a person gets a sentence, not a traceback
        if os.environ.get("RIQING_TRACEBACK"):
            traceback.print_exc()
        _fail(f"{type(error).__name__}: {error} (RIQING_TRACEBACK=1 shows where)")


def _fail(text: str, status: int = 1) -> NoReturn:
    if one_line := " ".join(text.split()):
        print(f"riqing: {one_line}", file=sys.stderr)
    sys.exit(status)
