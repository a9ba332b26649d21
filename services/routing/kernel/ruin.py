"""Taking strings of neighbouring tasks out of the routes around a seed, so that there is slack to put them back better.

Christiaens and Vanden Berghe 2020, section 5.2; with several strings from one truck where trucks serve many tasks, and
sometimes a whole trip (planner.md, "Ruin").
"""

from __future__ import annotations

import numpy as np

from services.routing.kernel import layout as at
from services.routing.kernel.compiled import compiled, inlined
from services.routing.kernel.layout import BANK, COST, ITERATION, POOL, TOUCHED
from services.routing.kernel.random import below, uniform
from services.routing.kernel.state import free_unloading, keep
from services.routing.kernel.timing import end_of, freshen, freshen_all, link, price_route, start_of

MEAN_REMOVED = 15
LONGEST_STRING = 10
SPLIT_SHARE = 0.5
SPLIT_STOP = 0.99
"""Chance that the stretch left standing inside a split string does not grow by one more (the paper's 1 - beta)."""
TRIP_SHARE = 0.03
LONGEST_TRIP = 60
TASKS_PER_STRING = 40
"""A truck gives one string, and one more for each so many tasks that it serves."""
RETRIED = 15
"""At most so many absent tasks met near the seed are tried again in a step."""


@compiled()
def take_out(data, state, truck, task):
    """Take a task off its route; the arc to the next node is left to `tidy`."""
    nodes, totals = state.nodes, state.totals
    before, after = nodes[task, at.PREVIOUS], nodes[task, at.NEXT]
    nodes[before, at.NEXT] = after
    nodes[after, at.PREVIOUS] = before
    nodes[after, at.ARC_S] = -1
    nodes[task, at.TRUCK] = -1
    state.born[task] = state.counts[ITERATION]
    totals[truck, at.S_KG] -= data.entities[task, at.E_KG]
    totals[truck, at.S_L] -= data.entities[task, at.E_L]
    totals[truck, at.S_STOPS] -= 1
    state.pool[state.counts[POOL]] = task
    state.counts[POOL] += 1


@compiled()
def list_tour(data, state, truck, task):
    """Write a truck's tasks into `tour`: how many there are, and where one of them stands."""
    nodes, tour = state.nodes, state.tour
    task_count = data.may_serve.shape[0]
    count, place = 0, 0
    node = nodes[start_of(data, truck), at.NEXT]
    end = end_of(data, truck)
    while node != end:
        if node < task_count:
            if node == task:
                place = count
            tour[count] = node
            count += 1
        node = nodes[node, at.NEXT]
    return count, place


@inlined()
def list_around(data, state, truck, task, most):
    """Write a task into `tour` with up to `most` tasks of its truck before it, and as many after: how many of each."""
    nodes, tour, task_count = state.nodes, state.tour, data.may_serve.shape[0]
    start, end = start_of(data, truck), end_of(data, truck)
    first, before = np.int64(task), 0
    node = np.int64(nodes[task, at.PREVIOUS])
    while node != start and before < most:
        if node < task_count:
            first = node
            before += 1
        node = np.int64(nodes[node, at.PREVIOUS])
    count, node = 0, first
    while node != end and count <= before + most:
        if node < task_count:
            tour[count] = node
            count += 1
        node = np.int64(nodes[node, at.NEXT])
    return before, count - before - 1


@compiled()
def remove_string(data, state, truck, task, longest):
    """Take out a string of tasks that holds one of them; half of the time a stretch within it stays."""
    count = state.totals[truck, at.S_STOPS]
    length = 1 + below(state.random, min(longest, count))
    left = 0
    if length > 1 and length < count and uniform(state.random) < SPLIT_SHARE:
        left = 1
        while length + left < count and uniform(state.random) > SPLIT_STOP:
            left += 1
    whole = length + left
    before, after = list_around(data, state, truck, task, whole - 1)
    first = below(state.random, min(before, before + after + 1 - whole) + 1)
    skip = whole
    if left > 0:
        skip = 1 + below(state.random, length - 1)
    for offset in range(whole):
        if skip <= offset < skip + left:
            continue
        take_out(data, state, truck, np.int64(state.tour[first + offset]))


@compiled()
def remove_trip(data, state, truck, task):
    """Take out all tasks between two unloading stops, if they are not too many."""
    freshen_all(data, state, truck)
    keep(data, state, truck)
    nodes, task_count = state.nodes, data.may_serve.shape[0]
    first = np.int64(task)
    while nodes[first, at.PREVIOUS] < task_count:
        first = np.int64(nodes[first, at.PREVIOUS])
    removed = 0
    while first < task_count and removed < LONGEST_TRIP:
        after = np.int64(nodes[first, at.NEXT])
        take_out(data, state, truck, first)
        removed += 1
        first = after


@compiled()
def drop_unloadings(data, state, truck):
    """Drop the unloading stops of empty trips, and those whose two trips now fit together at a saving."""
    nodes, entities, row = state.nodes, data.entities, data.trucks[truck]
    task_count, end = data.may_serve.shape[0], end_of(data, truck)
    start = start_of(data, truck)
    kg, litres = np.int64(row[at.T_START_KG]), np.int64(row[at.T_START_L])
    trip_start = start
    node = np.int64(nodes[start, at.NEXT])
    while node != end:
        after = np.int64(nodes[node, at.NEXT])
        if node < task_count:
            kg += entities[node, at.E_KG]
            litres += entities[node, at.E_L]
        else:
            before = np.int64(nodes[node, at.PREVIOUS])
            idle = kg + litres == 0 or state.totals[truck, at.S_STOPS] == 0
            empty = before == trip_start and (before != start or idle)
            if not empty and after != end:
                kg_next, litres_next = trip_load(data, nodes, after, end)
                empty = fits_without(data, state, truck, node, kg + kg_next, litres + litres_next)
            if empty:
                nodes[before, at.NEXT] = after
                nodes[after, at.PREVIOUS] = before
                nodes[after, at.ARC_S] = -1
                free_unloading(state, node)
            else:
                kg, litres, trip_start = np.int64(0), np.int64(0), node
        node = after


