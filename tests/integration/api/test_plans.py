"""Plans over HTTP: asking for one, reading it in three formats, publishing, cancelling."""

from typing import Any
from uuid import uuid4
from xml.etree import ElementTree

import httpx
import pytest

from services.domain.kinds import Role
from services.store.connection import connect
from tests.integration.api.conftest import Api

GPX = "{http://www.topografix.com/GPX/1/1}"


def test_a_plan_has_its_routes_and_what_it_leaves_out(api: Api, admin: httpx.Client) -> None:
    """Figures, stops in order with their places, and each unserved point with its reason."""
    plan = admin.get(f"/api/v1/plans/{api.plan_id}").json()
    assert (plan["id"], plan["date"], plan["status"], plan["published"]) == (
        str(api.plan_id),
        "2026-11-21",
        "ready",
        True,
    )
    assert (plan["cost"], plan["distance_m"], plan["served"]) == (800.0, 6000, 3)
    assert plan["unserved"] == [
        {"point_id": "P4", "occurrence": 1, "reason": "no_road_nearby", "detail": "The nearest road is 4 km away."}
    ]
    first = plan["routes"][0]
    assert first["vehicle_id"] == "V1"
    assert [stop["id"] for stop in first["stops"]] == ["D1", "P1", "P2", "S1", "D1"]
    assert first["stops"][1] == {
        "sequence": 2,
        "kind": "point",
        "id": "P1",
        "lon": 116.05,
        "lat": 40.0,
        "name": "点 P1",
        "arrive_at": "2026-11-21T02:10:00Z",
        "depart_at": "2026-11-21T02:12:00Z",
        "load_kg": 300.0,
        "collected_kg": 300.0,
        "occurrence": 1,
        "leg_distance_m": 1000,
        "leg_duration_s": 0,
        "demand_kg": None,
        "demand_source": None,
    }


def test_the_days_plans_mark_the_published_one(api: Api, admin: httpx.Client) -> None:
    """The list of a day tells which plan the trucks have."""
    items = admin.get("/api/v1/plans", params={"date": "2026-11-21"}).json()["items"]
    assert [item["id"] for item in items if item["published"]] == [str(api.plan_id)]
    assert admin.get("/api/v1/plans", params={"date": "2026-11-20"}).json()["items"] == []


def test_asking_for_a_plan_queues_it(admin: httpx.Client) -> None:
    """202 with a place to look; the same plan is then found there, and can be cancelled once."""
    answer = admin.post("/api/v1/plans", json={"date": "2026-11-25", "time_limit_s": 5, "vehicles": ["V1"]})
    assert answer.status_code == 202
    assert answer.json()["status"] == "queued"
    place = answer.headers["Location"]
    assert place == f"/api/v1/plans/{answer.json()['id']}"
    found = admin.get(place).json()
    assert (found["status"], found["time_limit_s"], found["routes"], found["requested_by"]) == (
        "queued",
        5,
        [],
        "admin-1",
    )
    assert admin.post(f"{place}/publish").status_code == 409
    assert admin.post(f"{place}/cancel").json()["status"] == "cancelled"
    assert admin.post(f"{place}/cancel").status_code == 409


def test_asking_for_a_plan_is_work_for_a_worker(api: Api, admin: httpx.Client) -> None:
    """The job is in the queue with the request, and the audit log says who asked."""
    plan_id = admin.post("/api/v1/plans", json={"date": "2026-11-26"}).json()["id"]
    with connect(api.database_url) as connection:
        jobs = connection.execute("SELECT args->>'plan_id' FROM procrastinate_jobs").fetchall()
        log = connection.execute("SELECT user_name, action FROM audit_log WHERE subject = %s", [f"plan {plan_id}"])
        assert log.fetchall() == [("admin-1", "ask for")]
    assert (plan_id,) in jobs


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body.date"),
        ({"date": "2026-13-01"}, "body.date"),
        ({"date": "0001-01-01"}, "body.date"),
        ({"date": "2026-11-25", "time_limit_s": 0}, "body.time_limit_s"),
        ({"date": "2026-11-25", "time_limit_s": 1e9}, "body.time_limit_s"),
        ({"date": "2026-11-25", "vehicles": []}, "body.vehicles"),
        ({"date": "2026-11-25", "vehicles": "V1"}, "body.vehicles"),
        ({"date": "2026-11-25", "points": [1]}, "body.points.0"),
        ({"date": "2026-11-25", "points": ["a\u0000b"]}, "body.points.0"),
        ({"date": "2026-11-25", "pionts": ["P1"]}, "body.pionts"),
    ],
)
def test_a_wrong_request_names_the_field(admin: httpx.Client, body: dict[str, Any], field: str) -> None:
    """What is wrong in the request is 422, with the field named."""
    answer = admin.post("/api/v1/plans", json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert [error["field"] for error in answer.json()["errors"]] == [field]


@pytest.mark.parametrize("body", [{"vehicles": ["V1", "V9"]}, {"points": ["P9"]}])
def test_unknown_vehicles_and_points_are_refused(admin: httpx.Client, body: dict[str, Any]) -> None:
    """A plan for what is not in the register is 422 and names it."""
    answer = admin.post("/api/v1/plans", json={"date": "2026-11-25", **body})
    assert answer.status_code == 422
    assert "9'" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ""), ("GET", "/events"), ("POST", "/cancel"), ("POST", "/publish"), ("GET", "/routes/V1")],
)
def test_an_unknown_plan_is_404(admin: httpx.Client, method: str, path: str) -> None:
    """Whatever is asked of a plan that is not there."""
    assert admin.request(method, f"/api/v1/plans/{uuid4()}{path}").status_code == 404


