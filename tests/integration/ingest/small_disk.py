"""A disk that is soon full, for one server of a stack: a tmpfs of some megabytes that only this server sees.

Mounting needs no right of the system's: the mount lives in a user namespace of our own, in which the server is
started again and again by the supervisor, like before.
"""

import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from services.stack.supervision import Supervisor
from tests.conftest import RunningStack

NAMESPACE = ("unshare", "--user", "--map-current-user", "--keep-caps", "--mount", "--")
FILLER = "filler"


class SmallDisk:
    """The disk of one server's folder."""

    def __init__(self, holder: subprocess.Popen[str], folder: Path) -> None:
        self._holder = holder
        self._folder = folder

    @property
    def entrance(self) -> list[str]:
        """The command that runs what follows where the disk is mounted, in the working folder it was started in."""
        enter = ["nsenter", f"--target={self._holder.pid}", "--user", "--mount", "--preserve-credentials", "--"]
        return [*enter, "sh", "-c", 'cd "$1" && shift && exec "$@"', "sh"]

    @property
    def folder(self) -> Path:
        """The disk, as who is not in the server's namespace can ask about it."""
        return Path(f"/proc/{self._holder.pid}/root{self._folder}")

    def _run(self, command: str) -> None:
        subprocess.run([*self.entrance, self._folder, "sh", "-c", command], check=True, capture_output=True)

    def fill(self) -> None:
        """Write until nothing more can be written."""
        self._run(f"cat /dev/zero > {FILLER} || true")

    def make_room(self) -> None:
        """Take away again what filled it."""
        self._run(f"rm {FILLER}")


@contextmanager
def small_disk(servers: RunningStack, process: str, folder: Path, size_mb: int) -> Iterator[SmallDisk]:
    """Move a server's folder to a small disk for as long as the block lasts; what it has written there is gone then."""
    supervisor = Supervisor(servers.stack.folder)
    supervisor._call("stopProcess", f"servers:{process}")
    place = shlex.quote(str(folder))
    steps = (
        f"mount -t tmpfs -o size={size_mb}m,mode=700 riqing /mnt",
        f"cp -a {place}/. /mnt/",
        f"mount --bind /mnt {place}",
        "echo ready",
        "exec sleep 600",
    )
    holder = subprocess.Popen(
        [*NAMESPACE, "sh", "-c", " && ".join(steps)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert holder.stdout is not None
    try:
        answer = holder.stdout.readline().strip()
        if answer != "ready":
            pytest.skip(f"This machine lets nobody mount a small disk of his own: {answer}")
        disk = SmallDisk(holder, folder)
        script = servers.data_dir / "run" / f"start-{process}"
        usual = script.read_text()
        entrance = f"{shlex.join(disk.entrance)} {shlex.quote(str(servers.data_dir))}"
        script.write_text(usual.replace("exec ", f"exec {entrance} ", 1))
        supervisor._call("startProcess", f"servers:{process}")
        yield disk
        supervisor._call("stopProcess", f"servers:{process}")
        script.write_text(usual)
        supervisor._call("startProcess", f"servers:{process}")
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()
