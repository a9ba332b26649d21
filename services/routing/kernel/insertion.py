"""Putting one absent task into the routes at the cheapest place that keeps every rule."""

from __future__ import annotations

import numpy as np

from services.routing.kernel import layout as at
from services.routing.kernel.compiled import compiled, inlined
from services.routing.kernel.layout import STAMP, TOUCHED
from services.routing.kernel.random import uniform
from services.routing.kernel.state import keep, move_unloading, take_unloading
from services.routing.kernel.timing import (
    at_speed,
    change_price,
    depart,
    end_of,
    freshen,
    gap_slack,
    is_fresh,
    is_unloading,
    late_price,
    link,
    mark_stale,
    number_nodes,
    overtime_cost,
    rested,
    start_of,
)

BLINK = 0.01
"""Share of the places that are passed over, so that the search does not always do the same (Christiaens 2020, 5.3)."""
EDGES, EDGES_OF = 0.2, 10.0
"""Share of the insertions that look at both ends of every route, also where they found a place beside a near task; of
more trucks than 50 so many that they take no longer."""

SCANNED = 2000
"""A task without a place near by is looked for everywhere, of more tasks than this less often: that takes time."""

ROOM = 16
"""A gap in a route's numbers below this is closed: the route is numbered anew."""

NEAR = 0
EVERYWHERE = 1
TOUCHED_TRUCKS = 2


@inlined()
def leave(entities, windows, row, entity, due, taken, drive_s):
    """Earliest departures from an entity on both timelines, with the break taken there where that is sooner."""
    taken = depart(entity, windows, entities, taken, drive_s)
    if row[at.T_REST_S] > 0:
        due = depart(entity, windows, entities, due, drive_s)
        taken = min(taken, rested(due, row[at.T_REST_S], row[at.T_REST_FROM], row[at.T_REST_TO]))
    return due, taken


@inlined()
def arc_price(prices, truck, seconds, metres):
    """What an arc costs a truck."""
    return seconds * prices[truck, at.P_SECOND] + metres * prices[truck, at.P_METRE]


@inlined()
def arc_in_price(nodes, prices, truck, node):
    """What the arc that leads to a node costs."""
    return nodes[node, at.ARC_S] * prices[truck, at.P_SECOND] + nodes[node, at.ARC_M] * prices[truck, at.P_METRE]


@compiled()
def station_after(data, nodes, truck, location, due, taken, after, budget):
    """The cheapest station between a place and the node `after`, below a budget: its number or -1, and both arcs."""
    row, entities, prices = data.trucks[truck], data.entities, data.prices
    profile, permille = row[at.T_PROFILE], row[at.T_PERMILLE]
    first, to = data.may_serve.shape[0], nodes[after, at.LOCATION]
    best = -1
    for station in range(data.may_tip.shape[0]):
        if data.may_tip[station, truck] == 0:
            continue
        place = entities[first + station, at.E_LOCATION]
        there_s = at_speed(data.out[profile, location, place, 0], permille)
        on_s = at_speed(data.out[profile, place, to, 0], permille)
        cost = arc_price(prices, truck, there_s, data.out[profile, location, place, 1])
        cost += arc_price(prices, truck, on_s, data.out[profile, place, to, 1])
        if cost >= budget:
            continue
        d, t = leave(entities, data.windows, row, first + station, due, taken, there_s)
        if d + on_s <= nodes[after, at.LATE_DUE] or t + on_s <= nodes[after, at.LATE_TAKEN]:
            best, budget = station, cost
    return best, budget


