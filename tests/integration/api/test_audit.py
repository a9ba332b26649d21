"""The audit log: every change is in it with its author, in the transaction that makes the change."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import psycopg
import pytest

from services.api.app import create_app
from services.api.roles import ACCESS
from services.domain.kinds import Role
from services.store.alarms import raise_alarm
from services.store.connection import Connection, connect
from services.store.plans import PlanRequest, create_plan
from tests.integration.api import seeded_town
from tests.integration.api.conftest import Api, serving, settings

CHANGES_NOTHING = {
    ("POST", "/api/v1/auth/stream-token"),  # a token is made, nothing is kept
    ("POST", "/api/v1/plans/{plan_id}/insertions"),  # prices only
    ("POST", "/api/v1/scenarios/what-if"),  # calculates
}
ELSEWHERE = {
    ("POST", "/api/v1/plans/{plan_id}/edits"),  # with the road engine, in tests/integration/routing
    ("POST", "/api/v1/siting"),  # with the walking network, in tests/integration/facilities
}
"""Changing routes whose entry another test looks at, because they need more than this town has."""


@dataclass(frozen=True)
class Change:
    """A request that changes something, and the words of its entry."""

    action: str
    json: Any = None
    form: dict[str, str] | None = None
    content: bytes | None = None
    by: str = "admin-1"
    path: dict[str, Callable[[Api, Connection], str]] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    before: tuple[str, str, dict[str, Any]] | None = None
    """A request that must have been made: method, path, body."""


def _draft(_: Api, connection: Connection) -> str:
    return str(create_plan(connection, PlanRequest(seeded_town.DAY), "dispatcher-1", seeded_town.NOW))


def _ready(api: Api, _: Connection) -> str:
    return str(api.plan_id)


def _alarm(_: Api, connection: Connection) -> str:
    raise_alarm(connection, "device_silent", "vehicle", "V1", seeded_town.NOW, {})
    found = connection.execute("SELECT max(alarm_id) FROM alarms").fetchone()
    assert found is not None
    return str(found[0])


def _somebody(*_: Any) -> str:
    return "inspector-1"


def _scenario(_: Api, connection: Connection) -> str:
    [(scenario_id,)] = connection.execute("SELECT scenario_id FROM scenarios").fetchall()
    return str(scenario_id)


def _case(_: Api, connection: Connection) -> str:
    [(number,)] = connection.execute("SELECT case_number FROM cases").fetchall()
    return str(number)


CORRECTION = "/api/v1/clearance/visits/{service_date}/{point_id}/{occurrence}/correction"
VISIT = {"service_date": lambda *_: "2026-11-21", "point_id": lambda *_: "P3", "occurrence": lambda *_: "1"}
SEEN = {"status": "cleared", "note": "Seen by the inspector.", "cleared_at": "2026-11-21T01:50:00Z"}
PHASE = "/api/v1/facilities/{facility_id}/phases/{begins_on}"
PHASE_OF = {"facility_id": lambda *_: "T1", "begins_on": lambda *_: "2026-12-01"}
RENOVATED = {"status": "under_renovation"}
SCENARIO: dict[str, Any] = {"name": "one more", "changes": [{"kind": "close", "facility_id": "T1"}]}

BUILDS: dict[str, Any] = {"kind": "build", "facility_kind": "public_toilet", "lon": 116.1, "lat": 40.0}
PLANNED: dict[str, Any] = {"name": "one toilet", "changes": [{**BUILDS, "facility_id": "NEW-1"}]}
PRESSED: dict[str, Any] = {
    "report_id": "6d3f2a60-6c0b-4a57-9c35-6f6a1f4d8b11",
    "vehicle_id": "V1",
    "point_id": "P2",
    "outcome": "served",
    "observed_at": "2026-11-21T01:58:00Z",
}
JPEG = b"\xff\xd8\xff\xe0" + bytes(200)
DIRT: dict[str, Any] = {"description": "垃圾桶满了"}

CHANGES: dict[tuple[str, str], Change] = {
    ("POST", "/api/v1/auth/token"): Change(
        "sign in", form={"username": "office-1", "password": seeded_town.PASSWORD}, by="office-1"
    ),
    ("POST", "/api/v1/auth/password"): Change(
        "change password", {"current_password": seeded_town.PASSWORD, "new_password": "another password"}
    ),
    ("POST", "/api/v1/auth/sign-out"): Change("sign out"),
    ("POST", "/api/v1/users"): Change("add", {"user_name": "new", "role": "office"}),
    ("PUT", "/api/v1/users/{user_name}"): Change("change", {"role": "office"}, path={"user_name": _somebody}),
    ("POST", "/api/v1/users/{user_name}/password"): Change("reset password", path={"user_name": _somebody}),
    ("POST", "/api/v1/users/{user_name}/sign-out"): Change("sign out", path={"user_name": _somebody}),
    ("PUT", "/api/v1/clock"): Change("set", {"now": "2026-11-21T03:00:00Z", "speed": 1}),
    ("DELETE", "/api/v1/clock"): Change("set"),
    ("POST", "/api/v1/devices"): Change("enrol", {"devices": [{"kind": "vehicle", "device_id": "V9"}]}),
    ("DELETE", "/api/v1/devices/{kind}/{device_id}"): Change(
        "revoke", path={"kind": lambda *_: "vehicle", "device_id": lambda *_: "V2"}
    ),
    ("POST", "/api/v1/plans"): Change("ask for", {"date": "2026-11-22"}),
    ("POST", "/api/v1/plans/{plan_id}/cancel"): Change("cancel", path={"plan_id": _draft}),
    ("POST", "/api/v1/plans/{plan_id}/publish"): Change("publish", path={"plan_id": _ready}),
    ("POST", "/api/v1/alarms/{alarm_id}/acknowledge"): Change("acknowledge", path={"alarm_id": _alarm}),
    ("PUT", "/api/v1/alarms/limits/{limit_id}"): Change(
        "set", {"raises_above": 15}, path={"limit_id": lambda *_: "alarm_vehicle_silent_min"}
    ),
    ("PUT", CORRECTION): Change("correct", SEEN, path=VISIT),
    ("DELETE", CORRECTION): Change(
        "undo a correction", query={"note": "By mistake."}, path=VISIT, before=("PUT", CORRECTION, SEEN)
    ),
    ("PUT", PHASE): Change("phase", RENOVATED, path=PHASE_OF),
    ("DELETE", PHASE): Change("forget phase", path=PHASE_OF, before=("PUT", PHASE, RENOVATED)),
    ("POST", "/api/v1/upkeep"): Change(
        "inspection", {"subject_kind": "facility", "subject_id": "T1", "kind": "inspection"}
    ),
    ("POST", "/api/v1/scenarios"): Change("save", SCENARIO),
    ("DELETE", "/api/v1/scenarios/{scenario_id}"): Change(
        "delete", path={"scenario_id": _scenario}, before=("POST", "/api/v1/scenarios", SCENARIO)
    ),
    ("POST", "/api/v1/scenarios/{scenario_id}/adopt"): Change(
        "adopt", path={"scenario_id": _scenario}, before=("POST", "/api/v1/scenarios", PLANNED)
    ),
    ("POST", "/api/v1/plans/{plan_id}/replan"): Change("replan", {}, path={"plan_id": _ready}),
    ("POST", "/api/v1/driver/reports"): Change("report", PRESSED),
    ("PUT", "/api/v1/driver/reports/{report_id}/photo"): Change(
        "send photo",
        content=JPEG,
        path={"report_id": lambda *_: str(PRESSED["report_id"])},
        before=("POST", "/api/v1/driver/reports", PRESSED),
    ),
    ("POST", "/api/v1/public/reports"): Change("report", DIRT, by="resident"),
    ("PUT", "/api/v1/public/reports/{case_number}/photo"): Change(
        "send photo",
        content=JPEG,
        by="resident",
        path={"case_number": _case},
        before=("POST", "/api/v1/public/reports", DIRT),
    ),
}


@pytest.fixture
def town(fresh_database: str, mqtt_url: str) -> Iterator[Api]:
    """The API over a seeded town of the test's own, with a broker."""
    with connect(fresh_database) as connection:
        plan_id = seeded_town.build(connection)
    with serving(create_app(settings(mqtt_url), fresh_database), fresh_database) as running:
        running.plan_id = plan_id
        yield running


