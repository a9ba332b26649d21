"""Acknowledging alarms: who may, what is kept of it, and how the list is filtered by it."""

from collections.abc import Callable
from datetime import datetime, timedelta

import httpx
import pytest

from services.domain.kinds import AlarmKind, Role
from services.store.alarms import clear_alarm, page_of_alarms, raise_alarm
from services.store.connection import connect
from tests.integration.api import seeded_town
from tests.integration.api.conftest import Api

SignIn = Callable[[Role], httpx.Client]


def _raise(api: Api, point_id: str) -> int:
    """Raise an overfull container at a point and return the alarm's number."""
    with connect(api.database_url) as connection:
        detail = {"fill_ratio": 0.97, "limit": 0.9}
        assert raise_alarm(connection, AlarmKind.CONTAINER_OVERFULL, "point", point_id, seeded_town.NOW, detail)
        return page_of_alarms(connection, limit=1)[0].alarm_id


def _clear(api: Api, point_id: str) -> None:
    with connect(api.database_url) as connection:
        later = seeded_town.NOW + timedelta(minutes=5)
        assert clear_alarm(connection, AlarmKind.CONTAINER_OVERFULL, "point", point_id, later)


@pytest.mark.parametrize(
    ("role", "status"),
    [
        (Role.ADMIN, 200),
        (Role.DISPATCHER, 200),
        (Role.OFFICE, 200),
        # They look on.
        (Role.INSPECTOR, 403),
        (Role.CONTRACTOR, 403),
        (Role.DRIVER, 403),
    ],
)
def test_who_may_acknowledge(api: Api, sign_in: SignIn, role: Role, status: int) -> None:
    """Those who send trucks out and the office; a refused attempt leaves no trace."""
    alarm_id = _raise(api, "P1")
    answer = sign_in(role).post(f"/api/v1/alarms/{alarm_id}/acknowledge")
    _clear(api, "P1")
    assert answer.status_code == status
    with connect(api.database_url) as connection:
        kept = connection.execute("SELECT acknowledged_by FROM alarms WHERE alarm_id = %s", [alarm_id]).fetchall()
    assert kept == [(seeded_town.USERS[role].user_name if status == 200 else None,)]


def test_the_first_to_acknowledge_stays(api: Api, sign_in: SignIn) -> None:
    """Who and when are kept, once, and stand once in the audit log; a second press changes nothing."""
    alarm_id = _raise(api, "P1")
    first = sign_in(Role.OFFICE).post(f"/api/v1/alarms/{alarm_id}/acknowledge").json()
    second = sign_in(Role.DISPATCHER).post(f"/api/v1/alarms/{alarm_id}/acknowledge").json()
    _clear(api, "P1")
    office = seeded_town.USERS[Role.OFFICE].user_name
    assert first == second
    assert (first["id"], first["acknowledged_by"], first["cleared_at"]) == (alarm_id, office, None)
    acknowledged_at = datetime.fromisoformat(first["acknowledged_at"])
    with connect(api.database_url) as connection:
        entries = connection.execute(
            "SELECT user_name, action, happened_at FROM audit_log WHERE subject = %s", [f"alarm {alarm_id}"]
        ).fetchall()
    assert [(user, action) for user, action, _ in entries] == [(office, "acknowledge")]
    assert abs(entries[0][2] - acknowledged_at) < timedelta(seconds=1)


def test_an_alarm_that_comes_again_is_a_new_one(api: Api, sign_in: SignIn) -> None:
    """Raised once while it holds; cleared and raised anew, nobody has acknowledged it yet."""
    before = _raise(api, "P1")
    with connect(api.database_url) as connection:
        assert not raise_alarm(connection, AlarmKind.CONTAINER_OVERFULL, "point", "P1", seeded_town.NOW, {})
    sign_in(Role.OFFICE).post(f"/api/v1/alarms/{before}/acknowledge").raise_for_status()
    _clear(api, "P1")
    again = _raise(api, "P1")
    assert again > before
    listed = sign_in(Role.OFFICE).get("/api/v1/alarms", params={"open": "true"}).json()["items"]
    _clear(api, "P1")
    assert [(alarm["id"], alarm["acknowledged_at"]) for alarm in listed] == [(again, None)]


