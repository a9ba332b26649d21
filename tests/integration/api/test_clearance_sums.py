"""The sums of clearance agree with the due visits that they are made of, whatever changes meanwhile."""

import json
import random
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest

from services.api.shapes.clearance import clearance_json
from services.domain.clearance import ClearanceBucket, ClearanceFigure, ClearanceGroup
from services.domain.kinds import DueVisitStatus, MissedReason
from services.store.clearance_figures import load_clearance
from services.store.clearance_sums import days_to_sum_up, months_to_sum_up, sum_up_day, sum_up_month
from services.store.connection import Connection, connect
from tests.integration.api import seeded_town
from tests.integration.api.conftest import Api

FIRST, DAYS, VISITS_A_DAY = date(2026, 8, 20), 50, 60
LAST = FIRST + timedelta(days=DAYS - 1)
BEFORE = LAST + timedelta(days=1)
AUGUST, SEPTEMBER = date(2026, 8, 1), date(2026, 9, 1)
"""The months that are over; of the second one every day is asked for, so that its sums are read."""
COLUMNS = (
    "service_date, zone_id, contractor_id, vehicle_id, cleared_at, planned_at, due_to, status, reason, expected_kg, "
    "correction_id IS NOT NULL"
)


@pytest.fixture
def town(fresh_database: str) -> Iterator[Connection]:
    """A connection to a town with seeded due visits and weights on fifty days, over two turns of a month."""
    with connect(fresh_database, autocommit=True) as connection:
        seeded_town.build(connection)
        _fill(connection, random.Random(7))
        yield connection


def _fill(connection: Connection, draw: random.Random) -> None:
    owners = [("Z1", "C1"), ("Z2", "C2"), (None, None)]
    with connection.cursor() as cursor:
        for table in ("due_visits", "due_visit_corrections", "attributed_weights"):
            cursor.execute(f"DELETE FROM {table} WHERE service_date BETWEEN %s AND %s", [FIRST, LAST])
        for day in (FIRST + timedelta(days=number) for number in range(DAYS)):
            noon = datetime(day.year, day.month, day.day, 4, tzinfo=UTC)
            for number in range(VISITS_A_DAY):
                zone_id, contractor_id = draw.choice(owners)
                status = draw.choice([*DueVisitStatus])
                at = noon + timedelta(minutes=draw.randrange(-400, 400))
                cursor.execute(
                    "INSERT INTO due_visits (service_date, point_id, occurrence, zone_id, contractor_id, windows, "
                    "due_from, due_to, expected_kg, status, cleared_at, vehicle_id, planned_at, reason, decided_at) "
                    "VALUES (%s, %s, 1, %s, %s, '[]', %s, %s, %s, %s, %s, %s, %s, %s, now())",
                    [
                        *(day, f"N{number}", zone_id, contractor_id, noon, noon + timedelta(hours=9)),
                        *(draw.uniform(1, 900), status.value, at if status is DueVisitStatus.CLEARED else None),
                        *(draw.choice(["V1", "V2", None]), draw.choice([at, None])),
                        None if status is DueVisitStatus.CLEARED else draw.choice([*MissedReason]).value,
                    ],
                )
            cursor.execute(
                "WITH corrected AS (INSERT INTO due_visit_corrections (service_date, point_id, occurrence, status, "
                "note, corrected_by, corrected_at, decided_status) VALUES (%s, 'N7', 1, 'missed', 'seen', 'office', "
                "now(), 'missed') RETURNING correction_id) "
                "UPDATE due_visits SET correction_id = corrected.correction_id "
                "FROM corrected WHERE (service_date, point_id) = (%s, 'N7')",
                [day, day],
            )
            cursor.execute(
                "INSERT INTO attributed_weights VALUES (%s, %s, 'V1', 'Z1', 'C1', %s, %s)",
                [day, noon, draw.uniform(1, 5000), draw.uniform(1, 5000)],
            )


def _counted(connection: Connection, contractor_id: str | None) -> dict[str, int]:
    """Return the counts of all days and the kg in grams, straight from the rows: the oracle."""
    counts: dict[str, int] = defaultdict(int)
    for row in connection.execute(f"SELECT {COLUMNS} FROM due_visits WHERE service_date <= %s", [LAST]):
        _, _, owner, *_, status, reason, kg, is_corrected = row
        if contractor_id in (None, owner):
            counts["due"] += 1
            counts[status] += 1
            counts["corrected"] += is_corrected
            counts["g"] += round(1000 * kg)
            if status != "cleared":
                counts[reason] += 1
    return dict(counts)


def _total(figures: list[ClearanceFigure]) -> dict[str, int]:
    counts: dict[str, int] = defaultdict(int)
    for figure in figures:
        for name in ("due", "cleared", "pending", "missed", "corrected"):
            counts[name] += getattr(figure, name)
        for reason, count in figure.not_cleared_by_reason.items():
            counts[reason] += count
    return dict(counts)


