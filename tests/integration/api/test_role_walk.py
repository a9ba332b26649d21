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
    "limit_id": "no-such",
    "service_date": "2026-11-21",
    "occurrence": "1",
    "period": "none",
    "user_name": "no-such",
    "case_number": "20261121-AAAAA",
    "report_id": "00000000-0000-4000-8000-000000000000",
    "begins_on": "2026-11-21",
    "scenario_id": "00000000-0000-4000-8000-000000000000",
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
def test_each_route_lets_in_its_roles_and_nobody_else(api: Api, sign_in: SignIn, method: str, path: str) -> None:
    """A role that the table names is not refused (what it asks may be wrong); any other is 403."""
    for role in Role:
        client = api.as_role(role) if path.endswith("/auth/sign-out") else sign_in(role)  # it ends its session
        # A radius that is none, so that nothing is calculated where one is taken.
        with client.stream(method, path.format(**SAMPLE), params={"radius_m": "none"}) as answer:
            allowed = role in ACCESS[method, path].roles
            assert (answer.status_code != 403) == allowed, f"{role} got {answer.status_code}"
            assert answer.status_code != 401


OWNED = {
    "zone_id": ("Z1", "Z2"),
    "point_id": ("P1", "P3"),
    "vehicle_id": ("V1", "V2"),
}
"""Path parameters by which one contractor's things are named: what C1's people and V1's driver have, and another's."""

WITH_OWNER = [(path, name) for method, path in GUARDED if method == "GET" for name in OWNED if f"{{{name}}}" in path]
OTHERS = ("Z2", "P3", "P4", "V2", "C2", "乙", "点 P3", "京AV2")
"""Codes and names of what is not C1's."""


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize(("path", "name"), WITH_OWNER)
def test_each_owned_thing_is_there_for_its_owners_only(
    api: Api, sign_in: SignIn, role: Role, path: str, name: str
) -> None:
    """Every path × role × owner: one's own is 200, another's 404, and 403 whatever it is where the role is shut out."""
    own, anothers = (path.format(**{**SAMPLE, "plan_id": str(api.plan_id), name: code}) for code in OWNED[name])
    statuses = (sign_in(role).get(own).status_code, sign_in(role).get(anothers).status_code)
    if role not in ACCESS["GET", path].roles:
        assert statuses == (403, 403)
    elif role in (Role.CONTRACTOR, Role.DRIVER):
        assert statuses == (200, 404)
    else:
        assert statuses == (200, 200)


@pytest.mark.parametrize("role", [Role.CONTRACTOR, Role.DRIVER])
@pytest.mark.parametrize("path", sorted(path for method, path in GUARDED if method == "GET"))
def test_no_answer_names_what_is_anothers(api: Api, sign_in: SignIn, role: Role, path: str) -> None:
    """Whatever route somebody limited asks, in whichever format, nothing of another contractor stands in the answer."""
    if role not in ACCESS["GET", path].roles or path.endswith("/live"):  # streams: test_live.py
        return
    mine = {name: codes[0] for name, codes in OWNED.items()}
    where = path.format(**{**SAMPLE, **mine, "plan_id": str(api.plan_id)})
    for accepted in ("application/json", "application/geo+json", "text/csv"):
        for group_by in ("town", "zone", "contractor", "vehicle", "hour"):
            answer = sign_in(role).get(where, headers={"Accept": accepted}, params={"group_by": group_by})
            found = [code for code in OTHERS if code in answer.text]
            assert not found, f"{where} as {accepted} tells {role} of {found}"


def test_the_seeded_town_has_something_to_hide(sign_in: SignIn) -> None:
    """The words that must not be told are in what the office is told."""
    paths = ("zones", "points", "vehicles", "contractors", "clearance/visits")
    told = "".join(sign_in(Role.OFFICE).get(f"/api/v1/{path}").text for path in paths)
    assert all(word in told for word in OTHERS)


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
        ("GET", "/api/v1/map/base"),
        ("GET", "/api/v1/map/base/archive"),
        ("GET", "/api/v1/public/town"),
        ("GET", "/api/v1/public/streets"),
        ("GET", "/api/v1/public/toilets"),
        ("GET", "/api/v1/public/walks"),
        ("PUT", "/api/v1/public/reports/{case_number}/photo"),
        ("POST", "/api/v1/public/reports"),
        ("GET", "/api/v1/public/reports/{case_number}"),
    }
