"""Signing in: tokens, the first admin, the lock after failures, and people who may no longer."""

from collections.abc import Iterator

import httpx
import jwt
import pytest

from services.api.app import create_app
from services.domain.kinds import Role
from services.store.connection import connect
from tests.integration.api import seeded_town
from tests.integration.api.conftest import FIRST_ADMIN_PASSWORD, SECRET, Api, serving, settings


@pytest.fixture
def empty_api(fresh_database: str) -> Iterator[Api]:
    """The API over a database without town and users."""
    with serving(create_app(settings(), fresh_database), fresh_database) as running:
        yield running


def _sign_in(api: Api, user_name: str, password: str) -> httpx.Response:
    return api.client().post("/api/v1/auth/token", data={"username": user_name, "password": password})


def _wait_for_first_admin(api: Api) -> None:
    with connect(api.database_url, autocommit=True) as connection:
        while connection.execute("SELECT FROM users").fetchone() is None:
            pass


def test_the_first_admin_signs_in(empty_api: Api) -> None:
    """Where nobody may sign in yet, `admin` is there with the settings' password."""
    _wait_for_first_admin(empty_api)
    answer = _sign_in(empty_api, "admin", FIRST_ADMIN_PASSWORD)
    assert answer.status_code == 200
    body = answer.json()
    assert (body["token_type"], body["role"], body["user_name"], body["expires_in"]) == (
        "bearer",
        "admin",
        "admin",
        3600,
    )


def test_an_empty_stack_says_that_there_is_no_town(empty_api: Api) -> None:
    """Before `riqing town init`, what needs the town is 404 with a sentence, and lists are not 500."""
    _wait_for_first_admin(empty_api)
    admin = empty_api.client(empty_api.token("admin", FIRST_ADMIN_PASSWORD))
    for path in ("town", "points", "vehicles", "facilities", "plans", "clearance", "clearance/visits"):
        answer = admin.get(f"/api/v1/{path}")
        assert answer.status_code == 404
        assert "riqing town init" in answer.json()["detail"]
    assert admin.get("/api/v1/zones").json()["items"] == []
    assert admin.get("/api/v1/clock").json()["simulated"] is False


def test_who_is_signed_in(admin: httpx.Client) -> None:
    """The token's bearer by name and role."""
    assert admin.get("/api/v1/auth/me").json() == {
        "user_name": "admin-1",
        "role": "admin",
        "contractor_id": None,
        "vehicle_id": None,
    }


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"username": "admin-1"},
        {"username": "a\x00b", "password": "x"},
        {"username": "admin-1", "password": ""},
        {"username": "admin-1", "password": "x", "grant_type": "magic"},
    ],
)
def test_half_a_form_is_refused(api: Api, form: dict[str, str]) -> None:
    """What is missing or cannot be is 422."""
    assert api.client().post("/api/v1/auth/token", data=form).status_code == 422


def test_wrong_passwords_lock_the_account(api: Api) -> None:
    """After three wrong passwords even the right one waits; somebody who does not exist answers alike."""
    name = seeded_town.USERS[Role.INSPECTOR].user_name
    for _ in range(3):
        wrong, nobody = _sign_in(api, name, "wrong"), _sign_in(api, "nobody", "wrong")
        assert (wrong.status_code, nobody.status_code) == (401, 401)
        assert wrong.json()["detail"] == nobody.json()["detail"]
    locked = _sign_in(api, name, seeded_town.PASSWORD)
    assert locked.status_code == 429
    assert 0 < int(locked.headers["retry-after"]) <= 900
    with connect(api.database_url) as connection:
        connection.execute("UPDATE users SET locked_until = now() - INTERVAL '1 s' WHERE user_name = %s", [name])
    assert _sign_in(api, name, seeded_town.PASSWORD).status_code == 200


def test_a_right_password_forgets_the_wrong_ones(api: Api) -> None:
    """Wrong passwords count only in a row."""
    name = seeded_town.USERS[Role.OFFICE].user_name
    for _ in range(3):
        assert _sign_in(api, name, "wrong").status_code == 401
        assert _sign_in(api, name, "wrong").status_code == 401
        assert _sign_in(api, name, seeded_town.PASSWORD).status_code == 200


def test_a_disabled_user_is_out(api: Api) -> None:
    """Neither the password nor a token from before lets in, once what was remembered is stale."""
    name = seeded_town.USERS[Role.DISPATCHER].user_name
    client = api.as_role(Role.DISPATCHER)
    with connect(api.database_url) as connection:
        connection.execute("UPDATE users SET disabled_at = now() WHERE user_name = %s", [name])
    assert client.get("/api/v1/auth/me").status_code == 401
    assert _sign_in(api, name, seeded_town.PASSWORD).status_code == 401
    with connect(api.database_url) as connection:
        connection.execute("UPDATE users SET disabled_at = NULL WHERE user_name = %s", [name])


def _session_id(api: Api) -> str:
    """Return an open session of the admin, whose own token is good."""
    token = api.token("admin-1", seeded_town.PASSWORD)
    assert api.client(token).get("/api/v1/auth/me").status_code == 200
    return str(jwt.decode(token, options={"verify_signature": False})["sid"])


@pytest.mark.parametrize(
    ("claims", "key"),
    [
        ({"aud": "access"}, "another key that is long enough, but not ours"),
        ({"aud": "stream"}, SECRET),  # for streams only
        ({"aud": "access", "exp": 1}, SECRET),  # over
        ({"aud": "access", "iss": "somebody"}, SECRET),
        ({"aud": "access", "sid": "admin-1"}, SECRET),  # no session
        ({"aud": "access", "sid": 7}, SECRET),
        ({"aud": "access", "sid": "00000000-0000-4000-8000-000000000000"}, SECRET),  # one that there is not
    ],
)
def test_a_token_must_be_ours(api: Api, claims: dict[str, object], key: str) -> None:
    """Signed with another key, for another use, expired, or of another issuer: 401."""
    session_id = _session_id(api)
    token = jwt.encode({"iss": "riqing", "sid": session_id, "exp": 4e9, **claims}, key, "HS256")
    assert api.client(token).get("/api/v1/auth/me").status_code == 401


def test_a_token_without_signature_is_refused(api: Api) -> None:
    """The algorithm is ours to choose."""
    claims = {"iss": "riqing", "sid": _session_id(api), "aud": "access", "exp": 4e9}
    token = jwt.encode(claims, "", "none")
    assert api.client(token).get("/api/v1/auth/me").status_code == 401
