"""Requests that are wrong in themselves: refused with the field and what would be right, never as a fault of ours."""

import base64
import json
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.integration.api.seeded_town import DAY, NOW

NUL = "a\x00b"
CORRECTION = f"clearance/visits/{DAY}/P2/1/correction"
REPORT = {"report_id": "0" * 32, "vehicle_id": "V1", "point_id": "P1", "outcome": "served"}
AHEAD = (NOW + timedelta(hours=1)).isoformat()
LATER, EARLIER = "2026-11-21T02:00:00Z", "2026-11-21T01:00:00Z"


def cursor_of(*key: object) -> str:
    """Return the cursor of a row with this key, which no list needs to have."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    ("path", "query", "field"),
    [
        ("alarms", {"cursor": cursor_of(10**30)}, "query.cursor"),
        ("cases", {"cursor": cursor_of(-1)}, "query.cursor"),
        ("audit", {"cursor": cursor_of(2**63)}, "query.cursor"),
        ("driver/reports", {"cursor": cursor_of(10**30)}, "query.cursor"),
        ("clearance/visits", {"cursor": cursor_of("P1", 10**30)}, "query.cursor"),
        ("plans", {"cursor": cursor_of("0" * 32)}, "query.cursor"),  # of no plan of the day
        ("reports", {"cursor": cursor_of("2026-11-01")}, "query.cursor"),
        ("cases", {"status": "lost"}, "query.status"),
        ("audit", {"start": LATER, "end": EARLIER}, "query.start"),
        ("assessments", {"start": "2026-11-02", "end": "2026-11-01"}, "query.start"),
        ("clearance", {"start": "2026-11-02", "end": "2026-11-01"}, "query.start"),
        ("clearance", {"start": "2026-11-02"}, "query.end"),
        ("clearance", {"start": "2001-11-02", "end": "2026-11-01"}, "query.end"),
        ("vehicles/V1/track", {"start": LATER, "end": EARLIER}, "query.start"),
        ("vehicles/V1/track", {"start": "2026-11-01T00:00:00Z"}, "query.end"),
        ("utilisation/toilets", {"start": LATER, "end": EARLIER}, "query.start"),
        ("utilisation/vehicles", {"start": "2001-11-02T00:00:00Z"}, "query.end"),
        ("driver/route", {}, "query.vehicle_id"),
        ("reports/1999-12-31", {}, "path.period"),
        ("public/toilets", {"near": "40"}, "query.near"),
    ],
)
def test_what_is_wrong_in_an_address_is_named(
    admin: httpx.Client, path: str, query: dict[str, str], field: str
) -> None:
    """Cursors of other lists, spans that end before they start, words that there are not."""
    _is_named(admin.get(f"/api/v1/{path}", params=query), field)


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("POST", "upkeep", {"subject_id": "T1", "kind": "inspection", "note": NUL}, "body.note"),
        ("POST", "upkeep", {"subject_id": "T1", "kind": "inspection", "happened_at": AHEAD}, "body.happened_at"),
        ("PUT", "facilities/T1/phases/2026-12-01", {"status": "retired", "note": NUL}, "body.note"),
        (
            "PUT",
            "facilities/T1/phases/2026-12-01",
            {"status": "under_renovation", "renewed": {"name": NUL}},
            "body.renewed.name",
        ),
        (
            "POST",
            "scenarios",
            {"name": "s", "note": NUL, "changes": [{"kind": "close", "facility_id": "T1"}]},
            "body.note",
        ),
        (
            "POST",
            "scenarios/what-if",
            {"changes": [{"kind": "build", "facility_id": "T9", "name": NUL}]},
            "body.changes.0.name",
        ),
        ("POST", "plans", {"date": "2026-11-22", "vehicles": ["V1", "V8", "V9"]}, "body.vehicles"),
        ("POST", "plans", {"date": "2026-11-22", "points": ["P9"]}, "body.points"),
        ("POST", "driver/reports", {**REPORT, "observed_at": AHEAD}, "body.observed_at"),
        ("POST", "driver/reports", {**REPORT, "observed_at": "2001-01-01T00:00:00Z"}, "body.observed_at"),
        ("PUT", CORRECTION, {"status": "cleared", "note": "seen", "cleared_at": AHEAD}, "body.cleared_at"),
        ("PUT", CORRECTION, {"status": "cleared", "note": "seen", "vehicle_id": "V9"}, "body.vehicle_id"),
        (
            "POST",
            "devices",
            {"devices": [{"kind": "vehicle", "device_id": "V5"}, {"kind": "vehicle", "device_id": "V5"}]},
            "body.devices",
        ),
    ],
)
def test_what_is_wrong_in_a_body_is_named(
    admin: httpx.Client, method: str, path: str, body: dict[str, Any], field: str
) -> None:
    """A character that no text has, instants to come, codes that the register has not."""
    _is_named(admin.request(method, f"/api/v1/{path}", json=body), field)


def test_a_body_that_is_cut_off_is_told_where(admin: httpx.Client) -> None:
    """The place in the text is told as a place, not as the name of a field."""
    answer = admin.post("/api/v1/plans", content=b'{"date": ', headers={"Content-Type": "application/json"})
    _is_named(answer, "body")
    assert "at character 9" in answer.json()["detail"]


def test_the_phases_of_a_facility_that_there_is_not(admin: httpx.Client) -> None:
    """They are unknown; those of one whose status was never dated are none."""
    assert admin.get("/api/v1/facilities/T77/phases").status_code == 404
    assert admin.get("/api/v1/facilities/T4/phases").json()["items"] == []


def _is_named(answer: httpx.Response, field: str) -> None:
    assert answer.status_code == 422, answer.text
    (error,) = answer.json()["errors"]
    assert error["field"] == field
    assert error["message"] in answer.json()["detail"]
