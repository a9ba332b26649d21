"""Days, weeks and months as the office names them."""

from datetime import UTC, date, datetime

import pytest

from services.domain.errors import InvalidRequestError
from services.domain.period import Period, PeriodKind
from services.domain.town import Town


@pytest.mark.parametrize(
    ("text", "kind", "first", "last", "number", "before"),
    [
        ("2026-11-22", PeriodKind.DAY, (2026, 11, 22), (2026, 11, 22), (2026, 326), "2026-11-21"),
        ("2026-W47", PeriodKind.WEEK, (2026, 11, 16), (2026, 11, 22), (2026, 47), "2026-W46"),
        ("2026-W01", PeriodKind.WEEK, (2025, 12, 29), (2026, 1, 4), (2026, 1), "2025-W52"),
        ("2026-W53", PeriodKind.WEEK, (2026, 12, 28), (2027, 1, 3), (2026, 53), "2026-W52"),
        ("2026-02", PeriodKind.MONTH, (2026, 2, 1), (2026, 2, 28), (2026, 2), "2026-01"),
        ("2026-01", PeriodKind.MONTH, (2026, 1, 1), (2026, 1, 31), (2026, 1), "2025-12"),
    ],
)
def test_a_period_is_named_and_read_back(
    text: str,
    kind: PeriodKind,
    first: tuple[int, int, int],
    last: tuple[int, int, int],
    number: tuple[int, int],
    before: str,
) -> None:
    """Its ends, its number in the year, the one before; weeks by ISO 8601, whose year is not always the calendar's."""
    period = Period.parse(text)
    assert period == Period(kind, date(*first), date(*last))
    assert (period.name, period.number, period.before.name) == (text, number, before)
    assert (period.days[0], period.days[-1]) == (period.first, period.last)


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "2026", "2026-13", "2026-W54", "2026-W00", "2026-02-30", "26-11-22", "2026-1", "２０２６-11"],
)
def test_what_is_no_period_is_refused(text: str) -> None:
    """With a sentence that says what one looks like."""
    with pytest.raises(InvalidRequestError, match="2026-W10"):
        Period.parse(text)


def test_a_period_runs_from_day_start_to_day_start() -> None:
    """A week of the town begins on Monday at four in the morning, local time."""
    span = Period.parse("2026-W47").span(Town("清河县"))
    assert span.start == datetime(2026, 11, 15, 20, tzinfo=UTC)
    assert span.end == datetime(2026, 11, 22, 20, tzinfo=UTC)
