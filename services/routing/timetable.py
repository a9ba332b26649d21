"""The clock of one route: given what a truck does in which order, when it does it, with the break where it fits best.

The truck comes home as early as its order allows, and leaves as late as that permits, so that it does not wait. Only
where it would rest before it has left does it rest on the way instead, if it is out no longer for that.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.routing.problem import Problem, Truck, Window
from services.routing.solution import Route, Stop, StopKind

_NEVER = 2**40


@dataclass(frozen=True, slots=True)
class Visit:
    """One thing a truck does: a task (with what it takes up) or an unloading at a station.

    `appointment_s` holds an unloading back until a bay is free; `settled` and `moves` are for the repair of stations to
    note what it has done with, and how often it has sent the truck to another station.
    """

    kind: StopKind
    index: int
    kg: int = 0
    litres: int = 0
    appointment_s: int = 0
    settled: bool = False
    moves: int = 0


@dataclass(frozen=True, slots=True)
class _Leg:
    """A visit as the clock sees it: the drive to it, when it may begin, how long it takes."""

    visit: Visit
    location: int
    drive_s: int
    distance_m: int
    windows: tuple[Window, ...]
    service_s: int

    def begin(self, arrive_s: int) -> int:
        """The earliest beginning for an arrival."""
        arrive_s = max(arrive_s, self.visit.appointment_s)
        if not self.windows:
            return arrive_s
        place = bisect_left(self.windows, arrive_s, key=lambda window: window.end_s)
        return max(arrive_s, self.windows[place].start_s) if place < len(self.windows) else _NEVER

    def latest(self, bound_s: int) -> int:
        """The latest beginning up to a bound, -1 if there is none."""
        if self.visit.appointment_s > 0:
            bound_s = min(bound_s, self.visit.appointment_s)
        return self.open_until(bound_s)

    def open_until(self, bound_s: int) -> int:
        """The same whatever its appointment is."""
        if not self.windows:
            return bound_s
        place = bisect_right(self.windows, bound_s, key=lambda window: window.start_s) - 1
        return min(bound_s, self.windows[place].end_s) if place >= 0 else -1


def drive(problem: Problem, truck: Truck, here: int, there: int) -> tuple[int, int] | None:
    """Seconds and metres of a truck from one location to another, None where there is no road."""
    travel = problem.travel[truck.profile]
    seconds, metres = int(travel.duration_s[here, there]), int(travel.distance_m[here, there])
    if seconds < 0 or metres < 0:
        return None
    return (1000 * seconds + truck.speed_permille - 1) // truck.speed_permille, metres


def route_of(problem: Problem, number: int, visits: Sequence[Visit]) -> Route | None:
    """The timed route of truck `number` over the visits, None if it cannot keep a window, its shift or its break.

    Loads, caps and permissions are not looked at: they do not depend on the clock.
    """
    timed = _timed(problem, number, visits)
    return None if timed is None else _written(problem, number, timed.legs, timed.home, timed.leave_s)


def price_of(problem: Problem, number: int, visits: Sequence[Visit]) -> tuple[int, int, int] | None:
    """Cost, metres and seconds of the route that `route_of` would give, None if there is none."""
    timed = _timed(problem, number, visits)
    if timed is None:
        return None
    truck = problem.trucks[number]
    distance_m = sum(leg.distance_m for leg in timed.legs) + timed.home.distance_m
    duration_s = timed.back_s - timed.leave_s
    overtime_s = max(0, timed.back_s - max(truck.shift_end_s, timed.leave_s))
    return cost_of(truck, distance_m, duration_s, overtime_s), distance_m, duration_s


def latest_start(problem: Problem, number: int, visits: Sequence[Visit], place: int) -> int:
    """The latest start of a visit with which its truck keeps the times of all that follow, its break where it is now.

    -1 where the truck cannot keep its times at all. Appointments hold that are settled.
    """
    timed = _timed(problem, number, visits)
    if timed is None:
        return -1
    truck, left = problem.trucks[number], len(visits) - place
    bound_s = truck.shift_end_s + truck.overtime_s - timed.home.drive_s
    for leg in reversed(timed.legs):
        begin_s = bound_s - leg.service_s
        begin_s = leg.latest(begin_s) if leg.visit.settled else leg.open_until(begin_s)
        left -= leg.visit.kind is not StopKind.BREAK
        if left == 0:
            return begin_s
        bound_s = begin_s - leg.drive_s
    return -1


@dataclass(frozen=True, slots=True)
class _Timed:
    """A route's legs with its break among them, when it leaves and when it is back."""

    legs: list[_Leg]
    home: _Leg
    leave_s: int
    back_s: int


