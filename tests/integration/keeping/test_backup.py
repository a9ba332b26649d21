"""Backing up a running town and restoring it elsewhere, by the commands that a person types."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import psycopg
import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion
from psycopg import sql

from services.broker.address import BrokerAddress
from services.broker.credentials import DeviceCredential, enrol_devices
from services.broker.session import open_session, take_leave
from services.domain.errors import ConflictError
from services.domain.kinds import DeviceKind, Role
from services.domain.town import Town
from services.keeping.backup import COUNTED, Source, make_backup
from services.keeping.manifest import BackupError, Manifest
from services.keeping.restore import RestoreRequest, restore_backup
from services.stack.lifecycle import Stack, StartRequest
from services.stack.processes import chosen_services
from services.store.connection import connect
from services.store.devices import NewDevice
from services.store.devices import enrol_devices as store_devices
from services.store.migrate import migrate
from services.store.town import create_town
from tests.conftest import RunningStack

NOW = datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class BackedUp:
    """A running town, its device's credential, a person's password, and the town's backup."""

    running: RunningStack
    credential: DeviceCredential
    password: str
    backup: Path


def riqing(data_dir: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command on a stack's folder."""
    environment = dict(os.environ) | {"RIQING_DATA_DIR": str(data_dir)}
    command = [sys.executable, "-m", "services.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=300)


def restore(stack: Stack, backup: Path, *, replace: bool = False) -> Manifest:
    """Restore as the command does, silently."""
    return restore_backup(stack, RestoreRequest(backup, replace), lambda _: None, lambda *_: None)


def counts(url: str) -> dict[str, int]:
    """Return the rows of each table that a backup counts."""
    query = sql.SQL(" UNION ALL ").join(
        sql.SQL("SELECT {}, count(*) FROM {}").format(table, sql.Identifier(table)) for table in COUNTED
    )
    with psycopg.connect(url) as connection:
        return dict(connection.execute(query).fetchall())


def publish(mqtt_url: str, credential: DeviceCredential, seq: int) -> None:
    """Publish a fix as the device does, and return when the broker has acknowledged it."""
    broker = BrokerAddress.parse(mqtt_url)
    address = BrokerAddress(broker.host, broker.port, credential.username, credential.password, broker.tls)
    body = {"ts": (NOW - timedelta(minutes=30) + timedelta(seconds=seq)).isoformat(), "lat": 28, "lon": 113, "seq": seq}
    client = Client(CallbackAPIVersion.VERSION2, client_id=f"test-{credential.username}")
    client.username_pw_set(address.username, address.password)
    client.connect(address.host, address.port)
    client.loop_start()
    try:
        message = client.publish(f"{credential.topic_prefix}/position", json.dumps(body), qos=1)
        message.wait_for_publish(20)
        assert message.is_published()
    finally:
        take_leave(client)


def open_ingest_session(mqtt_url: str) -> None:
    """Make the session that the ingest would have, so that what is published waits in the broker's queue."""
    address = BrokerAddress.parse(mqtt_url)
    client = Client(CallbackAPIVersion.VERSION2, client_id=address.secret_client_id("ingest"), clean_session=False)
    client.username_pw_set(address.username, address.password)
    granted: list[object] = []
    client.on_subscribe = lambda *_: granted.append(True)
    client.connect(address.host, address.port)
    client.loop_start()
    wait_until(client.is_connected, "the broker did not let us in")
    client.subscribe("riqing/v1/#", qos=1)
    wait_until(lambda: bool(granted), "the session was not granted")
    take_leave(client)


def wait_until(holds: Callable[[], bool], otherwise: str) -> None:
    """Return when something holds, fail when that takes too long."""
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.1)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BackedUp]:
    """A running town with a device, stored fixes and one that waits in the broker's queue; and its backup."""
    folder = tmp_path_factory.mktemp("first town")
    stack = Stack(folder / "stack")
    try:
        stack.start(StartRequest(services=()), migrate, lambda _: None)
        running = RunningStack(stack, stack.remembered())
        with connect(running.database_url) as connection:
            create_town(connection, Town("县城"))
            store_devices(connection, [NewDevice(DeviceKind.VEHICLE, "7", "7")], NOW)
            connection.execute(
                "INSERT INTO positions (observed_at, received_at, seq, lon, lat, device_key) "
                "SELECT %s::timestamptz - n * INTERVAL '1 minute', now(), n, 113, 28, device_key "
                "FROM devices, generate_series(1, 3000) AS n",
                (NOW - timedelta(hours=1),),
            )
        [credential] = enrol_devices(running.mqtt_url, "县城", [(DeviceKind.VEHICLE, "7")])
        user = json.loads(riqing(running.data_dir, "user", "add", "office", "--role", Role.OFFICE, "--json").stdout)
        open_ingest_session(running.mqtt_url)
        publish(running.mqtt_url, credential, seq=1)
        result = riqing(running.data_dir, "backup", str(folder / "backup"))
        assert result.returncode == 0, result.stderr
        assert "3000 positions" in result.stdout
        yield BackedUp(running, credential, user["password"], folder / "backup")
    finally:
        stack.stop(lambda _: None)


