"""Looking for sites and thinking through changes: real database, real streets and roads, command line and API."""

import csv
import json
from pathlib import Path

import httpx
import pytest
import typer
from typer.testing import CliRunner

from services.cli import scenario, siting
from services.domain.errors import InvalidRequestError
from tests.integration.facilities.conftest import StreetTown
from tests.road_files import place


@pytest.fixture
def command_line() -> typer.Typer:
    """The commands."""
    made = typer.Typer()
    siting.register(made)
    scenario.register(made)
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
