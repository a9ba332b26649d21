"""A simulated day of a whole town: every device on one clock, the same for the same seed and routes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random
from zlib import crc32

import simpy

from firmware_sim.devices.container import ContainerSensor
from firmware_sim.devices.dead_spots import lose_network_now_and_then
from firmware_sim.devices.device import Device, DeviceKey, Outgoing
from firmware_sim.devices.gaps import lose_sky_now_and_then
from firmware_sim.devices.gps import GpsReceiver
from firmware_sim.devices.haul import HookLift
from firmware_sim.devices.misses import MissMaker
from firmware_sim.devices.station import Station
from firmware_sim.devices.toilet import ToiletCounter
from firmware_sim.devices.tracker import Tracker
from firmware_sim.devices.truck import Surroundings, Truck
from firmware_sim.faults import Faults
from firmware_sim.ground import Spot
from firmware_sim.refuse import content_of
from firmware_sim.register import Register
from firmware_sim.roster import RosterEntry, breakdown_order, devices_of, silent_devices
from firmware_sim.town.history import usual_factor
from firmware_sim.truth import TruthEvent
from services.domain.kinds import (
    DISPOSAL_SITE_KINDS,
    ContainerType,
    DeviceKind,
    FacilityStatus,
    ServiceSource,
    StopKind,
)
from services.domain.registry import Facility, Vehicle
from services.domain.telemetry import RouteMessage

DAY_LASTS_S = 20 * 3600.0
"""A simulated day ends here, or when the last truck is home, at the end of the service day at the latest."""

LONGEST_DAY_S = 24 * 3600.0
_STATION_HOLDS_SHARE = 0.6
_DEFAULT_STATION_T = 30.0


@dataclass(slots=True)
class World:
    """The town's devices on `service_date`; call `begin` once and then `advance` again and again."""

    register: Register
    service_date: date
    seed: int
    faults: Faults
    truth: list[TruthEvent] = field(default_factory=list)
    roster: list[RosterEntry] = field(init=False)
    silent: frozenset[DeviceKey] = field(init=False)
    day_start: datetime = field(init=False)
    _environment: simpy.Environment = field(init=False)
    _outgoing: list[Outgoing] = field(default_factory=list)
    _trucks: dict[str, Truck] = field(default_factory=dict)
    _boot: int = 0

    def __post_init__(self) -> None:
        """Settle who is there; nothing moves yet."""
        self._environment = simpy.Environment()
        self.day_start = self.register.town.service_day(self.service_date).start
        self.roster = devices_of(self.register)
        self.silent = silent_devices(self.roster, self.faults.silent_devices, self.seed)

    @property
    def now(self) -> datetime:
        """The simulated instant."""
        return self.day_start + timedelta(seconds=float(self._environment.now))

    @property
    def is_over(self) -> bool:
        """Tell whether the day is done."""
        now_s = float(self._environment.now)
        return now_s >= DAY_LASTS_S and (now_s >= LONGEST_DAY_S or self.has_come_home)

    @property
    def has_come_home(self) -> bool:
        """Tell whether no truck has anything left to do."""
        return all(truck.is_done for truck in self._trucks.values())

    @property
    def stops_served(self) -> int:
        """Points served so far."""
        return sum(truck.stops_served for truck in self._trucks.values())

    @property
    def stops_planned(self) -> int:
        """Points in the routes that are followed."""
        return sum(truck.stops_planned for truck in self._trucks.values())

    @property
    def spots(self) -> dict[str, Spot]:
        """Where each truck truly is, in metres of the register's ground."""
        return {vehicle_id: truck.tracker.spot for vehicle_id, truck in self._trucks.items()}

    def begin(self, routes: Mapping[str, RouteMessage]) -> None:
        """Set everything up and hand the trucks their routes; routes of another day are left aside."""
        plans = sorted({route.plan_id for route in routes.values()})
        self._boot = crc32(f"{self.seed}/{self.faults}/{plans}".encode()) >> 1
        around = self._surroundings(self._planned_visits(routes))
        for entry in self.roster:
            if entry.key.kind is DeviceKind.TOILET:
                self._toilet(entry).start()
        vehicles = {vehicle.vehicle_id: vehicle for vehicle in self.register.trucks}
        for entry in self.roster:
            if entry.key.kind is DeviceKind.VEHICLE:
                self._trucks[entry.asset_id] = self._truck(entry, vehicles[entry.asset_id], around)
        for vehicle_id in sorted(routes):
            self.take_route(vehicle_id, routes[vehicle_id])
        self._choose_breakdowns()
        for truck in self._trucks.values():
            truck.start()
        self._start_haul(around.stations)

    def take_route(self, vehicle_id: str, route: RouteMessage) -> bool:
        """Give a truck its route or a revision of it; returns whether it is followed."""
        truck = self._trucks.get(vehicle_id)
        if truck is None or route.service_date != self.service_date.isoformat():
            return False
        return truck.take_route(route)

    def advance(self, until: datetime) -> list[Outgoing]:
        """Let time pass, and return what the devices sent meanwhile, in order."""
        until_s = (until - self.day_start).total_seconds()
        if until_s > self._environment.now:
            self._environment.run(until=until_s)
        sent, self._outgoing = self._outgoing, []
        return sent

    def _planned_visits(self, routes: Mapping[str, RouteMessage]) -> dict[str, list[float]]:
        """Return at which seconds of the day each point is planned to be visited."""
        planned: dict[str, list[float]] = {}
        for route in routes.values():
            for stop in route.stops:
                if stop.kind is StopKind.POINT:
                    second = (stop.depart_at - self.day_start).total_seconds()
                    planned.setdefault(stop.id, []).append(second)
        return planned

    def _surroundings(self, planned: Mapping[str, list[float]]) -> Surroundings:
        contents = {
            point.point_id: content_of(
                point,
                self._random(f"content/{point.point_id}"),
                planned.get(point.point_id, ()),
                usual_factor(point, self.service_date),
            )
            for point in self.register.points
        }
        sensors = {
            entry.asset_id: ContainerSensor(
                self._environment, self._device(entry), contents[entry.asset_id], self._random(f"sensor/{entry.key}")
            )
            for entry in self.roster
            if entry.key.kind is DeviceKind.CONTAINER
        }
        facilities = {facility.facility_id: facility for facility in self.register.stations}
        stations = {
            entry.asset_id: self._station(entry, facilities[entry.asset_id])
            for entry in self.roster
            if entry.key.kind is DeviceKind.STATION
        }
        for sensor in sensors.values():
            sensor.start()
        for station in stations.values():
            station.start()
        return Surroundings(
            self._environment, self.register.ground, self.day_start, contents, sensors, stations, self.truth.append
        )

    def _random(self, purpose: str) -> Random:
        """Return a source of chance of its own, so that one device's draws never shift another's."""
        return Random(f"{self.seed}/{self.service_date}/{purpose}")

    def _device(self, entry: RosterEntry) -> Device:
        is_truck = entry.key.kind is DeviceKind.VEHICLE
        return Device(
            key=entry.key,
            day_start=self.day_start,
            emit=self._outgoing_append,
            boot=self._boot,
            clock_error_s=self.faults.wrong_clock_s if is_truck else 0.0,
            writes_epoch_ms=crc32(entry.key.device_id.encode()) % 2 == 0,
            is_silent=entry.key in self.silent,
        )

    def _outgoing_append(self, outgoing: Outgoing) -> None:
        self._outgoing.append(outgoing)

    def _station(self, entry: RosterEntry, facility: Facility) -> Station:
        design_t = facility.design_t_per_day or _DEFAULT_STATION_T
        return Station(
            environment=self._environment,
            device=self._device(entry),
            facility_id=facility.facility_id,
            spot=self.register.ground.spot(*facility.position),
            bays=simpy.Resource(self._environment, capacity=max(facility.bays or 2, 1)),
            is_disposal_site=facility.kind in DISPOSAL_SITE_KINDS,
            holds_kg=design_t * 1000.0 * _STATION_HOLDS_SHARE + 10_000.0,
            day_start=self.day_start,
            record=self.truth.append,
            random=self._random(f"station/{facility.facility_id}"),
        )

    def _toilet(self, entry: RosterEntry) -> ToiletCounter:
        facility = next(toilet for toilet in self.register.toilets if toilet.facility_id == entry.asset_id)
        random = self._random(f"toilet/{facility.facility_id}")
        start = self.register.town.day_start
        return ToiletCounter(
            environment=self._environment,
            device=self._device(entry),
            facility_id=facility.facility_id,
            stalls=max(facility.stalls, 1),
            open_hours=facility.open_hours,
            is_in_service=facility.status is FacilityStatus.IN_SERVICE,
            popularity=random.uniform(0.5, 1.6),
            day_start=self.day_start,
            start_hour=start.hour + start.minute / 60.0,
            record=self.truth.append,
            random=random,
        )

    def _truck(self, entry: RosterEntry, vehicle: Vehicle, around: Surroundings) -> Truck:
        device, faults = self._device(entry), self.faults
        tracker = Tracker(
            environment=self._environment,
            device=device,
            ground=around.ground,
            gps=GpsReceiver(faults.gps_noise_m, self._random(f"gps/{vehicle.vehicle_id}"), faults.canyon_drift_m),
            fix_interval_s=faults.fix_interval_s,
            has_load_sensor=faults.load_sensor,
            random=self._random(f"tracker/{vehicle.vehicle_id}"),
            home=around.ground.spot(*self._depot_of(vehicle).position),
        )
        if faults.dead_spots_per_hour > 0.0:
            random = self._random(f"dead spots/{vehicle.vehicle_id}")
            self._environment.process(
                lose_network_now_and_then(
                    self._environment, device, faults.dead_spots_per_hour, faults.dead_spot_s, random
                )
            )
        if faults.gaps_per_hour > 0.0:
            random = self._random(f"gaps/{vehicle.vehicle_id}")
            self._environment.process(lose_sky_now_and_then(self._environment, tracker, faults.gaps_per_hour, random))
        forgetful = self._random(f"forgets/{vehicle.vehicle_id}")
        return Truck(
            vehicle_id=vehicle.vehicle_id,
            around=around,
            tracker=tracker,
            misses=MissMaker(
                f"{self.seed}/{self.service_date}/misses/{vehicle.vehicle_id}",
                faults.skip_ratio,
                faults.drive_past_ratio,
                faults.queue_ratio,
            ),
            random=self._random(f"driver/{vehicle.vehicle_id}"),
            reports_service=faults.service_events,
            source=_source_of(vehicle),
            forgets=lambda: forgetful.random() < faults.forgotten_event_ratio,
            waits_for_plan=faults.drivers_wait,
        )

    def _depot_of(self, vehicle: Vehicle) -> Facility:
        facilities = {facility.facility_id: facility for facility in self.register.facilities}
        return facilities[vehicle.depot_id]

    def _choose_breakdowns(self) -> None:
        """Let as many of the trucks that have something to do break down as the faults ask for."""
        working = [
            vehicle_id for vehicle_id in breakdown_order(self.roster, self.seed) if not self._trucks[vehicle_id].is_done
        ]
        for vehicle_id in working[: self.faults.breakdowns]:
            random = self._random(f"breakdown/{vehicle_id}")
            self._trucks[vehicle_id].breaks_down_after = random.uniform(0.25, 0.7)

    def _start_haul(self, stations: Mapping[str, Station]) -> None:
        landfills = [station for station in stations.values() if station.is_disposal_site]
        sources = [station for station in stations.values() if not station.is_disposal_site]
        if not landfills or not sources:
            return
        for vehicle in self.register.haulers:
            random = self._random(f"haul/{vehicle.vehicle_id}")
            HookLift(self._environment, vehicle.vehicle_id, sources, landfills[0], random).start()


def _source_of(vehicle: Vehicle) -> ServiceSource:
    """Return what reports service on a truck: crane trucks have a button, the others a reader or the arm."""
    if ContainerType.PIT in vehicle.may_serve:
        return ServiceSource.BUTTON
    return ServiceSource.RFID if crc32(vehicle.vehicle_id.encode()) % 3 else ServiceSource.ARM
