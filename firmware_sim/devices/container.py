"""A fill sensor in a point's containers."""

from collections.abc import Generator
from dataclasses import dataclass
from random import Random

import simpy

from firmware_sim.devices.device import Device
from firmware_sim.refuse import PointContent
from services.domain.kinds import MessageKind
from services.domain.telemetry import LevelReading

REPORT_INTERVAL_S = 1_200.0
_NOISE_RATIO = 0.008
_SETTLES_S = 45.0


@dataclass(slots=True)
class ContainerSensor:
    """Reports the fill level a few times an hour, and soon after the container was emptied."""

    environment: simpy.Environment
    device: Device
    content: PointContent
    random: Random

    def start(self) -> None:
        """Begin to report."""
        self.environment.process(self._report_regularly())

    def emptied(self) -> None:
        """Report the new level once the container stands again."""
        self.environment.process(self._report_once())

    def _report_regularly(self) -> Generator[simpy.Event]:
        yield self.environment.timeout(self.random.uniform(0.0, REPORT_INTERVAL_S))
        while True:
            self._report()
            yield self.environment.timeout(REPORT_INTERVAL_S)

    def _report_once(self) -> Generator[simpy.Event]:
        yield self.environment.timeout(_SETTLES_S)
        self._report()

    def _report(self) -> None:
        now_s = self.environment.now
        ratio = self.content.fill_ratio(now_s) + self.random.gauss(0.0, _NOISE_RATIO)
        reading = LevelReading(
            ts=self.device.stamp(now_s),
            seq=self.device.next_seq(),
            fill_ratio=round(min(max(ratio, 0.0), 1.0), 3),
            temperature_c=round(self.random.gauss(24.0, 2.0), 1),
            battery_ratio=round(0.95 - now_s / 86_400.0 * 0.002, 3),
        )
        self.device.publish(MessageKind.LEVEL, reading)
