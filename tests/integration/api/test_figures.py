"""The figures over HTTP: clearance and the due visits behind it."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from services.domain.kinds import Role


def test_the_towns_clearance_is_a_bare_list(admin: httpx.Client) -> None:
    """One row for the town, with the counts beside the rate."""
    rows = admin.get("/api/v1/clearance").json()
    assert len(rows) == 1
    row = rows[0]
    assert (row["key"], row["date"]) == ("清河县", "2026-11-21")
    assert (row["due"], row["cleared"], row["pending"], row["missed"]) == (4, 1, 1, 2)
    assert row["clearance_rate"] == 0.25
    assert row["expected_kg"] == 1200.0
    assert row["treatment_rate"] is None


@pytest.mark.parametrize(
    ("group_by", "expected"),
    [
        ("zone", {"Z1": (2, 1), "Z2": (1, 0), "unassigned": (1, 0)}),
        ("contractor", {"C1": (2, 1), "C2": (1, 0), "unassigned": (1, 0)}),
        ("vehicle", {"V1": (1, 1), "V2": (1, 0), "unassigned": (2, 0)}),
    ],
)
def test_clearance_by_group(admin: httpx.Client, group_by: str, expected: dict[str, tuple[int, int]]) -> None:
    """The counts of each group: due and cleared."""
    rows = admin.get("/api/v1/clearance", params={"group_by": group_by}).json()
    assert {row["key"]: (row["due"], row["cleared"]) for row in rows} == expected


def test_a_series_has_a_row_for_each_day(admin: httpx.Client) -> None:
    """Days on which nothing was due have no row; the ends are both included."""
    rows = admin.get("/api/v1/clearance", params={"start": "2026-11-20", "end": "2026-11-21"}).json()
    assert [row["date"] for row in rows] == ["2026-11-21"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"group_by": "street"}, "query.group_by"),
        ({"date": "today"}, "query.date"),
        ({"start": "2026-11-20"}, "query.end"),
        ({"end": "2026-11-20"}, "query.start"),
        ({"start": "2026-11-21", "end": "2026-11-20"}, "query.start"),
        ({"start": "2001-11-21", "end": "2026-11-20"}, "query.end"),
    ],
)
def test_a_wrong_series_is_refused(admin: httpx.Client, query: dict[str, str], field: str) -> None:
    """422 with the parameter named."""
    answer = admin.get("/api/v1/clearance", params=query)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


def test_each_due_visit_says_what_became_of_it(admin: httpx.Client) -> None:
    """Status, when and by whom it was cleared with the evidence, or why it was not."""
    items = admin.get("/api/v1/clearance/visits").json()["items"]
    visits = {item["point_id"]: item for item in items}
    cleared = visits["P1"]
    assert (cleared["status"], cleared["cleared_at"], cleared["vehicle_id"]) == (
        "cleared",
        "2026-11-21T01:32:00Z",
        "V1",
    )
    assert cleared["evidence"] == [
        {
            "kind": "service_event",
            "start": "2026-11-21T01:30:00Z",
            "end": "2026-11-21T01:32:00Z",
            "detail": {"source": "rfid"},
        }
    ]
    assert (visits["P2"]["status"], visits["P2"]["evidence"]) == ("pending", [])
    assert (visits["P3"]["reason"], visits["P4"]["reason"]) == ("planned_but_not_visited", "not_planned")


@pytest.mark.parametrize(
    ("query", "points"),
    [
        ({"status": "missed"}, ["P3", "P4"]),
        ({"zone_id": "Z1"}, ["P1", "P2"]),
        ({"vehicle_id": "V2"}, ["P3"]),
        ({"point_id": "P1"}, ["P1"]),
        ({"date": "2026-11-20"}, []),
        ({"limit": 2}, ["P1", "P2"]),
    ],
)
def test_due_visits_are_filtered(admin: httpx.Client, query: dict[str, Any], points: list[str]) -> None:
    """Filters narrow the list."""
    items = admin.get("/api/v1/clearance/visits", params=query).json()["items"]
    assert [item["point_id"] for item in items] == points


def test_due_visits_are_paged(admin: httpx.Client) -> None:
    """The cursor goes on after the last one."""
    page = admin.get("/api/v1/clearance/visits", params={"limit": 3}).json()
    rest = admin.get("/api/v1/clearance/visits", params={"limit": 3, "cursor": page["next_cursor"]}).json()
    assert [item["point_id"] for item in rest["items"]] == ["P4"]
    assert rest["next_cursor"] is None


@pytest.mark.parametrize("path", ["stations", "toilets"])
@pytest.mark.parametrize(
    "query",
    [{"bucket": "fortnight"}, {"start": "2026-11-21T00:00:00Z", "end": "2026-11-20T00:00:00Z"}, {"start": "now"}],
)
def test_a_wrong_span_of_utilisation_is_refused(admin: httpx.Client, path: str, query: dict[str, str]) -> None:
    """422 for a bucket that is none, and ends in the wrong order."""
    assert admin.get(f"/api/v1/utilisation/{path}", params=query).status_code == 422


@pytest.mark.parametrize("path", ["alarms", "cases", "assessments"])
def test_empty_lists_are_pages(admin: httpx.Client, path: str) -> None:
    """Where there is nothing, an empty page."""
    assert admin.get(f"/api/v1/{path}").json() == {"items": [], "next_cursor": None}


def test_a_day_that_has_not_begun_is_pending(admin: httpx.Client, sign_in: Callable[[Role], httpx.Client]) -> None:
    """What will be due by the register, with counts in each figure; nobody has planned it yet; paged as other days."""
    tomorrow = {"date": "2026-11-22"}
    [town] = admin.get("/api/v1/clearance", params=tomorrow).json()
    assert (town["key"], town["due"], town["pending"], town["cleared"], town["expected_kg"]) == (
        "清河县",
        4,
        4,
        0,
        1200,
    )
    assert (town["clearance_rate"], town["not_cleared_by_reason"]) == (0.0, {"not_planned": 4})
    for group_by, expected in (
        ("zone", {"Z1": 2, "Z2": 1, "unassigned": 1}),
        ("contractor", {"C1": 2, "C2": 1, "unassigned": 1}),
        ("vehicle", {"unassigned": 4}),
        ("hour", {"08:00": 4}),
    ):
        rows = admin.get("/api/v1/clearance", params=tomorrow | {"group_by": group_by}).json()
        assert {row["key"]: row["pending"] for row in rows} == expected
    first = admin.get("/api/v1/clearance/visits", params=tomorrow | {"limit": 3}).json()
    rest = admin.get("/api/v1/clearance/visits", params=tomorrow | {"cursor": first["next_cursor"]}).json()
    items = first["items"] + rest["items"]
    assert [(item["point_id"], item["status"], item["reason"]) for item in items] == [
        (point_id, "pending", "not_planned") for point_id in ("P1", "P2", "P3", "P4")
    ]
    assert admin.get("/api/v1/clearance/visits", params=tomorrow | {"status": "missed"}).json()["items"] == []
    points = admin.get("/api/v1/points", params=tomorrow | {"state": "pending"}).json()["items"]
    assert [point["id"] for point in points] == ["P1", "P2", "P3", "P4"]
    proof = admin.get("/api/v1/clearance/visits/2026-11-22/P3/1").json()
    assert (proof["due"]["status"], proof["changes"], proof["fixes"]) == ("pending", [], [])
    contractors = sign_in(Role.CONTRACTOR).get("/api/v1/clearance/visits", params=tomorrow).json()["items"]
    assert [item["point_id"] for item in contractors] == ["P1", "P2"]
    assert admin.get("/api/v1/clearance", params={"date": "2026-11-20"}).json() == []  # before anything was decided
    series = admin.get("/api/v1/clearance", params={"start": "2026-11-21", "end": "2026-11-22"}).json()
    assert [day["date"] for day in series] == ["2026-11-21"]
