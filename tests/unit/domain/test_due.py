"""Which visits are due on a day."""

from datetime import date, timedelta

import pytest

from services.domain.due import due_visits, visits_due
from services.domain.registry import CollectionPoint, DailyWindow
from services.domain.town import Interval, Town

TOWN = Town("青石县")
DAY = date(2026, 3, 10)
MORNING, EVENING = DailyWindow(6 * 3600, 9 * 3600), DailyWindow(17 * 3600, 20 * 3600)


def point(visits_per_day: float = 1, windows: tuple[DailyWindow, ...] = (), kg: float = 120) -> CollectionPoint:
    """Return a point with an identifier of no meaning."""
    return CollectionPoint("P1", 116.0, 34.0, visits_per_day=visits_per_day, windows=windows, expected_kg=kg)


def span(window: DailyWindow) -> Interval:
    """Return a daytime window on the day."""
    return Interval(TOWN.instant(DAY, window.start_s), TOWN.instant(DAY, window.end_s))


@pytest.mark.parametrize(
    ("visits_per_day", "windows", "expected"),
    [
        (1, (), [(TOWN.service_day(DAY),)]),  # no window: the whole service day
        (1, (EVENING, MORNING), [(span(MORNING), span(EVENING))]),  # one visit may use either
        (2, (MORNING, EVENING), [(span(MORNING),), (span(EVENING),)]),  # each visit has its own
        (2, (MORNING,), [(span(MORNING),), (span(MORNING),)]),
        (3, (MORNING, EVENING), [(span(MORNING),), (span(EVENING),), (span(MORNING),)]),
        (2, (), [(TOWN.service_day(DAY),)] * 2),
    ],
)
def test_windows_of_due_visits(
    visits_per_day: float, windows: tuple[DailyWindow, ...], expected: list[tuple[Interval, ...]]
) -> None:
    """Visits share a point's windows in turn."""
    found = due_visits(TOWN, [point(visits_per_day, windows)], DAY)
    assert [due.windows for due in found] == expected
    assert [due.occurrence for due in found] == list(range(1, len(expected) + 1))


def test_rare_visits_fall_due_once_in_their_interval() -> None:
    """A point with 0.33 visits a day is due on each third day, and three days' refuse waits then."""
    rare = point(0.33, kg=100)
    days = [visits_due(rare, DAY + timedelta(days=offset)) for offset in range(12)]
    assert sum(days) == 4
    assert {sum(days[start : start + 3]) for start in range(10)} == {1}
    due = next(due for offset in range(3) for due in due_visits(TOWN, [rare], DAY + timedelta(days=offset)))
    assert due.expected_kg == pytest.approx(100 / 0.33)


def test_rare_visits_of_many_points_are_spread_over_the_days() -> None:
    """Not all points with rare visits fall due on the same day."""
    points = [CollectionPoint(f"P{number}", 116.0, 34.0, visits_per_day=0.33) for number in range(300)]
    counts = [len(due_visits(TOWN, points, DAY + timedelta(days=offset))) for offset in range(3)]
    assert sum(counts) == 300
    assert min(counts) > 70


def test_expected_weight_is_shared_by_the_visits_of_a_day() -> None:
    """Two visits a day find half of the day's refuse each; the parts add up to the day."""
    found = due_visits(TOWN, [point(2, kg=300), point(1.5, kg=300)], DAY)
    assert [due.expected_kg for due in found[:2]] == [150, 150]
    assert sum(due.expected_kg for due in found[2:]) == pytest.approx(300)
