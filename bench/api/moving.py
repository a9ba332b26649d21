"""A town that goes on while it is asked: trucks move, visits are decided, alarms raised, plans stay."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import LiteralString

from bench.api.town import DAY, FIX_INTERVAL_S, NOW, TOILETS, Size
from services.domain.clock import TownClock
from services.store.connection import connect
from services.store.town import save_clock

_EACH_SECOND: tuple[LiteralString, ...] = (
    # As ingest stores it: every truck's newest fix, and of some a fix of the track.
    """UPDATE latest_positions SET observed_at = observed_at + INTERVAL '1 second', lon = lon + 1e-5,
        heading_deg = %(turn)s %% 360""",
    """INSERT INTO positions (observed_at, received_at, seq, device_key, lon, lat, speed_kmh, heading_deg, load_kg)
    SELECT observed_at, now(), 1000 + %(turn)s, device_key, lon, lat, speed_kmh, heading_deg, load_kg
    FROM latest_positions WHERE device_key %% %(interval)s = %(turn)s %% %(interval)s""",
    """INSERT INTO usages (observed_at, received_at, seq, device_key, entries, occupied_stalls, total_stalls, open)
    SELECT (SELECT max(observed_at) FROM latest_positions), now(), %(turn)s, device_key, 3, 2, 6, true
    FROM devices WHERE kind = 'toilet' ORDER BY device_key OFFSET %(turn)s %% %(toilets)s LIMIT 1""",
    "NOTIFY readings_stored",
    # 20,000 visits in five hours.
    """UPDATE due_visits SET status = 'cleared', cleared_at = due_to, decided_at = now()
    WHERE service_date = %(day)s AND point_id = 'P' || 1 + (2 * %(turn)s * 7919) %% %(points)s""",
    """INSERT INTO alarms (kind, subject_kind, subject_id, raised_at, detail)
    SELECT 'device_silent', 'vehicle', 'V' || 1 + %(turn)s %% %(trucks)s, max(observed_at), '{}'
    FROM latest_positions HAVING %(turn)s %% 5 = 0 ON CONFLICT DO NOTHING""",
    """INSERT INTO cases (case_number, status, source, description, lon, lat, zone_id, reported_at)
    SELECT 'M' || (SELECT count(*) FROM cases), 'reported', 'resident', '垃圾桶满了', 116.1, 40, 'Z1', max(observed_at)
    FROM latest_positions HAVING %(turn)s %% 10 = 0""",
)


@contextmanager
def going_on(database_url: str, size: Size) -> Iterator[None]:
    """Let the town go on, once a second, and its clock with it, until the block is left."""
    with connect(database_url) as connection:
        save_clock(connection, TownClock(datetime.now(UTC), NOW, 1.0, simulated=True))
    stop = threading.Event()
    moving = threading.Thread(target=_move, args=(database_url, size, stop))
    moving.start()
    try:
        yield
    finally:
        stop.set()
        moving.join()


def _move(database_url: str, size: Size, stop: threading.Event) -> None:
    turn = 0
    with connect(database_url, autocommit=True) as connection:
        while not stop.wait(1.0):
            turn += 1
            parameters = {
                "turn": turn,
                "day": DAY,
                "interval": FIX_INTERVAL_S,
                "points": size.points,
                "trucks": size.trucks,
                "toilets": TOILETS,
            }
            with connection.transaction():
                for statement in _EACH_SECOND:
                    used = {name: value for name, value in parameters.items() if f"({name})" in statement}
                    connection.execute(statement, used or None)
