"""The unit on a truck that knows and tells where the truck is and how it does."""

import math
from collections.abc import Generator
from dataclasses import dataclass, field
from random import Random

import simpy

from firmware_sim.devices.device import Device
from firmware_sim.devices.driving import Path, SpeedProfile
from firmware_sim.devices.gps import GpsReceiver
from firmware_sim.ground import Ground, Spot
from services.domain.kinds import MessageKind
from services.domain.telemetry import PositionReading

PARKED_INTERVAL_S = 300.0
_LOAD_NOISE_KG, _LOAD_STEP_KG = 25.0, 10.0
_TANK_L, _L_PER_KM = 140.0, 0.38


@dataclass(slots=True)
class _Drive:
    path: Path
    profile: SpeedProfile
    started_s: float


@dataclass(slots=True)
class _Filling:
    kg: float
    started_s: float
    lasts_s: float


@dataclass(slots=True)
class Tracker:
    """Holds a truck's true state, and publishes what its instruments read of it."""

    environment: simpy.Environment
    device: Device
    ground: Ground
    gps: GpsReceiver
    fix_interval_s: float
    has_load_sensor: bool
    random: Random
    home: Spot
    ignition: bool = False
    cover_open: bool = False
    load_kg: float = 0.0
    sees_sky: bool = True
    _spot: Spot = field(init=False)
    _drive: _Drive | None = None
    _filling: _Filling | None = None
    _heading_deg: float = 0.0
    _driven_m: float = 0.0
    _odometer_start_m: float = field(init=False)
    _last_fix_s: float = -math.inf

    def __post_init__(self) -> None:
        """Stand at home with some kilometres on the clock."""
        self._spot = self.home
        self._odometer_start_m = round(self.random.uniform(2e7, 2e8), 0)

    def start(self) -> None:
        """Begin to tell."""
        self.environment.process(self._tell())

    @property
    def spot(self) -> Spot:
        """Where the truck truly is."""
        return self._spot if self._drive is None else self._drive.path.at(self._along()[0])

    @property
    def has_moved(self) -> bool:
        """Tell whether the truck has left the place where its day began."""
        return self._driven_m > 0.0 or self._drive is not None

    def drive(self, path: Path, profile: SpeedProfile) -> None:
        """Set off along a path."""
        self.ignition, self.cover_open = True, False
        self._drive = _Drive(path, profile, float(self.environment.now))

    def stand_at(self, spot: Spot) -> None:
        """End the drive, if there is one, and stand."""
        if self._drive is not None:
            along_m, _ = self._along()
            self._heading_deg = self._drive.path.heading_at(along_m)
            self._driven_m += along_m
            self._drive = None
        self._spot = spot

    def park(self) -> None:
        """Switch the engine off."""
        self.ignition = self.cover_open = False

    def load(self, kg: float, lasts_s: float) -> None:
        """Begin to take refuse in, evenly over `lasts_s`."""
        self.cover_open = True
        self._filling = _Filling(kg, float(self.environment.now), lasts_s)

    def finish_loading(self) -> None:
        """Have all of it in."""
        if self._filling is not None:
            self.load_kg += self._filling.kg
            self._filling = None
        self.cover_open = False

    def empty(self) -> None:
        """Have tipped everything."""
        self.load_kg = 0.0
        self.cover_open = False

    def weighed(self, kg: float) -> float | None:
        """Return what the truck's own scale says of a weight, None where it has no scale."""
        if not self.has_load_sensor:
            return None
        return max(round((kg + self.random.gauss(0.0, _LOAD_NOISE_KG)) / _LOAD_STEP_KG) * _LOAD_STEP_KG, 0.0)

    def _along(self) -> tuple[float, float]:
        """Return metres along the path and speed in m/s."""
        assert self._drive is not None
        return self._drive.profile.at(float(self.environment.now) - self._drive.started_s)

    def _tell(self) -> Generator[simpy.Event]:
        yield self.environment.timeout(self.random.uniform(0.0, self.fix_interval_s))
        while True:
            now_s = float(self.environment.now)
            if self.sees_sky and (self.ignition or now_s - self._last_fix_s >= PARKED_INTERVAL_S):
                self._last_fix_s = now_s
                self._publish_fix(now_s)
            yield self.environment.timeout(self.fix_interval_s)

    def _publish_fix(self, now_s: float) -> None:
        along_m, speed_mps = (0.0, 0.0) if self._drive is None else self._along()
        if self._drive is not None and speed_mps > 0.5:
            self._heading_deg = self._drive.path.heading_at(along_m)
        driven_m = self._driven_m + along_m
        lon, lat = self.ground.lonlat(self.gps.fix(self.spot, now_s))
        reading = PositionReading(
            ts=self.device.stamp(now_s),
            seq=self.device.next_seq(),
            lat=round(lat, 6),
            lon=round(lon, 6),
            speed_kmh=self._measured_speed_kmh(speed_mps),
            heading_deg=round(self._heading_deg + self.random.gauss(0.0, 3.0), 1) % 360.0,
            accuracy_m=self.gps.claimed_accuracy_m(),
            odometer_m=round(self._odometer_start_m + driven_m, 0),
            load_kg=self.weighed(self._load_on_board(now_s)),
            fuel_l=round(max(_TANK_L - driven_m / 1000.0 * _L_PER_KM, 5.0), 1),
            ignition=self.ignition,
            cover_open=self.cover_open,
        )
        self.device.publish(MessageKind.POSITION, reading)

    def _measured_speed_kmh(self, speed_mps: float) -> float:
        """Return the receiver's speed, which wanders a little and is rarely quite 0 at a standstill."""
        if not self.ignition:
            return 0.0
        return round(abs(speed_mps * 3.6 + self.random.gauss(0.0, 0.6)), 1)

    def _load_on_board(self, now_s: float) -> float:
        if self._filling is None:
            return self.load_kg
        share = min((now_s - self._filling.started_s) / self._filling.lasts_s, 1.0)
        return self.load_kg + self._filling.kg * share
