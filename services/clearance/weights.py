"""Where tipped refuse came from: the day's weighings shared out over vehicles, zones and hours.

A weighbridge knows the vehicle, not the zone. What a vehicle tipped on a day is shared over the zones it
served that day in proportion to what its visits collected there (as reported, else as the load rose, else as
expected); a vehicle without a visit leaves its refuse to no zone. What transfer stations send on to a
disposal site came from all that tipped at them, so it is shared as the day's refuse tipped at stations is.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from services.domain.clearance import UNASSIGNED
from services.domain.kinds import DISPOSAL_SITE_KINDS, REFUSE_UNLOADING_KINDS, FacilityKind, WeighingDirection

Hour = datetime
ZoneId = str | None


@dataclass(frozen=True, slots=True)
class Weighing:
    """A vehicle on a facility's weighbridge in the hour that begins at `hour`."""

    facility_kind: FacilityKind
    vehicle_id: str
    at: datetime
    hour: Hour
    net_kg: float
    direction: WeighingDirection


@dataclass(frozen=True, slots=True)
class WeightShare:
    """Kilograms tipped by a vehicle and received at disposal sites, of one zone's refuse, in one hour."""

    hour: Hour
    vehicle_id: str
    zone_id: ZoneId
    tipped_kg: float
    received_kg: float


class Meaning(Enum):
    """What a weighing says of the refuse's way."""

    TIPPED_AT_STATION = "tipped at a station"
    TIPPED_AT_SITE = "tipped at a disposal site by the vehicle that collected it"
    HAULED = "brought on from a station to a disposal site"
    NEITHER = "no refuse on its way in"


def meaning_of(weighings: Sequence[Weighing], known_vehicles: frozenset[str]) -> list[Meaning]:
    """Return what each weighing means; they are in order of time.

    A vehicle that was weighed out of a station hauls that station's refuse until it is weighed in somewhere;
    one that the register does not know and that brings refuse to a disposal site hauls too. All other refuse
    that comes in was collected by who brings it. Construction waste does not count.
    """
    hauling: set[str] = set()
    meanings = []
    for weighing in weighings:
        meaning = Meaning.NEITHER
        if weighing.direction is WeighingDirection.OUT:
            if weighing.facility_kind is FacilityKind.TRANSFER_STATION:
                hauling.add(weighing.vehicle_id)
        elif weighing.facility_kind in REFUSE_UNLOADING_KINDS:
            hauls = weighing.vehicle_id in hauling or weighing.vehicle_id not in known_vehicles
            if weighing.facility_kind not in DISPOSAL_SITE_KINDS:
                meaning = Meaning.TIPPED_AT_STATION
            else:
                meaning = Meaning.HAULED if hauls else Meaning.TIPPED_AT_SITE
            hauling.discard(weighing.vehicle_id)
        meanings.append(meaning)
    return meanings


def share_weights(
    weighings: Iterable[Weighing],
    collected_kg: Mapping[tuple[str, ZoneId], float],
    known_vehicles: frozenset[str],
    since: datetime,
) -> list[WeightShare]:
    """Share a day's weighings over vehicles, zones and hours.

    `weighings` may reach back before the day's beginning `since`: what was weighed then is not counted, but
    tells who was on the way with a station's refuse. `collected_kg` is what each vehicle's visits collected
    in each zone. The sums over all shares are those of the day's weighings.
    """
    ordered = sorted(weighings, key=lambda item: (item.at, item.vehicle_id, item.facility_kind, item.net_kg))
    zones = _zone_shares(collected_kg)
    tipped: dict[tuple[Hour, str, ZoneId], float] = defaultdict(float)
    received: dict[tuple[Hour, str, ZoneId], float] = defaultdict(float)
    at_stations: dict[tuple[str, ZoneId], float] = defaultdict(float)
    hauled: dict[Hour, float] = defaultdict(float)
    for weighing, meaning in zip(ordered, meaning_of(ordered, known_vehicles), strict=True):
        if weighing.at < since:
            continue
        if meaning is Meaning.HAULED:
            hauled[weighing.hour] += weighing.net_kg
        if meaning in (Meaning.HAULED, Meaning.NEITHER):
            continue
        for zone_id, share in zones.get(weighing.vehicle_id, {None: 1.0}).items():
            place = (weighing.hour, weighing.vehicle_id, zone_id)
            tipped[place] += share * weighing.net_kg
            if meaning is Meaning.TIPPED_AT_SITE:
                received[place] += share * weighing.net_kg
            else:
                at_stations[weighing.vehicle_id, zone_id] += share * weighing.net_kg
    _share_hauled(hauled, at_stations, received)
    return [
        WeightShare(*place, tipped.get(place, 0.0), received.get(place, 0.0))
        for place in sorted(tipped.keys() | received.keys(), key=lambda place: (place[0], place[1], place[2] or ""))
    ]


def _zone_shares(collected_kg: Mapping[tuple[str, ZoneId], float]) -> dict[str, dict[ZoneId, float]]:
    """Return the share of each zone in what a vehicle collected."""
    by_vehicle: dict[str, dict[ZoneId, float]] = defaultdict(dict)
    for (vehicle_id, zone_id), kg in sorted(collected_kg.items(), key=lambda item: (item[0][0], item[0][1] or "")):
        if kg > 0:
            by_vehicle[vehicle_id][zone_id] = kg
    return {
        vehicle_id: {zone_id: kg / sum(zones.values()) for zone_id, kg in zones.items()}
        for vehicle_id, zones in by_vehicle.items()
    }


def _share_hauled(
    hauled: Mapping[Hour, float],
    at_stations: Mapping[tuple[str, ZoneId], float],
    received: dict[tuple[Hour, str, ZoneId], float],
) -> None:
    """Share what came from stations over those who tipped at them this day; with none it is nobody's."""
    total_kg = sum(at_stations.values())
    shares = {place: kg / total_kg for place, kg in at_stations.items()} if total_kg > 0 else {(UNASSIGNED, None): 1.0}
    for hour, kg in hauled.items():
        for (vehicle_id, zone_id), share in shares.items():
            received[hour, vehicle_id, zone_id] += share * kg
