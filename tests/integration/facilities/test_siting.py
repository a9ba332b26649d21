"""Looking for sites and thinking through changes: real database, real streets and roads, command line and API."""

import csv
import json
from pathlib import Path

import httpx
import pytest
import typer
from typer.testing import CliRunner

from services.cli import coverage, importing, scenario, siting
from services.domain.errors import InvalidRequestError
from services.store.connection import connect
from tests.integration.facilities.conftest import StreetTown
from tests.road_files import place


@pytest.fixture
def command_line() -> typer.Typer:
    """The commands."""
    made = typer.Typer()
    siting.register(made)
    scenario.register(made)
    coverage.register(made)
    importing.register(made)
    return made


ASKED = {
    "toilets": {"new": 1, "renovated": 1, "radius_m": 250},
    "stations": {"new": 1, "spacing_m": 300},
    "time_limit_s": 20,
}


def test_the_command_finds_and_writes(street_town: StreetTown, command_line: typer.Typer, tmp_path: Path) -> None:
    """One new toilet, one renovated, one station: printed, as files before and after, and kept as a scenario."""
    options = ["--toilets", "1", "--renovations", "1", "--stations", "1", "--radius-m", "250"]
    result = CliRunner().invoke(command_line, ["site", *options, "--output", str(tmp_path), "--save", "first"])
    assert result.exit_code == 0, result.output
    assert "60 of 400 before (15.0%), 400 after (100.0%)" in result.output
    assert "proven best" in result.output
    with (tmp_path / "sites.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert [(row["kind"], row["what"]) for row in rows] == [
        ("public_toilet", "build"),
        ("public_toilet", "renovate"),
        ("transfer_station", "build"),
    ]
    assert rows[1]["id"] == "T2"
    gaps = {}
    for phase in ("before", "after"):
        told = json.loads((tmp_path / f"{phase}.geojson").read_text())["features"]
        gaps[phase] = sum(
            item["properties"]["feature"] == "gap" and bool(item["properties"]["demand"]) for item in told
        )
    assert gaps["before"] > gaps["after"]
    listed = CliRunner().invoke(command_line, ["scenario", "list"])
    assert "first" in listed.output
    shown = CliRunner().invoke(command_line, ["scenario", "show", "first"])
    assert "stations" in shown.output
    compared = CliRunner().invoke(command_line, ["scenario", "compare", "first", "first"])
    assert compared.output.count("toilets") == 2
    assert CliRunner().invoke(command_line, ["scenario", "delete", "first"]).exit_code == 0
    assert set(street_town.facilities()) == {"S1", "T1", "T2"}


@pytest.mark.usefixtures("street_town")
def test_candidates_of_a_file(command_line: typer.Typer, tmp_path: Path) -> None:
    """Sites come from a file; a wrong row is named by its line."""
    lon, lat = place(1000, 0)
    good = tmp_path / "good.csv"
    good.write_text(f"id,kind,lon,lat,price\nA,public_toilet,{lon},{lat},5\n", encoding="utf-8")
    options = ["--toilets", "1", "--renovations", "0", "--stations", "0", "--json"]
    result = CliRunner().invoke(command_line, ["site", *options, "--candidates", str(good)])
    found = json.loads(result.stdout)["toilets"]
    assert [(works["change"]["facility_id"], works["price_so_far"]) for works in found["works"]] == [("A", 5.0)]
    bad = tmp_path / "bad.csv"
    bad.write_text(f"id,kind,lon,lat\nA,public_toilet,{lon},{lat}\nB,depot,{lon},{lat}\n", encoding="utf-8")
    result = CliRunner().invoke(command_line, ["site", *options, "--candidates", str(bad)])
    assert isinstance(result.exception, InvalidRequestError)
    assert "line 3" in str(result.exception)


def test_the_api_finds_the_same(office: httpx.Client) -> None:
    """As JSON with gains and proof, as GeoJSON the town before and after."""
    found = office.post("/api/v1/siting", json=ASKED).raise_for_status().json()
    toilets, stations = found["toilets"], found["stations"]
    assert (toilets["before"]["served"], toilets["after"]["served"]) == (60, 400)
    assert toilets["proof"]["found"] == stations["proof"]["found"] == "optimal"
    assert (stations["before"]["over_capacity_t"], stations["after"]["over_capacity_t"]) == (2.0, 0.0)
    assert stations["works"][0]["change"]["lon"] == pytest.approx(place(1900, 0)[0], abs=0.002)
    answer = office.post("/api/v1/siting", json=ASKED, headers={"Accept": "application/geo+json"}).raise_for_status()
    assert answer.headers["content-type"] == "application/geo+json"
    phases = {(item["properties"]["phase"], item["properties"].get("change")) for item in answer.json()["features"]}
    assert {("before", None), ("after", "build"), ("after", "renovate")} <= phases
    assert ("before", "build") not in phases


