"""Other solvers on the same instance: PyVRP, VROOM and plain OR-Tools, each as far as its model goes.

What a model does not know (a driver's break, a daily cap) it may break, and the checker then says so. Each gives back
the order of visits of each truck, or None where the instance is beyond it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import numpy as np

from bench.routing.instance import Instance
from services.routing.ortools_model import Plan, plan_alone
from services.routing.problem import MAX_TIME_S, Problem, Truck, Window
from services.routing.solution import StopKind
from services.routing.timetable import Visit

Rival = Callable[[Instance, float, int], Plan | None]

Yard = tuple[int, int]
"""Where a truck starts and where it ends."""

FAR = 2**28


def ortools(instance: Instance, time_limit_s: float, seed: int) -> Plan | None:  # noqa: ARG001 - it takes no seed
    """OR-Tools' routing model with breaks and caps, from a nearest-task plan, by guided local search."""
    return plan_alone(instance.problem, time_limit_s)


def pyvrp(instance: Instance, time_limit_s: float, seed: int) -> Plan | None:
    """PyVRP: unloading as reloads, the last one folded into the way home, the shift shorter by the break."""
    import pyvrp as solver
    from pyvrp.stop import MaxRuntime

    problem = instance.problem
    yards = sorted({_yard(truck) for truck in problem.trucks})
    distance, duration = _with_homes(problem, yards)
    depots = [solver.Depot(start) for start, _ in yards]
    depots += [solver.Depot(len(instance.ids) + place) for place in range(len(yards))]
    depots += [solver.Depot(station.location, *_span(station.windows), station.tip_s) for station in problem.stations]
    clients = [
        solver.Client(
            task.location,
            pickup=[task.demand_kg],
            service_duration=task.service_s,
            tw_early=_span(task.windows)[0],
            tw_late=_span(task.windows)[1],
        )
        for task in problem.tasks
    ]
    data = solver.ProblemData(
        [solver.Location(0, 0)] * len(distance),
        clients,
        depots,
        [_pyvrp_type(problem, yard, yards, len(depots)) for yard in yards],
        [distance],
        [duration],
    )
    result = solver.solve(data, MaxRuntime(time_limit_s), seed=seed, collect_stats=False)
    return _from_pyvrp(problem, yards, result.best)


def _yard(truck: Truck) -> Yard:
    return truck.start_location, truck.end_location


