"""A station's throughput against what it was designed for."""

from collections import defaultdict
from datetime import date

from services.domain.kinds import WeighingDirection
from services.domain.town import DAY_S
from services.facilities.measures.station.throughput import throughput_t
from services.facilities.measures.station.use import StationUse
from services.facilities.spans import length_s, open_spans


def design_share(use: StationUse) -> float | None:
    """Return throughput over design; an hour is held against its share of a day's opening hours."""
    design_t_per_day = use.facility.design_t_per_day
    tonnes = throughput_t(use)
    if not design_t_per_day or tonnes is None:
        return None
    promised_s = length_s(open_spans(use.town, use.facility.open_hours, use.span))
    hours = use.facility.open_hours
    daily_s = DAY_S if hours is None else (hours.end_s - hours.start_s) % DAY_S or DAY_S
    return tonnes / (design_t_per_day * promised_s / daily_s) if promised_s > 0 else None


def days_over_capacity(use: StationUse) -> float | None:
    """Return on how many service days of the span more was tipped than a day is designed for.

    Where the device was not heard throughout there may have been more.
    """
    design_t_per_day = use.facility.design_t_per_day
    if not design_t_per_day or not use.is_told:
        return None
    tipped_kg: dict[date, float] = defaultdict(float)
    for weighing in use.weighed(WeighingDirection.IN):
        tipped_kg[use.town.service_date(weighing.observed_at)] += weighing.net_kg
    return float(sum(kg / 1000.0 > design_t_per_day for kg in tipped_kg.values()))
