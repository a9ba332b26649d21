"""What land is used for (用地), told by the tags that OpenStreetMap has for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class LandUse(StrEnum):
    """The uses of land that standards and figures tell apart."""

    RESIDENTIAL = "residential"
    COMMERCIAL = "commercial"
    PUBLIC = "public"
    INDUSTRIAL = "industrial"
    TRANSPORT = "transport"
    GREEN = "green"
    RURAL = "rural"
    OTHER = "other"


USES_BY_TAG: Mapping[str, Mapping[LandUse, str]] = {
    "landuse": {
        LandUse.RESIDENTIAL: "residential",
        LandUse.COMMERCIAL: "commercial retail",
        LandUse.PUBLIC: "institutional education religious civic civic_admin healthcare",
        LandUse.INDUSTRIAL: "industrial depot port warehouse logistics",
        LandUse.TRANSPORT: "railway garages highway",
        LandUse.GREEN: "recreation_ground village_green grass cemetery flowerbed winter_sports",
        LandUse.RURAL: "farmland farmyard forest meadow orchard vineyard plant_nursery allotments "
        "greenhouse_horticulture aquaculture animal_keeping",
        LandUse.OTHER: "construction brownfield greenfield military landfill quarry basin reservoir salt_pond",
    },
    "leisure": {
        LandUse.PUBLIC: "sports_centre stadium",
        LandUse.GREEN: "park garden playground pitch common dog_park golf_course nature_reserve",
    },
    "amenity": {
        LandUse.COMMERCIAL: "marketplace",
        LandUse.PUBLIC: "school kindergarten college university hospital clinic townhall library community_centre "
        "place_of_worship",
        LandUse.TRANSPORT: "parking bus_station fuel",
        LandUse.GREEN: "grave_yard",
    },
    "place": {LandUse.GREEN: "square"},
}
"""The values of each tag, by the use that they tell of. Squares count as green space, as the standard has them."""

USE_OF: Mapping[str, LandUse] = {
    value: use for uses in USES_BY_TAG.values() for use, values in uses.items() for value in values.split()
}
"""The use that each value tells of; no two tags share one."""


@dataclass(frozen=True, slots=True)
class LandParcel:
    """A piece of land (地块) of one use; `geometry` is a GeoJSON Polygon or MultiPolygon."""

    parcel_id: str
    use: LandUse
    geometry: Mapping[str, object]
    name: str | None = None
