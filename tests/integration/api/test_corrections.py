"""Corrections over HTTP: who may, what they must say, what is shown and kept of it."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from services.domain.kinds import Role
from services.store.connection import connect
from tests.integration.api.conftest import Api
from tests.integration.api.seeded_town import DAY

SignIn = Callable[[Role], httpx.Client]


def where(point_id: str, occurrence: int = 1, day: str = str(DAY)) -> str:
    """Return the path of a due visit."""
    return f"/api/v1/clearance/visits/{day}/{point_id}/{occurrence}"


def test_the_office_clears_by_hand_and_undoes_it(api: Api, sign_in: SignIn) -> None:
    """The answer, the list, the figures, the history and the audit log all tell of it, in the office's name."""
    office = sign_in(Role.OFFICE)
    body = {"status": "cleared", "note": "Seen by the inspector.", "cleared_at": "2026-11-21T01:50:00Z"}
    corrected = office.put(f"{where('P3')}/correction", json=body).raise_for_status().json()
    assert (corrected["status"], corrected["cleared_at"], corrected["reason"]) == (
        "cleared",
        "2026-11-21T01:50:00Z",
        None,
    )
    assert (corrected["vehicle_id"], corrected["visit_id"], corrected["evidence"]) == ("V2", None, [])
    correction = corrected["correction"]
    assert (correction["corrected_by"], correction["note"]) == ("office-1", "Seen by the inspector.")
    assert (correction["decided_status"], correction["decided_changed_at"]) == ("missed", None)
    (listed,) = office.get("/api/v1/clearance/visits", params={"point_id": "P3"}).json()["items"]
    assert listed["correction"] == correction
    (figure,) = office.get("/api/v1/clearance").json()
    assert (figure["cleared"], figure["corrected"]) == (2, 1)
    stops = office.get("/api/v1/adherence/V2").json()["compared_stops"]
    assert [stop["state"] for stop in stops] == ["cleared_by_hand"]
    undone = office.delete(f"{where('P3')}/correction", params={"note": "It was P4."}).raise_for_status().json()
    assert (undone["status"], undone["reason"], undone["correction"]) == ("missed", "planned_but_not_visited", None)
    changes = office.get(f"{where('P3')}/changes").json()
    assert [(change["status"], change["changed_by"], change["note"]) for change in changes] == [
        ("missed", None, None),
        ("cleared", "office-1", "Seen by the inspector."),
        ("missed", "office-1", "It was P4."),
    ]
    with connect(api.database_url) as connection:
        kept = connection.execute(
            "SELECT user_name, action FROM audit_log WHERE subject = %s ORDER BY audit_id", [f"due visit {DAY} P3 1"]
        ).fetchall()
    assert kept == [("office-1", "correct"), ("office-1", "undo a correction")]


@pytest.mark.parametrize("role", [Role.DISPATCHER, Role.INSPECTOR, Role.CONTRACTOR, Role.DRIVER])
def test_only_who_answers_for_the_figures_may(sign_in: SignIn, role: Role) -> None:
    """Neither who sends the trucks nor whose score it is."""
    body = {"status": "cleared", "note": "mine"}
    assert sign_in(role).put(f"{where('P2')}/correction", json=body).status_code == 403
    assert sign_in(role).delete(f"{where('P2')}/correction", params={"note": "mine"}).status_code == 403


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (where("P9"), {"status": "cleared", "note": "x"}, 404),
        (where("P2", 2), {"status": "cleared", "note": "x"}, 404),
        (where("P1"), {"status": "cleared", "note": "x"}, 409),  # it is, by the readings
        (where("P2"), {"status": "pending", "note": "x"}, 422),
        (where("P2"), {"status": "cleared", "note": "  "}, 422),
        (where("P2"), {"status": "cleared"}, 422),
        (where("P2"), {"status": "cleared", "note": "x", "vehicle_id": "V9"}, 422),
        (where("P2"), {"status": "cleared", "note": "x", "cleared_at": "2026-11-21T02:30:00Z"}, 422),  # to come
        (where("P2"), {"status": "cleared", "note": "x", "cleared_at": "2026-11-20T02:30:00Z"}, 422),  # another day
        (where("P2", day="2026-13-01"), {"status": "cleared", "note": "x"}, 422),
    ],
)
def test_what_cannot_be_meant_is_refused(sign_in: SignIn, path: str, body: dict[str, Any], status: int) -> None:
    """404 for what there is not, 409 for what is so already, 422 for what is wrong; nothing changes."""
    assert sign_in(Role.OFFICE).put(f"{path}/correction", json=body).status_code == status
    (figure,) = sign_in(Role.OFFICE).get("/api/v1/clearance").json()
    assert figure["corrected"] == 0


def test_there_must_be_something_to_undo(sign_in: SignIn) -> None:
    """404 where no correction stands, 422 without a reason."""
    office = sign_in(Role.OFFICE)
    assert office.delete(f"{where('P2')}/correction", params={"note": "x"}).status_code == 404
    assert office.delete(f"{where('P2')}/correction").status_code == 422


def test_a_contractor_reads_the_history_of_its_own_points(sign_in: SignIn) -> None:
    """Why its score is what it is; of another's nothing."""
    contractor = sign_in(Role.CONTRACTOR)
    assert [change["status"] for change in contractor.get(f"{where('P1')}/changes").json()] == ["cleared"]
    assert contractor.get(f"{where('P3')}/changes").status_code == 404
