"""Mending routes that stand: what a truck cannot do any more is taken out, what has lost its truck is put in again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from services.routing.places import Pricing
from services.routing.problem import Problem, Truck
from services.routing.solution import StopKind
from services.routing.timetable import Visit, route_of

Routes = dict[int, list[Visit]]
"""What each truck does, in order."""


FEW_PLACES = 6
"""So many places of each truck are timed for a task that is put in without being asked after its place."""


def visit_of(problem: Problem, number: int) -> Visit:
    """The visit that serves a task whole."""
    task = problem.tasks[number]
    return Visit(StopKind.TASK, number, task.demand_kg, task.demand_l)


def drivable(problem: Problem, truck: int, visits: Sequence[Visit]) -> list[Visit]:
    """The visits without what the truck cannot do any more: the latest ones first, and loads above its capacity."""
    visits = with_tipping(problem, truck, visits)
    while visits and route_of(problem, truck, visits) is None:
        tasks = [place for place, visit in enumerate(visits) if visit.kind is StopKind.TASK]
        if not tasks:
            return []
        wanted = [problem.tasks[visits[place].index].priority for place in tasks]
        gone = max(place for place, priority in zip(tasks, wanted, strict=True) if priority == min(wanted))
        visits = with_tipping(problem, truck, visits[:gone] + visits[gone + 1 :])
    return visits if any(visit.kind is StopKind.TASK for visit in visits) else []


def with_tipping(problem: Problem, truck: int, visits: Sequence[Visit]) -> list[Visit]:
    """The visits with an unloading wherever the truck would be too full, and at the end; none where it is empty."""
    row = problem.trucks[truck]
    kept: list[Visit] = []
    kg, litres = row.start_load_kg, row.start_load_l
    for visit in visits:
        if visit.kind is StopKind.UNLOAD:
            if kg or litres:
                kept.append(visit)
            kg, litres = 0, 0
            continue
        if (kg + visit.kg > row.capacity_kg or litres + visit.litres > row.capacity_l) and (kg or litres):
            station = _nearest_station(problem, truck, kept, visit)
            if station is None:
                continue
            kept.append(station)
            kg, litres = 0, 0
        kept.append(visit)
        kg, litres = kg + visit.kg, litres + visit.litres
    if row.ends_empty and (kg or litres):
        station = _nearest_station(problem, truck, kept, None)
        kept += [] if station is None else [station]
    return kept


def _nearest_station(problem: Problem, truck: int, visits: Sequence[Visit], then: Visit | None) -> Visit | None:
    """The station with the shortest way over it from the last visit to the next one, or home."""
    row = problem.trucks[truck]
    travel = problem.travel[row.profile]
    here = row.start_location
    if visits:
        rows = problem.tasks if visits[-1].kind is StopKind.TASK else problem.stations
        here = rows[visits[-1].index].location
    there = row.end_location if then is None else problem.tasks[then.index].location
    ways = [
        (int(travel.duration_s[here, station.location]) + int(travel.duration_s[station.location, there]), number)
        for number, station in enumerate(problem.stations)
        if problem.may_tip[number, truck]
        and min(travel.duration_s[here, station.location], travel.duration_s[station.location, there]) >= 0
    ]
    return Visit(StopKind.UNLOAD, min(ways)[1]) if ways else None


def put_in(problem: Problem, routes: Routes, number: int, locked: frozenset[int] = frozenset()) -> bool:
    """Put a task in at its cheapest place that breaks nothing; false where there is none."""
    return not put_all_in(problem, routes, [number], locked)


def put_all_in(
    problem: Problem, routes: Routes, numbers: Iterable[int], locked: frozenset[int] = frozenset()
) -> list[int]:
    """Put tasks in one after the other, each at its cheapest place that breaks nothing; gives those without one.

    The urgent and the big come first. Routes of `locked` trucks stay as they are.
    """
    pricing = Pricing(problem, routes, FEW_PLACES)
    left = []
    for number in sorted(numbers, key=lambda number: _wish(problem, number)):
        trucks = [truck for truck in np.flatnonzero(problem.may_serve[number]).tolist() if truck not in locked]
        places = pricing.best(visit_of(problem, number), 1, _unlike(problem, pricing, trucks))
        if places and not places[0].broken:
            pricing.put(places[0])
        else:
            left.append(number)
    routes.update(pricing.visits)
    return left


def _wish(problem: Problem, number: int) -> tuple[int, int]:
    return -problem.tasks[number].priority, -problem.tasks[number].demand_kg


def _unlike(problem: Problem, pricing: Pricing, trucks: Sequence[int]) -> list[int]:
    """The trucks without those that stay at home and are like another one that does."""
    seen: set[tuple[Truck, bytes]] = set()
    chosen = []
    for truck in trucks:
        look = (problem.trucks[truck], problem.may_tip[:, truck].tobytes())
        if pricing.visits.get(truck):
            chosen.append(truck)
        elif look not in seen:
            seen.add(look)
            chosen.append(truck)
    return chosen