@compiled()
def trip_load(data, nodes, node, end):
    """What is taken up from a node to the next unloading stop or the end."""
    kg, litres = np.int64(0), np.int64(0)
    while node != end and node < data.may_serve.shape[0]:
        kg += data.entities[node, at.E_KG]
        litres += data.entities[node, at.E_L]
        node = np.int64(nodes[node, at.NEXT])
    return kg, litres


@compiled()
def fits_without(data, state, truck, node, kg, litres):
    """Whether the trips on both sides of an unloading stop fit into one, and the way without it is no dearer."""
    row, nodes = data.trucks[truck], state.nodes
    if kg > row[at.T_KG] or litres > row[at.T_L]:
        return False
    profile = row[at.T_PROFILE]
    i, j = nodes[nodes[node, at.PREVIOUS], at.LOCATION], nodes[node, at.LOCATION]
    k = nodes[nodes[node, at.NEXT], at.LOCATION]
    over = data.out[profile, i, j, 0] + data.out[profile, j, k, 0]
    return data.out[profile, i, k, 0] <= over


@compiled()
def tidy(data, state, truck):
    """Bring a truck's arcs, unloading stops and cost up to date; false if its route breaks a rule of time.

    Of its records, which were up to date before tasks were taken out, the stale ones are marked.
    """
    nodes, start, end = state.nodes, start_of(data, truck), end_of(data, truck)
    drop_unloadings(data, state, truck)
    seconds, metres, before = np.int64(0), np.int64(0), start
    first, last = -1, -1
    while before != end:
        after = np.int64(nodes[before, at.NEXT])
        if nodes[after, at.ARC_S] < 0:
            link(data, state, truck, before, after)
            first, last = (after if first < 0 else first), after
        seconds += nodes[after, at.ARC_S]
        metres += nodes[after, at.ARC_M]
        before = after
    if first < 0:
        return True
    before, totals = np.int64(nodes[last, at.PREVIOUS]), state.totals
    totals[truck, at.S_EARLY], totals[truck, at.S_EARLY_UNTIL] = first, nodes[last, at.ORDER]
    if before != start:
        totals[truck, at.S_LATE] = before
        totals[truck, at.S_LATE_UNTIL] = nodes[nodes[first, at.PREVIOUS], at.ORDER]
    freshen(data, state, truck, before, end)
    cost = price_route(data, state, truck, seconds, metres)
    state.sums[COST] += cost - state.truck_cost[truck]
    state.truck_cost[truck] = cost
    arc_s = nodes[last, at.ARC_S]
    in_time = nodes[before, at.EARLY_TAKEN] + arc_s <= nodes[last, at.LATE_TAKEN]
    return in_time or nodes[before, at.EARLY_DUE] + arc_s <= nodes[last, at.LATE_DUE]


@compiled()
def string_plan(data, state):
    """How many strings to take and how long they may be, for about MEAN_REMOVED tasks."""
    served, used = 0, 0
    for truck in range(data.trucks.shape[0]):
        served += state.totals[truck, at.S_STOPS]
        used += state.totals[truck, at.S_STOPS] > 0
    longest = max(1.0, min(LONGEST_STRING * 1.0, served / max(used, 1)))
    most = 4.0 * MEAN_REMOVED / (1.0 + longest) - 1.0
    return np.int64(uniform(state.random) * most + 1.0), np.int64(longest)


@compiled()
def gather_absent(data, state, seed):
    """Put the absent tasks nearest to a seed into `pool`, RETRIED of them at most."""
    counts, nodes = state.counts, state.nodes
    if counts[BANK] == 0:
        return
    for column in range(-1, data.ring.shape[1]):
        task = np.int64(seed if column < 0 else data.ring[seed, column])
        if task < 0 or counts[POOL] >= RETRIED:
            return
        if nodes[task, at.TRUCK] < 0 and state.own[task]:
            state.pool[counts[POOL]] = task
            counts[POOL] += 1


@compiled()
def ruin(data, state, seed):
    """Take strings out around a seed task; `pool` then holds absent tasks met there and the tasks taken out.

    False if a route breaks a rule now, which can happen where a detour is quicker than the direct way.
    """
    nodes, ring, totals = state.nodes, data.ring, state.totals
    state.counts[POOL] = 0
    gather_absent(data, state, seed)
    strings, longest = string_plan(data, state)
    if nodes[seed, at.TRUCK] >= 0 and uniform(state.random) < TRIP_SHARE:
        remove_trip(data, state, np.int64(nodes[seed, at.TRUCK]), seed)
        strings = 1
    for column in range(-1, ring.shape[1]):
        task = np.int64(seed if column < 0 else ring[seed, column])
        if task < 0 or strings == 0:
            break
        truck = np.int64(nodes[task, at.TRUCK])
        if truck < 0 or totals[truck, at.S_CLOSED] != 0:
            continue
        freshen_all(data, state, truck)
        keep(data, state, truck)
        if totals[truck, at.S_STRINGS] <= totals[truck, at.S_STOPS] // TASKS_PER_STRING:
            remove_string(data, state, truck, task, longest)
            totals[truck, at.S_STRINGS] += 1
            strings -= 1
    right = True
    for number in range(state.counts[TOUCHED]):
        right = tidy(data, state, np.int64(state.touched[number])) and right
    return right
