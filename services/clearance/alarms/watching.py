"""Watching the town: what holds now is raised, what does no more is cleared."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from uuid import UUID

import numpy as np

from services.clearance.alarms.condition import Condition, Limits, limits_of
from services.clearance.alarms.cover_open import cover_open
from services.clearance.alarms.facilities import odour, over_capacity, overfull
from services.clearance.alarms.lateness import at_risk
from services.clearance.alarms.load_lost import load_lost
from services.clearance.alarms.off_route import off_route
from services.clearance.alarms.silence import silent
from services.clearance.alarms.standing import standing
from services.clearance.alarms.trucks import Roads, Route, RouteStop, Truck, trace_of
from services.clearance.register import Register
from services.clearance.track import Projection
from services.domain.clock import TownClock
from services.domain.kinds import AlarmKind, DeviceKind
from services.domain.town import Interval
from services.roads.network import decode_polyline6
from services.store import alarm_signs as signs
from services.store.alarms import clear_alarm, raise_alarm, update_alarm
from services.store.connection import Connection
from services.store.plans import find_published_plan
from services.store.routes import StopRow, load_stops
from services.store.standards import load_standard_limits

TruckRule = Callable[[Truck, Limits], Condition | None]
TRUCK_RULES: tuple[TruckRule, ...] = (standing, off_route, cover_open, load_lost)
"""Each looks at one truck's last fixes and names one thing that is wrong with it."""

KINDS = (
    AlarmKind.CONTAINER_OVERFULL,
    AlarmKind.DEVICE_SILENT,
    AlarmKind.STATION_OVER_CAPACITY,
    AlarmKind.TOILET_ODOUR,
    AlarmKind.DUE_VISIT_AT_RISK,
    AlarmKind.VEHICLE_STANDING,
    AlarmKind.VEHICLE_OFF_ROUTE,
    AlarmKind.COVER_OPEN,
    AlarmKind.LOAD_LOST,
)
"""What is raised and cleared here; the rest belongs to ingest."""

SETTLING = timedelta(hours=1)
"""So long after a simulation set the clock every device seems silent."""
LOOK_BACK = timedelta(minutes=60)
"""How far back a truck's fixes are looked at: what it lost, and how it drove, is an alarm for so long at most."""
HEAD_START = timedelta(minutes=5)
"""A route is under way from so long after its first departure."""


class Watch:
    """Looks at the town's alarms again and again; remembers the routes of the plan that the trucks have."""

    def __init__(self) -> None:
        self._routes: dict[str, Route] = {}
        self._routes_are_of: tuple[UUID, Projection] | None = None

    def look(self, connection: Connection, register: Register, clock: TownClock) -> None:
        """Raise what holds by the town's clock, and clear what does no more."""
        now = clock.now()
        limits = limits_of(load_standard_limits(connection))
        conditions = [
            *self._places(connection, register, limits, now),
            *self._trucks(connection, register, limits, now),
        ]
        if not _was_just_set(clock, now):
            devices = signs.load_device_signs(connection, register.town.service_date(now), now)
            conditions += silent(devices, limits, now)
        _bring_in_line(connection, conditions, now)

    def _places(self, connection: Connection, register: Register, limits: Limits, now: datetime) -> list[Condition]:
        day = register.town.service_date(now)
        ahead = limits.get("alarm_due_visit_ahead_min")
        until = now + timedelta(minutes=0.0 if ahead is None else ahead.raise_above)
        return [
            *overfull(signs.load_container_signs(connection, now), limits),
            *over_capacity(signs.load_station_signs(connection, register.town.service_day(day))),
            *odour(signs.load_toilet_signs(connection, now), limits, now),
            *at_risk(signs.load_planned_visit_signs(connection, day, now, until), limits, now),
        ]

    def _trucks(self, connection: Connection, register: Register, limits: Limits, now: datetime) -> list[Condition]:
        routes = self._current_routes(connection, register, now)
        vehicle_of = register.keys_of(DeviceKind.VEHICLE, set(register.vehicles))
        fixes_of = signs.load_truck_fixes(connection, vehicle_of, Interval(now - LOOK_BACK, now))
        # Of several devices of a truck the one that tells most: two sensors side by side are no loss of load.
        teller: dict[str, int] = {}
        for key in sorted(fixes_of, key=lambda key: (len(fixes_of[key]["time_s"]), key)):
            teller[vehicle_of[key]] = key
        found = []
        for vehicle_id, key in sorted(teller.items()):
            trace = trace_of(fixes_of[key], register.places.projection)
            route = _under_way(routes.get(vehicle_id), now.timestamp())
            truck = Truck(vehicle_id, now.timestamp(), trace, register.places, route)
            found += [condition for rule in TRUCK_RULES if (condition := rule(truck, limits)) is not None]
        return found

    def _current_routes(self, connection: Connection, register: Register, now: datetime) -> dict[str, Route]:
        """Return the routes that the trucks have, read anew when another plan was published."""
        plan = find_published_plan(connection, register.town.service_date(now))
        projection = register.places.projection
        wanted = None if plan is None else (plan.plan_id, projection)
        if wanted != self._routes_are_of:
            rows = [] if plan is None else load_stops(connection, plan.plan_id)
            by_vehicle: dict[str, list[StopRow]] = {}
            for row in rows:
                by_vehicle.setdefault(row.vehicle_id, []).append(row)
            self._routes = {vehicle_id: _route(stops, projection) for vehicle_id, stops in by_vehicle.items()}
            self._routes_are_of = wanted
        return self._routes


def _route(stops: list[StopRow], projection: Projection) -> Route:
    driven = [stop for stop in stops if stop.leg_distance_m > 0]
    legs = [decode_polyline6(stop.leg_polyline6) for stop in driven if stop.leg_polyline6]
    placed = [stop for stop in stops if stop.lon is not None and stop.lat is not None]
    x_m, y_m = projection.metres(np.array([stop.lon for stop in placed]), np.array([stop.lat for stop in placed]))
    places = [
        RouteStop(float(x), float(y), (stop.depart_at - stop.arrive_at).total_seconds())
        for x, y, stop in zip(x_m, y_m, placed, strict=True)
    ]
    return Route(
        start_s=stops[0].depart_at.timestamp() + HEAD_START.total_seconds(),
        end_s=stops[-1].arrive_at.timestamp(),
        stops=tuple(places),
        roads=Roads.of(legs, projection) if legs and len(legs) == len(driven) else None,
    )


def _under_way(route: Route | None, now_s: float) -> Route | None:
    return route if route is not None and route.start_s <= now_s <= route.end_s else None


def _was_just_set(clock: TownClock, now: datetime) -> bool:
    return clock.simulated and clock.shows_at_set <= now < clock.shows_at_set + SETTLING


def _bring_in_line(connection: Connection, conditions: Iterable[Condition], now: datetime) -> None:
    """Raise, go on with and clear alarms so that those that are open are those that the conditions ask for."""
    holding = {condition.key: condition for condition in conditions}
    present = signs.open_alarms(connection, [kind.value for kind in KINDS])
    for key, condition in sorted(holding.items(), key=lambda item: item[0]):
        if key not in present:
            if condition.raises:
                raise_alarm(connection, *key, now, condition.detail)
        elif condition.goes_on and condition.detail != present[key]:
            update_alarm(connection, *key, condition.detail)
    for key in sorted(present.keys() - holding.keys()):
        clear_alarm(connection, *key, now)
