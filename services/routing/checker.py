"""Re-adds every load, time and rule of a plan from the problem alone, and finds why a task is not served.

It shares no code with the solvers, so that a mistake of theirs cannot hide behind itself. `check` lists what a plan
breaks; an empty list is a plan that a driver can be sent out with.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from services.routing.problem import Break, Problem, Truck, Window
from services.routing.solution import Route, Solution, Stop, StopKind


class Rule(StrEnum):
    """What a plan can break."""

    FORM = "form"
    ROAD = "road"
    TRAVEL_TIME = "travel_time"
    WINDOW = "window"
    SERVICE_TIME = "service_time"
    LOAD_SUM = "load_sum"
    CAPACITY = "capacity"
    ENDS_EMPTY = "ends_empty"
    SHIFT = "shift"
    BREAK = "break"
    MAY_SERVE = "may_serve"
    MAY_TIP = "may_tip"
    DAILY_CAP = "daily_cap"
    SPACING = "spacing"
    BAYS = "bays"
    STATION_KG = "station_kg"
    EACH_TASK_ONCE = "each_task_once"
    SUMS = "sums"


@dataclass(frozen=True, slots=True)
class Violation:
    """One rule broken, by which truck (-1: by the plan as a whole), at which stop of its route, in a sentence."""

    rule: Rule
    truck: int
    stop: int
    sentence: str


def check(problem: Problem, solution: Solution) -> list[Violation]:
    """All rules that a plan breaks; empty if it keeps every one."""
    violations = list(_check_trucks(problem, solution))
    for route in solution.routes:
        if 0 <= route.truck < len(problem.trucks):
            violations += check_route(problem, route)
    violations += _check_tasks(problem, solution)
    violations += _check_stations(problem, solution.routes)
    violations += _check_spacing(problem, solution.routes)
    violations += _check_sums(solution)
    return violations


def _check_trucks(problem: Problem, solution: Solution) -> Iterator[Violation]:
    seen: set[int] = set()
    for route in solution.routes:
        if not 0 <= route.truck < len(problem.trucks):
            yield Violation(Rule.FORM, route.truck, -1, f"There is no truck {route.truck}.")
        if route.truck in seen:
            yield Violation(Rule.FORM, route.truck, -1, f"Truck {route.truck} has two routes.")
        seen.add(route.truck)


def check_route(problem: Problem, route: Route) -> list[Violation]:
    """The rules that one route breaks by itself; its truck must be one of the problem's."""
    shape = list(_check_form(problem, route))
    if shape:
        return shape
    violations = list(_check_movement(problem, route))
    violations += _check_permission(problem, route)
    violations += _check_loads(problem, route)
    violations += _check_shift(problem.trucks[route.truck], route)
    violations += _check_break(problem.trucks[route.truck], route)
    violations += _check_caps(problem.trucks[route.truck], route)
    violations += _check_route_sums(problem, route)
    return violations


def _check_form(problem: Problem, route: Route) -> Iterator[Violation]:
    """A start, stops of known tasks and stations at their own places, an end."""
    truck, stops = problem.trucks[route.truck], route.stops
    kinds = [stop.kind for stop in stops]
    inner = kinds[1:-1]
    if len(stops) < 2 or kinds[0] != StopKind.START or kinds[-1] != StopKind.END:
        yield Violation(Rule.FORM, route.truck, 0, "A route begins with its start and ends with its end.")
        return
    if StopKind.START in inner or StopKind.END in inner:
        yield Violation(Rule.FORM, route.truck, 0, "A route has one start and one end.")
        return
    place = truck.start_location
    for number, stop in enumerate(stops):
        counts = {StopKind.TASK: len(problem.tasks), StopKind.UNLOAD: len(problem.stations)}
        if stop.kind in counts and not 0 <= stop.index < counts[stop.kind]:
            yield Violation(Rule.FORM, route.truck, number, f"There is no {stop.kind} {stop.index}.")
            return
        expected = {
            StopKind.START: truck.start_location,
            StopKind.END: truck.end_location,
            StopKind.BREAK: place,
        }.get(stop.kind, -1)
        if stop.kind is StopKind.TASK:
            expected = problem.tasks[stop.index].location
        elif stop.kind is StopKind.UNLOAD:
            expected = problem.stations[stop.index].location
        if stop.location != expected:
            yield Violation(Rule.FORM, route.truck, number, f"The stop is at location {expected}.")
            return
        place = stop.location


