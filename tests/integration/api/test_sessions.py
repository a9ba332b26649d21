"""Sessions: kept going by refresh tokens that are good once, and over at once when somebody ends them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from services.api.app import create_app
from services.domain.kinds import Role
from services.store.connection import connect
from tests.integration.api import seeded_town
from tests.integration.api.conftest import Api, serving, settings

pytestmark = pytest.mark.timeout(120)

PASSWORD = "a password that was chosen"


@pytest.fixture
def town(fresh_database: str) -> Iterator[Api]:
    """The API over a seeded town of the test's own."""
    with connect(fresh_database) as connection:
        seeded_town.build(connection)
    with serving(create_app(settings(), fresh_database), fresh_database) as running:
        yield running


def _tokens(api: Api, **form: str) -> httpx.Response:
    return httpx.post(f"{api.url}/api/v1/auth/token", data=form, timeout=20)


def _signed_in(api: Api, role: Role = Role.ADMIN, password: str = seeded_town.PASSWORD) -> dict[str, Any]:
    name = seeded_town.USERS[role].user_name
    found: dict[str, Any] = _tokens(api, username=name, password=password).raise_for_status().json()
    return found


def _refreshed(api: Api, refresh_token: str) -> httpx.Response:
    return _tokens(api, grant_type="refresh_token", refresh_token=refresh_token)


def _is_in(api: Api, tokens: dict[str, Any]) -> bool:
    status = api.client(tokens["access_token"]).get("/api/v1/auth/me").status_code
    assert status in (200, 401)
    return status == 200


def _age_refresh_tokens(api: Api) -> None:
    """Let the used tokens have been used a minute ago."""
    with connect(api.database_url) as connection:
        connection.execute("UPDATE refresh_tokens SET used_at = used_at - INTERVAL '1 minute'")


def test_a_refresh_token_gets_the_next_tokens(town: Api) -> None:
    """The session goes on with other tokens; the store holds none of them in clear."""
    first = _signed_in(town)
    assert (first["expires_in"], first["refresh_expires_in"]) == (3600, pytest.approx(43200, abs=5))
    second = _refreshed(town, first["refresh_token"]).raise_for_status().json()
    assert second["refresh_token"] != first["refresh_token"]
    assert (second["user_name"], second["role"]) == ("admin-1", "admin")
    assert _is_in(town, first)
    assert _is_in(town, second)
    with connect(town.database_url) as connection:
        hashes = [bytes(row[0]) for row in connection.execute("SELECT token_hash FROM refresh_tokens")]
    assert {len(one) for one in hashes} == {32}
    assert first["refresh_token"].encode() not in hashes


def test_a_refresh_token_that_is_used_again_ends_the_session(town: Api) -> None:
    """Whoever stole it and whoever was robbed are both out; the audit log tells of it."""
    robbed = _signed_in(town)
    thief = _refreshed(town, robbed["refresh_token"]).raise_for_status().json()
    _age_refresh_tokens(town)
    assert _refreshed(town, robbed["refresh_token"]).status_code == 401
    assert _refreshed(town, thief["refresh_token"]).status_code == 401
    _wait_until_out(town, thief)
    other = _signed_in(town)
    entries = town.client(other["access_token"]).get("/api/v1/audit", params={"action": "reuse refresh token"}).json()
    assert [entry["user_name"] for entry in entries["items"]] == ["admin-1"]


def test_an_answer_that_was_lost_may_be_asked_for_again(town: Api) -> None:
    """Sent again within seconds, or twice at once, the same token goes on: that is a retry."""
    first = _signed_in(town)
    answers: list[httpx.Response] = []
    threads = [
        threading.Thread(target=lambda: answers.append(_refreshed(town, first["refresh_token"]))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in answers] == [200] * 4
    assert len({answer.json()["refresh_token"] for answer in answers}) == 4


def test_a_session_that_was_not_refreshed_for_long_is_over(town: Api) -> None:
    """Neither its access token nor its refresh token opens anything."""
    tokens = _signed_in(town)
    with connect(town.database_url) as connection:
        connection.execute("UPDATE sessions SET expires_at = now()")
    assert _refreshed(town, tokens["refresh_token"]).status_code == 401
    assert not _is_in(town, tokens)


def test_no_session_is_longer_than_the_longest(town: Api) -> None:
    """Refreshing does not carry it past its age."""
    tokens = _signed_in(town)
    with connect(town.database_url) as connection:
        connection.execute("UPDATE sessions SET started_at = started_at - INTERVAL '6 days 23 hours'")
    left_s = _refreshed(town, tokens["refresh_token"]).raise_for_status().json()["refresh_expires_in"]
    assert left_s == pytest.approx(3600, abs=60)


@pytest.mark.parametrize("token", ["x", "ü", "x" * 200])
def test_what_is_no_refresh_token_is_refused(town: Api, token: str) -> None:
    """401, as for one that is over."""
    assert _refreshed(town, token).status_code == 401


@pytest.mark.parametrize("form", [{"grant_type": "refresh_token"}, {"grant_type": "refresh_token", "username": "x"}])
def test_a_refresh_without_its_token_is_422(town: Api, form: dict[str, str]) -> None:
    """The field that is missing is named."""
    answer = _tokens(town, **form)
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"field": "body.refresh_token", "message": "Field required"}]


