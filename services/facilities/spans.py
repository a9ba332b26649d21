"""The spans of time that utilisation is cut into, and how much of each a device was heard in."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache

import numpy as np

from services.domain.registry import DailyWindow
from services.domain.town import Interval, Town
from services.facilities.areas import FloatArray


class Bucket(StrEnum):
    """Into what spans of local time the figures are cut; a day is a service day, the whole is all that is asked for."""

    HOUR = "hour"
    DAY = "day"
    MONTH = "month"
    WHOLE = "whole"


def buckets_of(town: Town, start: datetime, end: datetime, bucket: Bucket) -> list[Interval]:
    """Return the buckets that `start` to `end` touches, whole ones, in order of time."""
    if bucket is Bucket.HOUR:
        return _hours(town, start, end)
    first, last = town.service_date(start), town.service_date(end - timedelta(microseconds=1))
    if bucket is Bucket.DAY:
        return [town.service_day(first + timedelta(days=ahead)) for ahead in range((last - first).days + 1)]
    if bucket is Bucket.WHOLE:
        return [Interval(town.service_day(first).start, town.service_day(last).end)]
    months = []
    month = first.replace(day=1)
    while month <= last:
        following = _month_after(month)
        months.append(Interval(town.service_day(month).start, town.service_day(following).start))
        month = following
    return months


def _hours(town: Town, start: datetime, end: datetime) -> list[Interval]:
    local = start.astimezone(town.zone_info)
    hour = start - timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    found = []
    while hour < end:
        found.append(Interval(hour, hour + timedelta(hours=1)))
        hour += timedelta(hours=1)
    return found


def _month_after(month: date) -> date:
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1)


def open_spans(town: Town, hours: DailyWindow | None, span: Interval) -> list[Interval]:
    """Return when a facility is promised to be open within `span`: throughout, where it has no hours."""
    if hours is None:
        return [span]
    found = []
    day, last = town.service_date(span.start), town.service_date(span.end)
    while day <= last:
        for part in town.intervals_on(day, hours.start_s, hours.end_s):
            start, end = max(part.start, span.start), min(part.end, span.end)
            if start < end:
                found.append(Interval(start, end))
        day += timedelta(days=1)
    return found


def days_within(town: Town, span: Interval) -> Iterator[tuple[Interval, Interval]]:
    """Yield the service days that a span touches, each with the part of it that lies in the span."""
    day = town.service_date(span.start)
    while (whole := town.service_day(day)).start < span.end:
        yield whole, Interval(max(whole.start, span.start), min(whole.end, span.end))
        day += timedelta(days=1)


def promised_s(town: Town, hours: DailyWindow | None, span: Interval) -> float:
    """Return the seconds of `span` in which a facility of these opening hours is promised to be open."""
    if hours is None:
        return (span.end - span.start).total_seconds()
    today = town.service_day(town.service_date(span.end)).start
    if not span.start < today < span.end:
        return _promised_s(town, hours, span)
    # The day that goes on has another end each time, the days before it have not.
    return _promised_s(town, hours, Interval(span.start, today)) + length_s(
        open_spans(town, hours, Interval(today, span.end))
    )


@lru_cache(maxsize=1_024)
def _promised_s(town: Town, hours: DailyWindow, span: Interval) -> float:
    return length_s(open_spans(town, hours, span))


def length_s(spans: Sequence[Interval]) -> float:
    """Return the seconds in spans that do not overlap."""
    return sum((span.end - span.start).total_seconds() for span in spans)


def overlap_s(starts_s: FloatArray, ends_s: FloatArray, spans: Sequence[Interval]) -> FloatArray:
    """Return for each stretch from `starts_s` to `ends_s` how many of its seconds lie in `spans`."""
    total = np.zeros(len(starts_s))
    for span in spans:
        start_s, end_s = span.start.timestamp(), span.end.timestamp()
        total += np.maximum(0.0, np.minimum(ends_s, end_s) - np.maximum(starts_s, start_s))
    return total


def heard_until_s(time_s: FloatArray, least_s: float) -> FloatArray:
    """Return until when each of a device's messages tells of it: to the next one, unless it is a gap.

    `time_s` is rising. A silence of more than three of the device's usual intervals, and of `least_s`
    seconds at least, is a gap; a message before it counts for one usual interval.
    """
    if len(time_s) == 0:
        return time_s
    interval_s = np.diff(time_s)
    usual_s = float(np.median(interval_s)) if len(interval_s) else least_s
    longest_s = max(3.0 * usual_s, least_s)
    following_s = np.append(time_s[1:], np.inf)
    silent = following_s - time_s > longest_s
    return np.where(silent, time_s + min(usual_s, longest_s), following_s)
