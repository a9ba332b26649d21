"""A station's throughput against what it was designed for."""

from services.domain.town import DAY_S
from services.facilities.measures.station.throughput import throughput_t
from services.facilities.measures.station.use import StationUse


def design_share(use: StationUse) -> float | None:
    """Return throughput over design; an hour is held against its share of a day's opening hours."""
    design_t_per_day = use.facility.design_t_per_day
    tonnes = throughput_t(use)
    if not design_t_per_day or tonnes is None:
        return None
    hours = use.facility.open_hours
    daily_s = DAY_S if hours is None else (hours.end_s - hours.start_s) % DAY_S or DAY_S
    return tonnes / (design_t_per_day * use.promised_s / daily_s) if use.promised_s > 0 else None


def days_over_capacity(use: StationUse) -> float | None:
    """Return on how many service days of the span more was tipped than a day is designed for.

    Where the device was not heard throughout there may have been more.
    """
    if not use.facility.design_t_per_day or not use.is_told:
        return None
    return float(use.sums.days_over_capacity)
