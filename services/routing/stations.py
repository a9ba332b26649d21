"""Stations after the search: no more trucks tip at once than there are bays, and no more tonnes than a station takes.

Trucks are let to the bays in the order in which they come; who finds none free waits, or goes to another station, or
leaves out its last tasks. What is left out is for the planner to give to trucks that stay at home.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from heapq import heapify, heappop, heappush

from services.routing.problem import UNLIMITED, Problem
from services.routing.solution import Route, StopKind
from services.routing.timetable import Visit, route_of

MOST_ROUNDS = 4
"""The bays are shared so often at most."""
MOST_MOVES = 2
"""An unloading is sent to another station for want of a bay so often at most."""


@dataclass(slots=True)
class Draft:
    """A plan in the making: what each truck does in order, and the tasks that were left out on the way."""

    problem: Problem
    visits: dict[int, list[Visit]]
    left_out: list[int] = field(default_factory=list)
    routes: dict[int, Route] = field(default_factory=dict)

    def time(self, truck: int) -> None:
        """Set the clock of one truck anew; tasks are left out from its end as long as it cannot keep its times."""
        while True:
            visits = self._tidied(truck)
            if not visits:
                self.visits.pop(truck, None)
                self.routes.pop(truck, None)
                return
            route = route_of(self.problem, truck, visits)
            if route is not None:
                self.visits[truck], self.routes[truck] = visits, route
                return
            self.drop(truck, self._least_wanted(visits))

    def drop(self, truck: int, place: int) -> None:
        """Take one visit out of a truck's list; a task is noted as left out."""
        visit = self.visits[truck].pop(place)
        if visit.kind is StopKind.TASK:
            self.left_out.append(visit.index)

    def _least_wanted(self, visits: list[Visit]) -> int:
        """The last of the tasks with the lowest priority."""
        tasks = [place for place, visit in enumerate(visits) if visit.kind is StopKind.TASK]
        return min(tasks, key=lambda place: (self.problem.tasks[visits[place].index].priority, -place))

    def _tidied(self, truck: int) -> list[Visit]:
        """A truck's visits without unloading stops at which it has nothing on board; none at all without a task."""
        row = self.problem.trucks[truck]
        kept: list[Visit] = []
        loaded = row.start_load_kg > 0 or row.start_load_l > 0
        visits = self.visits.get(truck, [])
        if not any(visit.kind is StopKind.TASK for visit in visits):
            return []
        for visit in visits:
            if visit.kind is StopKind.UNLOAD:
                if loaded:
                    kept.append(visit)
                loaded = False
            else:
                kept.append(visit)
                loaded = loaded or visit.kg > 0 or visit.litres > 0
        return kept


def repair_stations(draft: Draft) -> None:
    """Change a timed draft until every station's tonnes and bays are kept."""
    if any(station.remaining_kg is not None for station in draft.problem.stations):
        _repair_tonnes(draft)
    if any(station.bays is not None for station in draft.problem.stations):
        for _ in range(MOST_ROUNDS):
            _repair_bays(draft)
            if not _is_crowded(draft):
                return


def _is_crowded(draft: Draft) -> bool:
    """Whether more trucks tip at once somewhere than there are bays: one that left a task out may rest elsewhere."""
    changes: dict[int, list[tuple[int, int]]] = {}
    for route in draft.routes.values():
        for stop in route.stops:
            if stop.kind is StopKind.UNLOAD:
                changes.setdefault(stop.index, []).extend([(stop.start_s, 1), (stop.depart_s, -1)])
    for number, station in enumerate(draft.problem.stations):
        at_once = 0
        taken = [(moment_s, by) for span in station.taken for moment_s, by in ((span.start_s, 1), (span.end_s, -1))]
        for _, change in sorted([*changes.get(number, ()), *taken]):
            at_once += change
            if station.bays is not None and at_once > station.bays and number in changes:
                return True
    return False