def _pyvrp_type(problem: Problem, yard: Yard, yards: Sequence[Yard], depot_count: int) -> Any:
    import pyvrp as solver

    trucks = [truck for truck in problem.trucks if _yard(truck) == yard]
    truck = trucks[0]
    place = yards.index(yard)
    pause_s = truck.rest.duration_s if truck.rest is not None else 0
    total_kg = sum(task.demand_kg for task in problem.tasks)
    return solver.VehicleType(
        num_available=len(trucks),
        capacity=[truck.capacity_kg],
        start_depot=place,
        end_depot=len(yards) + place,
        fixed_cost=min(truck.fixed_cost, 10**8),
        tw_early=truck.shift_start_s,
        tw_late=truck.shift_end_s - pause_s,
        reload_depots=list(range(2 * len(yards), depot_count)),
        max_reloads=max(0, -(-min(truck.max_kg, total_kg) // truck.capacity_kg) - 1) if problem.stations else 0,
    )


def _with_homes(problem: Problem, yards: Sequence[Yard]) -> tuple[Any, Any]:
    """Distances and times with one more place for each yard: home, over the best station for a truck with a load."""
    travel = problem.travel[0]
    known, count = travel.location_count, travel.location_count + len(yards)
    matrices = []
    for base in (travel.distance_m, travel.duration_s):
        matrix = np.full((count, count), FAR, dtype=np.int64)
        matrix[:known, :known] = np.where(base < 0, FAR, base)
        np.fill_diagonal(matrix, 0)
        matrices.append(matrix)
    distance, duration = matrices
    for place, (_, end) in enumerate(yards, known):
        distance[:known, place], duration[:known, place] = distance[:known, end], duration[:known, end]
        if not problem.stations:
            continue
        tasks = np.array([task.location for task in problem.tasks])
        stations = np.array([station.location for station in problem.stations])
        tips = np.array([station.tip_s for station in problem.stations])
        ways = distance[np.ix_(tasks, stations)] + distance[stations, end]
        best = ways.argmin(axis=1)
        distance[tasks, place] = ways.min(axis=1)
        duration[tasks, place] = duration[tasks, stations[best]] + tips[best] + duration[stations[best], end]
    return distance, duration


def _from_pyvrp(problem: Problem, yards: Sequence[Yard], best: Any) -> Plan:
    plan: Plan = {}
    free = {yard: [number for number, truck in enumerate(problem.trucks) if _yard(truck) == yard] for yard in yards}
    for route in best.routes():
        visits: list[Visit] = []
        for activity in route:
            if activity.is_client():
                visits.append(_task(problem, activity.idx))
            elif activity.is_depot() and activity.idx >= 2 * len(yards):
                visits.append(Visit(StopKind.UNLOAD, activity.idx - 2 * len(yards)))
        truck = free[yards[route.start_depot()]].pop(0)
        plan[truck] = _ended(problem, truck, visits)
    return plan


def vroom(instance: Instance, time_limit_s: float, seed: int) -> Plan | None:  # noqa: ARG001 - it takes no seed
    """VROOM, which knows no unloading on the way: only for instances without stations."""
    import vroom as solver

    problem = instance.problem
    if problem.stations:
        return None
    model = solver.Input()
    model.set_durations_matrix("car", problem.travel[0].duration_s.astype(np.uint32))
    model.set_costs_matrix("car", problem.travel[0].distance_m.astype(np.uint32))
    for number, truck in enumerate(problem.trucks):
        shift = solver.TimeWindow(truck.shift_start_s, truck.shift_end_s)
        places = (truck.start_location, truck.end_location)
        model.add_vehicle(
            solver.Vehicle(number, *places, profile="car", capacity=[truck.capacity_kg], time_window=shift)
        )
    for number, task in enumerate(problem.tasks):
        windows = [solver.TimeWindow(window.start_s, window.end_s) for window in task.windows]
        model.add_job(
            solver.Job(
                number, task.location, default_service=task.service_s, pickup=[task.demand_kg], time_windows=windows
            )
        )
    found = model.solve(exploration_level=5, nb_threads=2, timeout=timedelta(seconds=time_limit_s))
    jobs = found.routes[found.routes["type"] == "job"]
    plan: Plan = {}
    for truck, number in zip(jobs["vehicle_id"].tolist(), jobs["id"].tolist(), strict=True):
        plan.setdefault(int(truck), []).append(_task(problem, int(number)))
    return plan


def _task(problem: Problem, number: int) -> Visit:
    return Visit(StopKind.TASK, number, problem.tasks[number].demand_kg, problem.tasks[number].demand_l)


def _ended(problem: Problem, truck: int, visits: list[Visit]) -> list[Visit]:
    """The visits with the last unloading that was folded into the way home."""
    if not problem.stations or not visits or visits[-1].kind is StopKind.UNLOAD:
        return visits
    travel, here = problem.travel[0].distance_m, problem.tasks[visits[-1].index].location
    home = problem.trucks[truck].end_location
    ways = [int(travel[here, row.location] + travel[row.location, home]) for row in problem.stations]
    return [*visits, Visit(StopKind.UNLOAD, int(np.argmin(ways)))]


def _span(windows: tuple[Window, ...]) -> tuple[int, int]:
    return (windows[0].start_s, windows[-1].end_s) if windows else (0, MAX_TIME_S)


RIVALS: dict[str, Rival] = {"pyvrp": pyvrp, "ortools": ortools, "vroom": vroom}

SEEDED = frozenset({"pyvrp"})
"""Who uses one core and a seed: as many are run at once as our planner runs searches, and the best counts."""
