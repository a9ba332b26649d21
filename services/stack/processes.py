"""The list of processes that make up a stack, and the files from which the supervisor starts them."""

import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from services.stack.errors import StackError
from services.stack.state import StackFolder


@dataclass(frozen=True, slots=True)
class Process:
    """One supervised process."""

    name: str
    command: tuple[str, ...]
    stop_signal: str = "TERM"
    stop_within_s: int = 10


def _service(name: str, module: str, *arguments: str) -> Process:
    return Process(name, (sys.executable, "-m", module, *arguments))


INGEST = _service("ingest", "services.ingest")

SERVICES = (
    _service("roads-truck", "services.roads.serve", "truck"),
    _service("roads-foot", "services.roads.serve", "foot"),
    INGEST,
    _service("broker-watch", "services.ingest.watch"),
    _service("planner", "services.routing.worker"),
    _service("clearance", "services.clearance.service"),
    _service("keeping", "services.keeping.service"),
    _service("reports", "services.reports.service"),
    _service("api", "services.api"),
)
"""Our own processes; all of them start once database and broker answer."""


def services_with(ingest_workers: int) -> tuple[Process, ...]:
    """Return all of our processes, with so many ingests: `ingest`, `ingest-2`, and so on."""
    more = [replace(INGEST, name=f"{INGEST.name}-{number}") for number in range(2, ingest_workers + 1)]
    at = SERVICES.index(INGEST) + 1
    return (*SERVICES[:at], *more, *SERVICES[at:])


def chosen_services(names: Sequence[str] | None, ingest_workers: int = 1) -> tuple[Process, ...]:
    """Return those of our processes that bear these names, all where there are none given.

    Raises:
        StackError: there is no process of such a name.

    """
    services = services_with(ingest_workers)
    if names is None:
        return services
    known = {service.name: service for service in services}
    for name in names:
        if name not in known:
            raise StackError(f"RIQING_PROCESSES names {name!r}, which is none of {', '.join(known)}.")
    return tuple(service for service in services if service.name in names)


SUPERVISOR_CONFIGURATION = """\
; Written by `riqing up`; all paths are relative to the data folder, where the supervisor runs.
[supervisord]
logfile=logs/supervisor.log
logfile_maxbytes=5MB
logfile_backups=2
pidfile=run/supervisor.pid
childlogdir=logs
strip_ansi=true
{user}
[unix_http_server]
; Not a relative path, which the supervisor would make absolute, because socket paths may have 107 bytes only.
file=/proc/self/cwd/run/supervisor.sock
chmod=0700

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
"""

PROGRAM_CONFIGURATION = """
[program:{name}]
command=run/start-{name}
autostart=false
autorestart=true
startsecs=1
startretries=1000
stopsignal={stop_signal}
stopwaitsecs={stop_within_s}
stopasgroup={as_group}
killasgroup=true
redirect_stderr=true
stdout_logfile=logs/{name}.log
stdout_logfile_maxbytes=10MB
stdout_logfile_backups=3
"""

GROUP_CONFIGURATION = """
[group:{name}]
programs={programs}
priority={priority}
"""

SERVERS_GROUP = "servers"
SERVICES_GROUP = "services"


def heartbeat_file(folder: StackFolder, name: str) -> Path:
    """Return the file that a process touches to show that it is alive."""
    return folder.run / f"{name}.heartbeat"


def _start_script(folder: StackFolder, process: Process) -> str:
    heartbeat = shlex.quote(str(heartbeat_file(folder, process.name)))
    return (
        f"#!/bin/sh\nrm -f {heartbeat}\nexport RIQING_HEARTBEAT_FILE={heartbeat}\nexec {shlex.join(process.command)}\n"
    )


def _program_configuration(process: Process, *, own: bool) -> str:
    """Return a process's part; our own may have children, which stop with them, while PostgreSQL sees to its own."""
    return PROGRAM_CONFIGURATION.format(
        name=process.name,
        stop_signal=process.stop_signal,
        stop_within_s=process.stop_within_s,
        as_group="true" if own else "false",
    )


def write_supervisor_files(
    folder: StackFolder, servers: Sequence[Process], services: Sequence[Process], *, as_root: bool
) -> Path:
    """Write the supervisor's configuration and a start script for each process; return the configuration.

    The scripts keep paths out of the configuration, whose syntax would take some characters for its own,
    and show a person how each process is started.
    """
    for process in (*servers, *services):
        script = folder.run / f"start-{process.name}"
        script.write_text(_start_script(folder, process), encoding="utf-8")
        script.chmod(0o700)
    parts = [SUPERVISOR_CONFIGURATION.format(user="user=root\n" if as_root else "")]
    parts += [_program_configuration(process, own=False) for process in servers]
    parts += [_program_configuration(process, own=True) for process in services]
    groups = ((SERVERS_GROUP, servers, 100), (SERVICES_GROUP, services, 900))
    for name, members, priority in groups:
        if members:
            programs = ",".join(process.name for process in members)
            parts.append(GROUP_CONFIGURATION.format(name=name, programs=programs, priority=priority))
    configuration = folder.run / "supervisor.conf"
    configuration.write_text("".join(parts), encoding="utf-8")
    return configuration
