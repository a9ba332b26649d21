"""The problem as OR-Tools' routing model: completes and improves a plan, and plans alone where there is no kernel.

Unloading places are optional copies of the stations. The last unloading of a truck is folded into its way home, because
asking for an empty truck at the end breaks insertion. Spacing, daily hours, bays and tonnes are left to `prepare` and
`stations`. What comes back is an order of visits: `timetable` sets the clock and refuses what does not keep it.
"""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from ortools.constraint_solver import pywrapcp
from ortools.constraint_solver.routing_enums_pb2 import FirstSolutionStrategy, LocalSearchMetaheuristic

from services.routing.greedy import first_plan
from services.routing.problem import UNLIMITED, BoolMatrix, Problem, Truck, Window
from services.routing.solution import StopKind
from services.routing.timetable import Visit

Plan = dict[int, list[Visit]]

SPARE_UNLOADINGS = 2
"""Unloading stops that the model may add at each station, beyond those of the plan that it starts from."""
NO_WAY = 2**36
COST_SCALE = 100
"""OR-Tools counts whole numbers: hundredths of a cost unit."""


def plan_alone(problem: Problem, time_limit_s: float) -> Plan:
    """A plan without the kernel: nearest tasks first, improved for the given time.

    OR-Tools refuses some first plans that keep every rule (its breaks are stricter): it starts from nothing then, and
    of the two plans the one that serves more is given.
    """
    began = time.monotonic()
    plan = first_plan(problem)
    improved = improve(problem, plan, time_limit_s)
    if improved is None and (model := _model(problem, plan)) is not None:
        improved = model.solve(None, max(time_limit_s - (time.monotonic() - began), 0.1))
    return max((improved or {}, plan), key=_served_count)


def improve(problem: Problem, plan: Mapping[int, Sequence[Visit]], time_limit_s: float) -> Plan | None:
    """The plan that OR-Tools reaches from a given one in the time, with tasks added that it left out; None if none."""
    model = _model(problem, plan)
    return None if model is None else model.solve(plan, time_limit_s)


def _model(problem: Problem, plan: Mapping[int, Sequence[Visit]]) -> _Model | None:
    """The problem as a model, None where there is nothing to plan or it contradicts itself."""
    if not problem.tasks or not problem.trucks:
        return None
    try:
        return _Model(problem, plan)
    except Exception as failure:
        if str(failure) != "CP Solver fail":  # its only way to say that the model contradicts itself
            raise
        return None


def _served_count(plan: Plan) -> int:
    return sum(visit.kind is StopKind.TASK for visits in plan.values() for visit in visits)


