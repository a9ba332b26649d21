"""What each point yielded on past days: week, season, holidays and chance about its expected weight."""

import math
from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

from services.domain.registry import CollectedWeight, CollectionPoint

FIRST_SIMULATED_DAY = date(2026, 6, 1)
"""The history ends the day before; a simulated day is best driven from here on."""

HISTORY_DAYS = 120

_BUSY_WEEK = (0.94, 0.93, 0.95, 0.97, 1.04, 1.12, 1.05)
_ESTATE_WEEK = (1.08, 1.0, 0.98, 0.98, 0.98, 0.97, 1.01)
"""Monday to Sunday; each sums to 7."""

_HOLIDAYS = {date(2026, 2, 16) + timedelta(days=n): 1.3 for n in range(8)} | {
    date(2026, 5, 1) + timedelta(days=n): 1.15 for n in range(5)
}
"""Spring Festival and Labour Day."""


def history_of(points: list[CollectionPoint], random: Random) -> Iterator[CollectedWeight]:
    """Yield the kilograms that arose at every point on every day of the history, by point and day."""
    days = [FIRST_SIMULATED_DAY - timedelta(days=back) for back in range(HISTORY_DAYS, 0, -1)]
    for point in points:
        wander = 0.0
        for day in days:
            wander = 0.8 * wander + random.gauss(0.0, 0.04)
            kg = point.expected_kg * usual_factor(point, day) * math.exp(wander + random.gauss(0.0, 0.09))
            yield CollectedWeight(point.point_id, day, round(kg, 1))


def usual_factor(point: CollectionPoint, day: date) -> float:
    """Return a day's refuse at a point as a share of the expected, chance apart: its week, season and holidays."""
    week = _BUSY_WEEK if point.visits_per_day > 1 else _ESTATE_WEEK
    return week[day.weekday()] * _season(day) * _HOLIDAYS.get(day, 1.0)


def _season(day: date) -> float:
    """Return the factor of the time of year: most in summer, with its melons, least in winter."""
    return 1.0 - 0.06 * math.cos(2 * math.pi * (day.timetuple().tm_yday - 20) / 365.0)
