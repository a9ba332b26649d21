"""Facilities in the tags of OpenStreetMap, and what a map's tags say of a facility.

Tags as the map's wiki has them: amenity=toilets, amenity=waste_transfer_station, landuse=landfill, landuse=depot; the
prefixes planned:, construction: and disused: for what is not there yet or no more; opening_hours, wheelchair,
changing_table, male, female, toilets:num_chambers. `ref` is the town's own code. What the map has no tag for is told
under `riqing:`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from shapely.errors import ShapelyError
from shapely.geometry import shape

from services.domain.errors import InvalidRequestError
from services.domain.kinds import FacilityKind, FacilityStatus
from services.domain.registry import DailyWindow, Facility
from services.domain.town import DAY_S
from services.roads.walking import great_circle_m

Tags = Mapping[str, str]

TAG_OF_KIND: Mapping[FacilityKind, tuple[str, str]] = {
    FacilityKind.PUBLIC_TOILET: ("amenity", "toilets"),
    FacilityKind.TRANSFER_STATION: ("amenity", "waste_transfer_station"),
    FacilityKind.LANDFILL: ("landuse", "landfill"),
    FacilityKind.DEPOT: ("landuse", "depot"),
}
"""Incinerators and landfills for construction waste have no tag of their own that mappers agree on."""

PREFIX_OF_STATUS: Mapping[FacilityStatus, str] = {
    FacilityStatus.PLANNED: "planned:",
    FacilityStatus.UNDER_CONSTRUCTION: "construction:",
    FacilityStatus.IN_SERVICE: "",
    FacilityStatus.UNDER_RENOVATION: "",
    FacilityStatus.RETIRED: "disused:",
}
CLOSED = ("operational_status", "closed")
"""What a facility under renovation is told apart by."""

SAME_PLACE_M = 30.0
"""A map's toilet so near to one of the register is that one."""

_HOURS = re.compile(r"(?:Mo-Su |daily )?(\d{1,2}):(\d{2}) ?- ?(\d{1,2}):(\d{2})")
_ELEMENT = re.compile(r"(node|way|relation)/[0-9]+")
_COUNTS = {
    "riqing:stalls_male": "stalls_male",
    "riqing:stalls_female": "stalls_female",
    "riqing:stalls_accessible": "stalls_accessible",
}


@dataclass(frozen=True, slots=True)
class MapPlace:
    """A place of a map: its element there (`node/1`, none where the file names none), where it is, and its tags."""

    osm_id: str | None
    lon: float
    lat: float
    tags: Tags


@dataclass(frozen=True, slots=True)
class Matched:
    """A map's place as a facility of the register, and whether that was there already."""

    facility: Facility
    place: MapPlace
    is_new: bool


def tags_of(facility: Facility, others: Tags | None = None) -> dict[str, str] | None:
    """Return a facility's tags over what a map said of it (`others`); none of a kind that the map has no tag for."""
    if facility.kind not in TAG_OF_KIND:
        return None
    key, value = TAG_OF_KIND[facility.kind]
    tags = dict(others or {})
    for prefix in PREFIX_OF_STATUS.values():
        tags.pop(prefix + key, None)
    tags.pop(CLOSED[0], None)
    tags[PREFIX_OF_STATUS[facility.status] + key] = value
    if facility.status is FacilityStatus.UNDER_RENOVATION:
        tags.update([CLOSED])
    tags["ref"] = facility.facility_id
    if facility.name:
        tags["name"] = facility.name
    if facility.open_hours is not None:
        tags["opening_hours"] = _written(facility.open_hours)
    if facility.opened_on is not None:
        tags["start_date"] = facility.opened_on.isoformat()
    if facility.kind is FacilityKind.PUBLIC_TOILET:
        tags |= _toilet_tags(facility)
    elif facility.design_t_per_day is not None:
        tags["riqing:design_t_per_day"] = f"{facility.design_t_per_day:g}"
    return tags


def _toilet_tags(facility: Facility) -> dict[str, str]:
    tags = {"access": "yes", "wheelchair": "yes" if facility.stalls_accessible else "no"}
    if facility.stalls:
        tags |= {"toilets:num_chambers": str(facility.stalls)}
        tags |= {"male": "yes" if facility.stalls_male else "no", "female": "yes" if facility.stalls_female else "no"}
        tags |= {key: str(getattr(facility, name)) for key, name in _COUNTS.items()}
    if facility.toilet_class:
        tags["riqing:class"] = facility.toilet_class
    return tags


