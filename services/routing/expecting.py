"""The demand of a day that is to be planned: its history is fetched and forecast, and each visit gets its kilograms."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import pandas as pd
import psycopg

from services.domain.demand import DemandSource, VisitDemand
from services.domain.due import visits_due
from services.domain.registry import CollectionPoint
from services.domain.town import Town
from services.routing.demand import Waiting, daily_yields, visit_demands, with_demands
from services.routing.forecast import YEAR_DAYS, forecast
from services.routing.holidays import holidays_in
from services.routing.selection import Selection
from services.store import demand as stored
from services.store.connection import Connection

log = logging.getLogger(__name__)

HISTORY_DAYS = 120
"""A forecast looks back so far, and once more as far a year before."""

MOST_POINT_DAYS, LEAST_HISTORY_DAYS = 1_200_000, 42
"""In a town of many points it looks back less far, so that a plan need not wait for it: 60 days of 20,000 points."""

ANSWER_WITHIN_S = 30
"""A plan does not wait longer for what the store knows of the past."""

NOT_FORECAST = (
    "The demand could not be forecast, so the plan is made on what is registered; the planner's log says why."
)


@dataclass(frozen=True, slots=True)
class Expected:
    """A day's selection with what its visits are planned on."""

    selection: Selection
    demands: Sequence[VisitDemand]


def expect(connection: Connection, selection: Selection, quantile: float | None, now: datetime) -> Expected:
    """Return what a day's visits are planned on; without a `quantile` that is what the register has.

    Whatever is wrong with the history, there is a plan: on what is registered, with a note that says so.
    """
    registered = [
        VisitDemand(visit.point_id, visit.occurrence, visit.expected_kg, visit.expected_kg, DemandSource.REGISTERED)
        for visit in selection.visits
    ]
    if quantile is None or not selection.visits:
        return Expected(selection, registered)
    try:
        with connection.transaction():
            connection.execute(f"SET LOCAL statement_timeout = '{ANSWER_WITHIN_S}s'")
            demands = _forecast(connection, selection, quantile, now)
    except psycopg.errors.QueryCanceled:
        log.warning("the history of %s was not read within %d s", selection.service_date, ANSWER_WITHIN_S)
        return Expected(replace(selection, notes=(*selection.notes, NOT_FORECAST)), registered)
    except psycopg.OperationalError:
        raise
    except Exception:  # a plan on what is registered is better than none; its notes tell of it
        log.exception("the demand of %s could not be forecast", selection.service_date)
        return Expected(replace(selection, notes=(*selection.notes, NOT_FORECAST)), registered)
    kg_of = {(one.point_id, one.occurrence): one.kg for one in demands}
    visits = with_demands(selection.visits, kg_of)
    return Expected(replace(selection, visits=visits, notes=(*selection.notes, *_notes(demands))), demands)


def _forecast(connection: Connection, selection: Selection, quantile: float, now: datetime) -> list[VisitDemand]:
    town, day = selection.town, selection.service_date
    today = town.service_date(now)
    last_day = min(day, today) - timedelta(days=1)
    due = {visit.point_id for visit in selection.visits}
    points = [point for point_id, point in selection.points.items() if point_id in due]
    forecasts = forecast(
        _history(connection, points, last_day),
        day,
        quantile=quantile,
        holidays=holidays_in(town.timezone, range(last_day.year - 2, day.year + 1)),
        registered_kg=pd.Series({point.point_id: point.expected_kg for point in points}, dtype=float),
        town_kg=_year_ago(connection, day),
    )
    waiting = _waiting(connection, town, points, day, now)
    return visit_demands(selection.visits, selection.points, forecasts, waiting, now)


def _history(connection: Connection, points: Sequence[CollectionPoint], last_day: date) -> pd.DataFrame:
    days = min(HISTORY_DAYS, max(LEAST_HISTORY_DAYS, MOST_POINT_DAYS // max(len(points), 1)))
    since = last_day - timedelta(days=days - 1)
    past = stored.load_past_days(connection, [point.point_id for point in points], since, last_day)
    return daily_yields(past.imported, [past.visited, past.weighed], points)


def _year_ago(connection: Connection, day: date) -> pd.Series[float]:
    about = day - timedelta(days=YEAR_DAYS)
    return pd.Series(
        stored.load_town_days(connection, about - timedelta(days=HISTORY_DAYS), about + timedelta(days=7)), dtype=float
    )


def _waiting(
    connection: Connection, town: Town, points: Sequence[CollectionPoint], day: date, now: datetime
) -> dict[str, Waiting]:
    """What waits at the points whose first visit of `day` is the next one that they get."""
    today = town.service_date(now)
    if not today <= day <= today + timedelta(days=1):
        return {}
    since = today - timedelta(days=HISTORY_DAYS)
    readings = stored.load_container_readings(connection, since, now)
    if not readings:
        return {}
    visits = stored.load_last_visits(connection, since, today)
    waiting = {}
    for point in points:
        reading = readings.get(point.point_id)
        kg = None if reading is None else _weight_kg(reading)
        if reading is None or kg is None:
            continue
        emptied_at, visits_today = visits.get(point.point_id, (None, 0))
        is_next = visits_today == 0 if day == today else visits_today >= visits_due(point, today)
        if is_next and (emptied_at is None or reading.observed_at > emptied_at):
            waiting[point.point_id] = Waiting(reading.observed_at, kg, emptied_at)
    return waiting


def _weight_kg(reading: stored.ContainerReading) -> float | None:
    if reading.weight_kg is not None:
        return reading.weight_kg
    return None if reading.full_kg is None else reading.fill_ratio * reading.full_kg


def _notes(demands: Sequence[VisitDemand]) -> list[str]:
    """A sentence about what the day is planned on, where that is more than the register."""
    counts = Counter(one.source for one in demands)
    if counts[DemandSource.REGISTERED] == len(demands):
        return []
    kg, registered_kg = sum(one.kg for one in demands), sum(one.registered_kg for one in demands)
    return [
        f"Planned on {kg:,.0f} kg ({registered_kg:,.0f} kg are registered): {counts[DemandSource.FORECAST]} visits on "
        f"the forecast of their point, {counts[DemandSource.READING]} on what its container told, "
        f"{counts[DemandSource.REGISTERED]} on what is registered."
    ]
