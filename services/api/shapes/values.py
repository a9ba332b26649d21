"""The simple values that requests are made of, each with what it may be."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any

from fastapi import Path, Query
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from services.api.slashes import with_slashes
from services.domain.registry import DailyWindow

PLAIN_TEXT = r"^[^\x00-\x1f\x7f]+$"

Code = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=PLAIN_TEXT)]
"""An identifier: the town's own code, kept as it is."""

FREE_TEXT = r"^[^\x00]*$"
"""Texts that people write, of several lines: the store takes any character but this."""

Remark = Annotated[str, StringConstraints(max_length=2_000, pattern=FREE_TEXT)]
"""What somebody notes beside something; may be empty."""

Longitude = Annotated[float, Field(ge=-180, le=180, description="WGS-84 degrees.", examples=[116.39])]
Latitude = Annotated[float, Field(ge=-90, le=90, description="WGS-84 degrees.", examples=[39.91])]

FUTURE_TOLERANCE = timedelta(minutes=5)
"""How far a phone's clock may run ahead of the town's, as for any device (domain.md, Telemetry contract)."""

EARLIEST = date(2000, 1, 1)
LATEST = date(2100, 1, 1)


def _in_our_time(day: date) -> date:
    if not EARLIEST <= day < LATEST:
        raise ValueError(f"Expected a date from {EARLIEST} to before {LATEST}.")
    return day


def _aware_in_our_time(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError("Expected an offset such as Z or +08:00.")
    # Compared as naive values: far ends of the calendar cannot be moved to UTC.
    _in_our_time(instant.date())
    return instant.astimezone(UTC)


ServiceDate = Annotated[date, AfterValidator(_in_our_time)]
"""A service day."""

Instant = Annotated[datetime, AfterValidator(_aware_in_our_time)]
"""An instant with its offset, in UTC once read."""

DayAsked = Annotated[
    ServiceDate | None, Query(alias="date", description="The service day; today by the town's clock unless given.")
]

_WithSlashes = BeforeValidator(lambda text: with_slashes(text) if isinstance(text, str) else text)

PointId = Annotated[Code, _WithSlashes, Path(description="The point's own code.", examples=["P001"])]
FacilityId = Annotated[Code, _WithSlashes, Path(description="The facility's own code.", examples=["T01"])]
ZoneId = Annotated[Code, _WithSlashes, Path(description="The zone's own code.", examples=["Z01"])]
VehicleId = Annotated[Code, _WithSlashes, Path(description="The vehicle's own code.", examples=["V01"])]


class Answer(BaseModel):
    """Something that the API answers."""

    model_config = ConfigDict(from_attributes=True)


class Asked(BaseModel):
    """Something that the API is sent; unknown fields are refused, so that a misspelt one is not lost."""

    model_config = ConfigDict(extra="forbid")


def clock_time(seconds_after_midnight: int) -> str:
    """Return a local time of day as HH:MM; the day's end is 24:00."""
    return f"{seconds_after_midnight // 3600:02}:{seconds_after_midnight % 3600 // 60:02}"


def short_time(value: time) -> str:
    """Return a local time of day as HH:MM."""
    return f"{value:%H:%M}"


class TimeWindow(Answer):
    """A span of each day, local time."""

    start: str = Field(examples=["06:00"])
    end: str = Field(examples=["09:00"])

    @classmethod
    def of(cls, window: DailyWindow | tuple[int, int]) -> "TimeWindow":
        """Return the window, given in seconds after local midnight, as people write it."""
        start_s, end_s = (window.start_s, window.end_s) if isinstance(window, DailyWindow) else window
        return cls(start=clock_time(start_s), end=clock_time(end_s))


JsonObject = dict[str, Any]
