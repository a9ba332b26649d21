"""What is settled before the search: big tasks are split, visits to one point get windows apart, long shifts are cut.

The search then needs to know nothing of these three rules; the price is that the cuts are chosen without it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from services.routing.problem import MAX_TIME_S, BoolMatrix, Problem, Task, Truck, Window

MOST_PARTS = 100
"""A task that would need more parts than this is left whole, and so unserved."""

MOST_STARTS = 24
"""So many beginnings of a truck's hours are compared, about."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """The problem to search, and for each of its tasks the task of the original problem that it is (a part of)."""

    problem: Problem
    origin: tuple[int, ...]


def prepare(problem: Problem) -> Prepared:
    """A problem without spacing, limits on a truck's hours and tasks above every truck's capacity."""
    trucks = _shortened(problem)
    tasks, servable = _space_out(problem)
    too_big = _above_every_truck(problem, trucks)
    parts: list[Task] = []
    origin: list[int] = []
    for number, task in enumerate(tasks):
        pieces = [task]
        if too_big[number]:
            pieces = _split(task, [trucks[at] for at in np.flatnonzero(problem.may_serve[number])])
        parts += pieces
        origin += [number] * len(pieces)
    may_serve = (problem.may_serve & np.array(servable, dtype=np.bool_)[:, None])[origin]
    return Prepared(replace(problem, tasks=tuple(parts), trucks=trucks, may_serve=may_serve), tuple(origin))


def _above_every_truck(problem: Problem, trucks: Sequence[Truck]) -> NDArray[np.bool_]:
    """Which tasks no truck that may serve them could take up at once."""
    kg = np.array([min(truck.capacity_kg, truck.max_kg) for truck in trucks], dtype=np.int64)
    litres = np.array([min(truck.capacity_l, truck.max_l) for truck in trucks], dtype=np.int64)
    demand_kg = np.array([task.demand_kg for task in problem.tasks], dtype=np.int64)[:, None]
    demand_l = np.array([task.demand_l for task in problem.tasks], dtype=np.int64)[:, None]
    held = (demand_kg <= kg) & (demand_l <= litres) & (kg > 0) & (litres > 0)
    return np.logical_not((held & problem.may_serve).any(axis=1))


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


def _shortened(problem: Problem) -> tuple[Truck, ...]:
    """The trucks with their shifts cut to the hours that they may be out, where most of their tasks can be served.

    A task counts the less, the more trucks have hours for it already: of trucks that are alike some work early and some
    late where their tasks are so.
    """
    spans = _Spans(problem)
    choices: dict[tuple[Truck, bytes], tuple[list[int], BoolMatrix]] = {}
    had = np.zeros(len(problem.tasks), dtype=np.int64)
    trucks = []
    for number, truck in enumerate(problem.trucks):
        if truck.max_duration_s < truck.shift_end_s + truck.overtime_s - truck.shift_start_s:
            look = (truck, problem.may_serve[:, number].tobytes())
            if look not in choices:
                choices[look] = spans.choices(truck, problem.may_serve[:, number])
            starts_s, served = choices[look]
            place = int(np.argmax(np.round(served @ (1.0 / (1 + had)), 6)))
            had += served[place]
            truck = _cut(truck, starts_s[place])
        trucks.append(truck)
    return tuple(trucks)


class _Spans:
    """When the tasks of a problem may be served."""

    def __init__(self, problem: Problem) -> None:
        rows = [task.windows or (Window(0, MAX_TIME_S - 1),) for task in problem.tasks]
        self._count = len(rows)
        self._owners = np.repeat(np.arange(len(rows)), np.array([len(row) for row in rows], dtype=np.int64))
        self._opens = np.array([window.start_s for row in rows for window in row], dtype=np.int64)
        self._closes = np.array([window.end_s for row in rows for window in row], dtype=np.int64)

    def choices(self, truck: Truck, may_serve: BoolMatrix) -> tuple[list[int], BoolMatrix]:
        """When a truck may begin, at most so often as is worth a look, and which tasks it can serve then."""
        own = may_serve[self._owners]
        owners, opens, closes = self._owners[own], self._opens[own], self._closes[own]
        last_start_s = truck.shift_end_s + truck.overtime_s - truck.max_duration_s
        is_first = np.diff(owners, prepend=-1) != 0
        starts = {truck.shift_start_s, last_start_s, *opens[is_first].tolist()}
        usable = sorted(start_s for start_s in starts if truck.shift_start_s <= start_s <= last_start_s)
        usable = usable[:: max(1, len(usable) // MOST_STARTS)]
        served = np.zeros((len(usable), self._count), dtype=np.bool_)
        for place, start_s in enumerate(usable):
            overlaps = np.maximum(opens, start_s) <= np.minimum(closes, start_s + truck.max_duration_s)
            served[place, owners[overlaps]] = True
        return usable, served


def _cut(truck: Truck, start_s: int) -> Truck:
    """The truck with its shift, overtime included, cut to its hours from a moment on."""
    end_s = start_s + truck.max_duration_s
    shift_end_s = max(start_s, min(truck.shift_end_s, end_s))
    return replace(truck, shift_start_s=start_s, shift_end_s=shift_end_s, overtime_s=end_s - shift_end_s)
