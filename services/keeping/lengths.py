"""Which service days and months lie before a cut-off."""

from datetime import date, datetime, timedelta

from services.domain.town import Interval, Town
from services.facilities.spans import Bucket

ONE_DAY = timedelta(days=1)


def cut_off(town: Town, now: datetime, days: int) -> datetime:
    """Return the beginning of the service day that was `days` service days before `now`'s."""
    return town.service_day(town.service_date(now) - days * ONE_DAY).start


def days_between(town: Town, start: datetime, end: datetime) -> list[date]:
    """Return the service days that begin before `end`, from the one that holds `start` on."""
    first, last = town.service_date(start), town.service_date(end - timedelta(microseconds=1))
    return [first + ahead * ONE_DAY for ahead in range((last - first).days + 1)]


def bucket_span(town: Town, day: date, bucket: Bucket) -> Interval:
    """Return the service day, or for months the whole month that it lies in."""
    if bucket is not Bucket.MONTH:
        return town.service_day(day)
    first = day.replace(day=1)
    following = (day.replace(day=28) + 4 * ONE_DAY).replace(day=1)
    return Interval(town.service_day(first).start, town.service_day(following).start)
