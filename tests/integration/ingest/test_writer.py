"""A step that fails on a message: that message alone is put aside, whatever the failure."""

import threading
from datetime import UTC, datetime

import psycopg
import pytest

from services.domain.kinds import DeviceKind
from services.domain.town import Town
from services.ingest import pipeline
from services.ingest.candidate import Batch, Candidate
from services.ingest.delivery import Delivery
from services.ingest.intake import Intake
from services.ingest.measures import Measures
from services.ingest.settings import IngestSettings
from services.ingest.writer import Writer
from services.store.connection import connect
from services.store.dead_letters import list_dead_letters
from services.store.devices import NewDevice, enrol_devices
from tests.integration.ingest.conftest import now_text, wait_until


def poisonous(candidates: list[Candidate], batch: Batch) -> list[Candidate]:
    """Fail on one message as a mistake in a step would."""
    del batch
    if any(b'"seq": 1}' in candidate.body for candidate in candidates):
        raise RuntimeError("a mistake")
    return candidates


def test_mistake_in_a_step_stops_nothing(fresh_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others of its batch are stored, it is a letter, and all are acknowledged in order."""
    monkeypatch.setattr(pipeline, "STEPS", (*pipeline.STEPS, poisonous))
    now = datetime.now(UTC)
    with connect(fresh_database) as connection:
        enrol_devices(connection, [NewDevice(DeviceKind.VEHICLE, "7", "7")], now)
    acknowledged: list[Delivery] = []
    intake = Intake(100, 100_000)
    bodies = [b'{"ts": "%s", "lat": 1, "lon": 2, "seq": %d}' % (now_text().encode(), seq) for seq in range(3)]
    topic = "riqing/v1/镇/vehicle/7/position".encode()
    deliveries = [Delivery(topic, body, seq + 1, 1, now) for seq, body in enumerate(bodies)]
    intake.put(deliveries)
    writer = Writer(IngestSettings(), fresh_database, Town("镇"), intake, acknowledged.extend, Measures())

    def stop_after(batch: list[Delivery]) -> None:
        acknowledged.extend(batch)
        writer.stop()

    writer._acknowledge = stop_after
    writer.run()
    assert acknowledged == deliveries
    with psycopg.connect(fresh_database) as connection:
        assert connection.execute("SELECT seq FROM positions ORDER BY seq").fetchall() == [(0,), (2,)]
        [letter] = list_dead_letters(connection)
    assert (letter.reason, letter.payload) == ("internal_error", bodies[1])
    assert "RuntimeError" in letter.detail


def test_batches_keep_their_order_when_one_fails(fresh_database: str) -> None:
    """The next batch is admitted while one is being stored; when that fails both are stored, once and in order."""
    now = datetime.now(UTC)
    with connect(fresh_database) as connection:
        enrol_devices(connection, [NewDevice(DeviceKind.VEHICLE, "7", "7")], now)
    topic = "riqing/v1/镇/vehicle/7/position".encode()
    bodies = [b'{"ts": "%s", "lat": 1, "lon": 2, "seq": %d}' % (now_text().encode(), seq) for seq in range(2)]
    first, second = [[Delivery(topic, body, i + 1, 1, now)] for i, body in enumerate(bodies)]
    acknowledged: list[Delivery] = []
    intake = Intake(100, 100_000)
    writer = Writer(IngestSettings(), fresh_database, Town("镇"), intake, acknowledged.extend, Measures())
    thread = threading.Thread(target=writer.run)
    with psycopg.connect(fresh_database) as lock, psycopg.connect(fresh_database, autocommit=True) as other:
        lock.execute("LOCK TABLE positions IN ACCESS EXCLUSIVE MODE")
        thread.start()
        intake.put(first)
        waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'COPY%'"
        [pid] = wait_until(lambda: other.execute(waiting).fetchone())
        intake.put(second)
        wait_until(lambda: second in writer._in_hand)
        assert acknowledged == []
        other.execute("SELECT pg_terminate_backend(%s)", [pid])
        lock.rollback()
        wait_until(lambda: len(acknowledged) == 2)
        assert acknowledged == [*first, *second]
        assert other.execute("SELECT seq FROM positions ORDER BY seq").fetchall() == [(0,), (1,)]
    writer.stop()
    thread.join(60)
    assert not thread.is_alive()
