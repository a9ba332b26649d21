"""What the measures of a toilet are made from."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from services.domain.registry import Facility
from services.domain.town import Interval
from services.facilities.areas import BoolArray, FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class ToiletUse:
    """A toilet in a span of time that is over, with what its device said.

    One row of the arrays is a message: `seconds` is for how much of the span it tells of the toilet, and
    `promised_s` for how much of the promised opening hours. What was not told is NaN; `sent_in_span` marks
    the messages of the span itself (the first row may be an earlier one that still held).
    `limit_nh3_mg_m3` and `limit_h2s_mg_m3` are its class's, none where there is none.
    """

    facility: Facility
    span: Interval
    promised: Sequence[Interval]
    seconds: FloatArray
    promised_s: FloatArray
    sent_in_span: BoolArray
    entries: FloatArray
    occupied_stalls: FloatArray
    total_stalls: FloatArray
    nh3_ppm: FloatArray
    h2s_ppm: FloatArray
    water_l: FloatArray
    is_open: FloatArray
    limit_nh3_mg_m3: float | None
    limit_h2s_mg_m3: float | None

    def told(self, values: FloatArray) -> BoolArray:
        """Mark the messages that tell a value and hold for a part of the span."""
        return ~np.isnan(values) & (self.seconds > 0)

    @property
    def stalls(self) -> FloatArray:
        """All stalls at each message: as its device says, else as registered."""
        return np.where(np.isnan(self.total_stalls), float(self.facility.stalls), self.total_stalls)
