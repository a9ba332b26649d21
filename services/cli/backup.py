"""`riqing backup` and `riqing restore`: database, broker's accounts and queue, together."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from services.cli.options import DEFAULT_DATA_DIR, StackDir
from services.keeping.backup import Source, make_backup
from services.keeping.manifest import Manifest, Tell
from services.keeping.restore import SECRETS, RestoreRequest, restore_backup
from services.stack.lifecycle import Stack


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command("backup")(backup_command)
    app.command("restore")(restore_command)


def backup_command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that does not exist yet.")],
    data_dir: StackDir = DEFAULT_DATA_DIR,
) -> None:
    """Back up the town while it runs: database, the devices' credentials, and what waits in the broker's queue."""
    stack = Stack(data_dir)
    state = stack.remembered()
    pids = {process.name: process.pid for process in stack.status().processes}
    source = Source(
        database_url=state.database_url,
        broker_dir=stack.folder.broker if state.own_broker else None,
        broker_pid=pids.get("mosquitto"),
        certificates_dir=stack.folder.certificates,
        secrets={name: getattr(state, name) for name in SECRETS},
    )
    with _progress() as tell:
        manifest = make_backup(source, folder.absolute(), tell)
    _print(manifest, f"Backed up to {folder.absolute()}")
    if not state.own_broker:
        print("The broker is not this stack's own: its accounts and queue are not in the backup.")


def restore_command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="What `riqing backup` made.")],
    replace: Annotated[bool, typer.Option("--replace", help="Put it in the place of the town that is there.")] = False,
    data_dir: StackDir = DEFAULT_DATA_DIR,
) -> None:
    """Restore a backup into a stack that does not run, in a new folder or over an empty town."""
    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    with _progress() as tell:
        request = RestoreRequest(folder.absolute(), replace)
        manifest = restore_backup(Stack(data_dir), request, console.print, tell)
    _print(manifest, f"Restored to {data_dir.absolute()}; start it with `riqing up`")


def _print(manifest: Manifest, sentence: str) -> None:
    size_mb = sum(entry.bytes for entry in manifest.files) / 1e6
    print(f"{sentence}: town {manifest.town}, of {manifest.made_at}, {size_mb:.1f} MB.")
    print(", ".join(f"{count} {table}" for table, count in manifest.rows.items() if count))


@contextmanager
def _progress() -> Iterator[Tell]:
    """Show a bar for each step, on standard error."""
    columns = (TextColumn("{task.description:<20}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True)) as progress:
        tasks: dict[str, TaskID] = {}

        def tell(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = progress.add_task(step, total=total)
            progress.update(tasks[step], completed=done, total=total)

        yield tell
