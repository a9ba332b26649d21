"""The problem as the kernel reads it: a few packed arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.routing.kernel import layout as at
from services.routing.kernel.near import neighbours
from services.routing.kernel.roads import packed, used_places
from services.routing.problem import MAX_TIME_S, UNLIMITED, Break, Problem, Task, Truck, Window

BIGGEST_LOAD = 2**30
SORT_KEYS = 5

Int32 = NDArray[np.int32]


class KernelData(NamedTuple):
    """The unchanging part of a search; rows and columns are named in `layout`.

    `out[p, i, j]` is (seconds, metres) from i to j by road profile p and `into[p, j, i]` the same number, so that all
    arcs into or out of one place lie in one row. `order` holds what tasks are sorted by when they are put back.
    `limits` and `limited` are the stations' tonnes and bays and whether there are any, `taken` when others are at a bay
    (station, from, until), `wishes` and `wished` are the weights; `extras` says whether a task can cost a truck more
    than its way.
    """

    entities: Int32
    windows: Int32
    trucks: Int32
    prices: NDArray[np.float64]
    out: Int32
    into: Int32
    may_serve: NDArray[np.uint8]
    may_tip: NDArray[np.uint8]
    near: Int32
    ring: Int32
    order: NDArray[np.float64]
    weight: NDArray[np.float64]
    limits: NDArray[np.int64]
    taken: NDArray[np.int64]
    limited: bool
    preferred: Int32
    wishes: NDArray[np.float64]
    wished: bool
    extras: bool
    mean_kg: float

    @property
    def task_count(self) -> int:
        """Number of tasks."""
        return int(self.may_serve.shape[0])

    @property
    def truck_count(self) -> int:
        """Number of trucks."""
        return int(self.trucks.shape[0])


def arrange(problem: Problem, workers: int = 1, should_stop: Callable[[], bool] | None = None) -> KernelData:
    """Pack a problem for the search; tasks that no truck may serve are packed too and simply find no place.

    `workers` threads do it, which ask every few milliseconds whether they should stop.

    Raises:
        GivenUpError: `should_stop` said yes.

    """
    places = used_places(problem)
    row_of = np.zeros(problem.travel[0].location_count, dtype=np.int32)
    row_of[places] = np.arange(len(places))
    out, into = packed(problem.travel, places, workers, should_stop)
    entities, windows = _entities(problem)
    entities[:, at.E_LOCATION] = row_of[entities[:, at.E_LOCATION]]
    may_serve = _servable(problem)
    trucks = _trucks(problem, may_serve)
    trucks[:, [at.T_FROM, at.T_TO]] = row_of[trucks[:, [at.T_FROM, at.T_TO]]]
    prices = _prices(problem.trucks)
    near, ring = neighbours((out[0], into[0]), entities[: len(problem.tasks)], prices, workers, should_stop)
    limits = _limits(problem)
    weights = problem.weights
    wishes = np.array([weights.balance_per_h / 3600, weights.compactness_per_km / 1000, weights.change], np.float64)
    return KernelData(
        entities=entities,
        windows=windows,
        trucks=trucks,
        prices=prices,
        out=out,
        into=into,
        may_serve=may_serve,
        may_tip=np.ascontiguousarray(problem.may_tip, dtype=np.uint8),
        near=near,
        ring=ring,
        order=_order(entities[: len(problem.tasks)], trucks, out[0]),
        weight=priority_weights(problem.tasks),
        limits=limits,
        taken=_taken(problem),
        limited=bool((limits[:, at.M_KG] < UNLIMITED).any() or limits[:, at.M_BAYS].any()),
        preferred=np.array([task.preferred_truck for task in problem.tasks], dtype=np.int32),
        wishes=wishes,
        wished=bool(wishes.any()),
        extras=bool(weights.change > 0 or (prices[:, at.P_OVERTIME_SECOND] > 0).any()),
        mean_kg=max(sum(task.demand_kg for task in problem.tasks) / max(len(problem.tasks), 1), 1.0),
    )


def _entities(problem: Problem) -> tuple[Int32, Int32]:
    rows: list[list[int]] = []
    windows: list[tuple[int, int]] = []

    def add(location: int, service_s: int, opens: Sequence[Window], kg: int, litres: int) -> None:
        spans = [(window.start_s, window.end_s) for window in opens] or [(0, MAX_TIME_S)]
        rows.append([location, service_s, spans[0][0], spans[-1][1], len(windows), len(spans), kg, litres])
        windows.extend(spans)

    for task in problem.tasks:
        kg, litres = min(task.demand_kg, BIGGEST_LOAD), min(task.demand_l, BIGGEST_LOAD)
        add(task.location, task.service_s, task.windows, kg, litres)
    for station in problem.stations:
        add(station.location, station.tip_s, station.windows, 0, 0)
    return (
        np.array(rows, dtype=np.int32).reshape(-1, at.ENTITY_WIDTH),
        np.array(windows, dtype=np.int32).reshape(-1, 2),
    )


def _limits(problem: Problem) -> NDArray[np.int64]:
    """Tonnes and bays of each station, as far as the day's trucks and tasks can reach them."""
    most_kg = sum(task.demand_kg for task in problem.tasks) + sum(truck.start_load_kg for truck in problem.trucks)
    limits = np.full((len(problem.stations), at.LIMIT_WIDTH), UNLIMITED, dtype=np.int64)
    for number, station in enumerate(problem.stations):
        if station.remaining_kg is not None and station.remaining_kg < most_kg:
            limits[number, at.M_KG] = station.remaining_kg
        bays = 0 if station.bays is None or station.tip_s == 0 else station.bays
        comers = len(problem.trucks) + len(station.taken)
        limits[number, at.M_BAYS] = bays if bays < min(comers, at.MOST_BAYS + 1) else 0
    return limits


