"""What the residents' page needs: the town, the walk to an open toilet, the photo of a report."""

from collections.abc import Callable

import httpx
import pytest

from services.domain.kinds import Role
from services.store.connection import connect
from tests.integration.api.conftest import Api

JPEG = b"\xff\xd8\xff\xe0" + bytes(200)
NEAR = {"near": "116.05,40.0"}


@pytest.fixture
def resident(api: Api) -> httpx.Client:
    """A client that is not signed in."""
    return api.client()


def test_the_town_is_known_without_a_sign_in(resident: httpx.Client) -> None:
    """Its name, where it is, and what its clock shows."""
    town = resident.get("/api/v1/public/town").json()
    assert (town["name"], town["timezone"], town["clock"]["simulated"]) == ("清河县", "Asia/Shanghai", True)
    assert len(town["bbox"]) == 4


def test_without_roads_toilets_come_as_the_crow_flies(resident: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The nearest is better than nothing; that no walk is known is told."""
    monkeypatch.setenv("RIQING_ROADS_FOOT_URL", "http://127.0.0.1:9")
    items = resident.get("/api/v1/public/walks", params=NEAR).json()["items"]
    assert [(item["id"], item["walk_m"], item["way"]) for item in items] == [("T1", None, []), ("T4", None, [])]


def test_only_toilets_with_an_accessible_stall(
    resident: httpx.Client, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The filter leaves those that a wheelchair can use."""
    monkeypatch.setenv("RIQING_ROADS_FOOT_URL", "http://127.0.0.1:9")
    with connect(api.database_url) as connection:
        connection.execute(
            "UPDATE facilities SET stalls_accessible = (facility_id = 'T4')::int WHERE kind = 'public_toilet'"
        )
    items = resident.get("/api/v1/public/walks", params={**NEAR, "accessible": True}).json()["items"]
    assert [item["id"] for item in items] == ["T4"]


def _reported(resident: httpx.Client) -> str:
    report = {"description": "垃圾桶满了", "lon": 116.05, "lat": 40.0}
    return str(resident.post("/api/v1/public/reports", json=report).json()["case_number"])


def test_a_report_has_a_photo_that_the_office_sees(
    resident: httpx.Client, api: Api, sign_in: Callable[[Role], httpx.Client]
) -> None:
    """One, which stays; residents do not get it back, and the audit log knows of it."""
    number = _reported(resident)
    path = f"/api/v1/public/reports/{number}/photo"
    assert [resident.put(path, content=JPEG).status_code for _ in range(2)] == [204, 204]
    assert resident.put(path, content=JPEG + b"2").status_code == 409
    assert resident.get(path).status_code == 405
    seen = sign_in(Role.OFFICE).get(f"/api/v1/cases/{number}/photo")
    assert (seen.content, seen.headers["content-type"]) == (JPEG, "image/jpeg")
    with connect(api.database_url) as connection:
        query = "SELECT count(*) FROM audit_log WHERE action = 'send photo' AND subject = %s"
        assert connection.execute(query, [f"case {number}"]).fetchone() == (1,)


def test_a_case_that_is_dealt_with_takes_no_photo(resident: httpx.Client, api: Api) -> None:
    """Who comes to know a number later cannot put a picture to it."""
    number = _reported(resident)
    with connect(api.database_url) as connection:
        connection.execute("UPDATE cases SET status = 'filed' WHERE case_number = %s", [number])
    assert resident.put(f"/api/v1/public/reports/{number}/photo", content=JPEG).status_code == 409


@pytest.mark.parametrize(("content", "status"), [(b"", 422), (b"GIF89a", 422), (JPEG + bytes(700_000), 413)])
def test_a_photo_is_a_small_picture(resident: httpx.Client, content: bytes, status: int) -> None:
    """Anything else is refused."""
    path = f"/api/v1/public/reports/{_reported(resident)}/photo"
    assert resident.put(path, content=content).status_code == status
