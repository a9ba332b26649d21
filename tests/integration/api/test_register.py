"""The register over HTTP: points, facilities, zones, contractors, the town and its clock."""

from typing import Any
from urllib.parse import quote

import httpx
import pytest

from services.store.connection import connect
from services.store.registry import FACILITIES, upsert
from tests.integration.api import seeded_town
from tests.integration.api.conftest import Api

GEO = {"Accept": "application/geo+json"}


def test_the_town_says_which_service_day_it_is(admin: httpx.Client) -> None:
    """The service day is the one of the town's clock, and the box holds all points and facilities."""
    answer = admin.get("/api/v1/town").json()
    assert answer == {
        "name": "清河县",
        "timezone": "Asia/Shanghai",
        "day_start": "04:00",
        "service_date": "2026-11-21",
        "bbox": [116.02, 40.0, 116.3, 40.0],
        "targets": {"clearance_rate": 0.98, "collection_rate": 0.98, "treatment_rate": 0.98},
    }


def test_points_carry_what_became_of_their_due_visits(admin: httpx.Client) -> None:
    """Each point has its counts of the day, and a state made of them."""
    points = {point["id"]: point for point in admin.get("/api/v1/points").json()["items"]}
    assert {name: point["day"]["state"] for name, point in points.items()} == {
        "P1": "cleared",
        "P2": "pending",
        "P3": "missed",
        "P4": "missed",
    }
    assert points["P1"]["day"] == {
        "date": "2026-11-21",
        "due": 1,
        "cleared": 1,
        "missed": 0,
        "pending": 0,
        "state": "cleared",
    }
    assert points["P1"]["windows"] == [{"start": "06:00", "end": "09:00"}]


def test_another_days_points_are_not_due(admin: httpx.Client) -> None:
    """Counts are those of the day asked for."""
    point = admin.get("/api/v1/points/P1", params={"date": "2026-11-20"}).json()
    assert (point["day"]["due"], point["day"]["state"]) == (0, "not_due")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"zone_id": "Z1"}, ["P1", "P2"]),
        ({"state": "missed"}, ["P3", "P4"]),
        ({"zone_id": "Z2", "state": "pending"}, []),
    ],
)
def test_points_are_filtered(admin: httpx.Client, query: dict[str, str], expected: list[str]) -> None:
    """Filters narrow the list, together where several are given."""
    items = admin.get("/api/v1/points", params=query).json()["items"]
    assert [item["id"] for item in items] == expected


@pytest.mark.parametrize(
    ("path", "ids"),
    [
        ("points", ["P1", "P2", "P3", "P4"]),
        ("facilities", ["D1", "S1", "T1", "T2", "T3", "T4"]),
        ("zones", ["Z1", "Z2"]),
        ("contractors", ["C1", "C2"]),
        ("vehicles", ["V1", "V2"]),
    ],
)
def test_pages_put_together_are_the_list(admin: httpx.Client, path: str, ids: list[str]) -> None:
    """Following the cursor, one row a page, gives each row once and in order, then no cursor."""
    found, cursor = [], None
    for _ in ids:
        query: dict[str, Any] = {"limit": 1} | ({} if cursor is None else {"cursor": cursor})
        page = admin.get(f"/api/v1/{path}", params=query).json()
        found += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert (found, cursor) == (ids, None)


@pytest.mark.parametrize("cursor", ["", "x", "bm90IGpzb24", "WzFd", "W251bGxd", "WyJhIiwiYiJd", "WyJcdTAwMDAiXQ"])
def test_a_made_up_cursor_is_refused(admin: httpx.Client, cursor: str) -> None:
    """What was never given as a cursor is a 422 that names the parameter, whatever it decodes to."""
    answer = admin.get("/api/v1/points", params={"cursor": cursor})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "query.cursor"


@pytest.mark.parametrize("path", ["points", "facilities", "zones", "vehicles", "cases"])
def test_places_are_geojson_where_asked_for(admin: httpx.Client, path: str) -> None:
    """With the media type in Accept a list is a FeatureCollection, longitude first."""
    answer = admin.get(f"/api/v1/{path}", headers=GEO)
    assert answer.headers["content-type"] == "application/geo+json"
    body = answer.json()
    assert body["type"] == "FeatureCollection"
    assert body["next_cursor"] is None
    for feature in body["features"]:
        assert feature["type"] == "Feature"
        assert feature["id"] == feature["properties"]["id"]
        assert "lon" not in feature["properties"]


