"""Why a task is on no route: the first rule that stands against it, looked for from the problem and the plan alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.routing.problem import Problem, Task, Truck, Window
from services.routing.solution import Reason, Route, StopKind, Unserved


def explain(problem: Problem, routes: Sequence[Route], tasks: Sequence[int]) -> tuple[Unserved, ...]:
    """A reason for each of the tasks that a plan leaves out."""
    days = {route.truck: _day_of(route) for route in routes}
    tipped_kg = [0] * len(problem.stations)
    for route in routes:
        for stop in route.stops:
            if stop.kind is StopKind.UNLOAD:
                tipped_kg[stop.index] -= stop.taken_kg
    looks = _Looks(problem)
    return tuple(_explain_task(problem, days, tipped_kg, looks, number) for number in sorted(tasks))


@dataclass(frozen=True, slots=True)
class _Day:
    """What a truck does in the plan: its load, its tasks, its seconds of driving, serving, tipping and rest."""

    kg: int = 0
    litres: int = 0
    stops: int = 0
    busy_s: int = 0


IDLE = _Day()


def _day_of(route: Route) -> _Day:
    standing_s = sum(stop.depart_s - stop.start_s for stop in route.stops)
    return _Day(route.collected_kg, route.collected_l, len(route.tasks), route.drive_s + standing_s)


class _Looks:
    """The trucks that may serve a task, in groups of those that are alike; tasks with the same trucks share them."""

    def __init__(self, problem: Problem) -> None:
        self._may_serve = problem.may_serve
        self._alike = _alike(problem)
        self._known: dict[bytes, dict[int, list[int]]] = {}

    def of(self, task: int) -> dict[int, list[int]]:
        """One truck of each group that may serve the task, with all that are like it."""
        row = self._may_serve[task]
        key = row.tobytes()
        if key not in self._known:
            groups: dict[int, list[int]] = {}
            for truck in np.flatnonzero(row).tolist():
                groups.setdefault(int(self._alike[truck]), []).append(truck)
            self._known[key] = groups
        return self._known[key]


def _alike(problem: Problem) -> NDArray[np.int64]:
    """For each truck the first truck that is like it in everything but what it may serve."""
    first: dict[tuple[object, ...], int] = {}
    return np.array(
        [
            first.setdefault((truck, problem.may_tip[:, number].tobytes()), number)
            for number, truck in enumerate(problem.trucks)
        ],
        dtype=np.int64,
    )


def _explain_task(
    problem: Problem, days: dict[int, _Day], tipped_kg: Sequence[int], looks: _Looks, number: int
) -> Unserved:
    task = problem.tasks[number]
    groups = looks.of(number)
    if not groups:
        return Unserved(number, Reason.NO_TRUCK_MAY_SERVE, "No truck of this day may serve it.")
    reached = [truck for truck in groups if _reachable(problem, truck, task)]
    if not reached:
        return Unserved(number, Reason.UNREACHABLE, "No truck that may serve it has a road there and back.")
    held = [truck for truck in reached if _holds(problem.trucks[truck], task)]
    if not held and _most_together(problem, [twin for truck in reached for twin in groups[truck]], task):
        held = reached
    if not held:
        sentence = f"Its {task.demand_kg} kg and {task.demand_l} l are more than its trucks take in the whole day."
        return Unserved(number, Reason.TOO_LITTLE_CAPACITY, sentence)
    tipping = [truck for truck in held if _can_tip(problem, truck, task, tipped_kg)]
    if not tipping:
        sentence = "No station that its trucks may use is open in their shift and still takes its load."
        return Unserved(number, Reason.STATION_CLOSED_OR_FULL, sentence)
    on_time = [truck for truck in tipping if _meets_window(problem, truck, task)]
    if not on_time:
        sentence = "No truck that may serve it can be there within its windows."
        return Unserved(number, Reason.WINDOW_CANNOT_BE_MET, sentence)
    fitting = [truck for truck in on_time if _fits_shift(problem, truck, task)]
    if not fitting:
        sentence = "Going there, unloading and coming home takes longer than the shifts of its trucks."
        return Unserved(number, Reason.SHIFT_TOO_SHORT, sentence)
    return _explain_full(problem, days, (twin for truck in fitting for twin in groups[truck]), number)


def _explain_full(problem: Problem, days: dict[int, _Day], fitting: Iterable[int], number: int) -> Unserved:
    """For a task that could be served alone: whether the trucks are full, out of time, or the search just ended."""
    task, has_roomy = problem.tasks[number], False
    for truck in fitting:
        row, day = problem.trucks[truck], days.get(truck, IDLE)
        if _day_has_room(row, day, task):
            has_roomy = True
            if _has_time(row, day, task):
                return Unserved(
                    number, Reason.TIME_RAN_OUT, "The search found no place for it in the time that it had."
                )
    if has_roomy:
        return Unserved(number, Reason.SHIFT_TOO_SHORT, "Every truck that may serve it is out for its whole shift.")
    return Unserved(number, Reason.TOO_LITTLE_CAPACITY, "Every truck that may serve it has its fill for the day.")


def _seconds(problem: Problem, truck: Truck, here: int, there: int) -> int | None:
    travel = problem.travel[truck.profile]
    base_s = int(travel.duration_s[here, there])
    if base_s < 0 or travel.distance_m[here, there] < 0:
        return None
    return -(-1000 * base_s // truck.speed_permille)


def _exits(problem: Problem, number: int, task: Task) -> list[tuple[int, int, tuple[Window, ...], int]]:
    """Ways from a task home: (seconds to the station, tipping seconds, its windows, seconds home)."""
    truck = problem.trucks[number]
    if not (truck.ends_empty and (task.demand_kg or task.demand_l)):
        home_s = _seconds(problem, truck, task.location, truck.end_location)
        return [] if home_s is None else [(0, 0, (), home_s)]
    ways = []
    for position, station in enumerate(problem.stations):
        there_s = _seconds(problem, truck, task.location, station.location)
        home_s = _seconds(problem, truck, station.location, truck.end_location)
        if problem.may_tip[position, number] and there_s is not None and home_s is not None:
            ways.append((there_s, station.tip_s, station.windows, home_s))
    return ways


def _reachable(problem: Problem, number: int, task: Task) -> bool:
    """A road to the task and on from it: to a station where there is one to use, else to the truck's end."""
    truck = problem.trucks[number]
    if _seconds(problem, truck, truck.start_location, task.location) is None:
        return False
    places = [station.location for station in problem.stations] if truck.ends_empty else []
    places.append(truck.end_location)
    return any(_seconds(problem, truck, task.location, place) is not None for place in places)


