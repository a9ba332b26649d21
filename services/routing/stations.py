"""Stations after the search: no more trucks tip at once than there are bays, and no more tonnes than a station takes.

Trucks are let to the bays as they come, and of those that wait who can wait least is first; who cannot wait at all
goes to another station, or leaves out its last tasks. What is left out is for the planner to give to other trucks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from heapq import heapify, heappop, heappush

from services.routing.problem import UNLIMITED, Problem
from services.routing.solution import Route, StopKind
from services.routing.timetable import Visit, latest_start, route_of

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
            if not _crowd(draft):
                return
        while crowd := _crowd(draft):  # the smallest route stays at home: the others' times stand
            _stay_home(draft, min(crowd, key=lambda truck: (len(draft.routes[truck].tasks), truck)))


def _crowd(draft: Draft) -> set[int]:
    """The trucks at a station where more tip at once than there are bays: who left a task out may rest elsewhere."""
    tips: dict[int, list[tuple[int, int, int]]] = {}
    for truck, route in draft.routes.items():
        for stop in route.stops:
            if stop.kind is StopKind.UNLOAD:
                tips.setdefault(stop.index, []).append((stop.start_s, stop.depart_s, truck))
    for number, own in tips.items():
        station = draft.problem.stations[number]
        if station.bays is None:
            continue
        taken = [(span.start_s, span.end_s, -1) for span in station.taken]
        present: list[tuple[int, int]] = []
        for start_s, end_s, truck in sorted([*own, *taken]):
            present = [other for other in present if other[0] > start_s]
            if end_s > start_s:
                present.append((end_s, truck))
            crowd = {other for _, other in present if other >= 0}
            if len(present) > station.bays and crowd:
                return crowd
    return set()


def _stay_home(draft: Draft, truck: int) -> None:
    """Leave out all that a truck does."""
    for place in range(len(draft.visits[truck]) - 1, -1, -1):
        draft.drop(truck, place)
    draft.time(truck)


def share_bays(draft: Draft) -> None:
    """Let trucks wait for a free bay as far as they can; nothing is moved or left out for it."""
    ends: list[list[int]] = [[] for _ in draft.problem.stations]
    for tip in _in_order(draft):
        turn_s = _turn_s(draft, tip, ends[tip.station])
        if turn_s > tip.start_s:
            visits = list(draft.visits[tip.truck])
            visits[tip.place] = replace(visits[tip.place], appointment_s=turn_s)
            route = route_of(draft.problem, tip.truck, visits)
            if route is not None:
                draft.visits[tip.truck], draft.routes[tip.truck] = visits, route
        _take_turn(draft, tip, ends[tip.station])
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


def _turn_s(draft: Draft, tip: _Tip, ends_s: Sequence[int]) -> int:
    """When a bay is free for a truck that has come to a station.

    `ends_s` is when those leave their bays that were let in before; a bay that somebody else has, now or while it would
    tip, counts too.
    """
    station, start_s = draft.problem.stations[tip.station], tip.start_s
    while station.bays is not None:
        end_s = start_s + tip.end_s - tip.start_s
        taken = [span.end_s for span in station.taken if span.start_s < end_s and span.end_s > start_s]
        busy = sorted([*(other_s for other_s in ends_s if other_s > start_s), *taken])
        if len(busy) < station.bays:
            break
        start_s = busy[len(busy) - station.bays]
    return start_s


def _take_turn(draft: Draft, tip: _Tip, ends_s: list[int]) -> None:
    """Settle an unloading when it is to be now; who is let in later sees until when it has its bay."""
    now = _first_open(draft, tip.truck)
    assert now is not None
    ends_s.append(now.end_s)
    _settle(draft, now)


def _in_order(draft: Draft) -> Iterator[_Tip]:
    """The unloadings that are not settled, earliest first; after each only its own truck may change."""
    waiting = _first_of_all(draft)
    while waiting:
        _, truck, tip = heappop(waiting)
        yield tip
        _come(draft, truck, waiting)


def _first_of_all(draft: Draft) -> list[tuple[int, int, _Tip]]:
    """Each truck's first unloading that is not settled, as a heap in the order of time."""
    first = (_first_open(draft, truck) for truck in draft.routes)
    coming = [(tip.start_s, tip.truck, tip) for tip in first if tip is not None]
    heapify(coming)
    return coming


def _come(draft: Draft, truck: int, coming: list[tuple[int, int, _Tip]]) -> None:
    """Put a truck's next unloading that is not settled among those to come."""
    then = _first_open(draft, truck)
    if then is not None:
        heappush(coming, (then.start_s, truck, then))


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
        draft.time(tip.truck)
    else:
        _stay_home(draft, tip.truck)


def _repair_bays(draft: Draft) -> None:
    """Let the trucks to each station's bays as they come; of those that wait for one, who can wait least is first."""
    stations = range(len(draft.problem.stations))
    ends: list[list[int]] = [[] for _ in stations]
    waiting: list[list[tuple[int, _Tip]]] = [[] for _ in stations]
    coming = _first_of_all(draft)
    while coming or any(waiting):
        free = [(_turn_s(draft, waiting[number][0][1], ends[number]), number) for number in stations if waiting[number]]
        if coming and (not free or coming[0][0] <= min(free)[0]):
            _, _, tip = heappop(coming)
            if waiting[tip.station] or _turn_s(draft, tip, ends[tip.station]) > tip.start_s:
                latest_s = latest_start(draft.problem, tip.truck, draft.visits[tip.truck], tip.place)
                waiting[tip.station].append((latest_s, tip))
                continue
            _take_turn(draft, tip, ends[tip.station])
        else:
            queue = waiting[min(free)[1]]
            queue.remove(least := min(queue, key=lambda row: (row[0], row[1].start_s, row[1].truck)))
            tip = least[1]
            if _wait(draft, tip, _turn_s(draft, tip, ends[tip.station])):
                _take_turn(draft, tip, ends[tip.station])
        _come(draft, tip.truck, coming)
    _unsettle(draft)


def _wait(draft: Draft, tip: _Tip, free_s: int) -> bool:
    """Hold an unloading back until a bay is free; false if it comes to another time or place, or a task is left out.

    It is moved where its truck could not keep its times else, and a task is left out where that is no help either.
    """
    visits = list(draft.visits[tip.truck])
    visits[tip.place] = replace(visits[tip.place], appointment_s=free_s)
    route = route_of(draft.problem, tip.truck, visits)
    if route is not None and _keeps_settled(visits, route):
        draft.visits[tip.truck], draft.routes[tip.truck] = visits, route
        now = _first_open(draft, tip.truck)
        return now is not None and now.start_s == free_s
    if visits[tip.place].moves < MOST_MOVES and _move(draft, tip, _roomy_stations(draft, tip)):
        return False
    later = [place for place in range(tip.place, len(visits)) if visits[place].kind is StopKind.TASK]
    draft.drop(tip.truck, (later or _trip_before(visits, tip.place))[-1])
    draft.time(tip.truck)
    return False
