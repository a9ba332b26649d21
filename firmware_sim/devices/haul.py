"""Hook-lifts that haul from the transfer stations to the landfill; only weighbridges see them."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from random import Random

import simpy

from firmware_sim.devices.station import Station
from firmware_sim.ground import distance_m

FULL_LOAD_KG = 9_000.0
CLEAR_OUT_AFTER_S = 14 * 3600.0
"""From this second of the service day on, a part load is hauled too, so that little stays overnight."""

_PART_LOAD_KG = 500.0
_LOOK_EVERY_S = 600.0
_LOADING_S, _TIPPING_S = 600.0, 600.0
_ROAD_FACTOR, _SPEED_MPS = 1.35, 10.5


@dataclass(slots=True)
class HookLift:
    """Goes where most is stored, again and again."""

    environment: simpy.Environment
    vehicle_id: str
    stations: Sequence[Station]
    landfill: Station
    random: Random

    def start(self) -> None:
        """Begin to haul."""
        self.environment.process(self._haul())

    def _haul(self) -> Generator[simpy.Event]:
        yield self.environment.timeout(self.random.uniform(0.0, _LOOK_EVERY_S))
        while True:
            station = max(self.stations, key=lambda station: (station.stored_kg, station.facility_id))
            least_kg = _PART_LOAD_KG if self.environment.now > CLEAR_OUT_AFTER_S else FULL_LOAD_KG
            if station.stored_kg < least_kg:
                yield self.environment.timeout(_LOOK_EVERY_S)
                continue
            kg = min(station.stored_kg, FULL_LOAD_KG)
            away_s = distance_m(station.spot, self.landfill.spot) * _ROAD_FACTOR / _SPEED_MPS
            yield from station.load_for_haul(self.vehicle_id, kg, _LOADING_S)
            yield self.environment.timeout(away_s * self.random.uniform(0.9, 1.2))
            yield from self.landfill.tip(self.vehicle_id, kg, _TIPPING_S)
            yield self.environment.timeout(away_s * self.random.uniform(0.9, 1.2))
