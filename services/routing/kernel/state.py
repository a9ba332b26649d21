"""The changing part of a search: the routes as linked records, what is absent, and the way back from a bad step."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.routing.kernel import layout as at
from services.routing.kernel.compiled import compiled, inlined
from services.routing.kernel.data import Int32, KernelData
from services.routing.kernel.layout import (
    ABSENCE_SUM,
    ABSENT_WEIGHT,
    BALANCE,
    BANK,
    BEST_COST,
    BEST_WEIGHT,
    COST,
    COUNTS,
    ITERATION,
    KEPT,
    OVERLOAD,
    PENDING,
    SEEDS,
    SPARE,
    SUMS,
    TOUCHED,
    WAITING,
)
from services.routing.kernel.overload import overload_anew
from services.routing.kernel.random import seeded
from services.routing.kernel.timing import end_of, is_unloading, link, open_truck, refresh, route_cost, start_of


class SearchState(NamedTuple):
    """Arrays that the compiled search changes in place.

    `bank` holds the absent tasks, `absences` how often each was absent, `pool` the tasks being put back. `kept_*` are
    the touched trucks as they were before the step. `born` is the step in which an unloading stop was made or a task
    taken out. `own` marks the tasks that a step may start at or put back, `seeds` lists them: all, or a district's.

    The best plan is held as the task after each task (or truck's start), -1 for none, in `best_next`, and the station
    in between, -1 for none, in `best_tip`; `stale` marks the trucks that have changed since. `stops` is a plan written
    out, a route's entities after one another, those of truck t between `spans[t]` and `spans[t + 1]`. `split_*` is for
    `split`, which writes routes into `split_stops`. From `tip_kg` on it is for `overload`.
    """

    nodes: Int32
    totals: NDArray[np.int64]
    truck_cost: NDArray[np.float64]
    spare: Int32
    pending: Int32
    born: NDArray[np.int64]
    counts: NDArray[np.int64]
    sums: NDArray[np.float64]
    random: NDArray[np.uint64]
    bank: Int32
    absences: NDArray[np.float64]
    pool: Int32
    keys: NDArray[np.float64]
    tour: Int32
    group_stamp: NDArray[np.int64]
    touched: Int32
    kept_nodes: Int32
    kept_ids: Int32
    kept_spans: Int32
    kept_totals: NDArray[np.int64]
    kept_cost: NDArray[np.float64]
    own: NDArray[np.uint8]
    seeds: Int32
    best_next: Int32
    best_tip: Int32
    stale: NDArray[np.uint8]
    stops: Int32
    spans: Int32
    split_cost: NDArray[np.float64]
    split_from: Int32
    split_station: Int32
    split_stops: Int32
    tip_kg: NDArray[np.int64]
    tips: NDArray[np.int64]
    new_tips: NDArray[np.int64]
    fresh_tips: NDArray[np.int64]
    bay_free: NDArray[np.int64]
    queue: NDArray[np.int64]
    delay_s: NDArray[np.int64]
    full: NDArray[np.uint8]
    shunned: NDArray[np.uint8]
    may_tip: NDArray[np.uint8]


def new_state(data: KernelData, seed: int) -> SearchState:
    """A state with all trucks at home and all tasks absent."""
    tasks, trucks = data.task_count, data.truck_count
    unloadings = 3 * tasks + 4 * trucks + 8  # those of the step before, of this one, and of a split that is tried
    node_count = tasks + 2 * trucks + unloadings
    state = SearchState(
        nodes=np.zeros((node_count, at.NODE_WIDTH), dtype=np.int32),
        totals=np.zeros((trucks, at.TOTAL_WIDTH), dtype=np.int64),
        truck_cost=np.zeros(trucks, dtype=np.float64),
        spare=np.arange(node_count - 1, node_count - 1 - unloadings, -1, dtype=np.int32),
        pending=np.zeros(unloadings, dtype=np.int32),
        born=np.zeros(node_count, dtype=np.int64),
        counts=np.zeros(COUNTS, dtype=np.int64),
        sums=np.zeros(SUMS, dtype=np.float64),
        random=seeded(seed),
        bank=np.arange(tasks, dtype=np.int32),
        absences=np.zeros(tasks, dtype=np.float64),
        pool=np.zeros(tasks, dtype=np.int32),
        keys=np.zeros(tasks, dtype=np.float64),
        tour=np.zeros(tasks + unloadings, dtype=np.int32),
        group_stamp=np.zeros(trucks, dtype=np.int64),
        touched=np.zeros(trucks, dtype=np.int32),
        kept_nodes=np.zeros((node_count, at.NODE_WIDTH), dtype=np.int32),
        kept_ids=np.zeros(node_count, dtype=np.int32),
        kept_spans=np.zeros(trucks + 1, dtype=np.int32),
        kept_totals=np.zeros((trucks, at.TOTAL_WIDTH), dtype=np.int64),
        kept_cost=np.zeros(trucks, dtype=np.float64),
        own=np.ones(tasks, dtype=np.uint8),
        seeds=np.arange(tasks, dtype=np.int32),
        best_next=np.full(tasks + trucks, -1, dtype=np.int32),
        best_tip=np.full(tasks + trucks, -1, dtype=np.int32),
        stale=np.zeros(trucks, dtype=np.uint8),
        stops=np.zeros(tasks + unloadings, dtype=np.int32),
        spans=np.zeros(trucks + 1, dtype=np.int32),
        split_cost=np.zeros(tasks + 1, dtype=np.float64),
        split_from=np.zeros(tasks + 1, dtype=np.int32),
        split_station=np.zeros(tasks + 1, dtype=np.int32),
        split_stops=np.zeros(2 * (tasks + unloadings), dtype=np.int32),
        tip_kg=np.zeros(len(data.limits), dtype=np.int64),
        tips=np.zeros((unloadings, at.TIP_WIDTH), dtype=np.int64),
        new_tips=np.zeros((unloadings, at.TIP_WIDTH), dtype=np.int64),
        fresh_tips=np.zeros((unloadings + 1, at.TIP_WIDTH), dtype=np.int64),
        bay_free=np.zeros((len(data.limits), at.MOST_BAYS), dtype=np.int64),
        queue=np.zeros((unloadings + len(data.taken), 2), dtype=np.int64),
        delay_s=np.zeros(trucks, dtype=np.int64),
        full=np.zeros(len(data.limits), dtype=np.uint8),
        shunned=np.zeros(len(data.limits), dtype=np.uint8),
        may_tip=data.may_tip.copy(),
    )
    state.counts[SPARE] = unloadings
    state.counts[BANK] = tasks
    state.counts[SEEDS] = tasks
    state.sums[ABSENT_WEIGHT] = data.weight.sum()
    state.sums[BEST_WEIGHT] = np.inf
    _place_nodes(data, state)
    return state


def _place_nodes(data: KernelData, state: SearchState) -> None:
    tasks, trucks, nodes = data.task_count, data.truck_count, state.nodes
    nodes[:, at.TRUCK] = -1
    nodes[:, at.ENTITY] = -1
    nodes[:tasks, at.ENTITY] = np.arange(tasks)
    nodes[:tasks, at.LOCATION] = data.entities[:tasks, at.E_LOCATION]
    state.totals[:, at.S_TOUCHED] = -1
    for truck in range(trucks):
        start, end = tasks + truck, tasks + trucks + truck
        nodes[[start, end], at.TRUCK] = truck
        nodes[start, at.LOCATION] = data.trucks[truck, at.T_FROM]
        nodes[end, at.LOCATION] = data.trucks[truck, at.T_TO]
        open_truck(data, state, truck)
        link(data, state, truck, start, end)
        refresh(data, state, truck)


@inlined()
def copy_row(target, row, source, source_row):
    """Copy a row of a table into a row of another."""
    for column in range(target.shape[1]):
        target[row, column] = source[source_row, column]


@compiled()
def take_unloading(data, state, truck, station):
    """A node for an unloading stop at a station."""
    state.counts[SPARE] -= 1
    node = state.spare[state.counts[SPARE]]
    state.born[node] = state.counts[ITERATION]
    state.nodes[node, at.TRUCK] = truck
    move_unloading(data, state, node, station)
    return node


@compiled()
def move_unloading(data, state, node, station):
    """Let an unloading stop be at another station."""
    entity = data.may_serve.shape[0] + station
    state.nodes[node, at.ENTITY] = entity
    state.nodes[node, at.LOCATION] = data.entities[entity, at.E_LOCATION]


@compiled()
def free_unloading(state, node):
    """Give a node back; one that the plan before this step used waits until the step is accepted."""
    if state.born[node] == state.counts[ITERATION]:
        state.spare[state.counts[SPARE]] = node
        state.counts[SPARE] += 1
    else:
        state.pending[state.counts[PENDING]] = node
        state.counts[PENDING] += 1


@compiled()
def keep(data, state, truck):
    """Save a truck as it is, once a step, before it changes."""
    counts = state.counts
    if state.totals[truck, at.S_TOUCHED] == counts[ITERATION]:
        return
    number = counts[TOUCHED]
    state.touched[number] = truck
    copy_row(state.kept_totals, number, state.totals, truck)
    state.kept_cost[number] = state.truck_cost[truck]
    state.totals[truck, at.S_TOUCHED] = counts[ITERATION]
    state.totals[truck, at.S_STRINGS] = 0
    place = counts[KEPT]
    state.kept_spans[number] = place
    node, end = start_of(data, truck), end_of(data, truck)
    while True:
        copy_row(state.kept_nodes, place, state.nodes, node)
        state.kept_ids[place] = node
        place += 1
        if node == end:
            break
        node = state.nodes[node, at.NEXT]
    state.kept_spans[number + 1] = place
    counts[KEPT] = place
    counts[TOUCHED] = number + 1


@compiled()
def undo(data, state):
    """Put every touched truck back as it was."""
    counts, nodes = state.counts, state.nodes
    for number in range(counts[TOUCHED]):
        truck = state.touched[number]
        end = end_of(data, truck)
        node = nodes[start_of(data, truck), at.NEXT]
        while node != end:
            nodes[node, at.TRUCK] = -1
            if is_unloading(data, node) and state.born[node] == counts[ITERATION]:
                free_unloading(state, node)
            node = nodes[node, at.NEXT]
    for number in range(counts[TOUCHED]):
        truck = state.touched[number]
        for place in range(state.kept_spans[number], state.kept_spans[number + 1]):
            copy_row(nodes, state.kept_ids[place], state.kept_nodes, place)
        copy_row(state.totals, truck, state.kept_totals, number)
        state.truck_cost[truck] = state.kept_cost[number]
    counts[PENDING] = 0


@compiled()
def accept(state):
    """Make the step final: the unloading stops that it dropped can be used again."""
    counts = state.counts
    for number in range(counts[TOUCHED]):
        state.stale[state.touched[number]] = 1
    for number in range(counts[PENDING]):
        state.spare[counts[SPARE]] = state.pending[number]
        counts[SPARE] += 1
    counts[PENDING] = 0


@compiled()
def begin_step(state):
    """Forget the trucks of the step before."""
    state.counts[ITERATION] += 1
    state.counts[TOUCHED] = 0
    state.counts[KEPT] = 0
    state.counts[PENDING] = 0


@compiled()
def balance_cost(data, state):
    """What it costs that routes are longer or shorter than their mean."""
    price = data.wishes[at.W_BALANCE]
    if price == 0.0:
        return 0.0
    total, used = 0.0, 0
    for truck in range(data.trucks.shape[0]):
        if state.totals[truck, at.S_STOPS] > 0:
            total += state.totals[truck, at.S_WORK]
            used += 1
    away_s = 0.0
    for truck in range(data.trucks.shape[0]):
        if state.totals[truck, at.S_STOPS] > 0:
            away_s += abs(state.totals[truck, at.S_WORK] - total / used)
    return price * away_s


@compiled()
def total_cost(data, state):
    """The cost of all routes, added anew, but for what waiting for bays costs."""
    state.sums[BALANCE] = balance_cost(data, state)
    cost = state.sums[BALANCE] + state.sums[WAITING]
    for truck in range(state.truck_cost.shape[0]):
        cost += state.truck_cost[truck]
    return cost


@compiled()
def remember_best(data, state):
    """Write the current plan down as the best one: the routes that have changed since the last one."""
    nodes = state.nodes
    for truck in range(data.trucks.shape[0]):
        if not state.stale[truck]:
            continue
        state.stale[truck] = 0
        before, end = start_of(data, truck), end_of(data, truck)
        state.best_tip[before] = -1
        node = nodes[before, at.NEXT]
        while node != end:
            if is_unloading(data, node):
                state.best_tip[before] = nodes[node, at.ENTITY]
            else:
                state.best_next[before] = node
                state.best_tip[node] = -1
                before = np.int64(node)
            node = nodes[node, at.NEXT]
        state.best_next[before] = -1
    state.sums[COST] = total_cost(data, state)
    state.sums[BEST_COST] = state.sums[COST]
    state.sums[BEST_WEIGHT] = state.sums[ABSENT_WEIGHT]


@compiled()
def write_best(data, state):
    """Write the best plan into `stops` and `spans`."""
    place = 0
    for truck in range(data.trucks.shape[0]):
        state.spans[truck] = place
        node = np.int64(start_of(data, truck))
        while node >= 0:
            if node < data.may_serve.shape[0]:
                state.stops[place] = node
                place += 1
            if state.best_tip[node] >= 0:
                state.stops[place] = state.best_tip[node]
                place += 1
            node = np.int64(state.best_next[node])
    state.spans[data.trucks.shape[0]] = place


@compiled()
def write_current(data, state):
    """Write the current plan into `stops` and `spans`."""
    place = 0
    for truck in range(data.trucks.shape[0]):
        state.spans[truck] = place
        end = end_of(data, truck)
        node = state.nodes[start_of(data, truck), at.NEXT]
        while node != end:
            state.stops[place] = state.nodes[node, at.ENTITY]
            place += 1
            node = state.nodes[node, at.NEXT]
    state.spans[data.trucks.shape[0]] = place


@compiled()
def clear_truck(data, state, truck):
    """Empty a truck; its tasks become absent."""
    nodes = state.nodes
    state.stale[truck] = 1
    start, end = start_of(data, truck), end_of(data, truck)
    node = nodes[start, at.NEXT]
    while node != end:
        after = nodes[node, at.NEXT]
        nodes[node, at.TRUCK] = -1
        if is_unloading(data, node):
            free_unloading(state, node)
        else:
            state.bank[state.counts[BANK]] = node
            state.counts[BANK] += 1
            state.sums[ABSENT_WEIGHT] += data.weight[node]
            state.sums[ABSENCE_SUM] += state.absences[node] * data.weight[node]
        node = after
    link(data, state, truck, start, end)
    for column in range(at.S_CLOSED):
        state.totals[truck, column] = 0
    state.truck_cost[truck] = 0.0
    refresh(data, state, truck)


@compiled()
def lay_route(data, state, truck, stops, begin, end):
    """Link a truck's route anew along written entities; its unloading stops are taken anew as well."""
    nodes, task_count = state.nodes, data.may_serve.shape[0]
    node, home = nodes[start_of(data, truck), at.NEXT], end_of(data, truck)
    while node != home:
        after = nodes[node, at.NEXT]
        if is_unloading(data, node):
            free_unloading(state, node)
        node = after
    before = np.int64(start_of(data, truck))
    for place in range(begin, end):
        node = np.int64(stops[place])
        if node >= task_count:
            node = np.int64(take_unloading(data, state, truck, node - task_count))
        link(data, state, truck, before, node)
        before = node
    link(data, state, truck, before, home)


@compiled()
def restore(data, state, stops, spans):
    """Make a written plan the current one; false if a route of it breaks a rule (all its tasks are taken in anyway)."""
    begin_step(state)
    nodes, task_count = state.nodes, data.may_serve.shape[0]
    for truck in range(data.trucks.shape[0]):
        clear_truck(data, state, truck)
    accept(state)
    right = True
    for truck in range(data.trucks.shape[0]):
        for place in range(spans[truck], spans[truck + 1]):
            task = stops[place]
            if task < task_count:
                nodes[task, at.TRUCK] = truck
                state.totals[truck, at.S_KG] += data.entities[task, at.E_KG]
                state.totals[truck, at.S_L] += data.entities[task, at.E_L]
                state.totals[truck, at.S_STOPS] += 1
        lay_route(data, state, truck, stops, spans[truck], spans[truck + 1])
        right = refresh(data, state, truck) and right
        state.truck_cost[truck] = route_cost(data, state, truck)
    list_absent(data, state)
    return right


@compiled()
def list_absent(data, state):
    """Fill the bank with the own tasks that are on no route, and add up all sums anew."""
    state.counts[BANK] = 0
    state.sums[ABSENT_WEIGHT] = 0.0
    state.sums[ABSENCE_SUM] = 0.0
    for task in range(data.may_serve.shape[0]):
        if state.nodes[task, at.TRUCK] < 0 and state.own[task]:
            state.bank[state.counts[BANK]] = task
            state.counts[BANK] += 1
            state.sums[ABSENT_WEIGHT] += data.weight[task]
            state.sums[ABSENCE_SUM] += state.absences[task] * data.weight[task]
    state.sums[OVERLOAD] = overload_anew(data, state) if data.limited else 0.0
    state.sums[ABSENT_WEIGHT] += state.sums[OVERLOAD]
    state.sums[COST] = total_cost(data, state)
