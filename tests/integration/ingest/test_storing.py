"""Batches against the real database: the fast way, the careful way, and rows that the database refuses."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.domain.kinds import DeviceKind, MessageKind
from services.domain.telemetry import PositionReading
from services.domain.topics import Topic
from services.domain.town import Town
from services.ingest.candidate import Candidate
from services.ingest.delivery import Delivery
from services.ingest.refusal import Refusal, RefusalReason
from services.ingest.storing import BatchStore
from services.store.connection import Connection, connect
from services.store.dead_letters import list_dead_letters
from services.store.devices import NewDevice, enrol_devices, load_enrolled
from services.store.readings import KEY_COLUMNS, TABLES, value_columns

NOW = datetime(2026, 5, 1, 8, 0, tzinfo=UTC)
TOWN = Town("镇")
TOPIC = Topic("镇", DeviceKind.VEHICLE, "0", MessageKind.POSITION)


@pytest.fixture
def connection(fresh_database: str) -> Iterator[Connection]:
    """A database with three vehicles."""
    with connect(fresh_database, autocommit=True) as connection:
        enrol_devices(connection, [NewDevice(DeviceKind.VEHICLE, str(i), str(i)) for i in range(3)], NOW)
        yield connection


def fixes(connection: Connection, *readings: tuple[int, int, float], device: str = "0") -> list[Candidate]:
    """Return accepted fixes of a vehicle, each given as (seconds after NOW, seq, latitude)."""
    key = load_enrolled(connection)[DeviceKind.VEHICLE, device].device_key
    return [
        Candidate(
            delivery=Delivery(str(TOPIC).encode(), b"{}", i + 1, 1, NOW),
            body=b"%d" % i,
            topic=TOPIC,
            device_key=key,
            reading=PositionReading(ts=0, seq=seq if seq >= 0 else None, lat=lat, lon=2),
            observed_at=NOW + timedelta(seconds=second),
            received_at=NOW,
        )
        for i, (second, seq, lat) in enumerate(readings)
    ]


def stored(connection: Connection) -> list[tuple[int, int, float]]:
    """Return what is stored, as `fixes` was given it."""
    query = "SELECT extract(epoch FROM observed_at - %s)::int, seq::int, lat FROM positions ORDER BY 1, 2"
    return connection.execute(query, (NOW,)).fetchall()


def test_columns_are_those_of_the_contract(connection: Connection) -> None:
    """Each table has a column for every field of its message, and no other: they cannot drift apart."""
    for message, table in TABLES.items():
        query = "SELECT column_name FROM information_schema.columns WHERE table_name = %s"
        columns = {name for (name,) in connection.execute(query, (table,))}
        assert columns == {*KEY_COLUMNS, *value_columns(message)}


def test_same_batch_twice(connection: Connection) -> None:
    """A batch that is stored again changes nothing and is counted as duplicates."""
    batch, store = fixes(connection, (0, 1, 1.0), (1, 2, 2.0)), BatchStore(TOWN)
    assert store.store(connection, batch, []).stored == Counter({MessageKind.POSITION: 2})
    again = store.store(connection, batch, [])
    assert (again.stored.total(), again.duplicates.total()) == (0, 2)
    assert stored(connection) == [(0, 1, 1.0), (1, 2, 2.0)]
    assert connection.execute("SELECT sum(row_count)::int FROM stored_batches").fetchone() == (2,)


def test_after_a_duplicate_the_fast_way_comes_back(connection: Connection) -> None:
    """Wariness ends, and new readings are stored all the while."""
    store = BatchStore(TOWN)
    for second in range(110):
        store.store(connection, fixes(connection, (second, 1, 1.0), *([(second, 1, 1.0)] if second == 3 else [])), [])
    assert stored(connection) == [(second, 1, 1.0) for second in range(110)]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 3), st.integers(-1, 2), st.floats(-90, 90)), max_size=8),
        min_size=1,
        max_size=6,
    )
)
def test_readings_against_a_simple_oracle(connection: Connection, batches: list[list[tuple[int, int, float]]]) -> None:
    """Whatever comes however often: the first of each (instant, seq) is what is stored."""
    connection.execute("TRUNCATE positions, latest_positions")
    store, oracle = BatchStore(TOWN), dict[tuple[int, int], float]()
    for batch in batches:
        for second, seq, lat in batch:
            oracle.setdefault((second, seq), lat)
        store.store(connection, fixes(connection, *batch), [])
    assert stored(connection) == sorted((second, seq, lat) for (second, seq), lat in oracle.items())
    if oracle:
        newest = connection.execute("SELECT max(observed_at), count(*) FROM latest_positions").fetchone()
        assert newest == (NOW + timedelta(seconds=max(second for second, _ in oracle)), 1)


@pytest.mark.parametrize("bad", [[0], [9], [0, 4, 9], list(range(10))])
def test_row_that_the_database_refuses(connection: Connection, bad: list[int]) -> None:
    """The rows that break a constraint become letters with their own bytes; all others are stored."""
    connection.execute("ALTER TABLE positions ADD CHECK (lat <> 66)")
    batch = fixes(connection, *((i, i, 66.0 if i in bad else 1.0) for i in range(10)))
    outcome = BatchStore(TOWN).store(connection, batch, [])
    assert outcome.stored.total() == 10 - len(bad)
    assert outcome.refused == Counter({RefusalReason.REFUSED_BY_DATABASE: len(bad)})
    assert [row[0] for row in stored(connection)] == [i for i in range(10) if i not in bad]
    letters = list_dead_letters(connection)
    assert sorted(letter.payload for letter in letters) == [b"%d" % i for i in bad]
    assert all("violates check constraint" in letter.detail for letter in letters)


def test_row_that_cannot_be_written(connection: Connection) -> None:
    """A value beyond its column's type, which the ranges should have kept out, is a letter and stops nothing."""
    batch = fixes(connection, (0, 0, 1.0), (1, 2**63, 1.0), (2, 2, 1.0))
    outcome = BatchStore(TOWN).store(connection, batch, [])
    assert outcome.refused == Counter({RefusalReason.REFUSED_BY_DATABASE: 1})
    assert [row[0] for row in stored(connection)] == [0, 2]
    assert [letter.payload for letter in list_dead_letters(connection)] == [b"1"]


