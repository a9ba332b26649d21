"""A town searched in districts side by side: each search has some of the routes, and the seams move after each round.

A district is a set of routes that lie beside one another, with the absent tasks around them and a share of the trucks
at home. A search sees all routes and changes its own only, so that the changes of a round fit together, but for the
stations: two searches may each bring the last tonne. After a round all is put together and divided anew along other
seams, so that no seam stays one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from services.routing.kernel import layout as at
from services.routing.kernel import search
from services.routing.kernel.data import Int32, KernelData
from services.routing.kernel.layout import ABSENT_WEIGHT, BEST_COST, BEST_WEIGHT, COST, OVERLOAD, SEEDS
from services.routing.kernel.state import SearchState, new_state, remember_best, restore, write_best, write_current

BLOCK_S = 0.04
"""Each search asks so often whether the round is over."""
STEPS_AT_ONCE = 100
"""The same where a round is so many steps."""
TOLL_UP, TOLL_DOWN = 1.05, 0.98
"""What the toll of an absent task is multiplied by after a block with absent tasks, and after one without."""


@dataclass(slots=True)
class Member:
    """One search of a crew; `taken` is how many steps it has taken in the round, `toll` what it came to."""

    data: KernelData
    state: SearchState
    block: int = 16
    taken: int = 0
    toll: float = 0.0


@dataclass(frozen=True, slots=True)
class Heat:
    """How a round is searched: the temperature, and the toll of an absent task (0 for none) with its bounds.

    The toll follows the search, a block at a time: it has no absent task in five plans of seven.
    """

    temperature: float
    toll: float = 0.0
    least_toll: float = 0.0
    most_toll: float = 0.0

    def next_toll(self, toll: float, has_absent: bool) -> float:
        """The toll after a block of steps."""
        return min(max(toll * (TOLL_UP if has_absent else TOLL_DOWN), self.least_toll), self.most_toll)


@dataclass(frozen=True, slots=True)
class Span:
    """How long a round lasts: so many steps of each search, or else seconds; and whether everything is over."""

    steps: int | None
    lasts_s: float
    is_over: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Written:
    """A plan written out as `SearchState` has it."""

    stops: Int32
    spans: Int32

    def route(self, truck: int) -> Int32:
        """What a truck does."""
        return self.stops[self.spans[truck] : self.spans[truck + 1]]


@dataclass(slots=True)
class Crew:
    """Searches that divide a plan among themselves."""

    data: KernelData
    seed: int
    size: int
    members: list[Member] = field(init=False)
    _random: np.random.Generator = field(init=False)

    def __post_init__(self) -> None:
        self.members = [
            Member(
                self.data._replace(may_tip=self.data.may_tip.copy()), new_state(self.data, self.seed + 7919 * number)
            )
            for number in range(self.size)
        ]
        self._random = np.random.default_rng(self.seed)

    def round(self, whole: SearchState, heat: Heat, span: Span) -> tuple[int, float]:
        """Search in districts for a while; `whole` then holds the plan put together, and the best so far.

        Gives the steps that each search has taken, and the mean of their tolls.
        """
        before = _written(self.data, whole, write_current)
        owners, task_owners = self._divide(whole, before)
        until = time.monotonic() + span.lasts_s

        def work(number: int) -> None:
            member = self.members[number]
            _own(member, owners == number, task_owners == number)
            restore(member.data, member.state, before.stops, before.spans)
            remember_best(member.data, member.state)
            _search(member, heat, span, until)

        with ThreadPoolExecutor(self.size, "riqing-search") as pool:
            list(pool.map(work, range(self.size)))
        self._join(whole, owners, before)
        return max(member.taken for member in self.members), sum(member.toll for member in self.members) / self.size

    def _divide(self, whole: SearchState, plan: Written) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Whose each truck and each task is: strips between two places drawn by lot, with as many tasks in each."""
        data = self.data
        owners = np.zeros(data.truck_count, dtype=np.intp)
        used = np.flatnonzero(np.diff(plan.spans) > 0)
        if not len(used):
            return owners, np.zeros(data.task_count, dtype=np.intp)
        middles = (plan.spans[used] + plan.spans[used + 1]) // 2
        middles -= (plan.stops[middles] >= data.task_count) & (middles > plan.spans[used])
        places = data.entities[plan.stops[middles], at.E_LOCATION]
        one, other = self._random.choice(places, 2)
        away = data.out[0, one, :, 0].astype(np.int64) - data.out[0, other, :, 0]
        order = np.argsort(away[places], kind="stable")
        sums = np.cumsum(whole.totals[used[order], at.S_STOPS])
        shares = np.minimum((sums - 1) * self.size // max(int(sums[-1]), 1), self.size - 1)
        owners[used[order]] = shares
        self._share_idle(whole, owners)
        firsts = np.minimum(np.searchsorted(shares, np.arange(1, self.size)), len(used) - 1)
        bounds = away[places[order]][firsts]
        around = np.searchsorted(bounds, away[data.entities[: data.task_count, at.E_LOCATION]], "right")
        trucks = whole.nodes[: data.task_count, at.TRUCK]
        return owners, np.where(trucks >= 0, owners[trucks], around)

    def _share_idle(self, whole: SearchState, owners: NDArray[np.intp]) -> None:
        """Give each search as many of the trucks at home, of each kind; closed ones are nobody's."""
        idle = np.flatnonzero(whole.totals[:, at.S_STOPS] == 0)
        idle = idle[np.argsort(self.data.trucks[idle, at.T_GROUP], kind="stable")]
        owners[idle] = (np.arange(len(idle)) + self._random.integers(self.size)) % self.size
        owners[whole.totals[:, at.S_CLOSED] != 0] = -1

    def _join(self, whole: SearchState, owners: NDArray[np.intp], before: Written) -> None:
        """Put the districts together: their best plans if that is the best of all so far, then their present ones.

        Where two of them overload a station that neither does alone, only the better one's changes are taken.
        """
        data = self.data
        for write in (write_best, write_current):
            plans = [_written(member.data, member.state, write) for member in self.members]
            routes = [
                (before if owners[truck] < 0 else plans[owners[truck]]).route(truck)
                for truck in range(data.truck_count)
            ]
            _take(data, whole, routes)
            if write is write_current and float(whole.sums[ABSENT_WEIGHT]) > self._expected_weight() + 1e-9:
                lightest = min(self.members, key=lambda member: tuple(member.state.sums[[ABSENT_WEIGHT, COST]]))
                plan = _written(lightest.data, lightest.state, write)
                _take(data, whole, [plan.route(truck) for truck in range(data.truck_count)])
            if (whole.sums[ABSENT_WEIGHT], whole.sums[COST]) < (whole.sums[BEST_WEIGHT], whole.sums[BEST_COST]):
                remember_best(data, whole)

    def _expected_weight(self) -> float:
        """What is absent, and the most that one search overloads."""
        sums = np.array([member.state.sums[[ABSENT_WEIGHT, OVERLOAD]] for member in self.members])
        return float((sums[:, 0] - sums[:, 1]).sum() + sums[:, 1].max())


def _written(data: KernelData, state: SearchState, write: Callable[[KernelData, SearchState], None]) -> Written:
    write(data, state)
    return Written(state.stops[: state.spans[-1]].copy(), state.spans.copy())


def _take(data: KernelData, state: SearchState, routes: list[Int32]) -> None:
    """Let the routes be the plan of a state."""
    spans = np.cumsum([0] + [len(route) for route in routes]).astype(np.int32)
    restore(data, state, np.concatenate(routes), spans)


def _own(member: Member, trucks: NDArray[np.bool_], tasks: NDArray[np.bool_]) -> None:
    """Let a search change these trucks and place these tasks only."""
    state = member.state
    state.totals[:, at.S_CLOSED] = ~trucks
    state.own[:] = tasks
    seeds = np.flatnonzero(tasks)
    state.seeds[: len(seeds)] = seeds
    state.counts[SEEDS] = len(seeds)


def _search(member: Member, heat: Heat, span: Span, until: float) -> None:
    """Take steps until a moment, or so many."""
    member.taken, member.toll = 0, heat.toll
    if member.state.counts[SEEDS] == 0:
        return
    while not span.is_over() and (time.monotonic() < until if span.steps is None else member.taken < span.steps):
        count = member.block if span.steps is None else min(STEPS_AT_ONCE, span.steps - member.taken)
        began = time.monotonic()
        search.run(member.data, member.state, count, heat.temperature, heat.temperature, False, 0.0, member.toll)
        lasted_s = time.monotonic() - began
        member.taken += count
        member.block = int(np.clip(count * BLOCK_S / max(lasted_s, 1e-4), 1, 4 * count))
        if member.toll > 0.0:
            member.toll = heat.next_toll(member.toll, bool(member.state.sums[ABSENT_WEIGHT] > 0))
