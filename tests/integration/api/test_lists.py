"""Lists: every one is paged, and its pages together are the list."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from services.store.alarms import raise_alarm
from services.store.cases import open_case
from services.store.connection import connect
from tests.integration.api.conftest import Api
from tests.integration.api.seeded_town import DAY, NOW

SHORT = {
    "/api/v1/facilities/{facility_id}/phases": "those of one facility",
    "/api/v1/public/toilets": "at most 50, by `limit`",
    "/api/v1/public/walks": "at most 10, by `limit`",
    "/api/v1/scenarios/{scenario_id}/compare": "two",
}
"""What has `items` and is no list that grows, and why."""


@pytest.fixture(scope="module")
def filled(api: Api) -> Api:
    """The town with several of everything that people note."""
    with connect(api.database_url) as connection:
        for number in range(3):
            raise_alarm(connection, "overflow", "point", f"P{number + 1}", NOW, {})
            open_case(connection, "resident", f"case {number}", None, None, NOW, DAY)
    admin = api.client(api.token("admin-1", "a password for tests"))
    for number in range(3):
        noted = {"subject_id": f"T{number + 1}", "kind": "fault", "happened_at": NOW.isoformat()}
        changes = [{"kind": "close", "facility_id": "T1"}]
        admin.post("/api/v1/upkeep", json=noted).raise_for_status()
        admin.post("/api/v1/scenarios", json={"name": f"s {number}", "changes": changes}).raise_for_status()
        day = f"2027-0{number + 1}-01"
        status = {"status": ("under_renovation", "in_service", "retired")[number]}
        admin.put(f"/api/v1/facilities/T1/phases/{day}", json=status).raise_for_status()
    return api


def _lists(api: Api) -> Iterator[tuple[str, bool]]:
    """Yield the path of each GET whose answer has `items`, and whether it is paged."""
    described = httpx.get(f"{api.url}/openapi.json").json()
    schemas = described["components"]["schemas"]
    for path, operations in described["paths"].items():
        content = operations.get("get", {}).get("responses", {}).get("200", {}).get("content", {})
        name = content.get("application/json", {}).get("schema", {}).get("$ref", "").rpartition("/")[2]
        fields = schemas.get(name, {}).get("properties", {})
        if "items" in fields:
            yield path, "next_cursor" in fields


def test_every_list_is_paged(api: Api) -> None:
    """But for those that cannot grow."""
    assert {path for path, is_paged in _lists(api) if not is_paged} == SHORT.keys()


def test_the_pages_of_each_list_are_the_list(filled: Api, admin: httpx.Client) -> None:
    """One row at a time gives the same rows in the same order as all at once, and ends."""
    walked: dict[str, int] = {}
    for path in (path for path, is_paged in _lists(filled) if is_paged):
        whole = admin.get(path, params={"limit": 5_000}).raise_for_status().json()
        assert whole["next_cursor"] is None
        rows: list[Any] = []
        cursor: dict[str, str] | None = {}
        while cursor is not None and len(rows) <= len(whole["items"]):
            page = admin.get(path, params={"limit": 1, **cursor}).raise_for_status().json()
            rows += page["items"]
            cursor = None if page["next_cursor"] is None else {"cursor": page["next_cursor"]}
        assert rows == whole["items"], path
        walked[path] = len(rows)
    several = {"alarms", "cases", "upkeep", "upkeep/conditions", "scenarios", "phases", "audit", "users", "devices"}
    assert all(walked[f"/api/v1/{name}"] >= 3 for name in several), walked
