"""Utilisation: how stations and toilets are used."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query

from services.api.parts import AppParts, Parts
from services.api.shapes.values import Instant
from services.api.today import load_today
from services.domain.errors import InvalidRequestError
from services.facilities.service import station_utilisation, toilet_utilisation
from services.facilities.utilisation import Bucket, Utilisation
from services.store.connection import Connection

router = APIRouter(prefix="/api/v1/utilisation", tags=["figures"])

LONGEST_SPAN = {
    Bucket.HOUR: timedelta(days=62),
    Bucket.DAY: timedelta(days=3 * 366),
    Bucket.MONTH: timedelta(days=10 * 366),
}

Start = Annotated[Instant | None, Query(description="By default when today's service day began.")]
End = Annotated[Instant | None, Query(description="By default now by the town's clock.")]

Measure = Callable[[Connection, datetime, datetime, Bucket], list[Utilisation]]


@router.get("/stations")
def read_station_utilisation(
    parts: AppParts, start: Start = None, end: End = None, bucket: Annotated[Bucket, Query()] = Bucket.DAY
) -> list[Utilisation]:
    """Return the use of each transfer station and disposal site in each bucket of local time."""
    return _measure(parts, station_utilisation, start, end, bucket)


@router.get("/toilets")
def read_toilet_utilisation(
    parts: AppParts, start: Start = None, end: End = None, bucket: Annotated[Bucket, Query()] = Bucket.DAY
) -> list[Utilisation]:
    """Return the use of each public toilet in each bucket of local time."""
    return _measure(parts, toilet_utilisation, start, end, bucket)


def _measure(
    parts: Parts, measure: Measure, start: datetime | None, end: datetime | None, bucket: Bucket
) -> list[Utilisation]:
    with parts.database.connection() as connection:
        today = load_today(connection)
        end = end or today.now
        start = start or min(today.service_day.start, end)
        if start > end:
            raise InvalidRequestError("Expected start before end.")
        if end - start > LONGEST_SPAN[bucket]:
            days = LONGEST_SPAN[bucket].days
            raise InvalidRequestError(f"Expected at most {days} days from start to end by {bucket}.")
        return measure(connection, start, end, bucket)
