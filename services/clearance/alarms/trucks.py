"""A truck as its alarms see it: its last fixes, the places that are near, and the route it is on."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from services.clearance.places import Places
from services.clearance.track import FloatArray, Projection, outliers

Way = tuple[FloatArray, FloatArray]
"""The corners of a road, in metres east and north."""

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
class Route:
    """A truck's published route: from when to when (seconds since 1970), its stops, and the roads between them.

    `ways` are the legs; none at all where the roads are not known for the whole of it.
    """

    start_s: float
    end_s: float
    stops: tuple[RouteStop, ...]
    ways: tuple[Way, ...]

    def distance_m(self, x_m: float, y_m: float) -> float:
        """Return the metres from a place to the nearest road of the route; infinite where none is known."""
        return min((_to_way(x_m, y_m, *way) for way in self.ways), default=float("inf"))


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


def ways_of(legs: Iterable[Sequence[tuple[float, float]]], projection: Projection) -> tuple[Way, ...]:
    """Return the roads of legs, given as longitude and latitude of their corners, in metres."""
    corners = (np.array(leg, dtype=np.float64).reshape(-1, 2) for leg in legs)
    return tuple(projection.metres(places[:, 0], places[:, 1]) for places in corners)


def _to_way(x_m: float, y_m: float, way_x: FloatArray, way_y: FloatArray) -> float:
    """Return the metres from a place to a way."""
    if len(way_x) == 0:
        return float("inf")
    if len(way_x) == 1:
        return float(np.hypot(way_x[0] - x_m, way_y[0] - y_m))
    step_x, step_y = np.diff(way_x), np.diff(way_y)
    length_2 = np.maximum(step_x**2 + step_y**2, 1e-9)
    share = np.clip(((x_m - way_x[:-1]) * step_x + (y_m - way_y[:-1]) * step_y) / length_2, 0.0, 1.0)
    return float(np.hypot(way_x[:-1] + share * step_x - x_m, way_y[:-1] + share * step_y - y_m).min())