def _holds(truck: Truck, task: Task) -> bool:
    kg, litres = min(truck.capacity_kg, truck.max_kg), min(truck.capacity_l, truck.max_l)
    return task.demand_kg <= kg and task.demand_l <= litres and truck.max_stops > 0


def _most_together(problem: Problem, trucks: Sequence[int], task: Task) -> bool:
    """Whether trucks that each take a part could take the whole task in a day."""
    rows = [problem.trucks[truck] for truck in trucks]
    rows = [truck for truck in rows if truck.capacity_kg and truck.capacity_l and truck.max_stops]
    return sum(truck.max_kg for truck in rows) >= task.demand_kg and sum(truck.max_l for truck in rows) >= task.demand_l


def _can_tip(problem: Problem, number: int, task: Task, tipped_kg: Sequence[int]) -> bool:
    """Whether the truck may end with the load, or a station is open to it and has tonnes left after the plan."""
    truck = problem.trucks[number]
    if not (truck.ends_empty and (task.demand_kg or task.demand_l)):
        return True
    for position, station in enumerate(problem.stations):
        if not problem.may_tip[position, number]:
            continue
        if station.remaining_kg is not None and tipped_kg[position] + task.demand_kg > station.remaining_kg:
            continue
        latest_s = truck.shift_end_s + truck.overtime_s
        opens = [window for window in station.windows if window.end_s >= truck.shift_start_s]
        if not station.windows or any(window.start_s <= latest_s for window in opens):
            return True
    return False


def _begin(windows: Sequence[Window], arrive_s: int) -> int | None:
    if not windows:
        return arrive_s
    return next((max(arrive_s, window.start_s) for window in windows if arrive_s <= window.end_s), None)


def _meets_window(problem: Problem, number: int, task: Task) -> bool:
    truck = problem.trucks[number]
    drive_s = _seconds(problem, truck, truck.start_location, task.location)
    assert drive_s is not None  # the caller has sorted out what cannot be reached
    start_s = _begin(task.windows, truck.shift_start_s + drive_s)
    return start_s is not None and start_s <= truck.shift_end_s + truck.overtime_s


def _fits_shift(problem: Problem, number: int, task: Task) -> bool:
    """Whether the truck could serve this task alone, its break apart, and be home in time."""
    truck = problem.trucks[number]
    drive_s = _seconds(problem, truck, truck.start_location, task.location)
    start_s = None if drive_s is None else _begin(task.windows, truck.shift_start_s + drive_s)
    if drive_s is None or start_s is None:
        return False
    for there_s, tip_s, windows, home_s in _exits(problem, number, task):
        tip_start_s = _begin(windows, start_s + task.service_s + there_s)
        if tip_start_s is None:
            continue
        back_s = tip_start_s + tip_s + home_s
        on_the_way_s = drive_s + task.service_s + there_s + tip_s + home_s
        if back_s <= truck.shift_end_s + truck.overtime_s and on_the_way_s <= truck.max_duration_s:
            return True
    return False


def _day_has_room(truck: Truck, day: _Day, task: Task) -> bool:
    part_kg, part_l = min(task.demand_kg, truck.capacity_kg), min(task.demand_l, truck.capacity_l)
    return day.kg + part_kg <= truck.max_kg and day.litres + part_l <= truck.max_l and day.stops < truck.max_stops


def _has_time(truck: Truck, day: _Day, task: Task) -> bool:
    if day.stops == 0:
        return True
    return min(truck.shift_end_s + truck.overtime_s - truck.shift_start_s, truck.max_duration_s) - day.busy_s >= (
        task.service_s
    )
