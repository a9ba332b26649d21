"""Weighings that cannot be right: of trucks that nobody knows, and of weights that no truck carries."""

from services.facilities.measures.station.use import StationUse

OVERLOADED_BY = 1.25
"""A truck may be overloaded by a quarter; beyond that the scale, the number plate or the register is wrong."""


def unknown_trucks(use: StationUse) -> float | None:
    """Return how many weighings were of vehicles that the register does not have."""
    return float(sum(one.vehicle_id not in use.capacities_kg for one in use.weighings)) if use.is_told else None


def impossible_weights(use: StationUse) -> float | None:
    """Return how many weighings were of nothing, or of more than the register's vehicle can carry."""
    if not use.is_told:
        return None
    capacities_kg = use.capacities_kg
    return float(
        sum(
            one.net_kg <= 0 or one.net_kg > OVERLOADED_BY * capacities_kg.get(one.vehicle_id, float("inf"))
            for one in use.weighings
        )
    )
