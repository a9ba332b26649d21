"""A truck: it takes its route, drives it on the road, serves, tips, rests and comes home."""

import math
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

import polyline
import simpy

from firmware_sim.devices.container import ContainerSensor
from firmware_sim.devices.driving import Halt, Path, SpeedProfile
from firmware_sim.devices.itinerary import Itinerary
from firmware_sim.devices.misses import Miss, MissKind, MissMaker
from firmware_sim.devices.station import Station
from firmware_sim.devices.tracker import Tracker
from firmware_sim.ground import Ground, Spot
from firmware_sim.refuse import PointContent
from firmware_sim.truth import TruthEvent, TruthKind
from services.domain.kinds import MessageKind, ServiceOutcome, ServiceSource, StopKind
from services.domain.telemetry import RouteMessage, RouteStop, ServiceReading

_LATE_AFTER_S = 20.0
_HURRY = 0.85
_USUAL_DRIVE, _USUAL_SERVICE = 0.96, 0.94
"""Drivers are a little quicker than planned, and wait where they are early; late ones hurry."""

_METRES_BETWEEN_HALTS = 1_100.0
_LONGEST_HALT_SHARE = 0.3
_SHORTEST_SERVICE_S = 8.0
_UNPLANNED_SPEED_MPS = 6.5
_ENGINE_RUNS_S = 600.0
"""For a shorter rest nobody switches the engine off."""


@dataclass(slots=True)
class Surroundings:
    """What a truck meets: the ground, the refuse, the stations, and who writes down the truth."""

    environment: simpy.Environment
    ground: Ground
    day_start: datetime
    contents: Mapping[str, PointContent]
    sensors: Mapping[str, ContainerSensor]
    stations: Mapping[str, Station]
    record: Callable[[TruthEvent], None]

    def second(self, instant: datetime) -> float:
        """Return the simulated second of an instant."""
        return (instant - self.day_start).total_seconds()

    def instant(self, second: float) -> datetime:
        """Return the instant of a simulated second."""
        return self.day_start + timedelta(seconds=round(second, 3))


