"""Stations that get more tonnes than they take, or more trucks at once than they have bays, counted in tasks.

What a plan overloads weighs like tasks that it leaves out: so many would have to go before the stations are right. The
count of waiting is a guess, since a truck that waits comes later everywhere after; `stations` settles the plan exactly.
"""

from __future__ import annotations

from services.routing.kernel import layout as at
from services.routing.kernel.compiled import compiled
from services.routing.kernel.random import uniform
from services.routing.kernel.timing import begin, end_of, is_unloading, start_of

NEARLY_FULL = 0.97
MOST_PER_TIP = 0.9
HALF_S = 600
"""A truck that waits too long for a bay weighs less than a task, so that none is left out for it; more the longer."""
SHUNNED = 0.5
"""Share of the steps in which a full station is not offered to new unloadings."""


@compiled()
def count_tips(data, state):
    """Add up the kilograms of each station, and list the unloadings where bays count; gives how many are listed."""
    nodes, task_count, count = state.nodes, data.may_serve.shape[0], 0
    for truck in range(data.trucks.shape[0]):
        end = end_of(data, truck)
        node = nodes[start_of(data, truck), at.NEXT]
        while node != end:
            if is_unloading(data, node):
                before, station = nodes[node, at.PREVIOUS], nodes[node, at.ENTITY] - task_count
                state.tip_kg[station] += nodes[before, at.KG_UP]
                if data.limits[station, at.M_BAYS] > 0:
                    arrive_s, late_s = nodes[before, at.EARLY_DUE] + nodes[node, at.ARC_S], nodes[node, at.LATE_DUE]
                    if arrive_s > late_s:
                        arrive_s = nodes[before, at.EARLY_TAKEN] + nodes[node, at.ARC_S]
                        late_s = nodes[node, at.LATE_TAKEN]
                    start_s = begin(nodes[node, at.ENTITY], data.windows, data.entities, arrive_s)
                    place = count
                    while place > 0 and state.tips[place - 1, 0] > start_s:
                        for column in range(3):
                            state.tips[place, column] = state.tips[place - 1, column]
                        place -= 1
                    state.tips[place, 0], state.tips[place, 1], state.tips[place, 2] = start_s, late_s, station
                    count += 1
            node = nodes[node, at.NEXT]
    return count


@compiled()
def overload(data, state):
    """What the current plan overloads, in tasks; marks the stations that are full."""
    for station in range(data.may_tip.shape[0]):
        state.tip_kg[station] = 0
        state.full[station] = 0
        for bay in range(at.MOST_BAYS):
            state.bay_free[station, bay] = 0
    count = count_tips(data, state)
    total = 0.0
    for station in range(data.may_tip.shape[0]):
        kg, limit_kg = state.tip_kg[station], data.limits[station, at.M_KG]
        if kg > limit_kg:
            total += (kg - limit_kg) / data.mean_kg
        if kg > NEARLY_FULL * limit_kg:
            state.full[station] = 1
    for number in range(count):
        start_s, late_s, station = state.tips[number, 0], state.tips[number, 1], state.tips[number, 2]
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
    return total


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
