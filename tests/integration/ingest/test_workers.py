"""Several ingests on one broker: sessions that strangers cannot take, numbers that two never have, a shared spool."""

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from services.broker.address import BrokerAddress
from services.broker.session import open_session, take_leave
from services.broker.spool import has_spool, spool_client_id
from services.domain.kinds import DeviceKind
from services.ingest.lease import WorkerLease
from tests.integration.ingest.conftest import (
    Device,
    IngestProcess,
    ServedTown,
    new_town,
    now_text,
    rows,
    wait_until,
)
from tests.integration.ingest.test_outages import Stream

FIXES = 200


Make = Callable[..., IngestProcess]


@pytest.fixture
def town(fresh_database: str, mqtt_url: str, tmp_path: Path) -> Iterator[tuple[ServedTown, Make]]:
    """A town, and a way to make ingests as they come to users: without a client id in the settings."""
    made: list[IngestProcess] = []

    def make(workers: int = 1) -> IngestProcess:
        folder = tmp_path / f"ingest {len(made)}"
        folder.mkdir()
        settings = {"RIQING_INGEST_WORKERS": str(workers)}
        made.append(IngestProcess(fresh_database, mqtt_url, folder, settings, client_id=""))
        return made[-1]

    address = BrokerAddress.parse(mqtt_url)
    sessions = [
        IngestProcess(fresh_database, mqtt_url, tmp_path, client_id=spool_client_id(address, worker))
        for worker in (1, 2, 3)
    ]
    try:
        yield ServedTown(new_town(fresh_database), fresh_database, mqtt_url, sessions[0]), make
    finally:
        for one in made:
            if one.process is not None:
                one.end(signal.SIGKILL)
        for session in sessions:
            session.forget_session()


def publish(truck: Device, first_seq: int = 0) -> None:
    """Publish `FIXES` fixes and wait until all are acknowledged."""
    truck.tell("position", *({"ts": now_text(), "lat": 1, "lon": 2, "seq": first_seq + i} for i in range(FIXES)))


def expect(town: ServedTown, count: int) -> None:
    """Wait until so many fixes are stored, each once."""
    query = "SELECT count(*), count(DISTINCT (device_key, seq)) FROM positions"
    wait_until(lambda: town.rows(query)[0][0] >= count)
    assert town.rows(query) == [(count, count)]


def test_messages_before_the_first_ingest(town: tuple[ServedTown, Make]) -> None:
    """A device that is enrolled, and publishes, before an ingest has ever run loses nothing."""
    served, make = town
    [truck] = served.enrol((DeviceKind.VEHICLE, "7"))
    publish(truck.connect())
    make().start()
    expect(served, FIXES)


def test_nobody_hears_before_and_somebody_after(town: tuple[ServedTown, Make]) -> None:
    """Without enrolment the broker has nobody for the town, and says so: the test before this one can fail."""
    served, _ = town
    topic = f"riqing/v1/{served.name}/vehicle/x/route"
    with open_session(BrokerAddress.parse(served.mqtt_url)) as session:
        assert not session.is_heard(topic)
        served.enrol((DeviceKind.VEHICLE, "7"))
        assert session.is_heard(topic)


def test_enrolment_leaves_a_running_ingest_its_session(town: tuple[ServedTown, Make]) -> None:
    """Its connection is not taken from it, however many devices are enrolled."""
    served, make = town
    ingest = make()
    ingest.start()
    for number in range(3):
        [truck] = served.enrol((DeviceKind.VEHICLE, str(number)))
        publish(truck.connect())
    expect(served, 3 * FIXES)
    assert "The connection to the broker ended" not in ingest.log.read_text()


def test_a_device_cannot_take_the_spool(town: tuple[ServedTown, Make]) -> None:
    """With the names that can be guessed a device gets a session of its own; the ingest's is not among them."""
    served, make = town
    ingest = make()
    ingest.start()
    [truck] = served.enrol((DeviceKind.VEHICLE, "7"))
    ingest.end()
    address = BrokerAddress.parse(served.mqtt_url)
    for guess in ("riqing-ingest", "ingest", "riqing-services", truck.credential.username):
        assert guess != spool_client_id(address, 1)
        stranger = Client(CallbackAPIVersion.VERSION2, client_id=guess, clean_session=True)
        stranger.username_pw_set(truck.credential.username, truck.credential.password)
        connected = threading.Event()
        stranger.on_connect = lambda *_, connected=connected: connected.set()
        stranger.connect(address.host, address.port)
        stranger.loop_start()
        assert connected.wait(10)
        take_leave(stranger)
    publish(truck.connect())
    ingest.start()
    expect(served, FIXES)
    assert "the session was kept" in ingest.log.read_text().splitlines()[-1]


def test_one_too_many_stands_by(town: tuple[ServedTown, Make]) -> None:
    """A second ingest where there may be one waits, and goes on where the first was killed; none fights."""
    served, make = town
    first, second = make(), make()
    first.start()
    [truck] = served.enrol((DeviceKind.VEHICLE, "7"))
    second.start()  # its heart beats: to stand by is nothing wrong
    wait_until(lambda: "standing by" in second.log.read_text())
    publish(truck.connect())
    expect(served, FIXES)
    first.end(signal.SIGKILL)
    publish(truck, first_seq=FIXES)
    expect(served, 2 * FIXES)
    assert "worker 1 of 1" in second.log.read_text()
    assert "ended after" not in first.log.read_text() + second.log.read_text()


