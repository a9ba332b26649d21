"""A cost that no choice of stations can be below, and which sites that leaves worth looking at.

Lagrangian relaxation: each point pays a toll for being hauled instead of having to be. For any tolls each site then
decides alone how much it would take (a fractional knapsack, for it has a capacity), and the sum is a lower bound; the
tolls are improved by subgradient steps (Held, Wolfe and Crowder 1974). What raises the bound above a known choice's
cost when it is forced in is in no better choice (Beasley 1988).
"""

from dataclasses import dataclass

import numpy as np

from services.facilities.areas import BoolArray, FloatArray
from services.facilities.siting.stations import StationProblem

MOST_ROUNDS = 1_500
PATIENCE = 20
STEP_SHRINKS_BY = 1.5
LEAST_STEP = 1e-5
SAFETY_RATIO = 1e-6
"""Rounding is not to rule out what is as good as the known choice."""


@dataclass(frozen=True, slots=True, eq=False)
class Bound:
    """No choice costs less than `cost` (yuan a day), and only `worthwhile` candidates can be in a better one.

    `opened` are the candidates that the bound itself would open: often a good choice.
    """

    cost: float
    worthwhile: list[int]
    opened: list[int]


def bound_stations(problem: StationProblem, known_cost: float) -> Bound:
    """Return the bound; `known_cost` is what some choice costs."""
    full_cost = problem.costs() / 1e5 * problem.kg[:, None]
    room_kg = problem.room_kg().astype(np.float64)
    is_candidate = np.zeros(len(room_kg), dtype=np.bool_)
    is_candidate[list(problem.candidates)] = True
    tolls = full_cost[:, ~is_candidate].min(axis=1)
    best, best_shares, best_opened = -np.inf, np.zeros(len(room_kg)), list[int]()
    step, stalled = 1.0, 0
    for _ in range(MOST_ROUNDS):
        shares, taken = _knapsacks(full_cost - tolls[:, None], problem.kg.astype(np.float64), room_kg)
        cheapest = _cheapest(shares, is_candidate, problem.most_new)
        opened = ~is_candidate
        opened[cheapest] = True
        cost = float(tolls.sum() + shares[opened].sum())
        if cost > best + 1e-9 * abs(known_cost):
            best, best_shares, best_opened, stalled = cost, shares, cheapest, 0
        else:
            stalled += 1
        if stalled > PATIENCE:
            step, stalled = step / STEP_SHRINKS_BY, 0
        unmet = 1.0 - taken[:, opened].sum(axis=1)
        slope = float(unmet @ unmet)
        if step < LEAST_STEP or slope < 1e-12:
            break
        tolls = tolls + step * max(known_cost - cost, 1e-9 * abs(known_cost)) / slope * unmet
    worthwhile = _worthwhile(problem, best_shares[list(problem.candidates)], best, known_cost)
    return Bound(best, worthwhile, best_opened)


def _cheapest(shares: FloatArray, is_candidate: BoolArray, most: int) -> list[int]:
    """Return the candidates that lower the cost most, at most so many."""
    candidates = np.flatnonzero(is_candidate & (shares < 0))
    return [int(site) for site in candidates[np.argsort(shares[candidates], kind="stable")[:most]]]


def _knapsacks(reduced: FloatArray, kg: FloatArray, room_kg: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return for each site what it adds to the cost if open, and the share of each point that it takes."""
    taken = (reduced < 0).astype(np.float64)
    for site in np.flatnonzero(kg @ taken > room_kg):
        points = np.flatnonzero(taken[:, site])
        points = points[np.argsort(reduced[points, site] / np.maximum(kg[points], 1e-9), kind="stable")]
        beyond_kg = np.cumsum(kg[points]) - room_kg[site]
        taken[points, site] = np.clip(1.0 - beyond_kg / np.maximum(kg[points], 1e-9), 0.0, 1.0)
    return np.asarray((reduced * taken).sum(axis=0)), taken


def _worthwhile(problem: StationProblem, shares: FloatArray, cost: float, known_cost: float) -> list[int]:
    """Return the candidates that can be forced in without costing more than the known choice."""
    if not problem.most_new:
        return []
    ranked = np.sort(shares)
    # One that is forced in takes the place of the last of the cheapest ones.
    displaced = min(0.0, float(ranked[problem.most_new - 1])) if problem.most_new <= len(ranked) else 0.0
    slack = known_cost - cost + SAFETY_RATIO * abs(known_cost)
    return [
        site
        for site, share in zip(problem.candidates, shares.tolist(), strict=True)
        if max(0.0, share - displaced) <= slack
    ]
