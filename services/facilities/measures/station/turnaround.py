"""How long trucks wait and tip at a station: from their arrival to their weighing."""

from services.facilities.measures.station.use import StationUse

MINUTE_US = 60_000_000


def mean_turnaround_min(use: StationUse) -> float | None:
    """Return the minutes from arrival to weighing on average, over the trucks whose arrival was told."""
    return use.sums.turnaround_us / MINUTE_US / use.sums.turnarounds if use.sums.turnarounds else None


def mean_waiting_min(use: StationUse) -> float | None:
    """Return the minutes of that beyond the time that tipping takes there, on average."""
    waited_min = truck_waiting_min(use)
    return None if waited_min is None else waited_min / use.sums.turnarounds


def truck_waiting_min(use: StationUse) -> float | None:
    """Return the minutes that all trucks waited together."""
    return use.sums.waiting_us / MINUTE_US if _is_told(use) else None


def truck_tipping_min(use: StationUse) -> float | None:
    """Return the minutes that all trucks spent tipping together."""
    return use.sums.tipping_us / MINUTE_US if _is_told(use) else None


def _is_told(use: StationUse) -> bool:
    return use.facility.tip_s is not None and use.sums.turnarounds > 0
