"""The order in which readings arrive: it changes nothing of what is decided, and late ones change their day only."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from random import Random

import pytest

from services.clearance.rounds import Rounds
from services.domain.kinds import DueVisitStatus
from services.store.clearance_figures import load_due_visits, load_visits
from services.store.connection import Connection, connect
from tests.integration.clearance.stored_town import build, run_round, set_clock, store_drive
from tests.unit.clearance.drives import START, START_S, Drive, point_at

DAY = date(2026, 3, 3)
POINTS = [point_at(120 * number, 8, point_id=f"P{number}", visits_per_day=2.0) for number in range(8)]
EVENING = START + timedelta(hours=12)
PIECE_S = 240.0


def drives() -> list[Drive]:
    """Two trucks that serve the same street at different hours; each leaves something out."""
    found = []
    for truck, left_out in enumerate((2, 5)):
        drive = Drive(vehicle=replace(Drive().vehicle, vehicle_id=f"V{truck + 1}"))
        drive.wait(3600.0 * truck)
        for number, point in enumerate(POINTS):
            drive.to(120 * number)
            if number != left_out:
                drive.serve(point, kg=150)
        found.append(drive.to(2500).wait(300))
    return found


@pytest.fixture
def town(fresh_database: str) -> Iterator[Connection]:
    """A connection to a database that holds the town at noon."""
    with connect(fresh_database) as connection:
        build(connection, POINTS, [drive.vehicle for drive in drives()], START)
        set_clock(connection, EVENING)
        yield connection


def decided(connection: Connection) -> list[object]:
    """Return what was decided, but for the numbers of the visits and the moment of the decision."""
    visits = [replace(row, visit_id=0, decided_at=START) for row in load_visits(connection, DAY)]
    due = [replace(row, visit_id=None, decided_at=START) for row in load_due_visits(connection, DAY)]
    return [*visits, *due]


@pytest.mark.parametrize("seed", [1, 2])
def test_pieces_in_any_order_make_the_same_day(town: Connection, seed: int) -> None:
    """Readings cut in pieces of four minutes that come shuffled, some rounds apart, decide as if all came at once."""
    days = [drive.observe(POINTS, noise_m=8, seed=number) for number, drive in enumerate(drives())]
    pieces = [(day, START_S + PIECE_S * number) for day in days for number in range(30)]
    random = Random(seed)
    random.shuffle(pieces)
    rounds = Rounds()
    for day, since_s in pieces:
        store_drive(town, day, since_s=since_s, until_s=since_s + PIECE_S)
        if random.random() < 0.3:
            run_round(town, rounds)
    run_round(town, rounds)
    piecemeal = decided(town)
    town.execute("DELETE FROM due_visit_changes")
    town.execute("UPDATE due_visits SET visit_id = NULL, status = 'pending', vehicle_id = NULL, cleared_at = NULL")
    town.execute("DELETE FROM visits")
    run_round(town, Rounds())  # one that begins looks at all vehicles of its day
    assert decided(town) == piecemeal
    cleared = [row for row in load_due_visits(town, DAY) if row.status is DueVisitStatus.CLEARED]
    assert len(cleared) == 14


def test_late_readings_leave_other_days_as_they_were(town: Connection) -> None:
    """A day's readings that come on the next one change no row of the next one, nor of the day before."""
    rounds = Rounds()
    run_round(town, rounds)
    set_clock(town, EVENING + timedelta(days=1))
    run_round(town, rounds)
    other_days = "SELECT * FROM due_visits WHERE service_date <> %s ORDER BY service_date, point_id, occurrence"
    before = town.execute(other_days, (DAY,)).fetchall()
    for number, drive in enumerate(drives()):
        store_drive(town, drive.observe(POINTS, noise_m=8, seed=number))
    run_round(town, rounds)
    assert town.execute(other_days, (DAY,)).fetchall() == before
    assert len(before) == 16
    changed = town.execute("SELECT DISTINCT service_date FROM due_visit_changes WHERE status = 'cleared'").fetchall()
    assert changed == [(DAY,)]