@compiled()
def station_before(data, nodes, truck, before, task, after, on_s, budget):
    """The cheapest station between the node `before` and a task that is followed by `after`, as `station_after`."""
    row, entities, prices = data.trucks[truck], data.entities, data.prices
    profile, permille = row[at.T_PROFILE], row[at.T_PERMILLE]
    first = data.may_serve.shape[0]
    start, to = nodes[before, at.LOCATION], entities[task, at.E_LOCATION]
    best = -1
    for station in range(data.may_tip.shape[0]):
        if data.may_tip[station, truck] == 0:
            continue
        place = entities[first + station, at.E_LOCATION]
        there_s = at_speed(data.out[profile, start, place, 0], permille)
        back_s = at_speed(data.out[profile, place, to, 0], permille)
        cost = arc_price(prices, truck, there_s, data.out[profile, start, place, 1])
        cost += arc_price(prices, truck, back_s, data.out[profile, place, to, 1])
        if cost >= budget:
            continue
        due, taken = nodes[before, at.EARLY_DUE], nodes[before, at.EARLY_TAKEN]
        d, t = leave(entities, data.windows, row, first + station, due, taken, there_s)
        d, t = leave(entities, data.windows, row, task, d, t, back_s)
        if d + on_s <= nodes[after, at.LATE_DUE] or t + on_s <= nodes[after, at.LATE_TAKEN]:
            best, budget = station, cost
    return best, budget


@compiled()
def judge_unloading(data, nodes, truck, task, before, due, taken, in_price, on_s, out_price, budget):
    """An insertion that needs an unloading stop as well: before the task or after it, whichever is cheaper."""
    row, entities, prices = data.trucks[truck], data.entities, data.prices
    after = nodes[before, at.NEXT]
    gone = arc_in_price(nodes, prices, truck, after)
    kg, litres = entities[task, at.E_KG], entities[task, at.E_L]
    form, best = at.PLAIN, -1
    if nodes[before, at.KG_UP] + kg <= row[at.T_KG] and nodes[before, at.L_UP] + litres <= row[at.T_L]:
        rest = in_price - gone
        place = entities[task, at.E_LOCATION]
        best, arcs = station_after(data, nodes, truck, place, due, taken, after, budget - rest)
        if best >= 0:
            form, budget = at.UNLOAD_AFTER, arcs + rest
    follows = after != end_of(data, truck) or row[at.T_UNLOADS] == 0
    loaded = nodes[before, at.KG_UP] + nodes[before, at.L_UP] > 0
    kg_fits = nodes[after, at.KG_REST] + kg <= row[at.T_KG]
    if follows and loaded and kg_fits and nodes[after, at.L_REST] + litres <= row[at.T_L]:
        rest = out_price - gone
        station, arcs = station_before(data, nodes, truck, before, task, after, on_s, budget - rest)
        if station >= 0:
            form, best, budget = at.UNLOAD_BEFORE, station, arcs + rest
    if best < 0 and loaded and not follows and before == start_of(data, truck):
        return judge_around(data, nodes, truck, task, before, budget + gone)
    return (np.inf if best < 0 else budget), form, best


@compiled()
def judge_around(data, nodes, truck, task, before, budget):
    """The first task of a truck that is full when its shift begins: it unloads before the task and after it."""
    row, entities, prices = data.trucks[truck], data.entities, data.prices
    if entities[task, at.E_KG] > row[at.T_KG] or entities[task, at.E_L] > row[at.T_L]:
        return np.inf, at.PLAIN, -1
    profile, permille = row[at.T_PROFILE], row[at.T_PERMILLE]
    stations = data.may_tip.shape[0]
    after, to = nodes[before, at.NEXT], entities[task, at.E_LOCATION]
    best, form = -1, at.PLAIN
    for station in range(stations):
        if data.may_tip[station, truck] == 0:
            continue
        entity = data.may_serve.shape[0] + station
        place = entities[entity, at.E_LOCATION]
        there_s = at_speed(data.out[profile, nodes[before, at.LOCATION], place, 0], permille)
        back_s = at_speed(data.out[profile, place, to, 0], permille)
        cost = arc_price(prices, truck, there_s, data.out[profile, nodes[before, at.LOCATION], place, 1])
        cost += arc_price(prices, truck, back_s, data.out[profile, place, to, 1])
        due, taken = nodes[before, at.EARLY_DUE], nodes[before, at.EARLY_TAKEN]
        due, taken = leave(entities, data.windows, row, entity, due, taken, there_s)
        due, taken = leave(entities, data.windows, row, task, due, taken, back_s)
        then, arcs = station_after(data, nodes, truck, to, due, taken, after, budget - cost)
        if then >= 0:
            best, form, budget = station * stations + then, at.UNLOAD_AROUND, cost + arcs
    gone = arc_in_price(nodes, prices, truck, after)
    return (np.inf if best < 0 else budget - gone), form, best


