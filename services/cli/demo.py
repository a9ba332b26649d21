"""`riqing demo`: the main job on one screen, made of the very commands that a user would type."""

import os
import shlex
import signal
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from services.cli.options import DEFAULT_DATA_DIR, StackDir
from services.domain.errors import NotFoundError, RiqingError
from services.domain.town import Town
from services.stack.environment import load_environment
from services.stack.state import StackFolder, StackState
from services.store.connection import connect
from services.store.plans import latest_published_date
from services.store.town import load_town

TOWN_NAME = "青石县"
IMPORT_ORDER = (
    ("roads", "roads.osm.pbf"),
    ("contractors", "contractors.csv"),
    ("zones", "zones.geojson"),
    ("landuse", "landuse.geojson"),
    ("facilities", "facilities.csv"),
    ("points", "points.csv"),
    ("vehicles", "vehicles.csv"),
    ("population", "population.csv"),
    ("history", "history.csv"),
)
PLAN_TIME_LIMIT_S = 4


class DemoStepError(RiqingError):
    """A command of the demo failed; it has said itself why."""


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(demo)


def demo(
    speed: Annotated[float, typer.Option(min=1, max=600, help="Town's seconds in a real one.")] = 60,
    seed: Annotated[int, typer.Option(help="Which simulated town and day.")] = 1,
    data_dir: StackDir = DEFAULT_DATA_DIR,
) -> None:
    """Watch a county town being cleared: stack, town, plan and a simulated fleet; Ctrl-C stops it all."""
    data_dir = data_dir.absolute()
    console = Console(highlight=False)
    # SIGINT too: a shell that starts us in the background has it ignored.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        _run_demo(data_dir, speed, seed, console)
    except KeyboardInterrupt:
        console.print("\nStopping …")
    finally:
        # A second Ctrl-C must not leave half of it behind.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        _riqing(data_dir, console, "down", check=False)


def _interrupt(number: int, frame: object) -> None:
    del number, frame
    raise KeyboardInterrupt


def _run_demo(data_dir: Path, speed: float, seed: int, console: Console) -> None:
    _riqing(data_dir, console, "up", "--detach")
    load_environment(data_dir)
    town = _prepare_town(data_dir, seed, console)
    day = _next_service_date(town).isoformat()
    _riqing(data_dir, console, "plan", day, "--time-limit", str(PLAN_TIME_LIMIT_S), "--publish")
    _print_sign_in(data_dir, console)
    _riqing(
        data_dir, console, "simulate", "--date", day, "--speed", f"{speed:g}", "--seed", str(seed), "--from-departure"
    )
    _riqing(data_dir, console, "report", day)
    _print_sign_in(data_dir, console)
    console.print("The day is over. Ctrl-C stops the stack; its data stay for the next `make demo`.")
    signal.pause()


def _prepare_town(data_dir: Path, seed: int, console: Console) -> Town:
    """Return the stack's town; an empty stack gets the simulated one, by the door that any town enters."""
    try:
        with connect() as connection:
            return load_town(connection)
    except NotFoundError:
        folder = data_dir / "town"
        _riqing(data_dir, console, "town", "generate", str(folder), "--seed", str(seed))
        for kind, name in IMPORT_ORDER:
            _riqing(data_dir, console, "import", kind, str(folder / name))
        # Last, so that a demo that was stopped half-way begins again with the imports.
        _riqing(data_dir, console, "town", "init", TOWN_NAME)
        with connect() as connection:
            return load_town(connection)


def _next_service_date(town: Town) -> date:
    """Return today, or the day after the last one that was planned and driven here."""
    today = town.service_date(datetime.now(UTC))
    with connect() as connection:
        driven = latest_published_date(connection)
    return today if driven is None or driven < today else driven + timedelta(days=1)


def _print_sign_in(data_dir: Path, console: Console) -> None:
    password = StackState.load(StackFolder(data_dir)).admin_password
    console.rule()
    console.print(f"Open [bold]{os.environ['RIQING_API_URL']}[/bold] and sign in as admin / {password}")
    console.rule()


def _riqing(data_dir: Path, console: Console, *arguments: str, check: bool = True) -> None:
    """Run one command of `riqing` on the demo's stack, shown as a person would type it.

    The command has a session of its own, so that a Ctrl-C reaches it once, through us, and it can end by itself.
    """
    console.print(f"[dim]$ riqing {shlex.join(arguments)}[/dim]", soft_wrap=True)
    command = [sys.executable, "-m", "services.cli", *arguments]
    environment = os.environ | {"RIQING_DATA_DIR": str(data_dir)}
    with subprocess.Popen(command, env=environment, start_new_session=True) as process:
        try:
            status = process.wait()
        except KeyboardInterrupt:
            process.send_signal(signal.SIGINT)
            process.wait()
            raise
    if check and status != 0:
        raise DemoStepError(f"`riqing {shlex.join(arguments)}` failed, so the demo ends here.")
