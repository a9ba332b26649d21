"""Making a backup of a running town: the broker's queue, the database, the broker's accounts, in this order.

A message that a device was told is stored is in the queue until it is in the database. So the queue is copied first
and the database after it: a message is in one of them or in both, where the reading's key keeps it from counting
twice. The accounts come last: an account without a device is harmless, a device without an account cannot publish.
"""

import json
import os
import shutil
import signal
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from services.broker.configuration import ACCOUNTS_FILE, CONFIGURATION_FILE
from services.keeping.manifest import FORMAT, MANIFEST_FILE, BackupError, Manifest, Tell, Versions, list_files
from services.keeping.programs import run
from services.store.connection import Connection, connect

DATABASE_FILE = "database.dump"
BROKER_FOLDER = "broker"
CERTIFICATES_FOLDER = "certificates"
SECRETS_FILE = "secrets.json"
QUEUE_FILE = "mosquitto.sqlite3"
"""Mosquitto 2.1 keeps sessions, queues and retained messages in it."""
SNAPSHOT_FILE = "mosquitto.db"
"""The same where it writes them down at intervals, and in Mosquitto 2.0."""
WRITTEN_WITHIN_S = 60.0

COUNTED = (
    *("devices", "positions", "service_events", "levels", "weighings", "usages", "dead_letters"),
    *("collection_points", "facilities", "vehicles", "plans", "visits", "due_visits", "users", "cases"),
    *("position_days", "level_days", "weighing_days", "facility_measures"),
)
"""Tables whose rows are counted, so that a restored town can be held against its backup."""


@dataclass(frozen=True, slots=True)
class Source:
    """What is backed up; `secrets` are those that the restored stack needs to be the same one to its people."""

    database_url: str
    broker_dir: Path | None
    broker_pid: int | None
    """The broker's process, where it runs here."""
    certificates_dir: Path | None
    secrets: dict[str, str]


def make_backup(source: Source, folder: Path, tell: Tell) -> Manifest:
    """Back a town up into `folder`, which must not exist or be empty; nothing has to be stopped for it.

    Raises:
        BackupError: the folder is in use, there is no room, or a part cannot be read.

    """
    unfinished = _prepare(folder)
    try:
        manifest = _fill(source, unfinished, tell)
        folder.mkdir(exist_ok=True)
        unfinished.rename(folder)
    except sqlite3.Error as error:
        raise BackupError(f"The broker's queue in {source.broker_dir} cannot be copied: {error}.") from error
    except OSError as error:
        raise BackupError(f"The backup cannot be written to {folder}: {error.strerror or error}.") from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return manifest


def _prepare(folder: Path) -> Path:
    """Return a new folder beside the wanted one, readable by its owner alone; it gets its name when all is in it."""
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise BackupError(f"{folder} is not empty: name a folder that does not exist yet.")
        folder.parent.mkdir(parents=True, exist_ok=True)
        unfinished = folder.with_name(folder.name + ".part")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
    except OSError as error:
        raise BackupError(f"The backup cannot be written to {folder}: {error.strerror or error}.") from error
    return unfinished


def _fill(source: Source, folder: Path, tell: Tell) -> Manifest:
    if source.broker_dir is not None:
        _copy_queue(source.broker_dir, source.broker_pid, folder / BROKER_FOLDER, tell)
    town, versions, tables, rows = _dump(source.database_url, folder / DATABASE_FILE, tell)
    if source.broker_dir is not None:
        _copy_accounts(source.broker_dir, folder / BROKER_FOLDER)
    if source.certificates_dir is not None and source.certificates_dir.is_dir():
        shutil.copytree(source.certificates_dir, folder / CERTIFICATES_FOLDER)
    (folder / SECRETS_FILE).write_text(json.dumps(source.secrets, indent=2) + "\n", encoding="utf-8")
    manifest = Manifest(
        format=FORMAT,
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        town=town,
        versions=versions,
        tables=tables,
        rows=rows,
        files=list_files(folder, tell),
    )
    (folder / MANIFEST_FILE).write_text(manifest.as_json(), encoding="utf-8")
    return manifest


def _copy_queue(broker_dir: Path, broker_pid: int | None, target: Path, tell: Tell) -> None:
    """Copy what the broker keeps for its sessions, as it is at one moment, while the broker goes on writing."""
    target.mkdir(mode=0o700)
    configuration = broker_dir / CONFIGURATION_FILE
    if configuration.exists() and "persistence true" in configuration.read_text(encoding="utf-8").splitlines():
        snapshot = broker_dir / SNAPSHOT_FILE
        if broker_pid is not None:
            tell("Broker's queue", 0, 1)
            _have_snapshot_written(snapshot, broker_pid)
        if snapshot.exists():
            shutil.copyfile(snapshot, target / snapshot.name)
        tell("Broker's queue", 1, 1)
    elif (queue := broker_dir / QUEUE_FILE).exists():
        with (
            closing(sqlite3.connect(f"file:{queue}?mode=ro", uri=True)) as live,
            closing(sqlite3.connect(target / QUEUE_FILE)) as copy,
        ):
            live.backup(copy, progress=lambda _, left, total: tell("Broker's queue", total - left, total))


def _have_snapshot_written(snapshot: Path, broker_pid: int) -> None:
    """Have a broker that keeps its queue in memory write it down now; it replaces the file as a whole."""
    before = snapshot.stat().st_ino if snapshot.exists() else None
    os.kill(broker_pid, signal.SIGUSR1)
    deadline = time.monotonic() + WRITTEN_WITHIN_S
    while not snapshot.exists() or snapshot.stat().st_ino == before:
        if time.monotonic() > deadline:
            raise BackupError(f"The broker has not written {snapshot} within {WRITTEN_WITHIN_S:.0f} s.")
        time.sleep(0.05)


def _copy_accounts(broker_dir: Path, target: Path) -> None:
    if not (broker_dir / ACCOUNTS_FILE).is_file():
        raise BackupError(f"{broker_dir} is no folder of our broker: there is no {ACCOUNTS_FILE} in it.")
    for path in broker_dir.iterdir():
        if path.is_file() and path.name != CONFIGURATION_FILE and not path.name.startswith("mosquitto."):
            shutil.copyfile(path, target / path.name)


def _dump(database_url: str, file: Path, tell: Tell) -> tuple[str | None, Versions, int, dict[str, int]]:
    """Dump the database, counting its rows in the same snapshot."""
    try:
        with connect(database_url) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            snapshot, timescaledb, tables = _one(
                connection,
                "SELECT pg_export_snapshot(), (SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'), "
                "(SELECT count(*) FROM pg_class JOIN pg_namespace AS space ON space.oid = relnamespace "
                "WHERE relkind = 'r' AND space.nspname NOT IN ('pg_catalog', 'information_schema'))",
            )
            (town,) = connection.execute("SELECT name FROM town").fetchone() or (None,)
            rows = {}
            for number, table in enumerate(COUNTED, start=1):
                query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
                rows[table] = _one(connection, query)[0]
                tell("Counting rows", number, len(COUNTED))
            arguments = ["--format=custom", "--compress=gzip:3", f"--snapshot={snapshot}", f"--file={file}"]
            run("pg_dump", database_url, arguments, tell, "Database", tables)
            versions = Versions(version("riqing"), connection.info.server_version, timescaledb)
            return town, versions, tables, rows
    except psycopg.Error as error:
        raise BackupError(f"The database cannot be read: {' '.join(str(error).split())}.") from error


def _one(connection: Connection, query: LiteralString | sql.Composed) -> tuple[Any, ...]:
    row = connection.execute(query).fetchone()
    assert row is not None
    return row
