"""One round of keeping: rolling up the hours that are over, and dropping what is older than its time."""

import logging
from collections.abc import Callable
from dataclasses import asdict
from datetime import date, datetime, timedelta

import psycopg
from psycopg.types.range import Range

from services.domain.kinds import MessageKind
from services.domain.town import Interval, Town
from services.facilities.spans import Bucket
from services.facilities.utilisation_service import (
    AROUND,
    days_gone,
    station_utilisation,
    sums_of_day,
    toilet_utilisation,
)
from services.keeping.lengths import bucket_span, cut_off, days_between
from services.keeping.vehicle_hours import vehicle_hour
from services.store.clearance_sums import days_to_sum_up, months_to_sum_up, sum_up_day, sum_up_month
from services.store.connection import Connection
from services.store.evidence import load_fixes
from services.store.facility_sums import (
    SumsKind,
    facility_days_to_sum_up,
    forget_changed_sums,
    keep_facility_day,
    sum_up_facility_months,
)
from services.store.kept_measures import KeptMeasures, keep_measures
from services.store.retention import Kept, drop, has_facility_readings, is_awaited, load_dropped, oldest_chunk
from services.store.rollups import (
    HOUR,
    REACH,
    HourToRollUp,
    PositionHour,
    WhatIsGone,
    hours_to_roll_up,
    keep_position_hours,
    mark_stored_spans,
    roll_up_hour,
)
from services.store.settings import KeepingSettings
from services.store.town import load_clock, load_town
from services.store.vehicle_days import sum_up_vehicle_day, vehicle_days_to_sum_up
from services.store.vehicle_months import sum_up_vehicle_month, vehicle_months_to_sum_up

log = logging.getLogger(__name__)

BATCHES_AT_ONCE = 2_000
HOURS_AT_ONCE = 200
GRACE = timedelta(minutes=5)
"""So long after its end an hour is rolled up for the first time; what comes later rolls it up again."""

MOST_BEFORE = timedelta(days=60)
"""A chunk may begin so long before the readings that are in it were taken, and so long after they were dropped stay."""

Beat = Callable[[], None]


def roll_up(connection: Connection, beat: Beat) -> int:
    """Roll up the hours and sum up the days that are over; return how many hours, over an autocommit connection.

    Raises:
        NotFoundError: there is no town yet.

    """
    town, now = load_town(connection), load_clock(connection).now()
    gone = WhatIsGone(load_dropped(connection, Kept.READINGS), load_dropped(connection, Kept.HOURS))
    gone_days = days_gone(town, gone.readings)
    while True:
        with connection.transaction():
            taken = mark_stored_spans(connection, town, BATCHES_AT_ONCE, gone_days)
        beat()
        if taken < BATCHES_AT_ONCE:
            break
    forget_changed_sums(connection, gone_days)
    made = 0
    while hours := hours_to_roll_up(connection, now - GRACE, HOURS_AT_ONCE):
        for hour in hours:
            with connection.transaction():
                if hour.message is MessageKind.POSITION:
                    keep_position_hours(connection, town, hour, _position_hours(connection, hour), gone)
                else:
                    roll_up_hour(connection, town, hour, gone)
            beat()
        made += len(hours)
    _sum_up(connection, town.service_date(now), beat)
    _sum_up_facilities(connection, town, town.service_date(now - AROUND - GRACE), gone_days, beat)
    return made


def _sum_up(connection: Connection, today: date, beat: Beat) -> None:
    """Sum up the days and months that are over."""
    for day in days_to_sum_up(connection, today):
        sum_up_day(connection, day)
        beat()
    for month in months_to_sum_up(connection, today):
        sum_up_month(connection, month)
        beat()
    for day in vehicle_days_to_sum_up(connection, today):
        sum_up_vehicle_day(connection, day)
        beat()
    for month in vehicle_months_to_sum_up(connection, today):
        sum_up_vehicle_month(connection, month)
        beat()


