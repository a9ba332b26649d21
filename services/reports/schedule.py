"""Which bulletins are to be written by now: yesterday's each morning, and on some the week's and the month's."""

from datetime import datetime, time, timedelta

from services.domain.period import Period
from services.domain.town import Town, seconds_of

MORNINGS_BACK = 3
"""What was not written on so many mornings before, because nothing ran, is written now."""


def periods_by(town: Town, now: datetime, at: time) -> list[tuple[Period, datetime]]:
    """Return the periods whose bulletin is to be written by `now`, each with the instant it was to be, oldest first.

    `at` is local. A morning's day is the last one that is over by then: one that is written before the service day
    ends is the day's before.
    """
    today = now.astimezone(town.zone_info).date()
    found: list[tuple[Period, datetime]] = []
    for back in range(MORNINGS_BACK, -1, -1):
        due_at = town.instant(today - timedelta(days=back), seconds_of(at))
        if due_at > now:
            continue
        day = town.service_date(due_at) - timedelta(days=1)
        periods = [Period.day(day), Period.week_of(day), Period.month_of(day)]
        found += [(period, due_at) for period in periods if period.last == day]
    return found