def _drive(problem: Problem, truck: Truck, here: int, there: int) -> tuple[int, int] | None:
    """Seconds and metres of a truck between two locations, None where there is no road."""
    travel = problem.travel[truck.profile]
    seconds, metres = int(travel.duration_s[here, there]), int(travel.distance_m[here, there])
    if seconds < 0 or metres < 0:
        return None
    return -(-seconds * 1000 // truck.speed_permille), metres


def _check_movement(problem: Problem, route: Route) -> Iterator[Violation]:
    """Each stop is reached after the one before, served within its windows and for its time."""
    truck = problem.trucks[route.truck]
    for number, stop in enumerate(route.stops):
        if number > 0:
            before = route.stops[number - 1]
            drive = _drive(problem, truck, before.location, stop.location)
            if drive is None:
                yield Violation(Rule.ROAD, route.truck, number, "There is no road to the stop.")
            elif stop.arrive_s != before.depart_s + drive[0]:
                yield Violation(
                    Rule.TRAVEL_TIME,
                    route.truck,
                    number,
                    f"It is reached {before.depart_s + drive[0]} s, not {stop.arrive_s} s.",
                )
        if not stop.arrive_s <= stop.start_s <= stop.depart_s:
            yield Violation(Rule.SERVICE_TIME, route.truck, number, "Arrival, start and departure are out of order.")
        windows, service_s = _duty(problem, truck, stop)
        if stop.depart_s - stop.start_s != service_s:
            yield Violation(Rule.SERVICE_TIME, route.truck, number, f"The stop takes {service_s} s.")
        if windows and not any(window.start_s <= stop.start_s <= window.end_s for window in windows):
            yield Violation(Rule.WINDOW, route.truck, number, f"It begins at {stop.start_s} s, outside its windows.")


def _duty(problem: Problem, truck: Truck, stop: Stop) -> tuple[tuple[Window, ...], int]:
    """The windows of a stop and how long it takes."""
    if stop.kind is StopKind.TASK:
        return problem.tasks[stop.index].windows, problem.tasks[stop.index].service_s
    if stop.kind is StopKind.UNLOAD:
        return problem.stations[stop.index].windows, problem.stations[stop.index].tip_s
    if stop.kind is StopKind.BREAK and truck.rest is not None:
        return (), truck.rest.duration_s
    return (), 0


def _check_permission(problem: Problem, route: Route) -> Iterator[Violation]:
    for number, stop in enumerate(route.stops):
        if stop.kind is StopKind.TASK and not problem.may_serve[stop.index, route.truck]:
            yield Violation(
                Rule.MAY_SERVE, route.truck, number, f"Truck {route.truck} may not serve task {stop.index}."
            )
        if stop.kind is StopKind.UNLOAD and not problem.may_tip[stop.index, route.truck]:
            yield Violation(Rule.MAY_TIP, route.truck, number, f"Truck {route.truck} may not tip at {stop.index}.")


def _check_loads(problem: Problem, route: Route) -> Iterator[Violation]:
    """What is on the truck after each stop, within its capacity, and nothing at the end."""
    truck = problem.trucks[route.truck]
    kg, litres = truck.start_load_kg, truck.start_load_l
    for number, stop in enumerate(route.stops):
        if stop.kind is StopKind.UNLOAD:
            if (stop.taken_kg, stop.taken_l) != (-kg, -litres):
                yield Violation(Rule.LOAD_SUM, route.truck, number, f"It unloads {kg} kg and {litres} l here.")
            kg, litres = 0, 0
        elif stop.kind is StopKind.TASK:
            kg, litres = kg + stop.taken_kg, litres + stop.taken_l
            if stop.taken_kg < 0 or stop.taken_l < 0:
                yield Violation(Rule.LOAD_SUM, route.truck, number, "A task cannot take load off the truck.")
        if (stop.load_kg, stop.load_l) != (kg, litres):
            yield Violation(Rule.LOAD_SUM, route.truck, number, f"The truck carries {kg} kg and {litres} l here.")
        if kg > truck.capacity_kg or litres > truck.capacity_l:
            yield Violation(Rule.CAPACITY, route.truck, number, f"{kg} kg and {litres} l are more than it holds.")
    if truck.ends_empty and (kg or litres):
        yield Violation(Rule.ENDS_EMPTY, route.truck, len(route.stops) - 1, f"It comes home with {kg} kg on board.")


def _check_shift(truck: Truck, route: Route) -> Iterator[Violation]:
    leave_s, back_s = route.stops[0].depart_s, route.stops[-1].arrive_s
    if leave_s < truck.shift_start_s:
        yield Violation(Rule.SHIFT, route.truck, 0, f"It leaves before its shift begins at {truck.shift_start_s} s.")
    if back_s > truck.shift_end_s + truck.overtime_s:
        latest_s = truck.shift_end_s + truck.overtime_s
        yield Violation(Rule.SHIFT, route.truck, len(route.stops) - 1, f"It is back at {back_s} s, after {latest_s} s.")


def _check_break(truck: Truck, route: Route) -> Iterator[Violation]:
    """One break at most, in its window, and one at all if the route lasts beyond its latest beginning."""
    taken = [(number, stop) for number, stop in enumerate(route.stops) if stop.kind is StopKind.BREAK]
    rest = truck.rest
    if rest is None:
        for number, _ in taken:
            yield Violation(Rule.BREAK, route.truck, number, "This truck's shift has no break.")
        return
    latest_s = _latest_break(rest, route.stops[0].depart_s)
    if len(taken) > 1:
        yield Violation(Rule.BREAK, route.truck, taken[1][0], "There is more than one break.")
    for number, stop in taken:
        if not rest.earliest_s <= stop.start_s <= latest_s:
            yield Violation(Rule.BREAK, route.truck, number, f"It begins within {rest.earliest_s}..{latest_s} s.")
    over = route.stops[-1].arrive_s > latest_s and route.stops[0].depart_s <= rest.latest_s
    if not taken and (rest.always or over):
        yield Violation(Rule.BREAK, route.truck, -1, f"The route lasts beyond {latest_s} s and has no break.")


def _latest_break(rest: Break, leave_s: int) -> int:
    return rest.latest_s if rest.after_s is None else min(rest.latest_s, leave_s + rest.after_s)


def _check_caps(truck: Truck, route: Route) -> Iterator[Violation]:
    done = [stop for stop in route.stops if stop.kind is StopKind.TASK]
    sums = {
        "max_kg": sum(stop.taken_kg for stop in done),
        "max_l": sum(stop.taken_l for stop in done),
        "max_stops": len(done),
        "max_duration_s": route.stops[-1].arrive_s - route.stops[0].depart_s,
    }
    for name, value in sums.items():
        if value > getattr(truck, name):
            yield Violation(Rule.DAILY_CAP, route.truck, -1, f"{value} is above {name} = {getattr(truck, name)}.")


def _check_route_sums(problem: Problem, route: Route) -> Iterator[Violation]:
    """The route's own sums of distance, time and cost."""
    truck = problem.trucks[route.truck]
    arcs = [
        _drive(problem, truck, before.location, stop.location) or (0, 0)
        for before, stop in itertools.pairwise(route.stops)
    ]
    drive_s, distance_m = sum(arc[0] for arc in arcs), sum(arc[1] for arc in arcs)
    duration_s = route.stops[-1].arrive_s - route.stops[0].depart_s
    overtime_s = max(0, route.stops[-1].arrive_s - max(truck.shift_end_s, route.stops[0].depart_s))
    thousandths = 3600 * truck.cost_per_km * distance_m
    thousandths += 1000 * (truck.cost_per_h * duration_s + truck.overtime_cost_per_h * overtime_s)
    sums = {
        "drive_s": drive_s,
        "distance_m": distance_m,
        "duration_s": duration_s,
        "overtime_s": overtime_s,
        "collected_kg": sum(stop.taken_kg for stop in route.stops if stop.kind is StopKind.TASK),
        "collected_l": sum(stop.taken_l for stop in route.stops if stop.kind is StopKind.TASK),
        "cost": truck.fixed_cost + (thousandths + 1_800_000) // 3_600_000,
    }
    for name, value in sums.items():
        if value != getattr(route, name):
            yield Violation(Rule.SUMS, route.truck, -1, f"{name} adds up to {value}, not {getattr(route, name)}.")


def _check_tasks(problem: Problem, solution: Solution) -> Iterator[Violation]:
    """Each task once: served whole in one stop, or in parts where no truck holds it, or among the unserved."""
    kg: dict[int, list[int]] = defaultdict(list)
    litres: dict[int, list[int]] = defaultdict(list)
    for route in solution.routes:
        for stop in route.stops:
            if stop.kind is StopKind.TASK:
                kg[stop.index].append(stop.taken_kg)
                litres[stop.index].append(stop.taken_l)
    left_out = Counter(unserved.task for unserved in solution.unserved)
    for number, task in enumerate(problem.tasks):
        times = left_out[number]
        if (number in kg) + times != 1:
            sentence = f"Task {number} is on {len(kg[number])} stops and {times} times among the unserved."
            yield Violation(Rule.EACH_TASK_ONCE, -1, -1, sentence)
        elif number in kg:
            if (sum(kg[number]), sum(litres[number])) != (task.demand_kg, task.demand_l):
                yield Violation(Rule.LOAD_SUM, -1, -1, f"Task {number} has {task.demand_kg} kg, {task.demand_l} l.")
            if len(kg[number]) > 1 and not _needs_splitting(problem, number):
                yield Violation(Rule.EACH_TASK_ONCE, -1, -1, f"Task {number} is split although a truck holds it.")


def _needs_splitting(problem: Problem, number: int) -> bool:
    """Whether no truck that may serve a task could take it up at once, not even in its whole day."""
    task = problem.tasks[number]
    return not any(
        problem.may_serve[number, position]
        and task.demand_kg <= min(truck.capacity_kg, truck.max_kg)
        and task.demand_l <= min(truck.capacity_l, truck.max_l)
        for position, truck in enumerate(problem.trucks)
    )


def _check_stations(problem: Problem, routes: Sequence[Route]) -> Iterator[Violation]:
    """Tonnes and bays of each station, over all trucks."""
    tips: dict[int, list[Stop]] = defaultdict(list)
    for route in routes:
        for stop in route.stops:
            if stop.kind is StopKind.UNLOAD and 0 <= stop.index < len(problem.stations):
                tips[stop.index].append(stop)
    for number, stops in tips.items():
        station = problem.stations[number]
        tipped_kg = -sum(stop.taken_kg for stop in stops)
        if station.remaining_kg is not None and tipped_kg > station.remaining_kg:
            yield Violation(
                Rule.STATION_KG, -1, -1, f"Station {number} gets {tipped_kg} kg and takes {station.remaining_kg} kg."
            )
        most = _most_at_once(stops, station.taken)
        if station.bays is not None and most > station.bays:
            sentence = f"{most} trucks tip at once at station {number}, which has {station.bays} bays."
            yield Violation(Rule.BAYS, -1, -1, sentence)


def _most_at_once(stops: Sequence[Stop], taken: Sequence[Window]) -> int:
    """How many trucks tip at once, where one of the plan's own is among them."""
    own = [(stop.start_s, stop.depart_s) for stop in stops]
    spans = [*own, *((span.start_s, span.end_s) for span in taken)]
    starts = [start_s for start_s, _ in spans if any(begin_s <= start_s < end_s for begin_s, end_s in own)]
    return max((sum(begin_s <= start_s < end_s for begin_s, end_s in spans) for start_s in starts), default=0)


def _check_spacing(problem: Problem, routes: Sequence[Route]) -> Iterator[Violation]:
    """Visits to one point begin far enough apart; the parts of a split task are one visit."""
    starts: dict[int, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for route in routes:
        for stop in route.stops:
            if stop.kind is StopKind.TASK and 0 <= stop.index < len(problem.tasks):
                point = problem.tasks[stop.index].point
                if point >= 0:
                    starts[point][stop.index].append(stop.start_s)
    for point, visits in starts.items():
        tasks = sorted(visits)
        for number, one in enumerate(tasks):
            for other in tasks[number + 1 :]:
                spacing_s = max(problem.tasks[one].spacing_s, problem.tasks[other].spacing_s)
                apart_s = min(abs(a - b) for a in visits[one] for b in visits[other])
                if apart_s < spacing_s:
                    yield Violation(
                        Rule.SPACING, -1, -1, f"Tasks {one} and {other} of point {point} are {apart_s} s apart."
                    )


def _check_sums(solution: Solution) -> Iterator[Violation]:
    for name in ("cost", "distance_m", "duration_s"):
        total = sum(getattr(route, name) for route in solution.routes)
        if total != getattr(solution, name):
            yield Violation(Rule.SUMS, -1, -1, f"{name} adds up to {total}, not {getattr(solution, name)}.")
