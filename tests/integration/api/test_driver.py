"""What a driver does with a phone: the route, reports that are stored once, and their photos."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.api.app import create_app
from services.clearance.rounds import Rounds
from services.domain.kinds import Role
from services.store.connection import Connection, connect
from tests.integration.api import seeded_town
from tests.integration.api.conftest import Api, serving, settings

SignIn = Callable[[Role], httpx.Client]
PRESSED_AT = "2026-11-21T01:58:00Z"
JPEG = b"\xff\xd8\xff\xe0" + bytes(200)


@pytest.fixture
def driver(sign_in: SignIn) -> httpx.Client:
    """The driver of V1."""
    return sign_in(Role.DRIVER)


@pytest.fixture
def own_api(fresh_database: str) -> Iterator[Api]:
    """The API over a town in which clearance may decide anew."""
    with connect(fresh_database) as connection:
        seeded_town.build(connection)
    with serving(create_app(settings(), fresh_database), fresh_database) as running:
        yield running


def pressed(**changed: Any) -> dict[str, Any]:
    """Return a report of P2 by the driver of V1, two minutes ago."""
    usual = {"report_id": str(uuid4()), "vehicle_id": "V1", "point_id": "P2", "occurrence": 1, "outcome": "served"}
    return {**usual, "observed_at": PRESSED_AT, **changed}


def _count(connection: Connection, report_id: str) -> int:
    row = connection.execute(
        "SELECT count(*) FROM service_events JOIN driver_reports ON seq = report_number WHERE report_id = %s",
        [report_id],
    ).fetchone()
    assert row is not None
    return int(row[0])


def test_a_driver_sees_the_route_of_the_own_vehicle(driver: httpx.Client) -> None:
    """Its stops in their order, with place, containers, window and what became of each."""
    route = driver.get("/api/v1/driver/route").json()
    assert (route["vehicle_id"], route["plate"], route["revision"]) == ("V1", "京AV1", 1)
    assert [stop["id"] for stop in route["stops"]] == ["D1", "P1", "P2", "S1", "D1"]
    first = route["stops"][1]
    assert (first["lon"], first["status"], first["cleared_by"]) == (116.05, "cleared", "V1")
    assert first["due_to"] == "2026-11-21T04:00:00Z"


def test_another_vehicle_does_not_exist_for_a_driver(driver: httpx.Client, admin: httpx.Client) -> None:
    """404 for what a dispatcher sees; nobody's sign-in has a vehicle by itself."""
    assert driver.get("/api/v1/driver/route", params={"vehicle_id": "V2"}).status_code == 404
    assert driver.post("/api/v1/driver/reports", json=pressed(vehicle_id="V2")).status_code == 404
    assert admin.get("/api/v1/driver/route", params={"vehicle_id": "V2"}).json()["stops"][1]["id"] == "P3"
    assert admin.get("/api/v1/driver/route").status_code == 422


def test_a_day_without_a_plan_has_no_stops(driver: httpx.Client) -> None:
    """An answer that says so, not an error: the phone shows that nothing is published."""
    route = driver.get("/api/v1/driver/route", params={"date": "2026-11-20"}).json()
    assert (route["plan_id"], route["stops"]) == (None, [])


def test_a_report_sent_many_times_is_one_reading(driver: httpx.Client, api: Api) -> None:
    """Also when the phone sends it again before the first answer has come."""
    report = pressed(outcome="skipped", reason="nothing_there", note="围挡施工")
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: driver.post("/api/v1/driver/reports", json=report), range(6)))
    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [201]
    assert len({answer.text for answer in answers}) == 1
    with connect(api.database_url) as connection:
        assert _count(connection, report["report_id"]) == 1
        audited = (
            "SELECT count(*) FROM audit_log WHERE user_name = 'driver-1' AND detail ->> 'reason' = 'nothing_there'"
        )
        assert connection.execute(audited).fetchone() == (1,)
    stop = driver.get("/api/v1/driver/route").json()["stops"][2]
    assert (stop["report_outcome"], stop["report_reason"]) == ("skipped", "nothing_there")


def test_one_number_is_one_report(driver: httpx.Client) -> None:
    """Another report under the same number is a conflict, and changes nothing."""
    report = pressed()
    assert driver.post("/api/v1/driver/reports", json=report).status_code == 201
    assert driver.post("/api/v1/driver/reports", json={**report, "point_id": "P1"}).status_code == 409


