"""What comes in and goes out of a station, in tonnes and vehicles."""

from services.domain.kinds import WeighingDirection
from services.facilities.measures.station.use import StationUse


def throughput_t(use: StationUse) -> float | None:
    """Return the tonnes that vehicles tipped there."""
    return _tonnes(use, WeighingDirection.IN)


def sent_on_t(use: StationUse) -> float | None:
    """Return the tonnes that left it for disposal."""
    return _tonnes(use, WeighingDirection.OUT)


def vehicles_weighed(use: StationUse) -> float | None:
    """Return how many times a vehicle tipped there."""
    return float(len(use.weighed(WeighingDirection.IN))) if use.is_told else None


def _tonnes(use: StationUse, direction: WeighingDirection) -> float | None:
    return sum(weighing.net_kg for weighing in use.weighed(direction)) / 1000.0 if use.is_told else None