def test_two_workers_share_and_grow(town: tuple[ServedTown, Make]) -> None:
    """From one worker to two while devices publish: both store, the latest never goes back, the last word counts."""
    served, make = town
    alone = make()
    alone.start()
    trucks = [truck.connect() for truck in served.enrol(*((DeviceKind.VEHICLE, str(i)) for i in range(4)))]
    streams = [Stream(truck, 3_000) for truck in trucks]
    for stream in streams:
        stream.start()
    wait_until(lambda: sum(stream.sent for stream in streams) > 2_000)
    alone.end(signal.SIGTERM)
    workers = [make(workers=2), make(workers=2)]
    for worker in workers:
        worker.start()
    for truck in trucks:
        truck.tell("status", *({"online": turn % 2 == 0} for turn in range(21)))
    for stream in streams:
        stream.join(60)
    expect(served, 12_000)
    for truck in trucks:
        truck.tell("status", {"online": False})
    wait_until(lambda: rows(served.database_url, "SELECT count(*) FROM devices WHERE online = false") == [(4,)])
    assert {"worker 1 of 2", "worker 2 of 2"} == {
        part for worker in workers for part in ("worker 1 of 2", "worker 2 of 2") if part in worker.log.read_text()
    }
    newest = """
        SELECT count(*) FROM latest_positions
        JOIN (SELECT device_key, max(observed_at) AS observed_at FROM positions GROUP BY 1) AS newest
            USING (device_key, observed_at)
        """
    assert served.rows(newest) == [(4,)]
    for truck in trucks:
        truck.disconnect()


def test_fewer_workers(town: tuple[ServedTown, Make], mqtt_url: str) -> None:
    """From three workers to one: what the others had in their sessions is stored, and the sessions are gone."""
    served, make = town
    three = [make(workers=3) for _ in range(3)]
    for worker in three:
        worker.start()
        wait_until(lambda worker=worker: "Connected" in worker.log.read_text())  # type: ignore[misc]
    [truck] = served.enrol((DeviceKind.VEHICLE, "7"))
    publish(truck.connect())
    expect(served, FIXES)
    for worker in three:
        worker.end()
    publish(truck, first_seq=FIXES)  # dealt out to three sessions
    alone = make()
    alone.start()
    expect(served, 2 * FIXES)
    wait_until(lambda: "worker 1 of 1" in alone.log.read_text())
    assert alone.log.read_text().count("its session is emptied") == 2
    publish(truck, first_seq=2 * FIXES)
    expect(served, 3 * FIXES)
    address = BrokerAddress.parse(mqtt_url)
    assert [has_spool(address, spool_client_id(address, worker)) for worker in (2, 3)] == [False, False]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_rolling_restart(town: tuple[ServedTown, Make], number: signal.Signals) -> None:
    """The new ingest is started before the old one is told to end: it takes over, and nothing is lost or twice."""
    served, make = town
    old = make()
    old.start()
    trucks = [truck.connect() for truck in served.enrol(*((DeviceKind.VEHICLE, str(i)) for i in range(4)))]
    streams = [Stream(truck, 2_500) for truck in trucks]
    for stream in streams:
        stream.start()
    for turn in range(1, 4):
        wait_until(lambda turn=turn: sum(stream.sent for stream in streams) > 2_500 * turn)  # type: ignore[misc]
        new = make()
        new.start(wait=False)
        old.end(number)
        old = new
    for stream in streams:
        stream.join(60)
    expect(served, 10_000)
    for truck in trucks:
        truck.disconnect()


def end_connections(database_url: str) -> None:
    """End all connections of the database but the one that does it."""
    query = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = current_database()"
    with psycopg.connect(database_url) as connection:
        connection.execute(f"{query} AND usename = current_user AND pid <> pg_backend_pid()")


def test_a_number_is_held_by_one(fresh_database: str) -> None:
    """The lowest that is free; whose connection ended has it again unless another was faster."""
    stopped = threading.Event()
    first, second, third = (WorkerLease(fresh_database, 2) for _ in range(3))
    assert first.take(stopped, stopped.set)
    assert second.take(stopped, stopped.set)
    assert (first.worker, second.worker) == (1, 2)
    assert not third.take(stopped, stopped.set), "stands by until it is stopped"
    end_connections(fresh_database)
    assert first.is_ours()
    assert second.is_ours()
    assert (first.worker, second.worker) == (1, 2)
    end_connections(fresh_database)
    assert third.take(threading.Event(), stopped.set)
    assert third.worker == 1
    assert not first.is_ours()
    assert second.is_ours()
    third.give_back()
    assert first.is_ours()
    for lease in (first, second, third):
        lease.give_back()


def test_a_number_is_ours_while_the_database_is_away(fresh_database: str) -> None:
    """Nobody can take it then, and what is held is stored when the database is back."""
    lease = WorkerLease(fresh_database, 1)
    assert lease.take(threading.Event(), lambda: None)
    lease.give_back()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    away = WorkerLease(f"postgresql://nobody@127.0.0.1:{port}/nothing", 1)
    away.worker = 1
    assert away.is_ours()
