"""A stack's supervisor: launching it, and talking to it over its XML-RPC socket."""

import http.client
import os
import resource
import socket
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.stack.errors import StackError
from services.stack.orphans import STACK_ID_VARIABLE
from services.stack.state import StackFolder

LAUNCHED_WITHIN_S = 30.0
WANTED_OPEN_FILES = 65_536
"""The usual 1,024 are too few for a broker with a fleet; the system's own limit holds where it is lower."""
CRASHES_TOLERATED = 3
END_WITH_PARENT = ("setpriv", "--pdeathsig", "TERM", "--")
"""Has the system end what follows when we are gone, however we went."""

UNREACHABLE = (OSError, http.client.HTTPException, xmlrpc.client.Error)


@dataclass(frozen=True, slots=True)
class ProcessState:
    """What the supervisor says of one process."""

    name: str
    state: str
    pid: int | None
    description: str


class _SocketConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket, reached through its open folder because socket paths may have 107 bytes only."""

    def __init__(self, folder: Path) -> None:
        super().__init__("localhost", timeout=60)
        self._folder = folder

    def connect(self) -> None:
        descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self.sock.settimeout(self.timeout)
            self.sock.connect(f"/proc/self/fd/{descriptor}/supervisor.sock")
        finally:
            os.close(descriptor)


class _SocketTransport(xmlrpc.client.Transport):
    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        connection = _SocketConnection(self._folder)
        self._connection = (host, connection)  # where `close` looks for it
        return connection


class Supervisor:
    """The supervisor of one data folder."""

    def __init__(self, folder: StackFolder) -> None:
        self._folder = folder
        self._attached: subprocess.Popen[bytes] | None = None

    def launch(self, stack_id: str, settings: Mapping[str, str], detach: bool) -> None:
        """Start the supervisor and return when it answers; undetached, it ends when we end, however we do.

        Raises:
            StackError: it does not start.

        """
        environment = {**os.environ, **settings, STACK_ID_VARIABLE: stack_id, "PYTHONUNBUFFERED": "1"}
        command = [sys.executable, "-m", "supervisor.supervisord", "--configuration", "run/supervisor.conf"]
        _raise_file_limit()
        with (self._folder.logs / "supervisor.out").open("wb") as output:
            surroundings = _surroundings(self._folder, environment, output)
            if detach:
                failed = subprocess.run(command, **surroundings, check=False).returncode != 0
            else:
                # A session of its own: Ctrl-C must reach us alone, so that we stop it in the right order.
                command = [*END_WITH_PARENT, *command, "--nodaemon"]
                self._attached = subprocess.Popen(command, **surroundings, start_new_session=True)
                failed = False
        deadline = time.monotonic() + LAUNCHED_WITHIN_S
        while failed or not self.is_running():
            failed = failed or (self._attached is not None and self._attached.poll() is not None)
            if failed or time.monotonic() > deadline:
                output_file = self._folder.logs / "supervisor.out"
                said = " ".join(output_file.read_text(errors="replace").split())
                raise StackError(f"The supervisor did not start: {said or 'it did not say why'} ({output_file})")
            time.sleep(0.05)

    def reap(self) -> None:
        """Take note of the end of a supervisor that we launched and that has ended."""
        if self._attached is not None:
            self._attached.wait()
            self._attached = None

    def _call(self, method: str, *arguments: Any) -> Any:
        with closing(_SocketTransport(self._folder.run)) as transport:
            proxy = xmlrpc.client.ServerProxy("http://localhost", transport=transport, allow_none=True)
            return getattr(proxy.supervisor, method)(*arguments)

    def is_running(self) -> bool:
        """Tell whether a supervisor answers."""
        try:
            self._call("getState")
        except UNREACHABLE:
            return False
        return True

    def start_group(self, name: str) -> None:
        """Start all processes of a group, without waiting for them.

        Raises:
            StackError: the supervisor was stopped meanwhile.

        """
        try:
            self._call("startProcessGroup", name, False)
        except UNREACHABLE as error:
            raise StackError(f"The stack was stopped while it was starting ({error}).") from error

    def shut_down(self) -> None:
        """Ask the supervisor to stop all processes, last started first, and itself."""
        try:
            self._call("shutdown")
        except UNREACHABLE:
            return  # it is going down already

    def processes(self) -> list[ProcessState]:
        """Return the state of all processes; none where no supervisor answers."""
        try:
            found = self._call("getAllProcessInfo")
        except UNREACHABLE:
            return []
        return [
            ProcessState(info["name"], info["statename"], info["pid"] or None, info["description"]) for info in found
        ]

    def keeps_crashing(self, name: str) -> bool:
        """Tell whether a process ended each time it was started, often enough to give up on it."""
        log = self._folder.logs / "supervisor.log"
        text = log.read_text(errors="replace") if log.exists() else ""
        this_run = text.rpartition("supervisord started with pid")[2]
        crashes = this_run.count(f"exited: {name} (")
        states = [process.state for process in self.processes() if process.name == name]
        return crashes >= CRASHES_TOLERATED and states == ["BACKOFF"]


def _surroundings(folder: StackFolder, environment: Mapping[str, str], output: Any) -> dict[str, Any]:
    return {
        "cwd": folder.folder,
        "env": environment,
        "stdin": subprocess.DEVNULL,
        "stdout": output,
        "stderr": subprocess.STDOUT,
    }


def _raise_file_limit() -> None:
    """Allow ourselves, and so what we start, as many open files as a fleet needs, or as the system lets us."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED_OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, WANTED_OPEN_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
