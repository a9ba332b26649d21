"""Clearance as a process of its own: it waits for a town, decides within seconds, and outlives the database."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from services.store.clearance_figures import load_clearance
from services.store.connection import connect
from tests.integration.clearance.stored_town import build, set_clock, store_drive
from tests.integration.clearance.test_rounds import DAY, NOON, POINTS, morning
from tests.unit.clearance.drives import START, START_S, Drive

PATIENCE_S = 60.0


@contextmanager
def running(database_url: str, heartbeat: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run the process; it must end cleanly when told to."""
    environment = {**os.environ, "DATABASE_URL": database_url, "RIQING_HEARTBEAT_FILE": str(heartbeat)}
    process = subprocess.Popen([sys.executable, "-m", "services.clearance.service"], env=environment)
    try:
        yield process
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=PATIENCE_S) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so."""
    give_up_at = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < give_up_at, "It did not happen in time."
        time.sleep(0.1)


def cleared(database_url: str) -> int:
    """Return how many due visits of the day are cleared."""
    with connect(database_url) as connection:
        return sum(figure.cleared for figure in load_clearance(connection, DAY, DAY))


def test_a_process_decides_what_comes_in_through_losses_of_its_connection(fresh_database: str, tmp_path: Path) -> None:
    """It lives without a town, decides the first half of a morning, loses its connection, and decides the rest."""
    heartbeat = tmp_path / "beat"
    day = morning().observe(POINTS, noise_m=8)
    half_s = START_S + 600
    with running(fresh_database, heartbeat):
        wait_until(heartbeat.exists)
        with connect(fresh_database) as connection:
            build(connection, POINTS, [Drive().vehicle], START)
            set_clock(connection, NOON)
            store_drive(connection, day, until_s=half_s)
        wait_until(lambda: cleared(fresh_database) >= 3)
        before = cleared(fresh_database)
        with psycopg.connect(fresh_database, autocommit=True) as connection:
            ended = connection.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                "WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()"
            ).fetchone()
            assert ended is not None
            assert ended[0] >= 1
        with connect(fresh_database) as connection:
            store_drive(connection, day, since_s=half_s)
        wait_until(lambda: cleared(fresh_database) == 8)
        assert before < 8


def test_due_visits_fall_due_without_any_reading(fresh_database: str, tmp_path: Path) -> None:
    """When the town's clock passes the end of the day what is pending is missed, and the next day is open."""
    with running(fresh_database, tmp_path / "beat"):
        with connect(fresh_database) as connection:
            build(connection, POINTS, [Drive().vehicle], START)

        def counts(day_offset: int) -> tuple[int, int]:
            with connect(fresh_database) as connection:
                day = DAY + timedelta(days=day_offset)
                figures = load_clearance(connection, day, day)
                return sum(figure.pending for figure in figures), sum(figure.missed for figure in figures)

        wait_until(lambda: counts(0) == (10, 0))
        with connect(fresh_database) as connection:
            set_clock(connection, START + timedelta(hours=23))
        wait_until(lambda: counts(0) == (0, 10) and counts(1) == (10, 0))


def test_a_process_without_settings_says_so(capfd: pytest.CaptureFixture[str]) -> None:
    """Without a database named it ends with one line that says what to do."""
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    command = [sys.executable, "-m", "services.clearance.service"]
    assert subprocess.run(command, env=environment, check=False).returncode == 1
    assert "DATABASE_URL" in capfd.readouterr().err
