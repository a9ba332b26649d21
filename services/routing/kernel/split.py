"""Where a truck unloads, anew: a dynamic programme over the order of its tasks, by cost alone (planner.md, "Ruin")."""

from __future__ import annotations

import numpy as np

from services.routing.kernel import layout as at
from services.routing.kernel.compiled import compiled
from services.routing.kernel.insertion import arc_price
from services.routing.kernel.layout import COST, TOUCHED
from services.routing.kernel.ruin import list_tour
from services.routing.kernel.state import lay_route
from services.routing.kernel.timing import at_speed, end_of, overtime_cost, refresh, route_cost, start_of, wishes_cost


@compiled()
def arc_cost(data, truck, here, there):
    """What it costs a truck to drive from one location to another."""
    profile, permille = data.trucks[truck, at.T_PROFILE], data.trucks[truck, at.T_PERMILLE]
    seconds = at_speed(data.out[profile, here, there, 0], permille)
    return arc_price(data.prices, truck, seconds, data.out[profile, here, there, 1])


@compiled()
def cheapest_station(data, truck, here, there):
    """The station with the cheapest way from one location over it to another, and what that way costs."""
    first, best, price = data.may_serve.shape[0], -1, np.inf
    for station in range(data.may_tip.shape[0]):
        if data.may_tip[station, truck] != 0:
            place = data.entities[first + station, at.E_LOCATION]
            cost = arc_cost(data, truck, here, place) + arc_cost(data, truck, place, there)
            if cost < price:
                best, price = station, cost
    return best, price


@compiled()
def plan_split(data, state, truck, count):
    """Fill the `split_*` arrays for the first `count` tasks in `tour`; gives the cost of the cheapest route."""
    row, entities, tour = data.trucks[truck], data.entities, state.tour
    cost, source, stations = state.split_cost, state.split_from, state.split_station
    cost[0] = 0.0
    base = arc_cost(data, truck, row[at.T_FROM], entities[tour[0], at.E_LOCATION])
    for last in range(1, count + 1):
        here = entities[tour[last - 1], at.E_LOCATION]
        there = row[at.T_TO] if last == count else entities[tour[last], at.E_LOCATION]
        station, detour = cheapest_station(data, truck, here, there)
        if last < count:
            direct = arc_cost(data, truck, here, there)
            base += direct
            detour -= direct
        stations[last] = station
        cost[last] = np.inf
        kg, litres, before = np.int64(0), np.int64(0), last - 1
        while before >= 0:
            kg += entities[tour[before], at.E_KG]
            litres += entities[tour[before], at.E_L]
            if kg > row[at.T_KG] or litres > row[at.T_L]:
                break
            if cost[before] + detour < cost[last]:
                cost[last] = cost[before] + detour
                source[last] = before
            before -= 1
    return base + cost[count]


@compiled()
def write_split(data, state, count):
    """Write the route of `plan_split` into the first half of `split_stops`; gives where it begins and where it ends."""
    stops, first_station = state.split_stops, data.may_serve.shape[0]
    end = stops.shape[0] // 2
    place, last = end, count
    while last > 0:
        place -= 1
        stops[place] = first_station + state.split_station[last]
        for number in range(last - 1, state.split_from[last] - 1, -1):
            place -= 1
            stops[place] = state.tour[number]
        last = state.split_from[last]
    return place, end


@compiled()
def write_route(data, state, truck):
    """Write a truck's route as it is into the second half of `split_stops`; gives where it begins and where it ends."""
    nodes, stops = state.nodes, state.split_stops
    begin = stops.shape[0] // 2
    place = begin
    node = nodes[start_of(data, truck), at.NEXT]
    while node != end_of(data, truck):
        stops[place] = nodes[node, at.ENTITY]
        place += 1
        node = nodes[node, at.NEXT]
    return begin, place


@compiled()
def split_anew(data, state, truck):
    """Let a truck unload elsewhere if that is cheaper and keeps every rule."""
    row = data.trucks[truck]
    loaded = row[at.T_START_KG] + row[at.T_START_L] > 0
    count, _ = list_tour(data, state, truck, -1)
    if row[at.T_UNLOADS] == 0 or loaded or count < 2:
        return
    old_cost = state.truck_cost[truck]
    driving = old_cost - data.prices[truck, at.P_FIXED] - overtime_cost(data, state, truck)
    if data.wished:
        driving -= wishes_cost(data, state, truck)
    if plan_split(data, state, truck, count) >= driving - 1e-6:
        return
    begin, end = write_split(data, state, count)
    old_begin, old_end = write_route(data, state, truck)
    lay_route(data, state, truck, state.split_stops, begin, end)
    right = refresh(data, state, truck)
    cost = route_cost(data, state, truck)
    if right and cost < old_cost:
        state.truck_cost[truck] = cost
        state.sums[COST] += cost - old_cost
    else:
        lay_route(data, state, truck, state.split_stops, old_begin, old_end)
        refresh(data, state, truck)


@compiled()
def split_touched(data, state):
    """Try a new split on every truck that this step has touched."""
    for number in range(state.counts[TOUCHED]):
        split_anew(data, state, np.int64(state.touched[number]))
