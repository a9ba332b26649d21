"""Days that simulated trucks drive while they are replanned: whatever happens, every point is served once.

No server takes part: what the trucks do becomes at once what is known of the day, and a revision is with them when the
planner counted on it.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

import pytest

from firmware_sim.faults import Faults
from firmware_sim.register import Register as SimulatedRegister
from firmware_sim.truth import TruthEvent, TruthKind
from firmware_sim.world import World
from services.domain.circumstances import Circumstances
from services.domain.day_progress import DayProgress, LastFix, Tipping
from services.domain.kinds import FacilityKind, StopKind, VehicleKind
from services.domain.plan import Plan, Route
from services.domain.registry import CollectionPoint, DailyWindow, Facility, Vehicle
from services.domain.telemetry import RouteMessage, RouteStop
from services.domain.town import Interval
from services.domain.visit import Visit
from services.routing.assemble import assemble, to_plan
from services.routing.closeness import propose_close
from services.routing.planner import solve
from services.routing.rest import Asked, planned_routes, rest_of_day, survey
from services.routing.revision import Revision
from services.routing.selection import Register, select
from services.routing.underway import Moment
from services.routing.whole_day import whole_plan
from tests.unit.routing.test_assemble import DAY, HOUR_S, TOWN
from tests.unit.routing.test_rest_of_day import matrix

LEAD = timedelta(minutes=4)
END = TOWN.service_day(DAY).end
WITHIN = timedelta(hours=8)


class Day:
    """A town of one's own for a seed, whose trucks drive the plan that they have."""

    def __init__(self, seed: int, breakdowns: int) -> None:
        self.random = Random(seed)
        points = [self._point(number) for number in range(self.random.randint(12, 24))]
        facilities = [
            Facility("D1", FacilityKind.DEPOT, 112.0, 28.0),
            Facility("S1", FacilityKind.TRANSFER_STATION, 112.03, 28.01, tip_s=600, bays=self.random.choice([None, 1])),
            Facility("S2", FacilityKind.TRANSFER_STATION, 112.0, 28.03, tip_s=300, bays=1),
        ]
        shift = DailyWindow(6 * HOUR_S, 15 * HOUR_S)
        rest = self.random.choice([0, 1800])
        trucks = [
            Vehicle(f"V{number}", VehicleKind.COMPACTOR, "D1", 900, shift=shift, break_s=rest, break_after_s=3 * HOUR_S)
            for number in range(4)
        ]
        self.register = Register(points, facilities, trucks, [])
        self.points = {point.point_id: point for point in points}
        selection = select(TOWN, DAY, self.register)
        assembly = assemble(selection, matrix(selection.places))
        self.plan = to_plan(assembly, solve(assembly.problem, time_limit_s=60, workers=1, steps=60))
        faults = Faults(breakdowns=breakdowns)
        register = SimulatedRegister(TOWN, tuple(points), tuple(facilities), tuple(trucks))
        self.world = World(register, DAY, seed, faults)
        self.revision = 1
        self.told = Circumstances()
        self.world.begin({route.vehicle_id: self.message(route) for route in self.plan.routes})

    def _point(self, number: int) -> CollectionPoint:
        random = self.random
        twice = random.random() < 0.15
        return CollectionPoint(
            f"P{number}",
            112.0 + random.uniform(0, 0.04),
            28.0 + random.uniform(0, 0.04),
            expected_kg=random.choice([60, 120, 250]),
            service_s=random.choice([120, 420, 900]),
            visits_per_day=2.0 if twice else 1.0,
        )

    def message(self, route: Route) -> RouteMessage:
        """The route as it is sent to its truck."""
        places = {one.facility_id: one.position for one in self.register.facilities}
        places |= {name: point.position for name, point in self.points.items()}
        stops = []
        for sequence, stop in enumerate(route.stops, start=1):
            there_s = round((stop.depart_at - stop.arrive_at).total_seconds())
            own_s = self.points[stop.id].service_s if stop.kind is StopKind.POINT and stop.id else there_s
            lon, lat = places[stop.id or "D1"]
            stops.append(
                RouteStop(
                    sequence=sequence, kind=stop.kind, id=stop.id or "", lon=lon, lat=lat, arrive_at=stop.arrive_at,
                    depart_at=stop.depart_at, service_s=min(there_s, own_s), leg_distance_m=stop.leg_distance_m,
                    leg_polyline6="",
                )
            )  # fmt: skip
        return RouteMessage(
            plan_id=f"plan-{self.revision}", service_date=DAY.isoformat(), revision=self.revision,
            vehicle_id=route.vehicle_id, published_at=self.world.now, stops=tuple(stops),
        )  # fmt: skip

    def served(self, until: datetime) -> list[TruthEvent]:
        """What was really served by an instant."""
        return [one for one in self.world.truth if one.event is TruthKind.VISIT and one.served and one.end <= until]

    def known(self) -> DayProgress:
        """What the truth tells at once."""
        now = self.world.now
        visits = [
            Visit(one.point_id or "", one.vehicle_id or "", Interval(one.start, one.end), 1.0, (), one.kg)
            for one in sorted(self.served(now), key=lambda one: one.start)
        ]
        number: Counter[str] = Counter()
        cleared_by = {}
        for visit in visits:
            number[visit.point_id] += 1
            cleared_by[visit.point_id, number[visit.point_id]] = visit.vehicle_id
        tippings = [
            Tipping(one.facility_id or "", one.vehicle_id or "", one.start, one.end, one.kg or 0.0)
            for one in self.world.truth
            if one.event is TruthKind.TIPPING and one.end <= now
        ]
        ground = self.world.register.ground
        fixes = {
            name: LastFix(ground.lonlat(truck.tracker.spot), now, truck.tracker.load_kg)
            for name, truck in self.world._trucks.items()
        }
        return DayProgress(now, visits, frozenset(cleared_by), tippings, fixes, cleared_by)

    def broken(self) -> tuple[str, ...]:
        """The trucks that have broken down by now."""
        return tuple(name for name, truck in self.world._trucks.items() if truck.is_broken)

    def replan(self) -> None:
        """Plan the rest anew and give the trucks their routes a little later, as they go on by the old ones."""
        self.told = replace(self.told, broken_vehicle_ids=self.broken())
        moment = Moment(self.known(), self.world.now + LEAD)
        routes = planned_routes(self.register, self.plan.routes)
        found = survey(TOWN, self.register, Asked(DAY), routes, self.told, moment)
        rest = rest_of_day(found, matrix(found.selection.places), 500)
        if rest.assembly.is_trivial:
            return
        revision = Revision(rest.previous, rest.locked)
        solution = solve(rest.problem, time_limit_s=60, workers=1, steps=40, proposer=propose_close(revision))
        self.plan = whole_plan(rest, solution)
        self.revision += 1
        self.world.advance(self.world.now + LEAD)
        messages = {route.vehicle_id: self.message(route) for route in self.plan.routes}
        for truck in self.register.vehicles:
            name = truck.vehicle_id
            self.world.take_route(name, messages.get(name, self.message(Route(name, (), 0, 0, 0.0))))


