"""Whose clock is wrong and who sends too much, by what arrives when."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

import pytest

from services.ingest.conduct import ClockFinding, ClockJudge, Shares
from tests.unit.ingest.town import NOW

KEY = 7


def judged(arrivals: Sequence[tuple[float, float]]) -> list[ClockFinding]:
    """Return what a judge finds of one device; an arrival is (minutes from now, minutes that it is late)."""
    judge, found = ClockJudge(), []
    for at_min, late_min in arrivals:
        received_at = NOW + timedelta(minutes=at_min)
        finding = judge.newest(KEY, received_at - timedelta(minutes=late_min), received_at)
        if finding is not None:
            found.append(finding)
    return found


RIGHT: list[tuple[str, list[tuple[float, float]]]] = [
    ("always in time", [(minute, 0.1) for minute in range(60)]),
    ("held back for two hours and handed in one by one", [(second / 60, 120 - second) for second in range(120)]),
    ("the same reading again and again, for want of an acknowledgement", [(m, 30 + m) for m in range(30)]),
    ("two late readings, an hour apart", [(0, 480), (60, 480)]),
    ("late at once: an array, or a burst within seconds", [(i / 60, 480) for i in range(30)]),
    ("a little behind", [(minute, 15) for minute in range(60)]),
]


@pytest.mark.parametrize("arrivals", [arrivals for _, arrivals in RIGHT], ids=[name for name, _ in RIGHT])
def test_what_is_late_for_another_reason_is_no_wrong_clock(arrivals: list[tuple[float, float]]) -> None:
    """Dead spots, repetitions and small differences say nothing of the clock."""
    assert judged(arrivals) == []


WRONG = [
    (480, "time_zone"),  # UTC sent as local time in China
    (330, "time_zone"),  # half an hour is a zone's too
    (24 * 60, "date"),
    (3 * 24 * 60, "date"),
    (100, "clock"),
    (365 * 24 * 60, "date"),
]


@pytest.mark.parametrize(("late_min", "likely"), WRONG)
def test_what_is_late_by_the_same_all_the_time_has_a_wrong_clock(late_min: float, likely: str) -> None:
    """It is told once, with what was probably set wrongly, and once more when it is right again."""
    arrivals = [(minute, late_min + 0.01 * minute) for minute in range(20)] + [(21, 0.0), (22, 0.0)]
    wrong, right = judged(arrivals)
    assert wrong.wrong_by is not None
    assert abs(wrong.wrong_by + timedelta(minutes=late_min)) < timedelta(minutes=1)
    assert wrong.likely == likely
    assert right == ClockFinding(KEY, None)
    assert right.likely is None


def test_one_reading_from_the_future_is_enough() -> None:
    """Nothing else makes a reading come before it was taken; what the office was told before is not told again."""
    judge = ClockJudge()
    assert judge.ahead(KEY, timedelta(hours=8)) == ClockFinding(KEY, timedelta(hours=8))
    assert judge.ahead(KEY, timedelta(hours=8)) is None
    other = ClockJudge()
    other.remember([KEY])
    assert other.ahead(KEY, timedelta(hours=8)) is None
    assert other.newest(KEY, NOW, NOW) == ClockFinding(KEY, None)


TOPIC = "riqing/v1/清城/vehicle/7".encode()


def charged(shares: Shares, seconds: range, each: int) -> list[int]:
    """Return in which second a device that sends so many messages each second has spent its share."""
    return [second for second in seconds if shares.charge(Counter({TOPIC + b"/position": each}), second)]


def test_a_share_is_a_rate_and_a_burst() -> None:
    """At the rate for ever; above it until the burst is used up; what was saved up is at most the burst."""
    assert charged(Shares(10, 100), range(1_000), each=10) == []
    assert charged(Shares(10, 100), range(13), each=20) == [9]
    shares = Shares(10, 100)
    assert shares.charge(Counter({TOPIC + b"/position": 1}), 0) == []
    assert shares.charge(Counter({TOPIC + b"/position": 101}), 1_000_000) == [TOPIC]


def test_all_messages_of_a_device_count_for_it_and_none_of_others() -> None:
    """Whatever it calls the message, and below its topic only."""
    shares = Shares(1, 100)
    topics = Counter({TOPIC + b"/position": 60, TOPIC + b"/made/up": 60, TOPIC + b"0/position": 60})
    assert shares.charge(topics, 0.0) == [TOPIC]


def test_a_zone_s_offset_is_told_from_a_day_s() -> None:
    """Exactly and about a multiple of half an hour up to 14 h, or of a day."""
    found = {hours: ClockFinding(1, timedelta(hours=hours)).likely for hours in (0.5, 8, 13.75, 14, 15, 23, 24, 47, 48)}
    assert found == {
        0.5: "time_zone", 8: "time_zone", 13.75: "clock", 14: "time_zone", 15: "clock", 23: "clock",
        24: "date", 47: "clock", 48: "date",
    }  # fmt: skip
