"""One step of the search after another: ruin, put back, accept or undo."""

from __future__ import annotations

import numpy as np

from services.routing.kernel import layout as at
from services.routing.kernel.compiled import compiled
from services.routing.kernel.insertion import EVERYWHERE, NEAR, TOUCHED_TRUCKS, best_place, insert
from services.routing.kernel.layout import (
    ABSENCE_SUM,
    ABSENT_WEIGHT,
    BALANCE,
    BANK,
    BEST_COST,
    BEST_WEIGHT,
    COST,
    ITERATION,
    OVERLOAD,
    POOL,
    SEEDS,
    TOUCHED,
    WAITING,
)
from services.routing.kernel.overload import keep_tips, overload, readmit, shun_full
from services.routing.kernel.random import below, uniform
from services.routing.kernel.ruin import ruin
from services.routing.kernel.split import split_touched
from services.routing.kernel.state import (
    accept,
    balance_cost,
    begin_step,
    list_absent,
    remember_best,
    undo,
)
from services.routing.kernel.timing import route_cost

FULL_SCAN, SCANNED = 0.05, 500
"""Share of the steps that look at every place (planner.md); of more tasks so many that they take no longer."""
FLEET_SCANNED = 2000
"""The fleet phase looks at every place in every step, and of more tasks so often that it takes no longer."""
SPLIT_SHARE = 0.05
"""Share of the steps after which the touched trucks' unloading stops are placed anew."""
ABSENT_SEED = 0.5
"""Share of the ruins that start at an absent task, where there is one."""
ORDERS = np.array([0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 4, 4, 5, 5, 6, 6], dtype=np.int64)
"""How often each order is drawn: random, demand, far, close, narrow window, early window, late window."""


@compiled()
def sort_pool(data, state):
    """Put the pool into one of the orders of Christiaens and Vanden Berghe 2020, section 5.3."""
    order = ORDERS[below(state.random, ORDERS.shape[0])]
    pool, keys = state.pool, state.keys
    count = state.counts[POOL]
    for number in range(count):
        task = pool[number]
        if order == 0:
            key = uniform(state.random)
        elif order == 1:
            key = data.order[task, 0]
        elif order == 2:
            key = -data.order[task, 1]
        else:
            key = data.order[task, order - 2]
        place = number
        while place > 0 and keys[place - 1] > key:
            keys[place] = keys[place - 1]
            pool[place] = pool[place - 1]
            place -= 1
        keys[place] = key
        pool[place] = task


@compiled()
def choose_seed(state):
    """Any of the own tasks, or every other time an absent one where there is one."""
    if state.counts[BANK] > 0 and uniform(state.random) < ABSENT_SEED:
        return np.int64(state.bank[below(state.random, state.counts[BANK])])
    return np.int64(state.seeds[below(state.random, state.counts[SEEDS])])


@compiled()
def put_back(data, state, fleet, limit, toll):
    """Insert the tasks of the pool; the weight and the absence sum of what is absent then, and false if given up.

    Given up as soon as the cost is above `limit` and what is absent weighs as much as before, or weighs more; with a
    `toll` as soon as the cost and the toll of what is absent are above it.
    """
    sums, counts = state.sums, state.counts
    weight, absence = sums[ABSENT_WEIGHT] - sums[OVERLOAD], sums[ABSENCE_SUM]
    for number in range(counts[POOL]):
        task = state.pool[number]
        if state.born[task] != counts[ITERATION]:
            weight -= data.weight[task]
            absence -= state.absences[task] * data.weight[task]
    share, most = (1.0, FLEET_SCANNED) if fleet else (FULL_SCAN, SCANNED)
    scan = uniform(state.random) < share * min(1.0, most / data.may_serve.shape[0])
    for number in range(counts[POOL]):
        task = np.int64(state.pool[number])
        scope = EVERYWHERE if scan else NEAR
        if state.born[task] != counts[ITERATION]:
            scope = TOUCHED_TRUCKS
        price, before, form, station = best_place(data, state, task, scope)
        if before < 0 or (toll > 0.0 and price > toll * data.weight[task]):
            weight += data.weight[task]
            absence += state.absences[task] * data.weight[task]
        else:
            sums[COST] += insert(data, state, task, before, form, station, price)
        if toll > 0.0:
            if sums[COST] + toll * weight > limit:
                return weight, absence, False
        elif not fleet and weight >= sums[ABSENT_WEIGHT] and (sums[COST] > limit or weight > sums[ABSENT_WEIGHT]):
            return weight, absence, False
    return weight, absence, True


@compiled()
def take_on(state, weight, absence, extra):
    """Make a step the current plan; `extra` is the part of the weight that stations are overloaded by."""
    nodes, counts = state.nodes, state.counts
    accept(state)
    absent = 0
    for number in range(counts[BANK]):
        if nodes[state.bank[number], at.TRUCK] < 0:
            state.bank[absent] = state.bank[number]
            absent += 1
    for number in range(counts[POOL]):
        task = state.pool[number]
        if nodes[task, at.TRUCK] < 0 and state.born[task] == counts[ITERATION]:
            state.bank[absent] = task
            absent += 1
    counts[BANK] = absent
    state.sums[ABSENT_WEIGHT] = weight if absent > 0 else extra
    state.sums[OVERLOAD] = extra
    state.sums[ABSENCE_SUM] = absence if absent > 0 else 0.0


