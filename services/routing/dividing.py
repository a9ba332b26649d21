"""A day that is too large for one search, divided into districts: each visit and each truck is in one of them.

The town is cut across its longer side, again and again, so that the districts have as many tasks each. Trucks go with
the work that they may do, the nearer ones first; who may serve what, and who may tip where, stays as it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from services.routing.mending import Routes
from services.routing.outline import Outline
from services.routing.problem import Station, Task
from services.routing.solution import Solution, StopKind
from services.routing.timetable import Visit

Numbers = NDArray[np.intp]
Points = NDArray[np.float64]

NEAREST_SHARE = 0.5
"""How much of a station's tonnes and bays goes to whom it is nearest; the rest goes to all districts by their work."""


RouteNumbers = tuple[int, list[tuple[bool, int]]]
"""A truck's number, and what it does: whether that is an unloading, and the number of the task or the station."""


@dataclass(frozen=True, slots=True)
class District:
    """A part of a day: the numbers of its tasks and trucks in the whole, and its problem."""

    tasks: tuple[int, ...]
    trucks: tuple[int, ...]
    outline: Outline


def divide(outline: Outline, count: int) -> list[District]:
    """So many districts at most, each with tasks and trucks; what no truck may serve is in one of them too."""
    town = _Town(outline)
    parts = town.cut(np.arange(len(outline.tasks)), np.arange(len(outline.trucks)), count)
    shares = town.station_shares([tasks for tasks, _ in parts])
    return [
        District(
            tuple(tasks.tolist()),
            tuple(trucks.tolist()),
            outline.part(tasks.tolist(), trucks.tolist(), _shared(outline.stations, shares[number])),
        )
        for number, (tasks, trucks) in enumerate(parts)
    ]


def route_numbers(solution: Solution) -> list[RouteNumbers]:
    """The routes of a district's solution, to be sent back."""
    return [
        (
            route.truck,
            [
                (stop.kind is StopKind.UNLOAD, stop.index)
                for stop in route.stops
                if stop.kind in (StopKind.TASK, StopKind.UNLOAD)
            ],
        )
        for route in solution.routes
    ]


def joined(tasks: Sequence[Task], districts: Iterable[tuple[District, Sequence[RouteNumbers]]]) -> Routes:
    """The plan of the whole that the districts' routes are; `tasks` are the whole's, and some may be on none."""
    plan: Routes = {}
    for district, routes in districts:
        for truck, stops in routes:
            plan[district.trucks[truck]] = [
                Visit(StopKind.UNLOAD, number) if unloads else _visit(tasks, district.tasks[number])
                for unloads, number in stops
            ]
    return plan


def _visit(tasks: Sequence[Task], number: int) -> Visit:
    return Visit(StopKind.TASK, number, tasks[number].demand_kg, tasks[number].demand_l)


def _shared(stations: Sequence[Station], shares: Points) -> list[Station]:
    """The stations with a share of what they take today, and of their bays one at least: that is settled later."""
    return [
        replace(
            station,
            bays=None if station.bays is None else max(1, round(station.bays * share)),
            remaining_kg=None if station.remaining_kg is None else int(station.remaining_kg * share),
        )
        for station, share in zip(stations, shares.tolist(), strict=True)
    ]


