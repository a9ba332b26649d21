"""A day's work in a generated town: which points there are, and which truck drives where in truth."""

import math
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from random import Random

import polyline

from bench.clearance.mixes import Mix
from bench.clearance.streets import Streets
from firmware_sim.ground import Spot, distance_m
from firmware_sim.register import Register
from firmware_sim.town.build import GROUND, SimulatedTown, build_town
from firmware_sim.town.network import RoadNetwork
from services.domain.kinds import ContainerType, FacilityKind, StopKind, VehicleKind
from services.domain.registry import CollectionPoint, Facility, Vehicle
from services.domain.telemetry import RouteMessage, RouteStop
from services.domain.town import Town

DAY = date(2026, 6, 1)
TOWN = Town("青石县")
SPEED_MPS = 7.0
STOPS_OF_COMPACTOR, STOPS_OF_CRANE = 44, 12
LEAVES_AFTER_S, LEAVES_AT_NIGHT_AFTER_S = 3_600.0, 16 * 3_600.0
REST_S = 2 * 3600
TWINS_SERVED = 0.6
STANDS_OFF_M = 8.0
"""A driver stops so far before or behind the place on the road that is nearest to the containers."""
FOREIGN_STAND_S = 240


@dataclass(frozen=True, slots=True)
class Stop:
    """A place where a truck stops: a spot of the street map, and for which point, station or depot."""

    kind: StopKind
    place_id: str
    spot: int
    service_s: int


@dataclass(frozen=True, slots=True)
class Scene:
    """The register as clearance sees it, and the routes that are truly driven."""

    register: Register
    routes: dict[str, RouteMessage]


@lru_cache(maxsize=2)
def town_of(seed: int) -> SimulatedTown:
    """Return the generated town of a seed."""
    return build_town(seed)


def build_scene(seed: int, mix: Mix, compactors: int = 4) -> Scene:
    """Return a town's day for `compactors` trucks and a crane truck, with the awkward things that the mix asks for."""
    return _Builder(seed, mix, compactors).scene()


@lru_cache(maxsize=2)
def _streets_of(seed: int) -> tuple[dict[str, int], list[Spot], Streets]:
    """Return where trucks stand for each point and facility of a seed's town, and the ways between these places."""
    town, random = town_of(seed), _random(f"{seed}/stands")
    places = [(point.point_id, point.position) for point in town.points]
    places += [(place.facility_id, place.position) for place in _facilities(town)]
    spots = [_off(GROUND.spot(*position), random) for _, position in places]
    return {name: number for number, (name, _) in enumerate(places)}, spots, Streets(town.network, spots)


def _facilities(town: SimulatedTown) -> tuple[Facility, ...]:
    return tuple(place for place in town.facilities if place.kind is not FacilityKind.PUBLIC_TOILET)


def _random(purpose: str) -> Random:
    return Random(purpose)  # noqa: S311 -- a scene wants numbers that repeat


def _off(spot: Spot, random: Random) -> Spot:
    """Return a spot near by: drivers stop a little way before or behind the containers."""
    angle, off_m = random.uniform(0.0, 2 * math.pi), random.uniform(0.0, STANDS_OFF_M)
    return spot[0] + off_m * math.cos(angle), spot[1] + off_m * math.sin(angle)


