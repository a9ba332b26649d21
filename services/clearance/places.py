"""The places of the register as clearance sees them: in metres, with a search for what lies near."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import hypot, inf

import numpy as np
from scipy.spatial import cKDTree

from services.clearance.track import FloatArray, Projection
from services.domain.kinds import REFUSE_UNLOADING_KINDS, FacilityKind
from services.domain.registry import CollectionPoint, Facility

PARKING_KINDS = REFUSE_UNLOADING_KINDS | {FacilityKind.DEPOT, FacilityKind.CONSTRUCTION_LANDFILL}
"""Where a truck stands for reasons of its own."""


@dataclass(frozen=True, slots=True)
class Place:
    """A collection point and where it is in the town's metres."""

    point: CollectionPoint
    x_m: float
    y_m: float

    def distance_m(self, x_m: float, y_m: float) -> float:
        """Return the metres from here to a place."""
        return hypot(self.x_m - x_m, self.y_m - y_m)


class Places:
    """The collection points, and the depots, stations and sites, by where they are."""

    def __init__(self, points: Sequence[CollectionPoint], facilities: Iterable[Facility] = ()) -> None:
        """Take the register's points and facilities; what is nothing to park at is left out."""
        parking = [facility for facility in facilities if facility.kind in PARKING_KINDS]
        lon = np.array([point.lon for point in points], dtype=np.float64)
        lat = np.array([point.lat for point in points], dtype=np.float64)
        # Rounded, so that a point more in the register does not move every other by a hair.
        origin = (round(float(np.mean(lon)), 1), round(float(np.mean(lat)), 1)) if points else (0.0, 0.0)
        self.projection = Projection(*origin)
        x_m, y_m = self.projection.metres(lon, lat)
        self._places = [Place(point, float(x), float(y)) for point, x, y in zip(points, x_m, y_m, strict=True)]
        self.by_id = {place.point.point_id: place for place in self._places}
        self._tree = cKDTree(np.column_stack((x_m, y_m))) if points else None
        self._parking = self._parking_places(parking)

    def near(self, x_m: float, y_m: float, reach_m: float) -> list[Place]:
        """Return the collection points within `reach_m` of a place, nearest first."""
        if self._tree is None:
            return []
        found = [self._places[index] for index in self._tree.query_ball_point((x_m, y_m), reach_m)]
        return sorted(found, key=lambda place: (place.distance_m(x_m, y_m), place.point.point_id))

    def any_within(self, point_ids: Iterable[str], x_m: FloatArray, y_m: FloatArray, reach_m: float) -> bool:
        """Tell whether any of the fixes lies within `reach_m` of any of the points."""
        wanted = [self.by_id[point_id] for point_id in point_ids if point_id in self.by_id]
        if not wanted or len(x_m) == 0:
            return False
        tree = cKDTree([(place.x_m, place.y_m) for place in wanted])
        return bool(np.any(tree.query(np.column_stack((x_m, y_m)))[0] <= reach_m))

    def parking_distance_m(self, x_m: float, y_m: float) -> float:
        """Return the metres to the nearest depot, station or site; infinite where there is none."""
        return min((hypot(x_m - there_x, y_m - there_y) for there_x, there_y in self._parking), default=inf)

    def parking_distances_m(self, x_m: FloatArray, y_m: FloatArray) -> FloatArray:
        """Return the same for many places at once."""
        nearest = np.full(len(x_m), inf)
        for there_x, there_y in self._parking:
            np.minimum(nearest, np.hypot(x_m - there_x, y_m - there_y), out=nearest)
        return nearest

    def _parking_places(self, parking: Sequence[Facility]) -> list[tuple[float, float]]:
        lon: FloatArray = np.array([facility.lon for facility in parking], dtype=np.float64)
        lat: FloatArray = np.array([facility.lat for facility in parking], dtype=np.float64)
        x_m, y_m = self.projection.metres(lon, lat)
        return list(zip(x_m.tolist(), y_m.tolist(), strict=True))
