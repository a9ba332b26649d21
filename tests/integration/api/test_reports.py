"""Bulletins over HTTP: which there are, and each in its forms."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import httpx
import pytest
from openpyxl import load_workbook

from services.api.routers.reports import drawing
from services.domain.kinds import Role
from tests.integration.api.seeded_town import DAY
from tests.road_servers import wait_until

SignIn = Callable[[Role], httpx.Client]


def test_the_periods_are_listed(admin: httpx.Client) -> None:
    """By day, week and month, each with its ends and whether it is over."""
    found = {
        kind: admin.get("/api/v1/reports", params={"kind": kind}).json()["items"] for kind in ("day", "week", "month")
    }
    assert found["day"] == [
        {"id": str(DAY), "kind": "day", "first": str(DAY), "last": str(DAY), "over": False},
    ]
    assert [item["id"] for item in found["week"] + found["month"]] == ["2026-W47", "2026-11"]


@pytest.mark.parametrize("period", [str(DAY), "2026-W47", "2026-11"])
def test_a_bulletin_is_json_for_who_reckons(admin: httpx.Client, period: str) -> None:
    """The same figures as the figures' own route."""
    answer = admin.get(f"/api/v1/reports/{period}", params={"format": "json"})
    told = answer.raise_for_status().json()
    (figure,) = admin.get("/api/v1/clearance").json()
    assert told["totals"]["due"] == figure["due"] == 4
    assert told["totals"]["clearance_rate"] == figure["clearance_rate"]
    assert answer.headers["content-disposition"] == f'attachment; filename="riqing-{period}.json"'


def test_a_bulletin_is_a_workbook_or_a_page(admin: httpx.Client) -> None:
    """In the language that is asked for."""
    book = admin.get(f"/api/v1/reports/{DAY}", params={"format": "xlsx"})
    assert load_workbook(BytesIO(book.content)).sheetnames[0] == "总体情况"
    page = admin.get(f"/api/v1/reports/{DAY}", params={"format": "html", "language": "en"})
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["content-disposition"] == f'inline; filename="riqing-{DAY}-en.html"'
    assert "Daily clearance bulletin" in page.text


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("/2026-11-20", {}, 404),  # nothing was due
        ("/1999-01", {}, 422),
        ("/someday", {}, 422),
        (f"/{DAY}", {"format": "docx"}, 422),
        (f"/{DAY}", {"language": "fr"}, 422),
        ("", {"kind": "year"}, 422),
    ],
)
def test_what_there_is_not_is_not_drawn_up(admin: httpx.Client, path: str, query: dict[str, str], status: int) -> None:
    """404 where nothing was due, 422 for what is wrong."""
    assert admin.get(f"/api/v1/reports{path}", params=query).status_code == status


@pytest.mark.parametrize("role", [Role.CONTRACTOR, Role.DRIVER])
def test_the_whole_town_s_bulletin_is_the_office_s(sign_in: SignIn, role: Role) -> None:
    """It compares contractors."""
    assert sign_in(role).get(f"/api/v1/reports/{DAY}").status_code == 403


def test_many_bulletins_at_once_do_not_take_all_threads(sign_in: SignIn) -> None:
    """While one is drawn up four wait; who asks beyond that is told when to come again, and others are answered."""
    office, path = sign_in(Role.OFFICE), f"/api/v1/reports/{DAY}"

    def ask(_: int) -> httpx.Response:
        return office.get(path, params={"format": "json"})

    with ThreadPoolExecutor(8) as threads:
        with drawing.taken():
            asked = [threads.submit(ask, number) for number in range(6)]
            wait_until(lambda: len([one for one in asked if one.done()]) == 2, 20)
            assert office.get("/api/v1/contractors").status_code == 200
        answers = sorted((one.result() for one in asked), key=lambda answer: answer.status_code)
    assert [answer.status_code for answer in answers] == [200] * 4 + [429] * 2
    assert answers[-1].headers["retry-after"] == "5"
