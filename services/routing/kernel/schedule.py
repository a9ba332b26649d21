"""How a search spends its time: a first plan, fewer trucks where they are dear, then annealing on the cost.

Everything runs in short blocks, so that it can be told of, and stopped, at any moment (planner.md, "Schedule").
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from services.routing.kernel import layout as at
from services.routing.kernel import search
from services.routing.kernel.cache import discard_stale
from services.routing.kernel.data import KernelData
from services.routing.kernel.districts import STEPS_AT_ONCE, Crew, Heat, Span
from services.routing.kernel.fleet import least_trucks
from services.routing.kernel.layout import ABSENT_WEIGHT, BALANCE, BANK, BEST_COST, BEST_WEIGHT, COST, WAITING
from services.routing.kernel.state import (
    SearchState,
    accept,
    begin_step,
    clear_truck,
    list_absent,
    new_state,
    remember_best,
    restore,
    write_best,
)
from services.routing.kernel.timing import refresh

discard_stale(search.run)

BLOCK_S = 0.04
"""A block of steps is to last about so long."""
ROUND_S, ROUNDS = (0.05, 0.5), 200
"""A round of a crew lasts so long: the share of the time that gives so many rounds, within bounds."""
ROUND_STEPS = 3000
"""A round of a crew whose budget is steps."""
HOT, COLD = 0.25, 0.001
"""The temperature falls from and to so many units; a unit is what a step that makes a cold plan dearer costs more."""
HOT_UNLOADING, COLD_UNLOADING = 2.0, 0.002
"""The same where trucks unload on the way: whole trips change hands then, and a colder search does not find how."""
WARM = 0.01
"""A search that goes on from a whole plan begins at so much of the hottest; the more is absent, the hotter."""
DEAR_TRUCK = 20.0
"""A truck whose fixed cost is above so many units is worth a search of its own to save."""
CHARGE = 5.0
"""What such a truck costs, in units, while the search is free to use more of them."""
SPARE_TRUCKS = 2
STEPS_PER_TASK = 1000
MOST_RUNS = 10
"""A budget of more steps than this for each task is spent on runs from different first plans."""
FLEET_HEAT = 0.05
LOOSE_UNTIL, FEW_UNTIL, SOFT_HEAT = (0.2, 0.35), (0.4, 0.45), (0.1, 0.05)
"""Where trucks are dear: until which share of a run there are some to spare, until which they are taken away, and how
hot, as a share of the hottest, the search goes on without them; in the two searches that run side by side."""
LEAST_TOLL, MOST_TOLL = 0.01, 50.0
"""Bounds of the toll, in units."""


@dataclass(slots=True)
class Budget:
    """What a search may spend: wall time, or a number of steps, which makes it repeatable."""

    time_limit_s: float
    steps: int | None = None
    should_stop: Callable[[], bool] | None = None
    started: float = field(default_factory=time.monotonic)
    done: int = 0
    stopped: bool = False

    def elapsed_s(self) -> float:
        """Seconds since the budget was made."""
        return time.monotonic() - self.started

    def by_time(self) -> float:
        """The share of the time that is used up, 1 or more when it is over."""
        if self.stopped or (self.should_stop is not None and self.should_stop()):
            self.stopped = True
            return 1.0
        return self.elapsed_s() / max(self.time_limit_s, 1e-9)

    def spent(self) -> float:
        """The share that is used up, by time or by steps, 1 or more when it is over."""
        by_time = self.by_time()
        if self.steps is None or by_time >= 1.0:
            return by_time
        return self.done / max(self.steps, 1)


@dataclass(frozen=True, slots=True)
class Found:
    """A plan of the kernel: per truck what it does, as rows of the kernel's entities, and what is absent.

    `weight` is what the absent tasks weigh by priority; of two plans the lighter is better, then the cheaper.
    """

    routes: list[list[int]]
    absent: list[int]
    cost: float
    weight: float

    @property
    def rank(self) -> tuple[float, float]:
        """What plans are compared by, less is better."""
        return self.weight, self.cost

    @property
    def used(self) -> list[int]:
        """The trucks that have a route."""
        return [truck for truck, route in enumerate(self.routes) if route]


class Search:
    """One search with its own state; several can run in threads at once, the compiled part needs no interpreter.

    With `spare` it leaves a few trucks more than needed to the search for short routes until later, and goes on colder,
    which is better where many trucks are at their limit.
    """

    def __init__(
        self,
        data: KernelData,
        seed: int,
        budget: Budget,
        on_better: Callable[[Found], None] | None = None,
        *,
        spare: bool = False,
    ) -> None:
        self._fixed = data.prices[:, at.P_FIXED].copy()
        self._data = data._replace(prices=data.prices.copy(), may_tip=data.may_tip.copy())
        self._state: SearchState = new_state(data, seed)
        self._budget = budget
        self._on_better = on_better
        self._spare = spare
        self._crew: Crew | None = None
        self._has_begun = False
        self._warmth: float | None = None
        self._least = -1
        self._block = 16
        self._unit = 1.0
        unloads = bool(data.trucks[:, at.T_UNLOADS].any())
        self._hot, self._cold = (HOT_UNLOADING, COLD_UNLOADING) if unloads else (HOT, COLD)
        self._seed = seed
        self._best: Found | None = None
        self._here: Found | None = None
        self._from, self._to = 0.0, 1.0

    def begin(self, start: Sequence[Sequence[int]] | None = None) -> int:
        """Make a first plan, around some routes if there are any to go on from; gives how many trucks it uses.

        Of those, which are a list of entities for each truck, what breaks a rule of the kernel is not taken.
        """
        if start is not None:
            self._lay(start)
            absent = float(self._state.counts[BANK]) / max(self._data.task_count, 1)
            self._warmth = WARM + (1.0 - WARM) * absent
        self._fill()
        self._has_begun = True
        return int((self._state.totals[:, at.S_STOPS] > 0).sum())

    def share_out(self, size: int) -> None:
        """Search in so many districts at once from now on, a thread each."""
        self._crew = Crew(self._data, self._seed, size)

    def solve(self) -> Found:
        """Spend the budget and give the best plan; small problems are solved several times from the start."""
        if not self._data.task_count or not self._data.truck_count:
            return Found([[] for _ in range(self._data.truck_count)], list(range(self._data.task_count)), 0.0, 0.0)
        self._solve_once()
        while self._budget.spent() < 1.0:
            self._from, self._to = self._to, min(1.0, 2 * self._to - self._from)
            if self._to > 0.99:
                self._to = 1.0
            self._seed += 104_729
            self._state = new_state(self._data, self._seed)
            self._here = None
            self._has_begun = False
            self._solve_once()
        assert self._best is not None
        return self._best

    def _solve_once(self) -> None:
        """One run from a new first plan, in its share of the budget."""
        if not self._has_begun:
            self.begin()
        self._find_unit()
        if self._from == 0.0:
            self._to = 1.0 / self._runs()
        is_dear = float(self._fixed.max()) > DEAR_TRUCK * self._unit
        if self._warmth is not None:
            if is_dear:
                self._save_trucks(until=FEW_UNTIL[0])
            self._anneal(self._warmth * self._hot, self._cold, until=1.0)
        elif is_dear:
            self._solve_with_few()
        else:
            self._anneal(self._hot, self._cold, until=1.0)

    def _runs(self) -> int:
        """How many runs of enough steps the budget has room for; one for a crew, or where a plan is mended."""
        if self._crew is not None or self._warmth is not None:
            return 1
        spent = self._budget.spent()
        steps = self._budget.steps or self._budget.done / max(spent, 1e-6)
        return int(np.clip(steps / (STEPS_PER_TASK * self._data.task_count), 1, MOST_RUNS))

    def _share(self) -> float:
        """How far the current run is, from 0 to 1; without end once the budget is spent."""
        spent = self._budget.spent()
        return float("inf") if spent >= 1.0 else (spent - self._from) / (self._to - self._from)

    def _solve_with_few(self) -> None:
        """Short routes with a few trucks to spare, then as few trucks as can be, then short routes with those."""
        self._save_trucks(until=0.05)
        if self._above_bound():
            self._anneal_freely(self._hot, self._cold, until=LOOSE_UNTIL[self._spare])
            loose = self._found()
            self._save_trucks_again(until=FEW_UNTIL[self._spare])
            few = len(self._found().used)
            if few == len(loose.used) and self._spare and self._above_bound():
                few -= 1
            if few < len(loose.used):
                self._dissolve(loose, few)
                self._anneal_with_toll(SOFT_HEAT[self._spare] * self._hot, 0.7 * self._cold, until=0.95)
                self._anneal(0.02 * self._hot, 0.7 * self._cold, until=1.0)
                return
        self._anneal(self._hot, 0.7 * self._cold, until=1.0)

    def _save_trucks_again(self, until: float) -> None:
        """Take trucks away, and anneal in between, as long as that helps."""
        while self._above_bound() and self._share() < until:
            before = len(self._found().used)
            self._save_trucks(until=min(self._share() + 0.06, until))
            if self._above_bound():
                self._anneal(self._hot / 4, self._cold, until=min(self._share() + 0.05, until))
            elif len(self._found().used) == before:
                break

    def _dissolve(self, plan: Found, few: int) -> None:
        """Go on from a plan with all but `few` of its trucks emptied and closed, the least needed ones first."""
        self._take(plan)
        used = list(plan.used)
        begin_step(self._state)
        while len(used) > few:
            truck = self._least_needed(used)
            clear_truck(self._data, self._state, truck)
            used.remove(truck)
        accept(self._state)
        list_absent(self._data, self._state)
        self._close(set(range(self._data.truck_count)) - set(used))
        remember_best(self._data, self._state)

    def _anneal_with_toll(self, hot: float, cold: float, until: float) -> None:
        """Anneal with a price for leaving a task out, which follows how often the search is without absent tasks."""
        toll, begin = hot * self._unit, self._share()
        now = begin
        while now < until:
            temperature = self._unit * hot * (cold / hot) ** ((now - begin) / (until - begin))
            heat = Heat(temperature, toll, LEAST_TOLL * self._unit, MOST_TOLL * self._unit)
            if self._crew is None:
                self._run_block(temperature, toll=toll)
                toll = heat.next_toll(toll, bool(self._state.sums[ABSENT_WEIGHT] > 0))
            else:
                toll = self._run_round(heat)
            self._note()
            now = self._share()
        self._go_back()

    def _lay(self, routes: Sequence[Sequence[int]]) -> None:
        """Make routes the current plan, without those that break a rule."""
        self._take(Found([list(route) for route in routes], [], 0.0, 0.0))
        right = [list(route) if refresh(self._data, self._state, truck) else [] for truck, route in enumerate(routes)]
        self._take(Found(right, [], 0.0, 0.0))

    def _fill(self) -> None:
        """A first plan: every absent task at its cheapest place, in random order."""
        random = np.random.default_rng(int(self._state.random[0]))
        absent = self._state.bank[: self._state.counts[BANK]]
        absent[:] = random.permutation(absent)
        while search.fill(self._data, self._state, 100):
            if self._budget.spent() >= 1.0:
                self._state.counts[BANK] = 0
        if self._data.wished:  # insertion has not counted what the routes' shapes cost
            self._take(self._found())
            remember_best(self._data, self._state)
        self._note()

    def _find_unit(self) -> None:
        """Cool the first plan a little and measure what a bad step costs."""
        driving = float(self._state.sums[COST]) - float(self._fixed[self._found().used].sum())
        arc = max(driving / max(self._data.task_count, 1), 1e-6)
        self._unit = arc
        self._anneal(0.1, 0.1, until=self._share() + 0.02)
        self._charge(0.0)
        rise = search.mean_rise(self._data, self._state, min(500, 20 * self._data.task_count))
        self._charge(None)
        self._unit = max(float(rise), 0.1 * arc)

    def _anneal(self, hot: float, cold: float, until: float) -> None:
        """Steps at a temperature that falls with the share of the run that is over."""
        self._cool(hot, cold, until)
        self._go_back()

    def _cool(self, hot: float, cold: float, until: float) -> None:
        begin = now = self._share()
        while now < until:
            temperature = self._unit * hot * (cold / hot) ** ((now - begin) / (until - begin))
            if self._crew is None:
                self._run_block(temperature)
            else:
                self._run_round(Heat(temperature))
            self._note()
            now = self._share()

    def _run_round(self, heat: Heat) -> float:
        """A round of the crew at one temperature; gives the toll that it has come to."""
        assert self._crew is not None
        budget = self._budget
        steps = None if budget.steps is None else max(1, min(ROUND_STEPS, budget.steps - budget.done))
        lasts_s = float(np.clip(budget.time_limit_s / ROUNDS, *ROUND_S))
        taken, toll = self._crew.round(self._state, heat, Span(steps, lasts_s, lambda: budget.by_time() >= 1.0))
        budget.done += taken
        return toll

    def _anneal_freely(self, hot: float, cold: float, until: float) -> None:
        """The same with trucks at a moderate charge and a few of them to spare."""
        used = set(self._found().used)
        empty = [truck for truck in range(self._data.truck_count) if truck not in used]
        self._close(set(empty[SPARE_TRUCKS:]))
        self._charge(CHARGE * self._unit)
        self._go_back()
        remember_best(self._data, self._state)
        self._cool(hot, cold, until)
        loose = self._found()
        self._charge(None)
        self._take(loose)
        remember_best(self._data, self._state)

    def _save_trucks(self, until: float) -> None:
        """Take trucks away one after another, as long as all their tasks find a place on the others."""
        while self._share() < until and self._above_bound():
            before = self._found()
            truck = self._least_needed(before.used)
            self._close(set(range(self._data.truck_count)) - set(before.used) | {truck})
            begin_step(self._state)
            clear_truck(self._data, self._state, truck)
            accept(self._state)
            list_absent(self._data, self._state)
            while self._share() < until:
                if self._run_block(self._unit * FLEET_HEAT, fleet=True, goal=before.weight):
                    break
            saved = float(self._state.sums[ABSENT_WEIGHT]) <= before.weight
            if not saved:
                self._take(before)
            remember_best(self._data, self._state)
            self._note()
            if not saved:
                break

    def _least_needed(self, used: list[int]) -> int:
        """The truck whose tasks have been absent least often."""
        served = self._state.nodes[: self._data.task_count, at.TRUCK]
        sums = np.bincount(served[served >= 0], self._state.absences[served >= 0], self._data.truck_count)
        return min(used, key=lambda truck: float(sums[truck]))

    def _above_bound(self) -> bool:
        if self._least < 0:
            self._least = least_trucks(self._data)
        return len(self._found().used) > self._least

    def _charge(self, fixed: float | None) -> None:
        """Let every truck cost so much, or what it does cost; the sums of the state follow."""
        charges = self._fixed if fixed is None else np.minimum(self._fixed, fixed)
        used = self._state.totals[:, at.S_STOPS] > 0
        self._state.truck_cost[used] += (charges - self._data.prices[:, at.P_FIXED])[used]
        self._data.prices[:, at.P_FIXED] = charges
        self._state.sums[COST] = self._state.truck_cost.sum() + self._state.sums[[BALANCE, WAITING]].sum()

    def _close(self, trucks: set[int]) -> None:
        for truck in range(self._data.truck_count):
            self._state.totals[truck, at.S_CLOSED] = int(truck in trucks)

    def _found(self) -> Found:
        """The best plan of the phase, at true cost."""
        state, data = self._state, self._data
        write_best(data, state)
        spans, stops = state.spans.tolist(), state.stops[: state.spans[-1]]
        is_absent = np.ones(len(data.entities), dtype=np.bool_)
        is_absent[stops] = False
        absent = np.flatnonzero(is_absent[: data.task_count]).tolist()
        entities = stops.tolist()
        routes = [entities[spans[truck] : spans[truck + 1]] for truck in range(data.truck_count)]
        used = [truck for truck, route in enumerate(routes) if route]
        cost = float(state.sums[BEST_COST]) + float((self._fixed - data.prices[:, at.P_FIXED])[used].sum())
        return Found(routes, absent, cost, float(state.sums[BEST_WEIGHT]))

    def _take(self, plan: Found) -> None:
        """Make a plan the current one."""
        spans = np.cumsum([0] + [len(route) for route in plan.routes]).astype(np.int32)
        stops = np.array([entity for route in plan.routes for entity in route], dtype=np.int32)
        restore(self._data, self._state, stops, spans)

    def _go_back(self) -> None:
        """Go on from the best plan of this run."""
        assert self._here is not None
        self._take(self._here)
        remember_best(self._data, self._state)

    def _run_block(self, temperature: float, *, fleet: bool = False, goal: float = 0.0, toll: float = 0.0) -> bool:
        """Some steps at one temperature; true if the fleet phase has reached its goal."""
        steps = self._block
        if self._budget.steps is not None:
            steps = max(1, min(STEPS_AT_ONCE, self._budget.steps - self._budget.done))
        began = time.monotonic()
        taken = int(search.run(self._data, self._state, steps, temperature, temperature, fleet, goal, toll))
        lasted_s = time.monotonic() - began
        self._budget.done += taken
        if taken == steps:
            self._block = int(np.clip(steps * BLOCK_S / max(lasted_s, 1e-4), 1, 4 * steps))
        return taken < steps

    def _note(self) -> None:
        """Keep the best plan of this run and of all, and tell of it."""
        if self._here is not None and (self._state.sums[BEST_WEIGHT], self._state.sums[BEST_COST]) >= self._here.rank:
            return
        found = self._found()
        if self._here is None or found.rank < self._here.rank:
            self._here = found
        if self._best is None or found.rank < self._best.rank:
            self._best = found
            if self._on_better is not None:
                self._on_better(found)
