"""Starting and stopping a stack: servers first, then the schema, then our own processes."""

import fcntl
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from services.broker.session import why_silent as why_broker_is_silent
from services.stack import database
from services.stack.environment import given_settings, stack_settings, write_environment
from services.stack.errors import AlreadyRunningError, StackError
from services.stack.health import StackStatus, stack_status
from services.stack.orphans import end_orphans, find_orphans
from services.stack.ports import choose_ports
from services.stack.processes import (
    SERVERS_GROUP,
    SERVICES,
    SERVICES_GROUP,
    Process,
    write_supervisor_files,
)
from services.stack.provision import ROADS, provision
from services.stack.servers import SERVICE_USERNAME, prepare_servers
from services.stack.state import StackFolder, StackState
from services.stack.supervision import Supervisor
from services.stack.tools import Tools

ANSWERS_WITHIN_S = 60.0
"""How long a server may take to answer; PostgreSQL replays its log first when it was killed."""
STRANGER_ANSWERS_WITHIN_S = 5.0
"""The same for a server that is not ours, which should be up already."""
HEALTHY_WITHIN_S = 120.0
STOPPED_WITHIN_S = 60.0

Say = Callable[[str], None]
PrepareDatabase = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class StartRequest:
    """What a stack is to be started with."""

    ports: Mapping[str, int | None] = field(default_factory=dict)
    """By the names in `services.stack.ports`; None where the last one or any free one will do."""
    detach: bool = False
    """Whether the stack outlives the process that starts it."""
    services: tuple[Process, ...] = SERVICES
    database_settings: tuple[str, ...] = ()
    """Further `name=value` settings for our own PostgreSQL; tests give up durability for speed."""


