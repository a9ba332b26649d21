"""A town that is one street, in a real database, its streets and roads served, with the API over it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest

from services.api.app import create_app
from services.api.sign_in import hash_password
from services.domain.kinds import Role
from services.domain.town import Town
from services.roads.build import build_roads
from services.store.connection import Connection, connect
from services.store.registry import FACILITIES, POINTS, POPULATION, load_facilities, upsert
from services.store.town import create_town
from services.store.users import create_user
from tests.integration.api import seeded_town
from tests.integration.api.conftest import Api, serving, settings
from tests.road_files import place, write_roads
from tests.road_servers import answers, wait_until
from tests.road_servers import serving as serving_roads

RESIDENTS = [(0, 10), (200, 20), (400, 30), (1000, 200), (1400, 40), (1800, 100)]
"""Metres along the street, and how many live there."""


@dataclass(frozen=True)
class StreetTown:
    """A town that is one street of two kilometres: its database, and the API over it."""

    database_url: str
    api: Api

    def facilities(self) -> dict[str, str]:
        """Return the status of every facility."""
        with connect(self.database_url) as connection:
            return {facility.facility_id: str(facility.status) for facility in load_facilities(connection)}


@pytest.fixture(scope="module")
def street_town(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StreetTown]:
    """The street's town with its roads served."""
    folder = tmp_path_factory.mktemp("street")
    nodes = {number: (200.0 * number, 0.0) for number in range(11)}
    nodes |= {100 + number: (200.0 * number, 60.0) for number in range(11)}
    ways = [([*range(11)], {"highway": "tertiary"})]
    ways += [([number, 100 + number], {"highway": "residential"}) for number in range(11)]
    build_roads(write_roads(folder / "roads.osm.pbf", nodes, ways), folder / "roads")
    with connect(database_url) as connection:
        _fill(connection)
    with pytest.MonkeyPatch.context() as patch, serving_roads(folder / "roads") as roads:
        wait_until(lambda: answers(roads.url))
        patch.setenv("RIQING_ROADS_DIR", str(folder / "roads"))
        patch.setenv("RIQING_ROADS_TRUCK_URL", roads.url)
        patch.setenv("DATABASE_URL", database_url)
        with serving(create_app(settings(), database_url), database_url) as api:
            yield StreetTown(database_url, api)


def _fill(connection: Connection) -> None:
    create_town(connection, Town("street"))
    toilets = [("T1", "in_service", 200), ("T2", "under_renovation", 1800)]
    rows: list[dict[str, Any]] = [
        {"facility_id": name, "kind": "public_toilet", "lon": place(east, 0)[0], "lat": place(east, 0)[1],
         "status": status, "stalls_male": 1, "stalls_female": 1, "design_t_per_day": None}
        for name, status, east in toilets
    ]  # fmt: skip
    station: dict[str, Any] = {
        "facility_id": "S1",
        "kind": "transfer_station",
        "status": "in_service",
        "design_t_per_day": 3.0,
    }
    rows.append({**rows[0], **station, "stalls_male": 0, "stalls_female": 0})
    upsert(connection, FACILITIES, rows, update=["status"])
    cells = [
        {"lon": place(east, 5)[0], "lat": place(east, 5)[1], "residents": float(number)} for east, number in RESIDENTS
    ]
    upsert(connection, POPULATION, cells, update=["residents"])
    points = [
        {"point_id": name, "lon": place(east, 5)[0], "lat": place(east, 5)[1], "container_type": "bin",
         "containers": 1, "expected_kg": kg, "visits_per_day": 1.0, "windows": (), "service_s": 60, "priority": 1}
        for name, east, kg in (("P1", 100, 1000.0), ("P2", 1900, 4000.0))
    ]  # fmt: skip
    upsert(connection, POINTS, points, update=["expected_kg"])
    password_hash = hash_password(seeded_town.PASSWORD)
    create_user(connection, replace(seeded_town.USERS[Role.OFFICE], password_hash=password_hash))


@pytest.fixture(scope="module")
def office(street_town: StreetTown) -> httpx.Client:
    """Somebody of the office."""
    return street_town.api.as_role(Role.OFFICE)
