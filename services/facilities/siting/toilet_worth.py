"""What a choice of toilet works is worth: residents with a toilet in reach and a stall for them, and what else."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_flow

from services.facilities.areas import BoolArray
from services.facilities.siting.toilets import DensityRule, IntArray, ToiletProblem


@dataclass(frozen=True, slots=True)
class Worth:
    """What a choice comes to.

    `served`: residents with a toilet within reach that has a stall for them. `accessible`: residents with an
    accessible stall within reach. `renewed`: residents who rely on what is renovated, by its wear.
    `missing`: toilets that the standard's density lacks. `score` weighs them up.
    """

    served: int
    accessible: int
    renewed: float
    missing: int
    score: float

    def beyond(self, other: "Worth") -> "Worth":
        """Return what this is more than `other`; `missing` is then how many fewer are missing."""
        return Worth(
            served=self.served - other.served,
            accessible=self.accessible - other.accessible,
            renewed=self.renewed - other.renewed,
            missing=other.missing - self.missing,
            score=self.score - other.score,
        )


class WorthOf:
    """Works out what any choice of a problem's works is worth; all sums are exact."""

    def __init__(self, problem: ToiletProblem) -> None:
        self._problem = problem
        self._reachable = problem.reachable

    def __call__(self, chosen: Iterable[int]) -> Worth:
        """Return the worth of doing the works at these positions."""
        problem, works = self._problem, [self._problem.works[number] for number in chosen]
        stalls, accessible = problem.stalls.copy(), problem.accessible.copy()
        for one in works:
            stalls[one.site] += one.stalls
            accessible[one.site] |= one.accessible
        served = self._served(stalls)
        with_accessible = int(problem.residents[self._covered(accessible & (stalls > 0))].sum())
        renewed = sum(one.relying for one in works)
        missing = self._missing({one.site for one in works if problem.opens(one)})
        weights = problem.weights
        score = served + weights.accessible * with_accessible + weights.renewed * renewed
        if problem.density is DensityRule.SOFT:
            score -= weights.density * missing
        return Worth(served, with_accessible, renewed, missing, score)

    def _covered(self, sites: BoolArray) -> BoolArray:
        covered = np.zeros(len(self._problem.residents), dtype=np.bool_)
        covered[self._problem.reach_place[sites[self._problem.reach_site]]] = True
        return covered

    def _served(self, stalls: IntArray) -> int:
        """Return how many residents are served: all about a site with stalls enough, of the others what flows."""
        problem = self._problem
        capacity = stalls * problem.persons_per_stall
        ample = (stalls > 0) & (capacity >= self._reachable)
        covered = self._covered(ample)
        tight = (stalls > 0) & ~ample
        served = int(problem.residents[covered].sum())
        return served + self._flow(tight, capacity, covered) if tight.any() else served

    def _flow(self, tight: BoolArray, capacity: IntArray, covered: BoolArray) -> int:
        """Return how many more residents the sites with too few stalls serve: a largest flow."""
        problem = self._problem
        kept = tight[problem.reach_site] & ~covered[problem.reach_place]
        site, place = problem.reach_site[kept], problem.reach_place[kept]
        sites, places = np.flatnonzero(tight), np.unique(place)
        source, sink = 0, 1 + len(sites) + len(places)
        site_node = 1 + np.searchsorted(sites, site)
        place_node = 1 + len(sites) + np.searchsorted(places, place)
        tail = np.concatenate([np.full(len(sites), source), site_node, np.arange(1 + len(sites), sink)])
        head = np.concatenate([np.arange(1, 1 + len(sites)), place_node, np.full(len(places), sink)])
        room = np.concatenate([capacity[sites], problem.residents[place], problem.residents[places]])
        graph = csr_array((room.astype(np.int32), (tail, head)), shape=(sink + 1, sink + 1))
        return int(maximum_flow(graph, source, sink).flow_value)

    def _missing(self, opened: set[int]) -> int:
        problem = self._problem
        if not len(problem.missing):
            return 0
        zones = problem.zone_of_site[sorted(opened)] if opened else np.zeros(0, dtype=np.int64)
        gained = np.bincount(zones[zones >= 0], minlength=len(problem.missing))
        return int(np.maximum(0, problem.missing - gained).sum())
