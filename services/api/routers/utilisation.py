"""Utilisation: how stations and toilets are used, what vehicles do, how full containers are."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Annotated, TypeVar

from fastapi import APIRouter, Query, Response

from services.api.answering import AnswerRoute, json_answer
from services.api.asked_spans import check_span
from services.api.errors import wrong_field
from services.api.parts import AppParts, Parts
from services.api.shapes.rollups import (
    ContainerLevelsAnswer,
    VehicleUseAnswer,
    container_levels_json,
    vehicle_use_json,
)
from services.api.shapes.series import write_json
from services.api.shapes.values import Instant
from services.api.today import Today, load_today
from services.domain.town import Interval, Town
from services.facilities.spans import Bucket, buckets_of
from services.facilities.utilisation import Utilisation
from services.facilities.utilisation_service import station_utilisation, toilet_utilisation
from services.store.connection import Connection
from services.store.rolled_up import (
    ContainerLevels,
    VehicleUse,
    load_container_days,
    load_container_hours,
    load_vehicle_hours,
)
from services.store.rollups import HOUR
from services.store.vehicle_days import load_vehicle_days
from services.store.vehicle_months import load_vehicle_months, load_vehicle_whole

router = APIRouter(prefix="/api/v1/utilisation", tags=["figures"], route_class=AnswerRoute)

LONGEST_SPAN = {
    Bucket.HOUR: timedelta(days=62),
    Bucket.DAY: timedelta(days=3 * 366),
    Bucket.MONTH: timedelta(days=10 * 366),
    Bucket.WHOLE: timedelta(days=10 * 366),
}


MOST_ROWS = 400_000
"""A year of a thousand vehicles by day; an answer is put together in memory, 100 MB of it here."""


class ContainerBucket(StrEnum):
    """What is rolled up of containers."""

    HOUR = "hour"
    DAY = "day"


Start = Annotated[Instant | None, Query(description="By default when today's service day began.")]
End = Annotated[Instant | None, Query(description="By default now by the town's clock.")]

Rolled = TypeVar("Rolled", VehicleUse, ContainerLevels)
Measure = Callable[[Connection, datetime, datetime, Bucket], list[Utilisation]]


@router.get("/stations", response_model=list[Utilisation])
def read_station_utilisation(
    parts: AppParts, start: Start = None, end: End = None, bucket: Annotated[Bucket, Query()] = Bucket.DAY
) -> Response:
    """Return the use of each transfer station and disposal site in each bucket of local time."""
    return _measure(parts, station_utilisation, start, end, bucket)


@router.get("/toilets", response_model=list[Utilisation])
def read_toilet_utilisation(
    parts: AppParts, start: Start = None, end: End = None, bucket: Annotated[Bucket, Query()] = Bucket.DAY
) -> Response:
    """Return the use of each public toilet in each bucket of local time."""
    return _measure(parts, toilet_utilisation, start, end, bucket)


@router.get("/vehicles", response_model=list[VehicleUseAnswer])
def read_vehicle_utilisation(
    parts: AppParts, start: Start = None, end: End = None, bucket: Annotated[Bucket, Query()] = Bucket.DAY
) -> Response:
    """Return what each vehicle did in each bucket, as far as it is rolled up: from five minutes after an hour.

    `whole` is one sum of the service days from `start` to `end`; an hour is one that begins within them.
    """
    with parts.database.connection() as connection:
        today = load_today(connection)
        start, end = _span(today, start, end, bucket)
        if bucket in (Bucket.MONTH, Bucket.WHOLE):
            spans = buckets_of(today.town, start, end, bucket)
            return json_answer(vehicle_use_json(_summed_use(connection, today, spans, bucket)))
        if bucket is Bucket.HOUR:
            rows = load_vehicle_hours(connection, start, end, MOST_ROWS + 1)
        else:
            rows = load_vehicle_days(connection, *_days(today.town, start, end), MOST_ROWS + 1)
    _check_few(rows)
    return json_answer(vehicle_use_json(_with_spans(today.town, rows)))


def _summed_use(
    connection: Connection, today: Today, spans: Sequence[Interval], bucket: Bucket
) -> Iterable[tuple[VehicleUse, Interval]]:
    """Return what vehicles did in each of the spans; the one that is going on is told as far as it has gone."""
    if not spans:
        return []
    load = load_vehicle_months if bucket is Bucket.MONTH else load_vehicle_whole
    rows = load(connection, *_days(today.town, spans[0].start, spans[-1].end))
    by_day = {today.town.service_date(span.start): Interval(span.start, min(span.end, today.now)) for span in spans}
    return ((row, by_day[row.service_date]) for row in rows)


@router.get("/containers", response_model=list[ContainerLevelsAnswer])
def read_container_levels(
    parts: AppParts,
    start: Start = None,
    end: End = None,
    bucket: Annotated[ContainerBucket, Query()] = ContainerBucket.DAY,
) -> Response:
    """Return how full each container with a sensor was in each hour or service day that is rolled up."""
    with parts.database.connection() as connection:
        today = load_today(connection)
        start, end = _span(today, start, end, Bucket(bucket))
        if bucket is ContainerBucket.HOUR:
            rows = load_container_hours(connection, start, end, MOST_ROWS + 1)
        else:
            rows = load_container_days(connection, *_days(today.town, start, end), MOST_ROWS + 1)
    _check_few(rows)
    return json_answer(container_levels_json(_with_spans(today.town, rows)))


def _check_few(rows: Sequence[object]) -> None:
    if len(rows) > MOST_ROWS:
        message = f"There are more than {MOST_ROWS} rows from start to end; ask for a shorter span or a longer bucket."
        raise wrong_field("query", "end", message)


def _days(town: Town, start: datetime, end: datetime) -> tuple[date, date]:
    """Return the first and the last service day of a span."""
    return town.service_date(start), town.service_date(max(start, end - timedelta(microseconds=1)))


def _with_spans(town: Town, rows: Iterable[Rolled]) -> Iterator[tuple[Rolled, Interval]]:
    """Yield each row with the hour or the service day that it is of."""
    service_day = cache(town.service_day)
    for row in rows:
        yield row, service_day(row.service_date) if row.start is None else Interval(row.start, row.start + HOUR)


def _measure(parts: Parts, measure: Measure, start: datetime | None, end: datetime | None, bucket: Bucket) -> Response:
    with parts.database.connection() as connection:
        start, end = _span(load_today(connection), start, end, bucket)
        return json_answer(write_json(measure(connection, start, end, bucket)))


def _span(today: Today, start: datetime | None, end: datetime | None, bucket: Bucket) -> tuple[datetime, datetime]:
    """Return the span that is asked for.

    Raises:
        RequestValidationError: it ends before it starts, or is too long for the bucket.

    """
    end = end or today.now
    start = start or min(today.service_day.start, end)
    check_span(start, end, LONGEST_SPAN[bucket])
    return start, end
