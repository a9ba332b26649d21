"""Administering who may sign in, over HTTP."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from services.api.app import create_app
from services.domain.kinds import Role
from services.store.connection import connect
from tests.integration.api import seeded_town
from tests.integration.api.conftest import Api, serving, settings


@pytest.fixture(scope="module")
def town(database_url: str) -> Iterator[Api]:
    """The API over a seeded town."""
    with connect(database_url) as connection:
        seeded_town.build(connection)
    with serving(create_app(settings(), database_url), database_url) as running:
        yield running


@pytest.fixture(scope="module")
def boss(town: Api) -> httpx.Client:
    """A client that is signed in as admin."""
    return town.as_role(Role.ADMIN)


def _added(boss: httpx.Client, user_name: str, **fields: Any) -> dict[str, Any]:
    asked = {"user_name": user_name, "role": "office", **fields}
    answer: dict[str, Any] = boss.post("/api/v1/users", json=asked).raise_for_status().json()
    return answer


def _status(town: Api, token: str) -> int:
    return town.client(token).get("/api/v1/auth/me").status_code


def test_a_user_is_added_and_signs_in(town: Api, boss: httpx.Client) -> None:
    """The password is shown once, the list tells what the person may do and when it was last there."""
    answer = boss.post("/api/v1/users", json={"user_name": "王师傅", "role": "driver", "vehicle_id": "V2"})
    assert answer.status_code == 201
    assert answer.headers["location"].startswith("/api/v1/users/")
    added = answer.json()
    assert (added["user"]["role"], added["user"]["vehicle_id"]) == ("driver", "V2")
    assert (added["user"]["last_seen_at"], added["user"]["open_sessions"]) == (None, 0)
    driver = town.client(town.token("王师傅", added["password"]))
    assert [item["id"] for item in driver.get("/api/v1/vehicles").json()["items"]] == ["V2"]
    seen = boss.get("/api/v1/users/王师傅").json()
    assert seen["open_sessions"] == 1
    assert seen["last_seen_at"] is not None
    assert "password" not in seen


def test_the_list_is_paged_by_name(boss: httpx.Client) -> None:
    """Everybody once, disabled ones included, whatever the page's size."""
    whole = [item["user_name"] for item in boss.get("/api/v1/users").json()["items"]]
    assert whole == sorted(whole)
    assert {user.user_name for user in seeded_town.USERS.values()} <= set(whole)
    first = boss.get("/api/v1/users", params={"limit": 2}).json()
    rest = boss.get("/api/v1/users", params={"cursor": first["next_cursor"]}).json()
    assert [item["user_name"] for item in first["items"] + rest["items"]] == whole


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"user_name": "admin-1", "role": "office"}, 409),
        ({"user_name": "a b", "role": "office"}, 422),
        ({"user_name": "", "role": "office"}, 422),
        ({"user_name": "x" * 65, "role": "office"}, 422),
        ({"user_name": "new", "role": "king"}, 422),
        ({"user_name": "new", "role": "office", "contractor_id": "C1"}, 409),
        ({"user_name": "new", "role": "contractor", "contractor_id": "C9"}, 404),
        ({"user_name": "new", "role": "office", "password": "mine"}, 422),
    ],
)
def test_a_user_that_cannot_be_is_refused(boss: httpx.Client, asked: dict[str, str], status: int) -> None:
    """And is not there afterwards."""
    assert boss.post("/api/v1/users", json=asked).status_code == status
    assert boss.get("/api/v1/users/new").status_code == 404


def test_a_disabled_user_is_out_at_once_and_may_come_back(town: Api, boss: httpx.Client) -> None:
    """The very next request is refused; let in again, the password is the same."""
    password = _added(boss, "gone")["password"]
    token = town.token("gone", password)
    assert _status(town, token) == 200
    assert boss.put("/api/v1/users/gone", json={"role": "office", "disabled": True}).json()["disabled_at"]
    assert _status(town, token) == 401
    form = {"username": "gone", "password": password}
    assert town.client().post("/api/v1/auth/token", data=form).status_code == 401
    boss.put("/api/v1/users/gone", json={"role": "office", "disabled": False}).raise_for_status()
    assert _status(town, token) == 401
    assert _status(town, town.token("gone", password)) == 200


def test_another_role_holds_at_once(town: Api, boss: httpx.Client) -> None:
    """The sessions of before end, so that nothing goes on with the old role; the same role again ends none."""
    password = _added(boss, "moved")["password"]
    before = town.token("moved", password)
    boss.put("/api/v1/users/moved", json={"role": "contractor", "contractor_id": "C2"}).raise_for_status()
    assert _status(town, before) == 401
    token = town.token("moved", password)
    zones = town.client(token).get("/api/v1/zones").json()["items"]
    assert [zone["id"] for zone in zones] == ["Z2"]
    boss.put("/api/v1/users/moved", json={"role": "contractor", "contractor_id": "C2"}).raise_for_status()
    assert _status(town, token) == 200


def test_a_password_is_reset(town: Api, boss: httpx.Client) -> None:
    """The new one is shown once, the old one and the sessions are over, a lock is lifted."""
    old = _added(boss, "forgot")["password"]
    token = town.token("forgot", old)
    for _ in range(3):
        town.client().post("/api/v1/auth/token", data={"username": "forgot", "password": "wrong"})
    assert boss.get("/api/v1/users/forgot").json()["locked_until"] is not None
    new = boss.post("/api/v1/users/forgot/password").raise_for_status().json()
    assert new["user"]["locked_until"] is None
    assert _status(town, token) == 401
    assert town.client().post("/api/v1/auth/token", data={"username": "forgot", "password": old}).status_code == 401
    assert _status(town, town.token("forgot", new["password"])) == 200


def test_an_admin_signs_somebody_out(town: Api, boss: httpx.Client) -> None:
    """All sessions end; the password stays."""
    password = _added(boss, "busy")["password"]
    tokens = [town.token("busy", password) for _ in range(2)]
    assert boss.post("/api/v1/users/busy/sign-out").json()["open_sessions"] == 0
    assert [_status(town, token) for token in tokens] == [401, 401]
    assert _status(town, town.token("busy", password)) == 200


@pytest.mark.parametrize("asked", [{"role": "office"}, {"role": "admin", "disabled": True}])
def test_the_last_admin_stays(boss: httpx.Client, asked: dict[str, Any]) -> None:
    """Whoever administers alone cannot lock everybody out of that."""
    answer = boss.put("/api/v1/users/admin-1", json=asked)
    assert answer.status_code == 409
    assert "last admin" in answer.json()["detail"]
    assert boss.get("/api/v1/users/admin-1").json()["disabled_at"] is None


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_an_unknown_user_is_404(boss: httpx.Client, method: str) -> None:
    """By its name."""
    answer = boss.request(method, "/api/v1/users/nobody", json={"role": "office"})
    assert answer.status_code == 404
    assert "nobody" in answer.json()["detail"]
    assert boss.post("/api/v1/users/nobody/password").status_code == 404
    assert boss.post("/api/v1/users/nobody/sign-out").status_code == 404