def share_bays(draft: Draft) -> None:
    """Let trucks wait for a free bay as far as they can; nothing is moved or left out for it."""
    ends: list[list[int]] = [[] for _ in draft.problem.stations]
    for tip in _in_order(draft):
        bays = draft.problem.stations[tip.station].bays
        busy = _busy_until(draft, tip, ends[tip.station])
        if bays is not None and len(busy) >= bays:
            visits = list(draft.visits[tip.truck])
            visits[tip.place] = replace(visits[tip.place], appointment_s=busy[len(busy) - bays])
            route = route_of(draft.problem, tip.truck, visits)
            if route is not None:
                draft.visits[tip.truck], draft.routes[tip.truck] = visits, route
                continue
        ends[tip.station].append(tip.end_s)
        _settle(draft, tip)
    _unsettle(draft)


@dataclass(frozen=True, slots=True)
class _Tip:
    """One unloading of a timed draft, in the order of time."""

    start_s: int
    end_s: int
    truck: int
    place: int
    station: int
    kg: int


def _busy_until(draft: Draft, tip: _Tip, ends_s: Sequence[int]) -> list[int]:
    """When the bays are free again, the earliest first, that others have while a truck would tip.

    `ends_s` are those of the unloadings before it; a bay that is taken later, while it tips, counts too.
    """
    taken = draft.problem.stations[tip.station].taken
    later = [span.end_s for span in taken if span.start_s < tip.end_s and span.end_s > tip.start_s]
    return sorted([*(end_s for end_s in ends_s if end_s > tip.start_s), *later])


def _in_order(draft: Draft) -> Iterator[_Tip]:
    """The unloadings that are not settled, earliest first; after each only its own truck may change."""
    first = (_first_open(draft, truck) for truck in draft.routes)
    waiting = [(tip.start_s, tip.truck, tip) for tip in first if tip is not None]
    heapify(waiting)
    while waiting:
        _, truck, tip = heappop(waiting)
        yield tip
        then = _first_open(draft, truck)
        if then is not None:
            heappush(waiting, (then.start_s, truck, then))


def _first_open(draft: Draft, truck: int) -> _Tip | None:
    """A truck's first unloading that is not settled."""
    if truck not in draft.routes:
        return None
    stops = [stop for stop in draft.routes[truck].stops if stop.kind in (StopKind.TASK, StopKind.UNLOAD)]
    for place, (visit, stop) in enumerate(zip(draft.visits[truck], stops, strict=True)):
        if visit.kind is StopKind.UNLOAD and not visit.settled:
            return _Tip(stop.start_s, stop.depart_s, truck, place, visit.index, -stop.taken_kg)
    return None


def _settle(draft: Draft, tip: _Tip) -> None:
    """Note that an unloading stays as it is and when it is."""
    visits = draft.visits[tip.truck]
    visits[tip.place] = replace(visits[tip.place], appointment_s=tip.start_s, settled=True)


def _keeps_settled(visits: Sequence[Visit], route: Route) -> bool:
    """Whether the unloadings that are settled are still when they were: the break may have moved before one."""
    stops = (stop for stop in route.stops if stop.kind in (StopKind.TASK, StopKind.UNLOAD))
    return all(stop.start_s == visit.appointment_s for visit, stop in zip(visits, stops, strict=True) if visit.settled)


def _unsettle(draft: Draft) -> None:
    for truck, visits in draft.visits.items():
        draft.visits[truck] = [replace(visit, settled=False, moves=0) for visit in visits]


def _repair_tonnes(draft: Draft) -> None:
    """Let unloadings in the order of time take a station's tonnes; the others go elsewhere or are made smaller."""
    left = [UNLIMITED if station.remaining_kg is None else station.remaining_kg for station in draft.problem.stations]
    for tip in _in_order(draft):
        if tip.kg <= left[tip.station]:
            left[tip.station] -= tip.kg
            _settle(draft, tip)
            continue
        roomy = [other for other in _other_stations(draft, tip) if tip.kg <= left[other]]
        if not _move(draft, tip, roomy):
            _shed(draft, tip)
    _unsettle(draft)


