"""Corrections by hand on a real database: they stand over late data, are counted, kept, and undone."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from services.clearance.rounds import Rounds
from services.domain.errors import ConflictError, NotFoundError
from services.domain.kinds import DueVisitStatus
from services.store.clearance_figures import DueVisitRow, load_clearance, load_due_visit_changes, load_due_visits
from services.store.connection import Connection, connect
from services.store.corrections import NewCorrection, correct_due_visit, undo_correction
from tests.integration.clearance.stored_town import build, run_round, set_clock, store_drive
from tests.integration.clearance.test_rounds import DAY, NOON, POINTS, morning
from tests.unit.clearance.drives import START

CLEARED, MISSED, PENDING = DueVisitStatus.CLEARED, DueVisitStatus.MISSED, DueVisitStatus.PENDING
AFTER = START + timedelta(hours=30)


@pytest.fixture
def town(fresh_database: str) -> Iterator[Connection]:
    """A town whose morning has been driven: P3 and P7 were passed by; it is noon."""
    with connect(fresh_database) as connection:
        build(connection, POINTS, [morning().vehicle], START)
        set_clock(connection, NOON)
        run_round(connection)
        yield connection


def due(connection: Connection, point_id: str) -> DueVisitRow:
    """Return a point's due visit."""
    (row,) = [row for row in load_due_visits(connection, DAY) if row.point_id == point_id]
    return row


def correct(connection: Connection, point_id: str, status: DueVisitStatus, note: str = "seen") -> None:
    """Set a point's due visit by hand, in the name of Li."""
    correct_due_visit(connection, (DAY, point_id, 1), NewCorrection(status, note, "li", NOON))


def test_a_correction_stands_over_what_comes_late(town: Connection) -> None:
    """Set missed, then readings come that say cleared: it stays missed and says so; undone, it is cleared."""
    correct(town, "P0", MISSED, "the bin was full at ten")
    assert (due(town, "P0").status, due(town, "P0").correction is not None) == (MISSED, True)
    store_drive(town, morning().observe(POINTS, noise_m=8))
    run_round(town)
    row = due(town, "P0")
    assert (row.status, row.visit_id, row.cleared_at) == (MISSED, None, None)
    assert row.correction is not None
    assert (row.correction.corrected_by, row.correction.note) == ("li", "the bin was full at ten")
    assert row.correction.decided_status is CLEARED
    assert row.correction.decided_changed_at is not None
    assert due(town, "P1").correction is None
    changes = load_due_visit_changes(town, DAY, "P0", 1)
    assert [(change["status"], change["changed_by"], change["decided_status"]) for change in changes] == [
        ("pending", None, None),
        ("missed", "li", "pending"),
        ("missed", None, "cleared"),  # what came late is kept, and did not win
    ]
    undo_correction(town, (DAY, "P0", 1), "wang", NOON, "it was another bin")
    row = due(town, "P0")
    assert (row.status, row.correction, row.vehicle_id) == (CLEARED, None, "V1")
    assert row.visit_id is not None
    last = load_due_visit_changes(town, DAY, "P0", 1)[-1]
    assert (last["status"], last["changed_by"], last["note"]) == ("cleared", "wang", "it was another bin")
    run_round(town, Rounds())
    assert due(town, "P0").status is CLEARED


def test_a_missed_visit_set_cleared_counts_so_and_is_counted(town: Connection) -> None:
    """The rate rises, the figures say how many were set by hand, and the reason for having missed it is gone."""
    store_drive(town, morning().observe(POINTS, noise_m=8))
    set_clock(town, AFTER)
    run_round(town)
    (before,) = load_clearance(town, DAY, DAY)
    assert (before.cleared, before.missed, before.corrected) == (8, 2, 0)
    correct(town, "P3", CLEARED)
    (after,) = load_clearance(town, DAY, DAY)
    assert (after.cleared, after.missed, after.corrected) == (9, 1, 1)
    assert after.not_cleared_by_reason == {"not_planned": 1}
    run_round(town, Rounds())
    assert due(town, "P3").status is CLEARED
    undo_correction(town, (DAY, "P3", 1), "li", AFTER, "wrong point")
    assert (due(town, "P3").status, due(town, "P3").reason) == (MISSED, "not_planned")


def test_the_deadline_passes_beneath_a_correction(town: Connection) -> None:
    """Set cleared while it was pending; the day ends without a visit: undone, it is missed."""
    correct(town, "P5", CLEARED)
    set_clock(town, AFTER)
    run_round(town)
    row = due(town, "P5")
    assert row.correction is not None
    assert (row.status, row.correction.decided_status) == (CLEARED, MISSED)
    undo_correction(town, (DAY, "P5", 1), "li", AFTER, "nobody saw it")
    assert due(town, "P5").status is MISSED


def test_a_second_correction_takes_the_place_of_the_first(town: Connection) -> None:
    """One stands at a time; to set it to what the readings say is to undo it."""
    correct(town, "P5", CLEARED, "first")
    correct(town, "P5", MISSED, "second")
    row = due(town, "P5")
    assert row.correction is not None
    assert (row.status, row.correction.note, row.correction.decided_status) == (MISSED, "second", PENDING)
    set_clock(town, AFTER)
    run_round(town)
    correct(town, "P5", CLEARED, "third")
    correct(town, "P5", MISSED, "so be it")
    assert (due(town, "P5").status, due(town, "P5").correction) == (MISSED, None)
    kept = town.execute("SELECT count(*), count(undone_at) FROM due_visit_corrections").fetchone()
    assert kept == (3, 3)


def test_what_cannot_be_corrected_is_refused(town: Connection) -> None:
    """What it is already, what there is not, and an undoing of nothing."""
    store_drive(town, morning().observe(POINTS, noise_m=8))
    run_round(town)
    with pytest.raises(ConflictError, match="cleared already"):
        correct(town, "P0", CLEARED)
    with pytest.raises(NotFoundError):
        correct(town, "P99", CLEARED)
    with pytest.raises(NotFoundError):
        undo_correction(town, (DAY, "P0", 1), "li", NOON, "none")


def test_a_point_that_leaves_the_register_keeps_what_was_corrected(town: Connection) -> None:
    """The day is brought in line with the register; a due visit that somebody answered for stays."""
    correct(town, "P5", CLEARED)
    town.execute("DELETE FROM collection_points WHERE point_id IN ('P5', 'P6')")
    run_round(town, Rounds())
    points = {row.point_id for row in load_due_visits(town, DAY)}
    assert "P5" in points
    assert "P6" not in points


def test_a_corrected_visit_is_at_no_risk(town: Connection) -> None:
    """What the office has cleared by hand raises no alarm of a late truck."""
    town.execute("UPDATE due_visits SET planned_vehicle_id = 'V1', planned_at = %s WHERE point_id = 'P5'", (START,))
    rounds = Rounds()
    run_round(town, rounds)
    correct(town, "P5", CLEARED)
    rounds.watch(town)
    kinds = town.execute("SELECT kind FROM alarms WHERE kind = 'due_visit_at_risk'").fetchall()
    assert kinds == []