@inlined()
def judge(data, state, truck, task, before, budget):
    """The price of a task right behind a node, below a budget, with the form and the station it takes; inf if none.

    What takes looking at other places' roads, or at many nodes, is left until the rest cannot settle it.
    """
    nodes, row, entities, windows, prices = state.nodes, data.trucks[truck], data.entities, data.windows, data.prices
    after = np.int64(nodes[before, at.NEXT])
    unloads_next = is_unloading(data, after)
    fresh = is_fresh(state, truck)
    if fresh and not unloads_next and entities[task, at.E_SERVICE] > gap_slack(nodes, before, after, row[at.T_REST_S]):
        return np.inf, at.PLAIN, -1
    profile, permille = row[at.T_PROFILE], row[at.T_PERMILLE]
    place = entities[task, at.E_LOCATION]
    beside = nodes[before, at.LOCATION]
    drive_s = at_speed(data.into[profile, place, beside, 0], permille)
    in_price = arc_price(prices, truck, drive_s, data.into[profile, place, beside, 1])
    gone = arc_in_price(nodes, prices, truck, after)
    if unloads_next:
        then = nodes[after, at.NEXT]
        rest = in_price - gone - arc_in_price(nodes, prices, truck, then)
        if rest >= budget:
            return np.inf, at.PLAIN, -1
        freshen(data, state, truck, before, after)
        kg, litres = nodes[before, at.KG_UP] + entities[task, at.E_KG], nodes[before, at.L_UP] + entities[task, at.E_L]
        if kg > row[at.T_KG] or litres > row[at.T_L]:
            return np.inf, at.PLAIN, -1
        due, taken = leave(
            entities, windows, row, task, nodes[before, at.EARLY_DUE], nodes[before, at.EARLY_TAKEN], drive_s
        )
        station, arcs = station_after(data, nodes, truck, place, due, taken, then, budget - rest)
        return (np.inf if station < 0 else arcs + rest), at.OTHER_STATION, station
    beside = nodes[after, at.LOCATION]
    on_s = at_speed(data.out[profile, place, beside, 0], permille)
    out_price = arc_price(prices, truck, on_s, data.out[profile, place, beside, 1])
    price = in_price + out_price - gone
    if price >= budget:
        return np.inf, at.PLAIN, -1
    if not fresh:
        freshen(data, state, truck, before, after)
    due, taken = leave(
        entities, windows, row, task, nodes[before, at.EARLY_DUE], nodes[before, at.EARLY_TAKEN], drive_s
    )
    if due + on_s > nodes[after, at.LATE_DUE] and taken + on_s > nodes[after, at.LATE_TAKEN]:
        return np.inf, at.PLAIN, -1
    kg, litres = nodes[before, at.KG_UP] + entities[task, at.E_KG], nodes[before, at.L_UP] + entities[task, at.E_L]
    fits = kg + nodes[after, at.KG_REST] <= row[at.T_KG] and litres + nodes[after, at.L_REST] <= row[at.T_L]
    if fits and (row[at.T_UNLOADS] == 0 or after != end_of(data, truck)):
        return price, at.PLAIN, -1
    return judge_unloading(data, nodes, truck, task, before, due, taken, in_price, on_s, out_price, budget)