def test_the_list_is_filtered_by_it(api: Api, sign_in: SignIn) -> None:
    """Those acknowledged, those not, all; together with whether they are open."""
    seen, unseen = _raise(api, "P2"), _raise(api, "P3")
    office = sign_in(Role.OFFICE)
    office.post(f"/api/v1/alarms/{seen}/acknowledge").raise_for_status()

    def listed(**filters: str) -> list[int]:
        items = office.get("/api/v1/alarms", params=filters).raise_for_status().json()["items"]
        return [alarm["id"] for alarm in items if alarm["id"] >= seen]

    assert listed() == [unseen, seen]
    assert listed(acknowledged="true") == [seen]
    assert listed(acknowledged="false") == [unseen]
    _clear(api, "P2")
    assert listed(acknowledged="true") == [seen]
    assert listed(acknowledged="true", open="true") == []
    _clear(api, "P3")


def test_an_unknown_alarm_is_not_acknowledged(sign_in: SignIn) -> None:
    """404, and nothing in the audit log says otherwise."""
    assert sign_in(Role.OFFICE).post("/api/v1/alarms/999999/acknowledge").status_code == 404


LIMIT = "/api/v1/alarms/limits/alarm_odour_share"


def test_the_office_sets_a_limit_and_sees_whose_it_is(api: Api, sign_in: SignIn) -> None:
    """Both ends as they were set, the office's own; the audit log has what it was; a note stays until another comes."""
    office = sign_in(Role.OFFICE)
    set_to = office.put(LIMIT, json={"raises_above": 1.5, "clears_at": 0.7, "note": "热天"}).raise_for_status().json()
    off = office.put(LIMIT, json={"raises_above": None}).raise_for_status().json()
    listed = {limit["limit_id"]: limit for limit in sign_in(Role.INSPECTOR).get("/api/v1/alarms/limits").json()}
    office.put(LIMIT, json={"raises_above": 1.0, "clears_at": 0.8, "note": ""}).raise_for_status()
    assert (set_to["raises_above"], set_to["clears_at"], set_to["source_status"]) == (1.5, 0.7, "own")
    assert listed["alarm_odour_share"] == off == set_to | {"raises_above": None, "clears_at": None}
    assert set(listed) >= {"alarm_container_fill_ratio", "alarm_load_lost_kg"}
    assert not [name for name in listed if not name.startswith("alarm_")]
    with connect(api.database_url) as connection:
        entries = connection.execute(
            "SELECT detail->'from', detail->'to' FROM audit_log WHERE subject = 'limit alarm_odour_share' "
            "ORDER BY audit_id"
        ).fetchall()
    assert entries == [([0.8, 1.0], [0.7, 1.5]), ([0.7, 1.5], [None, None]), ([None, None], [0.8, 1.0])]


@pytest.mark.parametrize(
    ("path", "asked", "status"),
    [
        (LIMIT, {"raises_above": 0.5, "clears_at": 0.6}, 422),
        (LIMIT, {"raises_above": None, "clears_at": 0.6}, 422),
        (LIMIT, {"raises_above": -1}, 422),
        (LIMIT, {"clears_at": 0.6}, 422),
        (LIMIT, {"raises_above": 1, "valid_from": "2026-01-01"}, 422),
        ("/api/v1/alarms/limits/target_collection_rate", {"raises_above": 1}, 404),  # no alarm's
    ],
)
def test_a_limit_that_cannot_be_is_refused(sign_in: SignIn, path: str, asked: dict[str, object], status: int) -> None:
    """A sentence says what would be right, and the limit stays."""
    before = sign_in(Role.OFFICE).get("/api/v1/alarms/limits").json()
    assert sign_in(Role.OFFICE).put(path, json=asked).status_code == status
    assert sign_in(Role.OFFICE).get("/api/v1/alarms/limits").json() == before
