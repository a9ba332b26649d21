"""Times and loads along a route: the records that let one insertion be judged by looking at its two neighbours.

Each route is kept on two timelines, one with the break still due and one with it taken; a break stands at the departure
from a node. Times are earliest departures and latest arrivals, loads are those of the trip up to a node and from it on.
"""

from __future__ import annotations

import numpy as np

from services.routing.kernel import layout as at
from services.routing.kernel.compiled import compiled, inlined


@inlined()
def at_speed(base_s, permille):
    """Driving time of a truck at `permille` thousandths of the matrix's speed, rounded up."""
    if permille == 1000 or base_s >= at.NO_ROAD:
        return base_s
    return min((base_s * 1000 + permille - 1) // permille, at.NO_ROAD)


@inlined()
def begin(entity, windows, entities, arrive_s):
    """The earliest start of service for an arrival, FAR if the last window has closed."""
    if arrive_s > entities[entity, at.E_CLOSE]:
        return at.FAR
    if arrive_s <= entities[entity, at.E_OPEN]:
        return entities[entity, at.E_OPEN] + 0
    if entities[entity, at.E_WINDOWS] > 1:
        row = entities[entity, at.E_WINDOW]
        while arrive_s > windows[row, 1]:
            row += 1
        if arrive_s < windows[row, 0]:
            return windows[row, 0] + 0
    return arrive_s


@inlined()
def latest_begin(entity, windows, entities, bound_s):
    """The latest start of service that is not after a bound, NEVER if the first window opens later."""
    if bound_s < entities[entity, at.E_OPEN]:
        return at.NEVER
    if entities[entity, at.E_WINDOWS] > 1:
        row = entities[entity, at.E_WINDOW] + entities[entity, at.E_WINDOWS] - 1
        while windows[row, 0] > bound_s:
            row -= 1
        return min(bound_s, windows[row, 1])
    return min(bound_s, entities[entity, at.E_CLOSE])


@inlined()
def rested(depart_s, rest_s, rest_from, rest_to):
    """Departure after a break that begins at `depart_s` at the earliest, FAR if it would begin too late."""
    start_s = max(depart_s, rest_from)
    if rest_s > 0 and start_s <= rest_to:
        return start_s + rest_s
    return at.FAR


@inlined()
def depart(entity, windows, entities, early_s, drive_s):
    """Earliest departure from an entity, `drive_s` on from an earliest departure; FAR stays FAR."""
    if early_s >= at.FAR:
        return at.FAR
    start_s = begin(entity, windows, entities, early_s + drive_s)
    if start_s >= at.FAR:
        return at.FAR
    return start_s + entities[entity, at.E_SERVICE]


@inlined()
def gap_slack(nodes, before, after, rest_s):
    """The longest time that driving and serving may take between two nodes that follow each other."""
    taken = nodes[after, at.LATE_TAKEN] - nodes[before, at.EARLY_TAKEN]
    if rest_s == 0:
        return taken
    due = nodes[after, at.LATE_DUE] - nodes[before, at.EARLY_DUE]
    within = nodes[after, at.LATE_TAKEN] - nodes[before, at.EARLY_DUE] - rest_s
    return max(taken, max(due, within))


@compiled()
def open_truck(data, state, truck):
    """Set what never changes at a truck's two ends: when it can leave, when it must be back."""
    nodes, row = state.nodes, data.trucks[truck]
    start, end = start_of(data, truck), end_of(data, truck)
    nodes[start, at.ORDER], nodes[end, at.ORDER] = 0, at.LAST
    nodes[start, at.KG_UP] = row[at.T_START_KG]
    nodes[start, at.L_UP] = row[at.T_START_L]
    nodes[end, at.LATE_TAKEN] = row[at.T_END]
    nodes[end, at.LATE_DUE] = at.NEVER
    nodes[start, at.EARLY_DUE] = at.FAR
    nodes[start, at.EARLY_TAKEN] = row[at.T_START]
    if row[at.T_REST_S] > 0:
        nodes[start, at.EARLY_DUE] = row[at.T_START]
        nodes[start, at.EARLY_TAKEN] = rested(row[at.T_START], row[at.T_REST_S], row[at.T_REST_FROM], row[at.T_REST_TO])
        nodes[end, at.LATE_DUE] = row[at.T_FREE_UNTIL]


@inlined()
def start_of(data, truck):
    """The node where a truck's route starts."""
    return data.may_serve.shape[0] + truck


@inlined()
def end_of(data, truck):
    """The node where a truck's route ends."""
    return data.may_serve.shape[0] + data.trucks.shape[0] + truck


@inlined()
def is_unloading(data, node):
    """Whether a node is an unloading stop."""
    return node >= data.may_serve.shape[0] + 2 * data.trucks.shape[0]


@inlined()
def update_node(nodes, node, column, due, taken, kg, litres):
    """Write four neighbouring records of a node; true if they were the same already.

    The records of both directions are laid out alike: two times from `column`, two loads at `KG_UP` or `KG_REST`.
    """
    load = at.KG_UP if column == at.EARLY_DUE else at.KG_REST
    same = (
        due == nodes[node, column]
        and taken == nodes[node, column + 1]
        and kg == nodes[node, load]
        and litres == nodes[node, load + 2]
    )
    nodes[node, column] = due
    nodes[node, column + 1] = taken
    nodes[node, load] = kg
    nodes[node, load + 2] = litres
    return same


@inlined()
def arrive_home(nodes, end):
    """The records of a route's end from the stop before it."""
    before, drive_s = nodes[end, at.PREVIOUS], nodes[end, at.ARC_S]
    nodes[end, at.EARLY_DUE] = min(nodes[before, at.EARLY_DUE] + drive_s, at.FAR)
    nodes[end, at.EARLY_TAKEN] = min(nodes[before, at.EARLY_TAKEN] + drive_s, at.FAR)
    nodes[end, at.KG_UP] = nodes[before, at.KG_UP]
    nodes[end, at.L_UP] = nodes[before, at.L_UP]


@compiled()
def forward(data, state, truck, until):
    """Earliest departures and loads up to a node, from the first stale one on; as far as anything changes."""
    nodes, entities, windows, row = state.nodes, data.entities, data.windows, data.trucks[truck]
    rest_s, rest_from, rest_to = row[at.T_REST_S], row[at.T_REST_FROM], row[at.T_REST_TO]
    end, task_count = end_of(data, truck), data.may_serve.shape[0]
    node, changed = np.int64(state.totals[truck, at.S_EARLY]), state.totals[truck, at.S_EARLY_UNTIL]
    last = nodes[until, at.ORDER]
    while nodes[node, at.ORDER] <= last:
        if node == end:
            arrive_home(nodes, end)
            state.totals[truck, at.S_EARLY] = -1
            return
        before, drive_s, entity = nodes[node, at.PREVIOUS], nodes[node, at.ARC_S], nodes[node, at.ENTITY]
        due = at.FAR
        taken = depart(entity, windows, entities, nodes[before, at.EARLY_TAKEN], drive_s)
        if rest_s > 0:
            due = depart(entity, windows, entities, nodes[before, at.EARLY_DUE], drive_s)
            taken = min(taken, rested(due, rest_s, rest_from, rest_to))
        kg, litres = 0, 0
        if entity < task_count:
            kg = nodes[before, at.KG_UP] + entities[entity, at.E_KG]
            litres = nodes[before, at.L_UP] + entities[entity, at.E_L]
        same = update_node(nodes, node, at.EARLY_DUE, due, taken, kg, litres)
        if same and nodes[node, at.ORDER] > changed:
            state.totals[truck, at.S_EARLY] = -1
            return
        node = np.int64(nodes[node, at.NEXT])
    state.totals[truck, at.S_EARLY] = node


@compiled()
def backward(data, state, truck, until):
    """Latest arrivals and remaining loads back to a node, from the last stale one on; as far as anything changes."""
    nodes, entities, windows, row = state.nodes, data.entities, data.windows, data.trucks[truck]
    rest_s, rest_from, rest_to = row[at.T_REST_S], row[at.T_REST_FROM], row[at.T_REST_TO]
    start, task_count = start_of(data, truck), data.may_serve.shape[0]
    node, changed = np.int64(state.totals[truck, at.S_LATE]), state.totals[truck, at.S_LATE_UNTIL]
    first = nodes[until, at.ORDER]
    while nodes[node, at.ORDER] >= first and node != start:
        after, entity = nodes[node, at.NEXT], nodes[node, at.ENTITY]
        drive_s, service_s = nodes[after, at.ARC_S], entities[entity, at.E_SERVICE]
        leave_taken = nodes[after, at.LATE_TAKEN] - drive_s
        taken = latest_begin(entity, windows, entities, leave_taken - service_s)
        due = at.NEVER
        if rest_s > 0:
            leave = nodes[after, at.LATE_DUE] - drive_s
            if leave_taken - rest_s >= rest_from:
                leave = max(leave, min(rest_to, leave_taken - rest_s))
            due = latest_begin(entity, windows, entities, leave - service_s)
        kg, litres = 0, 0
        if entity < task_count:
            kg = nodes[after, at.KG_REST] + entities[entity, at.E_KG]
            litres = nodes[after, at.L_REST] + entities[entity, at.E_L]
        same = update_node(nodes, node, at.LATE_DUE, due, taken, kg, litres)
        if same and nodes[node, at.ORDER] < changed:
            state.totals[truck, at.S_LATE] = -1
            return
        node = np.int64(nodes[node, at.PREVIOUS])
    state.totals[truck, at.S_LATE] = -1 if node == start else node


@inlined()
def is_fresh(state, truck):
    """Whether all records of a truck are up to date."""
    return state.totals[truck, at.S_EARLY] < 0 and state.totals[truck, at.S_LATE] < 0


@inlined()
def freshen(data, state, truck, before, after):
    """Bring what an insertion between two nodes reads up to date: times and loads up to the one and from the other."""
    early, late = state.totals[truck, at.S_EARLY], state.totals[truck, at.S_LATE]
    if early >= 0 and state.nodes[early, at.ORDER] <= state.nodes[before, at.ORDER]:
        forward(data, state, truck, before)
    if late >= 0 and state.nodes[late, at.ORDER] >= state.nodes[after, at.ORDER]:
        backward(data, state, truck, after)


@inlined()
def freshen_all(data, state, truck):
    """Bring all records of a truck up to date."""
    freshen(data, state, truck, end_of(data, truck), start_of(data, truck))


@inlined()
def mark_stale(state, truck, first, last):
    """Note that what lies from `first` to `last` is new, with the arcs into the one and out of the other.

    The node before `first` must be up to date in its earliest times, the one after `last` in its latest.
    """
    nodes, totals = state.nodes, state.totals
    changed = np.int64(nodes[last, at.ORDER])
    if totals[truck, at.S_EARLY] >= 0:
        changed = max(changed, max(totals[truck, at.S_EARLY_UNTIL], nodes[totals[truck, at.S_EARLY], at.ORDER]))
    totals[truck, at.S_EARLY], totals[truck, at.S_EARLY_UNTIL] = first, changed
    changed = np.int64(nodes[first, at.ORDER])
    if totals[truck, at.S_LATE] >= 0:
        changed = min(changed, min(totals[truck, at.S_LATE_UNTIL], nodes[totals[truck, at.S_LATE], at.ORDER]))
    totals[truck, at.S_LATE], totals[truck, at.S_LATE_UNTIL] = last, changed


@compiled()
def number_nodes(data, state, truck):
    """Give a truck's nodes rising numbers with room between them."""
    nodes, count = state.nodes, 1
    node, end = nodes[start_of(data, truck), at.NEXT], end_of(data, truck)
    while node != end:
        count += 1
        node = nodes[node, at.NEXT]
    gap, number = at.LAST // count, 0
    node = nodes[start_of(data, truck), at.NEXT]
    while node != end:
        number += gap
        nodes[node, at.ORDER] = number
        node = nodes[node, at.NEXT]
    state.totals[truck, at.S_EARLY_UNTIL] = at.LAST
    state.totals[truck, at.S_LATE_UNTIL] = 0


@compiled()
def link(data, state, truck, before, after):
    """Let `after` follow `before`, with the arc between them."""
    nodes = state.nodes
    nodes[before, at.NEXT] = after
    nodes[after, at.PREVIOUS] = before
    profile = data.trucks[truck, at.T_PROFILE]
    i, j = nodes[before, at.LOCATION], nodes[after, at.LOCATION]
    nodes[after, at.ARC_S] = at_speed(data.out[profile, i, j, 0], data.trucks[truck, at.T_PERMILLE])
    nodes[after, at.ARC_M] = data.out[profile, i, j, 1]


@compiled()
def refresh(data, state, truck):
    """All records of a truck anew; false if its route breaks a rule of time or load."""
    nodes, row = state.nodes, data.trucks[truck]
    start, end = start_of(data, truck), end_of(data, truck)
    number_nodes(data, state, truck)
    state.totals[truck, at.S_EARLY] = nodes[start, at.NEXT]
    state.totals[truck, at.S_LATE] = -1 if nodes[end, at.PREVIOUS] == start else nodes[end, at.PREVIOUS]
    freshen_all(data, state, truck)
    node = nodes[start, at.NEXT]
    while node != end:
        if nodes[node, at.KG_UP] > row[at.T_KG] or nodes[node, at.L_UP] > row[at.T_L]:
            return False
        node = nodes[node, at.NEXT]
    in_time = nodes[end, at.EARLY_TAKEN] <= row[at.T_END]
    return in_time or nodes[end, at.EARLY_DUE] <= row[at.T_FREE_UNTIL]


@compiled()
def back_s(data, state, truck):
    """When the truck is home at the earliest."""
    freshen_all(data, state, truck)
    nodes, end = state.nodes, end_of(data, truck)
    if nodes[end, at.EARLY_DUE] <= data.trucks[truck, at.T_FREE_UNTIL]:
        return min(nodes[end, at.EARLY_TAKEN], nodes[end, at.EARLY_DUE])
    return nodes[end, at.EARLY_TAKEN] + 0


@compiled()
def overtime_cost(data, state, truck):
    """What the truck's overtime costs when it takes its route as early as it can."""
    price = data.prices[truck, at.P_OVERTIME_SECOND]
    nodes, row, end = state.nodes, data.trucks[truck], end_of(data, truck)
    if price == 0.0 or nodes[end, at.PREVIOUS] == start_of(data, truck):
        return 0.0
    return max(back_s(data, state, truck) - row[at.T_SHIFT_END], 0) * price


@compiled()
def late_price(data, state, truck, task):
    """What the overtime for one more task costs at least: its service, and in an empty truck the way there and back."""
    price, row = data.prices[truck, at.P_OVERTIME_SECOND], data.trucks[truck]
    if price == 0.0:
        return 0.0
    home_s = back_s(data, state, truck)
    late_s = np.int64(max(home_s - row[at.T_SHIFT_END], 0))
    if state.nodes[end_of(data, truck), at.PREVIOUS] == start_of(data, truck):
        place, late_s = data.entities[task, at.E_LOCATION], np.int64(0)
        home_s = row[at.T_START] + at_speed(data.out[row[at.T_PROFILE], row[at.T_FROM], place, 0], row[at.T_PERMILLE])
        home_s += at_speed(data.out[row[at.T_PROFILE], place, row[at.T_TO], 0], row[at.T_PERMILLE])
    return price * (max(home_s + data.entities[task, at.E_SERVICE] - row[at.T_SHIFT_END], 0) - late_s)


@inlined()
def change_price(data, truck, task):
    """What it costs to give a task to another truck than the one that had it."""
    preferred = data.preferred[task]
    return data.wishes[at.W_CHANGE] if preferred >= 0 and preferred != truck else 0.0


@compiled()
def wishes_cost(data, state, truck):
    """What a truck's route costs for being scattered and for tasks that are new to it; notes how long its work is."""
    nodes, task_count = state.nodes, data.may_serve.shape[0]
    end, middle = end_of(data, truck), state.totals[truck, at.S_STOPS] // 2
    first = nodes[start_of(data, truck), at.NEXT]
    work_s, number, centre, changes = nodes[end, at.ARC_S] + 0, 0, -1, 0.0
    node = first
    while node != end:
        work_s += nodes[node, at.ARC_S] + data.entities[nodes[node, at.ENTITY], at.E_SERVICE]
        if node < task_count:
            changes += change_price(data, truck, node)
            if number == middle:
                centre = nodes[node, at.LOCATION]
            number += 1
        node = nodes[node, at.NEXT]
    state.totals[truck, at.S_WORK] = work_s
    price = data.wishes[at.W_COMPACT]
    if price == 0.0 or centre < 0:
        return changes
    profile, away_m = data.trucks[truck, at.T_PROFILE], 0.0
    node = first
    while node != end:
        if node < task_count:
            away_m += data.out[profile, centre, nodes[node, at.LOCATION], 1]
        node = nodes[node, at.NEXT]
    return changes + price * away_m


@inlined()
def price_route(data, state, truck, seconds, metres):
    """What a truck's route costs that drives so long and so far, 0 for a truck that stays."""
    prices = data.prices
    if state.nodes[start_of(data, truck), at.NEXT] == end_of(data, truck):
        state.totals[truck, at.S_WORK] = 0
        return 0.0
    wishes = wishes_cost(data, state, truck) if data.wished else 0.0
    driving = seconds * prices[truck, at.P_SECOND] + metres * prices[truck, at.P_METRE]
    return driving + prices[truck, at.P_FIXED] + overtime_cost(data, state, truck) + wishes


@compiled()
def route_cost(data, state, truck):
    """What a truck's route costs, 0 for a truck that stays."""
    nodes, end = state.nodes, end_of(data, truck)
    node = nodes[start_of(data, truck), at.NEXT]
    seconds, metres = nodes[end, at.ARC_S] + 0, nodes[end, at.ARC_M] + 0
    while node != end:
        seconds += nodes[node, at.ARC_S]
        metres += nodes[node, at.ARC_M]
        node = nodes[node, at.NEXT]
    return price_route(data, state, truck, seconds, metres)
