"""`riqing up`, `status` and `down` as a person uses and misuses them, on the real servers."""

import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest

from services.broker.address import BrokerAddress
from services.broker.session import open_session
from services.stack.lifecycle import Stack
from services.stack.orphans import find_orphans
from services.stack.processes import SERVICES
from tests.conftest import RunningStack
from tests.integration.stack.conftest import COMMAND, Riqing


def left_running(data_dir: Path) -> list[int]:
    """Return what still runs for a stack."""
    stack = Stack(data_dir)
    return find_orphans(stack.folder, stack.remembered().stack_id)


def wait_until_nothing_runs(data_dir: Path) -> None:
    """Return when nothing of a stack runs any more; fail when that takes too long."""
    deadline = time.monotonic() + 60
    while left_running(data_dir):
        assert time.monotonic() < deadline, "processes of the stack are left"
        time.sleep(0.1)


def status_of(riqing: Riqing) -> dict[str, Any]:
    """Return what `riqing status --json` says."""
    found: dict[str, Any] = json.loads(riqing("status", "--json").stdout)
    return found


def test_a_stack_keeps_its_data_and_its_addresses(riqing: Riqing, data_dir: Path) -> None:
    """What was stored is there after a restart, at the same addresses, and `down` leaves no process behind."""
    assert riqing("up", "--detach").returncode == 0
    first = status_of(riqing)
    remembered = Stack(data_dir).remembered()
    with psycopg.connect(remembered.database_url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 'still here' AS text")
    with open_session(BrokerAddress.parse(remembered.mqtt_url)) as session:
        session.subscribe("riqing/v1/county/vehicle/7/route")
        session.publish("riqing/v1/county/vehicle/7/route", b"retained", retain=True)
        assert session.receive(10).payload == b"retained"
    assert riqing("down").returncode == 0
    assert left_running(data_dir) == []

    assert riqing("up", "--detach").returncode == 0
    again = status_of(riqing)
    assert [again[name] for name in ("api", "mqtt", "database")] == [
        first[name] for name in ("api", "mqtt", "database")
    ]
    with psycopg.connect(remembered.database_url) as connection:
        assert connection.execute("SELECT text FROM kept").fetchone() == ("still here",)
    with open_session(BrokerAddress.parse(remembered.mqtt_url)) as session:
        session.subscribe("riqing/v1/county/vehicle/7/route")
        assert session.receive(10).payload == b"retained"


def test_status_tells_health_and_no_secrets(riqing: Riqing, data_dir: Path) -> None:
    """`status --json` has every process, exits 0 while all are healthy, and shows no password."""
    everything = ",".join(service.name for service in SERVICES)
    assert riqing("up", "--detach", RIQING_PROCESSES=everything).returncode == 0
    result = riqing("status", "--json")
    found = json.loads(result.stdout)
    assert result.returncode == 0
    assert {process["name"] for process in found["processes"]} == {
        *("postgres", "mosquitto", "roads-truck", "roads-foot", "ingest", "broker-watch"),
        *("planner", "clearance", "keeping", "reports", "api"),
    }
    assert all(process["healthy"] and process["pid"] for process in found["processes"])
    remembered = Stack(data_dir).remembered()
    for secret in (remembered.database_password, remembered.broker_password, remembered.admin_password):
        assert secret not in result.stdout
    riqing("down")
    stopped = riqing("status", "--json")
    assert stopped.returncode == 1
    assert json.loads(stopped.stdout)["processes"] == []


def test_secrets_are_for_their_owner_alone(riqing: Riqing, data_dir: Path) -> None:
    """Files with passwords in them have mode 600."""
    assert riqing("up", "--detach").returncode == 0
    for name in ("stack.env", "stack.json", "broker/dynamic-security.json"):
        assert (data_dir / name).stat().st_mode & 0o777 == 0o600, name


def test_a_second_up_harms_nothing(riqing: Riqing) -> None:
    """A second `up` says so in one line, a detached one is content, and the stack runs on."""
    assert riqing("up", "--detach").returncode == 0
    before = status_of(riqing)
    in_foreground = riqing("up")
    assert in_foreground.returncode == 1
    assert "is up already" in in_foreground.stderr
    assert len(in_foreground.stderr.splitlines()) == 1
    assert riqing("up", "--detach").returncode == 0
    assert riqing("up", "--detach", "--api-port", "20001").returncode == 1
    assert status_of(riqing) == before


MOMENTS = ("Making an empty database", "Starting postgres", "Bringing the schema", "Starting roads", "Ctrl-C stops")


@pytest.mark.parametrize("moment", MOMENTS)
def test_interrupted_at_any_moment(moment: str, data_dir: Path, settings: dict[str, str]) -> None:
    """Ctrl-C leaves nothing behind, whatever `up` was doing, and the next `up` is none the worse."""
    with subprocess.Popen(
        [*COMMAND, "up"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=settings
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if moment in line:
                process.send_signal(signal.SIGINT)
                break
        else:
            pytest.fail(f"`up` never said {moment!r}")
        _, said_last = process.communicate(timeout=120)
    assert process.returncode == (0 if moment == MOMENTS[-1] else 130)
    assert "Traceback" not in said_last
    assert left_running(data_dir) == []
    assert not (data_dir / "database.part").exists()


def test_a_killed_up_takes_its_stack_along(data_dir: Path, settings: dict[str, str]) -> None:
    """A stack in the foreground ends with its `up`, even when that is killed."""
    with subprocess.Popen(
        [*COMMAND, "up"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=settings
    ) as process:
        assert process.stderr is not None
        assert any("Ctrl-C stops" in line for line in process.stderr)
        process.kill()
    wait_until_nothing_runs(data_dir)


def test_up_recovers_from_a_killed_supervisor(riqing: Riqing, data_dir: Path) -> None:
    """Orphans of a killed supervisor are ended by the next `up`, which then works as ever."""
    assert riqing("up", "--detach").returncode == 0
    os.kill(int((data_dir / "run/supervisor.pid").read_text()), signal.SIGKILL)
    assert riqing("status").returncode == 1
    orphans = left_running(data_dir)
    assert orphans
    assert riqing("up", "--detach").returncode == 0
    assert riqing("status").returncode == 0
    assert not set(orphans) & set(left_running(data_dir))


def test_down_ends_the_orphans_of_a_killed_supervisor(riqing: Riqing, data_dir: Path) -> None:
    """`down` finds what runs for the stack without the supervisor's help."""
    assert riqing("up", "--detach").returncode == 0
    os.kill(int((data_dir / "run/supervisor.pid").read_text()), signal.SIGKILL)
    assert riqing("down").returncode == 0
    assert left_running(data_dir) == []


def test_a_crashed_process_is_started_again(riqing: Riqing) -> None:
    """What is killed comes back, with its data, and the stack is healthy again."""
    assert riqing("up", "--detach").returncode == 0
    before = {process["name"]: process["pid"] for process in status_of(riqing)["processes"]}
    for name in ("postgres", "mosquitto"):
        os.kill(before[name], signal.SIGKILL)
    deadline = time.monotonic() + 90
    while (result := riqing("status", "--json")).returncode != 0:
        assert time.monotonic() < deadline, result.stdout
    after = {process["name"]: process["pid"] for process in json.loads(result.stdout)["processes"]}
    assert before.keys() == after.keys()
    assert after["postgres"] != before["postgres"]
    assert after["mosquitto"] != before["mosquitto"]


@pytest.mark.parametrize("flag", ["--api-port", "--mqtt-port", "--db-port"])
def test_a_port_in_use_is_named(flag: str, riqing: Riqing) -> None:
    """A port that somebody else has is named, with the flag that would choose another."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = riqing("up", "--detach", flag, str(port))
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1] == f"riqing: Port {port} is in use: choose another one with {flag}."


def test_a_folder_that_cannot_be_written_is_named(riqing: Riqing, tmp_path: Path) -> None:
    """A data folder that cannot be made is named, with what would help."""
    (tmp_path / "file").touch()
    folder = tmp_path / "file/stack"
    result = riqing("up", "--detach", RIQING_DATA_DIR=str(folder))
    assert result.returncode == 1
    assert f"The data folder {folder} cannot be written" in result.stderr
    assert "--data-dir" in result.stderr


def test_a_process_that_is_not_known_is_named(riqing: Riqing) -> None:
    """A name in RIQING_PROCESSES that is no process's is told with those that are."""
    result = riqing("up", "--detach", RIQING_PROCESSES="api,plannr")
    assert result.returncode == 1
    assert "'plannr'" in result.stderr
    assert "planner" in result.stderr


def test_down_and_status_where_there_is_no_stack(riqing: Riqing) -> None:
    """`down` is content where nothing runs; `status` says how to start."""
    assert riqing("down").returncode == 0
    result = riqing("status")
    assert result.returncode == 1
    assert "riqing up" in result.stderr


def test_servers_of_ones_own_are_used(riqing: Riqing, servers: RunningStack, fresh_database: str) -> None:
    """With DATABASE_URL and MQTT_URL set, `up` starts neither database nor broker and uses those."""
    own = {"DATABASE_URL": fresh_database, "MQTT_URL": servers.mqtt_url}
    result = riqing("up", "--detach", **own)
    assert result.returncode == 0, result.stderr
    found = status_of(riqing)
    assert not {"postgres", "mosquitto"} & {process["name"] for process in found["processes"]}
    assert found["database"].endswith(fresh_database.rpartition("@")[2])
    assert found["mqtt"].endswith(servers.mqtt_url.rpartition("@")[2])


def test_a_database_that_is_not_there_is_named(riqing: Riqing, data_dir: Path) -> None:
    """A DATABASE_URL at which nothing answers ends `up` with a sentence and without leftovers."""
    result = riqing("up", "--detach", DATABASE_URL="postgresql://nobody:secret@127.0.0.1:9/none")
    assert result.returncode == 1
    assert "database" in result.stderr.splitlines()[-1].lower()
    assert "secret" not in result.stderr
    assert left_running(data_dir) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="PostgreSQL refuses root alone, and this is an ordinary user")
def test_root_without_a_way_to_be_somebody_else_is_told(
    riqing: Riqing, settings: dict[str, str], tmp_path: Path
) -> None:
    """Where root has neither user namespaces nor an account that reaches its folders, a sentence names the ways out."""
    refusal = tmp_path / "bin/unshare"
    refusal.parent.mkdir()
    refusal.write_text("#!/bin/sh\nexit 1\n")
    refusal.chmod(0o755)
    tmp_path.chmod(0o700)
    result = riqing("up", "--detach", PATH=f"{refusal.parent}:{settings['PATH']}")
    assert result.returncode == 1
    for way_out in ("ordinary user", "--data-dir", "DATABASE_URL"):
        assert way_out in result.stderr.splitlines()[-1]
