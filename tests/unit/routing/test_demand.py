"""What a visit is planned on: rows of history become days, and days become kilograms at a visit."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from services.domain.demand import DemandSource
from services.domain.due import due_visits
from services.domain.registry import CollectionPoint
from services.domain.town import Town
from services.routing.demand import FIRST_DAY, Waiting, daily_yields, visit_demands, with_demands
from services.routing.holidays import holidays_in

TOWN = Town("青石县")
DAY = date(2026, 6, 1)
NOW = datetime(2026, 5, 31, 20, tzinfo=UTC)
NOTHING: dict[str, Any] = {name: np.array([]) for name in ("point", "day", "kg")}


def point(point_id: str = "a", **values: Any) -> CollectionPoint:
    """A point that the register expects 60 kg of."""
    return CollectionPoint(point_id, 118.0, 26.0, **({"expected_kg": 60.0} | values))


def rows(text: str) -> dict[str, Any]:
    """Rows in words: "a0:30 a2:60" is 30 kg at point a on day 0, and 60 on day 2."""
    cells = [(cell[0], *cell[1:].split(":")) for cell in text.split()]
    return {
        "point": np.array([float(ord(point) - ord("a")) for point, _, _ in cells]),
        "day": np.array([float(day) for _, day, _ in cells]),
        "kg": np.array([float(kg) for _, _, kg in cells]),
    }


def days(yields: pd.DataFrame) -> str:
    """Those rows back in words."""
    numbers = (yields["date"] - pd.Timestamp(FIRST_DAY)).dt.days
    found = sorted(zip(yields["point_id"], numbers, yields["kg"], strict=True))
    return " ".join(f"{name}{number}:{kg:g}" for name, number, kg in found)


@pytest.mark.parametrize(
    ("imported", "visited", "weighed", "visits_per_day", "expected"),
    [
        ("a0:30 a1:40", "", "", 1, "a0:30 a1:40"),
        ("a0:30 a3:40", "", "", 1, "a0:30 a3:40"),  # imported days are days, whatever lies between
        ("", "a0:30 a1:40", "", 1, "a0:30 a1:40"),
        ("", "a0:30 a2:80", "", 1, "a0:30 a2:40"),  # a day was missed: two days' refuse
        ("", "a0:30 a9:80", "", 1, "a0:30"),  # too long ago to know what else happened
        ("", "a0:90 a3:60 a6:30", "", 1 / 3, "a0:30 a3:20 a6:10"),
        ("a0:90 a3:60 a6:30", "", "", 1 / 3, "a0:30 a3:20 a6:10"),  # a history of collections
        ("a0:30 a1:20 a2:10", "", "", 1 / 3, "a0:30 a1:20 a2:10"),  # a history of days
        ("a0:30", "a0:99 a1:40", "", 1, "a0:30 a1:40"),  # the office's own figure counts first
        ("", "a1:40", "a1:99 a2:50", 1, "a1:40 a2:50"),  # then what was decided of visits, then the weighbridge
    ],
)
def test_rows_become_days(imported: str, visited: str, weighed: str, visits_per_day: float, expected: str) -> None:
    """What was collected arose since the collection before."""
    collected = [rows(visited), rows(weighed)]
    found = daily_yields(rows(imported), collected, [point(visits_per_day=visits_per_day)])
    assert days(found) == expected


def test_points_are_told_apart_by_their_place() -> None:
    """The first row of one point has nothing to do with the last row of another."""
    found = daily_yields(NOTHING, [rows("a5:10 b6:20 a6:30"), NOTHING], [point("a"), point("b")])
    assert days(found) == "a5:10 a6:30 b6:20"


def forecasts(mean_kg: float = 90.0, quantile_kg: float = 100.0, known_days: int = 30) -> pd.DataFrame:
    """A forecast of point a."""
    table = {"mean_kg": [mean_kg], "quantile_kg": [quantile_kg], "days": [known_days]}
    return pd.DataFrame(table, index=pd.Index(["a"], name="point_id"))


@pytest.mark.parametrize(
    ("values", "known_days", "expected", "source"),
    [
        ({}, 30, [100.0], DemandSource.FORECAST),
        ({}, 6, [60.0], DemandSource.REGISTERED),  # hardly anything is known of it
        ({"visits_per_day": 2}, 30, [50.0, 50.0], DemandSource.FORECAST),
        ({"visits_per_day": 0.25}, 30, [4 * 90 + 2 * 10], DemandSource.FORECAST),  # four days vary like two
    ],
)
def test_a_visit_is_planned_on_its_forecast(
    values: dict[str, Any], known_days: int, expected: list[float], source: DemandSource
) -> None:
    """The day's quantile in equal parts, or several days'; what is registered stands where little is known."""
    points = {"a": point(**values)}
    due = next(due for number in range(9) if (due := due_visits(TOWN, points.values(), DAY + timedelta(days=number))))
    found = visit_demands(due, points, forecasts(known_days=known_days), {}, NOW)
    assert [one.kg for one in found] == expected
    assert {one.source for one in found} == {source}
    assert [one.registered_kg for one in found] == [visit.expected_kg for visit in due]
    again = with_demands(due, {(one.point_id, one.occurrence): one.kg for one in found})
    assert [visit.expected_kg for visit in again] == expected


@pytest.mark.parametrize(
    ("emptied_before_h", "known_days", "expected"),
    [
        (12, 30, 40 + 50),  # emptied 12 h ago: the next visit comes in 12 h
        (30, 30, 40 + 0),  # it is late already
        (12, 0, 40 + 30),  # without a history what is registered goes on gathering
    ],
)
def test_a_reading_goes_before_the_forecast(emptied_before_h: int, known_days: int, expected: float) -> None:
    """What the container told, and what gathers until the visit; later visits of the day keep their forecast."""
    points = {"a": point()}
    now = TOWN.service_day(DAY).start + timedelta(hours=2)
    waiting = {"a": Waiting(now, 40.0, now - timedelta(hours=emptied_before_h))}
    due = due_visits(TOWN, points.values(), DAY)
    (found,) = visit_demands(due, points, forecasts(known_days=known_days), waiting, now)
    assert found.source is DemandSource.READING
    assert found.kg == pytest.approx(expected)


def test_holidays_are_those_of_the_town_s_country() -> None:
    """By its time zone; a zone of no country has none."""
    chinese = holidays_in("Asia/Shanghai", [2026])
    assert {date(2026, 2, 17), date(2026, 10, 1)} <= chinese
    assert date(2026, 3, 10) not in chinese
    assert holidays_in("UTC", [2026]) == set()
