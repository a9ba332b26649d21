"""The stack's own PostgreSQL with TimescaleDB: made, configured, and asked whether it answers."""

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import psycopg
from psycopg import sql

from services.stack.account import ServerAccount
from services.stack.errors import StackError
from services.stack.tools import Tools

DATABASE_NAME = "riqing"
ROLE_NAME = "riqing"
SUPERUSER_NAME = "postgres"

SERVER_SETTINGS = {
    "shared_preload_libraries": "timescaledb",
    "timescaledb.telemetry_level": "off",
    # Small enough for a box with 2 GB that also plans routes; raise these on a larger one.
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "64MB",
    "max_connections": "100",
    "max_worker_processes": "16",
    "timescaledb.max_background_workers": "4",
    "max_parallel_workers": "2",
    # Telemetry comes without pause: let checkpoints be few and long instead of frequent.
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
"""What both stacks, the local one and compose's, tell PostgreSQL."""

SPACE_NEEDED_MB = 200
"""What a new cluster takes, with room for its first checkpoints."""

LOCAL_SETTINGS = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "logging_collector": "off"}


def create_cluster(folder: Path, tools: Tools, account: ServerAccount, superuser_password: str) -> None:
    """Make an empty PostgreSQL cluster in `folder`, whole or not at all.

    Raises:
        StackError: initdb failed, with its own last word.

    """
    if folder.exists():
        return
    free_mb = shutil.disk_usage(folder.parent).free // 1_000_000
    if free_mb < SPACE_NEEDED_MB:
        raise StackError(
            f"{folder.parent} has {free_mb} MB free and an empty database needs {SPACE_NEEDED_MB}: "
            "make room or choose another --data-dir."
        )
    unfinished = folder.with_name(folder.name + ".part")
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        unfinished.mkdir(mode=0o700)
        account.give(unfinished)
        _make_files(unfinished, folder, tools, account, superuser_password)
    except BaseException:  # a Ctrl-C too leaves nothing half made
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    unfinished.rename(folder)


def _make_files(unfinished: Path, folder: Path, tools: Tools, account: ServerAccount, superuser_password: str) -> None:
    """Let `initdb` fill the folder `unfinished`, which will become `folder`."""
    with tempfile.NamedTemporaryFile("w", prefix="riqing-") as password_file:
        password_file.write(superuser_password)
        password_file.flush()
        if account.owner is not None:
            os.chown(password_file.name, *account.owner)
        command = [*account.prefix, str(tools.postgres_program("initdb")), "--pgdata", str(unfinished)]
        command += ["--username", SUPERUSER_NAME, "--pwfile", password_file.name, "--auth", "scram-sha-256"]
        command += ["--encoding", "UTF8", "--locale-provider", "builtin", "--locale", "C.UTF-8"]
        # In a group of its own, so that its children end with it and write nothing behind our back.
        with subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env=server_environment(),
            start_new_session=True,
        ) as process:
            try:
                _, errors = process.communicate()
            except BaseException:
                os.killpg(process.pid, signal.SIGKILL)
                raise
    if process.returncode != 0:
        reason = next((line for line in errors.splitlines() if "error" in line.lower()), errors[-200:])
        raise StackError(f"PostgreSQL could not make its files in {folder}: {reason.strip()}")


def server_environment() -> dict[str, str]:
    """Return the environment for PostgreSQL's programs: ours without what would steer them elsewhere."""
    steering = ("PG", "LC_", "LANG")
    return {name: value for name, value in os.environ.items() if not name.startswith(steering)} | {"LC_ALL": "C.UTF-8"}


def server_command(folder: Path, port: int, tools: Tools, account: ServerAccount, *settings: str) -> list[str]:
    """Return the command that runs the server in the foreground; `settings` are further `name=value` pairs."""
    pairs = [f"{name}={value}" for name, value in (SERVER_SETTINGS | LOCAL_SETTINGS | {"port": str(port)}).items()]
    command = [*account.prefix, str(tools.postgres_program("postgres")), "-D", str(folder)]
    return command + [part for pair in (*pairs, *settings) for part in ("-c", pair)]


def database_url(port: int, password: str, *, role: str = ROLE_NAME, name: str = DATABASE_NAME) -> str:
    """Return the address of a database of ours."""
    return f"postgresql://{role}:{password}@127.0.0.1:{port}/{name}"


def why_silent(url: str) -> str | None:
    """Return why the database gives no answer; None when it does."""
    try:
        with psycopg.connect(url, connect_timeout=5) as connection:
            connection.execute("SELECT 1")
    except psycopg.Error as error:
        return " ".join(str(error).split())
    return None


def create_database(superuser_url: str, role_password: str, name: str = DATABASE_NAME) -> None:
    """Make the role and the database that the services use, where they are not there yet."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        role = sql.Identifier(ROLE_NAME)
        if connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [ROLE_NAME]).fetchone() is None:
            # CREATEDB: tests and restored backups make databases of their own.
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEDB").format(role))
        password = sql.Literal(role_password)
        connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(role, password))
        if connection.execute("SELECT FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), role))
    with psycopg.connect(superuser_url, dbname=name, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
