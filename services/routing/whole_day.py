"""The plan of a whole day that was revised: what is done and under way, then the solution of the rest."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from math import ceil

from services.domain.kinds import StopKind
from services.domain.plan import Plan, Route, Stop
from services.routing import solution as solved
from services.routing.assemble import COINS, to_plan
from services.routing.problem import Problem
from services.routing.rest import RestOfDay, Survey
from services.routing.timetable import Visit, cost_of, driven
from services.routing.underway import Underway


def whole_plan(rest: RestOfDay, solution: solved.Solution, notes: Sequence[str] = ()) -> Plan:
    """The plan of the whole day: what is done and under way, then the solution of the rest."""
    found = rest.survey
    solution = _without_returns(rest, _with_ways_home(rest, solution))
    plan = to_plan(rest.assembly, solution)
    ahead = {route.vehicle_id: route for route in plan.routes}
    routes = []
    for vehicle_id in sorted({*ahead, *found.trucks}):
        stops = _joined(found.trucks[vehicle_id], ahead.get(vehicle_id))
        if len(stops) > 1:
            routes.append(_summed(vehicle_id, stops))
    cleared = found.moment.progress.cleared
    return replace(
        plan,
        routes=tuple(routes),
        unserved=tuple(visit for visit in plan.unserved if (visit.point_id, visit.occurrence) not in cleared),
        cost=sum(_cost(rest, route) for route in routes) / COINS,
        notes=(*plan.notes, *_notes(found), *notes),
    )


def _without_returns(rest: RestOfDay, solution: solved.Solution) -> solved.Solution:
    """The solution without the tasks that only make trucks come home."""
    visits = len(rest.assembly.visits)
    routes = [
        replace(
            route,
            stops=tuple(stop for stop in route.stops if stop.kind is not solved.StopKind.TASK or stop.index < visits),
        )
        for route in solution.routes
    ]
    unserved = tuple(left for left in solution.unserved if left.task < visits)
    return replace(solution, routes=tuple(routes), unserved=unserved)


def _with_ways_home(rest: RestOfDay, solution: solved.Solution) -> solved.Solution:
    """The solution with trucks that are out and are too late for any plan: they tip and come home all the same."""
    routes = list(solution.routes)
    driving = {route.truck for route in routes}
    broken = set(rest.survey.circumstances.broken_vehicle_ids)
    for number, truck in enumerate(rest.problem.trucks):
        state = rest.state(number)
        if number in driving or not state.is_out or state.vehicle_id in broken:
            continue
        is_home = state.fixed[-1].kind is StopKind.DEPOT and len(state.fixed) > 1
        if is_home and not truck.start_load_kg:
            continue
        way = _way_home(rest.problem, number)
        if way is not None:
            routes.append(way)
    return replace(solution, routes=tuple(sorted(routes, key=lambda route: route.truck)))


def _way_home(problem: Problem, number: int) -> solved.Route | None:
    truck = problem.trucks[number]
    ways = []
    if truck.start_load_kg and truck.ends_empty:
        stations = [row for row in range(len(problem.stations)) if problem.may_tip[row, number]]
        ways = [driven(problem, number, [Visit(solved.StopKind.UNLOAD, row)]) for row in stations]
    found = [way for way in ways if way is not None]
    if found:
        return min(found, key=lambda way: (way.stops[-1].arrive_s, way.distance_m))
    return driven(problem, number, [])


def _joined(state: Underway, ahead: Route | None) -> tuple[Stop, ...]:
    """A vehicle's fixed stops and those that were solved; a truck that is out drives on at once and waits there."""
    if ahead is None:
        return state.fixed
    if not state.is_out:
        return ahead.stops
    first, *others = ahead.stops[1:]
    if first.kind is StopKind.BREAK:
        first = replace(first, id=state.fixed[-1].id)
    else:
        arrive_at = min(first.arrive_at, state.free_at + timedelta(seconds=first.leg_duration_s))
        first = replace(first, arrive_at=max(arrive_at, state.fixed[-1].depart_at))
    return (*state.fixed, first, *others)


def _summed(vehicle_id: str, stops: tuple[Stop, ...]) -> Route:
    return Route(
        vehicle_id=vehicle_id,
        stops=stops,
        distance_m=sum(stop.leg_distance_m for stop in stops),
        duration_s=round((stops[-1].arrive_at - stops[0].depart_at).total_seconds()),
        collected_kg=sum(stop.collected_kg for stop in stops if stop.kind is StopKind.POINT),
    )


def _cost(rest: RestOfDay, route: Route) -> int:
    number = rest.truck_number(route.vehicle_id)
    if number is None:
        return 0  # a truck that the register has no more
    truck = rest.whole_trucks[number]
    origin = rest.assembly.origin
    leave_s, back_s = (
        ceil((instant - origin).total_seconds()) for instant in (route.stops[0].depart_at, route.stops[-1].arrive_at)
    )
    overtime_s = max(0, back_s - max(truck.shift_end_s, leave_s))
    return cost_of(truck, route.distance_m, route.duration_s, overtime_s)


def spent_cost(rest: RestOfDay) -> int:
    """What the day has cost so far in the problem's coins: the part of a revision's cost that is settled."""
    spent = 0
    for state in rest.survey.trucks.values():
        if state.is_out:
            last = replace(state.fixed[-1], arrive_at=state.fixed[-1].depart_at)
            spent += _cost(rest, _summed(state.vehicle_id, (*state.fixed[:-1], last)))
    return spent


def _notes(found: Survey) -> list[str]:
    """Sentences about what is not known, and about what stays on a broken truck."""
    notes = []
    guessed = sorted(truck.vehicle_id for truck in found.trucks.values() if truck.is_guessed)
    if guessed:
        names = ", ".join(guessed[:5]) + (f" and {len(guessed) - 5} more" if len(guessed) > 5 else "")
        notes.append(f"Nothing was heard for a while of {names}: taken to be where the plan has them.")
    for vehicle_id in found.circumstances.broken_vehicle_ids:
        truck = found.trucks.get(vehicle_id)
        if truck is not None and truck.load_kg >= 1:
            notes.append(f"{vehicle_id} has about {truck.load_kg:,.0f} kg on board that somebody has to fetch.")
    return notes