def _taken(problem: Problem) -> NDArray[np.int64]:
    """When others than the day's trucks are at a bay: station, from, until."""
    spans = [(number, span.start_s, span.end_s) for number, row in enumerate(problem.stations) for span in row.taken]
    return np.array(spans, dtype=np.int64).reshape(-1, 3)


def _servable(problem: Problem) -> NDArray[np.uint8]:
    """Who may serve what, less the loads for trucks that must end empty and may unload nowhere."""
    may_serve = np.ascontiguousarray(problem.may_serve, dtype=np.uint8).copy()
    loaded = np.array([task.demand_kg > 0 or task.demand_l > 0 for task in problem.tasks], dtype=np.bool_)
    for number, truck in enumerate(problem.trucks):
        if truck.ends_empty and not problem.may_tip[:, number].any():
            carries = truck.start_load_kg > 0 or truck.start_load_l > 0
            may_serve[np.ones_like(loaded) if carries else loaded, number] = 0
    return may_serve


def _trucks(problem: Problem, may_serve: NDArray[np.uint8]) -> Int32:
    loaded = np.array([task.demand_kg > 0 or task.demand_l > 0 for task in problem.tasks], dtype=np.bool_)
    rows = np.zeros((len(problem.trucks), at.TRUCK_WIDTH), dtype=np.int32)
    groups: dict[tuple[object, ...], int] = {}
    for number, truck in enumerate(problem.trucks):
        carries = bool(may_serve[loaded, number].any()) or truck.start_load_kg > 0 or truck.start_load_l > 0
        unloads = truck.ends_empty and carries and bool(problem.may_tip[:, number].any())
        look = (truck, may_serve[:, number].tobytes(), problem.may_tip[:, number].tobytes())
        rows[number] = _truck_row(truck, unloads, groups.setdefault(look, len(groups)))
    return rows


def _truck_row(truck: Truck, unloads: bool, group: int) -> list[int]:
    latest_end_s = truck.shift_end_s + truck.overtime_s
    row = [0] * at.TRUCK_WIDTH
    row[at.T_FROM], row[at.T_TO] = truck.start_location, truck.end_location
    row[at.T_START], row[at.T_END], row[at.T_SHIFT_END] = truck.shift_start_s, latest_end_s, truck.shift_end_s
    row[at.T_REST_S : at.T_FREE_UNTIL + 1] = _rest_row(truck.rest, truck.shift_start_s, latest_end_s)
    row[at.T_KG : at.T_MAX_STOPS + 1] = [
        min(limit, BIGGEST_LOAD)
        for limit in (truck.capacity_kg, truck.capacity_l, truck.max_kg, truck.max_l, truck.max_stops)
    ]
    row[at.T_PROFILE], row[at.T_PERMILLE] = truck.profile, truck.speed_permille
    row[at.T_UNLOADS] = int(unloads)
    row[at.T_START_KG] = min(truck.start_load_kg, BIGGEST_LOAD)
    row[at.T_START_L] = min(truck.start_load_l, BIGGEST_LOAD)
    row[at.T_GROUP] = group
    return row


def _rest_row(rest: Break | None, start_s: int, end_s: int) -> list[int]:
    """Duration, window and the latest return without a break, for a truck that leaves when its shift begins."""
    if rest is None:
        return [0, 0, 0, end_s]
    latest_s = rest.latest_s if rest.after_s is None else min(rest.latest_s, start_s + rest.after_s)
    latest_s = max(latest_s, -1)
    free_until_s = at.NEVER if rest.always else min(latest_s, end_s)
    if start_s > rest.latest_s and not rest.always:
        return [0, 0, 0, end_s]
    return [rest.duration_s, rest.earliest_s, latest_s, free_until_s]


def _prices(trucks: Sequence[Truck]) -> NDArray[np.float64]:
    """Costs per metre and second; where driving costs nothing at all, a metre has a little price to search by."""
    prices = np.array(
        [
            [truck.cost_per_km / 1000, truck.cost_per_h / 3600, truck.fixed_cost, truck.overtime_cost_per_h / 3600]
            for truck in trucks
        ],
        dtype=np.float64,
    ).reshape(-1, at.PRICE_WIDTH)
    idle = (prices[:, at.P_METRE] == 0) & (prices[:, at.P_SECOND] == 0)
    prices[idle, at.P_METRE] = 1e-6
    return prices


def _order(rows: Int32, trucks: Int32, page: Int32) -> NDArray[np.float64]:
    """What tasks can be sorted by: demand, nearness to a depot, window length, window start, window end."""
    order = np.zeros((len(rows), SORT_KEYS), dtype=np.float64)
    if not len(rows) or not len(trucks):
        return order
    wide = rows.astype(np.int64)
    starts = np.unique(trucks[:, at.T_FROM])
    order[:, 0] = -(wide[:, at.E_KG] + wide[:, at.E_L])
    order[:, 1] = page[starts][:, rows[:, at.E_LOCATION], 0].min(axis=0)
    order[:, 2] = wide[:, at.E_CLOSE] - wide[:, at.E_OPEN]
    order[:, 3] = wide[:, at.E_OPEN]
    order[:, 4] = -wide[:, at.E_CLOSE]
    return order


def priority_weights(tasks: Sequence[Task]) -> NDArray[np.float64]:
    """The price of leaving a task out: one of a higher priority outweighs all of the lower ones together."""
    ranks = {priority: rank for rank, priority in enumerate(sorted({task.priority for task in tasks}))}
    base = min(float(len(tasks) + 1), 10.0 ** (200 / max(len(ranks), 1)))
    return np.array([base ** ranks[task.priority] for task in tasks], dtype=np.float64)
