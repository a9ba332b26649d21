"""Which devices a simulated town has, and which of them are to fail."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain, zip_longest
from random import Random
from zlib import crc32

from firmware_sim.devices.device import DeviceKey
from firmware_sim.register import Register
from services.domain.kinds import DeviceKind

SENSOR_SHARE = 0.2
MOST_SENSORS = 80
"""A share of the points has a fill sensor, up to this many."""


@dataclass(frozen=True, slots=True)
class RosterEntry:
    """A device and the vehicle, facility or point that it speaks for."""

    key: DeviceKey
    asset_id: str


def devices_of(register: Register) -> list[RosterEntry]:
    """Return every device of the town: of trucks, stations, toilets and some points, in this order."""
    sensors = sorted(
        (point.point_id for point in register.points), key=lambda point_id: (crc32(point_id.encode()), point_id)
    )[: min(MOST_SENSORS, round(len(register.points) * SENSOR_SHARE))]
    return [
        *_entries(DeviceKind.VEHICLE, (vehicle.vehicle_id for vehicle in register.trucks)),
        *_entries(DeviceKind.STATION, (station.facility_id for station in register.stations)),
        *_entries(DeviceKind.TOILET, (toilet.facility_id for toilet in register.toilets)),
        *_entries(DeviceKind.CONTAINER, sorted(sensors)),
    ]


def _entries(kind: DeviceKind, asset_ids: Iterable[str]) -> list[RosterEntry]:
    return [RosterEntry(DeviceKey(kind, _level_of_topic(asset_id)), asset_id) for asset_id in asset_ids]


def _level_of_topic(asset_id: str) -> str:
    """Return a device id for an asset whose own code may have characters that a topic must not."""
    return "".join("-" if character in "/+#" else character for character in asset_id)


def silent_devices(roster: list[RosterEntry], count: int, seed: int) -> frozenset[DeviceKey]:
    """Choose `count` devices at random, a truck first, then one of each other kind in turn."""
    random = Random(f"{seed}/silent")
    groups = []
    for kind in (DeviceKind.VEHICLE, DeviceKind.TOILET, DeviceKind.STATION, DeviceKind.CONTAINER):
        keys = [entry.key for entry in roster if entry.key.kind is kind]
        groups.append(random.sample(keys, len(keys)))
    in_turn = [key for key in chain.from_iterable(zip_longest(*groups)) if key is not None]
    return frozenset(in_turn[:count])


def breakdown_order(roster: list[RosterEntry], seed: int) -> list[str]:
    """Return the vehicles in the order in which they are the next to break down."""
    vehicles = [entry.asset_id for entry in roster if entry.key.kind is DeviceKind.VEHICLE]
    return Random(f"{seed}/breakdowns").sample(vehicles, len(vehicles))