class _Model:
    """Nodes are the tasks, the unloading stops, each truck's start and each truck's end, in this order."""

    def __init__(self, problem: Problem, plan: Mapping[int, Sequence[Visit]]) -> None:
        self._problem = problem
        self._unloadings = _unloadings(problem, plan)
        self._locations = np.array(
            [task.location for task in problem.tasks]
            + [problem.stations[station].location for station in self._unloadings]
            + [truck.start_location for truck in problem.trucks]
            + [truck.end_location for truck in problem.trucks]
        )
        first_start = len(problem.tasks) + len(self._unloadings)
        count = len(problem.trucks)
        starts = list(range(first_start, first_start + count))
        ends = list(range(first_start + count, first_start + 2 * count))
        self._first_end = ends[0]
        self._manager = pywrapcp.RoutingIndexManager(len(self._locations), count, starts, ends)
        self._routing = pywrapcp.RoutingModel(self._manager)
        self._add_travel()
        self._add_loads()
        self._add_windows()
        self._add_breaks()
        self._add_choices()

    def solve(self, plan: Mapping[int, Sequence[Visit]] | None, time_limit_s: float) -> Plan | None:
        """Search from a plan, or from one of its own, by guided local search."""
        parameters = pywrapcp.DefaultRoutingSearchParameters()
        parameters.local_search_metaheuristic = LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
        parameters.time_limit.FromMilliseconds(max(1, round(time_limit_s * 1000)))
        if plan is None:
            parameters.first_solution_strategy = FirstSolutionStrategy.PARALLEL_CHEAPEST_INSERTION
            found = self._routing.SolveWithParameters(parameters)
            return None if found is None else self._as_plan(found)
        self._routing.CloseModelWithParameters(parameters)
        start = self._routing.ReadAssignmentFromRoutes(self._as_routes(plan), True)
        if start is None:
            return None
        found = self._routing.SolveFromAssignmentWithParameters(start, parameters)
        return None if found is None else self._as_plan(found)

    def _add_travel(self) -> None:
        """Driving times and costs, one pair of matrices for the trucks that drive and cost alike."""
        routing, trucks = self._routing, self._problem.trucks
        classes: dict[tuple[object, ...], tuple[int, int]] = {}
        time_callbacks = []
        for number, truck in enumerate(trucks):
            tips = tuple(self._problem.may_tip[:, number].tolist())
            look = (truck.profile, truck.speed_factor, truck.cost_per_km, truck.cost_per_h, truck.ends_empty, tips)
            if look not in classes:
                times, costs = self._matrices(number)
                classes[look] = (
                    routing.RegisterTransitMatrix(times.tolist()),
                    routing.RegisterTransitMatrix(costs.tolist()),
                )
            time_callbacks.append(classes[look][0])
            routing.SetArcCostEvaluatorOfVehicle(classes[look][1], number)
            routing.SetFixedCostOfVehicle(truck.fixed_cost * COST_SCALE, number)
        horizon = max(truck.shift_end_s + truck.overtime_s for truck in trucks)
        routing.AddDimensionWithVehicleTransits(time_callbacks, horizon, horizon, False, "time")
        self._time = routing.GetDimensionOrDie("time")
        for number, truck in enumerate(trucks):
            start, end = routing.Start(number), routing.End(number)
            self._time.CumulVar(start).SetMin(truck.shift_start_s)
            self._time.CumulVar(end).SetMax(truck.shift_end_s + truck.overtime_s)
            if truck.overtime_cost_per_h and truck.overtime_s:
                price = round(truck.overtime_cost_per_h * COST_SCALE / 3600)
                self._time.SetCumulVarSoftUpperBound(end, truck.shift_end_s, price)

    def _matrices(self, number: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Times (with the service at the place that is left) and costs between all nodes for one truck."""
        truck, tasks = self._problem.trucks[number], len(self._problem.tasks)
        travel = self._problem.travel[truck.profile]
        square = np.ix_(self._locations, self._locations)
        seconds, metres = travel.duration_s[square].astype(np.int64), travel.distance_m[square].astype(np.int64)
        closed = (seconds < 0) | (metres < 0)
        seconds = -(-seconds * 1000 // truck.speed_permille)
        price_m, price_s = truck.cost_per_km * COST_SCALE / 1000, truck.cost_per_h * COST_SCALE / 3600
        costs = np.rint(metres * price_m + seconds * price_s).astype(np.int64)
        seconds[closed], costs[closed] = NO_WAY, NO_WAY
        if truck.ends_empty and self._unloadings:
            exits = [
                (
                    seconds[:tasks, [place]]
                    + self._problem.stations[station].tip_s
                    + seconds[[place], self._first_end :],
                    costs[:tasks, [place]] + costs[[place], self._first_end :],
                )
                for place, station in enumerate(self._unloadings, tasks)
                if self._problem.may_tip[station, number]
            ]
            if exits:
                choice = np.argmin(np.stack([exit_costs for _, exit_costs in exits]), axis=0)
                for slot, kind in ((seconds, 0), (costs, 1)):
                    stack = np.stack([pair[kind] for pair in exits])
                    slot[:tasks, self._first_end :] = np.take_along_axis(stack, choice[None], axis=0)[0]
        seconds += np.array(self._services())[:, None]
        return np.minimum(seconds, NO_WAY), np.minimum(costs, NO_WAY)

    def _services(self) -> list[int]:
        services = [task.service_s for task in self._problem.tasks]
        services += [self._problem.stations[station].tip_s for station in self._unloadings]
        return services + [0] * (2 * len(self._problem.trucks))

    def _add_loads(self) -> None:
        """What is on board in kg and litres, and what the day's caps allow."""
        tasks, trucks = self._problem.tasks, self._problem.trucks
        kg, litres = [task.demand_kg for task in tasks], [task.demand_l for task in tasks]
        self._add_load("kg", kg, [truck.capacity_kg for truck in trucks], [truck.start_load_kg for truck in trucks])
        self._add_load("l", litres, [truck.capacity_l for truck in trucks], [truck.start_load_l for truck in trucks])
        self._add_cap("day_kg", kg, [truck.max_kg for truck in trucks])
        self._add_cap("day_l", litres, [truck.max_l for truck in trucks])
        self._add_cap("day_stops", [1] * len(tasks), [truck.max_stops for truck in trucks])

    def _add_load(self, name: str, demands: list[int], capacities: list[int], loads: list[int]) -> None:
        most = max(capacities)
        if min(capacities) >= sum(demands) + max(loads) or not any(demands):
            return
        capacities = [min(capacity, sum(demands) + max(loads)) for capacity in capacities]
        most = max(capacities)
        rest = [0] * (2 * len(capacities))
        vector = self._routing.RegisterUnaryTransitVector([*demands, *([-most] * len(self._unloadings)), *rest])
        self._routing.AddDimensionWithVehicleCapacity(vector, most, capacities, False, name)
        dimension = self._routing.GetDimensionOrDie(name)
        for node in range(len(demands)):
            dimension.SlackVar(self._manager.NodeToIndex(node)).SetValue(0)
        for number, load in enumerate(loads):
            dimension.SlackVar(self._routing.Start(number)).SetValue(0)
            dimension.CumulVar(self._routing.Start(number)).SetValue(load)

    def _add_cap(self, name: str, amounts: list[int], caps: list[int]) -> None:
        if min(caps) >= sum(amounts):
            return
        rest = [0] * (len(self._unloadings) + 2 * len(caps))
        vector = self._routing.RegisterUnaryTransitVector([*amounts, *rest])
        caps = [min(cap, UNLIMITED) for cap in caps]
        self._routing.AddDimensionWithVehicleCapacity(vector, 0, caps, True, name)

    def _add_windows(self) -> None:
        rows: list[tuple[Window, ...]] = [task.windows for task in self._problem.tasks]
        rows += [self._problem.stations[station].windows for station in self._unloadings]
        for node, windows in enumerate(rows):
            if not windows:
                continue
            begin = self._time.CumulVar(self._manager.NodeToIndex(node))
            begin.SetRange(windows[0].start_s, windows[-1].end_s)
            for before, after in itertools.pairwise(windows):
                begin.RemoveInterval(before.end_s + 1, after.start_s - 1)

    def _add_breaks(self) -> None:
        solver, services = self._routing.solver(), self._services()
        by_index = [0] * self._routing.Size()
        for node, service_s in enumerate(services[: len(self._problem.tasks) + len(self._unloadings)]):
            by_index[self._manager.NodeToIndex(node)] = service_s
        for number, truck in enumerate(self._problem.trucks):
            rest = _rest_window(truck)
            if rest is not None and truck.rest is not None:
                pause = solver.FixedDurationIntervalVar(*rest, truck.rest.duration_s, False, f"break {number}")
                self._time.SetBreakIntervalsOfVehicle([pause], number, by_index)

    def _add_choices(self) -> None:
        """Who may do what, and what may be left out at which price."""
        routing, problem = self._routing, self._problem
        may_serve = _servable(problem)
        highest = (max(truck.fixed_cost for truck in problem.trucks) + 10**6) * COST_SCALE
        for task, row in enumerate(problem.tasks):
            index = self._manager.NodeToIndex(task)
            routing.AddDisjunction([index], min(highest * 10 ** min(row.priority, 4), 2**52))
            self._allow(index, may_serve[task])
        for node, station in enumerate(self._unloadings, len(problem.tasks)):
            index = self._manager.NodeToIndex(node)
            routing.AddDisjunction([index], 0)
            self._allow(index, problem.may_tip[station])

    def _allow(self, index: int, row: NDArray[np.bool_]) -> None:
        if not row.all():
            self._routing.VehicleVar(index).SetValues([-1, *np.flatnonzero(row).tolist()])

    def _as_routes(self, plan: Mapping[int, Sequence[Visit]]) -> list[list[int]]:
        """A plan as the model's node indices; each unloading takes the next free copy of its station."""
        free: dict[int, list[int]] = {}
        for node, station in enumerate(self._unloadings, len(self._problem.tasks)):
            free.setdefault(station, []).append(self._manager.NodeToIndex(node))
        routes = []
        for number, truck in enumerate(self._problem.trucks):
            visits = list(plan.get(number, ()))
            if truck.ends_empty and visits and visits[-1].kind is StopKind.UNLOAD:
                visits.pop()
            routes.append(
                [
                    self._manager.NodeToIndex(visit.index) if visit.kind is StopKind.TASK else free[visit.index].pop()
                    for visit in visits
                ]
            )
        return routes

    def _as_plan(self, found: pywrapcp.Assignment) -> Plan:
        plan: Plan = {}
        tasks = self._problem.tasks
        for number in range(len(self._problem.trucks)):
            visits: list[Visit] = []
            index = found.Value(self._routing.NextVar(self._routing.Start(number)))
            while not self._routing.IsEnd(index):
                node = self._manager.IndexToNode(index)
                if node < len(tasks):
                    visits.append(Visit(StopKind.TASK, node, tasks[node].demand_kg, tasks[node].demand_l))
                else:
                    visits.append(Visit(StopKind.UNLOAD, self._unloadings[node - len(tasks)]))
                index = found.Value(self._routing.NextVar(index))
            if any(visit.kind is StopKind.TASK for visit in visits):
                plan[number] = visits + self._last_unloading(number, visits)
        return plan

    def _last_unloading(self, number: int, visits: Sequence[Visit]) -> list[Visit]:
        """The station that the folded way home goes over."""
        truck, last = self._problem.trucks[number], visits[-1]
        if not truck.ends_empty or last.kind is not StopKind.TASK:
            return []
        travel, here = self._problem.travel[truck.profile], self._problem.tasks[last.index].location
        ways = [
            (int(travel.distance_m[here, row.location] + travel.distance_m[row.location, truck.end_location]), station)
            for station, row in enumerate(self._problem.stations)
            if self._problem.may_tip[station, number] and travel.duration_s[here, row.location] >= 0
        ]
        return [Visit(StopKind.UNLOAD, min(ways)[1])] if ways else []


def _servable(problem: Problem) -> BoolMatrix:
    """Who may serve what, less the loads for trucks that must end empty and may unload nowhere."""
    may_serve = problem.may_serve.copy()
    loaded = np.array([task.demand_kg > 0 or task.demand_l > 0 for task in problem.tasks], dtype=np.bool_)
    for number, truck in enumerate(problem.trucks):
        if truck.ends_empty and not problem.may_tip[:, number].any():
            carries = truck.start_load_kg > 0 or truck.start_load_l > 0
            may_serve[np.ones_like(loaded) if carries else loaded, number] = False
    return may_serve


def _unloadings(problem: Problem, plan: Mapping[int, Sequence[Visit]]) -> list[int]:
    """The station of each unloading stop of the model: those of the plan and a few more at each."""
    used = Counter(visit.index for visits in plan.values() for visit in visits if visit.kind is StopKind.UNLOAD)
    return [station for station in range(len(problem.stations)) for _ in range(used[station] + SPARE_UNLOADINGS)]


def _rest_window(truck: Truck) -> tuple[int, int] | None:
    """When a truck's break may begin, if it is sure to need one; a truck that leaves as its shift begins."""
    rest = truck.rest
    if rest is None or (truck.shift_start_s > rest.latest_s and not rest.always):
        return None
    latest_s = rest.latest_s if rest.after_s is None else min(rest.latest_s, truck.shift_start_s + rest.after_s)
    if latest_s < rest.earliest_s or latest_s >= truck.shift_end_s + truck.overtime_s:
        return None
    return rest.earliest_s, latest_s
