"""A public toilet's counter: who comes in, which stalls are taken, the air and the water."""

import math
from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

import simpy

from firmware_sim.devices.device import Device
from firmware_sim.truth import TruthEvent, TruthKind
from services.domain.kinds import MessageKind
from services.domain.registry import DailyWindow
from services.domain.telemetry import UsageReading

REPORT_INTERVAL_S = 600.0
ENTRIES_PER_STALL_AND_DAY = 55.0
_STAY_S = 260.0
_WATER_L_PER_ENTRY = 3.2

_CURVE = (
    0.1,
    0.1,
    0.1,
    0.1,
    0.2,
    0.7,
    1.5,
    2.2,
    1.8,
    1.5,
    1.5,
    1.7,
    1.8,
    1.3,
    1.2,
    1.3,
    1.5,
    1.9,
    2.0,
    1.7,
    1.2,
    0.7,
    0.3,
    0.1,
)
"""Entries by hour of the local day, as multiples of the day's mean."""


@dataclass(slots=True)
class ToiletCounter:
    """Counts entries and reports every ten minutes; `start_hour` is the local hour of simulated second 0.

    `popularity` scales the entries; a toilet without `is_in_service` stays closed all day.
    """

    environment: simpy.Environment
    device: Device
    facility_id: str
    stalls: int
    open_hours: DailyWindow | None
    is_in_service: bool
    popularity: float
    day_start: datetime
    start_hour: float
    record: Callable[[TruthEvent], None]
    random: Random

    def start(self) -> None:
        """Begin to count."""
        self.environment.process(self._count())

    def _count(self) -> Generator[simpy.Event]:
        yield self.environment.timeout(self.random.uniform(1.0, REPORT_INTERVAL_S))
        while True:
            since_s = max(self.environment.now - REPORT_INTERVAL_S, 0.0)
            self._report(since_s, self.environment.now)
            yield self.environment.timeout(REPORT_INTERVAL_S)

    def _report(self, since_s: float, now_s: float) -> None:
        is_open = self._is_open(now_s)
        hourly = self._entries_per_hour(now_s) if is_open else 0.0
        entries = poisson(hourly * (now_s - since_s) / 3600.0, self.random)
        inside = poisson(hourly * _STAY_S / 3600.0, self.random)
        odour = 0.12 + 0.35 * min(hourly / (self.stalls * 6.0), 1.5) + abs(self.random.gauss(0.0, 0.06))
        reading = UsageReading(
            ts=self.device.stamp(now_s),
            seq=self.device.next_seq(),
            entries=entries,
            occupied_stalls=min(inside, self.stalls),
            total_stalls=self.stalls,
            nh3_ppm=round(odour, 3),
            h2s_ppm=round(odour * 0.012, 4),
            water_l=round(entries * _WATER_L_PER_ENTRY * self.random.uniform(0.9, 1.1), 1),
            open=is_open,
        )
        self.device.publish(MessageKind.USAGE, reading)
        if entries:
            self.record(self._truth(since_s, now_s, entries))

    def _truth(self, since_s: float, now_s: float, entries: int) -> TruthEvent:
        start, end = (self.day_start + timedelta(seconds=round(second, 3)) for second in (since_s, now_s))
        return TruthEvent(TruthKind.USAGE, start, end, facility_id=self.facility_id, entries=entries)

    def _local_hour(self, now_s: float) -> float:
        return (self.start_hour + now_s / 3600.0) % 24.0

    def _is_open(self, now_s: float) -> bool:
        if not self.is_in_service:
            return False
        if self.open_hours is None:
            return True
        second = self._local_hour(now_s) * 3600.0
        opens, closes = self.open_hours.start_s, self.open_hours.end_s
        return opens <= second < closes if opens < closes else second >= opens or second < closes

    def _entries_per_hour(self, now_s: float) -> float:
        hour = int(self._local_hour(now_s))
        return self.stalls * ENTRIES_PER_STALL_AND_DAY / 24.0 * _CURVE[hour] * self.popularity


def poisson(mean: float, random: Random) -> int:
    """Draw from a Poisson distribution (Knuth's product of uniforms; the normal law above 50)."""
    if mean > 50.0:
        return max(0, round(random.gauss(mean, math.sqrt(mean))))
    threshold, product, count = math.exp(-mean), random.random(), 0
    while product > threshold:
        product *= random.random()
        count += 1
    return count
