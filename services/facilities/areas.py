"""Zones as areas on the map: how large each is, and which one a place lies in."""

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import shape

from services.domain.registry import Zone

EARTH_RADIUS_KM = 6371.008_8
"""The mean radius; areas on a sphere of it are right to 0.5 %."""

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


class ZoneAreas:
    """The geometry of the zones; where two overlap a place belongs to the first by identifier."""

    def __init__(self, zones: Sequence[Zone]) -> None:
        """Take the register's zones."""
        self._zones = sorted(zones, key=lambda zone: zone.zone_id)
        self._shapes = [shapely.make_valid(shape(zone.geometry)) for zone in self._zones]
        self._tree = shapely.STRtree(self._shapes)

    @property
    def zone_ids(self) -> list[str]:
        """The zones in order."""
        return [zone.zone_id for zone in self._zones]

    def areas_km2(self) -> dict[str, float]:
        """Return the area of each zone."""
        return {zone.zone_id: area_km2(geometry) for zone, geometry in zip(self._zones, self._shapes, strict=True)}

    def whole(self) -> shapely.Geometry | None:
        """Return what the zones cover together, none where there are none."""
        return shapely.union_all(self._shapes) if self._shapes else None

    def total_km2(self) -> float | None:
        """Return the area that the zones cover together, none where there are none."""
        whole = self.whole()
        return None if whole is None else area_km2(whole)

    def zones_of(self, lon: FloatArray, lat: FloatArray) -> list[str | None]:
        """Return the zone that each place lies in, none where it lies in none."""
        found: list[str | None] = [None] * len(lon)
        places, zones = self._tree.query(shapely.points(lon, lat), predicate="intersects")
        # The tree answers in no order; of several zones the first one is to stay.
        for place, zone in sorted(zip(places.tolist(), zones.tolist(), strict=True), reverse=True):
            found[place] = self._zones[zone].zone_id
        return found


def area_km2(geometry: shapely.Geometry) -> float:
    """Return the area of a geometry in degrees: on the cylinder that keeps areas true."""

    def flatten(places: FloatArray) -> FloatArray:
        lon, lat = np.radians(places[:, 0]), np.radians(places[:, 1])
        return np.column_stack((EARTH_RADIUS_KM * lon, EARTH_RADIUS_KM * np.sin(lat)))

    return float(shapely.area(shapely.transform(geometry, flatten)))
