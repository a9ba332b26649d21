"""A transfer station or disposal site: its bays, its weighbridge, its hopper, and the haul to the landfill."""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

import simpy

from firmware_sim.devices.device import Device
from firmware_sim.ground import Spot
from firmware_sim.truth import TruthEvent, TruthKind
from services.domain.kinds import MessageKind, WeighingDirection
from services.domain.telemetry import LevelReading, WeighingReading

LEVEL_INTERVAL_S = 900.0
SCALE_STEP_KG = 10.0
TARE_KG = 7_400.0


@dataclass(slots=True)
class Station:
    """A place where vehicles tip; `holds_kg` is what its hopper and containers take before it is full."""

    environment: simpy.Environment
    device: Device
    facility_id: str
    spot: Spot
    bays: simpy.Resource
    is_disposal_site: bool
    holds_kg: float
    day_start: datetime
    record: Callable[[TruthEvent], None]
    random: Random
    stored_kg: float = field(default=0.0)

    def start(self) -> None:
        """Begin to report the level."""
        self.environment.process(self._report_level())

    def tip(self, vehicle_id: str, kg: float, tip_s: float) -> Generator[simpy.Event]:
        """Let a vehicle that has just arrived wait for a bay, weigh, tip and leave."""
        arrived_s = self.environment.now
        with self.bays.request() as bay:
            yield bay
            yield self.environment.timeout(tip_s)
        self.stored_kg += kg
        self._weigh(vehicle_id, kg, WeighingDirection.IN, arrived_s)
        start, end = (self.instant(second) for second in (arrived_s, self.environment.now))
        self.record(
            TruthEvent(
                TruthKind.TIPPING, start, end, vehicle_id=vehicle_id, facility_id=self.facility_id, kg=round(kg, 1)
            )
        )

    def load_for_haul(self, vehicle_id: str, kg: float, load_s: float) -> Generator[simpy.Event]:
        """Fill a vehicle that hauls to the landfill."""
        arrived_s = self.environment.now
        self.stored_kg -= kg
        yield self.environment.timeout(load_s)
        self._weigh(vehicle_id, kg, WeighingDirection.OUT, arrived_s)

    def instant(self, now_s: float) -> datetime:
        """Return the instant of a simulated second."""
        return self.day_start + timedelta(seconds=round(now_s, 3))

    def _weigh(self, vehicle_id: str, kg: float, direction: WeighingDirection, arrived_s: float) -> None:
        net_kg = round(kg / SCALE_STEP_KG) * SCALE_STEP_KG
        tare_kg = TARE_KG + round(self.random.gauss(0.0, 6.0)) * SCALE_STEP_KG
        reading = WeighingReading(
            ts=self.device.stamp(self.environment.now),
            seq=self.device.next_seq(),
            vehicle_id=vehicle_id,
            net_kg=net_kg,
            gross_kg=tare_kg + net_kg,
            tare_kg=tare_kg,
            direction=direction,
            arrived_at=self.device.stamp(arrived_s),
        )
        self.device.publish(MessageKind.WEIGHING, reading)

    def _report_level(self) -> Generator[simpy.Event]:
        if self.is_disposal_site:
            return
        yield self.environment.timeout(self.random.uniform(0.0, LEVEL_INTERVAL_S))
        while True:
            reading = LevelReading(
                ts=self.device.stamp(self.environment.now),
                seq=self.device.next_seq(),
                fill_ratio=round(min(self.stored_kg / self.holds_kg, 1.0), 3),
                weight_kg=round(self.stored_kg, 0),
            )
            self.device.publish(MessageKind.LEVEL, reading)
            yield self.environment.timeout(LEVEL_INTERVAL_S)
