"""A town of six points on one street, two trucks, and routes along it that tests drive."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

import msgspec
import polyline

from firmware_sim.devices.device import DeviceKey, LinkChange, Publication
from firmware_sim.faults import Faults
from firmware_sim.ground import Ground
from firmware_sim.register import Register
from firmware_sim.truth import TruthEvent, TruthKind
from firmware_sim.world import World
from services.domain.kinds import ContainerType, DeviceKind, FacilityKind, MessageKind, StopKind, VehicleKind
from services.domain.registry import CollectionPoint, DailyWindow, Facility, Vehicle
from services.domain.telemetry import READING_TYPES, RouteMessage, RouteStop
from services.domain.town import Town

DAY = date(2026, 6, 1)
TOWN = Town("青石县")
START = TOWN.service_day(DAY).start
GROUND = Ground(116.3, 34.4)
SPEED_MPS = 8.0


def place(east_m: float, north_m: float = 0.0) -> tuple[float, float]:
    """Return longitude and latitude of a spot by its metres from the depot."""
    lon, lat = GROUND.lonlat((east_m, north_m))
    return round(lon, 6), round(lat, 6)


POINTS = tuple(
    CollectionPoint(f"P{number}", *place(500.0 * number), containers=4, expected_kg=200.0, service_s=120)
    for number in range(1, 7)
)
FACILITIES = (
    Facility("D", FacilityKind.DEPOT, *place(0)),
    Facility("L", FacilityKind.LANDFILL, *place(9_000), bays=2),
    Facility("S", FacilityKind.TRANSFER_STATION, *place(4_000), bays=1, design_t_per_day=20, tip_s=300),
    Facility(
        "T", FacilityKind.PUBLIC_TOILET, *place(1_200), stalls_male=4, open_hours=DailyWindow(6 * 3600, 22 * 3600)
    ),
)
VEHICLES = (
    Vehicle("V1", VehicleKind.COMPACTOR, "D", 8_000),
    Vehicle("V2", VehicleKind.COMPACTOR, "D", 8_000),
    Vehicle("V3", VehicleKind.HOOK_LIFT, "D", 10_000, container_types=frozenset({ContainerType.SKIP})),
)
REGISTER = Register(TOWN, POINTS, FACILITIES, VEHICLES)
_PLACES = {point.point_id: point.position for point in POINTS} | {
    facility.facility_id: facility.position for facility in FACILITIES
}
_KINDS = {"P": StopKind.POINT, "S": StopKind.STATION, "D": StopKind.DEPOT, "B": StopKind.BREAK}
_STAYS_S = {StopKind.POINT: 120, StopKind.STATION: 300, StopKind.DEPOT: 0, StopKind.BREAK: 1_800}


def route(
    vehicle_id: str, stops: str, *, leaves_after_s: float = 3600.0, revision: int = 1, plan_id: str = "plan"
) -> RouteMessage:
    """Return a route from words such as `"D P1 P2 B S D"`, each leg driven at 8 m/s; B is a break."""
    at = START + timedelta(seconds=leaves_after_s)
    here = stops.split()[0]
    found: list[RouteStop] = []
    for sequence, word in enumerate(stops.split()):
        kind = _KINDS[word[0]]
        there = here if kind is StopKind.BREAK else word
        (lon_a, lat_a), (lon_b, lat_b) = _PLACES[here], _PLACES[there]
        length_m = abs(lon_b - lon_a) * GROUND.metres_per_degree_lon
        arrive_at = at + timedelta(seconds=length_m / SPEED_MPS)
        at = arrive_at + timedelta(seconds=_STAYS_S[kind])
        found.append(
            RouteStop(
                sequence=sequence,
                kind=kind,
                id=there,
                lon=lon_b,
                lat=lat_b,
                arrive_at=arrive_at,
                depart_at=at,
                service_s=_STAYS_S[kind],
                leg_distance_m=round(length_m),
                leg_polyline6=polyline.encode([(lat_a, lon_a), (lat_b, lon_b)], 6) if length_m else "",
            )
        )
        here = there
    return RouteMessage(
        plan_id=plan_id,
        service_date=DAY.isoformat(),
        revision=revision,
        vehicle_id=vehicle_id,
        published_at=START,
        stops=tuple(found),
    )


ROUTES = {"V1": route("V1", "D P1 P2 P3 S D"), "V2": route("V2", "D P4 B P5 P6 S D", leaves_after_s=4_000.0)}


class DrivenDay:
    """A day that has been driven, with what was sent and what was true."""

    def __init__(
        self,
        faults: Faults | None = None,
        routes: dict[str, RouteMessage] | None = None,
        *,
        seed: int = 1,
        step_s: float = 60.0,
        revisions: Iterable[tuple[float, RouteMessage]] = (),
    ) -> None:
        """Drive `routes` in steps, handing revisions over at their seconds."""
        self.world = World(REGISTER, DAY, seed, faults or Faults())
        self.world.begin(ROUTES if routes is None else routes)
        self.sent: list[Publication] = []
        self.links: list[LinkChange] = []
        for second, revision in revisions:
            self._drive_to(START + timedelta(seconds=second), step_s)
            self.world.take_route(revision.vehicle_id, revision)
        while not self.world.is_over:
            self._drive_to(self.world.now + timedelta(seconds=step_s), step_s)

    def _drive_to(self, until: datetime, step_s: float) -> None:
        while self.world.now < until:
            for one in self.world.advance(min(self.world.now + timedelta(seconds=step_s), until)):
                (self.sent if isinstance(one, Publication) else self.links).append(one)  # type: ignore[arg-type]

    def truth(self, kind: TruthKind, vehicle_id: str | None = None) -> list[TruthEvent]:
        """Return the true events of a kind, of one vehicle where it is named."""
        return [
            event
            for event in sorted(self.world.truth, key=lambda event: event.start)
            if event.event is kind and vehicle_id in (None, event.vehicle_id)
        ]

    def story(self, vehicle_id: str) -> str:
        """Return what a truck did in words: P1 served, -P2 skipped, ~P3 driven past, S tipped."""
        marks = {TruthKind.DRIVE_PAST: "~", TruthKind.VISIT: "-"}
        events = sorted(self.world.truth, key=lambda event: event.start)
        return " ".join(
            f"{marks.get(event.event, '') if event.served is False else ''}{event.point_id or event.facility_id}"
            for event in events
            if event.vehicle_id == vehicle_id
        )

    def readings(self, kind: DeviceKind, device_id: str, message: MessageKind) -> list[msgspec.Struct]:
        """Return what a device sent of a kind of message, decoded as the services do."""
        reading_type = READING_TYPES[message]
        found: list[msgspec.Struct] = []
        for one in self.sent:
            if one.device == DeviceKey(kind, device_id) and one.message is message:
                body = msgspec.json.decode(one.payload, type=reading_type | list[reading_type])  # type: ignore[valid-type]
                found.extend(body if isinstance(body, list) else [body])
        return found
