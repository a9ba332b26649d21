"""Weighings that cannot be right: of trucks that nobody knows, and of weights that no truck carries."""

from services.facilities.measures.station.use import StationUse


def unknown_trucks(use: StationUse) -> float | None:
    """Return how many weighings were of vehicles that the register does not have."""
    return float(use.sums.unknown_trucks) if use.is_told else None


def impossible_weights(use: StationUse) -> float | None:
    """Return how many weighings were of nothing, or of more than the register's vehicle can carry."""
    return float(use.sums.impossible_weights) if use.is_told else None
