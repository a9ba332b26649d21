"""The town and its clock."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from services.api.shapes.values import Answer, Asked, Instant
from services.store.standards import StandardLimit


class TownAnswer(Answer):
    """The town, and the service day that it is in by its clock."""

    name: str = Field(examples=["清河县"])
    timezone: str = Field(examples=["Asia/Shanghai"])
    day_start: str = Field(examples=["04:00"], description="When a service day begins, local time.")
    service_date: date = Field(description="Today by the town's clock.")
    bbox: Annotated[list[float], Field(min_length=4, max_length=4)] | None = Field(
        description="West, south, east, north of all points and facilities in degrees; null for an empty town."
    )


class TargetsAnswer(Answer):
    """The least that the office asks of each rate, 0 to 1; null where it has set nothing."""

    clearance_rate: float | None = Field(
        examples=[0.98], description="`target_clearance_rate`; where the office has none, that of collection."
    )
    collection_rate: float | None = Field(examples=[0.98], description="`target_collection_rate` (清运率).")
    treatment_rate: float | None = Field(examples=[0.98], description="`target_treatment_rate` (处理率).")

    @classmethod
    def of(cls, limits: Mapping[str, StandardLimit]) -> "TargetsAnswer":
        """Return the answer made of the standards' and the office's limits."""
        least = {name: limit.value_low for name, limit in limits.items()}
        collection_rate = least.get("target_collection_rate")
        return cls(
            clearance_rate=least.get("target_clearance_rate", collection_rate),
            collection_rate=collection_rate,
            treatment_rate=least.get("target_treatment_rate"),
        )


class TownOfOfficeAnswer(TownAnswer):
    """The town, with what the office asks of its rates."""

    targets: TargetsAnswer


class ClockAnswer(Answer):
    """What the town calls now."""

    now: datetime = Field(examples=["2026-11-22T04:50:58Z"])
    speed: float = Field(examples=[60.0], description="How many of its seconds pass in a real one.")
    simulated: bool = Field(description="Whether a simulation runs it; false is the real clock.")


class ClockAsked(Asked):
    """The time that the clock shows from now on, and how fast it runs."""

    now: Instant = Field(examples=["2026-11-22T04:00:00+08:00"])
    speed: float = Field(default=1.0, gt=0, le=100_000, allow_inf_nan=False, examples=[60.0])
