"""The best choice of toilet works: maximal covering with capacity, proven by CP-SAT or told with its gap."""

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from ortools.sat.python import cp_model

from services.facilities.siting.greedy import choose_greedily
from services.facilities.siting.proof import Found, NotPossibleError, Proof
from services.facilities.siting.toilet_worth import Worth, WorthOf
from services.facilities.siting.toilets import DensityRule, ToiletProblem, WorksKind

SCALE = 100
"""The solver counts in whole numbers: hundredths of a resident."""

WORKERS = 2


@dataclass(frozen=True, slots=True)
class ChosenWorks:
    """Works that were chosen: what they gain alone, and what they gain after those before them in the order."""

    works: int
    alone: Worth
    in_order: Worth


@dataclass(frozen=True, slots=True)
class ToiletChoice:
    """The works to do, those that gain most first; the town's figures before and after; the proof."""

    chosen: Sequence[ChosenWorks]
    before: Worth
    after: Worth
    greedy: Sequence[int]
    proof: Proof


def choose_toilets(problem: ToiletProblem, time_limit_s: float, seed: int = 0) -> ToiletChoice:
    """Return the works that are worth most within the problem's limits.

    Raises:
        NotPossibleError: the density is a hard rule that cannot be kept.

    """
    started = time.monotonic()
    small = problem.merged()
    worth = WorthOf(small)
    greedy = _greedy(small, worth)
    model = _Model(small)
    model.hint(greedy)
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = time_limit_s
    solver.parameters.num_workers = WORKERS
    # Coverage is a clause for each place; only this strategy lets clauses take part in the relaxation that bounds.
    solver.parameters.subsolvers.append("max_lp")
    solver.parameters.random_seed = seed
    status = solver.solve(model.model)
    if status == cp_model.INFEASIBLE:
        raise NotPossibleError(_why_not_possible(small))
    if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        chosen = [number for number, variable in enumerate(model.done) if solver.boolean_value(variable)]
    elif small.density is DensityRule.HARD:
        raise NotPossibleError(
            f"No choice that keeps the density was found within {time_limit_s:g} s: give it more time."
        )
    else:
        chosen = greedy
    value, greedy_value = worth(chosen).score, worth(greedy).score
    bound = max(value, solver.best_objective_bound / SCALE if status != cp_model.UNKNOWN else _most(small))
    return ToiletChoice(
        chosen=in_order(worth, chosen),
        before=worth(()),
        after=worth(chosen),
        greedy=greedy,
        proof=Proof(
            Found.OPTIMAL if status == cp_model.OPTIMAL else Found.WITHIN_GAP,
            value,
            value if status == cp_model.OPTIMAL else bound,
            greedy_value,
            time.monotonic() - started,
        ),
    )


def in_order(worth: WorthOf, chosen: Sequence[int]) -> list[ChosenWorks]:
    """Return works in the order in which each gains most next, with its gain alone and in that order."""
    nothing = worth(())
    reached, done, found = nothing, list[int](), []
    for number in choose_greedily(chosen, lambda some: worth(some).score, lambda _, __: True):
        done.append(number)
        after = worth(done)
        found.append(ChosenWorks(number, worth([number]).beyond(nothing), after.beyond(reached)))
        reached = after
    return found


def _greedy(problem: ToiletProblem, worth: WorthOf) -> list[int]:
    works, limits = problem.works, problem.limits
    most = {WorksKind.NEW: limits.most_new, WorksKind.RENOVATION: limits.most_renovated}

    def allowed(chosen: Sequence[int], number: int) -> bool:
        one, before = works[number], [works[other] for other in chosen]
        spent = sum(other.price for other in before) + one.price
        return (
            sum(other.kind is one.kind for other in before) < most[one.kind]
            and all(other.site != one.site for other in before)
            and (limits.budget is None or spent <= limits.budget)
        )

    return choose_greedily(range(len(works)), lambda some: worth(some).score, allowed)


def _most(problem: ToiletProblem) -> float:
    """Return a score that no choice exceeds: everything done at once, whatever the limits."""
    return WorthOf(problem)(range(len(problem.works))).score


def _why_not_possible(problem: ToiletProblem) -> str:
    needed = int(problem.missing.sum())
    zones = int((problem.missing > 0).sum())
    return (
        f"The standard's density asks for {needed} more toilets in {zones} zones, and at most "
        f"{problem.limits.most_new} new ones were allowed: allow more, give each of these zones candidate sites "
        "and the budget for them, or make the density a soft rule."
    )


def _sum(terms: Sequence[cp_model.LinearExprT]) -> cp_model.LinearExpr:
    """Return the sum as an expression, also where there is nothing to add up."""
    return cp_model.LinearExpr.sum([*terms, 0]) if terms else cp_model.LinearExpr.constant(0)