def test_coverage_is_told_by_the_use_of_land(
    street_town: StreetTown, office: httpx.Client, command_line: typer.Typer, tmp_path: Path
) -> None:
    """Over the API and on the command line, from a file of land; the class of toilets beside it."""
    ring = [list(place(*corner)) for corner in ((-50, -50), (300, -50), (300, 50), (-50, 50), (-50, -50))]
    shape = {"type": "Polygon", "coordinates": [ring]}
    feature = {"type": "Feature", "properties": {"id": "B1", "landuse": "retail"}, "geometry": shape}
    file = tmp_path / "landuse.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    result = CliRunner().invoke(command_line, ["import", "landuse", str(file)])
    assert "landuse: 1 rows imported" in result.output, result.output
    told = office.get("/api/v1/coverage/toilets", params={"radius_m": 250}).raise_for_status().json()
    by_use = {one["land_use"]: (one["demand"], one["covered"], one["facilities"]) for one in told["land_uses"]}
    assert by_use == {"commercial": (30, 30, 1), None: (370, 30, 0)}
    (check,) = told["land_uses"][0]["standards"]
    assert (check["limit_id"], check["meets"]) == ("toilet_density_public_per_km2", True)
    assert [(one["toilet_class"], one["covered"]) for one in told["classes"]] == [(None, 60)]
    result = CliRunner().invoke(command_line, ["coverage", "toilets", "--radius-m", "250"])
    assert "15.0% covered: 60 of 400 residents within 250 m of 1 toilets" in result.output, result.output
    for text in ("By use of land", "commercial", "not stated"):
        assert text in result.output
    result = CliRunner().invoke(command_line, ["coverage", "toilets", "--json", "--at", "03:00", "--on", "2030-02-01"])
    assert json.loads(result.stdout)["toilets"] == 1
    result = CliRunner().invoke(command_line, ["coverage", "stations", "--failed", "S1"])
    assert "points that reach none: P1, P2" in result.output, result.output
    hauls = office.get("/api/v1/coverage/stations", params={"by_point": True}).raise_for_status().json()["hauls"]
    assert [(one["point_id"], one["facility_id"]) for one in hauls] == [("P2", "S1"), ("P1", "S1")]
    assert hauls[0]["haul_m"] > hauls[1]["haul_m"]
    result = CliRunner().invoke(command_line, ["coverage", "toilets", "--at", "3 am"])
    assert "write HH:MM" in str(result.exception)
    with connect(street_town.database_url) as connection:
        connection.execute("DELETE FROM land_parcels")
    assert office.get("/api/v1/coverage/toilets").json()["land_uses"] == []


def test_no_code_is_given_twice(office: httpx.Client) -> None:
    """What a second search suggests for the same corners has other codes than what the first one kept."""
    kept: list[str] = []
    codes = []
    for name in ("first search", "second search"):
        found = office.post("/api/v1/siting", json={**ASKED, "save_as": name}).raise_for_status().json()
        kept.append(found["scenario_id"])
        codes.append({work["change"]["facility_id"] for of in ("toilets", "stations") for work in found[of]["works"]})
    assert codes[0] & codes[1] == {"T2"}  # it is renovated by both
    compared = office.get(f"/api/v1/scenarios/{kept[0]}/compare", params={"with": kept[1]}).raise_for_status().json()
    assert (len(compared["in_both"]), [item["only_here"] for item in compared["items"]]) == (3, [[], []])
    (built, *_) = [change for change in compared["in_both"] if change["facility_kind"] == "public_toilet"]
    elsewhere = {"name": "elsewhere", "changes": [{**built, "lat": built["lat"] + 0.01}]}
    answer = office.post("/api/v1/scenarios", json=elsewhere)
    assert (answer.status_code, "an identifier of its own" in answer.json()["detail"]) == (409, True)
    for scenario_id in kept:
        office.delete(f"/api/v1/scenarios/{scenario_id}").raise_for_status()