def test_a_ready_plan_is_sent_out(api: Api, admin: httpx.Client) -> None:
    """Publishing a ready plan is work for a worker: 202."""
    assert admin.post(f"/api/v1/plans/{api.plan_id}/publish").status_code == 202


def test_planning_anew_queues_a_revision(api: Api, admin: httpx.Client) -> None:
    """What has happened is kept with the request, without a body too; an unknown plan stays 404."""
    body = {"broken_vehicles": ["V1"], "urgent_points": [{"point_id": "P3", "kg": 40}], "time_limit_s": 7}
    answer = admin.post(f"/api/v1/plans/{api.plan_id}/replan", json=body)
    assert answer.status_code == 202
    assert (answer.json()["revision_of"], answer.json()["time_limit_s"]) == (str(api.plan_id), 7)
    found = admin.get(answer.headers["Location"]).json()
    assert found["circumstances"] == {
        "broken_vehicles": ["V1"],
        "excluded_vehicles": [],
        "locked_vehicles": [],
        "closed_facilities": [],
        "urgent_points": [{"point_id": "P3", "occurrence": 1, "kg": 40}],
    }
    assert admin.post(f"{answer.headers['Location']}/replan").status_code == 409
    assert admin.post(f"/api/v1/plans/{api.plan_id}/replan").status_code == 202
    assert admin.post(f"/api/v1/plans/{uuid4()}/replan", json={}).status_code == 404


def test_what_a_plan_takes_into_account_is_not_for_contractors(api: Api, sign_in: Any) -> None:
    """They see their own routes, not who else is out of order."""
    assert sign_in(Role.CONTRACTOR).get(f"/api/v1/plans/{api.plan_id}").json()["circumstances"] is None


def test_a_route_is_json_by_default(api: Api, admin: httpx.Client) -> None:
    """The route as it stands in the plan."""
    route = admin.get(f"/api/v1/plans/{api.plan_id}/routes/V1").json()
    assert route == admin.get(f"/api/v1/plans/{api.plan_id}").json()["routes"][0]


def test_a_route_is_geojson_along_the_roads(api: Api, admin: httpx.Client) -> None:
    """A line of the published geometry, then a point for each stop."""
    path = f"/api/v1/plans/{api.plan_id}/routes/V1"
    body = admin.get(path, headers={"Accept": "application/geo+json"}).json()
    line, *stops = body["features"]
    assert line["geometry"]["type"] == "LineString"
    assert line["properties"]["vehicle_id"] == "V1"
    assert len(line["geometry"]["coordinates"]) > 1
    assert [stop["properties"]["id"] for stop in stops] == ["D1", "P1", "P2", "S1", "D1"]
    assert stops[1]["geometry"]["coordinates"] == [116.05, 40.0]


def test_a_route_is_gpx_for_a_navigator(api: Api, admin: httpx.Client) -> None:
    """GPX 1.1 with the stops as a route and the way as a track, latitude and longitude by name."""
    answer = admin.get(f"/api/v1/plans/{api.plan_id}/routes/V1", headers={"Accept": "application/gpx+xml"})
    assert answer.headers["content-type"] == "application/gpx+xml"
    assert 'filename="V1-2026-11-21.gpx"' in answer.headers["content-disposition"]
    gpx = ElementTree.fromstring(answer.content)
    stops = gpx.findall(f"{GPX}rte/{GPX}rtept")
    assert [(stop.get("lat"), stop.get("lon")) for stop in stops][1] == ("40.000000", "116.050000")
    assert [stop.findtext(f"{GPX}name") for stop in stops][1] == "P1 点 P1"
    assert len(gpx.findall(f"{GPX}trk/{GPX}trkseg/{GPX}trkpt")) > 1


def test_a_route_of_an_unknown_vehicle_is_404(api: Api, admin: httpx.Client) -> None:
    """A vehicle that the plan does not use has no route."""
    assert admin.get(f"/api/v1/plans/{api.plan_id}/routes/V9").status_code == 404


def test_the_events_of_a_done_plan_end(api: Api, admin: httpx.Client) -> None:
    """The stream tells how the cost fell, then that the plan is ready, and closes."""
    with admin.stream("GET", f"/api/v1/plans/{api.plan_id}/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        text = answer.read().decode()
    assert [line for line in text.splitlines() if line.startswith("event:")] == [
        "event: progress",
        "event: progress",
        "event: status",
    ]
    assert '"cost":800.0' in text
    assert '"status":"ready"' in text


def test_the_office_may_look_but_not_plan(api: Api, sign_in: Any) -> None:
    """An office worker reads plans and is refused to make one."""
    office = sign_in(Role.OFFICE)
    assert office.get(f"/api/v1/plans/{api.plan_id}").status_code == 200
    assert office.post("/api/v1/plans", json={"date": "2026-11-25"}).status_code == 403
