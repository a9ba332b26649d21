"""The service day and the daily spans within it."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from services.domain.errors import InvalidRequestError
from services.domain.town import DAY_S, Town

TOWN = Town("青石县")
DAY = date(2026, 3, 10)


def local(text: str) -> datetime:
    """Return a local time of the town such as `10 06:30` (day of March 2026, hour, minute) in UTC."""
    return datetime.strptime(f"2026-03-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=TOWN.zone_info).astimezone(UTC)


def hours(text: str) -> int:
    """Return the seconds after midnight of `HH:MM`."""
    hour, minute = text.split(":")
    return int(hour) * 3600 + int(minute) * 60


@pytest.mark.parametrize(
    ("instant", "expected"),
    [
        ("10 04:00", date(2026, 3, 10)),  # the day begins with its first minute
        ("10 03:59", date(2026, 3, 9)),  # the night before belongs to the day before
        ("11 03:59", date(2026, 3, 10)),
        ("10 23:59", date(2026, 3, 10)),
    ],
)
def test_service_date(instant: str, expected: date) -> None:
    """An instant belongs to the service day that began last."""
    assert TOWN.service_date(local(instant)) == expected


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        (("06:00", "09:00"), [("10 06:00", "10 09:00")]),
        (("22:00", "02:00"), [("10 22:00", "11 02:00")]),  # crosses midnight
        (("01:00", "03:00"), [("11 01:00", "11 03:00")]),  # after midnight is the end of the service day
        (("03:00", "06:00"), [("10 04:00", "10 06:00"), ("11 03:00", "11 04:00")]),  # cut by the day's start
        (("00:00", "24:00"), [("10 04:00", "11 00:00"), ("11 00:00", "11 04:00")]),
    ],
)
def test_intervals_on_a_service_day(span: tuple[str, str], expected: list[tuple[str, str]]) -> None:
    """A daily span is cut to the service day, in order of time."""
    found = TOWN.intervals_on(DAY, hours(span[0]), hours(span[1]))
    assert [(part.start, part.end) for part in found] == [(local(a), local(b)) for a, b in expected]


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        (("05:00", "13:00"), ("10 05:00", "10 13:00")),
        (("22:00", "06:00"), ("10 22:00", "11 06:00")),  # a night shift goes on past the day's end
        (("03:00", "11:00"), ("10 03:00", "10 11:00")),  # an early one begins before the day does
        (("00:30", "03:30"), ("11 00:30", "11 03:30")),
    ],
)
def test_shift_on_a_service_day(span: tuple[str, str], expected: tuple[str, str]) -> None:
    """A shift belongs to the service day in which most of it lies, and is not cut."""
    shift = TOWN.shift_on(DAY, hours(span[0]), hours(span[1]))
    assert (shift.start, shift.end) == (local(expected[0]), local(expected[1]))


def test_service_day_keeps_local_time_over_a_change_of_clocks() -> None:
    """Where clocks are put forward the service day is an hour short, and starts at the same local time."""
    helsinki = Town("Helsinki", "Europe/Helsinki", time(4, 0))
    day = helsinki.service_day(date(2026, 3, 28))
    assert day.end - day.start == timedelta(hours=23)
    assert helsinki.instant(date(2026, 3, 29), DAY_S).astimezone(helsinki.zone_info).hour == 0


@pytest.mark.parametrize(
    ("day_start", "changed_on"),
    [
        (time(2, 30), date(2026, 3, 8)),  # a time that does not exist where clocks go from 02:00 to 03:00
        (time(1, 30), date(2026, 11, 1)),  # a time that comes twice where clocks go from 02:00 to 01:00
    ],
)
def test_service_date_agrees_with_service_day_over_a_change_of_clocks(day_start: time, changed_on: date) -> None:
    """Every instant belongs to the one service day whose interval holds it, also when clocks are changed."""
    town = Town("St. John's", "America/St_Johns", day_start)
    start = datetime.combine(changed_on, time(), UTC)
    for minutes in range(0, 24 * 60, 10):
        instant = start + timedelta(minutes=minutes)
        assert town.service_day(town.service_date(instant)).contains(instant), instant


@pytest.mark.parametrize("name", ["", " ", " a", "a\x7f", "a/b", "a+b", "a#", "%u", "a\nb"])
def test_name_must_fit_a_topic(name: str) -> None:
    """A town's name is a level of its topics."""
    with pytest.raises(InvalidRequestError, match="MQTT topic"):
        Town(name)


def test_unknown_time_zone_is_refused() -> None:
    """A time zone is an IANA name."""
    with pytest.raises(InvalidRequestError, match="Asia/Shanghai"):
        Town("x", "Mars/Olympus")