@pytest.mark.parametrize(
    "changed",
    [
        {"observed_at": "2026-11-21T02:06:00Z"},  # the town's clock shows 02:00
        {"observed_at": "2025-01-01T00:00:00Z"},  # older than readings are kept
        {"observed_at": "2026-11-21T01:58:00"},
        {"point_id": "no-such"},
        {"outcome": "skipped"},  # without a reason
        {"outcome": "eaten"},
        {"lon": 116.0},
        {"note": "x" * 501},
        {"report_id": "7"},
    ],
)
def test_a_report_that_cannot_be_is_refused(driver: httpx.Client, changed: dict[str, Any]) -> None:
    """422, so that the phone does not send it for ever."""
    assert driver.post("/api/v1/driver/reports", json=pressed(**changed)).status_code == 422


def test_a_press_is_evidence_once_beside_the_trucks_own(own_api: Api) -> None:
    """The device's tag and the driver's press at one stop are one visit, with its refuse counted once."""
    driver = own_api.as_role(Role.DRIVER)
    at = "2026-11-21T00:50:00Z"  # within the point's window
    with connect(own_api.database_url) as connection:
        connection.execute(
            "INSERT INTO service_events (observed_at, received_at, device_key, point_id, outcome, source, collected_kg)"
            " SELECT %s, now(), device_key, 'P2', 'served', 'rfid', 280 FROM devices WHERE device_id = 'V1'",
            [at],
        )
    assert driver.post("/api/v1/driver/reports", json=pressed(observed_at=at)).status_code == 201
    assert _visits_of(own_api, "P2") == [("V1", 280.0)]
    assert driver.get("/api/v1/driver/route").json()["stops"][2]["status"] == "cleared"


def _visits_of(api: Api, point_id: str) -> list[tuple[str, float | None]]:
    """Let clearance decide what is stored and return the visits of a point: vehicle and kg."""
    with connect(api.database_url) as connection:
        Rounds().run(connection)
    with connect(api.database_url) as connection:
        rows = connection.execute("SELECT vehicle_id, collected_kg FROM visits WHERE point_id = %s", [point_id])
        return [(row[0], row[1]) for row in rows]


def test_a_press_alone_is_evidence(own_api: Api) -> None:
    """A truck without any device of its own is followed by its driver's presses, and no alarm misses the phone."""
    with connect(own_api.database_url) as connection:
        connection.execute("DELETE FROM devices WHERE device_id = 'V2'")
    report = pressed(vehicle_id="V2", point_id="P3", observed_at="2026-11-21T00:30:00Z")
    assert own_api.as_role(Role.DISPATCHER).post("/api/v1/driver/reports", json=report).status_code == 201
    assert _visits_of(own_api, "P3") == [("V2", None)]
    with connect(own_api.database_url) as connection:
        silent = "SELECT asset_id FROM devices WHERE kind = 'vehicle' AND asset_id = 'V2' AND revoked_at IS NULL"
        assert connection.execute(silent).fetchall() == []


def test_a_photo_is_sent_and_seen_by_the_office(driver: httpx.Client, sign_in: SignIn) -> None:
    """One a report; the same one may come again, another one is a conflict."""
    report = pressed(outcome="blocked", reason="road_blocked")
    driver.post("/api/v1/driver/reports", json=report)
    path = f"/api/v1/driver/reports/{report['report_id']}/photo"
    assert driver.get(path).status_code == 404
    assert [driver.put(path, content=JPEG).status_code for _ in range(2)] == [204, 204]
    assert driver.put(path, content=JPEG + b"another").status_code == 409
    seen = sign_in(Role.OFFICE).get(path)
    assert (seen.content, seen.headers["content-type"]) == (JPEG, "image/jpeg")
    assert "sandbox" in seen.headers["content-security-policy"]
    items = sign_in(Role.OFFICE).get("/api/v1/driver/reports", params={"point_id": "P2"}).json()["items"]
    assert [item["has_photo"] for item in items if item["report_id"] == report["report_id"]] == [True]


def test_a_photo_is_a_picture_of_a_bounded_size(driver: httpx.Client) -> None:
    """What is none is 422 whatever its header says; a large one is 413."""
    report = pressed()
    driver.post("/api/v1/driver/reports", json=report)
    path = f"/api/v1/driver/reports/{report['report_id']}/photo"
    page = driver.put(path, content=b"<script>alert(1)</script>", headers={"Content-Type": "image/jpeg"})
    assert page.status_code == 422
    assert driver.put(path, content=JPEG + bytes(1_600_000)).status_code == 413


def test_a_contractor_sees_its_own_drivers_reports(sign_in: SignIn, driver: httpx.Client) -> None:
    """C1 has V1 and P1, P2; what V2 reports does not exist for it."""
    driver.post("/api/v1/driver/reports", json=pressed())
    sign_in(Role.DISPATCHER).post("/api/v1/driver/reports", json=pressed(vehicle_id="V2", point_id="P3"))
    items = sign_in(Role.CONTRACTOR).get("/api/v1/driver/reports").json()["items"]
    assert {item["vehicle_id"] for item in items} == {"V1"}