def _sum_up_facilities(connection: Connection, town: Town, before: date, gone: Range[date], beat: Beat) -> None:
    """Sum up the days of stations and toilets before `before`, and the months of which every day is summed."""
    for kind in SumsKind:
        for day in facility_days_to_sum_up(connection, kind, before, gone):
            keep_facility_day(connection, kind, day, sums_of_day(connection, town, kind, day))
            beat()
        sum_up_facility_months(connection, kind)


def _position_hours(connection: Connection, hour: HourToRollUp) -> list[PositionHour]:
    """Return what each of the hour's vehicles did in it."""
    reach, end = REACH[MessageKind.POSITION], hour.start + HOUR
    found = []
    for device_key, fixes in load_fixes(
        connection, hour.device_keys, Interval(hour.start - reach, end + reach)
    ).items():
        made = vehicle_hour(fixes, hour.start.timestamp(), end.timestamp(), reach.total_seconds())
        if made is not None:
            found.append(PositionHour(device_key, **asdict(made)))
    return found


def drop_what_is_old(connection: Connection, settings: KeepingSettings, now: datetime, beat: Beat) -> int:
    """Drop readings and hours that are older than the settings say; return how many chunks went.

    What has yet to be looked at by clearance or the rollups keeps everything from being dropped. Before a day's
    readings go, the measures of the facilities are kept. The connection must be in autocommit mode.
    """
    town = load_town(connection)
    chunks = 0
    for what, days in ((Kept.READINGS, settings.readings_days), (Kept.HOURS, settings.hours_days)):
        before = cut_off(town, now, days)
        gone, begins = load_dropped(connection, what), oldest_chunk(connection, what)
        if begins is None or begins >= before or (gone is not None and gone.end >= before):
            continue
        if is_awaited(connection, before):
            log.warning("Nothing is dropped: readings from before %s have yet to be looked at.", before.isoformat())
            continue
        # What is older than all that was dropped before was simulated since.
        start = begins if gone is None or begins < gone.start - MOST_BEFORE else gone.end
        if what is Kept.READINGS:
            chunks += _drop_readings(connection, town, Interval(start, before), beat, is_first=gone is None)
        else:
            with connection.transaction():
                chunks += drop(connection, what, Interval(start, before))
    return chunks


def _drop_readings(connection: Connection, town: Town, span: Interval, beat: Beat, *, is_first: bool) -> int:
    """Drop readings day by day, the measures and sums of each kept in the same transaction."""
    chunks = 0
    for day in days_between(town, span.start, span.end):
        with connection.transaction():
            _sum_up_facilities(connection, town, day + timedelta(days=1), Range(None, day), beat)
            # The month that readings begin in is kept too, though its first days have none.
            _keep_measures(connection, town, day, with_month=day.day == 1 or is_first)
            chunks += drop(connection, Kept.READINGS, town.service_day(day))
        is_first = False
        beat()
    return chunks


def _keep_measures(connection: Connection, town: Town, day: date, *, with_month: bool) -> None:
    """Keep the measures of facilities for a service day, its hours, and the month where asked."""
    now = load_clock(connection).now()
    for bucket in [Bucket.HOUR, Bucket.DAY] + [Bucket.MONTH] * with_month:
        span = bucket_span(town, day, bucket)
        if span.end > now or not has_facility_readings(connection, span):
            continue  # a month that goes on: readings are not kept long enough to tell all of it
        rows = [
            *toilet_utilisation(connection, span.start, span.end, bucket),
            *station_utilisation(connection, span.start, span.end, bucket),
        ]
        keep_measures(connection, bucket, [KeptMeasures(**asdict(row)) for row in rows if row.start >= span.start])


def try_to_drop(connection: Connection, settings: KeepingSettings, now: datetime, beat: Beat) -> int:
    """Do as `drop_what_is_old`; where somebody holds an old chunk, leave it to a later round."""
    try:
        return drop_what_is_old(connection, settings, now, beat)
    except psycopg.errors.LockNotAvailable:
        log.info("Old readings are in use; they are dropped later.")
        return 0