class Stack:
    """The stack of one data folder, whether it runs or not."""

    def __init__(self, data_dir: Path) -> None:
        self.folder = StackFolder(data_dir.absolute())
        self._supervisor = Supervisor(self.folder)

    def start(self, request: StartRequest, prepare_database: PrepareDatabase, say: Say) -> StackStatus:
        """Start the stack and return when all of it works; on failure or interruption nothing is left running.

        Args:
            request: what to start.
            prepare_database: brings the schema of the database at the given address up to date.
            say: is told each step.

        Raises:
            AlreadyRunningError: it runs already.
            RiqingError: it cannot be started or did not become healthy.

        """
        self.folder.create()
        with self._held():
            if self._supervisor.is_running():
                raise AlreadyRunningError(self.folder.folder)
            state = StackState.load(self.folder)
            if find_orphans(self.folder, state.stack_id):
                say("Ending what an earlier stack of this folder left running")
                end_orphans(self.folder, state.stack_id)
            try:
                return self._start_held(request, state, prepare_database, say)
            except BaseException:
                self.stop(lambda _: None)
                raise

    def stop(self, say: Say) -> bool:
        """Stop the stack and whatever is left of it; return whether anything ran.

        Raises:
            StackError: something of it cannot be ended.

        """
        if not self.folder.state_file.exists():
            return False
        state = StackState.load(self.folder)
        running = bool(find_orphans(self.folder, state.stack_id))
        if self._supervisor.is_running():
            say("Stopping the stack")
            self._supervisor.shut_down()
            deadline = time.monotonic() + STOPPED_WITHIN_S
            while find_orphans(self.folder, state.stack_id) and time.monotonic() < deadline:
                time.sleep(0.1)
        end_orphans(self.folder, state.stack_id)
        self._supervisor.reap()
        if left := find_orphans(self.folder, state.stack_id):
            raise StackError(f"These processes of the stack cannot be ended: {', '.join(map(str, left))}.")
        return running

    def is_running(self) -> bool:
        """Tell whether the stack's supervisor runs, whatever the state of its processes."""
        return self._supervisor.is_running()

    def status(self) -> StackStatus:
        """Return how the stack is.

        Raises:
            StackError: there has never been one in this folder.

        """
        return stack_status(self.folder, self.remembered())

    def remembered(self) -> StackState:
        """Return the ports, addresses and secrets of the stack.

        Raises:
            StackError: there has never been one in this folder.

        """
        if not self.folder.state_file.exists():
            raise StackError(
                f"There is no stack in {self.folder.folder}: start one with `riqing up`, or name it with --data-dir."
            )
        return StackState.load(self.folder)

    @contextmanager
    def _held(self) -> Iterator[None]:
        """Let one `up` at a time work on the folder; the system frees it even when its holder is killed."""
        with (self.folder.run / "up.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise StackError(
                    f"Another `riqing up` is starting the stack in {self.folder.folder}: wait for it."
                ) from None
            yield

    def _start_held(
        self, request: StartRequest, state: StackState, prepare_database: PrepareDatabase, say: Say
    ) -> StackStatus:
        tools, given = Tools.here(), given_settings()
        _choose_addresses(state, request, given)
        state.save(self.folder)
        settings = stack_settings(self.folder, state, given)
        if request.services:
            provision(ROADS, tools, say)
        servers = prepare_servers(self.folder, state, tools, request.database_settings, say)
        write_supervisor_files(self.folder, servers, request.services, as_root=os.geteuid() == 0)
        self._supervisor.launch(state.stack_id, settings | {"RIQING_TOOLS_DIR": str(tools.folder)}, request.detach)
        if servers:
            say(f"Starting {' and '.join(server.name for server in servers)}")
            self._supervisor.start_group(SERVERS_GROUP)
        self._wait_for_servers(state)
        say("Bringing the schema up to date")
        prepare_database(state.database_url)
        write_environment(self.folder, settings)
        if request.services:
            say(f"Starting {', '.join(service.name for service in request.services)}")
            self._supervisor.start_group(SERVICES_GROUP)
        return self._wait_until_healthy(state)

    def _wait_for_servers(self, state: StackState) -> None:
        if state.own_database:
            port, password = state.ports["database"], state.superuser_password
            superuser_url = database.database_url(port, password, role=database.SUPERUSER_NAME, name="postgres")
            self._wait_for("postgres", lambda: database.why_silent(superuser_url), ANSWERS_WITHIN_S)
            database.create_database(superuser_url, state.database_password)
        within_s = ANSWERS_WITHIN_S if state.own_database else STRANGER_ANSWERS_WITHIN_S
        self._wait_for("The database", lambda: database.why_silent(state.database_url), within_s)
        within_s = ANSWERS_WITHIN_S if state.own_broker else STRANGER_ANSWERS_WITHIN_S
        self._wait_for("mosquitto", lambda: why_broker_is_silent(state.mqtt_url), within_s)

    def _wait_for(self, name: str, why_silent: Callable[[], str | None], within_s: float) -> None:
        """Return when a server answers.

        Raises:
            StackError: it did not in time or keeps crashing, with its own last words.

        """
        deadline = time.monotonic() + within_s
        while (reason := why_silent()) is not None:
            if not self._supervisor.is_running():
                raise StackError("The stack was stopped while it was starting.")
            if time.monotonic() > deadline or self._supervisor.keeps_crashing(name):
                last_words = self._last_words(name)
                raise StackError(f"{name} does not answer: {reason} {last_words}".strip())
            time.sleep(0.05)

    def _last_words(self, name: str) -> str:
        log = self.folder.logs / f"{name}.log"
        if not log.exists():
            return ""
        lines = log.read_text(errors="replace").splitlines()
        return f"It said: {lines[-1]} ({log})" if lines else f"See {log}."

    def _wait_until_healthy(self, state: StackState) -> StackStatus:
        deadline = time.monotonic() + HEALTHY_WITHIN_S
        while not (status := stack_status(self.folder, state)).healthy:
            if not self._supervisor.is_running():
                raise StackError("The stack was stopped while it was starting.")
            sick = [process.name for process in status.processes if not process.healthy]
            if time.monotonic() > deadline or any(map(self._supervisor.keeps_crashing, sick)):
                words = " ".join(f"{name}: {self._last_words(name)}" for name in sick)
                raise StackError(f"Not everything became healthy. {words}")
            time.sleep(0.2)
        return status


def _choose_addresses(state: StackState, request: StartRequest, given: Mapping[str, str]) -> None:
    """Choose ports and addresses, and whether database and broker are our own or were named to us."""
    state.ports = choose_ports(request.ports, state.ports)
    named_database, named_broker = given.get("DATABASE_URL", ""), given.get("MQTT_URL", "")
    # A shell may carry our own addresses from an earlier start; our passwords tell them from a stranger's.
    state.own_database = not named_database or state.database_password in named_database
    state.own_broker = not named_broker or state.broker_password in named_broker
    own_database_url = database.database_url(state.ports["database"], state.database_password)
    own_mqtt_url = f"mqtt://{SERVICE_USERNAME}:{state.broker_password}@127.0.0.1:{state.ports['mqtt']}"
    state.database_url = own_database_url if state.own_database else named_database
    state.mqtt_url = own_mqtt_url if state.own_broker else named_broker
