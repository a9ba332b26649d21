"""What a day's routes are to be like beside cheap, where nobody says otherwise: even, and each in its own part of town.

Dispatchers and drivers work with territories and even days; the weights buy as much of both as costs little. What they
gave and cost stands in docs/planner.md.
"""

from __future__ import annotations

from collections.abc import Sequence

from services.routing.problem import Truck, Weights

HOUR_SHARE = 0.1
"""An hour that a route is away from the mean length counts like so much of an hour's work."""
KILOMETRE_SHARE = 0.01
"""A kilometre from a task to the middle of its route counts like so much of a kilometre driven."""


def sound_weights(trucks: Sequence[Truck]) -> Weights:
    """Weights for balance and compactness in proportion to what the trucks cost; none for trucks that cost nothing."""
    if not trucks:
        return Weights()
    per_h = sum(truck.cost_per_h for truck in trucks) / len(trucks)
    per_km = sum(truck.cost_per_km for truck in trucks) / len(trucks)
    return Weights(balance_per_h=round(HOUR_SHARE * per_h), compactness_per_km=round(KILOMETRE_SHARE * per_km))
