"""The town and its clock."""

from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from services.api.shapes.values import Answer, Asked, Instant


class TownAnswer(Answer):
    """The town, and the service day that it is in by its clock."""

    name: str = Field(examples=["清河县"])
    timezone: str = Field(examples=["Asia/Shanghai"])
    day_start: str = Field(examples=["04:00"], description="When a service day begins, local time.")
    service_date: date = Field(description="Today by the town's clock.")
    bbox: Annotated[list[float], Field(min_length=4, max_length=4)] | None = Field(
        description="West, south, east, north of all points and facilities in degrees; null for an empty town."
    )


class ClockAnswer(Answer):
    """What the town calls now."""

    now: datetime = Field(examples=["2026-11-22T04:50:58Z"])
    speed: float = Field(examples=[60.0], description="How many of its seconds pass in a real one.")
    simulated: bool = Field(description="Whether a simulation runs it; false is the real clock.")


class ClockAsked(Asked):
    """The time that the clock shows from now on, and how fast it runs."""

    now: Instant = Field(examples=["2026-11-22T04:00:00+08:00"])
    speed: float = Field(default=1.0, gt=0, le=100_000, allow_inf_nan=False, examples=[60.0])
