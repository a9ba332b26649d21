"""The periods that the office reports on: a service day, a week (Monday to Sunday), a month."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from services.domain.errors import InvalidRequestError
from services.domain.town import Interval, Town

ONE_DAY = timedelta(days=1)


class PeriodKind(StrEnum):
    """How long a period is."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Period:
    """Service days from `first` to `last`, both included."""

    kind: PeriodKind
    first: date
    last: date

    @classmethod
    def day(cls, day: date) -> "Period":
        """Return a service day."""
        return cls(PeriodKind.DAY, day, day)

    @classmethod
    def week_of(cls, day: date) -> "Period":
        """Return the week (ISO 8601) that holds a day."""
        monday = day - timedelta(days=day.weekday())
        return cls(PeriodKind.WEEK, monday, monday + timedelta(days=6))

    @classmethod
    def month_of(cls, day: date) -> "Period":
        """Return the month that holds a day."""
        first = day.replace(day=1)
        return cls(PeriodKind.MONTH, first, (first + timedelta(days=31)).replace(day=1) - ONE_DAY)

    @classmethod
    def of(cls, kind: PeriodKind, day: date) -> "Period":
        """Return the period of a kind that holds a day."""
        return {PeriodKind.DAY: cls.day, PeriodKind.WEEK: cls.week_of, PeriodKind.MONTH: cls.month_of}[kind](day)

    @classmethod
    def parse(cls, text: str) -> "Period":
        """Return the period that a text names: 2026-11-22, 2026-W47 or 2026-11.

        Raises:
            InvalidRequestError: it names none.

        """
        try:
            if re.fullmatch(r"\d{4}-W\d{2}", text, re.ASCII):
                return cls.week_of(date.fromisocalendar(int(text[:4]), int(text[6:]), 1))
            if re.fullmatch(r"\d{4}-\d{2}", text, re.ASCII):
                return cls.month_of(date(int(text[:4]), int(text[5:]), 1))
            if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
                return cls.day(date.fromisoformat(text))
        except (ValueError, OverflowError) as error:
            raise _no_period(text) from error
        raise _no_period(text)

    @property
    def name(self) -> str:
        """The text that names it, as `parse` reads it."""
        if self.kind is PeriodKind.DAY:
            return self.first.isoformat()
        if self.kind is PeriodKind.MONTH:
            return f"{self.first:%Y-%m}"
        year, week, _ = self.first.isocalendar()
        return f"{year}-W{week:02}"

    @property
    def number(self) -> tuple[int, int]:
        """The year that it counts to, and its number in it: the day's, the week's or the month's."""
        if self.kind is PeriodKind.DAY:
            return self.first.year, self.first.timetuple().tm_yday
        if self.kind is PeriodKind.MONTH:
            return self.first.year, self.first.month
        year, week, _ = self.first.isocalendar()
        return year, week

    @property
    def days(self) -> list[date]:
        """Its service days."""
        return [self.first + timedelta(days=ahead) for ahead in range((self.last - self.first).days + 1)]

    @property
    def before(self) -> "Period":
        """The period of its kind that ends where it begins."""
        return Period.of(self.kind, self.first - ONE_DAY)

    def span(self, town: Town) -> Interval:
        """Return from when to when it is."""
        return Interval(town.service_day(self.first).start, town.service_day(self.last).end)


def _no_period(text: str) -> InvalidRequestError:
    return InvalidRequestError(
        f"{text!r} is no day, week or month; write 2026-03-02 for a date, 2026-W10 for a week or 2026-03 for a month."
    )
