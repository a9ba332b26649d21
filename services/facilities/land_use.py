"""The use of land as areas on the map: how much there is of each within the zones, and which one a place lies on."""

from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np
import shapely
from shapely.geometry import shape

from services.domain.land_use import LandParcel, LandUse
from services.facilities.areas import FloatArray, ZoneAreas, area_km2


class LandUses:
    """The pieces of land; where some overlap the smallest tells (a park within a residential quarter is a park).

    Areas are those within the zones, where there are any: a map of a country says nothing of a town's density.
    """

    def __init__(self, parcels: Sequence[LandParcel], zones: ZoneAreas) -> None:
        """Take the register's pieces of land."""
        shapes = {parcel.parcel_id: shapely.make_valid(shape(dict(parcel.geometry))) for parcel in parcels}
        smallest_first = sorted(parcels, key=lambda parcel: (shapes[parcel.parcel_id].area, parcel.parcel_id))
        self._uses = [parcel.use for parcel in smallest_first]
        self._shapes = [shapes[parcel.parcel_id] for parcel in smallest_first]
        self._tree = shapely.STRtree(self._shapes)
        self._zones = zones

    @property
    def is_known(self) -> bool:
        """Tell whether there is any land whose use is stated."""
        return bool(self._uses)

    def uses_of(self, lon: FloatArray, lat: FloatArray) -> list[LandUse | None]:
        """Return the use of the land that each place lies on, none where none is stated."""
        found: list[LandUse | None] = [None] * len(lon)
        places, parcels = self._tree.query(shapely.points(lon, lat), predicate="intersects")
        # The smallest one comes last, and so it stays.
        for place, parcel in sorted(zip(places.tolist(), parcels.tolist(), strict=True), reverse=True):
            found[place] = self._uses[parcel]
        return found

    @cached_property
    def areas_km2(self) -> Mapping[LandUse, float]:
        """Return the area of each use, each piece without what smaller ones take of it."""
        sums: dict[LandUse, float] = {}
        for use, geometry in zip(self._uses, self._own_shapes(), strict=True):
            sums[use] = sums.get(use, 0.0) + area_km2(geometry)
        return sums

    def _own_shapes(self) -> list[shapely.Geometry]:
        if not self._shapes:
            return []
        covering, smaller = self._tree.query(self._shapes, predicate="intersects")
        takers: dict[int, list[int]] = {}
        for larger, other in zip(covering.tolist(), smaller.tolist(), strict=True):
            if other < larger:
                takers.setdefault(larger, []).append(other)
        town = self._zones.whole()
        own: list[shapely.Geometry] = []
        for number, geometry in enumerate(self._shapes):
            if number in takers:
                geometry = shapely.difference(
                    geometry, shapely.union_all(np.array([self._shapes[other] for other in takers[number]]))
                )
            own.append(geometry if town is None else shapely.intersection(geometry, town))
        return own
