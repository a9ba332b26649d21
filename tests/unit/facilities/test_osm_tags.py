"""Facilities in the tags of OpenStreetMap, there and back."""

from datetime import date

import pytest

from services.domain.errors import InvalidRequestError
from services.domain.kinds import FacilityKind, FacilityStatus
from services.domain.registry import DailyWindow, Facility
from services.facilities.osm_tags import MapPlace, hours_of, kind_of, match_places, places_of_geojson, tags_of

TOILET = Facility(
    "T01",
    FacilityKind.PUBLIC_TOILET,
    113.0,
    28.0,
    name="人民路公厕",
    opened_on=date(2011, 5, 1),
    open_hours=DailyWindow(5 * 3600, 22 * 3600 + 1800),
    toilet_class="2",
    stalls_male=5,
    stalls_female=8,
    stalls_accessible=1,
)


@pytest.mark.parametrize("status", list(FacilityStatus))
@pytest.mark.parametrize(
    "kind",
    [FacilityKind.PUBLIC_TOILET, FacilityKind.TRANSFER_STATION, FacilityKind.LANDFILL, FacilityKind.DEPOT],
)
def test_kind_and_status_come_back(kind: FacilityKind, status: FacilityStatus) -> None:
    """What is exported is read again as what it was, also where a map knew it in another status before."""
    facility = Facility("F", kind, 113.0, 28.0, status=status)
    before = tags_of(Facility("F", kind, 113.0, 28.0, status=FacilityStatus.PLANNED))
    tags = tags_of(facility, before)
    assert tags is not None
    assert kind_of(tags) == (kind, status)


def test_a_toilet_comes_back_whole() -> None:
    """Exported and imported into an empty register, a toilet is what it was; other tags are kept."""
    tags = tags_of(TOILET, {"fee": "no", "planned:amenity": "toilets"})
    assert tags is not None
    assert (tags["amenity"], tags["wheelchair"], tags["opening_hours"]) == ("toilets", "yes", "05:00-22:30")
    assert (tags["fee"], "planned:amenity" in tags) == ("no", False)
    (matched,) = match_places([MapPlace("node/1", 113.0, 28.0, tags)], [], {})
    assert matched.is_new
    for name in ("facility_id", "name", "open_hours", "toilet_class", "stalls_male", "stalls_female", "stalls"):
        assert getattr(matched.facility, name) == getattr(TOILET, name)


@pytest.mark.parametrize(
    ("place", "expected", "is_new"),
    [
        (MapPlace("node/1", 113.5, 28.5, {"amenity": "toilets", "ref": "T01"}), "T01", False),  # by the town's code
        (MapPlace("node/7", 113.5, 28.5, {"amenity": "toilets"}), "T01", False),  # imported before
        (MapPlace("node/2", 113.0002, 28.0, {"amenity": "toilets"}), "T01", False),  # 20 m away
        (MapPlace("node/3", 113.0004, 28.0, {"amenity": "toilets"}), "osm-node-3", True),  # 40 m away
        (MapPlace(None, 113.1, 28.0, {"amenity": "toilets"}), "map-113.10000-28.00000", True),  # the file names none
        (MapPlace("way/4", 113.0, 28.0, {"landuse": "landfill"}), "osm-way-4", True),  # of another kind
    ],
)
def test_a_map_s_place_is_found_in_the_register(place: MapPlace, expected: str, is_new: bool) -> None:
    """By its code, by its element, by being near; else it is new."""
    (matched,) = match_places([place], [TOILET], {"node/7": "T01"})
    assert (matched.facility.facility_id, matched.is_new) == (expected, is_new)


def test_two_places_are_not_one_toilet_and_private_ones_are_left_out() -> None:
    """The second of two near ones is another; what the register knows stays, what it lacks is learnt."""
    bare = Facility("T02", FacilityKind.PUBLIC_TOILET, 113.0, 28.0, name="老名")
    tags = {"amenity": "toilets", "name": "新名", "wheelchair": "yes", "opening_hours": "Mo-Su 06:00-22:00"}
    places = [MapPlace(f"node/{number}", 113.0, 28.0, tags) for number in (1, 2)]
    places.append(MapPlace("node/3", 113.0, 28.0, {"amenity": "toilets", "access": "private"}))
    first, second = match_places(places, [bare], {})
    assert (first.facility.facility_id, second.facility.facility_id) == ("T02", "osm-node-2")
    assert (first.facility.name, first.facility.stalls_accessible) == ("老名", 1)
    assert first.facility.open_hours == DailyWindow(6 * 3600, 22 * 3600)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("06:00-22:00", (6, 22)),
        ("Mo-Su 6:00-22:00", (6, 22)),
        ("18:00-26:00", (18, 2)),  # past midnight
        ("22:00-06:00", (22, 6)),
        ("24/7", None),
        ("Mo-Fr 06:00-22:00; Sa off", None),  # not the same every day
        ("25:00-26:00", None),
        ("00:00-24:00", None),  # all day
        ("", None),
    ],
)
def test_opening_hours(text: str, expected: tuple[int, int] | None) -> None:
    """Daily hours are read; what is always open, differs by day or makes no sense is none."""
    hours = hours_of(text)
    assert (None if hours is None else (hours.start_s / 3600, hours.end_s / 3600)) == expected


def test_what_is_no_collection_is_refused() -> None:
    """A sentence names the feature; areas count by a point inside."""
    ring = [[113.0, 28.0], [113.1, 28.0], [113.1, 28.1], [113.0, 28.0]]
    area = {"geometry": {"type": "Polygon", "coordinates": [ring]}, "properties": {"landuse": "landfill"}}
    (place,) = places_of_geojson({"features": [area]})
    assert 113.0 < place.lon < 113.1
    assert place.osm_id is None
    with pytest.raises(InvalidRequestError, match="FeatureCollection"):
        places_of_geojson([area])
    with pytest.raises(InvalidRequestError, match="Feature 2"):
        places_of_geojson({"features": [area, {"properties": {}}]})
