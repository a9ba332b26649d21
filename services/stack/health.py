"""Whether a stack and each of its processes work, asked of the processes themselves."""

import socket
import urllib.error
import urllib.request
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

from services import heartbeat
from services.stack import database
from services.stack.processes import heartbeat_file
from services.stack.state import StackFolder, StackState
from services.stack.supervision import ProcessState, Supervisor


@dataclass(frozen=True, slots=True)
class ProcessHealth:
    """A process as `riqing status` shows it."""

    name: str
    pid: int | None
    healthy: bool
    state: str
    """The supervisor's word, or why the process is not healthy."""


@dataclass(frozen=True, slots=True)
class StackStatus:
    """A stack as `riqing status` shows it; the addresses carry no secrets."""

    api: str
    mqtt: str
    database: str
    processes: list[ProcessHealth]
    reachable: dict[str, bool]
    """Whether the database and the broker answer, which need not be processes of ours."""

    @property
    def healthy(self) -> bool:
        """Whether everything works."""
        return bool(self.processes) and all(p.healthy for p in self.processes) and all(self.reachable.values())

    def as_json(self) -> dict[str, Any]:
        """Return what `riqing status --json` prints."""
        return {
            "api": self.api,
            "mqtt": self.mqtt,
            "database": self.database,
            "healthy": self.healthy,
            "processes": [asdict(process) for process in self.processes],
        }


def without_secrets(url: str) -> str:
    """Return an address without its user and password."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def api_url(state: StackState) -> str:
    """Return the address of the page and the API."""
    return f"http://127.0.0.1:{state.ports['api']}"


def _is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=5) as response:  # noqa: S310 - our own http address
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def _accepts_connections(url: str, default_port: int) -> bool:
    parts = urlsplit(url)
    try:
        with socket.create_connection((parts.hostname or "127.0.0.1", parts.port or default_port), timeout=5):
            return True
    except OSError:
        return False


def _judge(process: ProcessState, folder: StackFolder, state: StackState, reachable: dict[str, bool]) -> ProcessHealth:
    complaint = ""
    beats = heartbeat_file(folder, process.name)
    if process.state != "RUNNING":
        complaint = f"{process.state.lower()}: {process.description}" if process.description else process.state.lower()
    elif (process.name == "postgres" and not reachable["database"]) or (
        process.name == "mosquitto" and not reachable["broker"]
    ):
        complaint = "running, but gives no answer"
    elif process.name == "api" and not _is_ready(api_url(state)):
        complaint = "running, but not ready"
    elif beats.exists() and not heartbeat.is_alive(beats):
        complaint = "running, but shows no sign of life"
    return ProcessHealth(process.name, process.pid, not complaint, complaint or "running")


def stack_status(folder: StackFolder, state: StackState) -> StackStatus:
    """Ask a stack how it is; one that does not run has no processes."""
    processes = Supervisor(folder).processes()
    reachable = {
        "database": bool(processes) and database.why_silent(state.database_url) is None,
        "broker": bool(processes) and _accepts_connections(state.mqtt_url, 1883),
    }
    return StackStatus(
        api=api_url(state),
        mqtt=without_secrets(state.mqtt_url),
        database=without_secrets(state.database_url),
        processes=[_judge(process, folder, state, reachable) for process in processes],
        reachable=reachable,
    )