class _Model:
    """The problem in the words of the solver."""

    def __init__(self, problem: ToiletProblem) -> None:
        self._problem = problem
        self.model = cp_model.CpModel()
        self.done = [self.model.new_bool_var(works.works_id) for works in problem.works]
        self._works_at: dict[int, list[int]] = defaultdict(list)
        for number, works in enumerate(problem.works):
            self._works_at[works.site].append(number)
        self._sites_near: dict[int, list[int]] = defaultdict(list)
        for site, place in zip(problem.reach_site.tolist(), problem.reach_place.tolist(), strict=True):
            self._sites_near[place].append(site)
        self._keep_the_limits()
        weights = problem.weights
        relying = [round(SCALE * weights.renewed * works.relying) for works in problem.works]
        terms: list[cp_model.LinearExprT] = [
            SCALE * self._served(),
            round(SCALE * weights.accessible) * self._accessible(),
            cp_model.LinearExpr.weighted_sum(self.done, relying),
        ]
        if problem.density is not DensityRule.OFF:
            terms.append(-round(SCALE * weights.density) * self._missing())
        self.model.maximize(cp_model.LinearExpr.sum(terms))

    def hint(self, chosen: Sequence[int]) -> None:
        """Let the search begin at a choice."""
        for number, variable in enumerate(self.done):
            self.model.add_hint(variable, number in set(chosen))

    def _keep_the_limits(self) -> None:
        problem, limits = self._problem, self._problem.limits
        for kind, most in ((WorksKind.NEW, limits.most_new), (WorksKind.RENOVATION, limits.most_renovated)):
            of_kind = [done for works, done in zip(problem.works, self.done, strict=True) if works.kind is kind]
            self.model.add(sum(of_kind) <= most)
        for numbers in self._works_at.values():
            self.model.add_at_most_one(self.done[number] for number in numbers)
        if limits.budget is not None:
            prices = zip(problem.works, self.done, strict=True)
            # Whole yuan, rounded so that nothing dearer than the budget slips through.
            self.model.add(sum(int(np.ceil(works.price)) * done for works, done in prices) <= int(limits.budget))

    def _served(self) -> cp_model.LinearExpr:
        """Residents served: a yes or no where every site has stalls enough, else as many as its stalls take."""
        problem = self._problem
        reachable = problem.reachable
        served: list[cp_model.LinearExprT] = []
        taken: dict[int, list[cp_model.IntVar]] = defaultdict(list)
        for place, sites in self._sites_near.items():
            residents = int(problem.residents[place])
            tight = [site for site in sites if not self._is_ample(site, int(reachable[site]))]
            open_sites = [self._is_open(site) for site in sites if site not in tight]
            if any(state is True for state in open_sites) or not residents:
                served.append(residents)
                continue
            ample = [done for state in open_sites if not isinstance(state, bool) for done in state]
            if not tight:
                served.append(residents * self._any_of(ample))
                continue
            some = self.model.new_int_var(0, residents, "")
            flows = [self.model.new_int_var(0, residents, "") for _ in tight]
            for site, flow in zip(tight, flows, strict=True):
                taken[site].append(flow)
            self.model.add(some <= sum(flows) + residents * sum(ample))
            served.append(some)
        for site, flows in taken.items():
            stalls = int(problem.stalls[site]) + sum(
                problem.works[number].stalls * self.done[number] for number in self._works_at[site]
            )
            self.model.add(sum(flows) <= problem.persons_per_stall * stalls)
        return _sum(served)

    def _is_ample(self, site: int, reachable: int) -> bool:
        """Tell whether a site has stalls for everybody within a walk, whatever is done there."""
        stalls = int(self._problem.stalls[site])
        least = stalls or min((self._problem.works[number].stalls for number in self._works_at[site]), default=0)
        return least * self._problem.persons_per_stall >= reachable

    def _is_open(self, site: int) -> bool | list[cp_model.IntVar]:
        """Return whether a site is in service: yes, or where one of these works is done."""
        if self._problem.stalls[site] > 0:
            return True
        return [self.done[number] for number in self._works_at[site]]

    def _any_of(self, done: Sequence[cp_model.IntVar]) -> cp_model.IntVar:
        one = self.model.new_bool_var("")
        self.model.add(one <= sum(done))
        return one

    def _accessible(self) -> cp_model.LinearExpr:
        """Residents with an accessible stall within reach."""
        problem = self._problem
        covered: list[cp_model.LinearExprT] = []
        for place, sites in self._sites_near.items():
            residents = int(problem.residents[place])
            if any(problem.accessible[site] and problem.stalls[site] > 0 for site in sites):
                covered.append(residents)
                continue
            giving = [
                self.done[number]
                for site in sites
                for number in self._works_at[site]
                if problem.works[number].accessible
            ]
            if giving and residents:
                covered.append(residents * self._any_of(giving))
        return _sum(covered)

    def _missing(self) -> cp_model.LinearExpr:
        """Toilets that the density lacks; with the hard rule none may."""
        problem = self._problem
        missing: list[cp_model.LinearExprT] = []
        for zone, lacking in enumerate(problem.missing.tolist()):
            if not lacking:
                continue
            opened = [
                self.done[number]
                for number, works in enumerate(problem.works)
                if problem.zone_of_site[works.site] == zone and problem.opens(works)
            ]
            short = self.model.new_int_var(0, lacking if problem.density is DensityRule.SOFT else 0, "")
            self.model.add(short >= lacking - sum(opened))
            missing.append(short)
        return _sum(missing)
