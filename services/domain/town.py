"""The town: its name, its time zone and its service day."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from services.domain.errors import InvalidRequestError
from services.domain.topics import is_topic_level

DAY_S = 86_400


def seconds_of(clock_time: time) -> int:
    """Return the seconds between local midnight and `clock_time`."""
    return clock_time.hour * 3600 + clock_time.minute * 60 + clock_time.second


@dataclass(frozen=True, slots=True)
class Interval:
    """A span of time from `start` (included) to `end` (excluded), both aware."""

    start: datetime
    end: datetime

    def contains(self, instant: datetime) -> bool:
        """Tell whether `instant` lies in the interval."""
        return self.start <= instant < self.end


@dataclass(frozen=True, slots=True)
class Town:
    """A town; its service day runs from `day_start` (local) to the same time the next date (domain.md)."""

    name: str
    timezone: str = "Asia/Shanghai"
    day_start: time = time(4, 0)

    def __post_init__(self) -> None:
        """Refuse a name that cannot be a level of an MQTT topic, and an unknown time zone."""
        if self.name != self.name.strip() or not self.name.isprintable() or not is_topic_level(self.name):
            raise InvalidRequestError(
                f"The town's name {self.name!r} is a part of every MQTT topic, so it must not be empty, begin or end "
                "with a space, nor contain /, +, #, %u, %c or control characters."
            )
        try:
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise InvalidRequestError(
                f"The time zone {self.timezone!r} is unknown; give an IANA name such as Asia/Shanghai."
            ) from error

    @property
    def zone_info(self) -> ZoneInfo:
        """The town's time zone."""
        return ZoneInfo(self.timezone)

    def instant(self, day: date, seconds_after_midnight: int) -> datetime:
        """Return the UTC instant of a local wall-clock time, which may lie beyond 24 h of `day`."""
        days, seconds = divmod(seconds_after_midnight, DAY_S)
        wall = datetime.combine(day, time(), self.zone_info) + timedelta(days=days, seconds=seconds)
        return wall.astimezone(UTC)

    def service_day(self, day: date) -> Interval:
        """Return the service day of `day`: from `day_start` of that date to `day_start` of the next."""
        start_s = seconds_of(self.day_start)
        return Interval(self.instant(day, start_s), self.instant(day + timedelta(days=1), start_s))

    def service_date(self, instant: datetime) -> date:
        """Return the service day that `instant` belongs to."""
        local_date = instant.astimezone(self.zone_info).date()
        # Instants are compared, not wall clocks: where the clock is changed, `day_start` may not exist or come twice.
        return local_date if instant >= self.service_day(local_date).start else local_date - timedelta(days=1)

    def intervals_on(self, day: date, start_s: int, end_s: int) -> tuple[Interval, ...]:
        """Return where a daily local span lies within the service day, in order of time.

        `start_s` and `end_s` are seconds after local midnight; a span whose end is not after its start
        crosses midnight, so equal ends mean a whole day. A span that contains `day_start` belongs in part
        to two service days and so yields two intervals: its end early in the day and its start at the end.
        """
        whole = self.service_day(day)
        length_s = (end_s - start_s) % DAY_S or DAY_S
        found = []
        for shift in (-1, 0, 1):
            start = self.instant(day + timedelta(days=shift), start_s)
            end = self.instant(day + timedelta(days=shift), start_s + length_s)
            start, end = max(start, whole.start), min(end, whole.end)
            if start < end:
                found.append(Interval(start, end))
        return tuple(found)

    def shift_on(self, day: date, start_s: int, end_s: int) -> Interval:
        """Return the whole shift that belongs to `day`: the one that lies in its service day for the most.

        It is not cut at the service day's ends, because a night shift goes on past them.
        """
        whole = self.service_day(day)
        length_s = (end_s - start_s) % DAY_S or DAY_S
        shifts = [
            Interval(self.instant(date_, start_s), self.instant(date_, start_s + length_s))
            for date_ in (day - timedelta(days=1), day, day + timedelta(days=1))
        ]
        return max(shifts, key=lambda shift: min(shift.end, whole.end) - max(shift.start, whole.start))
