"""Who may do what: every route with every role."""

from collections.abc import Callable

import httpx
import pytest

from services.api.roles import ACCESS
from services.domain.kinds import Role
from tests.integration.api.conftest import Api

SignIn = Callable[[Role], httpx.Client]

GUARDED = sorted((method, path) for (method, path), access in ACCESS.items() if not access.public)
SAMPLE = {
    "point_id": "no-such",
    "facility_id": "no-such",
    "zone_id": "no-such",
    "vehicle_id": "no-such",
    "kind": "vehicle",
    "device_id": "no-such",
    "plan_id": "00000000-0000-4000-8000-000000000000",
    "alarm_id": "1",
}


@pytest.mark.parametrize(("method", "path"), GUARDED)
def test_nobody_passes_without_a_token(api: Api, method: str, path: str) -> None:
    """Without a token, and with one that is not ours, each route that is not public answers 401."""
    for client in (api.client(), api.client("not.a.token")):
        answer = client.request(method, path.format(**SAMPLE))
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(("method", "path"), GUARDED)
def test_each_route_lets_in_its_roles_and_nobody_else(sign_in: SignIn, method: str, path: str) -> None:
    """A role that the table names is not refused (what it asks may be wrong); any other is 403."""
    for role in Role:
        # A radius that is none, so that nothing is calculated where one is taken.
        with sign_in(role).stream(method, path.format(**SAMPLE), params={"radius_m": "none"}) as answer:
            allowed = role in ACCESS[method, path].roles
            assert (answer.status_code != 403) == allowed, f"{role} got {answer.status_code}"
            assert answer.status_code != 401


def test_the_table_names_every_route_and_no_other(api: Api) -> None:
    """Each route of the app has its line in the table of roles, and each line its route."""
    document = api.client().get("/openapi.json").json()
    routes = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert routes == set(ACCESS)


def test_public_routes_are_these() -> None:
    """What needs no sign-in is a short list that changes only on purpose."""
    assert {place for place, access in ACCESS.items() if access.public} == {
        ("GET", "/healthz"),
        ("GET", "/readyz"),
        ("GET", "/metrics"),
        ("POST", "/api/v1/auth/token"),
        ("GET", "/api/v1/public/toilets"),
        ("POST", "/api/v1/public/reports"),
        ("GET", "/api/v1/public/reports/{case_number}"),
    }
