"""Planned against actual over HTTP: the day's routes in figures, one stop by stop, and on the map."""

from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest

from services.domain.kinds import DueVisitStatus, Role
from services.store.connection import connect
from tests.integration.api.conftest import Api
from tests.integration.api.seeded_town import DAY, NOW, decide

SignIn = Callable[[Role], httpx.Client]


def test_a_half_done_day_in_figures(admin: httpx.Client) -> None:
    """V1 made P1 forty minutes before its time and P2 is to come; V2 left P3 out; one tipping was weighed."""
    first, second = admin.get("/api/v1/adherence").json()
    assert (first["vehicle_id"], first["stops"], first["done"], first["pending"]) == ("V1", 2, 1, 1)
    assert first["mean_deviation_min"] == first["largest_deviation_min"] == -40.0
    assert (first["unloadings_planned"], first["unloadings_made"], first["unloaded_kg"]) == (1, 1, 2000.0)
    assert (first["planned_distance_m"], first["driven_distance_m"]) == (4000, None)
    assert first["first_moved_at"] == (NOW - timedelta(minutes=10)).isoformat().replace("+00:00", "Z")
    assert (second["vehicle_id"], second["stops"], second["skipped"], second["done"]) == ("V2", 1, 1, 0)


def test_a_route_stop_by_stop(admin: httpx.Client) -> None:
    """Each stop has its plan and its visit side by side; so has each unloading."""
    answer = admin.get("/api/v1/adherence/V1", params={"date": str(DAY)}).json()
    made, waits = answer["compared_stops"]
    assert (made["point_id"], made["state"], made["deviation_min"], made["collected_kg"]) == ("P1", "done", -40.0, 290)
    assert (waits["point_id"], waits["state"], waits["ended_at"]) == ("P2", "pending", None)
    (unloading,) = answer["unloadings"]
    assert (unloading["planned_facility_id"], unloading["facility_id"], unloading["elsewhere"]) == ("S1", "S1", False)
    assert answer["extra_visits"] == []


def test_the_map_has_both_ways_and_the_stops(admin: httpx.Client) -> None:
    """As GeoJSON: the planned way, the driven one with the figures, and each stop where it is."""
    answer = admin.get("/api/v1/adherence/V1", headers={"Accept": "application/geo+json"})
    assert answer.headers["content-type"] == "application/geo+json"
    features = answer.json()["features"]
    assert [feature["properties"]["role"] for feature in features] == ["planned", "driven", "stop", "stop"]
    assert features[0]["geometry"]["type"] == "LineString"
    assert features[1]["geometry"]["type"] == "MultiLineString"
    assert features[1]["properties"]["stops"] == 2
    assert features[2]["geometry"]["coordinates"] == [116.05, 40.0]


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("/V9", {}, 404),
        ("/V1", {"plan_id": "00000000-0000-4000-8000-000000000000"}, 404),
        ("", {"plan_id": "none"}, 422),
        ("", {"date": "today"}, 422),
    ],
)
def test_what_there_is_not_is_not_compared(admin: httpx.Client, path: str, query: dict[str, str], status: int) -> None:
    """404 for what is not known, 422 for what is wrong."""
    assert admin.get(f"/api/v1/adherence{path}", params=query).status_code == status


def test_a_vehicle_that_did_nothing_has_an_empty_day(admin: httpx.Client) -> None:
    """It is known, and nothing was planned for it nor done by it."""
    answer = admin.get("/api/v1/adherence/V1", params={"date": "2026-11-20"}).json()
    assert (answer["plan_id"], answer["stops"], answer["compared_stops"], answer["unloadings"]) == (None, 0, [], [])


def test_a_plan_of_another_day_is_not_held_against_this_one(api: Api, admin: httpx.Client) -> None:
    """A plan is asked for by its id, and its day with it."""
    assert len(admin.get("/api/v1/adherence", params={"plan_id": str(api.plan_id)}).json()) == 2
    query = {"plan_id": str(api.plan_id), "date": "2026-11-20"}
    assert admin.get("/api/v1/adherence", params=query).status_code == 404


def test_a_contractor_sees_its_own_vehicles_only(api: Api, sign_in: SignIn) -> None:
    """Another's vehicle is not in the list, is 404, and is not named where it made a stop of ours."""
    contractor = sign_in(Role.CONTRACTOR)
    with connect(api.database_url) as connection:
        decide(connection, "P2", DueVisitStatus.CLEARED, "V2", cleared_at=NOW)
    assert [row["vehicle_id"] for row in contractor.get("/api/v1/adherence").json()] == ["V1"]
    assert contractor.get("/api/v1/adherence/V2").status_code == 404
    seen = [
        client.get("/api/v1/adherence/V1").json()["compared_stops"][1] for client in (contractor, sign_in(Role.OFFICE))
    ]
    assert [stop["state"] for stop in seen] == ["done_by_another"] * 2
    assert [stop["done_by_vehicle_id"] for stop in seen] == [None, "V2"]
