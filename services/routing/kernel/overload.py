"""Stations that get more tonnes than they take, or more trucks at once than they have bays, counted in tasks.

What a plan overloads weighs like tasks that it leaves out: so many would have to go before the stations are right. The
count of waiting is a guess, since a truck that waits comes later everywhere after; `stations` settles the plan exactly.
"""

from __future__ import annotations

from services.routing.kernel import layout as at
from services.routing.kernel.compiled import compiled, inlined
from services.routing.kernel.layout import FRESH_TIPS, ITERATION, NEW_TIPS, TIPS, TOUCHED
from services.routing.kernel.random import uniform
from services.routing.kernel.timing import begin, end_of, is_unloading, start_of

NEARLY_FULL = 0.97
MOST_PER_TIP = 0.9
HALF_S = 600
"""A truck that waits too long for a bay weighs less than a task, so that none is left out for it; more the longer."""
SHUNNED = 0.5
"""Share of the steps in which a full station is not offered to new unloadings."""


@inlined()
def copy_tip(target, row, source, source_row):
    """Copy an unloading from one list to another."""
    for column in range(at.TIP_WIDTH):
        target[row, column] = source[source_row, column]


@inlined()
def is_earlier(one, row, other, other_row):
    """Whether an unloading of one list begins before that of another; of two at once, the one of the first truck."""
    if one[row, at.U_START] != other[other_row, at.U_START]:
        return one[row, at.U_START] < other[other_row, at.U_START]
    return one[row, at.U_TRUCK] < other[other_row, at.U_TRUCK]


@compiled()
def list_tips(data, state, truck):
    """Sort a truck's unloadings into `fresh_tips`."""
    nodes, tips = state.nodes, state.fresh_tips
    count, end = state.counts[FRESH_TIPS], end_of(data, truck)
    node = nodes[start_of(data, truck), at.NEXT]
    while node != end:
        if is_unloading(data, node):
            before = nodes[node, at.PREVIOUS]
            arrive_s, late_s = nodes[before, at.EARLY_DUE] + nodes[node, at.ARC_S], nodes[node, at.LATE_DUE]
            if arrive_s > late_s:
                arrive_s = nodes[before, at.EARLY_TAKEN] + nodes[node, at.ARC_S]
                late_s = nodes[node, at.LATE_TAKEN]
            tips[count, at.U_START] = begin(nodes[node, at.ENTITY], data.windows, data.entities, arrive_s)
            tips[count, at.U_LATE] = late_s
            tips[count, at.U_STATION] = nodes[node, at.ENTITY] - data.may_serve.shape[0]
            tips[count, at.U_TRUCK] = truck
            tips[count, at.U_KG] = nodes[before, at.KG_UP]
            place = count
            count += 1
            while place > 0 and is_earlier(tips, count - 1, tips, place - 1):
                place -= 1
            copy_tip(tips, count, tips, count - 1)
            for number in range(count - 1, place, -1):
                copy_tip(tips, number, tips, number - 1)
            copy_tip(tips, place, tips, count)
        node = nodes[node, at.NEXT]
    state.counts[FRESH_TIPS] = count


@compiled()
def merge_tips(state):
    """Fill `new_tips` with `fresh_tips` and the unloadings in `tips` of the trucks that this step has not touched."""
    counts, tips, fresh, new = state.counts, state.tips, state.fresh_tips, state.new_tips
    old, number, count = 0, 0, 0
    while True:
        while old < counts[TIPS] and state.totals[tips[old, at.U_TRUCK], at.S_TOUCHED] == counts[ITERATION]:
            old += 1
        if old == counts[TIPS] and number == counts[FRESH_TIPS]:
            break
        if old == counts[TIPS] or (number < counts[FRESH_TIPS] and is_earlier(fresh, number, tips, old)):
            copy_tip(new, count, fresh, number)
            number += 1
        else:
            copy_tip(new, count, tips, old)
            old += 1
        count += 1
    counts[NEW_TIPS] = count


@compiled()
def weigh_tips(data, state):
    """What the unloadings in `new_tips` overload, in tasks; marks the stations that are full."""
    for station in range(data.may_tip.shape[0]):
        state.tip_kg[station] = 0
        state.full[station] = 0
        for bay in range(at.MOST_BAYS):
            state.bay_free[station, bay] = 0
    total = 0.0
    for number in range(state.counts[NEW_TIPS]):
        start_s, late_s = state.new_tips[number, at.U_START], state.new_tips[number, at.U_LATE]
        station = state.new_tips[number, at.U_STATION]
        state.tip_kg[station] += state.new_tips[number, at.U_KG]
        if data.limits[station, at.M_BAYS] == 0:
            continue
        best = 0
        for bay in range(1, data.limits[station, at.M_BAYS]):
            if state.bay_free[station, bay] < state.bay_free[station, best]:
                best = bay
        free_s = state.bay_free[station, best]
        if free_s > late_s:
            total += MOST_PER_TIP * (free_s - late_s) / (free_s - late_s + HALF_S)
            state.full[station] = 1
        tip_s = data.entities[data.may_serve.shape[0] + station, at.E_SERVICE]
        state.bay_free[station, best] = max(start_s, min(free_s, late_s)) + tip_s
    for station in range(data.may_tip.shape[0]):
        kg, limit_kg = state.tip_kg[station], data.limits[station, at.M_KG]
        if kg > limit_kg:
            total += (kg - limit_kg) / data.mean_kg
        if kg > NEARLY_FULL * limit_kg:
            state.full[station] = 1
    return total


@compiled()
def overload(data, state):
    """What the current plan overloads, in tasks, given the unloadings of the plan before this step."""
    state.counts[FRESH_TIPS] = 0
    for number in range(state.counts[TOUCHED]):
        list_tips(data, state, state.touched[number])
    merge_tips(state)
    return weigh_tips(data, state)


@compiled()
def keep_tips(state):
    """Let the unloadings that were weighed last be those of the current plan."""
    for number in range(state.counts[NEW_TIPS]):
        copy_tip(state.tips, number, state.new_tips, number)
    state.counts[TIPS] = state.counts[NEW_TIPS]


@compiled()
def overload_anew(data, state):
    """What the current plan overloads, in tasks, with the unloadings of all trucks listed anew."""
    state.counts[FRESH_TIPS] = 0
    state.counts[TIPS] = 0
    for truck in range(data.trucks.shape[0]):
        list_tips(data, state, truck)
    merge_tips(state)
    keep_tips(state)
    return weigh_tips(data, state)


@compiled()
def shun_full(data, state):
    """Take stations that are full out of the choice for one step, every other time."""
    for station in range(data.may_tip.shape[0]):
        if state.full[station] and uniform(state.random) < SHUNNED:
            state.shunned[station] = 1
            for truck in range(data.may_tip.shape[1]):
                data.may_tip[station, truck] = 0


@compiled()
def readmit(data, state):
    """Undo `shun_full`."""
    for station in range(data.may_tip.shape[0]):
        if state.shunned[station]:
            state.shunned[station] = 0
            for truck in range(data.may_tip.shape[1]):
                data.may_tip[station, truck] = state.may_tip[station, truck]