def test_every_changing_route_is_looked_at() -> None:
    """A route that is added with another method than GET must be told of here."""
    changing = {place for place in ACCESS if place[0] != "GET"} - CHANGES_NOTHING - ELSEWHERE
    assert set(CHANGES) == changing


def _make(api: Api, client: httpx.Client, place: tuple[str, str]) -> httpx.Response:
    change = CHANGES[place]
    with connect(api.database_url, autocommit=True) as connection:
        path = place[1].format(**{name: made(api, connection) for name, made in change.path.items()})
    sent: dict[str, Any] = {"json": change.json, "data": change.form, "content": change.content}
    return client.request(place[0], path, params=change.query, **sent)


def _entries(connection: Connection) -> list[tuple[Any, ...]]:
    return connection.execute("SELECT user_name, action, subject FROM audit_log ORDER BY audit_id").fetchall()


@pytest.mark.parametrize("place", sorted(CHANGES))
def test_each_change_leaves_one_entry_or_nothing_at_all(town: Api, place: tuple[str, str]) -> None:
    """Where its entry cannot be kept, the change is not made either; where it can, both are there."""
    client = town.as_role(Role.ADMIN)
    with connect(town.database_url, autocommit=True) as connection:
        if (before_it := CHANGES[place].before) is not None:
            method, path, body = before_it
            filled = CHANGES[place].path.items() if "{" in path else ()
            where = path.format(**{name: made(town, connection) for name, made in filled})
            client.request(method, where, json=body).raise_for_status()
        connection.execute("ALTER TABLE audit_log ADD CONSTRAINT full_disk CHECK (false) NOT VALID")
        before = _content(connection, place)
        assert _make(town, client, place).status_code == 500
        assert _content(connection, place) == before
        connection.execute("ALTER TABLE audit_log DROP CONSTRAINT full_disk")
        count = len(_entries(connection))
        assert _make(town, client, place).is_success
        [entry] = [one for one in _entries(connection)[count:] if one[1] == CHANGES[place].action]
        assert entry[0] == CHANGES[place].by


