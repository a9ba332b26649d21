"""Bringing register files into a real database."""

from datetime import date
from pathlib import Path

import pytest

from services.domain.kinds import ContainerType, FacilityKind
from services.domain.land_use import LandUse
from services.domain.registry import DailyWindow
from services.registry.files import UnreadableFileError
from services.registry.importing import BadRowsError, RegisterKind, import_file
from services.store.connection import connect
from services.store.land_parcels import load_land_parcels
from services.store.population import load_population_columns
from services.store.registry import (
    load_collected_weights,
    load_facilities,
    load_points,
    load_vehicles,
    load_zones,
)
from tests.road_files import write_roads

DEPOT = "id,kind,lon,lat\nD1,depot,116.3,34.4\n"


def write(folder: Path, name: str, text: str) -> Path:
    """Write a file and return its path."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def bring_in(url: str, kind: RegisterKind, path: Path, *, skip_bad_rows: bool = False) -> int:
    """Import a file in a transaction of its own and return how many rows were stored."""
    with connect(url) as connection:
        return import_file(connection, kind, path, skip_bad_rows=skip_bad_rows).stored


def test_every_kind_is_stored_as_it_stands_in_its_file(fresh_database: str, tmp_path: Path) -> None:
    """What the register gives back is what the files say."""
    square = "[[[116.2,34.3],[116.4,34.3],[116.4,34.5],[116.2,34.3]]]"
    files = [
        (RegisterKind.CONTRACTORS, "contractors.csv", "id,name\nK1,洁城\n"),
        (
            RegisterKind.ZONES,
            "zones.geojson",
            '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"id":"Z1","contractor_id":"K1"},'
            f'"geometry":{{"type":"Polygon","coordinates":{square}}}}}]}}',
        ),
        (
            RegisterKind.LANDUSE,
            "landuse.geojson",
            '{"type":"FeatureCollection","features":[{"type":"Feature","id":"way/7","properties":{"leisure":"park"},'
            f'"geometry":{{"type":"Polygon","coordinates":{square}}}}}]}}',
        ),
        (
            RegisterKind.FACILITIES,
            "facilities.csv",
            "id,kind,lon,lat,zone_id,status,opened_on,open_time,close_time,class,stalls_male\n"
            "D1,depot,116.3,34.4,Z1,,,,,,\n"
            "T1,public_toilet,116.3,34.4,,under_renovation,2019-05-01,05:00,24:00,二类,4\n",
        ),
        (
            RegisterKind.POINTS,
            "points.csv",
            "id,lon,lat,zone_id,container_type,expected_kg,visits_per_day,window_start\n"
            "P1,116.31,34.41,Z1,pit,120.5,0.33,06:00-09:00;17:00-20:00\n",
        ),
        (
            RegisterKind.VEHICLES,
            "vehicles.csv",
            "id,kind,depot_id,capacity_kg,shift_start,shift_end\nV1,crane_truck,D1,7000,22:00,06:00\n",
        ),
        (RegisterKind.POPULATION, "population.csv", "lon,lat,residents\n116.3,34.4,65.5\n"),
        (RegisterKind.HISTORY, "history.csv", "point_id,date,kg\nP1,2026-02-01,99.5\n"),
    ]
    for kind, name, text in files:
        assert bring_in(fresh_database, kind, write(tmp_path, name, text)) >= 1
    with connect(fresh_database) as connection:
        (zone,) = load_zones(connection)
        (toilet,) = load_facilities(connection, [FacilityKind.PUBLIC_TOILET])
        (point,) = load_points(connection)
        (vehicle,) = load_vehicles(connection)
        (residents,) = load_population_columns(connection)[2]
        (weight,) = load_collected_weights(connection, date(2026, 2, 1), date(2026, 2, 1))
        (park,) = load_land_parcels(connection)
    assert (park.parcel_id, park.use) == ("way/7", LandUse.GREEN)
    assert (zone.contractor_id, zone.geometry["type"]) == ("K1", "Polygon")
    assert (toilet.toilet_class, toilet.open_hours, toilet.stalls) == ("二类", DailyWindow(18_000, 86_400), 4)
    assert point.windows == (DailyWindow(21_600, 32_400), DailyWindow(61_200, 72_000))
    assert (point.container_type, point.visits_per_day, point.zone_id) == (ContainerType.PIT, 0.33, "Z1")
    assert vehicle.shift == DailyWindow(79_200, 21_600)
    assert vehicle.may_serve == {ContainerType.PIT}
    assert (residents, weight.kg) == (65.5, 99.5)


def test_a_file_with_a_bad_row_changes_nothing_and_names_each(fresh_database: str, tmp_path: Path) -> None:
    """All or nothing; each bad row has its line, field and reason."""
    bring_in(fresh_database, RegisterKind.FACILITIES, write(tmp_path, "facilities.csv", DEPOT))
    path = write(
        tmp_path,
        "vehicles.csv",
        "id,kind,depot_id,capacity_kg\n"
        "V1,compactor,D1,8000\n"
        "V2,compactor,D9,8000\n"
        "V3,rocket,D1,-5\n"
        "V1,compactor,D1,8000\n"
        "V5,compactor,D1,8000,x\n",
    )
    with pytest.raises(BadRowsError, match="4 of 5 rows are bad, so nothing was imported") as raised:
        bring_in(fresh_database, RegisterKind.VEHICLES, path)
    told = [str(bad) for bad in raised.value.bad_rows]
    assert told[0] == "line 3, depot_id: 'D9' is no facility of kind depot of the register; import it first"
    assert told[1].startswith("line 4, kind: 'rocket': input should be 'compactor'")
    assert told[2] == "line 4, capacity_kg: '-5': input should be greater than 0"
    assert told[3] == "line 5, id: 'V1' stands already on line 2"
    assert told[4] == "line 6: 1 more values than columns; quote texts that hold commas"
    with connect(fresh_database) as connection:
        assert load_vehicles(connection) == []


def test_good_rows_alone_are_stored_where_that_was_asked_for(fresh_database: str, tmp_path: Path) -> None:
    """With `--skip-bad-rows` the dirt is told and the rest stored."""
    path = write(tmp_path, "points.csv", "id,lon,lat\nP1,116.3,34.4\nP2,34.4,116.3\n")
    with connect(fresh_database) as connection:
        result = import_file(connection, RegisterKind.POINTS, path, skip_bad_rows=True)
    assert result.stored == 1
    (bad,) = result.bad_rows
    assert str(bad) == "line 3, lat: '116.3': input should be less than or equal to 90; are lon and lat swapped?"


def test_what_land_is_used_for_comes_from_a_map(fresh_database: str, tmp_path: Path) -> None:
    """Closed ways whose tags tell a use; what else is on the map is left out."""
    corners = {1: (0.0, 0.0), 2: (90.0, 0.0), 3: (90.0, 90.0)}
    ways = [
        ([1, 2, 3, 1], {"landuse": "residential", "name": "东园"}),
        ([1, 2, 3, 1], {"landuse": "pond"}),
        ([1, 2, 3], {"landuse": "retail"}),
        ([1, 2, 3, 1], {"landuse": "pond", "leisure": "park"}),
    ]
    path = write_roads(tmp_path / "map.osm.pbf", corners, ways)
    assert bring_in(fresh_database, RegisterKind.LANDUSE, path) == 2
    with connect(fresh_database) as connection:
        found = load_land_parcels(connection)
    assert [(one.parcel_id, one.use, one.name) for one in found] == [
        ("way/1", LandUse.RESIDENTIAL, "东园"),
        ("way/4", LandUse.GREEN, None),
    ]


def test_importing_again_updates_the_columns_that_the_file_has(fresh_database: str, tmp_path: Path) -> None:
    """A second file without a column leaves that column as it is."""
    first = write(tmp_path, "points.csv", "id,lon,lat,name,expected_kg\nP1,116.3,34.4,东街,100\n")
    second = write(tmp_path, "more.csv", "id,lon,lat,expected_kg\nP1,116.31,34.4,150\nP2,116.4,34.5,10\n")
    bring_in(fresh_database, RegisterKind.POINTS, first)
    bring_in(fresh_database, RegisterKind.POINTS, second)
    with connect(fresh_database) as connection:
        points = load_points(connection)
    assert [(p.point_id, p.lon, p.name, p.expected_kg) for p in points] == [
        ("P1", 116.31, "东街", 150),
        ("P2", 116.4, None, 10),
    ]


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("id,lon\nP1,116.3\n", "line 1: the column lat must be there; found id, lon"),
        ("P1;116.3;34.4\n", "the columns id, lon, lat must be there"),
    ],
)
def test_a_file_without_a_required_column_is_refused(
    fresh_database: str, tmp_path: Path, text: str, match: str
) -> None:
    """The sentence says which columns are missing and which are there."""
    with pytest.raises(UnreadableFileError, match=match):
        bring_in(fresh_database, RegisterKind.POINTS, write(tmp_path, "points.csv", text))


def test_ten_thousand_rows_are_stored(fresh_database: str, tmp_path: Path) -> None:
    """A large file goes in whole."""
    rows = "".join(f"P{number},{116 + number * 1e-5:.5f},34.4\n" for number in range(10_000))
    path = write(tmp_path, "points.csv", "id,lon,lat\n" + rows)
    assert bring_in(fresh_database, RegisterKind.POINTS, path) == 10_000
