"""A truck as its alarms see it: its last fixes, the places that are near, and the route it is on."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from services.clearance.places import Places
from services.clearance.track import FloatArray, Projection, outliers

FRESH_S = 600.0
"""Where a truck was longer ago says nothing of now; that it is silent has an alarm of its own."""


@dataclass(frozen=True, slots=True)
class Trace:
    """A truck's last fixes in order of time; `time_s` is seconds since 1970, what is not told is NaN.

    `cover_open` is 1 where the cover is open.
    """

    time_s: FloatArray
    x_m: FloatArray
    y_m: FloatArray
    speed_kmh: FloatArray
    load_kg: FloatArray
    cover_open: FloatArray

    def __len__(self) -> int:
        """Return the number of fixes."""
        return len(self.time_s)


@dataclass(frozen=True, slots=True)
class RouteStop:
    """A stop of a route in metres; `planned_s` is how long the truck is to be there, with waiting and resting."""

    x_m: float
    y_m: float
    planned_s: float


@dataclass(frozen=True, slots=True)
class Roads:
    """The roads of a route as straight pieces, in metres: where each begins, and how far it leads."""

    x_m: FloatArray
    y_m: FloatArray
    step_x_m: FloatArray
    step_y_m: FloatArray

    @classmethod
    def of(cls, legs: Iterable[Sequence[tuple[float, float]]], projection: Projection) -> "Roads":
        """Return the roads of legs that are given as longitude and latitude of their corners."""
        ways = [np.array(leg, dtype=np.float64).reshape(-1, 2) for leg in legs if len(leg) > 1]
        metres = [projection.metres(way[:, 0], way[:, 1]) for way in ways] or [(np.empty(1), np.empty(1))]
        return cls(
            np.concatenate([x_m[:-1] for x_m, _ in metres]),
            np.concatenate([y_m[:-1] for _, y_m in metres]),
            np.concatenate([np.diff(x_m) for x_m, _ in metres]),
            np.concatenate([np.diff(y_m) for _, y_m in metres]),
        )

    def distance_m(self, x_m: float, y_m: float) -> float:
        """Return the metres from a place to the nearest road; infinite where there is none."""
        if len(self.x_m) == 0:
            return float("inf")
        length_2 = np.maximum(self.step_x_m**2 + self.step_y_m**2, 1e-9)
        along = (x_m - self.x_m) * self.step_x_m + (y_m - self.y_m) * self.step_y_m
        share = np.minimum(np.maximum(along / length_2, 0.0), 1.0)
        return float(np.hypot(self.x_m + share * self.step_x_m - x_m, self.y_m + share * self.step_y_m - y_m).min())


@dataclass(frozen=True, slots=True)
class Route:
    """A truck's published route: from when to when (seconds since 1970), its stops, and the roads between them."""

    start_s: float
    end_s: float
    stops: tuple[RouteStop, ...]
    roads: Roads | None
    """None where they are not known for the whole of it."""


@dataclass(frozen=True, slots=True)
class Truck:
    """A truck now; `route` is none unless its published route is under way."""

    vehicle_id: str
    now_s: float
    trace: Trace
    places: Places
    route: Route | None

    @property
    def is_fresh(self) -> bool:
        """Tell whether it was heard a short while ago."""
        return len(self.trace) > 0 and self.now_s - float(self.trace.time_s[-1]) <= FRESH_S

    def place(self, index: int) -> dict[str, object]:
        """Return where a fix is, in degrees."""
        lon, lat = self.places.projection.degrees(float(self.trace.x_m[index]), float(self.trace.y_m[index]))
        return {"lon": round(lon, 6), "lat": round(lat, 6)}


def trace_of(fixes: Mapping[str, FloatArray], projection: Projection) -> Trace:
    """Return the trace of one device's fixes, in whatever order, without those that nothing could have driven to."""
    order = np.argsort(fixes["time_s"], kind="stable")
    x_m, y_m = projection.metres(fixes["lon"][order], fixes["lat"][order])
    time_s = fixes["time_s"][order]
    plausible = ~outliers(time_s, x_m, y_m)
    told = (fixes[name][order][plausible] for name in ("speed_kmh", "load_kg", "cover_open"))
    return Trace(time_s[plausible], x_m[plausible], y_m[plausible], *told)
