"""What residents do without signing in: finding an open toilet, reporting dirt."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from services.api.app import create_app
from services.store.connection import connect
from tests.integration.api import seeded_town
from tests.integration.api.conftest import Api, serving, settings


@pytest.fixture
def resident(api: Api) -> httpx.Client:
    """A client that is not signed in."""
    return api.client()


@pytest.fixture
def strict_api(fresh_database: str) -> Iterator[Api]:
    """The API with room for three reports a minute."""
    with connect(fresh_database) as connection:
        seeded_town.build(connection)
    app = create_app(settings(RIQING_PUBLIC_REPORTS_PER_MIN=3), fresh_database)
    with serving(app, fresh_database) as running:
        yield running


def test_the_nearest_open_toilets(resident: httpx.Client) -> None:
    """The nearest first; neither the one under renovation nor the one whose hours are later."""
    answer = resident.get("/api/v1/public/toilets", params={"near": "116.05,40.0"})
    items = answer.json()["items"]
    assert [item["id"] for item in items] == ["T1", "T4"]
    assert items[0]["distance_m"] == 85  # a thousandth of a degree at 40 degrees north
    assert (items[0]["class"], items[0]["stalls_female"], items[0]["close_time"]) == ("二类", 3, "22:00")


def test_a_toilet_whose_device_says_shut_is_not_open(api: Api, resident: httpx.Client) -> None:
    """The newest word of the device counts over the hours."""
    insert = (
        "INSERT INTO usages (observed_at, received_at, device_key, open) "
        "SELECT %s, now(), device_key, %s FROM devices WHERE device_id = 'T1'"
    )
    with connect(api.database_url) as connection:
        connection.execute(insert, [seeded_town.NOW.replace(minute=0, second=0), False])
    try:
        items = resident.get("/api/v1/public/toilets", params={"near": "116.05,40.0"}).json()["items"]
        assert [item["id"] for item in items] == ["T4"]
    finally:
        with connect(api.database_url) as connection:
            connection.execute("DELETE FROM usages WHERE open = false")


@pytest.mark.parametrize("near", ["", "116", "40.0,116.0,1", "east,north", "181,0", "0,-91", "nan,nan", "1e1,2", "١,٢"])
def test_a_place_that_is_none_is_refused(resident: httpx.Client, near: str) -> None:
    """422 that names the parameter."""
    answer = resident.get("/api/v1/public/toilets", params={"near": near})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "query.near")


def test_a_report_becomes_a_case(resident: httpx.Client, admin: httpx.Client) -> None:
    """The resident gets a number to follow it by; the office finds the case with its zone."""
    report = {"description": "垃圾桶满了", "lon": 116.05, "lat": 40.0}
    answer = resident.post("/api/v1/public/reports", json=report)
    assert answer.status_code == 201
    number = answer.json()["case_number"]
    assert number.startswith("20261121-")
    assert resident.get(f"/api/v1/public/reports/{number}").json() == answer.json()
    case = admin.get("/api/v1/cases").json()["items"][0]
    assert (case["number"], case["source"], case["zone_id"], case["status"]) == (number, "resident", "Z1", "reported")


def test_a_report_without_place(resident: httpx.Client, admin: httpx.Client) -> None:
    """Where it is may be unknown."""
    number = resident.post("/api/v1/public/reports", json={"description": "somewhere"}).json()["case_number"]
    case = admin.get("/api/v1/cases", params={"status": "reported"}).json()["items"][0]
    assert (case["number"], case["lon"], case["zone_id"]) == (number, None, None)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"description": ""},
        {"description": "  \n "},
        {"description": "a\u0000b"},
        {"description": "x" * 2001},
        {"description": "x", "lon": 116.0},
        {"description": "x", "lon": 200.0, "lat": 0.0},
        {"description": "x", "lon": "east", "lat": 0.0},
        [],
    ],
)
def test_a_report_that_says_nothing_is_refused(resident: httpx.Client, body: Any) -> None:
    """422, and no case."""
    assert resident.post("/api/v1/public/reports", json=body).status_code == 422


def test_an_unknown_case_is_404(resident: httpx.Client) -> None:
    """Also one that could be a number; one that could not is 422."""
    assert resident.get("/api/v1/public/reports/20261121-AAAAA").status_code == 404
    assert resident.get("/api/v1/public/reports/..%00").status_code in (404, 422)


def test_a_report_is_not_a_book(resident: httpx.Client) -> None:
    """A body over the limit is 413, whether or not its length is told beforehand."""
    long = b'{"description": "' + b"x" * 30_000 + b'"}'
    headers = {"Content-Type": "application/json"}
    assert resident.post("/api/v1/public/reports", content=long, headers=headers).status_code == 413

    def in_parts() -> Iterator[bytes]:
        yield from (long[start : start + 1000] for start in range(0, len(long), 1000))

    answer = resident.post("/api/v1/public/reports", content=in_parts(), headers=headers)
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


def test_too_many_reports_wait(strict_api: Api) -> None:
    """After as many as a minute has room for, 429 with the time to wait; reading goes on."""
    client = strict_api.client()
    answers = [client.post("/api/v1/public/reports", json={"description": "again"}) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [201, 201, 201, 429]
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 20
    number = answers[0].json()["case_number"]
    assert client.get(f"/api/v1/public/reports/{number}").status_code == 200