@compiled()
def count_absent(data, state):
    """Let every absent task's counter rise by one."""
    for number in range(state.counts[BANK]):
        task = state.bank[number]
        state.absences[task] += 1.0
        state.sums[ABSENCE_SUM] += data.weight[task]


@compiled()
def reckon_wishes(data, state):
    """Bring the sum of costs up to date with what the step did to the shape and the balance of the routes."""
    sums = state.sums
    for number in range(state.counts[TOUCHED]):
        truck = np.int64(state.touched[number])
        cost = route_cost(data, state, truck)
        sums[COST] += cost - state.truck_cost[truck]
        state.truck_cost[truck] = cost
    balance = balance_cost(data, state)
    sums[COST] += balance - sums[BALANCE]
    sums[BALANCE] = balance


@compiled()
def step(data, state, temperature, fleet, toll):
    """Ruin and put back once; true if the plan is better than every one before."""
    sums = state.sums
    begin_step(state)
    cost, balance, waiting = sums[COST], sums[BALANCE], sums[WAITING]
    if data.limited:
        shun_full(data, state)
    limit = cost + toll * sums[ABSENT_WEIGHT] - temperature * np.log(max(uniform(state.random), 1e-300))
    right = ruin(data, state, choose_seed(state))
    if right and (fleet or sums[COST] <= limit or sums[ABSENT_WEIGHT] > 0.0):
        sort_pool(data, state)
        weight, absence, whole = put_back(data, state, fleet, limit, toll)
        if whole and uniform(state.random) < SPLIT_SHARE:
            split_touched(data, state)
        extra = 0.0
        if whole and data.limited:
            extra = overload(data, state)
            weight += extra
            sums[COST] += sums[WAITING] - waiting
        if whole and data.wished:
            reckon_wishes(data, state)
        better = weight < sums[ABSENT_WEIGHT] or (fleet and absence < sums[ABSENCE_SUM])
        equal = weight == sums[ABSENT_WEIGHT] and (not fleet or absence == sums[ABSENCE_SUM])
        tolled = toll > 0.0 and sums[COST] + toll * weight <= limit
        if whole and (tolled or (toll == 0.0 and (better or (equal and sums[COST] <= limit)))):
            take_on(state, weight, absence, extra)
            if data.limited:
                keep_tips(state)
                readmit(data, state)
            light = sums[ABSENT_WEIGHT] < sums[BEST_WEIGHT]
            return light or (sums[ABSENT_WEIGHT] == sums[BEST_WEIGHT] and sums[COST] < sums[BEST_COST] - 1e-7)
    undo(data, state)
    sums[COST], sums[BALANCE], sums[WAITING] = cost, balance, waiting
    if data.limited:
        readmit(data, state)
    return False


@compiled()
def run(data, state, steps, hot, cold, fleet, goal, toll):
    """Take a number of steps while the temperature falls from `hot` to `cold`; gives the steps taken.

    In the fleet phase (Christiaens and Vanden Berghe 2020, section 5.4) plans with fewer absent tasks, or with tasks
    absent that have seldom been so, are accepted at any cost; it ends when what is absent weighs `goal` or less.
    """
    cooling = (cold / hot) ** (1.0 / steps)
    temperature = hot
    for number in range(steps):
        if step(data, state, temperature, fleet, toll):
            remember_best(data, state)
        if fleet and state.sums[ABSENT_WEIGHT] <= goal:
            return number + 1
        if state.counts[BANK] > 0:
            count_absent(data, state)
        temperature *= cooling
    return steps


@compiled()
def mean_rise(data, state, steps):
    """How much a step that makes the plan dearer does so in the mean: the unit of temperature. Nothing is accepted."""
    sums = state.sums
    rise, count = 0.0, 0
    for _ in range(steps):
        begin_step(state)
        cost = sums[COST]
        if ruin(data, state, below(state.random, data.may_serve.shape[0])):
            sort_pool(data, state)
            _, _, whole = put_back(data, state, False, np.inf, 0.0)
            if whole and sums[COST] > cost + 1e-9:
                rise += sums[COST] - cost
                count += 1
        undo(data, state)
        sums[COST] = cost
    return rise / count if count > 0 else 0.0


@compiled()
def fill(data, state, most):
    """Insert up to so many absent tasks where each is cheapest, as a first plan; gives how many are left to try.

    The bank is worked off from its end; tasks that find no place are put at its front by `list_absent` in the end.
    """
    begin_step(state)
    counts = state.counts
    for _ in range(most):
        if counts[BANK] == 0:
            break
        counts[BANK] -= 1
        task = np.int64(state.bank[counts[BANK]])
        price, before, form, station = best_place(data, state, task, NEAR)
        if before >= 0:
            state.sums[COST] += insert(data, state, task, before, form, station, price)
    left = counts[BANK]
    accept(state)
    if left == 0:
        list_absent(data, state)
        remember_best(data, state)
    return left