@dataclass(slots=True)
class Truck:
    """A truck in simulated time; `tracker` is what it tells of itself.

    `breaks_down_after` is the share of its route's time after which it stops for good. Whether a visit is reported
    or forgotten `forgets` tells, each time that it is asked.
    """

    vehicle_id: str
    around: Surroundings
    tracker: Tracker
    misses: MissMaker
    random: Random
    reports_service: bool
    source: ServiceSource
    forgets: Callable[[], bool] = lambda: False
    waits_for_plan: bool = True
    breaks_down_after: float | None = None
    stops_served: int = 0
    is_broken: bool = False
    _itinerary: Itinerary = field(default_factory=Itinerary)
    _route_changed: simpy.Event = field(init=False)

    def __post_init__(self) -> None:
        """Wait for a route."""
        self._route_changed = self.around.environment.event()

    def start(self) -> None:
        """Begin the day."""
        self.around.environment.process(self._work())
        self.tracker.start()

    def take_route(self, message: RouteMessage) -> bool:
        """Follow a route, from the next stop on where one is under way; returns whether it was newer."""
        if not self._itinerary.revise(message):
            return False
        self._route_changed.succeed()
        self._route_changed = self.around.environment.event()
        return True

    @property
    def is_done(self) -> bool:
        """Tell whether nothing is left to do, or nothing can be done any more."""
        return self.is_broken or not self._itinerary.ahead

    @property
    def stops_planned(self) -> int:
        """How many points the route that is followed has."""
        return sum(stop.kind is StopKind.POINT for stop in self._itinerary.stops)

    def _now(self) -> float:
        return float(self.around.environment.now)

    def _work(self) -> Generator[simpy.Event]:
        while not self.is_broken:
            if not self._itinerary.ahead:
                self.tracker.park()
                yield self._route_changed
            elif self._itinerary.planned_departure is None and self._itinerary.ahead[0].kind is StopKind.DEPOT:
                yield from self._leave_depot()
            else:
                yield from self._go_on()

    def _leave_depot(self) -> Generator[simpy.Event]:
        """Stand at the depot until it is time to leave, or the route changes."""
        stop = self._itinerary.ahead[0]
        if not self.tracker.has_moved:
            self.tracker.stand_at(self._spot(stop))
        wait_s = self.around.second(stop.depart_at) - self._now()
        if wait_s > 0:
            changed = self._route_changed
            yield self.around.environment.timeout(wait_s) | changed
            if changed.triggered:
                return
        self._itinerary.complete(stop)
        self.tracker.ignition = True

    def _go_on(self) -> Generator[simpy.Event]:
        """Drive to the next stop that is not missed, and do there what it is for."""
        stops = self._itinerary.ahead
        misses: list[Miss] = []
        spots: list[Spot] = [self.tracker.spot]
        planned_s = 0.0
        left_at = self._itinerary.planned_departure or stops[0].arrive_at
        for stop in stops:
            spots.extend(self._leg(stop))
            planned_s += max((stop.arrive_at - left_at).total_seconds(), 0.0)
            left_at = stop.depart_at
            miss = self.misses.at(stop, at_m=Path(spots).length_m)
            if miss is None:
                break
            misses.append(miss)
        yield from self._drive(Path(spots), planned_s, misses)
        if self.is_broken:
            return
        for miss in misses:
            self._itinerary.complete(miss.stop)
        if len(misses) < len(stops):
            yield from self._do(stops[len(misses)])

    def _leg(self, stop: RouteStop) -> list[Spot]:
        """Return the road to `stop`, or the straight line where the route gives none."""
        if not stop.leg_polyline6:
            return [] if stop.kind is StopKind.BREAK else [self._spot(stop)]
        ground = self.around.ground
        return [ground.spot(lon, lat) for lat, lon in polyline.decode(stop.leg_polyline6, 6)]

    def _spot(self, stop: RouteStop) -> Spot:
        return self.around.ground.spot(stop.lon, stop.lat)

    def _drive(self, path: Path, planned_s: float, misses: list[Miss]) -> Generator[simpy.Event]:
        """Drive along `path` in about the planned time, past the stops that are missed."""
        if path.length_m < 1.0:
            return
        if planned_s <= 0.0:
            planned_s = path.length_m / _UNPLANNED_SPEED_MPS
        duration_s = planned_s * min(max(self.random.gauss(_USUAL_DRIVE, 0.06), 0.8), 1.15)
        duration_s *= self._hurry(self._itinerary.planned_departure)
        slow = [Halt(miss.at_m, miss.halt_s) for miss in misses if miss.kind is not MissKind.SKIP]
        profile = SpeedProfile(path.length_m, duration_s, [*self._traffic(path.length_m, duration_s), *slow])
        self.tracker.drive(path, profile)
        for miss in misses:
            self.around.environment.process(self._pass_by(miss, profile.time_at_m(miss.at_m - 0.5)))
        breakdown_s = self._breakdown_in_s()
        if breakdown_s is not None and breakdown_s < profile.duration_s:
            yield self.around.environment.timeout(max(breakdown_s, 0.0))
            self._break_down()
            return
        yield self.around.environment.timeout(profile.duration_s)
        self.tracker.stand_at(path.end)

    def _traffic(self, length_m: float, duration_s: float) -> list[Halt]:
        """Return halts at lights and crossings, which take a share of the time at most."""
        halts: list[Halt] = []
        at_m = self.random.expovariate(1.0 / _METRES_BETWEEN_HALTS)
        while at_m < length_m - 20.0:
            wait_s = self.random.uniform(4.0, 35.0)
            if sum(halt.wait_s for halt in halts) + wait_s > duration_s * _LONGEST_HALT_SHARE:
                break
            halts.append(Halt(at_m, wait_s))
            at_m += 30.0 + self.random.expovariate(1.0 / _METRES_BETWEEN_HALTS)
        return halts

    def _hurry(self, planned: datetime | None) -> float:
        """Return by what a late driver shortens what comes now, which was planned to begin at `planned`."""
        is_late = planned is not None and self._now() - self.around.second(planned) > _LATE_AFTER_S
        return _HURRY if is_late else 1.0

    def _breakdown_in_s(self) -> float | None:
        """Return in how many seconds the truck breaks down, if it is to."""
        stops = self._itinerary.stops
        if self.breaks_down_after is None or not stops:
            return None
        first, last = (self.around.second(instant) for instant in (stops[0].depart_at, stops[-1].arrive_at))
        return first + (last - first) * self.breaks_down_after - self._now()

    def _break_down(self) -> None:
        self.is_broken = True
        self.tracker.stand_at(self.tracker.spot)
        self.tracker.park()

    def _pass_by(self, miss: Miss, after_s: float) -> Generator[simpy.Event]:
        """Write a missed stop into the truth as the truck passes it; some drivers report it as well."""
        yield self.around.environment.timeout(after_s)
        if self.is_broken:
            return
        is_skip = miss.kind is MissKind.SKIP
        before_s, after_s = (0.0, 0.0) if is_skip else (4.0, miss.halt_s + 4.0)
        self.around.record(
            TruthEvent(
                TruthKind.VISIT if is_skip else TruthKind.DRIVE_PAST,
                self.around.instant(self._now() - before_s),
                self.around.instant(self._now() + after_s),
                vehicle_id=self.vehicle_id,
                point_id=miss.stop.id,
                served=False,
            )
        )
        if miss.is_reported:
            self._report_service(miss.stop.id, ServiceOutcome.SKIPPED, None, reason="通道被占用")

    def _do(self, stop: RouteStop) -> Generator[simpy.Event]:
        if stop.kind is StopKind.POINT:
            yield from self._serve(stop)
        elif stop.kind is StopKind.STATION:
            yield from self._tip(stop)
        elif stop.kind is StopKind.BREAK:
            yield from self._rest(stop)
        self._itinerary.complete(stop)

    def _wait_for_plan(self, stop: RouteStop) -> Generator[simpy.Event]:
        """Wait where the truck is early: a driver keeps to the times that the windows gave."""
        early_s = self.around.second(stop.depart_at) - stop.service_s - self._now()
        if self.waits_for_plan and early_s > 0.0:
            yield self.around.environment.timeout(early_s)

    def _serve(self, stop: RouteStop) -> Generator[simpy.Event]:
        yield from self._wait_for_plan(stop)
        start_s = self._now()
        planned_s = stop.service_s or (stop.depart_at - stop.arrive_at).total_seconds()
        usual_s = planned_s * _USUAL_SERVICE * self._hurry(stop.depart_at - timedelta(seconds=planned_s))
        lasts_s = max(usual_s * math.exp(self.random.gauss(0.0, 0.1)), _SHORTEST_SERVICE_S)
        content = self.around.contents.get(stop.id)
        kg = 0.0 if content is None else content.kg(start_s)
        self.tracker.load(kg, lasts_s)
        told_after_s = (
            lasts_s * {ServiceSource.RFID: 0.2, ServiceSource.ARM: 0.6, ServiceSource.BUTTON: 1.0}[self.source]
        )
        yield self.around.environment.timeout(told_after_s)
        if not self.forgets():
            self._report_service(stop.id, ServiceOutcome.SERVED, kg)
        yield self.around.environment.timeout(lasts_s - told_after_s)
        self.tracker.finish_loading()
        if content is not None:
            content.take(self._now())
        if stop.id in self.around.sensors:
            self.around.sensors[stop.id].emptied()
        self.stops_served += 1
        self._record(TruthKind.VISIT, start_s, kg, point_id=stop.id, served=True)

    def _tip(self, stop: RouteStop) -> Generator[simpy.Event]:
        planned_s = stop.service_s or (stop.depart_at - stop.arrive_at).total_seconds()
        tip_s = planned_s * math.exp(self.random.gauss(0.0, 0.1))
        kg, start_s = self.tracker.load_kg, self._now()
        self.tracker.cover_open = True
        station = self.around.stations.get(stop.id)
        if station is not None:
            yield from station.tip(self.vehicle_id, kg, tip_s)
        else:
            yield self.around.environment.timeout(tip_s)
            self._record(TruthKind.TIPPING, start_s, kg, facility_id=stop.id)
        self.tracker.empty()

    def _rest(self, stop: RouteStop) -> Generator[simpy.Event]:
        lasts_s = max((stop.depart_at - stop.arrive_at).total_seconds(), 0.0)
        if lasts_s > _ENGINE_RUNS_S:
            self.tracker.park()
        yield self.around.environment.timeout(lasts_s)
        self.tracker.ignition = True

    def _record(
        self,
        kind: TruthKind,
        start_s: float,
        kg: float,
        *,
        point_id: str | None = None,
        facility_id: str | None = None,
        served: bool | None = None,
    ) -> None:
        start, end = self.around.instant(start_s), self.around.instant(self._now())
        self.around.record(
            TruthEvent(
                kind, start, end, self.vehicle_id, point_id=point_id, facility_id=facility_id, served=served,
                kg=round(kg, 1),
            )
        )  # fmt: skip

    def _report_service(
        self, point_id: str, outcome: ServiceOutcome, kg: float | None, reason: str | None = None
    ) -> None:
        if not self.reports_service:
            return
        device = self.tracker.device
        weighed_kg = None if kg is None else self.tracker.weighed(kg)
        device.publish(
            MessageKind.SERVICE,
            ServiceReading(
                ts=device.stamp(self._now()),
                seq=device.next_seq(),
                point_id=point_id,
                outcome=outcome,
                reason=reason,
                collected_kg=weighed_kg,
                source=self.source if outcome is ServiceOutcome.SERVED else ServiceSource.BUTTON,
            ),
        )
