"""What the measures of a toilet are made from."""

from dataclasses import dataclass

from services.domain.facility_sums import ToiletSums


@dataclass(frozen=True, slots=True)
class ToiletUse:
    """A toilet, or a side of it, in a span of time that is over; `promised_s` are the span's opening hours."""

    sums: ToiletSums
    promised_s: float
