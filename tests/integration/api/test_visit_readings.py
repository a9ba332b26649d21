"""A figure opens down to its readings: one due visit with all that it was decided from."""

from collections.abc import Callable

import httpx
import pytest

from services.domain.kinds import Role
from services.store.connection import connect
from tests.integration.api.conftest import Api

CLEARED = "/api/v1/clearance/visits/2026-11-21/P1/1"
MISSED = "/api/v1/clearance/visits/2026-11-21/P3/1"


def test_a_cleared_visit_shows_its_proof(admin: httpx.Client, api: Api) -> None:
    """The visit, the fixes around it, what was reported and when it was decided."""
    with connect(api.database_url) as connection:
        connection.execute(
            "INSERT INTO service_events (observed_at, received_at, device_key, point_id, outcome, source) "
            "SELECT '2026-11-21T01:31:00Z', '2026-11-21T01:50:00Z', device_key, 'P1', 'served', 'rfid' "
            "FROM devices WHERE device_id = 'V1'"
        )
    answer = admin.get(CLEARED).json()
    assert (answer["due"]["status"], answer["due"]["vehicle_id"], answer["point_name"]) == ("cleared", "V1", "点 P1")
    assert [(visit["vehicle_id"], visit["clears_occurrence"]) for visit in answer["visits"]] == [("V1", 1)]
    assert answer["visits"][0]["evidence"][0]["kind"] == "service_event"
    (event,) = answer["service_events"]
    assert (event["source"], event["received_at"]) == ("rfid", "2026-11-21T01:50:00Z")
    assert [change["status"] for change in answer["changes"]] == ["cleared"]
    assert answer["readings_kept"] is True


def test_a_missed_visit_shows_where_the_planned_vehicle_was(admin: httpx.Client) -> None:
    """Its fixes about the planned time are there, although there is no visit."""
    answer = admin.get(MISSED).json()
    assert (answer["due"]["reason"], answer["visits"]) == ("planned_but_not_visited", [])
    assert {fix["device_id"] for fix in answer["fixes"]} <= {"V2"}


@pytest.mark.parametrize("path", ["2026-11-21/P1/2", "2026-11-20/P1/1", "2026-11-21/P9/1"])
def test_what_was_not_due_is_404(admin: httpx.Client, path: str) -> None:
    """With a sentence that names point and day."""
    answer = admin.get(f"/api/v1/clearance/visits/{path}")
    assert answer.status_code == 404
    assert "due" in answer.json()["detail"]


def test_a_contractor_sees_the_proof_of_its_own_points(sign_in: Callable[[Role], httpx.Client]) -> None:
    """P1 is C1's, P3 is not: for C1 it does not exist."""
    contractor = sign_in(Role.CONTRACTOR)
    assert contractor.get(CLEARED).status_code == 200
    assert contractor.get(MISSED).status_code == 404
