"""`riqing up`, `down` and `status`: the local stack."""

import json
import signal
import sys
import time
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from services.cli.options import DEFAULT_DATA_DIR, DataDir, StackDir
from services.stack.errors import AlreadyRunningError
from services.stack.health import StackStatus
from services.stack.lifecycle import Stack, StartRequest
from services.stack.processes import chosen_services
from services.stack.settings import StackSettings
from services.store.migrate import migrate
from services.store.settings import DatabaseSettings

WATCH_EVERY_S = 1.0

Port = Annotated[int | None, typer.Option(min=1, max=65535, show_default="the last one, or a free one")]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command()(up)
    app.command()(down)
    app.command()(status)
    app.command("migrate")(bring_schema_up_to_date)


def up(
    data_dir: StackDir = DEFAULT_DATA_DIR,
    api_port: Port = None,
    mqtt_port: Port = None,
    mqtts_port: Port = None,
    db_port: Port = None,
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Return when all is up.")] = False,
) -> None:
    """Start the local stack: database, broker, ingest, planner, clearance, roads and API, without simulation."""
    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    ports = {"api": api_port, "mqtt": mqtt_port, "mqtts": mqtts_port, "database": db_port}
    settings = StackSettings()
    services = chosen_services(settings.processes, settings.ingest_workers)
    stack = Stack(data_dir)
    # SIGINT too: a shell that starts us in the background has it ignored.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        started = stack.start(StartRequest(ports, detach, services), migrate, console.print)
    except AlreadyRunningError:
        if not (detach and (running := stack.status()).healthy and not any(ports.values())):
            raise
        started = running
    if detach:
        _print_sign_in(stack, started)
    else:
        _watch_until_interrupted(stack, started, console)


def _interrupt(number: int, frame: object) -> None:
    del number, frame
    raise KeyboardInterrupt


def _print_sign_in(stack: Stack, started: StackStatus) -> None:
    password = stack.remembered().admin_password
    print(f"Page and API  {started.api}", f"Sign-in       admin / {password}", sep="\n")
    print(f"MQTT broker   {started.mqtt}", f"Database      {started.database}", sep="\n", flush=True)


def _watch_until_interrupted(stack: Stack, started: StackStatus, console: Console) -> None:
    """Wait for Ctrl-C or for the stack to be stopped from elsewhere, then stop all that is left."""
    try:
        _print_sign_in(stack, started)
        console.print("Ctrl-C stops the stack.")
        while stack.is_running():
            time.sleep(WATCH_EVERY_S)
    except KeyboardInterrupt:
        pass
    finally:
        # A second Ctrl-C must not leave half of it behind.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        stack.stop(console.print)


def down(data_dir: StackDir = DEFAULT_DATA_DIR) -> None:
    """Stop the local stack; its data stay."""
    if not Stack(data_dir).stop(Console(stderr=True, highlight=False, markup=False, soft_wrap=True).print):
        print(f"No stack runs in {data_dir.absolute()}.")


def status(
    data_dir: StackDir = DEFAULT_DATA_DIR,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Show how the local stack is; exit status 0 only when all of it is healthy."""
    found = Stack(data_dir).status()
    if as_json:
        print(json.dumps(found.as_json(), ensure_ascii=False))
    else:
        _print_status(found)
    sys.exit(0 if found.healthy else 1)


def _print_status(found: StackStatus) -> None:
    if not found.processes:
        print("The stack is not running: start it with `riqing up`.")
        return
    table = Table("process", "pid", "state")
    for process in found.processes:
        table.add_row(process.name, str(process.pid or ""), process.state, style="" if process.healthy else "red")
    Console().print(table)
    print(f"Page and API {found.api}, MQTT {found.mqtt}, database {found.database}")


def bring_schema_up_to_date(data_dir: DataDir = DEFAULT_DATA_DIR) -> None:
    """Bring the schema of the database up to date; `up` does so by itself, on servers of your own do it first."""
    del data_dir  # its settings are in the environment by now
    count = migrate(DatabaseSettings().url)
    print(f"{count} migrations applied." if count else "The schema is up to date.")
