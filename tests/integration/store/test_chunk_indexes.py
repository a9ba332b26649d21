"""Indices of finished chunks are made dense, and only these."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from services.store import chunk_indexes
from services.store.chunk_indexes import loose_indexes, make_dense
from services.store.connection import Connection, connect

ROWS_PER_DEVICE, DEVICES = 200, 60


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a chunk of a test count."""
    monkeypatch.setattr(chunk_indexes, "FEWEST_ROWS", ROWS_PER_DEVICE * DEVICES)
    monkeypatch.setattr(chunk_indexes, "LOOSE_BYTES", 45)


def fill(connection: Connection, start: datetime) -> None:
    """Store fixes as they come: by time, of all devices in turn."""
    for i in range(ROWS_PER_DEVICE):
        connection.execute(
            "INSERT INTO positions (observed_at, received_at, device_key, lat, lon)"
            " SELECT %s, %s, device, 1, 2 FROM generate_series(1, %s) AS device",
            [start + timedelta(seconds=i), start, DEVICES],
        )
    connection.execute("ANALYZE positions")


def test_index_of_a_finished_chunk_becomes_dense(fresh_database: str) -> None:
    """It shrinks, its rows are found, a duplicate is still refused, and there is nothing left to do."""
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    with connect(fresh_database, autocommit=True) as connection:
        for day in (today - timedelta(days=3), today):
            fill(connection, day)
        size = "SELECT sum(pg_indexes_size(chunk)) FROM show_chunks('positions') AS chunk"
        before = connection.execute(size).fetchone()
        [index] = loose_indexes(connection, today - timedelta(days=1))
        make_dense(connection, index)
        after = connection.execute(size).fetchone()
        assert before is not None
        assert after is not None
        assert after[0] < before[0]
        assert loose_indexes(connection, today - timedelta(days=1)) == []
        again = connection.execute(
            "INSERT INTO positions (observed_at, received_at, device_key, lat, lon)"
            " SELECT observed_at, received_at, device_key, lat, lon FROM positions ON CONFLICT DO NOTHING"
        )
        assert again.rowcount == 0


def test_index_whose_making_was_broken_off_is_dropped(fresh_database: str) -> None:
    """What a killed server leaves behind would be written to for ever."""
    start = datetime.now(UTC) - timedelta(days=5)
    with connect(fresh_database, autocommit=True) as connection:
        fill(connection, start.replace(hour=3))
        with psycopg.connect(fresh_database) as other:
            other.execute("SELECT count(*) FROM positions")  # whom the making waits for
            [index] = loose_indexes(connection, start + timedelta(days=2))
            connection.execute("SET statement_timeout = '1s'")
            with pytest.raises(psycopg.errors.QueryCanceled):
                make_dense(connection, index)
        connection.execute("RESET statement_timeout")
        [left] = loose_indexes(connection, start + timedelta(days=2))
        assert not left.is_valid
        make_dense(connection, left)
        assert loose_indexes(connection, start + timedelta(days=2)) == []