def _timed(problem: Problem, number: int, visits: Sequence[Visit]) -> _Timed | None:
    truck = problem.trucks[number]
    legs = _legs(problem, truck, visits)
    home = _leg_home(problem, truck, visits)
    if legs is None or home is None:
        return None
    placed = _place_break(truck, legs, home, truck.shift_start_s)
    if placed is None:
        return None
    timed = _leaving_late(truck, *placed, home)
    if len(timed.legs) > 1 and timed.legs[0].visit.kind is StopKind.BREAK:
        return _rested_on_the_way(truck, timed)
    return timed


def _leaving_late(truck: Truck, legs: list[_Leg], back_s: int, home: _Leg) -> _Timed:
    leave_s = _latest_leave(truck, legs, home, back_s)
    return _Timed(legs, home, leave_s, _back_s(legs, home, leave_s))


def _rested_on_the_way(truck: Truck, timed: _Timed) -> _Timed:
    """A route that begins with its break, or the same with the break later where that costs nothing."""
    placed = _place_break(truck, timed.legs[1:], timed.home, timed.leave_s, first=1)
    if placed is None:
        return timed
    other = _leaving_late(truck, *placed, timed.home)
    is_longer = other.back_s - other.leave_s > timed.back_s - timed.leave_s
    is_later = other.back_s > max(timed.back_s, truck.shift_end_s)
    return timed if is_longer or is_later or _tips_at(other) != _tips_at(timed) else other


def _tips_at(timed: _Timed) -> list[int]:
    """When the unloadings begin that have an appointment at a bay."""
    clock_s, starts = timed.leave_s, []
    for leg in timed.legs:
        start_s = leg.begin(clock_s + leg.drive_s)
        clock_s = start_s + leg.service_s
        if leg.visit.appointment_s > 0:
            starts.append(start_s)
    return starts


def _back_s(legs: Sequence[_Leg], home: _Leg, leave_s: int) -> int:
    clock_s = leave_s
    for leg in legs:
        clock_s = leg.begin(clock_s + leg.drive_s) + leg.service_s
    return clock_s + home.drive_s


def driven(problem: Problem, number: int, visits: Sequence[Visit]) -> Route | None:
    """The route of truck `number` over the visits whatever it breaks, None where a road is missing.

    Where nothing keeps the order's times it is driven straight on: who comes after the last window begins at once, and
    the break is taken at the first stop after its window has opened.
    """
    route = route_of(problem, number, visits)
    if route is not None:
        return route
    truck = problem.trucks[number]
    legs, home = _legs(problem, truck, visits), _leg_home(problem, truck, visits)
    if legs is None or home is None:
        return None
    kept: list[_Leg] = []
    clock_s, rest = truck.shift_start_s, truck.rest
    for leg in legs:
        if rest is not None and clock_s >= rest.earliest_s:
            here = kept[-1].location if kept else truck.start_location
            kept.append(_Leg(Visit(StopKind.BREAK, -1), here, 0, 0, (), rest.duration_s))
            clock_s, rest = clock_s + rest.duration_s, None
        if leg.begin(clock_s + leg.drive_s) >= _NEVER:
            leg = replace(leg, windows=())
        clock_s = leg.begin(clock_s + leg.drive_s) + leg.service_s
        kept.append(leg)
    return _written(problem, number, kept, home, _latest_leave(truck, kept, home, clock_s + home.drive_s))


def _legs(problem: Problem, truck: Truck, visits: Sequence[Visit]) -> list[_Leg] | None:
    legs = []
    here = truck.start_location
    for visit in visits:
        if visit.kind is StopKind.TASK:
            task = problem.tasks[visit.index]
            location, windows, service_s = task.location, task.windows, task.service_s
        else:
            station = problem.stations[visit.index]
            location, windows, service_s = station.location, station.windows, station.tip_s
        way = drive(problem, truck, here, location)
        if way is None:
            return None
        legs.append(_Leg(visit, location, *way, windows, service_s))
        here = location
    return legs


def _leg_home(problem: Problem, truck: Truck, visits: Sequence[Visit]) -> _Leg | None:
    here = truck.start_location
    if visits:
        last = visits[-1]
        places = problem.tasks if last.kind is StopKind.TASK else problem.stations
        here = places[last.index].location
    way = drive(problem, truck, here, truck.end_location)
    return None if way is None else _Leg(Visit(StopKind.END, -1), truck.end_location, *way, (), 0)