def test_one_place_is_a_feature(admin: httpx.Client) -> None:
    """A single point answers a Feature with its position."""
    feature = admin.get("/api/v1/points/P1", headers=GEO).json()
    assert feature["geometry"] == {"type": "Point", "coordinates": [116.05, 40.0]}


def test_facilities_say_what_their_devices_said(admin: httpx.Client) -> None:
    """A station has its tonnes of the day, a toilet its persons and stalls; what is silent has nothing."""
    found = {row["id"]: row for row in admin.get("/api/v1/facilities").json()["items"]}
    assert found["S1"]["live"]["throughput_t"] == 2.0
    assert found["T1"]["live"] == {
        "observed_at": "2026-11-21T01:55:00Z",
        "throughput_t": None,
        "fill_ratio": None,
        "entries": 12,
        "occupied_stalls": 1,
        "total_stalls": 3,
        "open": True,
    }
    assert found["T2"]["live"] is None
    assert (found["T1"]["open_time"], found["T1"]["class"]) == ("06:00", "二类")


def test_facilities_are_filtered(admin: httpx.Client) -> None:
    """Kind and status narrow the list."""
    query = {"kind": "public_toilet", "status": "in_service"}
    items = admin.get("/api/v1/facilities", params=query).json()["items"]
    assert [item["id"] for item in items] == ["T1", "T3", "T4"]


@pytest.mark.parametrize("path", ["points", "facilities", "zones", "vehicles"])
@pytest.mark.parametrize("name", ["nobody", "'; DROP TABLE town; --", "%F0%9F%9A%9B", "a b"])
def test_what_is_unknown_is_404(admin: httpx.Client, path: str, name: str) -> None:
    """An unknown code is 404 as problem details that name it."""
    answer = admin.get(f"/api/v1/{path}/{name}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == 404


def test_a_code_may_have_a_slash(api: Api, admin: httpx.Client) -> None:
    """Sent as %2F it is part of the code, in whatever route; a plain one ends the code."""
    with connect(api.database_url, autocommit=True) as connection:
        fields = {"facility_id": "站/一 %2F", "kind": "public_toilet", "lon": 116.1, "lat": 40.0, "status": "planned"}
        upsert(connection, FACILITIES, [fields], update=[])
        try:
            quoted = quote("站/一 %2F", safe="")
            assert admin.get(f"/api/v1/facilities/{quoted}").json()["id"] == "站/一 %2F"
            assert admin.get(f"/api/v1/facilities/{quoted}/phases").status_code == 200
            unknown = admin.get("/api/v1/facilities/T1%2f1")
            assert (unknown.status_code, unknown.json()["instance"]) == (404, "/api/v1/facilities/T1%2F1")
            assert "'T1/1'" in unknown.json()["detail"]
            assert admin.get("/api/v1/facilities/站/一").status_code == 404
        finally:
            connection.execute("DELETE FROM facilities WHERE facility_id = %s", [fields["facility_id"]])


def test_the_clock_is_set_and_given_back(admin: httpx.Client) -> None:
    """PUT runs the clock at a speed, DELETE gives the real one back."""
    before = admin.get("/api/v1/clock").json()
    try:
        answer = admin.put("/api/v1/clock", json={"now": "2026-01-02T03:04:05+08:00", "speed": 60})
        assert answer.status_code == 200
        shown = admin.get("/api/v1/clock").json()
        assert shown["simulated"] is True
        assert shown["speed"] == 60
        assert shown["now"].startswith("2026-01-01T19:0")
        assert admin.delete("/api/v1/clock").json()["simulated"] is False
    finally:
        admin.put("/api/v1/clock", json={"now": before["now"], "speed": before["speed"]})
    assert admin.get("/api/v1/town").json()["service_date"] == str(seeded_town.DAY)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"now": "2026-01-02T03:04:05"},
        {"now": "9999-12-31T23:59:59Z"},
        {"now": "2026-01-02T03:04:05Z", "speed": 0},
        {"now": "2026-01-02T03:04:05Z", "speed": 1e9},
        {"now": "2026-01-02T03:04:05Z", "sped": 2},
        "soon",
    ],
)
def test_a_wrong_clock_is_refused(admin: httpx.Client, body: Any) -> None:
    """A time without offset, beyond our time, a speed that is none, and a misspelt field are 422."""
    answer = admin.put("/api/v1/clock", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"].startswith("body")