class _Builder:
    def __init__(self, seed: int, mix: Mix, compactors: int) -> None:
        self._mix, self._count = mix, compactors
        self._random = _random(f"{seed}/scene")
        town = town_of(seed)
        self._network = RoadNetwork(list(town.network.nodes), list(town.network.ways))
        self._facilities = _facilities(town)
        self._fleet = town.vehicles
        self._points = {point.point_id: self._quickened(point) for point in town.points}
        spot_of, spots, self._streets = _streets_of(seed)
        self._spot_of, self._spots = dict(spot_of), list(spots)
        self._has_new_places = False

    def scene(self) -> Scene:
        """Choose the trucks and their points, add what is awkward, and write the routes."""
        compactors = [one for one in self._fleet if one.kind is VehicleKind.COMPACTOR][: self._count]
        crane = next(one for one in self._fleet if one.kind is VehicleKind.CRANE_TRUCK)
        wheeled = [one for one in self._points.values() if one.container_type is not ContainerType.PIT]
        pits = [one for one in self._points.values() if one.container_type is ContainerType.PIT]
        work = {truck.vehicle_id: self._round(wheeled, STOPS_OF_COMPACTOR) for truck in compactors}
        work[crane.vehicle_id] = self._round(pits, STOPS_OF_CRANE)
        routes = {vehicle_id: [self._stop(point_id) for point_id in names] for vehicle_id, names in work.items()}
        self._make_awkward(routes, compactors)
        if self._mix.foreign:
            stands = [stop for stop in routes[compactors[0].vehicle_id] if self._draws(self._mix.foreign)]
            waits = [self._wait_beside(stop, FOREIGN_STAND_S) for stop in stands]
            routes[crane.vehicle_id] = waits + routes[crane.vehicle_id]
        if self._mix.swapped:
            one, two = compactors[0].vehicle_id, compactors[1].vehicle_id
            routes[one], routes[two] = routes[two], routes[one]
        if self._has_new_places:
            self._streets = Streets(self._network, self._spots)
        vehicles = (*compactors, crane)
        register = Register(TOWN, tuple(self._points.values()), self._facilities, vehicles)
        return Scene(register, {vehicle.vehicle_id: self._route(vehicle, routes) for vehicle in vehicles})

    def _quickened(self, point: CollectionPoint) -> CollectionPoint:
        if self._random.random() < self._mix.quick:
            return replace(point, service_s=self._random.randint(30, 60))
        return point

    def _round(self, points: list[CollectionPoint], count: int) -> list[str]:
        """Return a round of points that nobody serves yet: about a random one, each next the nearest."""
        left = {point.point_id for point in points}
        here = self._random.choice(sorted(left))
        found: list[str] = []
        while left and len(found) < count:
            here_spot = self._spot_of[here]
            here = min(left, key=lambda name: (self._streets.length_m(here_spot, self._spot_of[name]), name))
            left.discard(here)
            found.append(here)
        for name in found:
            points.remove(self._points[name])
        return found

    def _stop(self, point_id: str) -> Stop:
        return Stop(StopKind.POINT, point_id, self._spot_of[point_id], self._points[point_id].service_s)

    def _make_awkward(self, routes: dict[str, list[Stop]], compactors: list[Vehicle]) -> None:
        """Change the compactors' rounds by what the mix asks for."""
        names = [vehicle.vehicle_id for vehicle in compactors]
        for name in names:
            routes[name] = self._with_neighbours(routes[name], routes)
        for name, other in zip(names, [*names[1:], names[0]], strict=True):
            driven = [stop for stop in routes[name] if "-" not in stop.place_id]
            routes[other] += [
                self._beside(stop, 0.0, self._random.uniform(30.0, 45.0))
                for stop in driven
                if self._draws(self._mix.parallel)
            ]
            for stop in driven:
                if self._draws(self._mix.shared):
                    place = min(routes[name].index(stop), len(routes[other]))
                    routes[other].insert(place, self._wait_beside(stop, self._random.randint(60, 240)))
        for name, other in zip(names, [*names[1:], names[0]], strict=True):
            again = [stop for stop in routes[name] if stop.kind is StopKind.POINT and self._draws(self._mix.repeated)]
            self._repeat(again, [routes[name], routes[other]])

    def _with_neighbours(self, stops: list[Stop], routes: dict[str, list[Stop]]) -> list[Stop]:
        """Return a round with second points 20 m on and with points that are in no plan."""
        done: list[Stop] = []
        for stop in stops:
            done.append(stop)
            if self._draws(self._mix.twins):
                twin = self._beside(stop, along_m=20.0, across_m=0.0)
                done += [twin] if self._random.random() < TWINS_SERVED else []
            if self._draws(self._mix.unplanned):
                done += self._unplanned(stop, [*done, *(one for others in routes.values() for one in others)])
        return done

    def _repeat(self, stops: list[Stop], routes: list[list[Stop]]) -> None:
        """Let some points be due three times: the second visit is the same truck's, the third the next one's."""
        for stop in stops:
            self._points[stop.place_id] = replace(self._points[stop.place_id], visits_per_day=3.0)
        for route in routes:
            if stops:
                route += [self._wait_beside(stops[0], REST_S), *stops]

    def _draws(self, share: float) -> bool:
        return share > 0.0 and self._random.random() < share

    def _beside(self, stop: Stop, along_m: float, across_m: float) -> Stop:
        """Add a point beside another, along the road or on a street beside it, and return the stop at it."""
        point = self._points[stop.place_id]
        spot, stand = GROUND.spot(*point.position), self._streets.stand(stop.spot)
        away = (spot[0] - stand[0], spot[1] - stand[1])
        length_m = math.hypot(*away) or 1.0
        east, north = away[0] / length_m, away[1] / length_m
        moved = (
            spot[0] + east * across_m - north * along_m,
            spot[1] + north * across_m + east * along_m,
        )
        name = f"{stop.place_id}-{'T' if along_m else 'S'}"
        lon, lat = GROUND.lonlat(moved)
        self._points[name] = replace(point, point_id=name, lon=round(lon, 6), lat=round(lat, 6))
        if across_m:
            self._pave(moved, (-north, east), (east, north))
        self._spot_of[name] = len(self._spots)
        self._spots.append(_off(moved, self._random))
        self._has_new_places = True
        return self._stop(name)

    def _pave(self, spot: Spot, along: Spot, across: Spot) -> None:
        """Add a street that runs along 7 m before the point at `spot`, and joins the others at its ends."""
        nodes = [
            self._network.add_node(
                (spot[0] - 7.0 * across[0] + step * along[0], spot[1] - 7.0 * across[1] + step * along[1])
            )
            for step in (-120.0, 120.0)
        ]
        ends = [node for way in self._network.ways if way.is_driven for node in way.nodes]
        for node in nodes:
            nearest = self._network.nearest_node(self._network.nodes[node], ends)
            self._network.add_way([node, nearest], {"highway": "residential"})
        self._network.add_way(nodes, {"highway": "residential"})

    def _unplanned(self, stop: Stop, planned: list[Stop]) -> list[Stop]:
        """Return a stop at a point near by that is in nobody's route, if there is one."""
        taken = {one.place_id for one in planned}
        here = GROUND.spot(*self._points[stop.place_id].position)
        near = [
            (distance_m(here, GROUND.spot(*point.position)), point.point_id)
            for point in self._points.values()
            if point.point_id not in taken and point.container_type is not ContainerType.PIT
        ]
        return [self._stop(min(near)[1])] if near else []

    def _wait_beside(self, stop: Stop, wait_s: int) -> Stop:
        """Return a stand at a stop's place that serves nothing."""
        return replace(stop, kind=StopKind.BREAK, service_s=wait_s)

    def _route(self, vehicle: Vehicle, routes: dict[str, list[Stop]]) -> RouteMessage:
        """Return the route message of a truck: from the depot round its stops, to a station, and home."""
        depot = self._facility_stop(vehicle.depot_id, StopKind.DEPOT)
        stations = [place for place in self._facilities if place.kind is FacilityKind.TRANSFER_STATION]
        stops = [depot]
        load_kg = 0.0
        for stop in routes[vehicle.vehicle_id]:
            kg = self._points[stop.place_id].expected_kg_per_visit if stop.kind is StopKind.POINT else 0.0
            if load_kg + kg > vehicle.capacity_kg:
                stops.append(self._nearest_station(stops[-1], stations))
                load_kg = 0.0
            stops.append(stop)
            load_kg += kg
        stops += [self._nearest_station(stops[-1], stations), depot]
        return self._message(vehicle.vehicle_id, stops)

    def _facility_stop(self, facility_id: str, kind: StopKind, service_s: int = 0) -> Stop:
        return Stop(kind, facility_id, self._spot_of[facility_id], service_s)

    def _nearest_station(self, stop: Stop, stations: list[Facility]) -> Stop:
        nearest = min(stations, key=lambda one: self._streets.length_m(stop.spot, self._spot_of[one.facility_id]))
        return self._facility_stop(nearest.facility_id, StopKind.STATION, nearest.tip_s or 300)

    def _message(self, vehicle_id: str, stops: list[Stop]) -> RouteMessage:
        leaves_after_s = LEAVES_AT_NIGHT_AFTER_S if self._mix.by_night else LEAVES_AFTER_S
        at = TOWN.service_day(DAY).start + timedelta(seconds=leaves_after_s + self._random.uniform(0.0, 1_800.0))
        found: list[RouteStop] = []
        before = stops[0]
        for sequence, stop in enumerate(stops):
            corners = [GROUND.lonlat(spot) for spot in self._streets.way(before.spot, stop.spot)]
            length_m = self._streets.length_m(before.spot, stop.spot)
            arrive_at = at + timedelta(seconds=round(length_m / SPEED_MPS))
            at = arrive_at + timedelta(seconds=stop.service_s)
            found.append(
                RouteStop(
                    sequence=sequence,
                    kind=stop.kind,
                    id=stop.place_id,
                    lon=corners[-1][0],
                    lat=corners[-1][1],
                    arrive_at=arrive_at,
                    depart_at=at,
                    service_s=stop.service_s,
                    leg_distance_m=round(length_m),
                    leg_polyline6=polyline.encode([(lat, lon) for lon, lat in corners], 6) if length_m > 1.0 else "",
                )
            )
            before = stop
        published = datetime.combine(DAY, datetime.min.time(), UTC)
        return RouteMessage(
            plan_id="truth", service_date=DAY.isoformat(), revision=1, vehicle_id=vehicle_id,
            published_at=published, stops=tuple(found),
        )  # fmt: skip
