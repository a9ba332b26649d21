"""How long trucks wait and tip at a station: from their arrival to their weighing."""

from services.domain.kinds import WeighingDirection
from services.facilities.measures.station.use import StationUse


def mean_turnaround_min(use: StationUse) -> float | None:
    """Return the minutes from arrival to weighing on average, over the trucks whose arrival was told."""
    return _mean(_turnarounds(use))


def mean_waiting_min(use: StationUse) -> float | None:
    """Return the minutes of that beyond the time that tipping takes there, on average."""
    return _mean(_waits(use))


def truck_waiting_min(use: StationUse) -> float | None:
    """Return the minutes that all trucks waited together."""
    waits = _waits(use)
    return sum(waits) if waits else None


def truck_tipping_min(use: StationUse) -> float | None:
    """Return the minutes that all trucks spent tipping together."""
    tip_min = _tip_min(use)
    turnarounds = _turnarounds(use)
    return None if tip_min is None or not turnarounds else sum(min(tip_min, spent) for spent in turnarounds)


def _turnarounds(use: StationUse) -> list[float]:
    return [
        (weighing.observed_at - weighing.arrived_at).total_seconds() / 60.0
        for weighing in use.weighed(WeighingDirection.IN)
        if weighing.arrived_at is not None and weighing.arrived_at <= weighing.observed_at
    ]


def _waits(use: StationUse) -> list[float]:
    tip_min = _tip_min(use)
    return [] if tip_min is None else [max(0.0, spent - tip_min) for spent in _turnarounds(use)]


def _tip_min(use: StationUse) -> float | None:
    return None if use.facility.tip_s is None else use.facility.tip_s / 60.0


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None