def _all_figures(connection: Connection) -> dict[Any, list[ClearanceFigure]]:
    return {
        (group, bucket, contractor_id): load_clearance(connection, FIRST, LAST, group, contractor_id, bucket)
        for group in ClearanceGroup
        for bucket in ClearanceBucket
        for contractor_id in (None, "C1")
    }


def _assert_same(found: dict[Any, list[ClearanceFigure]], expected: dict[Any, list[ClearanceFigure]]) -> None:
    """Counts are the same; weights are, as far as the order of adding numbers with fractions lets them."""
    kgs = ("expected_kg", "tipped_kg", "received_kg")
    for place, figures in expected.items():
        assert len(found[place]) == len(figures), place
        for one, other in zip(found[place], figures, strict=True):
            for name in ClearanceFigure.__struct_fields__:
                if name in kgs:
                    assert getattr(one, name) == pytest.approx(getattr(other, name), rel=1e-12)
                else:
                    assert getattr(one, name) == getattr(other, name), (place, name)


def _to_a_millionth(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return rows with their numbers rounded: in which order the store adds those with fractions is its own affair."""
    return [{name: round(of, 6) if isinstance(of, float) else of for name, of in row.items()} for row in rows]


def _sum_up(connection: Connection) -> int:
    days = days_to_sum_up(connection, BEFORE)
    assert all(sum_up_day(connection, day) for day in days)
    assert all(sum_up_month(connection, month) for month in months_to_sum_up(connection, BEFORE))
    assert connection.execute("SELECT month FROM clearance_months ORDER BY 1").fetchall() == [(AUGUST,), (SEPTEMBER,)]
    return len(days)


def test_sums_agree_with_the_due_visits(town: Connection) -> None:
    """By every group, bucket and contractor the same before and after days are summed, and as counted by hand."""
    raw = _all_figures(town)
    for contractor_id in (None, "C1"):
        counted = _counted(town, contractor_id)
        grams = counted.pop("g")
        figures = raw[ClearanceGroup.ZONE, ClearanceBucket.DAY, contractor_id]
        assert _total(figures) == counted
        assert sum(figure.expected_kg for figure in figures) * 1000 == pytest.approx(grams, abs=DAYS * VISITS_A_DAY)
    assert _sum_up(town) == DAYS
    _assert_same(_all_figures(town), raw)
    assert days_to_sum_up(town, BEFORE) == months_to_sum_up(town, BEFORE) == []
    town.execute("DELETE FROM clearance_months")
    _assert_same(_all_figures(town), raw)


def test_the_sums_of_a_month_are_read(town: Connection) -> None:
    """Where all of its days are asked for, and by no figure of a day."""
    _sum_up(town)
    town.execute("UPDATE clearance_month_sums SET due = due + 1000 WHERE grouping = 'contractor' AND key = 'C1'")
    expected = {ClearanceBucket.DAY: 0, ClearanceBucket.MONTH: 1000, ClearanceBucket.WHOLE: 1000}
    for bucket, more in expected.items():
        figures = load_clearance(town, FIRST, LAST, bucket=bucket)
        assert sum(figure.due for figure in figures) == DAYS * VISITS_A_DAY + more


def test_half_of_the_days_summed_is_the_same(town: Connection) -> None:
    """Days with sums and days without are one series."""
    raw = _all_figures(town)
    for day in days_to_sum_up(town, BEFORE)[::2]:
        assert sum_up_day(town, day)
    _assert_same(_all_figures(town), raw)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE due_visits SET status = 'cleared', reason = NULL, cleared_at = due_from WHERE point_id = 'N3'",
        "DELETE FROM due_visits WHERE point_id = 'N4' AND service_date < '2026-09-01'",
        "INSERT INTO due_visits SELECT service_date, 'new', 1, zone_id, contractor_id, windows, due_from, due_to, 7, "
        "'pending', NULL, NULL, NULL, NULL, NULL, NULL, now() FROM due_visits WHERE point_id = 'N5'",
        "DELETE FROM attributed_weights WHERE service_date > '2026-09-10'",
    ],
)
def test_a_change_of_a_summed_day_shows_at_once(town: Connection, change: str) -> None:
    """Whatever statement changes a day, its figures are those of the rows, then and after it is summed anew."""
    _sum_up(town)
    town.execute(change)
    changed = _all_figures(town)
    town.execute("CREATE TEMP TABLE kept AS SELECT * FROM clearance_days")
    town.execute("DELETE FROM clearance_days")
    town.execute("DELETE FROM clearance_months")
    _assert_same(changed, _all_figures(town))
    town.execute("INSERT INTO clearance_days SELECT * FROM kept")
    assert _sum_up(town) > 0
    _assert_same(_all_figures(town), changed)


def test_a_day_that_is_being_changed_is_not_summed(town: Connection, fresh_database: str) -> None:
    """As long as somebody else's change is under way nobody marks the day as summed; afterwards it has the change."""
    with psycopg.connect(fresh_database) as other:
        other.execute("UPDATE due_visits SET status = 'missed' WHERE service_date = %s", [FIRST])
        assert not sum_up_day(town, FIRST)
        assert sum_up_day(town, LAST)
        assert not sum_up_month(town, AUGUST)
    assert sum_up_day(town, FIRST)
    assert not sum_up_month(town, AUGUST), "a day of it has no sums yet"
    (figure,) = load_clearance(town, FIRST, FIRST)
    assert figure.missed == VISITS_A_DAY


def test_a_year_is_asked_for_by_month(api: Api, admin: httpx.Client) -> None:
    """Over HTTP: a figure for each month, and one for the whole."""
    with connect(api.database_url) as connection:
        _fill(connection, random.Random(8))
    span = {"start": "2026-01-01", "end": "2026-10-31"}
    months = admin.get("/api/v1/clearance", params=span | {"bucket": "month"}).raise_for_status().json()
    assert [row["date"] for row in months] == ["2026-08-01", "2026-09-01", "2026-10-01"]
    (whole,) = admin.get("/api/v1/clearance", params=span | {"bucket": "whole"}).json()
    assert whole["due"] == sum(row["due"] for row in months) == DAYS * VISITS_A_DAY
    assert whole["date"] == "2026-01-01"


@pytest.mark.parametrize("group_by", [*ClearanceGroup])
def test_a_series_of_kept_days_is_as_it_is_read(api: Api, admin: httpx.Client, group_by: ClearanceGroup) -> None:
    """Days that were asked for before, days that were not, and one that has changed meanwhile, in their order."""

    def series(start: date, end: date) -> list[dict[str, Any]]:
        span = {"start": str(start), "end": str(end), "group_by": group_by.value}
        rows: list[dict[str, Any]] = admin.get("/api/v1/clearance", params=span).raise_for_status().json()
        return rows

    with connect(api.database_url, autocommit=True) as connection:
        _fill(connection, random.Random(9))
        for ahead in (3, 4, 9):
            series(FIRST + timedelta(days=ahead), FIRST + timedelta(days=ahead))
        series(FIRST, FIRST + timedelta(days=5))
        connection.execute(
            "UPDATE due_visits SET status = 'missed' WHERE service_date = %s", [FIRST + timedelta(days=4)]
        )
        connection.execute("DELETE FROM due_visits WHERE service_date = %s", [FIRST + timedelta(days=7)])
        found, read = series(FIRST, LAST), load_clearance(connection, FIRST, LAST, group_by)
    assert found == series(FIRST, LAST)
    assert _to_a_millionth(found) == _to_a_millionth(json.loads(clearance_json(read)))
    assert {row["date"] for row in found} >= {str(FIRST), str(FIRST + timedelta(days=4)), str(LAST)}


def test_a_day_s_figures_are_kept_and_never_old(api: Api, admin: httpx.Client) -> None:
    """The same is answered from memory; any change shows in the next answer, whether the day is summed or not."""
    day = date(2026, 7, 1)

    def counts() -> list[int]:
        rows = admin.get("/api/v1/clearance", params={"date": str(day)}).raise_for_status().json()
        return [row[name] for row in rows for name in ("due", "cleared", "tipped_kg")]

    def add(point_id: str) -> None:
        connection.execute(
            "INSERT INTO due_visits SELECT %s, %s, 1, zone_id, contractor_id, windows, due_from, due_to, 7, 'pending', "
            "NULL, NULL, NULL, NULL, NULL, NULL, now() FROM due_visits LIMIT 1",
            [day, point_id],
        )

    with connect(api.database_url, autocommit=True) as connection:
        assert connection.execute("SELECT FROM due_visits LIMIT 1").rowcount, "the seeded town has a day"
        assert counts() == counts() == []
        add("one")
        assert counts() == counts() == [1, 0, 0]
        add("two")
        assert counts() == [2, 0, 0]
        assert sum_up_day(connection, day)
        assert counts() == counts() == [2, 0, 0]
        connection.execute("UPDATE due_visits SET status = 'cleared' WHERE service_date = %s", [day])
        assert counts() == [2, 2, 0]
        assert sum_up_day(connection, day)
        connection.execute("DELETE FROM due_visits WHERE (service_date, point_id) = (%s, 'two')", [day])
        assert counts() == [1, 1, 0]
        assert sum_up_day(connection, day)
        connection.execute("INSERT INTO attributed_weights VALUES (%s, now(), 'V1', 'Z1', NULL, 5, 5)", [day])
        assert counts() == [1, 1, 5]
        with connection.transaction(force_rollback=True):
            connection.execute("DELETE FROM due_visits WHERE service_date = %s", [day])
            assert counts() == [1, 1, 5], "nobody else has seen it yet"
        assert counts() == [1, 1, 5]