class _Town:
    """An outline's places in metres, and what its tasks weigh."""

    def __init__(self, outline: Outline) -> None:
        self._outline = outline
        places = np.array(outline.places, dtype=np.float64).reshape(-1, 2)
        east = np.cos(np.radians(places[:, 1].mean() if len(places) else 0.0))
        metres = places * 111_195.0 * np.array([east, 1.0])
        self._location = np.array([task.location for task in outline.tasks], dtype=np.intp)
        self._at = metres[self._location]
        self._depots = metres[[truck.start_location for truck in outline.trucks]]
        self._stations = metres[[station.location for station in outline.stations]]
        self._kg = np.array([task.demand_kg for task in outline.tasks], dtype=np.float64)
        # A tour is as long by its stops as by its load.
        self._work = 1.0 / max(len(self._kg), 1) + self._kg / max(self._kg.sum(), 1.0)

    def cut(self, tasks: Numbers, trucks: Numbers, count: int) -> list[tuple[Numbers, Numbers]]:
        """Tasks and trucks of each of so many districts."""
        if count < 2 or len(tasks) < 2 or len(trucks) < 2:
            return [(tasks, trucks)]
        first = count // 2
        is_first = self._near_side(tasks, first / count)
        if is_first.all() or not is_first.any():
            return [(tasks, trucks)]
        with_first = self._truck_sides(tasks, is_first, trucks)
        is_first = self._by_permission(tasks, is_first, trucks, with_first)
        if is_first.all() or not is_first.any():
            return [(tasks, trucks)]
        near = self.cut(tasks[is_first], trucks[with_first], first)
        return near + self.cut(tasks[~is_first], trucks[~with_first], count - first)

    def _near_side(self, tasks: Numbers, share: float) -> NDArray[np.bool_]:
        """Which of the tasks lie on one side of a line across the longer side of where they are."""
        away = self._at[tasks] - self._at[tasks].mean(axis=0)
        _, axes = np.linalg.eigh(away.T @ away)
        along = away @ axes[:, 1]
        # Tasks at one place stay together.
        places, number = np.unique(self._location[tasks], return_inverse=True)
        firsts = np.full(len(places), np.inf)
        np.minimum.at(firsts, number, along)
        order = np.argsort(firsts, kind="stable")
        sizes = np.bincount(number)[order]
        is_near = np.zeros(len(places), dtype=np.bool_)
        is_near[order] = np.cumsum(sizes) <= share * len(tasks) + 0.5
        return is_near[number]

    def _truck_sides(self, tasks: Numbers, is_first: NDArray[np.bool_], trucks: Numbers) -> NDArray[np.bool_]:
        """Which of the trucks go with the first side: of those that may do the same, by the work that there is."""
        outline = self._outline
        alike: dict[bytes, list[int]] = defaultdict(list)
        for column, truck in enumerate(trucks.tolist()):
            alike[outline.may_serve[tasks, truck].tobytes() + outline.may_tip[:, truck].tobytes()].append(column)
        centres = [self._at[tasks[side]].mean(axis=0) for side in (is_first, ~is_first)]
        nearness = np.hypot(*(self._depots[trucks] - centres[0]).T) - np.hypot(*(self._depots[trucks] - centres[1]).T)
        chosen = np.zeros(len(trucks), dtype=np.bool_)
        for columns in alike.values():
            mine = outline.may_serve[tasks, trucks[columns[0]]]
            work = self._work[tasks] * mine
            share = float(work[is_first].sum() / work.sum()) if mine.any() else 0.5
            wanted = taken = 0.0
            for same in self._kinds(trucks, columns):
                wanted += share * len(same)
                count = round(wanted - taken)
                taken += count
                chosen[sorted(same, key=lambda column: nearness[column])[:count]] = True
        if chosen.all() or not chosen.any():  # a district without trucks is none
            chosen[int(np.argmax(nearness) if chosen.all() else np.argmin(nearness))] ^= True
        return chosen

    def _kinds(self, trucks: Numbers, columns: Sequence[int]) -> list[list[int]]:
        """Trucks that may do the same, by how much they hold and when they work: each side gets some of each kind."""
        kinds: dict[tuple[int, int, int], list[int]] = defaultdict(list)
        for column in columns:
            truck = self._outline.trucks[trucks[column]]
            kinds[truck.capacity_kg, truck.shift_start_s, truck.shift_end_s].append(column)
        return [kinds[key] for key in sorted(kinds)]

    def _by_permission(
        self, tasks: Numbers, is_first: NDArray[np.bool_], trucks: Numbers, with_first: NDArray[np.bool_]
    ) -> NDArray[np.bool_]:
        """The sides of the tasks when each is where a truck may serve it, if any may at all."""
        may_serve = self._outline.may_serve
        by_first = may_serve[np.ix_(tasks, trucks[with_first])].any(axis=1)
        by_second = may_serve[np.ix_(tasks, trucks[~with_first])].any(axis=1)
        return np.where(by_first == by_second, is_first, by_first)

    def station_shares(self, parts: Sequence[Numbers]) -> Points:
        """The share of each district (row) in each station (column): half by whose it is nearest to, half by work."""
        stations = len(self._stations)
        near = np.zeros((len(parts), stations))
        work = np.zeros((len(parts), 1))
        for number, tasks in enumerate(parts):
            work[number] = self._work[tasks].sum()
            if stations and len(tasks):
                away = np.hypot(*np.moveaxis(self._at[tasks][:, None, :] - self._stations, 2, 0))
                np.add.at(near[number], away.argmin(axis=1), self._work[tasks])
        by_work = np.broadcast_to(work / max(float(work.sum()), 1e-9), near.shape)
        total = near.sum(axis=0)
        by_nearest = np.where(total > 0, near / np.maximum(total, 1e-9), by_work)
        return NEAREST_SHARE * by_nearest + (1.0 - NEAREST_SHARE) * by_work
