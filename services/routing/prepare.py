"""What is settled before the search: big tasks are split, visits to one point get windows apart, long shifts are cut.

The search then needs to know nothing of these three rules; the price is that the cuts are chosen without it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from services.routing.problem import MAX_TIME_S, Problem, Task, Truck, Window

MOST_PARTS = 100
"""A task that would need more parts than this is left whole, and so unserved."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """The problem to search, and for each of its tasks the task of the original problem that it is (a part of)."""

    problem: Problem
    origin: tuple[int, ...]


def prepare(problem: Problem) -> Prepared:
    """A problem without spacing, limits on a truck's hours and tasks above every truck's capacity."""
    trucks = tuple(_shorten(problem, number) for number in range(len(problem.trucks)))
    tasks, servable = _space_out(problem)
    parts: list[Task] = []
    origin: list[int] = []
    rows = []
    for number, task in enumerate(tasks):
        pieces = _split(task, [truck for at, truck in enumerate(trucks) if problem.may_serve[number, at]])
        for piece in pieces:
            parts.append(piece)
            origin.append(number)
            rows.append(problem.may_serve[number] & servable[number])
    may_serve = np.array(rows, dtype=np.bool_).reshape(len(parts), len(trucks))
    return Prepared(replace(problem, tasks=tuple(parts), trucks=trucks, may_serve=may_serve), tuple(origin))


def _split(task: Task, trucks: Sequence[Truck]) -> list[Task]:
    """The task, or even parts of it that the truck which holds most can take up at once."""
    sizes = [(min(truck.capacity_kg, truck.max_kg), min(truck.capacity_l, truck.max_l)) for truck in trucks]
    sizes = [(kg, litres) for kg, litres in sizes if kg > 0 and litres > 0]
    if not sizes or any(task.demand_kg <= kg and task.demand_l <= litres for kg, litres in sizes):
        return [task]
    count = min(max(-(-task.demand_kg // kg), -(-task.demand_l // litres)) for kg, litres in sizes)
    if count > MOST_PARTS:
        return [task]
    return [
        replace(
            task,
            demand_kg=task.demand_kg * (part + 1) // count - task.demand_kg * part // count,
            demand_l=task.demand_l * (part + 1) // count - task.demand_l * part // count,
        )
        for part in range(count)
    ]


def _space_out(problem: Problem) -> tuple[list[Task], list[bool]]:
    """The tasks with windows in which visits to one point are always far enough apart; false for those with none."""
    tasks = list(problem.tasks)
    servable = [True] * len(tasks)
    visits: dict[int, list[int]] = defaultdict(list)
    for number, task in enumerate(tasks):
        if task.point >= 0:
            visits[task.point].append(number)
    for numbers in visits.values():
        if len(numbers) < 2 or all(tasks[number].spacing_s == 0 for number in numbers):
            continue
        # Only the hours of who may serve the point count: cut for a night truck, a morning truck has half a shift.
        at_work = [problem.trucks[at] for at in np.flatnonzero(problem.may_serve[numbers].any(axis=0))]
        start_s = min((truck.shift_start_s for truck in at_work), default=0)
        end_s = max((truck.shift_end_s + truck.overtime_s for truck in at_work), default=MAX_TIME_S - 1)
        for number in numbers:
            windows = _within(tasks[number], start_s, end_s)
            servable[number] = bool(windows)
            if windows:
                tasks[number] = replace(tasks[number], windows=windows)
        in_order = sorted(filter(servable.__getitem__, numbers), key=lambda number: _span(tasks[number]))
        _space_point(tasks, servable, in_order)
    return tasks, servable


def _span(task: Task) -> tuple[int, int]:
    return (task.windows[0].start_s, task.windows[-1].end_s) if task.windows else (0, MAX_TIME_S)


def _space_point(tasks: list[Task], servable: list[bool], numbers: list[int]) -> None:
    """Give the visits of one point, in this order, windows that are their spacing apart."""
    earliest: list[int] = []
    kept: list[int] = []
    for number in numbers:
        low = 0 if not kept else earliest[-1] + _gap(tasks[kept[-1]], tasks[number])
        begin = _first_from(tasks[number], low)
        if begin is None:
            servable[number] = False
        else:
            kept.append(number)
            earliest.append(begin)
    latest = [0] * len(kept)
    bound = MAX_TIME_S - 1
    for place in range(len(kept) - 1, -1, -1):
        end = _last_until(tasks[kept[place]], bound)
        latest[place] = max(earliest[place], end)
        if place:
            bound = latest[place] - _gap(tasks[kept[place - 1]], tasks[kept[place]])
    for place in range(1, len(kept)):
        gap = _gap(tasks[kept[place - 1]], tasks[kept[place]])
        if latest[place - 1] + gap > earliest[place]:
            cut = (latest[place - 1] + earliest[place] - gap) // 2
            latest[place - 1], earliest[place] = cut, cut + gap
    for place, number in enumerate(kept):
        windows = _within(tasks[number], earliest[place], latest[place])
        servable[number] = bool(windows)
        if windows:
            tasks[number] = replace(tasks[number], windows=windows)


def _gap(one: Task, other: Task) -> int:
    return max(one.spacing_s, other.spacing_s)


def _first_from(task: Task, low: int) -> int | None:
    if not task.windows:
        return low if low < MAX_TIME_S else None
    place = bisect_left(task.windows, low, key=lambda window: window.end_s)
    return max(low, task.windows[place].start_s) if place < len(task.windows) else None


def _last_until(task: Task, high: int) -> int:
    if not task.windows:
        return high
    place = bisect_right(task.windows, high, key=lambda window: window.start_s) - 1
    return min(high, task.windows[place].end_s) if place >= 0 else -1


def _within(task: Task, low: int, high: int) -> tuple[Window, ...]:
    windows = task.windows or (Window(0, MAX_TIME_S - 1),)
    return tuple(
        Window(max(low, window.start_s), min(high, window.end_s))
        for window in windows
        if max(low, window.start_s) <= min(high, window.end_s)
    )


def _shorten(problem: Problem, number: int) -> Truck:
    """The truck with its shift cut to the hours that it may be out, where most of its tasks can be served."""
    truck = problem.trucks[number]
    latest_end_s = truck.shift_end_s + truck.overtime_s
    if truck.max_duration_s >= latest_end_s - truck.shift_start_s:
        return truck
    tasks = [task for at, task in enumerate(problem.tasks) if problem.may_serve[at, number]]
    last_start_s = latest_end_s - truck.max_duration_s
    starts = {truck.shift_start_s, last_start_s}
    starts |= {window.start_s for task in tasks for window in task.windows[:1]}

    def open_tasks(start_s: int) -> int:
        return sum(bool(_within(task, start_s, start_s + truck.max_duration_s)) for task in tasks)

    usable = sorted(start_s for start_s in starts if truck.shift_start_s <= start_s <= last_start_s)
    start_s = max(usable[:: max(1, len(usable) // 24)], key=open_tasks)
    end_s = start_s + truck.max_duration_s
    shift_end_s = max(start_s, min(truck.shift_end_s, end_s))
    return replace(truck, shift_start_s=start_s, shift_end_s=shift_end_s, overtime_s=end_s - shift_end_s)
