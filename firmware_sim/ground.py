"""A plane in metres around one place, and the few sums on it that towns and trucks need."""

import math
from dataclasses import dataclass
from functools import cached_property

Spot = tuple[float, float]
"""Metres east and north of a ground's centre."""


@dataclass(frozen=True)
class Ground:
    """The neighbourhood of a place as a flat map: right to 0.3 % within 30 km, and exactly invertible."""

    centre_lon: float
    centre_lat: float

    @cached_property
    def metres_per_degree_lat(self) -> float:
        """Length of a degree of latitude (series for the WGS-84 ellipsoid)."""
        latitude = math.radians(self.centre_lat)
        return 111_132.92 - 559.82 * math.cos(2 * latitude) + 1.175 * math.cos(4 * latitude)

    @cached_property
    def metres_per_degree_lon(self) -> float:
        """Length of a degree of longitude at the centre's latitude (series for the WGS-84 ellipsoid)."""
        latitude = math.radians(self.centre_lat)
        return 111_412.84 * math.cos(latitude) - 93.5 * math.cos(3 * latitude)

    def spot(self, lon: float, lat: float) -> Spot:
        """Return the metres east and north of the centre."""
        return (
            (lon - self.centre_lon) * self.metres_per_degree_lon,
            (lat - self.centre_lat) * self.metres_per_degree_lat,
        )

    def lonlat(self, spot: Spot) -> tuple[float, float]:
        """Return longitude and latitude in degrees."""
        return (
            self.centre_lon + spot[0] / self.metres_per_degree_lon,
            self.centre_lat + spot[1] / self.metres_per_degree_lat,
        )


def distance_m(a: Spot, b: Spot) -> float:
    """Return the straight distance."""
    return math.hypot(b[0] - a[0], b[1] - a[1])


def between(a: Spot, b: Spot, fraction: float) -> Spot:
    """Return the spot at `fraction` of the way from `a` to `b`."""
    return a[0] + (b[0] - a[0]) * fraction, a[1] + (b[1] - a[1]) * fraction


def heading_deg(a: Spot, b: Spot) -> float:
    """Return the direction from `a` to `b`, clockwise from north, 0 included and 360 not."""
    return math.degrees(math.atan2(b[0] - a[0], b[1] - a[1])) % 360.0


def beside(a: Spot, b: Spot, fraction: float, offset_m: float) -> Spot:
    """Return the spot at `fraction` of the way from `a` to `b`, `offset_m` to the right of it."""
    length = distance_m(a, b) or 1.0
    x, y = between(a, b, fraction)
    return x + (b[1] - a[1]) / length * offset_m, y - (b[0] - a[0]) / length * offset_m
