"""The command `riqing`: gathers the subjects' commands and turns every failure into one line."""

import importlib
import os
import pkgutil
import sys
import traceback
from typing import NoReturn

import typer

import services.cli
from services.domain.errors import RiqingError

app = typer.Typer(
    name="riqing",
    help="日清: plans, follows and proves a county town's daily refuse collection.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


INTERRUPTED = 130
"""The exit status of a command that was stopped with Ctrl-C."""

QUICK_COMMANDS = {"up": "stack", "down": "stack", "status": "stack", "migrate": "stack"}
"""Commands that people wait for, and the one module that each needs; the others' imports take a second."""


def gather_commands(asked_for: str) -> None:
    """Let every module of this package that has a `register(app)` add its commands."""
    names = [info.name for info in pkgutil.iter_modules(services.cli.__path__) if not info.name.startswith("_")]
    if asked_for in QUICK_COMMANDS:
        names = [QUICK_COMMANDS[asked_for]]
    for name in sorted(names):
        try:
            module = importlib.import_module(f"services.cli.{name}")
        except ImportError as error:
            print(f"riqing: the commands of {name} are missing: {error}", file=sys.stderr)
            continue
        if register := getattr(module, "register", None):
            register(app)


def main() -> None:
    """Run the command line; exit status 0 only on success, else one line on standard error."""
    try:
        gather_commands(sys.argv[1] if len(sys.argv) > 1 else "")
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
