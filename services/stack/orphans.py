"""Finding and ending a stack's processes that outlived their supervisor, after somebody killed it."""

import os
import signal
import time
from collections.abc import Iterable
from pathlib import Path

from services.stack.state import StackFolder

STACK_ID_VARIABLE = "RIQING_STACK_ID"
END_WITHIN_S = 10.0


def find_orphans(folder: StackFolder, stack_id: str) -> list[int]:
    """Return the process ids of what runs for this stack, ourselves excepted.

    A process is the stack's when its environment bears the stack's mark. PostgreSQL writes its title over
    its environment, but it works in its data folder.
    """
    mark = f"{STACK_ID_VARIABLE}={stack_id}\0".encode()
    return [
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and int(entry.name) != os.getpid() and _belongs(entry, mark, folder.database)
    ]


def _belongs(process: Path, mark: bytes, database_folder: Path) -> bool:
    try:
        if mark in (process / "environ").read_bytes():
            return True
        return (process / "exe").readlink().name == "postgres" and (process / "cwd").readlink() == database_folder
    except OSError:  # it has ended meanwhile, or is another user's
        return False


def end_orphans(folder: StackFolder, stack_id: str, within_s: float = END_WITHIN_S) -> int:
    """End what runs for this stack, gently first; return how many processes that were."""
    orphans = find_orphans(folder, stack_id)
    # PostgreSQL waits for its clients when terminated, but not when interrupted.
    _signal(orphans, signal.SIGINT)
    _signal(orphans, signal.SIGTERM)
    deadline = time.monotonic() + within_s
    while (alive := find_orphans(folder, stack_id)) and time.monotonic() < deadline:
        time.sleep(0.1)
    _signal(alive, signal.SIGKILL)
    while find_orphans(folder, stack_id) and time.monotonic() < deadline + within_s:
        time.sleep(0.05)
    if not find_orphans(folder, stack_id):
        # No server of ours lives, so this can only name a process that has died or was another's.
        (folder.database / "postmaster.pid").unlink(missing_ok=True)
    return len(orphans)


def _signal(process_ids: Iterable[int], number: signal.Signals) -> None:
    for process_id in process_ids:
        try:
            os.kill(process_id, number)
        except ProcessLookupError:
            continue
