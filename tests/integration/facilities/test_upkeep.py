"""The dated life cycle and the upkeep of facilities, over the real API and database."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer
from typer.testing import CliRunner

from services.cli.facilities import register
from services.facilities.service import toilet_coverage
from services.store.connection import connect
from services.store.facility_phases import apply_phases
from services.store.facility_tags import load_tags
from tests.integration.facilities.conftest import StreetTown
from tests.road_files import place

T1 = "/api/v1/facilities/T1/phases"


def test_coverage_is_right_on_any_day(street_town: StreetTown, office: httpx.Client) -> None:
    """A toilet that is renovated next year covers today, not then, and again afterwards."""
    assert office.get(T1).json() == {"items": []}
    for day, status in (("2090-01-01", "under_renovation"), ("2091-01-01", "in_service")):
        answer = office.put(f"{T1}/{day}", json={"status": status, "note": "二类改一类"})
        assert answer.status_code == 204, answer.text
    phases = office.get(T1).json()["items"]
    assert [(one["begins_on"], one["status"]) for one in phases] == [
        (None, "in_service"),
        ("2090-01-01", "under_renovation"),
        ("2091-01-01", "in_service"),
    ]
    covered = {}
    for day in ("2026-01-01", "2090-06-01", "2091-06-01"):
        told = office.get("/api/v1/coverage/toilets", params={"on": day, "radius_m": 250}).raise_for_status().json()
        covered[day] = (told["toilets"], told["covered"])
    assert covered == {"2026-01-01": (1, 60), "2090-06-01": (0, 0), "2091-06-01": (1, 60)}
    closed = office.get("/api/v1/coverage/closures", params={"on": "2090-06-01", "radius_m": 250}).json()
    assert {one["facility_id"]: one["demand_lost"] for one in closed} == {"T1": 60, "T2": 100}
    assert street_town.facilities()["T1"] == "in_service"


def test_a_phase_that_cannot_be_is_refused(office: httpx.Client) -> None:
    """What is in service cannot be under construction; an unknown facility, replacement or day does not exist."""
    assert office.put(f"{T1}/2089-01-01", json={"status": "under_construction"}).status_code == 409
    assert office.put("/api/v1/facilities/T77/phases/2089-01-01", json={"status": "retired"}).status_code == 404
    other = {"status": "under_renovation", "replaced_by": "T77"}
    assert office.put(f"{T1}/2090-01-01", json=other).status_code == 404
    assert office.delete(f"{T1}/2089-01-01").status_code == 404


def test_when_the_day_comes_the_register_follows(street_town: StreetTown) -> None:
    """Each status takes effect on its day and no sooner; a day that was passed over is made up for."""
    with connect(street_town.database_url) as connection:
        assert apply_phases(connection, date(2089, 12, 31)) == []
        assert apply_phases(connection, date(2090, 1, 1)) == ["T1"]
        assert toilet_coverage(connection, on=date(2090, 1, 2)).toilets == 0
        assert apply_phases(connection, date(2095, 1, 1)) == ["T1"]
        assert apply_phases(connection, date(2026, 1, 1)) == []
    assert street_town.facilities()["T1"] == "in_service"


def test_a_scenario_s_works_are_dated(street_town: StreetTown, office: httpx.Client) -> None:
    """What it builds is planned today, under construction from the first day, in service from the last."""
    build = {"kind": "build", "facility_id": "N1", "facility_kind": "public_toilet", "lon": 112.005, "lat": 28.0}
    changes = [build, {"kind": "renovate", "facility_id": "T1"}]
    kept = office.post("/api/v1/scenarios", json={"name": "dated", "changes": changes}).json()["id"]
    wrong = office.post(f"/api/v1/scenarios/{kept}/adopt", json={"done_on": "2080-01-01"})
    assert wrong.status_code == 422
    days = {"begins_on": "2080-01-01", "done_on": "2081-01-01"}
    told = office.post(f"/api/v1/scenarios/{kept}/adopt", json=days).raise_for_status().json()
    assert told == {"planned": ["N1", "T1"]}
    assert street_town.facilities()["N1"] == "planned"
    for day, toilets in (("2079-12-31", 1), ("2080-06-01", 0), ("2081-01-01", 2)):
        assert office.get("/api/v1/coverage/toilets", params={"on": day}).json()["toilets"] == toilets


@pytest.mark.usefixtures("street_town")
def test_faults_last_until_a_repair_ends_them(office: httpx.Client) -> None:
    """An inspection finds a fault, which is open until its repair; a repair of nothing is refused."""

    def note(**fields: object) -> httpx.Response:
        return office.post("/api/v1/upkeep", json={"subject_id": "T1", **fields})

    assert note(kind="inspection", condition="worn").status_code == 201
    fault = note(kind="fault", note="漏水").raise_for_status().json()["id"]
    bin_fault = note(kind="fault", subject_kind="point", subject_id="P1", note="桶盖坏").raise_for_status().json()["id"]
    listed = office.get("/api/v1/upkeep", params={"open_faults": True}).json()["items"]
    assert {item["id"] for item in listed} == {fault, bin_fault}
    assert note(kind="repair", fault_id=fault, condition="good").status_code == 201
    assert note(kind="repair", fault_id=fault).status_code == 409
    assert note(kind="repair", fault_id=bin_fault).status_code == 404
    assert note(kind="inspection", fault_id=fault).status_code == 422
    assert note(kind="fault", subject_id="T77").status_code == 404
    listed = office.get("/api/v1/upkeep", params={"subject_kind": "facility", "subject_id": "T1"}).json()["items"]
    assert [item["kind"] for item in listed] == ["repair", "fault", "inspection"]
    assert listed[1]["repaired_at"] == listed[0]["happened_at"]


def test_residents_find_the_nearest_toilet_on_foot(street_town: StreetTown) -> None:
    """By the walk and not by the crow, and only accessible ones or those for families, where that is asked."""
    client = street_town.api.client()
    tag = "INSERT INTO facility_tags (facility_id, tags) VALUES ('T2', '{\"changing_table\": \"yes\"}')"
    with connect(street_town.database_url) as connection:
        connection.execute(
            "UPDATE facilities SET status = 'in_service', stalls_accessible = 1 WHERE facility_id = 'T2'"
        )
        connection.execute("UPDATE facilities SET status = 'in_service' WHERE facility_id = 'T1'")
        connection.execute(tag)
    lon, lat = place(600, 5)

    def ask(**asked: bool) -> list[dict[str, Any]]:
        answer = client.get("/api/v1/public/toilets", params={"near": f"{lon},{lat}", **asked}).raise_for_status()
        return list(answer.json()["items"])

    assert [item["id"] for item in ask()] == ["T1", "T2"]
    assert [item["walk_m"] for item in ask()] == pytest.approx([405, 1205], abs=3)
    assert [item["id"] for item in ask(accessible=True)] == ["T2"]
    assert [item["id"] for item in ask(family=True)] == ["T2"]
    with connect(street_town.database_url) as connection:
        connection.execute("DELETE FROM facility_tags")
    assert ask(family=True) == []


def test_facilities_go_to_the_map_and_come_back(street_town: StreetTown, tmp_path: Path) -> None:
    """What is exported changes nothing when imported; a toilet that a mapper added is new, with its tags."""
    app = typer.Typer()
    register(app)
    file = tmp_path / "map.geojson"
    before = street_town.facilities()
    assert CliRunner().invoke(app, ["facilities", "export", str(file)]).exit_code == 0
    document = json.loads(file.read_text(encoding="utf-8"))
    lon, lat = place(800, 20)
    tags = {"amenity": "toilets", "changing_table": "yes", "wheelchair": "yes"}
    document["features"].append(
        {
            "type": "Feature",
            "id": "node/9",
            "geometry": {"type": "Point", "coordinates": [lon, lat]},
            "properties": tags,
        }
    )
    file.write_text(json.dumps(document), encoding="utf-8")
    for told in (f"1 new, {len(before)} known", f"0 new, {len(before) + 1} known"):
        result = CliRunner().invoke(app, ["facilities", "import", str(file)])
        assert told in result.output, result.output
    assert street_town.facilities() == before | {"osm-node-9": "in_service"}
    with connect(street_town.database_url) as connection:
        assert load_tags(connection)["osm-node-9"]["changing_table"] == "yes"
        connection.execute("DELETE FROM facilities WHERE facility_id = 'osm-node-9'")
