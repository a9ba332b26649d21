"""Coverage and utilisation asked of a real database and a real walking network."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from services.domain.kinds import DeviceKind, MessageKind
from services.facilities.coverage import DemandKind
from services.facilities.service import station_coverage, toilet_coverage
from services.facilities.spans import Bucket
from services.facilities.utilisation_service import station_utilisation, toilet_utilisation
from services.roads.build import build_roads
from services.roads.errors import NoRoadsError
from services.store.connection import Connection, connect
from services.store.devices import NewDevice, enrol_devices
from services.store.registry import FACILITIES, POINTS, POPULATION, upsert
from tests.integration.clearance.stored_town import TOWN, build, set_clock, store_rows
from tests.integration.clearance.test_rounds import DAY
from tests.road_files import place, write_roads
from tests.road_servers import answers, serving, wait_until
from tests.unit.clearance.drives import LAT, LON, START

SPAN = TOWN.service_day(DAY)


@pytest.fixture
def town(fresh_database: str) -> Iterator[Connection]:
    """A connection to a database with a town, a toilet in service and one planned, at the end of the day."""
    with connect(fresh_database) as connection:
        build(connection, [], [], START)
        toilets = [("T1", "in_service", 0.0), ("T2", "planned", 0.01)]
        rows = [
            {
                "facility_id": name,
                "kind": "public_toilet",
                "lon": LON + east,
                "lat": LAT,
                "status": status,
                "toilet_class": "2",
                "stalls_male": 2,
                "stalls_female": 2,
            }
            for name, status, east in toilets
        ]
        upsert(connection, FACILITIES, rows, update=["status"])
        enrol_devices(connection, [NewDevice(DeviceKind.TOILET, "T1", "T1")], START)
        set_clock(connection, SPAN.end)
        yield connection


def test_a_toilet_s_day_comes_from_its_messages(town: Connection) -> None:
    """What a counter sent is in the day's measures; a toilet without a device is silent."""
    messages = [
        {"observed_at": SPAN.start + timedelta(minutes=10 * number), "entries": 2, "occupied_stalls": 1, "open": True}
        for number in range(144)
    ]
    store_rows(town, MessageKind.USAGE, DeviceKind.TOILET, "T1", messages)
    heard, silent = toilet_utilisation(town, SPAN.start, SPAN.end)
    assert (heard.facility_id, heard.measures["uses"], heard.measures["occupancy_ratio"]) == ("T1", 288, 0.25)
    assert heard.measures["odour_hours_over_limit"] is None
    assert (silent.measures["counter"], silent.observed_ratio) == ("silent", 0.0)


def test_the_sides_of_a_toilet_have_devices_of_their_own(town: Connection) -> None:
    """Two devices of one toilet are told apart by their ids."""
    devices = [NewDevice(DeviceKind.TOILET, f"T1-{side}", "T1") for side in ("women", "men")]
    enrol_devices(town, devices, START)
    for side, taken in (("women", 2), ("men", 1)):
        messages = [
            {"observed_at": SPAN.start + timedelta(minutes=10 * number), "entries": 1, "occupied_stalls": taken}
            for number in range(144)
        ]
        store_rows(town, MessageKind.USAGE, DeviceKind.TOILET, f"T1-{side}", messages)
    measures = toilet_utilisation(town, SPAN.start, SPAN.end)[0].measures
    assert (measures["women_occupancy_ratio"], measures["men_occupancy_ratio"]) == (1.0, 0.5)
    assert (measures["uses"], measures["occupancy_ratio"]) == (288, 0.75)


