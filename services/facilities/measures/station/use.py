"""What the measures of a station are made from."""

from dataclasses import dataclass

from services.domain.facility_sums import StationSums
from services.domain.registry import Facility
from services.domain.town import Interval, Town

G_PER_T = 1_000_000


@dataclass(frozen=True, slots=True)
class StationUse:
    """A station in a span of time that is over, with the sums of what was weighed in it.

    `observed_ratio` is the share of the span in which its device was heard; with none of it there is
    nothing to say of the span, for a gap in the data is no quiet day. `promised_s` are the span's opening hours,
    `expected_s` is how much of it the device was to be heard: these, or all of it where it has none.
    """

    facility: Facility
    town: Town
    span: Interval
    sums: StationSums
    observed_ratio: float
    promised_s: float
    expected_s: float

    @property
    def is_told(self) -> bool:
        """Tell whether anything is known of the span."""
        return self.observed_ratio > 0 or self.sums.weighings > 0
