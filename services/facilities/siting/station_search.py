"""The best choice of stations: capacitated location with haul cost, proven by a bound or CP-SAT, or with its gap."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from ortools.sat.python import cp_model

from services.facilities.siting.proof import Found, Proof
from services.facilities.siting.station_bound import bound_stations
from services.facilities.siting.station_flow import Haul, haul_over
from services.facilities.siting.stations import StationProblem

WORKERS = 2
GAP_RATIO = 1e-4
"""A ten-thousandth of the haul is less than anybody knows the tonnes to."""
PROMISING = 8
"""Of so many sites that would shorten hauls most, were there room for all, greedy choosing tries each in earnest."""

CostOf = Callable[[frozenset[int]], float]
"""The yuan a day that the cheapest haul over a choice of sites costs."""


@dataclass(frozen=True, slots=True)
class ChosenStation:
    """A site to build at, the yuan a day that it saves alone, and after those before it in the order."""

    site: int
    saves_alone: float
    saves_in_order: float


@dataclass(frozen=True, slots=True, eq=False)
class StationChoice:
    """The sites to build at, those that save most first; the cheapest haul before and after; the proof."""

    chosen: Sequence[ChosenStation]
    before: Haul
    after: Haul
    greedy: Sequence[int]
    proof: Proof


def choose_stations(problem: StationProblem, time_limit_s: float, seed: int = 0) -> StationChoice:
    """Return the candidate sites that make the haul cheapest within the problem's limits."""
    started = time.monotonic()

    @cache
    def cost_of(chosen: frozenset[int]) -> float:
        return haul_over(problem, chosen).cost

    greedy = _greedy(problem, cost_of)
    known = frozenset(greedy)
    bound = bound_stations(problem, cost_of(known))
    if _affordable(problem, bound.opened) and cost_of(frozenset(bound.opened)) < cost_of(known):
        known = frozenset(bound.opened)
        bound = bound_stations(problem, cost_of(known))
    found, proven_cost = known, bound.cost
    if cost_of(known) - bound.cost > GAP_RATIO * cost_of(known):
        left_s = max(1.0, time_limit_s - (time.monotonic() - started))
        found, proven_cost = _prove(problem, bound.worthwhile, known, left_s, seed)
    chosen = min((found, known), key=cost_of)
    value = cost_of(chosen)
    least = min(value, max(bound.cost, proven_cost))
    is_optimal = value - least <= 1.01 * GAP_RATIO * value
    return StationChoice(
        chosen=_in_order(chosen, cost_of),
        before=haul_over(problem, ()),
        after=haul_over(problem, chosen),
        greedy=greedy,
        proof=Proof(
            Found.OPTIMAL if is_optimal else Found.WITHIN_GAP,
            value,
            least,
            cost_of(frozenset(greedy)),
            time.monotonic() - started,
        ),
    )


def _affordable(problem: StationProblem, chosen: Sequence[int]) -> bool:
    return problem.budget is None or float(np.ceil(problem.price[list(chosen)]).sum()) <= problem.budget


def _greedy(problem: StationProblem, cost_of: CostOf) -> list[int]:
    """Return sites in the order in which each makes the haul cheapest next."""
    costs = problem.costs()
    chosen: list[int] = []
    while len(chosen) < problem.most_new:
        nearest = costs[:, [*range(problem.present), *chosen, -1]].min(axis=1)
        shorter = (np.maximum(0, nearest[:, None] - costs[:, :-1]) * problem.kg[:, None]).sum(axis=0)
        allowed = [site for site in problem.candidates if site not in chosen and _affordable(problem, [*chosen, site])]
        promising = sorted(allowed, key=lambda site: (-int(shorter[site]), site))[:PROMISING]
        if not promising:
            break
        best = min(promising, key=lambda site: cost_of(frozenset([*chosen, site])))
        if cost_of(frozenset([*chosen, best])) >= cost_of(frozenset(chosen)) - 1e-9:
            break
        chosen.append(best)
    return chosen


def _in_order(chosen: frozenset[int], cost_of: CostOf) -> list[ChosenStation]:
    """Return the chosen sites in the order in which each saves most next."""
    done: list[int] = []
    found = []
    left = sorted(chosen)
    while left:
        before = cost_of(frozenset(done))
        best = min(left, key=lambda site: cost_of(frozenset([*done, site])))
        done.append(best)
        left.remove(best)
        alone = cost_of(frozenset()) - cost_of(frozenset([best]))
        found.append(ChosenStation(best, alone, before - cost_of(frozenset(done))))
    return found


def _prove(
    problem: StationProblem, worthwhile: Sequence[int], known: frozenset[int], time_limit_s: float, seed: int
) -> tuple[frozenset[int], float]:
    """Return the best choice among `worthwhile` and `known` sites, and a cost that none of them is below."""
    candidates = sorted({*worthwhile, *known})
    over = len(problem.capacity_kg)
    model = cp_model.CpModel()
    built = {site: model.new_bool_var(f"site {site}") for site in candidates}
    model.add(sum(built.values()) <= problem.most_new)
    if problem.budget is not None:
        prices = (int(np.ceil(problem.price[site])) * one for site, one in built.items())
        model.add(sum(prices) <= int(problem.budget))
    costs, room_kg = problem.costs(), problem.room_kg()
    sites = [*range(problem.present), *candidates, over]
    hauled: dict[int, list[cp_model.IntVar]] = {site: [] for site in sites}
    total: list[cp_model.LinearExprT] = []
    for point in np.flatnonzero(problem.kg > 0).tolist():
        kg = int(problem.kg[point])
        parts = [model.new_int_var(0, kg, "") for _ in sites]
        model.add(sum(parts) == kg)
        for site, part in zip(sites, parts, strict=True):
            hauled[site].append(part)
            if site in built:
                model.add(part <= kg * built[site])
        total.extend(int(costs[point, site]) * part for site, part in zip(sites, parts, strict=True))
    for site, parts in hauled.items():
        model.add(sum(parts) <= int(room_kg[site]) * built.get(site, 1))
    for site, one in built.items():
        model.add_hint(one, site in known)
    model.minimize(sum(total))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = time_limit_s
    solver.parameters.relative_gap_limit = GAP_RATIO
    solver.parameters.num_workers = WORKERS
    solver.parameters.subsolvers.append("max_lp")
    solver.parameters.random_seed = seed
    status = solver.solve(model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return known, 0.0
    return frozenset(
        site for site, one in built.items() if solver.boolean_value(one)
    ), solver.best_objective_bound / 1e5