def test_a_station_s_day_comes_from_its_weighbridge(town: Connection) -> None:
    """Weighings of the day are in its measures, those of the next day are not."""
    weighings = [
        {"observed_at": SPAN.start + timedelta(hours=hour), "vehicle_id": "V1", "net_kg": 2500.0, "direction": "in"}
        for hour in (2, 3, 25)
    ]
    store_rows(town, MessageKind.WEIGHING, DeviceKind.STATION, "S1", weighings)
    by_name = {row.facility_id: row for row in station_utilisation(town, SPAN.start, SPAN.end)}
    assert by_name["S1"].measures["throughput_t"] == 5.0
    assert by_name["L1"].measures["throughput_t"] is None
    hours = station_utilisation(town, SPAN.start, SPAN.end, Bucket.HOUR)
    assert sum(float(row.measures["throughput_t"] or 0) for row in hours) == 5.0


@pytest.fixture(scope="module")
def roads_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The datasets of a town that is one street of a kilometre."""
    folder = tmp_path_factory.mktemp("one street")
    nodes = {number: (100.0 * number, 0.0) for number in range(11)}
    pbf = write_roads(folder / "roads.osm.pbf", nodes, [([*nodes], {"highway": "residential"})])
    build_roads(pbf, folder / "roads")
    return folder / "roads"


def test_coverage_of_toilets_follows_the_streets_and_the_residents(
    town: Connection, roads_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Residents 200 m along the street from the toilet are covered, those 500 m away are not."""
    monkeypatch.setenv("RIQING_ROADS_DIR", str(roads_dir))
    town.execute("UPDATE facilities SET lon = %s, lat = %s WHERE facility_id = 'T1'", place(100, 10))
    town.execute("DELETE FROM zones")
    by_street = toilet_coverage(town)
    assert by_street.demand_kind is DemandKind.STREET_LENGTH_M
    assert by_street.demand == pytest.approx(1000, rel=0.01)
    assert by_street.covered == pytest.approx(100 + 290, abs=30)
    cells = [
        dict(zip(("lon", "lat"), place(east_m, 5), strict=True)) | {"residents": number}
        for east_m, number in ((300, 40.0), (600, 60.0))
    ]
    upsert(town, POPULATION, cells, update=["residents"])
    found = toilet_coverage(town)
    assert (found.demand_kind, found.radius_m, found.demand, found.covered) == (DemandKind.RESIDENTS, 300, 100, 40)
    assert found.standards[0].clause == "service radius in towns"
    assert [gap.demand for gap in found.gaps] == [60]
    assert found.gaps[0].distance_m == pytest.approx(500 + 15, abs=10)


def test_coverage_of_stations_is_by_the_roads_of_trucks(
    town: Connection, roads_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Points along the street haul along it; one that no road leads to is a gap without a distance."""
    town.execute("UPDATE facilities SET lon = %s, lat = %s WHERE facility_id = 'S1'", place(0, 5))
    points = [
        {
            "point_id": name,
            "lon": place(east_m, north_m)[0],
            "lat": place(east_m, north_m)[1],
            "container_type": "bin",
            "containers": 1,
            "expected_kg": 100.0,
            "visits_per_day": 1.0,
            "windows": (),
            "service_s": 60,
            "priority": 1,
        }
        for name, east_m, north_m in (("near", 300, 5), ("far", 900, 5), ("sea", 500, 5000))
    ]
    upsert(town, POINTS, points, update=["lon"])
    with serving(roads_dir) as served:
        wait_until(lambda: answers(served.url))
        monkeypatch.setenv("RIQING_ROADS_TRUCK_URL", served.url)
        found = station_coverage(town, radius_m=500)
    assert (found.points, found.covered_points, found.covered_kg) == (3, 1, 100)
    assert found.mean_haul_m == pytest.approx(600, abs=20)
    assert [(gap.point_id, gap.distance_m is None) for gap in found.gaps] == [("sea", True), ("far", False)]


def test_coverage_without_roads_says_so(town: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before any road file was imported the sentence names the command."""
    monkeypatch.setenv("RIQING_ROADS_DIR", str(tmp_path))
    with pytest.raises(NoRoadsError, match="riqing import roads"):
        toilet_coverage(town)