def _move(draft: Draft, tip: _Tip, stations: list[int]) -> bool:
    """Let an unloading be at the cheapest of some stations that keeps the truck's times; false if there is none."""
    best: tuple[int, list[Visit], Route] | None = None
    for station in stations:
        visits = list(draft.visits[tip.truck])
        moves = visits[tip.place].moves + 1
        visits[tip.place] = replace(visits[tip.place], index=station, appointment_s=0, moves=moves)
        route = route_of(draft.problem, tip.truck, visits)
        if route is not None and _keeps_settled(visits, route) and (best is None or route.cost < best[0]):
            best = (route.cost, visits, route)
    if best is None:
        return False
    draft.visits[tip.truck], draft.routes[tip.truck] = best[1], best[2]
    return True


def _other_stations(draft: Draft, tip: _Tip) -> list[int]:
    return [
        other
        for other in range(len(draft.problem.stations))
        if other != tip.station and draft.problem.may_tip[other, tip.truck]
    ]


def _roomy_stations(draft: Draft, tip: _Tip) -> list[int]:
    """The other stations that take the tonnes of an unloading on top of what the draft brings them."""
    kg = [0] * len(draft.problem.stations)
    for route in draft.routes.values():
        for stop in route.stops:
            if stop.kind is StopKind.UNLOAD:
                kg[stop.index] -= stop.taken_kg
    limits = [station.remaining_kg for station in draft.problem.stations]
    others = [(other, limits[other]) for other in _other_stations(draft, tip)]
    return [other for other, limit in others if limit is None or kg[other] + tip.kg <= limit]


def _trip_before(visits: list[Visit], place: int) -> list[int]:
    """The places of the tasks between an unloading and the one before it."""
    first = place
    while first > 0 and visits[first - 1].kind is StopKind.TASK:
        first -= 1
    return list(range(first, place))


def _shed(draft: Draft, tip: _Tip) -> None:
    """Leave out the least wanted load of a trip; a truck whose load at the shift's start finds no station stays."""
    visits, tasks = draft.visits[tip.truck], draft.problem.tasks
    loaded = [place for place in _trip_before(visits, tip.place) if visits[place].kg > 0]
    if loaded:
        draft.drop(tip.truck, min(loaded, key=lambda place: (tasks[visits[place].index].priority, -place)))
    else:
        for place in range(len(visits) - 1, -1, -1):
            draft.drop(tip.truck, place)
    draft.time(tip.truck)


def _repair_bays(draft: Draft) -> None:
    """Serve the trucks at each station in the order in which they come; who finds no bay free waits."""
    ends: list[list[int]] = [[] for _ in draft.problem.stations]
    for tip in _in_order(draft):
        bays = draft.problem.stations[tip.station].bays
        busy = _busy_until(draft, tip, ends[tip.station])
        if bays is None or len(busy) < bays:
            ends[tip.station].append(tip.end_s)
            _settle(draft, tip)
        else:
            _wait(draft, tip, busy[len(busy) - bays])
    _unsettle(draft)


def _wait(draft: Draft, tip: _Tip, free_s: int) -> None:
    """Hold an unloading back until a bay is free; where that breaks the truck's times, move it, or leave out a task."""
    visits = list(draft.visits[tip.truck])
    visits[tip.place] = replace(visits[tip.place], appointment_s=free_s)
    route = route_of(draft.problem, tip.truck, visits)
    if route is not None and _keeps_settled(visits, route):
        draft.visits[tip.truck], draft.routes[tip.truck] = visits, route
        return
    if visits[tip.place].moves < MOST_MOVES and _move(draft, tip, _roomy_stations(draft, tip)):
        return
    later = [place for place in range(tip.place, len(visits)) if visits[place].kind is StopKind.TASK]
    draft.drop(tip.truck, (later or _trip_before(visits, tip.place))[-1])
    draft.time(tip.truck)