def stops_of(plan: Plan) -> Counter[str]:
    """How often each point is on a plan's routes."""
    return Counter(stop.id for route in plan.routes for stop in route.stops if stop.kind is StopKind.POINT and stop.id)


def due(points: Mapping[str, CollectionPoint]) -> Counter[str]:
    """How often each point is to be served."""
    return Counter({name: round(point.visits_per_day) for name, point in points.items()})


@pytest.mark.parametrize("seed", range(10))
def test_a_replanned_day_is_served_once(seed: int) -> None:
    """Replanned at any hours, and once more when its truck has broken down: nothing is left out or done twice."""
    breakdowns = seed % 2
    day = Day(seed, breakdowns)
    for share in sorted(day.random.uniform(0.02, 0.6) for _ in range(2)):
        day.world.advance(max(day.world.now, TOWN.instant(DAY, 6 * HOUR_S) + share * WITHIN))
        replan_and_look(day)
    while len(day.broken()) < breakdowns and day.world.now < END:
        day.world.advance(day.world.now + timedelta(minutes=10))
    if breakdowns:
        replan_and_look(day)
    day.world.advance(END)
    served = Counter(event.point_id or "" for event in day.served(END))
    assert served == stops_of(day.plan)
    taken_over = {stop.id: route.vehicle_id for route in day.plan.routes for stop in route.stops if stop.occurrence}
    for event in day.served(END):
        if day.points[event.point_id or ""].visits_per_day == 1:
            assert event.vehicle_id == taken_over[event.point_id]


def replan_and_look(day: Day) -> None:
    """Replan; every due visit is on a route or told to be left out."""
    day.replan()
    assert stops_of(day.plan) + Counter(visit.point_id for visit in day.plan.unserved) == due(day.points)