@contextmanager
def _stream_that_ends(api: Api, tokens: dict[str, Any]) -> Iterator[None]:
    """Hold a live stream open within the block, which must end it."""
    with api.client(tokens["access_token"]).stream("GET", "/api/v1/live") as stream:
        lines = stream.iter_lines()
        next(lines)
        yield
        for _ in lines:
            pass


def _wait_until_out(api: Api, tokens: dict[str, Any]) -> None:
    """Wait for what another process would hear by a notification; the test's time limit is the deadline."""
    while _is_in(api, tokens):
        pass


def test_signing_out_ends_this_session_only(town: Api) -> None:
    """Its tokens are worth nothing from then on, its stream ends; another browser's goes on."""
    here, elsewhere = _signed_in(town), _signed_in(town)
    with _stream_that_ends(town, here):
        assert _is_in(town, here)
        assert town.client(here["access_token"]).post("/api/v1/auth/sign-out").status_code == 204
        assert not _is_in(town, here)
    assert _refreshed(town, here["refresh_token"]).status_code == 401
    assert _is_in(town, elsewhere)


def test_another_password_ends_every_session(town: Api) -> None:
    """The old password and all tokens of before are out at once; the answer is signed in."""
    here, elsewhere = _signed_in(town), _signed_in(town)
    asked = {"current_password": seeded_town.PASSWORD, "new_password": PASSWORD}
    with _stream_that_ends(town, elsewhere):
        answer = town.client(here["access_token"]).post("/api/v1/auth/password", json=asked).raise_for_status()
    assert _is_in(town, answer.json())
    for tokens in (here, elsewhere):
        assert not _is_in(town, tokens)
        assert _refreshed(town, tokens["refresh_token"]).status_code == 401
    assert _tokens(town, username="admin-1", password=seeded_town.PASSWORD).status_code == 401
    assert _is_in(town, _signed_in(town, password=PASSWORD))


@pytest.mark.parametrize(
    ("current", "new", "status"),
    [
        ("wrong", PASSWORD, 403),
        (seeded_town.PASSWORD, seeded_town.PASSWORD, 422),
        (seeded_town.PASSWORD, "short", 422),
        (seeded_town.PASSWORD, "has\x00a zero in it", 422),
    ],
)
def test_a_password_that_cannot_be_is_refused(town: Api, current: str, new: str, status: int) -> None:
    """And everything stays as it was."""
    tokens = _signed_in(town)
    asked = {"current_password": current, "new_password": new}
    assert town.client(tokens["access_token"]).post("/api/v1/auth/password", json=asked).status_code == status
    assert _is_in(town, tokens)
    assert _is_in(town, _signed_in(town))


def test_guessing_the_current_password_locks_the_account(town: Api) -> None:
    """As guessing at the sign-in does."""
    client = town.client(_signed_in(town)["access_token"])
    asked = {"current_password": "wrong", "new_password": PASSWORD}
    statuses = [client.post("/api/v1/auth/password", json=asked).status_code for _ in range(4)]
    assert statuses == [403, 403, 403, 429]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE users SET disabled_at = now() WHERE user_name = 'office-1'",
        "UPDATE sessions SET ended_at = now() WHERE user_name = 'office-1'",
    ],
)
def test_an_end_that_another_process_makes_is_heard_of(town: Api, change: str) -> None:
    """The database announces it: what was remembered is forgotten, streams end, long before it would be stale."""
    office, admin = _signed_in(town, Role.OFFICE), _signed_in(town)
    with _stream_that_ends(town, office):
        assert _is_in(town, office)
        with connect(town.database_url) as connection:
            connection.execute(change)
    _wait_until_out(town, office)
    assert _is_in(town, admin)
