"""The dated life cycle and the upkeep of facilities, over the real API and database."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer
from typer.testing import CliRunner

from services.cli import phases
from services.cli.facilities import register
from services.facilities.service import toilet_coverage
from services.registry.importing import RegisterKind, import_file
from services.store.connection import connect
from services.store.facility_phases import apply_phases
from services.store.facility_tags import load_tags
from services.store.registry import FACILITIES, load_facilities, upsert
from tests.integration.facilities.conftest import StreetTown
from tests.road_files import place

T1 = "/api/v1/facilities/T1/phases"


def test_coverage_is_right_on_any_day(street_town: StreetTown, office: httpx.Client) -> None:
    """A toilet that is renovated next year covers today, not then, and again afterwards."""
    assert office.get(T1).json() == {"items": []}
    for day, status in (("2090-01-01", "under_renovation"), ("2091-01-01", "in_service")):
        answer = office.put(f"{T1}/{day}", json={"status": status, "note": "二类改一类"})
        assert answer.status_code == 204, answer.text
    noted = office.get(T1).json()["items"]
    assert [(one["begins_on"], one["status"]) for one in noted] == [
        (None, "in_service"),
        ("2090-01-01", "under_renovation"),
        ("2091-01-01", "in_service"),
    ]
    every = office.get("/api/v1/phases").raise_for_status().json()["items"]
    assert [(one["facility_id"], one["begins_on"]) for one in every] == [
        ("T1", None),
        ("T1", "2090-01-01"),
        ("T1", "2091-01-01"),
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


def _stalls(street_town: StreetTown, facility_id: str) -> tuple[int, int, str | None]:
    with connect(street_town.database_url) as connection:
        (one,) = [one for one in load_facilities(connection) if one.facility_id == facility_id]
    return one.stalls_female, one.stalls_accessible, one.toilet_class


def test_renovated_stalls_are_there_from_the_day_on_which_the_works_end(
    street_town: StreetTown, office: httpx.Client, tmp_path: Path
) -> None:
    """Adopted, they count for coverage of that day and no sooner, and enter the register; a later file still counts."""
    renovate = {"kind": "renovate", "facility_id": "R1", "stalls_female": 3, "stalls_accessible": 1}
    with connect(street_town.database_url) as connection:
        row = {"facility_id": "R1", "kind": "public_toilet", "lon": place(1000, 0)[0], "lat": place(1000, 0)[1]}
        upsert(connection, FACILITIES, [{**row, "status": "in_service", "stalls_female": 1}], update=["status"])
    kept = office.post("/api/v1/scenarios", json={"name": "renewed", "changes": [renovate]}).json()["id"]
    office.post(f"/api/v1/scenarios/{kept}/adopt", json={"begins_on": "2080-01-01"}).raise_for_status()
    of_r1 = "/api/v1/facilities/R1/phases"
    assert office.put(f"{of_r1}/2081-01-01", json={"status": "in_service"}).status_code == 204
    assert [one["renewed"].get("stalls_female") for one in office.get(of_r1).json()["items"]] == [1, 3, 3]
    accessible = {}
    for day in ("2079-12-31", "2080-06-01", "2081-01-01"):
        asked: dict[str, Any] = {"on": day, "accessible": True, "radius_m": 50}
        accessible[day] = office.get("/api/v1/coverage/toilets", params=asked).raise_for_status().json()["toilets"]
    assert accessible == {"2079-12-31": 0, "2080-06-01": 0, "2081-01-01": 1}
    found = []
    with connect(street_town.database_url, autocommit=True) as connection:
        for today in (date(2080, 12, 31), date(2081, 1, 1)):
            apply_phases(connection, today)
            found.append(_stalls(street_town, "R1"))
        assert found == [(1, 0, None), (3, 1, None)]
        connection.execute("DELETE FROM facility_sums_to_forget")
        office.put(f"{of_r1}/2081-01-01", json={"status": "in_service", "renewed": {"stalls_female": 4}})
        assert connection.execute("SELECT * FROM facility_sums_to_forget").fetchall() == [("R1",)]
        # Today, long before the works, a file counts the stalls anew: so they were, and so they are after the round.
        file = tmp_path / "facilities.csv"
        file.write_text(f"id,kind,lon,lat,stalls_female\nR1,public_toilet,{row['lon']},{row['lat']},2\n")
        import_file(connection, RegisterKind.FACILITIES, file)
        for today, stalls in ((date(2079, 1, 1), (2, 0, None)), (date(2081, 1, 1), (4, 0, None))):
            apply_phases(connection, today)
            assert _stalls(street_town, "R1") == stalls
        connection.execute("DELETE FROM facilities WHERE facility_id = 'R1'")
        apply_phases(connection, date(2026, 1, 1))
    office.delete(f"/api/v1/scenarios/{kept}")


def test_phases_go_into_a_table_and_come_back(street_town: StreetTown, office: httpx.Client, tmp_path: Path) -> None:
    """What is exported is imported as it was; a row that does not fit is told by its line, and nothing is noted."""
    app = typer.Typer()
    phases.register(app)
    file = tmp_path / "phases.csv"
    rows = (
        "facility_id,begins_on,status,replaced_by,stalls_female\nT2,2085-01-01,in_service,,4\nT2,{day},{status},T1,9\n"
    )
    file.write_text(rows.format(day="2086-01-01", status="planned"))
    result = CliRunner().invoke(app, ["phases", "import", str(file)])
    assert "line 3, status: It cannot be planned from 2086-01-01 on" in result.output, result.output
    before = office.get("/api/v1/facilities/T2/phases").json()
    assert [one["begins_on"] for one in before["items"] if one["begins_on"]] == []
    file.write_text(rows.format(day="2086-01-01", status="under_renovation"))
    assert "2 rows imported" in CliRunner().invoke(app, ["phases", "import", str(file)]).output
    noted = office.get("/api/v1/facilities/T2/phases").json()
    assert [one["renewed"] for one in noted["items"]][1:] == [{"stalls_female": 4}, {"stalls_female": 9}]
    out = tmp_path / "out.csv"
    assert CliRunner().invoke(app, ["phases", "export", str(out)]).exit_code == 0
    assert "T2,2086-01-01,under_renovation,T1,,,,9,," in out.read_text(encoding="utf-8-sig")
    with connect(street_town.database_url) as connection:
        connection.execute("DELETE FROM facility_phases WHERE facility_id = 'T2'")
    assert CliRunner().invoke(app, ["phases", "import", str(out)]).exit_code == 0
    assert office.get("/api/v1/facilities/T2/phases").json() == noted
    with connect(street_town.database_url) as connection:
        connection.execute("DELETE FROM facility_phases WHERE facility_id = 'T2'")


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
    conditions = office.get("/api/v1/upkeep/conditions").raise_for_status().json()["items"]
    assert [(one["subject_id"], one["condition"], one["open_faults"]) for one in conditions] == [
        ("P1", None, 1),
        ("T1", "good", 0),
    ]


@pytest.mark.usefixtures("street_town")
def test_a_container_and_an_attendant_s_round_are_told(office: httpx.Client) -> None:
    """A point's first container is broken, it has no second one; a toilet has no containers; rounds are counted."""

    def note(**fields: object) -> httpx.Response:
        return office.post("/api/v1/upkeep", json=fields)

    first = {"subject_kind": "point", "subject_id": "P2", "container": 1}
    assert note(**first, kind="inspection", condition="broken").status_code == 201
    assert note(**{**first, "container": 2}, kind="fault").status_code == 404
    assert note(subject_id="T1", container=1, kind="fault").status_code == 422
    (found,) = [
        one
        for one in office.get("/api/v1/upkeep/conditions", params={"subject_kind": "point"}).json()["items"]
        if one["subject_id"] == "P2"
    ]
    assert (found["container"], found["condition"], found["open_faults"]) == (1, "broken", 0)
    for _ in range(2):
        assert note(subject_id="T1", kind="round").status_code == 201
    used = office.get("/api/v1/utilisation/toilets").raise_for_status().json()
    told = {one["facility_id"]: one["measures"]["attendant_rounds"] for one in used}
    assert (told["T1"], told["T2"]) == (2, None)


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
