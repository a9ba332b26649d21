"""The whole specification against the real API, broker and roads: no answer is a fault or outside its schema.

`RIQING_SPECIFICATION_EXAMPLES` says how many requests an operation gets; `docs/api.md` has the command for a long run.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase
from hypothesis import settings as examples
from schemathesis import checks

from services.api.app import create_app
from services.domain.kinds import Role
from services.roads.build import build_roads
from services.store.connection import connect
from tests.integration.api import seeded_town
from tests.integration.api.conftest import Api, serving, settings
from tests.road_files import LAT, LON, METRE_EAST_DEG, METRE_NORTH_DEG, write_roads
from tests.road_servers import answers, wait_until
from tests.road_servers import serving as serving_roads

pytestmark = pytest.mark.timeout(3600)

EXAMPLES = int(os.environ.get("RIQING_SPECIFICATION_EXAMPLES", "6"))
"""Requests that an operation gets of an admin; a contractor's person sends half as many."""

STREAMS = r"/(live|events)$"
"""They do not end by themselves; test_live.py reads them."""

CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]

DOCUMENT = create_app(settings(), "postgresql://nobody@127.0.0.1:1/none").openapi()
SPECIFICATION = schemathesis.openapi.from_dict(DOCUMENT).exclude(path_regex=STREAMS)

KNOWN = {
    "point_id": "P1",
    "zone_id": "Z1",
    "vehicle_id": "V1",
    "facility_id": "S1",
    "alarm_id": "1",
    "user_name": "driver-1",
    "device_id": "V1",
}
"""What every other request names instead of something made up."""


def seeded(count: int) -> examples:
    """Return how an operation is tried: the same requests each time."""
    return examples(
        max_examples=count,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


def _street(folder: Path) -> Path:
    """Build the roads of the seeded town, one street through all its places, and return their folder."""
    east_m, north_m = (116.0 - LON) / METRE_EAST_DEG, (40.0 - LAT) / METRE_NORTH_DEG
    nodes = {number: (east_m + 1000.0 * number, north_m) for number in range(31)}
    build_roads(write_roads(folder / "roads.osm.pbf", nodes, [([*nodes], {"highway": "residential"})]), folder)
    return folder


@pytest.fixture(scope="module")
def _roads(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder = _street(tmp_path_factory.mktemp("roads"))
    with serving_roads(folder) as served, pytest.MonkeyPatch.context() as patch:
        wait_until(lambda: answers(served.url))
        patch.setenv("RIQING_ROADS_DIR", str(folder))
        for name in ("RIQING_ROADS_TRUCK_URL", "RIQING_ROADS_FOOT_URL"):
            patch.setenv(name, served.url)
        yield


@pytest.fixture(scope="module")
def town(database_url: str, mqtt_url: str, _roads: None) -> Iterator[Api]:
    """The API over a seeded town, with a broker and roads."""
    with connect(database_url) as connection:
        plan_id = seeded_town.build(connection)
    with serving(create_app(settings(mqtt_url), database_url), database_url) as running:
        running.plan_id = plan_id
        yield running


SignIn = Callable[[Role, str], httpx.Client]


@pytest.fixture(scope="module")
def signed_in(town: Api) -> SignIn:
    """Give a signed-in client of a role for a path; the one that ends its session gets another each time."""
    kept: dict[Role, httpx.Client] = {}

    def client(role: Role, path: str) -> httpx.Client:
        if path.endswith("/auth/sign-out"):
            return town.as_role(role)
        if role not in kept:
            kept[role] = town.as_role(role)
        return kept[role]

    return client


def _ask(case: schemathesis.Case[Any], town: Api, client: httpx.Client) -> None:
    if (case.path_parameters or {}) and len(repr(case.path_parameters)) % 2:
        known = KNOWN | {"plan_id": str(town.plan_id)}
        case.path_parameters = {name: known.get(name, value) for name, value in case.path_parameters.items()}
    answer = case.call(base_url=town.url, headers={"Authorization": client.headers["Authorization"]})
    case.validate_response(answer, checks=CHECKS)


@SPECIFICATION.parametrize()
@seeded(EXAMPLES)
def test_as_admin(case: schemathesis.Case[Any], town: Api, signed_in: SignIn) -> None:
    """Any request that the specification allows or nearly allows, by somebody who may do everything."""
    _ask(case, town, signed_in(Role.ADMIN, case.operation.path))


@SPECIFICATION.include(method="GET").parametrize()
@seeded(max(1, EXAMPLES // 2))
def test_reading_as_a_contractor(case: schemathesis.Case[Any], town: Api, signed_in: SignIn) -> None:
    """What is asked by somebody who sees a part of the town."""
    _ask(case, town, signed_in(Role.CONTRACTOR, case.operation.path))
