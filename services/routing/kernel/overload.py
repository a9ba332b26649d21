"""Stations that get more tonnes than they take, or more trucks at once than they have bays, counted in tasks.

What a plan overloads weighs like tasks that it leaves out: so many would have to go before the stations are right. The
count of waiting is a guess, since a truck may make up for it where it waits anyway; `stations` settles it exactly.
"""

from __future__ import annotations

import numpy as np

from services.routing.kernel import layout as at
from services.routing.kernel.compiled import compiled, inlined
from services.routing.kernel.layout import FRESH_TIPS, ITERATION, NEW_TIPS, TIPS, TOUCHED, WAITING
from services.routing.kernel.random import uniform
from services.routing.kernel.timing import begin, end_of, freshen_all, is_unloading, start_of

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
    freshen_all(data, state, truck)
    nodes, tips = state.nodes, state.fresh_tips
    count, end = state.counts[FRESH_TIPS], end_of(data, truck)
    node = nodes[start_of(data, truck), at.NEXT]
    while node != end:
        if is_unloading(data, node):
            before = nodes[node, at.PREVIOUS]
            arrive_s, late_s = nodes[before, at.EARLY_DUE] + nodes[node, at.ARC_S], nodes[node, at.LATE_DUE]
            rested_s = nodes[before, at.EARLY_TAKEN] + nodes[node, at.ARC_S]
            if arrive_s > late_s:
                arrive_s, late_s = rested_s, nodes[node, at.LATE_TAKEN]
            elif rested_s <= late_s:  # who has to wait can rest first
                late_s = max(late_s, nodes[node, at.LATE_TAKEN])
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


@inlined()
def put_off(state, count, start_s, tip):
    """Let an unloading wait for its turn among `count` others in `queue`, the last of which comes first."""
    queue, place = state.queue, count
    while place > 0 and queue[place - 1, 0] <= start_s:
        queue[place, 0], queue[place, 1] = queue[place - 1, 0], queue[place - 1, 1]
        place -= 1
    queue[place, 0], queue[place, 1] = start_s, tip


@inlined()
def first_bay(data, state, station):
    """The bay of a station that is free first."""
    best = 0
    for bay in range(1, data.limits[station, at.M_BAYS]):
        if state.bay_free[station, bay] < state.bay_free[station, best]:
            best = bay
    return best


@compiled()
def let_to_bays(data, state):
    """What the trucks that wait too long weigh, in tasks, when bays are let in the order in which trucks come.

    What all waiting costs is written to the sums. A truck that waits comes so much later to its next station too, if it
    comes in time at all.
    """
    tips, total = state.new_tips, 0.0
    for truck in range(state.delay_s.shape[0]):
        state.delay_s[truck] = 0
    number, count, waiting = 0, 0, 0.0
    for span in range(data.taken.shape[0]):
        put_off(state, count, data.taken[span, 1], -1 - span)
        count += 1
    while number < state.counts[NEW_TIPS] or count > 0:
        if count > 0 and (number == state.counts[NEW_TIPS] or state.queue[count - 1, 0] <= tips[number, at.U_START]):
            count -= 1
            start_s, tip = state.queue[count, 0], state.queue[count, 1]
        else:
            start_s, tip = tips[number, at.U_START], np.int64(number)
            number += 1
        if tip < 0:
            span = -1 - tip
            station = data.taken[span, 0]
            bay = first_bay(data, state, station)
            state.bay_free[station, bay] = max(state.bay_free[station, bay], data.taken[span, 2])
            continue
        station, truck, late_s = tips[tip, at.U_STATION], tips[tip, at.U_TRUCK], tips[tip, at.U_LATE]
        comes_s = max(min(tips[tip, at.U_START] + state.delay_s[truck], late_s), tips[tip, at.U_START])
        if comes_s > start_s:
            put_off(state, count, comes_s, tip)
            count += 1
            continue
        if data.limits[station, at.M_BAYS] == 0:
            continue
        bay = first_bay(data, state, station)
        begin_s = max(comes_s, state.bay_free[station, bay])
        if begin_s > late_s:
            total += MOST_PER_TIP * (begin_s - late_s) / (begin_s - late_s + HALF_S)
            state.full[station] = 1
        state.bay_free[station, bay] = begin_s + data.entities[data.may_serve.shape[0] + station, at.E_SERVICE]
        state.delay_s[truck] = begin_s - tips[tip, at.U_START]
        waiting += (begin_s - comes_s) * data.prices[truck, at.P_SECOND]
    state.sums[WAITING] = waiting
    return total


@compiled()
def weigh_tips(data, state):
    """What the unloadings in `new_tips` overload, in tasks; marks the stations that are full."""
    has_bays = False
    for station in range(data.may_tip.shape[0]):
        state.tip_kg[station] = 0
        state.full[station] = 0
        has_bays = has_bays or data.limits[station, at.M_BAYS] > 0
        for bay in range(at.MOST_BAYS):
            state.bay_free[station, bay] = 0
    for number in range(state.counts[NEW_TIPS]):
        state.tip_kg[state.new_tips[number, at.U_STATION]] += state.new_tips[number, at.U_KG]
    total = let_to_bays(data, state) if has_bays else 0.0
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
