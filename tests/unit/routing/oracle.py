"""The best plan of a tiny problem by trying everything: slow, and simple enough to be believed.

Knows nothing of bays, tonnes, spacing, splitting and daily hours; a truck leaves when its shift begins.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations, product

from services.routing.problem import Problem, Station, Task, Truck, Window

Order = tuple[tuple[str, int], ...]


def best_plan(problem: Problem) -> tuple[list[int], float]:
    """How many tasks of each priority (highest first) can be served at most, and the least driving cost of doing so."""
    priorities = sorted({task.priority for task in problem.tasks}, reverse=True)
    cheapest = [_cheapest_by_set(problem, number) for number in range(len(problem.trucks))]
    best: tuple[list[int], float] = ([0] * len(priorities), 0.0)
    plans: dict[frozenset[int], float] = {frozenset(): 0.0}
    for sets in cheapest:
        wider = dict(plans)
        for done, cost in plans.items():
            for more, price in sets.items():
                if not done & more:
                    union = done | more
                    wider[union] = min(wider.get(union, float("inf")), cost + price)
        plans = wider
    for done, cost in plans.items():
        served = [sum(problem.tasks[task].priority == priority for task in done) for priority in priorities]
        if (served, -cost) > (best[0], -best[1]):
            best = (served, cost)
    return best


def _cheapest_by_set(problem: Problem, number: int) -> dict[frozenset[int], float]:
    """For each set of tasks that a truck can serve, the least cost of its route."""
    tasks = [task for task in range(len(problem.tasks)) if problem.may_serve[task, number]]
    best: dict[frozenset[int], float] = {}
    for count in range(1, len(tasks) + 1):
        for order in permutations(tasks, count):
            for visits in _with_unloadings(problem, number, order):
                cost = _cost(problem, number, visits)
                if cost is not None:
                    key = frozenset(order)
                    best[key] = min(best.get(key, float("inf")), cost)
    return best


def _with_unloadings(problem: Problem, number: int, order: tuple[int, ...]) -> Iterator[Order]:
    """The order with any unloading, or none, before the first task and after each task."""
    stations = [-1, *(place for place in range(len(problem.stations)) if problem.may_tip[place, number])]
    for choice in product(stations, repeat=len(order) + 1):
        visits: list[tuple[str, int]] = []
        for task, station in zip((-1, *order), choice, strict=True):
            if task >= 0:
                visits.append(("task", task))
            if station >= 0:
                visits.append(("station", station))
        yield tuple(visits)


def _cost(problem: Problem, number: int, visits: Order) -> float | None:
    """The driving, fixed and overtime cost of a route, None if it breaks a rule."""
    truck = problem.trucks[number]
    if not _loads_fit(problem, truck, visits):
        return None
    breaks = range(-1, len(visits) + 1) if truck.rest is not None else range(-1, 0)
    costs = [_timed_cost(problem, truck, visits, place) for place in breaks]
    return min((cost for cost in costs if cost is not None), default=None)


def _loads_fit(problem: Problem, truck: Truck, visits: Order) -> bool:
    kg, litres, day_kg, day_l, stops = truck.start_load_kg, truck.start_load_l, 0, 0, 0
    for kind, index in visits:
        if kind == "station":
            kg, litres = 0, 0
            continue
        task = problem.tasks[index]
        kg, litres, stops = kg + task.demand_kg, litres + task.demand_l, stops + 1
        day_kg, day_l = day_kg + task.demand_kg, day_l + task.demand_l
        if kg > truck.capacity_kg or litres > truck.capacity_l:
            return False
    empty = (kg == 0 and litres == 0) or not truck.ends_empty
    return empty and day_kg <= truck.max_kg and day_l <= truck.max_l and stops <= truck.max_stops


def _timed_cost(problem: Problem, truck: Truck, visits: Order, break_place: int) -> float | None:
    """The cost with the break before visit `break_place` (-1: none taken)."""
    travel, rest = problem.travel[truck.profile], truck.rest
    clock_s, here, metres, driven_s, rested = truck.shift_start_s, truck.start_location, 0, 0, False
    for place, (kind, index) in enumerate([*visits, ("end", -1)]):
        if rest is not None and place == break_place:
            clock_s = max(clock_s, rest.earliest_s)
            latest_s = rest.latest_s if rest.after_s is None else min(rest.latest_s, truck.shift_start_s + rest.after_s)
            if clock_s > latest_s:
                return None
            clock_s, rested = clock_s + rest.duration_s, True
        where = _place(problem, kind, index)
        there = truck.end_location if where is None else where.location
        base_s = int(travel.duration_s[here, there])
        if base_s < 0:
            return None
        drive_s = -(-base_s * 1000 // truck.speed_permille)
        clock_s, driven_s, metres = clock_s + drive_s, driven_s + drive_s, metres + int(travel.distance_m[here, there])
        here = there
        if where is not None:
            begin_s = _begin(where.windows, clock_s)
            if begin_s is None:
                return None
            clock_s = begin_s + (where.service_s if isinstance(where, Task) else where.tip_s)
    if clock_s > truck.shift_end_s + truck.overtime_s or (not rested and _needs_rest(truck, clock_s)):
        return None
    overtime_s = max(0, clock_s - truck.shift_end_s)
    hours = (truck.cost_per_h * driven_s + truck.overtime_cost_per_h * overtime_s) / 3600
    return truck.fixed_cost + truck.cost_per_km * metres / 1000 + hours


def _place(problem: Problem, kind: str, index: int) -> Task | Station | None:
    if kind == "end":
        return None
    return problem.tasks[index] if kind == "task" else problem.stations[index]


def _begin(windows: tuple[Window, ...], arrive_s: int) -> int | None:
    if not windows:
        return arrive_s
    return next((max(arrive_s, window.start_s) for window in windows if arrive_s <= window.end_s), None)


def _needs_rest(truck: Truck, back_s: int) -> bool:
    rest = truck.rest
    if rest is None:
        return False
    latest_s = rest.latest_s if rest.after_s is None else min(rest.latest_s, truck.shift_start_s + rest.after_s)
    return rest.always or (back_s > latest_s and truck.shift_start_s <= rest.latest_s)


def most_served_with_tonnes(problem: Problem) -> list[int]:
    """How many tasks of each priority (highest first) can be served where stations take so many kilograms only."""
    limits = tuple(2**60 if row.remaining_kg is None else row.remaining_kg for row in problem.stations)
    plans = {(frozenset[int](), (0,) * len(limits))}
    for number in range(len(problem.trucks)):
        wider = set(plans)
        for done, tipped in plans:
            for more, kg in _loads_by_set(problem, number):
                sums = tuple(a + b for a, b in zip(tipped, kg, strict=True))
                if not done & more and all(a <= b for a, b in zip(sums, limits, strict=True)):
                    wider.add((done | more, sums))
        plans = wider
    priorities = sorted({task.priority for task in problem.tasks}, reverse=True)
    return max([sum(problem.tasks[task].priority == priority for task in done) for priority in priorities]
               for done, _ in plans)  # fmt: skip


def _loads_by_set(problem: Problem, number: int) -> set[tuple[frozenset[int], tuple[int, ...]]]:
    """Each set of tasks that a truck can serve, with what it may bring to which station then."""
    tasks = [task for task in range(len(problem.tasks)) if problem.may_serve[task, number]]
    found = set()
    for count in range(1, len(tasks) + 1):
        for order in permutations(tasks, count):
            for visits in _with_unloadings(problem, number, order):
                if _cost(problem, number, visits) is not None:
                    found.add((frozenset(order), _tipped(problem, number, visits)))
    return found


def _tipped(problem: Problem, number: int, visits: Order) -> tuple[int, ...]:
    kg, tipped = problem.trucks[number].start_load_kg, [0] * len(problem.stations)
    for kind, index in visits:
        if kind == "station":
            tipped[index] += kg
            kg = 0
        else:
            kg += problem.tasks[index].demand_kg
    return tuple(tipped)
