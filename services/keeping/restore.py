"""Restoring a backup into a stack that does not run: database, broker's accounts and queue, and secrets."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from services.broker.configuration import CONFIGURATION_FILE
from services.domain.errors import ConflictError
from services.keeping.backup import BROKER_FOLDER, CERTIFICATES_FOLDER, DATABASE_FILE, SECRETS_FILE
from services.keeping.manifest import BackupError, Manifest, Tell, check_files, read_manifest
from services.keeping.programs import run
from services.stack.database import DATABASE_NAME, ROLE_NAME, SUPERUSER_NAME, database_url
from services.stack.lifecycle import Say, Stack, StartRequest
from services.store.migrate import migrate

RESTORING_NAME = "riqing_restoring"
SECRETS = ("admin_password", "broker_password", "secret_key")
"""What a stack keeps for itself that people and the broker's sessions know it by."""


@dataclass(frozen=True, slots=True)
class RestoreRequest:
    """What is restored, and whether it may take the place of a town that is there."""

    folder: Path
    replace: bool


def restore_backup(stack: Stack, request: RestoreRequest, say: Say, tell: Tell) -> Manifest:
    """Restore a backup into a stack's folder and leave the stack stopped, ready for `riqing up`.

    The database is restored beside the one that is there, which is dropped only once all of it worked.

    Raises:
        BackupError: the backup is not whole, or of other versions.
        ConflictError: the stack runs, or holds a town that must not be replaced.

    """
    manifest = read_manifest(request.folder)
    check_files(request.folder, manifest, tell)
    if stack.is_running():
        raise ConflictError(f"The stack in {stack.folder.folder} is running: stop it with `riqing down` first.")
    restored: list[str] = []

    def restore_database(own_url: str) -> None:
        state = stack.remembered()
        if not (state.own_database and state.own_broker):
            raise BackupError(
                "Restoring works on a stack's own database and broker: unset DATABASE_URL and MQTT_URL, "
                "or restore servers of your own as docs/operating.md says."
            )
        port, password = state.ports["database"], state.superuser_password
        superuser_url = database_url(port, password, role=SUPERUSER_NAME, name="postgres")
        _restore_database(superuser_url, own_url, request, manifest, tell)
        restored.append(own_url)
        migrate(own_url)

    try:
        stack.start(StartRequest(services=(), detach=True), restore_database, say)
    finally:
        stack.stop(say)
    _put_broker_back(stack, request.folder)
    _put_secrets_back(stack, request.folder)
    return manifest


def _restore_database(
    superuser_url: str, own_url: str, request: RestoreRequest, manifest: Manifest, tell: Tell
) -> None:
    try:
        _refuse_other_town(own_url, request)
        with psycopg.connect(superuser_url, autocommit=True) as connection:
            _check_versions(connection, manifest)
            restoring, owner = sql.Identifier(RESTORING_NAME), sql.Identifier(ROLE_NAME)
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(restoring))
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0").format(restoring, owner))
            restoring_url = superuser_url.removesuffix("/postgres") + f"/{RESTORING_NAME}"
            _fill(restoring_url, request.folder / DATABASE_FILE, manifest.tables, tell)
            _check_counts(restoring_url, manifest)
            name = sql.Identifier(DATABASE_NAME)
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))
            connection.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(restoring, name))
    except psycopg.Error as error:
        raise BackupError(f"The database cannot be restored: {' '.join(str(error).split())}.") from error


def _refuse_other_town(own_url: str, request: RestoreRequest) -> None:
    with psycopg.connect(own_url) as connection:
        found = connection.execute("SELECT to_regclass('town')").fetchone()
        if found is None or found[0] is None:
            return
        town = connection.execute("SELECT name FROM town").fetchone()
    if town is not None and not request.replace:
        raise ConflictError(
            f"This stack holds the town {town[0]!r}, which restoring would replace: say --replace if that is meant, "
            "or name another folder with --data-dir."
        )


def _check_versions(connection: psycopg.Connection, manifest: Manifest) -> None:
    row = connection.execute(
        "SELECT default_version FROM pg_available_extensions WHERE name = 'timescaledb'"
    ).fetchone()
    here = None if row is None else row[0]
    if here != manifest.versions.timescaledb:
        raise BackupError(
            f"The backup was made with TimescaleDB {manifest.versions.timescaledb} and this server has {here}: "
            "restore it with the same version, which can be brought up to date afterwards."
        )
    if connection.info.server_version // 10_000 < manifest.versions.postgresql // 10_000:
        raise BackupError(
            f"The backup was made with PostgreSQL {manifest.versions.postgresql // 10_000}, "
            f"and this server is an older one ({connection.info.server_version // 10_000})."
        )


def _fill(restoring_url: str, dump: Path, tables: int, tell: Tell) -> None:
    """Restore a dump into an empty database, as TimescaleDB wants it done."""
    with psycopg.connect(restoring_url, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION timescaledb")
        connection.execute("SELECT timescaledb_pre_restore()")
    arguments = [f"--dbname={RESTORING_NAME}", "--exit-on-error", str(dump)]
    run("pg_restore", restoring_url, arguments, tell, "Database", tables)
    with psycopg.connect(restoring_url, autocommit=True) as connection:
        connection.execute("SELECT timescaledb_post_restore()")
        connection.execute("ANALYZE")


def _check_counts(restoring_url: str, manifest: Manifest) -> None:
    with psycopg.connect(restoring_url) as connection:
        for table, count in manifest.rows.items():
            query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
            row = connection.execute(query).fetchone()
            if row is None or row[0] != count:
                raise BackupError(f"The table {table} came back with {row and row[0]} rows and had {count}.")


def _put_broker_back(stack: Stack, folder: Path) -> None:
    """Put accounts, queue and certificates in the place of what the stack had."""
    parts = ((BROKER_FOLDER, stack.folder.broker), (CERTIFICATES_FOLDER, stack.folder.certificates))
    for name, target in parts:
        if not (folder / name).is_dir():
            continue
        owner = target.stat() if target.exists() else None
        target.mkdir(mode=0o700, exist_ok=True)
        for old in target.iterdir():
            if old.is_file() and old.name != CONFIGURATION_FILE:
                old.unlink()
        for path in (folder / name).iterdir():
            shutil.copyfile(path, target / path.name)
            (target / path.name).chmod(0o600)
            if owner is not None:
                shutil.chown(target / path.name, owner.st_uid, owner.st_gid)


def _put_secrets_back(stack: Stack, folder: Path) -> None:
    """Let the stack be the same to its people and sessions: the admin's first password, its tokens, its account."""
    secrets = json.loads((folder / SECRETS_FILE).read_text(encoding="utf-8"))
    state = stack.remembered()
    for name in SECRETS:
        if name in secrets:
            setattr(state, name, secrets[name])
    state.save(stack.folder)