def _content(connection: Connection, place: tuple[str, str]) -> dict[str, Any]:
    """Return a checksum of each of our tables; what the request itself prepares is left out."""
    prepared = {"alarms"} if "alarm_id" in CHANGES[place].path else set()
    if CHANGES[place].path.get("plan_id") is _draft:
        prepared |= {"plans"}
    tables = [
        row[0]
        for row in connection.execute(
            "SELECT table_name FROM information_schema.tables "
            "WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
        )
        if row[0] not in prepared
    ]
    return {
        table: connection.execute(
            psycopg.sql.SQL("SELECT count(*), sum(hashtextextended(kept::text, 0)) FROM {} AS kept").format(
                psycopg.sql.Identifier(table)
            )
        ).fetchone()
        for table in tables
    }


def test_the_log_is_read_newest_first_and_filtered(town: Api) -> None:
    """By who, what and to what; paged; with both clocks."""
    admin = town.as_role(Role.ADMIN)
    for day in ("2026-11-22", "2026-11-23"):
        town.as_role(Role.DISPATCHER).post("/api/v1/plans", json={"date": day}).raise_for_status()
    admin.put("/api/v1/clock", json={"now": "2026-11-21T03:00:00Z", "speed": 1}).raise_for_status()
    asked = admin.get("/api/v1/audit", params={"action": "ask for"}).json()["items"]
    assert [entry["detail"] for entry in asked] == [{"date": "2026-11-23"}, {"date": "2026-11-22"}]
    assert {entry["user_name"] for entry in asked} == {"dispatcher-1"}
    assert asked[0]["happened_at"].startswith("2026-11-21T02:00:00")
    assert asked[0]["recorded_at"] > asked[1]["recorded_at"]
    [clock] = admin.get("/api/v1/audit", params={"subject": "clock", "user_name": "admin-1"}).json()["items"]
    assert clock["detail"] == {"now": "2026-11-21T03:00:00+00:00", "speed": 1.0}
    assert admin.get("/api/v1/audit", params={"end": "2020-01-01T00:00:00Z"}).json()["items"] == []
    first = admin.get("/api/v1/audit", params={"limit": 1}).json()
    rest = admin.get("/api/v1/audit", params={"cursor": first["next_cursor"]}).json()
    ids = [entry["id"] for entry in first["items"] + rest["items"]]
    assert ids == sorted(ids, reverse=True)


def test_a_lock_out_is_in_the_log(town: Api) -> None:
    """Once a lock, not once a wrong password."""
    for _ in range(4):
        town.client().post("/api/v1/auth/token", data={"username": "office-1", "password": "wrong"})
    entries = town.as_role(Role.ADMIN).get("/api/v1/audit", params={"subject": "user office-1"}).json()["items"]
    assert [entry["action"] for entry in entries] == ["lock out"]


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_log SET user_name = 'x'", "DELETE FROM audit_log", "TRUNCATE audit_log"]
)
def test_the_log_only_grows(town: Api, statement: str) -> None:
    """Not even the services' own account rewrites it by mistake."""
    with connect(town.database_url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement)
