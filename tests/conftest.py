"""The real servers that tests run against: one database and broker for all, and the whole stack where asked for."""

import os
import secrets
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from services.stack import database
from services.stack.environment import load_environment
from services.stack.errors import ProvisionError
from services.stack.lifecycle import Stack, StartRequest
from services.stack.provision import BROKER, SERVERS, provision, provision_browser
from services.stack.state import StackState
from services.stack.tools import Tools
from services.store.migrate import migrate

TEMPLATE = "riqing_template"
NOT_DURABLE = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")
"""What a test database gives up for speed; nothing that a process or a query can notice."""


@dataclass(frozen=True, slots=True)
class RunningStack:
    """A stack of processes that tests talk to."""

    stack: Stack
    state: StackState

    @property
    def data_dir(self) -> Path:
        """Its data folder."""
        return self.stack.folder.folder

    @property
    def database_url(self) -> str:
        """Its database, as the services come to it."""
        return self.state.database_url

    @property
    def mqtt_url(self) -> str:
        """Its broker, with the services' account."""
        return self.state.mqtt_url

    @property
    def api_url(self) -> str:
        """Its API, where it has one."""
        return f"http://127.0.0.1:{self.state.ports['api']}"

    @property
    def admin_password(self) -> str:
        """The password of the sign-in `admin`."""
        return self.state.admin_password


def pytest_report_header() -> list[str]:
    """Name the servers that the tests run on."""
    tools = Tools.here()
    try:
        postgres = _first_line([str(tools.postgres_program("postgres")), "--version"])
        mosquitto = _first_line([str(tools.mosquitto()), "-h"])
    except ProvisionError:
        return ["servers: fetched when a test first needs them"]
    control = next(iter((tools.folder / "servers/usr/share/postgresql").glob("*/extension/timescaledb.control")))
    timescale = control.read_text().split("default_version = '")[1].split("'")[0]
    return [f"servers: {postgres}, TimescaleDB {timescale}, {mosquitto}"]


def _first_line(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()[0]


def _quietly(_: str) -> None:
    """Let the steps of a start go unsaid."""


@contextmanager
def _or_skip() -> Iterator[None]:
    """Skip what needs servers where they cannot be had, with the reason; in CI that is a failure."""
    try:
        yield
    except ProvisionError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))


@pytest.fixture(scope="session", autouse=True)
def _no_settings_of_the_caller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the tests away from whatever stack the person who runs them has."""
    kept = {"RIQING_TOOLS_DIR", "RIQING_CHROMIUM"}
    with pytest.MonkeyPatch.context() as patch:
        for name in [*os.environ]:
            if (name.startswith("RIQING_") and name not in kept) or name in ("DATABASE_URL", "MQTT_URL"):
                patch.delenv(name)
        patch.setenv("RIQING_DATA_DIR", str(tmp_path_factory.mktemp("nobody's stack")))
        yield


@pytest.fixture(scope="session")
def tools() -> Tools:
    """The real servers' programs, fetched when they are not there yet."""
    with _or_skip():
        provision(SERVERS, Tools.here(), _quietly)
        provision(BROKER, Tools.here(), _quietly)
    return Tools.here()


@pytest.fixture
def chromium(tools: Tools) -> Path:
    """A real browser with Chinese fonts."""
    with _or_skip():
        provision_browser(tools, _quietly)
    return tools.chromium()


@contextmanager
def _running(data_dir: Path, request: StartRequest) -> Iterator[RunningStack]:
    stack = Stack(data_dir)
    try:
        stack.start(request, migrate, _quietly)
        yield RunningStack(stack, stack.remembered())
    finally:
        stack.stop(_quietly)


@pytest.fixture(scope="session")
def servers(tools: Tools, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """One database and one broker that most tests share; no process of ours runs."""
    del tools
    request = StartRequest(services=(), database_settings=NOT_DURABLE)
    with _running(tmp_path_factory.mktemp("shared servers"), request) as running:
        _make_template(running)
        yield running


@pytest.fixture
def own_servers(tools: Tools, tmp_path: Path) -> Iterator[Callable[[str], RunningStack]]:
    """Start a database and a broker that the test may kill; call with a name for their folder."""
    del tools
    started: list[Stack] = []

    def start(name: str = "own servers") -> RunningStack:
        stack = Stack(tmp_path / name)
        started.append(stack)
        stack.start(StartRequest(services=()), migrate, _quietly)
        return RunningStack(stack, stack.remembered())

    try:
        yield start
    finally:
        for stack in started:
            stack.stop(_quietly)


@pytest.fixture(scope="session")
def stack(tools: Tools, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """The whole stack as `riqing up` starts it, with all our processes."""
    del tools
    with _running(tmp_path_factory.mktemp("the town's stack"), StartRequest()) as running:
        yield running


@pytest.fixture
def stack_environment(stack: RunningStack, monkeypatch: pytest.MonkeyPatch) -> RunningStack:
    """Put the whole stack's settings into the environment for one test, as the commands do."""
    for name in [*os.environ]:
        if name.startswith("RIQING_"):
            monkeypatch.setenv(name, os.environ[name])  # restored afterwards, whatever is loaded now
    before = dict(os.environ)
    load_environment(stack.data_dir)
    for name, value in dict(os.environ).items():
        if before.get(name) != value:
            del os.environ[name]
            monkeypatch.setenv(name, value)
    return stack


@pytest.fixture(scope="session")
def mqtt_url(servers: RunningStack) -> str:
    """The shared broker, with the services' account."""
    return servers.mqtt_url


@pytest.fixture(scope="module")
def database_url(servers: RunningStack) -> Iterator[str]:
    """An empty migrated database for the tests of one module."""
    with _database_from_template(servers) as url:
        yield url


@pytest.fixture
def fresh_database(servers: RunningStack) -> Iterator[str]:
    """An empty migrated database for one test."""
    with _database_from_template(servers) as url:
        yield url


def _superuser_url(servers: RunningStack, name: str = "postgres") -> str:
    port, password = servers.state.ports["database"], servers.state.superuser_password
    return database.database_url(port, password, role=database.SUPERUSER_NAME, name=name)


def _make_template(servers: RunningStack) -> None:
    """Turn the migrated database into a template that nobody connects to, TimescaleDB's workers included."""
    original, template = sql.Identifier(database.DATABASE_NAME), sql.Identifier(TEMPLATE)
    with psycopg.connect(_superuser_url(servers), autocommit=True) as connection:
        connection.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(original))
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [database.DATABASE_NAME]
        )
        connection.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(original, template))


@contextmanager
def _database_from_template(servers: RunningStack) -> Iterator[str]:
    name = f"test_{secrets.token_hex(6)}"
    parts = {"name": sql.Identifier(name), "template": sql.Identifier(TEMPLATE)}
    parts["owner"] = sql.Identifier(database.ROLE_NAME)
    create = sql.SQL("CREATE DATABASE {name} TEMPLATE {template} OWNER {owner} STRATEGY file_copy")
    with psycopg.connect(_superuser_url(servers), autocommit=True) as connection:
        connection.execute(create.format(**parts))
    try:
        port, password = servers.state.ports["database"], servers.state.database_password
        yield database.database_url(port, password, name=name)
    finally:
        with psycopg.connect(_superuser_url(servers), autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {name} WITH (FORCE)").format(**parts))