def test_a_wrong_wish_is_refused_with_its_field(office: httpx.Client) -> None:
    """Less than nothing cannot be built."""
    wrong = office.post("/api/v1/siting", json={"toilets": {"new": -1}})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "body.toilets.new")


BUILD = {"kind": "build", "facility_id": "T9", "facility_kind": "public_toilet"}


def test_what_if_changes_nothing(street_town: StreetTown, office: httpx.Client) -> None:
    """A toilet more covers more, one less covers less, and the register is as before."""
    lon, lat = place(1000, 0)
    more = {"changes": [{**BUILD, "lon": lon, "lat": lat}], "radius_m": 250}
    told = office.post("/api/v1/scenarios/what-if", json=more).raise_for_status().json()
    assert (told["toilets"]["before"]["covered"], told["toilets"]["after"]["covered"]) == (60, 260)
    assert told["stations"] is None
    less = {"changes": [{"kind": "close", "facility_id": "T1"}]}
    told = office.post("/api/v1/scenarios/what-if", json=less).raise_for_status().json()
    assert told["toilets"]["after"]["covered"] == 0
    fewer = {"changes": [{"kind": "close", "facility_id": "S1"}]}
    told = office.post("/api/v1/scenarios/what-if", json=fewer).raise_for_status().json()
    assert (told["toilets"], told["stations"]["after"]["facilities"]) == (None, 0)
    assert set(street_town.facilities()) == {"S1", "T1", "T2"}


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"kind": "close", "facility_id": "nowhere"}, 409),
        ({**BUILD, "facility_id": "T1", "lon": 112, "lat": 28}, 409),
        (BUILD, 422),  # nowhere
        ({"kind": "paint", "facility_id": "T1"}, 422),
        ({"kind": "close", "facility_id": "T1", "colour": "red"}, 422),
    ],
)
def test_changes_that_make_no_sense(office: httpx.Client, change: dict[str, object], status: int) -> None:
    """What contradicts the register is a conflict, what is wrong in itself is refused."""
    assert office.post("/api/v1/scenarios/what-if", json={"changes": [change]}).status_code == status


def test_a_scenario_is_kept_compared_and_adopted(street_town: StreetTown, office: httpx.Client) -> None:
    """Two scenarios are kept, one is put beside the other and becomes planned facilities, once."""
    ids = []
    for name, east in (("east", 1400), ("west", 600)):
        lon, lat = place(east, 0)
        build = {**BUILD, "facility_id": f"T{name}", "lon": lon, "lat": lat, "price": 700.0, "stalls_female": 4}
        both = {"kind": "renovate", "facility_id": "T2", "stalls_accessible": 1}
        answer = office.post("/api/v1/scenarios", json={"name": name, "changes": [build, both]})
        assert answer.status_code == 201
        ids.append(answer.json()["id"])
        assert answer.headers["location"].endswith(ids[-1])
    again = office.post("/api/v1/scenarios", json={"name": "east", "changes": [both]})
    assert (again.status_code, "another name" in again.json()["detail"]) == (409, True)
    names = [item["name"] for item in office.get("/api/v1/scenarios").json()["items"]]
    assert set(names) == {"east", "west"}
    compared = office.get(f"/api/v1/scenarios/{ids[0]}/compare", params={"with": ids[1]}).raise_for_status().json()
    assert [item["only_here"][0]["facility_id"] for item in compared["items"]] == ["Teast", "Twest"]
    assert [change["facility_id"] for change in compared["in_both"]] == ["T2"]
    covered = [item["effect"]["toilets"]["after"]["covered"] for item in compared["items"]]
    assert covered == [60 + 40 + 100, 60 + 100]
    planned = office.post(f"/api/v1/scenarios/{ids[0]}/adopt").raise_for_status().json()
    assert planned == {"planned": ["Teast"]}
    assert street_town.facilities()["Teast"] == "planned"
    assert street_town.facilities()["T2"] == "under_renovation"
    assert office.post(f"/api/v1/scenarios/{ids[0]}/adopt").status_code == 409
    for scenario_id in ids:
        assert office.delete(f"/api/v1/scenarios/{scenario_id}").status_code == 204
    assert office.get(f"/api/v1/scenarios/{ids[0]}").status_code == 404
