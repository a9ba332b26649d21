"""For how long a station was not heard."""

from services.facilities.measures.station.use import StationUse


def hours_missing(use: StationUse) -> float:
    """Return the hours of the span's opening hours in which nothing was heard: what is told is short of them."""
    return round(use.expected_s * (1.0 - use.observed_ratio) / 3600.0, 2)
