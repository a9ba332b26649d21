"""The figures of clearance: counts and weights of a group of due visits, and the rates made of them."""

from datetime import date
from enum import StrEnum

import msgspec

UNASSIGNED = "unassigned"
"""The key of what belongs to no zone, contractor or vehicle."""


class ClearanceGroup(StrEnum):
    """By what the figures may be grouped."""

    TOWN = "town"
    ZONE = "zone"
    CONTRACTOR = "contractor"
    VEHICLE = "vehicle"
    HOUR = "hour"


class ClearanceBucket(StrEnum):
    """Into what spans of service days the figures are summed."""

    DAY = "day"
    MONTH = "month"
    WHOLE = "whole"


class ClearanceFigure(msgspec.Struct, frozen=True):
    """The counts and weights of one group on one service day, or on the days from `service_date` on that were summed.

    They are domain.md's (The sums). `key` is the zone's, contractor's or vehicle's identifier, the town's name, or the
    hour's start as local HH:MM. A due visit counts for the vehicle and the hour that cleared it, else for those that
    were planned, else for the vehicle "unassigned" and the hour in which its last window closes. `received_kg` is what
    reached disposal sites, `tipped_kg` what collection vehicles tipped anywhere. `corrected` counts the due visits
    whose status the office has set by hand; they stand in the other counts as it set them.

    A month by vehicle has thousands of these, and a struct is made ten times as fast as a frozen dataclass.
    """

    service_date: date
    key: str
    due: int = 0
    cleared: int = 0
    pending: int = 0
    missed: int = 0
    corrected: int = 0
    expected_kg: float = 0.0
    tipped_kg: float = 0.0
    received_kg: float = 0.0
    not_cleared_by_reason: dict[str, int] = msgspec.field(default_factory=dict)

    @property
    def clearance_rate(self) -> float | None:
        """Cleared over due visits; none where nothing was due."""
        return ratio(self.cleared, self.due)

    @property
    def collection_rate(self) -> float | None:
        """Tipped over expected kg (清运率); none where nothing was expected."""
        return ratio(self.tipped_kg, self.expected_kg)

    @property
    def treatment_rate(self) -> float | None:
        """Received at disposal sites over tipped kg (处理率); none where nothing was tipped."""
        return ratio(self.received_kg, self.tipped_kg)


def ratio(part: float, whole: float) -> float | None:
    """Return `part / whole`, or none where there is no whole to take a part of."""
    return part / whole if whole > 0 else None
