"""What each import row must look like."""

import pytest
from pydantic import ValidationError

from services.domain.kinds import ContainerType
from services.domain.registry import DailyWindow
from services.registry.rows import FacilityRow, LandParcelRow, PointRow, VehicleRow, ZoneRow

POINT = {"id": "P1", "lon": "116.5", "lat": "34.5"}
VEHICLE = {"id": "V1", "kind": "compactor", "depot_id": "D1", "capacity_kg": "8000"}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, ()),
        ({"window_start": "06:00", "window_end": "09:00"}, ((6, 9),)),
        ({"window_start": "06:00-09:00;17:00-20:00"}, ((6, 9), (17, 20))),
        ({"windows": "06:00-09:00; 17:00-24:00"}, ((6, 9), (17, 24))),
        ({"window_start": "06:00;17:00", "window_end": "09:00;20:00"}, ((6, 9), (17, 20))),
        ({"window_start": "22:00", "window_end": "02:00"}, ((22, 2),)),
        ({"window_start": "24:00", "window_end": "02:00"}, ((0, 2),)),
    ],
)
def test_windows_of_a_point(fields: dict[str, str], expected: tuple[tuple[int, int], ...]) -> None:
    """One window in two columns, or several in the first."""
    windows = PointRow.model_validate(POINT | fields).daily_windows()
    assert windows == tuple(DailyWindow(start * 3600, end * 3600) for start, end in expected)


@pytest.mark.parametrize(
    ("fields", "match"),
    [
        ({"window_start": "06:00"}, "window_start needs a window_end"),
        ({"window_start": "6 am", "window_end": "09:00"}, "write HH:MM"),
        ({"window_start": "25:00", "window_end": "09:00"}, "00:00 to 24:00"),
        ({"window_start": "09:00", "window_end": "09:00"}, "is empty"),
        ({"window_start": "06:00;07:00", "window_end": "09:00"}, "as many times"),
        ({"lat": "121.5"}, "less than or equal to 90"),
        ({"lon": "nan"}, "less than or equal|finite"),
        ({"expected_kg": "-1"}, "greater than or equal to 0"),
        ({"expected_kg": "inf"}, "finite|less than"),
        ({"visits_per_day": "0"}, "greater than 0"),
        ({"container_type": "barrel"}, "'bin', 'cart', 'skip', 'pit' or 'roadside'"),
        ({"id": ""}, "at least 1 character"),
    ],
)
def test_a_bad_point_is_refused(fields: dict[str, str], match: str) -> None:
    """Each rule has its sentence."""
    with pytest.raises(ValidationError, match=match):
        PointRow.model_validate(POINT | fields)


def test_container_types_of_a_vehicle_are_separated_by_semicolons() -> None:
    """`bin;cart` are two types."""
    row = VehicleRow.model_validate(VEHICLE | {"container_types": "bin; cart"})
    assert row.container_types == frozenset({ContainerType.BIN, ContainerType.CART})


def test_columns_given_say_what_a_file_speaks_of() -> None:
    """A file without a column leaves that column of the register as it is."""
    assert PointRow.columns_given({"id", "lon", "lat", "window_start"}) == {
        "point_id",
        "lon",
        "lat",
        "windows",
    }
    assert FacilityRow.columns_given({"id", "class", "open_time"}) == {
        "facility_id",
        "toilet_class",
        "open_start_s",
    }


@pytest.mark.parametrize(
    ("geometry", "match"),
    [
        ({"type": "Point", "coordinates": [1, 2]}, "Polygon or MultiPolygon"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [0, 1], [1, 0], [0, 0]]]}, "not a valid area"),
        ({"type": "Polygon", "coordinates": "x"}, "broken coordinates"),
        ({"type": "Polygon", "coordinates": [[[500, 0], [501, 0], [501, 1], [500, 0]]]}, "WGS-84"),
    ],
)
def test_a_zone_must_be_an_area(geometry: dict[str, object], match: str) -> None:
    """A zone without a valid area cannot hold points."""
    with pytest.raises(ValidationError, match=match):
        ZoneRow.model_validate({"id": "Z1", "geometry": geometry})


SQUARE = {"type": "Polygon", "coordinates": [[[116.2, 34.3], [116.4, 34.3], [116.4, 34.5], [116.2, 34.3]]]}


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"landuse": "retail"}, "retail"),
        ({"leisure": "park"}, "park"),
        ({"landuse": "pond", "leisure": "park"}, "park"),  # the tag that is known tells
        ({"landuse": "residential", "amenity": "school"}, "residential"),
    ],
)
def test_the_use_of_land_is_told_by_a_map_s_tag(tags: dict[str, str], expected: str) -> None:
    """Whichever tag tells it, it is stored as landuse."""
    columns = LandParcelRow.model_validate({"id": "way/1", "geometry": SQUARE, **tags}).columns()
    assert columns == {"parcel_id": "way/1", "landuse": expected, "name": None, "geometry": SQUARE}


@pytest.mark.parametrize(
    ("tags", "match"),
    [
        ({}, "landuse is required"),
        ({"landuse": "residental"}, "'residental' is no use of land that is known; did you mean residential?"),
        ({"landuse": "xyzzy"}, "write one of OpenStreetMap's"),
    ],
)
def test_land_of_an_unknown_use_is_refused(tags: dict[str, str], match: str) -> None:
    """A misspelt use must not be lost among what is not stated."""
    with pytest.raises(ValidationError, match=match):
        LandParcelRow.model_validate({"id": "way/1", "geometry": SQUARE, **tags})
