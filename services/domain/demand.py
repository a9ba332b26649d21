"""What waits at a visit, as far as a plan can know, and where that is known from."""

from dataclasses import dataclass
from enum import StrEnum


class DemandSource(StrEnum):
    """Where the demand of a visit is known from."""

    REGISTERED = "registered"
    """The register's expected kg a day: too little is known of the point's past."""

    FORECAST = "forecast"
    """The point's history."""

    READING = "reading"
    """What its container told before the plan was made, and what the history adds until the visit."""

    TOLD = "told"
    """What somebody said that waits there."""


@dataclass(frozen=True, slots=True)
class VisitDemand:
    """What a due visit is planned on; `registered_kg` is what the register expects there."""

    point_id: str
    occurrence: int
    kg: float
    registered_kg: float
    source: DemandSource