def test_a_restored_town_is_the_same_to_everybody(town: BackedUp, tmp_path: Path) -> None:
    """Rows, sign-ins, devices' passwords and what waited in the broker are all there in a second stack."""
    running, credential, backup = town.running, town.credential, town.backup
    second = Stack(tmp_path / "second")
    result = riqing(second.folder.folder, "restore", str(backup))
    assert result.returncode == 0, result.stderr
    try:
        services = chosen_services(("ingest", "api"))
        second.start(StartRequest(services=services), migrate, lambda _: None)
        state = second.remembered()
        assert state.ports != running.state.ports
        url = state.database_url
        wait_until(lambda: counts(url)["positions"] == 3001, "what waited in the queue was not stored")
        assert counts(url) | {"positions": 3000} == counts(running.database_url)
        publish(state.mqtt_url, credential, seq=2)
        wait_until(lambda: counts(url)["positions"] == 3002, "the device's old password did not serve")
        sign_in = {"username": "office", "password": town.password}
        answer = httpx.post(f"http://127.0.0.1:{state.ports['api']}/api/v1/auth/token", data=sign_in)
        assert answer.status_code == 200, answer.text
        with psycopg.connect(url) as connection:
            chunks = "SELECT count(*) FROM timescaledb_information.chunks WHERE hypertable_name = 'positions'"
            assert connection.execute(chunks).fetchone() in ((3,), (4,))
    finally:
        second.stop(lambda _: None)


def test_a_town_is_not_replaced_unasked(town: BackedUp, tmp_path: Path) -> None:
    """Over a running stack or another town the command says what to do, and leaves all as it was."""
    with pytest.raises(ConflictError, match="is running: stop it with `riqing down`"):
        restore(town.running.stack, town.backup)
    second = Stack(tmp_path / "second")

    def with_town(url: str) -> None:
        migrate(url)
        with connect(url) as connection:
            create_town(connection, Town("别的县"))

    second.start(StartRequest(services=()), with_town, lambda _: None)
    second.stop(lambda _: None)
    with pytest.raises(ConflictError, match=r"holds the town '别的县'.*--replace"):
        restore(second, town.backup)
    assert restore(second, town.backup, replace=True).town == "县城"


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda folder: (folder / "database.dump").write_bytes(b"nothing"), "is damaged: .*database.dump"),
        (lambda folder: (folder / "broker/dynamic-security.json").unlink(), "is missing"),
        (lambda folder: (folder / "manifest.json").unlink(), "holds no backup"),
        (lambda folder: (folder / "manifest.json").write_text("{}"), "cannot be read as a manifest"),
    ],
)
def test_a_spoilt_backup_is_refused_before_anything_is_touched(
    town: BackedUp,
    tmp_path: Path,
    spoil: Callable[[Path], object],
    sentence: str,
) -> None:
    """A file that is missing or changed is named, and no stack is made."""
    copy = tmp_path / "copy"
    shutil.copytree(town.backup, copy)
    spoil(copy)
    with pytest.raises(BackupError, match=sentence):
        restore(Stack(tmp_path / "second"), copy)
    assert not (tmp_path / "second").exists()


def test_a_backup_is_private_and_does_not_overwrite(town: BackedUp) -> None:
    """Only its owner can read it, and a folder with something in it is left alone."""
    backup = town.backup
    assert backup.stat().st_mode & 0o077 == 0
    with pytest.raises(BackupError, match="is not empty"):
        make_backup(Source(town.running.database_url, None, None, None, {}), backup, lambda *_: None)
    assert [path.name for path in backup.parent.iterdir() if path.name.endswith(".part")] == []


def test_the_queue_is_copied_before_the_database(town: BackedUp, tmp_path: Path) -> None:
    """A message is in the queue until it is in the database: the other way round one could slip through between."""
    steps: list[str] = []
    source = Source(town.running.database_url, town.running.stack.folder.broker, None, None, {})
    make_backup(source, tmp_path / "backup", lambda step, _done, _total: steps.append(step))
    assert [*dict.fromkeys(steps)] == ["Broker's queue", "Counting rows", "Database", "Checksums"]


def test_a_queue_in_memory_is_written_down_for_the_backup(
    own_servers: Callable[[str], RunningStack], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broker that saves at intervals is told to save now, so that its last message is in the backup."""
    monkeypatch.setenv("RIQING_BROKER_PERSISTENCE", "at-intervals")
    running = own_servers("at intervals")
    with open_session(BrokerAddress.parse(running.mqtt_url)) as session:
        session.subscribe("riqing/v1/county/vehicle/7/route")
        session.publish("riqing/v1/county/vehicle/7/route", b"said just now", retain=True)
        session.receive(10)
        pids = {process.name: process.pid for process in running.stack.status().processes}
        source = Source(running.database_url, running.stack.folder.broker, pids["mosquitto"], None, {})
        make_backup(source, tmp_path / "backup", lambda *_: None)
    assert b"said just now" in (tmp_path / "backup/broker/mosquitto.db").read_bytes()
