"""What the measures of a station are made from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.domain.kinds import WeighingDirection
from services.domain.registry import Facility
from services.domain.town import Interval, Town


class WeighedVehicle(Protocol):
    """A vehicle on the weighbridge."""

    @property
    def vehicle_id(self) -> str:
        """Which vehicle it was, as the weighbridge read it."""

    @property
    def observed_at(self) -> datetime:
        """When it was weighed."""

    @property
    def arrived_at(self) -> datetime | None:
        """When it came, where that was told."""

    @property
    def net_kg(self) -> float:
        """What it tipped or took away."""

    @property
    def direction(self) -> WeighingDirection:
        """Whether that came in or went out."""


@dataclass(frozen=True, slots=True)
class StationUse:
    """A station in a span of time that is over, with what was weighed in it.

    `observed_ratio` is the share of the span in which its device was heard; with none of it there is
    nothing to say of the span, for a gap in the data is no quiet day. `expected_s` is how much of the span it was
    to be heard: its opening hours. `capacities_kg` are those of the vehicles that the register has.
    """

    facility: Facility
    town: Town
    span: Interval
    weighings: Sequence[WeighedVehicle]
    observed_ratio: float
    expected_s: float
    capacities_kg: Mapping[str, float]

    @property
    def is_told(self) -> bool:
        """Tell whether anything is known of the span."""
        return self.observed_ratio > 0 or bool(self.weighings)

    def weighed(self, direction: WeighingDirection) -> list[WeighedVehicle]:
        """Return the weighings of one direction."""
        return [weighing for weighing in self.weighings if weighing.direction is direction]