def kind_of(tags: Tags) -> tuple[FacilityKind, FacilityStatus] | None:
    """Return the kind and status that tags tell, none where they are of nothing that the register holds."""
    for kind, (key, value) in TAG_OF_KIND.items():
        for status, prefix in PREFIX_OF_STATUS.items():
            if tags.get(prefix + key) == value:
                closed = status is FacilityStatus.IN_SERVICE and tags.get(CLOSED[0]) == CLOSED[1]
                return kind, FacilityStatus.UNDER_RENOVATION if closed else status
    return None


def match_places(places: Sequence[MapPlace], facilities: Sequence[Facility], known: Mapping[str, str]) -> list[Matched]:
    """Return the map's places as facilities: those of the register by `ref`, by element, or by being near.

    `known` is the facility of each element that was imported before. Private toilets are left out.
    """
    by_id = {facility.facility_id: facility for facility in facilities}
    taken: set[str] = set()
    found = []
    for place in places:
        told = kind_of(place.tags)
        if told is None or place.tags.get("access") in ("private", "no"):
            continue
        present = _present(place, told[0], by_id, known, taken)
        base = present or Facility(_new_id(place), told[0], place.lon, place.lat, status=told[1])
        taken.add(base.facility_id)
        found.append(Matched(_filled(base, place, is_new=present is None), place, present is None))
    return found


def _present(
    place: MapPlace, kind: FacilityKind, by_id: Mapping[str, Facility], known: Mapping[str, str], taken: set[str]
) -> Facility | None:
    for name in (place.tags.get("ref"), known.get(place.osm_id or "")):
        if name is not None and name in by_id and by_id[name].kind is kind and name not in taken:
            return by_id[name]
    near = [one for one in by_id.values() if one.kind is kind and one.facility_id not in taken]
    if not near:
        return None
    at = np.array([one.position for one in near])
    away_m = great_circle_m(at[:, 0], at[:, 1], np.array([place.lon]), np.array([place.lat]))
    return near[int(away_m.argmin())] if away_m.min() <= SAME_PLACE_M else None


def _new_id(place: MapPlace) -> str:
    if place.osm_id is None:
        return place.tags.get("ref") or f"map-{place.lon:.5f}-{place.lat:.5f}"
    return place.tags.get("ref") or f"osm-{place.osm_id.replace('/', '-')}"


def _filled(facility: Facility, place: MapPlace, *, is_new: bool) -> Facility:
    """Return a facility with what the map adds; what the register knows already stays, but for a new one's."""
    tags = place.tags
    hours = facility.open_hours or hours_of(tags.get("opening_hours", ""))
    found = replace(facility, name=facility.name or tags.get("name"), open_hours=hours)
    if facility.kind is not FacilityKind.PUBLIC_TOILET:
        return found
    counts: dict[str, Any] = {
        name: int(tags[key]) for key, name in _COUNTS.items() if is_new and tags.get(key, "").isdecimal()
    }
    found = replace(found, toilet_class=facility.toilet_class or tags.get("riqing:class"), **counts)
    if found.stalls_accessible == 0 and tags.get("wheelchair") in ("yes", "designated"):
        found = replace(found, stalls_accessible=1)
    return found


def hours_of(text: str) -> DailyWindow | None:
    """Return the daily hours of `opening_hours`, none where they are all day, differ by day or cannot be read."""
    found = _HOURS.fullmatch(text.strip())
    if found is None:
        return None
    start_s, end_s = (int(found[i]) * 3600 + int(found[i + 1]) * 60 for i in (1, 3))
    end_s = end_s - DAY_S if end_s > DAY_S else end_s  # 18:00-26:00 is past midnight
    return DailyWindow(start_s, end_s) if start_s < DAY_S and start_s != end_s % DAY_S else None


def _written(hours: DailyWindow) -> str:
    texts = (f"{seconds // 3600:02}:{seconds % 3600 // 60:02}" for seconds in (hours.start_s, hours.end_s))
    return "-".join(texts)


def places_of_geojson(document: object) -> list[MapPlace]:
    """Return the places of a GeoJSON FeatureCollection whose properties are tags, polygons by a point inside.

    Raises:
        InvalidRequestError: it is no FeatureCollection of places.

    """
    if not isinstance(document, dict) or not isinstance(document.get("features"), list):
        raise InvalidRequestError("Expected a GeoJSON FeatureCollection.")
    found = []
    for number, feature in enumerate(document["features"], start=1):
        try:
            inside = shape(feature["geometry"]).representative_point()
            given = feature["properties"] or {}
            tags = {str(key): str(value) for key, value in given.items() if value is not None}
            element = str(feature.get("id", ""))
            osm_id = element if _ELEMENT.fullmatch(element) else None
            found.append(MapPlace(osm_id, inside.x, inside.y, tags))
        except (KeyError, TypeError, AttributeError, ShapelyError) as error:
            raise InvalidRequestError(f"Feature {number} is no place with properties.") from error
    return found