def test_bad_row_among_duplicates(connection: Connection) -> None:
    """Both faults in one batch: nothing is stored twice, nothing good is left out."""
    store = BatchStore(TOWN)
    store.store(connection, fixes(connection, (0, 0, 1.0)), [])
    connection.execute("ALTER TABLE positions ADD CHECK (lat <> 66)")
    outcome = store.store(connection, fixes(connection, (0, 0, 1.0), (1, 1, 66.0), (2, 2, 1.0), (2, 2, 1.0)), [])
    assert (outcome.stored.total(), outcome.duplicates.total(), outcome.refused.total()) == (1, 2, 1)
    assert [row[0] for row in stored(connection)] == [0, 2]


def test_device_that_was_deleted_meanwhile(connection: Connection) -> None:
    """A reading of a device whose row is gone is a letter, and its neighbours are stored."""
    gone = fixes(connection, (0, 0, 1.0), device="1")
    connection.execute("DELETE FROM devices WHERE device_id = '1'")
    outcome = BatchStore(TOWN).store(connection, [*gone, *fixes(connection, (1, 1, 1.0))], [])
    assert outcome.refused == Counter({RefusalReason.REFUSED_BY_DATABASE: 1})
    assert [row[0] for row in stored(connection)] == [1]


def test_nothing_is_half_stored(connection: Connection) -> None:
    """Where the database cannot store now, neither readings nor letters are there afterwards."""
    refusal = Refusal(Delivery(b"t", b"x", 1, 1, NOW), b"x", RefusalReason.NOT_JSON, "Not JSON.", NOW)
    batch = fixes(connection, (0, 0, 1.0))
    connection.execute("SET default_transaction_read_only = on")
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        BatchStore(TOWN).store(connection, batch, [refusal])
    connection.execute("SET default_transaction_read_only = off")
    assert (stored(connection), list_dead_letters(connection)) == ([], [])
    BatchStore(TOWN).store(connection, batch, [refusal])
    assert len(stored(connection)) == len(list_dead_letters(connection)) == 1


def test_redelivered_letter_is_kept_once(connection: Connection) -> None:
    """Killed between commit and acknowledgement, the ingest gets the message again; sent twice, it is two."""
    topic, payload = b"riqing/\xff\0", b"\x00\xff"
    for redelivered in (False, True, False):
        delivery = Delivery(topic, payload, 1, 1, NOW, redelivered=redelivered)
        refusal = Refusal(delivery, payload, RefusalReason.UNKNOWN_TOPIC, "A \0 \ud800 topic.", NOW, device_key=99)
        BatchStore(TOWN).store(connection, [], [refusal])
    letters = list_dead_letters(connection)
    assert [(letter.payload, letter.device_key, letter.detail) for letter in letters] == [
        (payload, None, "A \\0 \\ud800 topic.")
    ] * 2


def test_one_row_for_each_service_day(connection: Connection) -> None:
    """A batch of live and late readings tells clearance of each day those devices alone that speak of it."""
    late_s = -20 * 86_400
    first, second = "0", "1"
    keys = {name: load_enrolled(connection)[DeviceKind.VEHICLE, name].device_key for name in (first, second)}
    live = fixes(connection, (0, 1, 1.0), (60, 2, 1.0), device=first)
    # 04:00 in the town is 20:00 UTC, the end of the service day that NOW belongs to.
    over_day_start = fixes(connection, (12 * 3600 - 1, 3, 1.0), (12 * 3600, 4, 1.0), device=first)
    late = fixes(connection, (late_s, 1, 1.0), (late_s + 60, 2, 1.0), (late_s + 60, 2, 1.0), device=second)
    BatchStore(TOWN).store(connection, [*late, *live, *over_day_start], [])
    query = "SELECT device_keys, observed_from - %s, observed_to - %s, row_count FROM stored_batches ORDER BY 2"
    told = connection.execute(query, (NOW, NOW)).fetchall()
    assert [(row[0], row[1].total_seconds(), row[2].total_seconds(), row[3]) for row in told] == [
        ([keys[second]], late_s, late_s + 60, 2),
        ([keys[first]], 0, 12 * 3600 - 1, 3),
        ([keys[first]], 12 * 3600, 12 * 3600, 1),
    ]


def test_late_readings_of_a_whole_chunk(connection: Connection) -> None:
    """A day that comes weeks late, twice and in the wrong order: each reading once, and the latest stands."""
    store, day_s = BatchStore(TOWN), -21 * 86_400
    late = [(day_s + minute * 60, minute, 1.0) for minute in range(1_440)]
    store.store(connection, fixes(connection, (0, 9_999, 2.0)), [])
    for batch in (late[::-1], late[:700], [*late[600:], (1, 10_000, 3.0)]):
        store.store(connection, fixes(connection, *batch), [])
    assert stored(connection) == [*late, (0, 9_999, 2.0), (1, 10_000, 3.0)]
    assert connection.execute("SELECT observed_at, lat FROM latest_positions").fetchall() == [
        (NOW + timedelta(seconds=1), 3.0)
    ]
    assert connection.execute("SELECT sum(row_count)::int FROM stored_batches").fetchone() == (1_442,)
