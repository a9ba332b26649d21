"""What keeps others out: no other origin, no flood, nothing too large, and what a browser is told."""

from collections.abc import Iterator

import httpx
import pytest

from services.api.app import create_app
from services.domain.kinds import Role
from services.store.connection import connect
from tests.integration.api import seeded_town
from tests.integration.api.conftest import Api, serving, settings

BODY_BYTES = 10_000
REQUESTS_PER_MIN = 12


@pytest.fixture(scope="module")
def narrow(database_url: str) -> Iterator[Api]:
    """The API with narrow limits."""
    with connect(database_url) as connection:
        seeded_town.build(connection)
    limits = {
        "RIQING_SIGN_INS_PER_MIN": 20,
        "RIQING_PUBLIC_READS_PER_MIN": 5,
        "RIQING_BASE_MAP_READS_PER_MIN": 5,
        "RIQING_REQUESTS_PER_MIN": REQUESTS_PER_MIN,
        "RIQING_MAX_BODY_BYTES": BODY_BYTES,
    }
    with serving(create_app(settings("", **limits), database_url), database_url) as running:
        yield running


@pytest.mark.parametrize("path", ["/api/v1/points", "/api/v1/auth/token", "/api/v1/public/toilets?near=116,40"])
def test_no_other_origin_may_read(narrow: Api, path: str) -> None:
    """No answer names another origin, and a browser that asks beforehand is refused."""
    client = narrow.client()
    origin = {"Origin": "https://elsewhere.example"}
    preflight = client.options(path, headers=origin | {"Access-Control-Request-Method": "POST"})
    assert preflight.status_code == 405
    for answer in (preflight, client.get(path, headers=origin)):
        assert not [name for name in answer.headers if name.startswith("access-control-")]
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize(
    ("role", "path"), [(Role.OFFICE, "/api/v1/contractors"), (Role.INSPECTOR, "/api/v1/assessments")]
)
def test_a_flood_of_one_person_waits_alone(narrow: Api, role: Role, path: str) -> None:
    """After a minute's worth of requests 429 with the time to wait, whether the answer was kept or not."""
    client = narrow.as_role(role)
    answers = [client.get(path) for _ in range(2 * REQUESTS_PER_MIN)]
    statuses = [answer.status_code for answer in answers]
    assert statuses[:REQUESTS_PER_MIN] == [200] * REQUESTS_PER_MIN
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert {answer.headers["content-type"] for answer in refused} == {"application/problem+json"}
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)
    assert narrow.as_role(Role.DISPATCHER).get(path).status_code == 200


def test_a_flood_of_sign_ins_waits(narrow: Api) -> None:
    """Whichever names are tried: after a minute's worth 429 with the time to wait, before any password is checked."""
    client = narrow.client()
    answers = [
        client.post("/api/v1/auth/token", data={"grant_type": "refresh_token", "refresh_token": f"guess {number}"})
        for number in range(30)
    ]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert {answer.status_code for answer in answers} == {401, 429}
    assert refused
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)


@pytest.mark.parametrize("path", ["/api/v1/public/toilets?near=116,40", "/api/v1/map/base", "/api/v1/map/base/archive"])
def test_a_flood_of_reads_without_a_sign_in_waits(narrow: Api, path: str) -> None:
    """Residents' routes are counted by address, and so are those of the base map."""
    statuses = [narrow.client().get(path).status_code for _ in range(12)]
    assert 429 in statuses


@pytest.mark.parametrize("told", [True, False])
def test_a_body_over_the_limit_is_refused(narrow: Api, told: bool) -> None:
    """413 whether or not its length is told beforehand, before anybody is asked who it is."""
    content = b" " * (BODY_BYTES + 1)
    chunks = content if told else iter([content[:5000], content[5000:]])
    answer = httpx.post(
        f"{narrow.url}/api/v1/plans", content=chunks, headers={"Content-Type": "application/json"}, timeout=20
    )
    assert answer.status_code == 413
    token_form = b"username=" + b"x" * (BODY_BYTES + 1)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    chunks = token_form if told else iter([token_form[:5000], token_form[5000:]])
    answer = httpx.post(f"{narrow.url}/api/v1/auth/token", content=chunks, headers=form, timeout=20)
    assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")


def test_a_browser_that_came_by_tls_stays_with_it(narrow: Api) -> None:
    """Behind a proxy that speaks TLS the browser is told to come back that way; without, it is not."""
    client = narrow.client()
    by_tls = client.get("/healthz", headers={"X-Forwarded-Proto": "https"})
    assert by_tls.headers["strict-transport-security"] == "max-age=31536000"
    assert "strict-transport-security" not in client.get("/healthz").headers


def test_no_answer_is_kept_by_others(narrow: Api) -> None:
    """What the API answers is nobody's but the asker's; tokens are never kept at all."""
    form = {"username": "admin-1", "password": "wrong"}
    assert narrow.client().post("/api/v1/auth/token", data=form).headers["cache-control"] == "no-store"
