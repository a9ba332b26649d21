"""A plain first plan without the kernel: each truck goes to the nearest task it can still serve, and unloads when full.

It is what OR-Tools starts from where the kernel is not to be had, because its own insertion does not see optional
unloading places (architecture.md, "Planning").
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from services.routing.problem import Problem, Truck, Window
from services.routing.solution import StopKind
from services.routing.timetable import Visit, drive, route_of

LOOKED_AT = 15
"""A truck tries so many of its nearest tasks before it unloads or goes home."""


@dataclass(slots=True)
class _Walk:
    """One truck on its way."""

    number: int
    truck: Truck
    here: int
    clock_s: int
    kg: int
    litres: int
    day_kg: int = 0
    day_l: int = 0
    rested: bool = False
    visits: list[Visit] = field(default_factory=list)


def first_plan(problem: Problem) -> dict[int, list[Visit]]:
    """What each truck does, as lists of visits that keep every rule of a single truck."""
    left = np.ones(len(problem.tasks), dtype=np.bool_)
    priority = np.array([task.priority for task in problem.tasks], dtype=np.int64)
    places = np.array([task.location for task in problem.tasks], dtype=np.int64)
    plan: dict[int, list[Visit]] = {}
    for number, truck in enumerate(problem.trucks):
        walk = _Walk(number, truck, truck.start_location, truck.shift_start_s, truck.start_load_kg, truck.start_load_l)
        if walk.truck.rest is None:
            walk.rested = True
        while _go_on(problem, walk, left, priority, places):
            pass
        _go_home(problem, walk, left)
        if walk.visits:
            plan[number] = walk.visits
    return plan


def _go_on(
    problem: Problem,
    walk: _Walk,
    left: np.ndarray[tuple[int], np.dtype[np.bool_]],
    priority: np.ndarray[tuple[int], np.dtype[np.int64]],
    places: np.ndarray[tuple[int], np.dtype[np.int64]],
) -> bool:
    """Serve one more task, after unloading if need be; false if there is none."""
    open_tasks = np.flatnonzero(left & problem.may_serve[:, walk.number])
    if not open_tasks.size or len(walk.visits) > 3 * len(places):
        return False
    away_s = problem.travel[walk.truck.profile].duration_s[walk.here, places[open_tasks]].astype(np.int64)
    away_s[away_s < 0] = np.iinfo(np.int64).max
    order = open_tasks[np.lexsort((away_s, -priority[open_tasks]))]
    for task in order[:LOOKED_AT].tolist():
        if _try(problem, walk, [_task_visit(problem, task)]):
            left[task] = False
            return True
    unloading = _nearest_station(problem, walk)
    if unloading is None or not (walk.kg or walk.litres):
        return False
    for task in order[:LOOKED_AT].tolist():
        if _try(problem, walk, [unloading, _task_visit(problem, task)]):
            left[task] = False
            return True
    return False


def _task_visit(problem: Problem, task: int) -> Visit:
    return Visit(StopKind.TASK, task, problem.tasks[task].demand_kg, problem.tasks[task].demand_l)


def _nearest_station(problem: Problem, walk: _Walk) -> Visit | None:
    ways = [
        (way[0], station)
        for station, row in enumerate(problem.stations)
        if problem.may_tip[station, walk.number]
        and (way := drive(problem, walk.truck, walk.here, row.location)) is not None
    ]
    return Visit(StopKind.UNLOAD, min(ways)[1]) if ways else None


def _try(problem: Problem, walk: _Walk, visits: list[Visit]) -> bool:
    """Make the visits if the truck can still come home in time afterwards, over a station where it must."""
    ahead = _Walk(
        walk.number, walk.truck, walk.here, walk.clock_s, walk.kg, walk.litres, walk.day_kg, walk.day_l, walk.rested
    )
    for visit in visits:
        if not _make(problem, ahead, visit):
            return False
    stops = sum(visit.kind is StopKind.TASK for visit in walk.visits) + 1
    if ahead.day_kg > walk.truck.max_kg or ahead.day_l > walk.truck.max_l or stops > walk.truck.max_stops:
        return False
    if not _comes_home(problem, ahead):
        return False
    walk.here, walk.clock_s, walk.kg, walk.litres = ahead.here, ahead.clock_s, ahead.kg, ahead.litres
    walk.day_kg, walk.day_l, walk.rested = ahead.day_kg, ahead.day_l, ahead.rested
    walk.visits += visits
    return True


def _make(problem: Problem, walk: _Walk, visit: Visit) -> bool:
    """Drive to a visit and do it, with the break before it as soon as it may begin; false if it cannot be done."""
    row = problem.tasks[visit.index] if visit.kind is StopKind.TASK else problem.stations[visit.index]
    way = drive(problem, walk.truck, walk.here, row.location)
    if way is None:
        return False
    rest = walk.truck.rest
    if rest is not None and not walk.rested and walk.clock_s + way[0] >= rest.earliest_s:
        walk.clock_s, walk.rested = max(walk.clock_s, rest.earliest_s) + rest.duration_s, True
    begin_s = _begin(row.windows, walk.clock_s + way[0])
    if begin_s is None:
        return False
    if visit.kind is StopKind.TASK:
        task = problem.tasks[visit.index]
        walk.kg, walk.litres = walk.kg + task.demand_kg, walk.litres + task.demand_l
        walk.day_kg, walk.day_l = walk.day_kg + task.demand_kg, walk.day_l + task.demand_l
        walk.clock_s = begin_s + task.service_s
    else:
        walk.kg, walk.litres = 0, 0
        walk.clock_s = begin_s + problem.stations[visit.index].tip_s
    walk.here = row.location
    return walk.kg <= walk.truck.capacity_kg and walk.litres <= walk.truck.capacity_l


def _begin(windows: tuple[Window, ...], arrive_s: int) -> int | None:
    if not windows:
        return arrive_s
    return next((max(arrive_s, window.start_s) for window in windows if arrive_s <= window.end_s), None)


def _comes_home(problem: Problem, walk: _Walk) -> bool:
    home = _Walk(walk.number, walk.truck, walk.here, walk.clock_s, walk.kg, walk.litres, rested=walk.rested)
    if walk.truck.ends_empty and (walk.kg or walk.litres):
        unloading = _nearest_station(problem, walk)
        if unloading is None or not _make(problem, home, unloading):
            return False
    way = drive(problem, walk.truck, home.here, walk.truck.end_location)
    rest = walk.truck.rest
    pause_s = 0 if rest is None or home.rested else rest.duration_s
    return way is not None and home.clock_s + way[0] + pause_s <= walk.truck.shift_end_s + walk.truck.overtime_s


def _go_home(problem: Problem, walk: _Walk, left: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> None:
    """Unload once more, and give tasks back from the end as long as the timetable does not agree."""
    while walk.visits:
        visits = list(walk.visits)
        if walk.truck.ends_empty and (visits[-1].kind is StopKind.TASK):
            last = problem.tasks[visits[-1].index]
            unloading = _nearest_station(problem, _Walk(walk.number, walk.truck, last.location, 0, 0, 0))
            if unloading is not None:
                visits.append(unloading)
        if route_of(problem, walk.number, visits) is not None:
            walk.visits = visits
            return
        gone = walk.visits.pop()
        if gone.kind is StopKind.TASK:
            left[gone.index] = True
