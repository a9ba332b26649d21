"""Where one more task fits into routes that stand: the cheapest places, each with its price and what it would break."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from services.routing.checker import Rule, Violation, check_route
from services.routing.problem import Problem
from services.routing.solution import Route, StopKind
from services.routing.timetable import Visit, driven, price_of, route_of

PLACES_TRIED = 40
"""So many places of each truck, those with the shortest detours, are timed at most."""

FEW_BROKEN = 5
"""So many are where none keeps every rule."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place for a task in a truck's route: what the truck does then, and what that costs more than before.

    `position` is where the task stands among the visits. `broken` are the rules that the new route would not keep; a
    place that breaks nothing is always before one that does.
    """

    truck: int
    position: int
    visits: tuple[Visit, ...]
    route: Route
    extra_cost: int
    extra_m: int
    extra_s: int
    broken: tuple[Violation, ...] = ()

    @property
    def rank(self) -> tuple[int, int]:
        """What places are compared by: fewer rules broken, then cheaper."""
        return len(self.broken), self.extra_cost


class Pricing:
    """Prices places for tasks in routes that stand; `visits` is changed by `put` only."""

    def __init__(
        self, problem: Problem, visits: Mapping[int, Sequence[Visit]], places_tried: int = PLACES_TRIED
    ) -> None:
        self._problem = problem
        self._places_tried = places_tried
        self.visits = {truck: list(own) for truck, own in visits.items()}
        self._routes: dict[int, Route | None] = {}
        self._rules: dict[int, set[tuple[Rule, int]]] = {}

    def put(self, place: Place) -> None:
        """Let a truck do what a place says from now on."""
        self.visits[place.truck] = list(place.visits)
        self._routes[place.truck] = place.route
        self._rules.pop(place.truck, None)

    def _route(self, truck: int) -> Route | None:
        if truck not in self._routes:
            visits = self.visits.get(truck, ())
            self._routes[truck] = driven(self._problem, truck, visits) if visits else None
        return self._routes[truck]

    def in_truck(self, truck: int, task: Visit, positions: Collection[int] | None = None) -> list[Place]:
        """The best place in one truck's route: one that keeps every rule, or the one that breaks least.

        `positions` narrows it to places among the visits.
        """
        return self.best(task, 1, [truck], positions)

    def best(
        self, task: Visit, count: int, trucks: Iterable[int], positions: Collection[int] | None = None
    ) -> list[Place]:
        """The best places of all, each in another truck as long as there are so many.

        Places are timed in the order of what they would cost without waiting, until no other can be cheaper.
        """
        estimates = sorted(one for truck in trucks for one in self._estimates(truck, task, positions))
        found: dict[int, list[Place]] = {}
        tried: Counter[int] = Counter()
        for estimate, truck, position in estimates:
            chosen = self._chosen(found, count)
            if len(chosen) == count and estimate > chosen[-1].extra_cost:
                break
            if tried[truck] < self._places_tried:
                tried[truck] += 1
                found.setdefault(truck, []).extend(self._strict(truck, position, task))
        chosen = self._chosen(found, count)
        missing = count - len(chosen)
        if missing > 0:
            sound = {place.truck for place in chosen}
            chosen += self._loose([one for one in estimates if one[1] not in sound], missing, task)
        return chosen

    def _chosen(self, found: Mapping[int, list[Place]], count: int) -> list[Place]:
        """The cheapest place of each truck, then the others, as many as are wanted."""
        own = [sorted(places, key=lambda place: place.extra_cost) for places in found.values() if places]
        chosen = sorted((places[0] for places in own), key=lambda place: place.extra_cost)[:count]
        if len(chosen) < count:
            others = sorted((place for places in own for place in places[1:]), key=lambda place: place.extra_cost)
            chosen += others[: count - len(chosen)]
        return sorted(chosen, key=lambda place: place.extra_cost)

    def _strict(self, truck: int, position: int, task: Visit) -> list[Place]:
        """The cheapest way to serve a task at a place that keeps every rule, if there is one."""
        visits = self.visits.get(truck, [])
        priced: list[tuple[int, int, list[Visit]]] = []
        for option in self._options(truck, visits, position, task):
            price = None if self._needs_tipping(truck, option) else price_of(self._problem, truck, option)
            if price is not None:
                priced.append((price[0], len(priced), option))
        for _, _, option in sorted(priced):
            route = route_of(self._problem, truck, option)
            assert route is not None  # it has a price
            place = self._place(truck, position, option, route)
            if not self._broken(place):
                return [place]
        return []

    def _loose(self, estimates: Sequence[tuple[float, int, int]], count: int, task: Visit) -> list[Place]:
        """Places whatever they break, those that break least first, one in each truck."""
        tried: Counter[int] = Counter()
        least: dict[int, Place] = {}
        for _, truck, position in estimates:
            tried[truck] += 1
            if tried[truck] > FEW_BROKEN:
                continue
            visits = self.visits.get(truck, [])
            option = [*visits[:position], task, *visits[position:]]
            route = driven(self._problem, truck, option)
            if route is None:
                continue
            place = self._place(truck, position, option, route)
            place = replace(place, broken=tuple(self._broken(place)))
            if truck not in least or place.rank < least[truck].rank:
                least[truck] = place
        return sorted(least.values(), key=lambda place: place.rank)[:count]

    def _estimates(self, truck: int, task: Visit, positions: Collection[int] | None) -> list[tuple[float, int, int]]:
        """What driving over a task costs at each place of a truck, with the truck and the place."""
        row = self._problem.trucks[truck]
        travel = self._problem.travel[row.profile]
        visits = self.visits.get(truck, [])
        stops = [self._location(visit) for visit in visits]
        here, there = np.array([row.start_location, *stops]), np.array([*stops, row.end_location])
        over = self._problem.tasks[task.index].location
        ways = [
            (matrix[here, over].astype(np.int64), matrix[over, there], matrix[here, there])
            for matrix in (travel.duration_s, travel.distance_m)
        ]
        # Where no way leads straight on, as between the hubs of a thin matrix, nothing is saved.
        seconds, metres = (to + on - np.maximum(straight, 0) for to, on, straight in ways)
        cost = row.cost_per_h * (seconds * 1000 / row.speed_permille + self._problem.tasks[task.index].service_s) / 3600
        cost = cost + row.cost_per_km * metres / 1000 + (0 if visits else row.fixed_cost)
        if not visits:
            cost = cost + row.cost_per_km * np.maximum(ways[1][2], 0) / 1000
        open_ways = (ways[0][0] >= 0) & (ways[0][1] >= 0)
        wanted = range(len(visits) + 1) if positions is None else positions
        return [(float(cost[place]), truck, place) for place in wanted if open_ways[place]]

    def _location(self, visit: Visit) -> int:
        rows = self._problem.tasks if visit.kind is StopKind.TASK else self._problem.stations
        return rows[visit.index].location

    def _options(self, truck: int, visits: list[Visit], place: int, task: Visit) -> list[list[Visit]]:
        """Ways to serve a task at a place: as it is, or with an unloading before it, after it, or on the way home."""
        stations = [row for row in range(len(self._problem.stations)) if self._problem.may_tip[row, truck]]
        unloadings = [Visit(StopKind.UNLOAD, row) for row in stations]
        before, after = visits[:place], visits[place:]
        options = [[*before, task, *after]]
        if self._needs_tipping(truck, options[0]):
            options = [[*before, task, unloading, *after] for unloading in unloadings]
            options += [[*before, unloading, task, *after] for unloading in unloadings if before]
            if not after:
                options += [[*before, one, task, other] for one in unloadings for other in unloadings]
        return options

    def _needs_tipping(self, truck: int, visits: Sequence[Visit]) -> bool:
        row = self._problem.trucks[truck]
        kg, litres = row.start_load_kg, row.start_load_l
        for visit in visits:
            kg, litres = (0, 0) if visit.kind is StopKind.UNLOAD else (kg + visit.kg, litres + visit.litres)
            if kg > row.capacity_kg or litres > row.capacity_l:
                return True
        return bool(row.ends_empty and (kg or litres))

    def _place(self, truck: int, position: int, visits: list[Visit], route: Route) -> Place:
        """The place with its price."""
        old = self._route(truck)
        extra = (route.cost, route.distance_m, route.duration_s)
        if old is not None:
            extra = (route.cost - old.cost, route.distance_m - old.distance_m, route.duration_s - old.duration_s)
        return Place(truck, position, tuple(visits), route, *extra)

    def _broken(self, place: Place) -> list[Violation]:
        """The rules that a place breaks and its truck did not before: its own, and the stations' tonnes."""
        broken = [one for one in check_route(self._problem, place.route) if _what(one) not in self._known(place.truck)]
        for number, station in enumerate(self._problem.stations):
            if station.remaining_kg is None:
                continue
            more_kg = _tipped_kg(place.route, number) - _tipped_kg(self._route(place.truck), number)
            if more_kg > 0 and self._brought_kg(number) + more_kg > station.remaining_kg:
                sentence = f"Station {number} takes {station.remaining_kg} kg."
                broken.append(Violation(Rule.STATION_KG, place.truck, -1, sentence))
        return broken

    def _known(self, truck: int) -> set[tuple[Rule, int]]:
        if truck not in self._rules:
            route = self._route(truck)
            self._rules[truck] = set() if route is None else {_what(one) for one in check_route(self._problem, route)}
        return self._rules[truck]

    def _brought_kg(self, station: int) -> int:
        return sum(_tipped_kg(self._route(truck), station) for truck in self.visits)


def _tipped_kg(route: Route | None, station: int) -> int:
    stops = () if route is None else route.stops
    return -sum(stop.taken_kg for stop in stops if stop.kind is StopKind.UNLOAD and stop.index == station)


def _what(violation: Violation) -> tuple[Rule, int]:
    return violation.rule, violation.truck