@inlined()
def extra_price(data, state, truck, task):
    """What a task costs a truck beside the way, as far as it is known beforehand: overtime, and not being its own."""
    if not data.extras:
        return 0.0
    return change_price(data, truck, task) + late_price(data, state, truck, task)


@inlined()
def has_room(data, totals, truck, task):
    """Whether a truck may serve a task and its daily caps leave room for it."""
    row, entities = data.trucks[truck], data.entities
    return (
        data.may_serve[task, truck] != 0
        and totals[truck, at.S_CLOSED] == 0
        and totals[truck, at.S_STOPS] < row[at.T_MAX_STOPS]
        and totals[truck, at.S_KG] + entities[task, at.E_KG] <= row[at.T_MAX_KG]
        and totals[truck, at.S_L] + entities[task, at.E_L] <= row[at.T_MAX_L]
    )


@compiled()
def near_place(data, state, task, table):
    """The cheapest place beside one of the nearest tasks, as a table lists them."""
    nodes, totals = state.nodes, state.totals
    best, best_before, best_form, best_station = np.inf, -1, at.PLAIN, -1
    for column in range(table.shape[1]):
        neighbour = np.int64(table[task, column])
        if neighbour < 0:
            break
        truck = nodes[neighbour, at.TRUCK]
        if truck < 0 or not has_room(data, totals, truck, task):
            continue
        before = np.int64(nodes[neighbour, at.PREVIOUS])
        extra = extra_price(data, state, truck, task)
        for _ in range(2):
            if uniform(state.random) >= BLINK:
                price, form, station = judge(data, state, truck, task, before, best - extra)
                if price + extra < best:
                    best, best_before, best_form, best_station = price + extra, before, form, station
            before = neighbour
    return best, best_before, best_form, best_station


@inlined()
def first_of_group(data, state, truck):
    """Whether no truck that is alike in everything has been looked at in this scan."""
    group = data.trucks[truck, at.T_GROUP]
    seen = state.group_stamp[group] == state.counts[STAMP]
    state.group_stamp[group] = state.counts[STAMP]
    return not seen


@compiled()
def edge_place(data, state, task, budget, only_empty):
    """The cheapest place in an empty truck (one of each group), or at the two ends of a route, below a budget."""
    nodes, totals = state.nodes, state.totals
    best, best_before, best_form, best_station = budget, -1, at.PLAIN, -1
    state.counts[STAMP] += 1
    for truck in range(data.trucks.shape[0]):
        if only_empty and totals[truck, at.S_STOPS] > 0:
            continue
        if not has_room(data, totals, truck, task):
            continue
        start, end = start_of(data, truck), end_of(data, truck)
        fixed = extra_price(data, state, truck, task)
        last = np.int64(nodes[end, at.PREVIOUS])
        places = 1
        if last == start:
            if not first_of_group(data, state, truck):
                continue
            fixed += data.prices[truck, at.P_FIXED] + arc_in_price(nodes, data.prices, truck, end)
        elif is_unloading(data, last):
            places = 3
        else:
            places = 2
        before = start
        for number in range(places):
            if number == 1:
                before = np.int64(nodes[last, at.PREVIOUS]) if is_unloading(data, last) else last
            elif number == 2:
                before = last
            if uniform(state.random) >= BLINK:
                price, form, station = judge(data, state, truck, task, before, best - fixed)
                if price + fixed < best:
                    best, best_before, best_form, best_station = price + fixed, before, form, station
    return best, best_before, best_form, best_station


