"""Made-up drives with a known truth: a truck on a straight street, told in legs, observed with noise."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np

from services.clearance.evidence import LevelTrace, ServiceEvent, VehicleDay, load_noise_kg
from services.clearance.places import Places
from services.clearance.stays import find_stays
from services.clearance.track import FloatArray, Track, clean_track
from services.domain.kinds import ContainerType, ServiceOutcome, ServiceSource, VehicleKind
from services.domain.registry import CollectionPoint, Facility, Vehicle
from services.domain.town import Interval

START = datetime(2026, 3, 2, 22, 0, tzinfo=UTC)
START_S = START.timestamp()
DAY = Interval(START - timedelta(hours=2), START + timedelta(hours=22))
LON, LAT = 113.0, 28.0
METRES_PER_DEGREE = 111_320.0


def point_at(
    x_m: float,
    y_m: float = 0.0,
    *,
    point_id: str | None = None,
    service_s: int = 60,
    container_type: ContainerType = ContainerType.BIN,
    expected_kg: float = 200.0,
    visits_per_day: float = 1.0,
) -> CollectionPoint:
    """Return a collection point so many metres east and north of the town's origin."""
    lon = LON + x_m / (METRES_PER_DEGREE * float(np.cos(np.radians(LAT))))
    return CollectionPoint(
        point_id or f"P{round(x_m)}",
        lon,
        LAT + y_m / METRES_PER_DEGREE,
        service_s=service_s,
        container_type=container_type,
        expected_kg=expected_kg,
        visits_per_day=visits_per_day,
    )


@dataclass
class Drive:
    """A truck's day as it truly was: where it is at each corner in time, and what its devices say."""

    vehicle: Vehicle = field(default_factory=lambda: Vehicle("V1", VehicleKind.COMPACTOR, "D1", 8000.0))
    corners: list[tuple[float, float, float, float]] = field(default_factory=lambda: [(0.0, -300.0, 0.0, 500.0)])
    events: list[ServiceEvent] = field(default_factory=list)
    served: list[tuple[str, float, float]] = field(default_factory=list)

    @property
    def now_s(self) -> float:
        """Seconds since the drive began."""
        return self.corners[-1][0]

    def to(self, x_m: float, y_m: float = 0.0, speed_kmh: float = 25.0) -> "Drive":
        """Drive straight to a place."""
        at_s, from_x, from_y, load_kg = self.corners[-1]
        drive_s = float(np.hypot(x_m - from_x, y_m - from_y)) / (speed_kmh / 3.6)
        self.corners.append((at_s + drive_s, x_m, y_m, load_kg))
        return self

    def wait(self, wait_s: float) -> "Drive":
        """Stand where it is, for no refuse."""
        at_s, x_m, y_m, load_kg = self.corners[-1]
        self.corners.append((at_s + wait_s, x_m, y_m, load_kg))
        return self

    def serve(self, point: CollectionPoint, *, kg: float = 200.0, wait_s: float | None = None) -> "Drive":
        """Stand where it is and serve `point`; an event says so at the end."""
        at_s, x_m, y_m, load_kg = self.corners[-1]
        end_s = at_s + (point.service_s if wait_s is None else wait_s)
        self.corners.append((end_s, x_m, y_m, load_kg + kg))
        self.served.append((point.point_id, START_S + at_s, START_S + end_s))
        self.events.append(ServiceEvent(START_S + end_s, point.point_id, ServiceOutcome.SERVED, ServiceSource.ARM, kg))
        return self

    def tip(self, wait_s: float = 60) -> "Drive":
        """Stand where it is and tip all that it holds, at the end."""
        at_s, x_m, y_m, load_kg = self.corners[-1]
        self.corners += [(at_s + wait_s, x_m, y_m, load_kg), (at_s + wait_s + 1, x_m, y_m, 0.0)]
        return self

    def observe(
        self,
        points: Sequence[CollectionPoint],
        *,
        noise_m: float = 0.0,
        interval_s: float = 15.0,
        seed: int = 0,
        events: bool = True,
        load: bool = True,
        speed: bool = False,
        gaps: Sequence[tuple[float, float]] = (),
        levels: dict[str, list[LevelTrace]] | None = None,
        facilities: Sequence[Facility] = (),
        shuffle: bool = False,
        drift_share: float = 0.7,
        accuracy: bool = False,
    ) -> VehicleDay:
        """Return what the devices tell of the drive; `gaps` are seconds from its start with no fixes."""
        generator = np.random.default_rng(seed)
        corners = np.array(self.corners)
        time_s = np.arange(generator.uniform(0, interval_s), corners[-1, 0], interval_s)
        for start_s, end_s in gaps:
            time_s = time_s[(time_s < start_s) | (time_s > end_s)]
        x_m, y_m, load_kg = (np.interp(time_s, corners[:, 0], corners[:, column]) for column in (1, 2, 3))
        ahead = np.interp(time_s + 1.0, corners[:, 0], corners[:, 1])
        speed_kmh = np.abs(ahead - x_m) * 3.6 if speed else np.full(len(time_s), np.nan)
        places = Places(points, facilities)
        error_x, error_y = (_error_m(generator, time_s, noise_m, drift_share) for _ in range(2))
        lon = LON + (x_m + error_x) / (METRES_PER_DEGREE * np.cos(np.radians(LAT)))
        lat = LAT + (y_m + error_y) / METRES_PER_DEGREE
        accuracy_m = noise_m * generator.uniform(0.9, 1.6, len(time_s))
        if not accuracy:
            accuracy_m = np.full(len(time_s), np.nan)
        track_x, track_y = places.projection.metres(lon, lat)
        load_kg = load_kg + generator.normal(0, 10.0, len(time_s)) if load else np.full(len(time_s), np.nan)
        track = Track(START_S + time_s, track_x, track_y, speed_kmh, accuracy_m, load_kg)
        told = list(self.events) if events else []
        if shuffle:
            track = track.part(generator.permutation(len(track)))
            generator.shuffle(told)
        track = clean_track(track)
        return VehicleDay(self.vehicle, track, find_stays(track), told, levels or {}, places, load_noise_kg(track))


def _error_m(generator: np.random.Generator, time_s: FloatArray, noise_m: float, drift_share: float) -> FloatArray:
    """Return a receiver's error along one axis: a share of its variance drifts over some 80 s, the rest is jitter."""
    drift = np.zeros(len(time_s))
    value = generator.normal()
    for index in range(len(time_s)):
        kept = np.exp(-(time_s[index] - time_s[index - 1]) / 80.0) if index else 1.0
        value = kept * value + np.sqrt(1.0 - kept * kept) * generator.normal()
        drift[index] = value
    jitter = generator.normal(0.0, 1.0, len(time_s))
    error_m: FloatArray = noise_m * (np.sqrt(drift_share) * drift + np.sqrt(1.0 - drift_share) * jitter)
    return error_m
