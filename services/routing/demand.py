"""What each due visit is planned on: what its container tells, else its point's forecast, else what is registered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from math import sqrt

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from services.domain.day_progress import VisitKey
from services.domain.demand import DemandSource, VisitDemand
from services.domain.due import DueVisit
from services.domain.registry import CollectionPoint

LEAST_DAYS = 7
"""A point of which fewer days are known is planned on what is registered."""

LONGEST_GAP = 3
"""After so many times the usual gap between two collections nobody knows what else happened."""

DAY = timedelta(days=1)
FIRST_DAY = date(2000, 1, 1)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits at a point, as its container told it at `observed_at`; it was last emptied at `emptied_at`."""

    observed_at: datetime
    kg: float
    emptied_at: datetime | None


def usual_gap_days(point: CollectionPoint) -> int:
    """Return after how many days a point is visited again."""
    return max(1, round(1.0 / min(point.visits_per_day, 1.0)))


def daily_yields(
    imported: Mapping[str, NDArray[np.float64]],
    collected: Sequence[Mapping[str, NDArray[np.float64]]],
    points: Sequence[CollectionPoint],
) -> pd.DataFrame:
    """Return what arose at each point a day, as a history for the forecast: point_id, date, kg.

    All have the columns `point` (its place in `points`), `day` (days since `FIRST_DAY`) and `kg`; `collected` has a
    row for each visit, NaN where its kg are not known, and then nothing is known of that day. What was collected arose
    since the collection before; what was imported did on its day, unless the point is visited more rarely and its
    history says so too. Where several tell of a day the first one counts, the imported before all.
    """
    gaps = np.array([usual_gap_days(point) for point in points], dtype=np.int64)
    parts = [_per_day(pd.DataFrame(dict(imported)), gaps, is_collected=False)]
    parts.append(_per_day(_first_of(collected), gaps, is_collected=True))
    table = pd.concat(parts, ignore_index=True).drop_duplicates(["point", "day"])
    names = pd.Index([point.point_id for point in points], dtype=object).take(table["point"].to_numpy(dtype=np.int64))
    dates = pd.Timestamp(FIRST_DAY) + pd.to_timedelta(table["day"], unit="D")
    return pd.DataFrame({"point_id": names, "date": dates, "kg": table["kg"]})


def _first_of(sources: Sequence[Mapping[str, NDArray[np.float64]]]) -> pd.DataFrame:
    """What was collected by point and day, from the first that tells of all visits of the day."""
    tables = []
    for source in sources:
        visits = pd.DataFrame(dict(source)).groupby(["point", "day"], as_index=False, sort=False)["kg"]
        days, counts = visits.sum(), visits.count()
        tables.append(days[counts["kg"] == visits.size()["size"]])
    first: pd.DataFrame = pd.concat(tables, ignore_index=True).drop_duplicates(["point", "day"])
    return first


def _per_day(rows: pd.DataFrame, gaps: NDArray[np.int64], *, is_collected: bool) -> pd.DataFrame:
    """The rows with their kg shared over the days since the row before; a gap that is too long says nothing."""
    table = rows.sort_values(["point", "day"], ignore_index=True)
    usual = gaps[table["point"].to_numpy(dtype=np.int64)]
    is_first = (table["point"] != table["point"].shift()).to_numpy()
    found = np.where(is_first, usual, (table["day"] - table["day"].shift()).to_numpy())
    if not is_collected:
        middle = pd.Series(found).groupby(table["point"]).transform("median").to_numpy()
        found = np.where((usual > 1) & (middle > 1), found, 1.0)
    table["kg"] = table["kg"] / found
    kept: pd.DataFrame = table[found <= LONGEST_GAP * usual]
    return kept


def visit_demands(
    visits: Iterable[DueVisit],
    points: Mapping[str, CollectionPoint],
    forecasts: pd.DataFrame,
    waiting: Mapping[str, Waiting],
    now: datetime,
) -> list[VisitDemand]:
    """Return what each visit is planned on.

    `forecasts` has mean_kg, quantile_kg and days for a day, by point; `waiting` are the points whose first visit is
    the next one that they get, and whose container tells what is in it.
    """
    due = list(visits)
    counts = Counter(visit.point_id for visit in due)
    known = forecasts[forecasts["days"] >= LEAST_DAYS]
    per_day_of = {
        str(point_id): (mean_kg, quantile_kg)
        for point_id, mean_kg, quantile_kg in zip(known.index, known["mean_kg"], known["quantile_kg"], strict=True)
    }
    demands = []
    for visit in due:
        point, per_day = points[visit.point_id], per_day_of.get(visit.point_id)
        kg, source = visit.expected_kg, DemandSource.REGISTERED
        reading = waiting.get(visit.point_id) if visit.occurrence == 1 else None
        if reading is not None:
            a_day_kg = point.expected_kg if per_day is None else per_day[1]
            kg, source = _from_reading(visit, point, a_day_kg, reading, now), DemandSource.READING
        elif per_day is not None:
            kg, source = _from_forecast(point, per_day, counts[visit.point_id]), DemandSource.FORECAST
        demands.append(VisitDemand(visit.point_id, visit.occurrence, kg, visit.expected_kg, source))
    return demands


def _from_forecast(point: CollectionPoint, per_day: tuple[float, float], visits_today: int) -> float:
    """The day in equal parts, or several days' refuse: their means add up, what they differ by adds up in squares."""
    mean_kg, quantile_kg = per_day
    if point.visits_per_day >= 1:
        return quantile_kg / visits_today
    days = usual_gap_days(point)
    return max(0.0, mean_kg * days + (quantile_kg - mean_kg) * sqrt(days))


def _from_reading(visit: DueVisit, point: CollectionPoint, a_day_kg: float, reading: Waiting, now: datetime) -> float:
    """What waits, and what comes until the visit: that is as long after the last one as visits usually are."""
    opens_at, closes_at = visit.windows[0].start, visit.windows[-1].end
    usually_at = opens_at + (closes_at - opens_at) / 2
    if reading.emptied_at is not None:
        usually_at = reading.emptied_at + DAY / point.visits_per_day
    comes_at = min(max(usually_at, opens_at, now), max(closes_at, now))
    return reading.kg + a_day_kg * max(0.0, (comes_at - reading.observed_at) / DAY)


def with_demands(visits: Sequence[DueVisit], kg_of: Mapping[VisitKey, float]) -> tuple[DueVisit, ...]:
    """Return visits with the kilograms that are known of them by point and occurrence."""
    return tuple(
        replace(visit, expected_kg=kg_of.get((visit.point_id, visit.occurrence), visit.expected_kg)) for visit in visits
    )