def _place_break(
    truck: Truck, legs: list[_Leg], home: _Leg, start_s: int, first: int = 0
) -> tuple[list[_Leg], int] | None:
    """The legs with the break among them where the truck is home earliest, and when that is; None if too late.

    The truck leaves at `start_s` at the earliest, and is taken to leave then where it could leave after the last moment
    for its break. The break has `first` legs before it at least.
    """
    latest_end_s = truck.shift_end_s + truck.overtime_s
    rest = truck.rest
    due = start_s
    if rest is None or (due > rest.latest_s and not rest.always):
        for leg in legs:
            due = min(leg.begin(due + leg.drive_s) + leg.service_s, _NEVER)
        back_s = due + home.drive_s
        return (legs, back_s) if back_s <= latest_end_s else None
    latest_s = rest.latest_s if rest.after_s is None else min(rest.latest_s, due + rest.after_s)
    taken, place = _NEVER, 0
    for number in range(len(legs) + 1):
        if number > 0:
            leg = legs[number - 1]
            due = min(leg.begin(due + leg.drive_s) + leg.service_s, _NEVER)
            taken = min(leg.begin(taken + leg.drive_s) + leg.service_s, _NEVER)
        rest_s = max(due, rest.earliest_s)
        if number >= first and rest_s <= latest_s and rest_s + rest.duration_s <= taken:
            taken, place = rest_s + rest.duration_s, number
    if not rest.always and due + home.drive_s <= min(latest_s, latest_end_s):
        return legs, due + home.drive_s
    if taken + home.drive_s > latest_end_s:
        return None
    here = legs[place - 1].location if place > 0 else truck.start_location
    pause = _Leg(Visit(StopKind.BREAK, -1), here, 0, 0, (Window(rest.earliest_s, latest_s),), rest.duration_s)
    return [*legs[:place], pause, *legs[place:]], taken + home.drive_s


def _latest_leave(truck: Truck, legs: list[_Leg], home: _Leg, back_s: int) -> int:
    """The latest departure with which the truck is still home at `back_s`."""
    bound_s = back_s - home.drive_s
    for leg in reversed(legs):
        bound_s = leg.latest(bound_s - leg.service_s) - leg.drive_s
    return max(bound_s, truck.shift_start_s)


def _written(problem: Problem, number: int, legs: list[_Leg], home: _Leg, leave_s: int) -> Route:
    truck = problem.trucks[number]
    kg, litres = truck.start_load_kg, truck.start_load_l
    stops = [Stop(StopKind.START, -1, truck.start_location, leave_s, leave_s, leave_s, kg, litres)]
    clock_s = leave_s
    for leg in legs:
        visit = leg.visit
        arrive_s = clock_s + leg.drive_s
        start_s = leg.begin(arrive_s)
        clock_s = start_s + leg.service_s
        unloads = visit.kind is StopKind.UNLOAD
        took = (-kg, -litres) if unloads else (visit.kg, visit.litres)
        kg, litres = kg + took[0], litres + took[1]
        stops.append(Stop(visit.kind, visit.index, leg.location, arrive_s, start_s, clock_s, kg, litres, *took))
    back_s = clock_s + home.drive_s
    stops.append(Stop(StopKind.END, -1, truck.end_location, back_s, back_s, back_s, kg, litres))
    distance_m = sum(leg.distance_m for leg in legs) + home.distance_m
    overtime_s = max(0, back_s - max(truck.shift_end_s, leave_s))
    done = [leg.visit for leg in legs if leg.visit.kind is StopKind.TASK]
    return Route(
        truck=number,
        stops=tuple(stops),
        distance_m=distance_m,
        drive_s=sum(leg.drive_s for leg in legs) + home.drive_s,
        duration_s=back_s - leave_s,
        overtime_s=overtime_s,
        collected_kg=sum(visit.kg for visit in done),
        collected_l=sum(visit.litres for visit in done),
        cost=cost_of(truck, distance_m, back_s - leave_s, overtime_s),
    )


def cost_of(truck: Truck, distance_m: int, duration_s: int, overtime_s: int) -> int:
    """What a route costs, rounded to the nearest whole unit."""
    hours = truck.cost_per_h * duration_s + truck.overtime_cost_per_h * overtime_s
    return truck.fixed_cost + (3600 * truck.cost_per_km * distance_m + 1000 * hours + 1_800_000) // 3_600_000