@compiled()
def any_place(data, state, task, only_touched):
    """The cheapest of all places, or of all in the trucks that this step has touched."""
    nodes, totals = state.nodes, state.totals
    best, best_before, best_form, best_station = np.inf, -1, at.PLAIN, -1
    truck_count = state.counts[TOUCHED] if only_touched else data.trucks.shape[0]
    state.counts[STAMP] += 1
    for number in range(truck_count):
        truck = np.int64(state.touched[number]) if only_touched else number
        if not has_room(data, totals, truck, task):
            continue
        before, end = start_of(data, truck), end_of(data, truck)
        fixed = extra_price(data, state, truck, task)
        if nodes[before, at.NEXT] == end:
            if not first_of_group(data, state, truck):
                continue
            fixed += data.prices[truck, at.P_FIXED] + arc_in_price(nodes, data.prices, truck, end)
        while before != end:
            if uniform(state.random) >= BLINK:
                price, form, station = judge(data, state, truck, task, before, best - fixed)
                if price + fixed < best:
                    best, best_before, best_form, best_station = price + fixed, before, form, station
            before = np.int64(nodes[before, at.NEXT])
    return best, best_before, best_form, best_station


@compiled()
def best_place(data, state, task, scope):
    """The cheapest place for a task: its price (inf if none), the node before it, the form and the station."""
    if scope == NEAR:
        best, before, form, station = near_place(data, state, task, data.near)
        if before < 0:
            if uniform(state.random) * data.may_serve.shape[0] < SCANNED:
                return any_place(data, state, task, False)
            best, before, form, station = near_place(data, state, task, data.ring)
        only_empty = uniform(state.random) >= min(EDGES, EDGES_OF / data.trucks.shape[0])
        price, edge, edge_form, edge_station = edge_place(data, state, task, best, only_empty)
        if edge >= 0:
            return price, edge, edge_form, edge_station
        return best, before, form, station
    return any_place(data, state, task, scope == TOUCHED_TRUCKS)


@inlined()
def place_between(data, state, truck, before, task, first, last):
    """Number a task, and the unloadings from `first` to `last` around it, between the nodes beside them."""
    nodes = state.nodes
    low, high = nodes[before, at.ORDER], nodes[nodes[last, at.NEXT], at.ORDER]
    if high - low < ROOM:
        number_nodes(data, state, truck)
        return
    nodes[first, at.ORDER] = low + (high - low) // 4
    nodes[last, at.ORDER] = high - (high - low) // 4
    if (first == task) == (last == task):
        nodes[task, at.ORDER] = low + (high - low) // 2


@compiled()
def insert(data, state, task, before, form, station, price):
    """Put a task behind a node in the way that `best_place` found."""
    nodes = state.nodes
    truck = np.int64(nodes[before, at.TRUCK])
    keep(data, state, truck)
    known = overtime_cost(data, state, truck) + late_price(data, state, truck, task)
    after = np.int64(nodes[before, at.NEXT])
    first, last = np.int64(task), np.int64(task)
    nodes[task, at.TRUCK] = truck
    if form == at.OTHER_STATION:
        last = after
        after = np.int64(nodes[last, at.NEXT])
        move_unloading(data, state, last, station)
        link(data, state, truck, task, last)
    elif form == at.UNLOAD_AFTER:
        last = np.int64(take_unloading(data, state, truck, station))
        link(data, state, truck, task, last)
    elif form == at.UNLOAD_BEFORE:
        first = np.int64(take_unloading(data, state, truck, station))
        link(data, state, truck, first, task)
    elif form == at.UNLOAD_AROUND:
        stations = data.may_tip.shape[0]
        first = np.int64(take_unloading(data, state, truck, station // stations))
        last = np.int64(take_unloading(data, state, truck, station % stations))
        link(data, state, truck, first, task)
        link(data, state, truck, task, last)
    link(data, state, truck, before, first)
    link(data, state, truck, last, after)
    place_between(data, state, truck, before, task, first, last)
    totals = state.totals
    totals[truck, at.S_KG] += data.entities[task, at.E_KG]
    totals[truck, at.S_L] += data.entities[task, at.E_L]
    totals[truck, at.S_STOPS] += 1
    mark_stale(state, truck, first, last)
    extra = price + overtime_cost(data, state, truck) - known
    state.truck_cost[truck] += extra
    return extra
