"""What people who see a part of the town get to see: a contractor's and a driver."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from services.api.sign_in import hash_password
from services.domain.kinds import Role
from services.store.connection import connect
from services.store.users import User, create_user
from tests.integration.api import seeded_town
from tests.integration.api.conftest import Api

SignIn = Callable[[Role], httpx.Client]


def _ids(client: httpx.Client, path: str, **query: Any) -> list[str]:
    return [item["id"] for item in client.get(f"/api/v1/{path}", params=query).raise_for_status().json()["items"]]


def test_a_contractor_sees_its_own_only(sign_in: SignIn) -> None:
    """Zones, points, vehicles and contractors of another are not in its lists."""
    contractor = sign_in(Role.CONTRACTOR)
    assert _ids(contractor, "zones") == ["Z1"]
    assert _ids(contractor, "points") == ["P1", "P2"]
    assert _ids(contractor, "vehicles") == ["V1"]
    assert _ids(contractor, "contractors") == ["C1"]


@pytest.mark.parametrize(
    "path", ["zones/Z2", "points/P3", "points/P4", "vehicles/V2", "vehicles/V2/track", "plans/{plan}/routes/V2"]
)
def test_what_is_anothers_does_not_exist(api: Api, sign_in: SignIn, path: str) -> None:
    """Asked for by its code, what is another contractor's is 404, for the contractor's people and the driver."""
    path = f"/api/v1/{path.format(plan=api.plan_id)}"
    assert sign_in(Role.CONTRACTOR).get(path).status_code == 404
    if path.startswith(("/api/v1/vehicles", "/api/v1/plans")):
        assert sign_in(Role.DRIVER).get(path).status_code == 404
    assert sign_in(Role.OFFICE).get(path).status_code == 200


def test_a_contractors_figures_are_of_its_own(sign_in: SignIn) -> None:
    """Clearance and due visits count its zones only, however grouped or asked for."""
    contractor = sign_in(Role.CONTRACTOR)
    for group_by in ("town", "zone", "contractor", "vehicle", "hour"):
        rows = contractor.get("/api/v1/clearance", params={"group_by": group_by}).json()
        assert sum(row["due"] for row in rows) == 2
        assert not {"Z2", "C2", "V2"} & {row["key"] for row in rows}
    visits = contractor.get("/api/v1/clearance/visits").json()["items"]
    assert [visit["point_id"] for visit in visits] == ["P1", "P2"]
    others = contractor.get("/api/v1/clearance/visits", params={"contractor_id": "C2"}).json()["items"]
    assert others == []


def test_a_contractor_is_not_told_whose_truck_came_to_its_points(api: Api, sign_in: SignIn) -> None:
    """Where another's truck cleared its point, all that names trucks leaves it out: lists, proofs, figures, routes."""
    contractor, place = sign_in(Role.CONTRACTOR), f"{seeded_town.DAY}/P1/1"
    paths = [
        *("clearance/visits", "clearance/visits?point_id=P1", "clearance/visits?vehicle_id=V2"),
        *(f"clearance/visits/{place}", f"clearance/visits/{place}/changes", "clearance?group_by=vehicle"),
        *(f"clearance?group_by=vehicle&start={seeded_town.DAY}&end={seeded_town.DAY}", "driver/route?vehicle_id=V1"),
    ]

    def set_vehicle(name: str) -> None:
        with connect(api.database_url) as connection:
            for statement in (
                "UPDATE due_visits SET vehicle_id = %s, planned_vehicle_id = %s WHERE point_id = 'P1'",
                "UPDATE visits SET vehicle_id = %s WHERE point_id = 'P1'",
                "UPDATE due_visit_changes SET vehicle_id = %s WHERE point_id = 'P1'",
            ):
                connection.execute(statement, [name] * statement.count("%s"))

    set_vehicle("V2")
    for path in paths:
        told = contractor.get(f"/api/v1/{path}").raise_for_status()
        assert '"V2"' not in told.text, path
        assert '"V2"' in sign_in(Role.OFFICE).get(f"/api/v1/{path}").text, path
    (visit,) = contractor.get("/api/v1/clearance/visits?point_id=P1").json()["items"]
    assert (visit["status"], visit["vehicle_id"], len(visit["evidence"])) == ("cleared", None, 1)
    figures = {row["key"]: row["cleared"] for row in contractor.get("/api/v1/clearance?group_by=vehicle").json()}
    assert figures["unassigned"] == 1
    assert '"V2"' not in sign_in(Role.DRIVER).get("/api/v1/driver/route").text
    set_vehicle("V1")
    assert '"V1"' in contractor.get("/api/v1/clearance/visits?point_id=P1").text


def test_a_contractors_person_without_a_contractor_sees_nothing(api: Api) -> None:
    """A sign-in of that role that names no contractor is shown nobody's rows, not everybody's."""
    with connect(api.database_url) as connection:
        create_user(connection, User("unassigned", Role.CONTRACTOR, hash_password(seeded_town.PASSWORD)))
    nobody = api.client(api.token("unassigned", seeded_town.PASSWORD))
    for path in ("clearance/visits", "points", "zones", "vehicles", "contractors", "alarms", "cases"):
        assert nobody.get(f"/api/v1/{path}").raise_for_status().json()["items"] == [], path
    assert nobody.get("/api/v1/clearance").json() == []


@pytest.mark.parametrize("role", [Role.CONTRACTOR, Role.DRIVER])
def test_a_limited_view_of_a_plan(api: Api, sign_in: SignIn, role: Role) -> None:
    """Their routes with the sums of these; neither the town's cost nor what others leave out."""
    plan = sign_in(role).get(f"/api/v1/plans/{api.plan_id}").json()
    assert [route["vehicle_id"] for route in plan["routes"]] == ["V1"]
    assert (plan["cost"], plan["distance_m"], plan["served"], plan["unserved"]) == (None, 4000, 2, [])
    listed = sign_in(role).get("/api/v1/plans").json()["items"]
    assert [(item["id"], item["cost"], item["served"]) for item in listed] == [(str(api.plan_id), None, None)]


def test_drafts_are_hidden_from_a_limited_view(sign_in: SignIn) -> None:
    """A plan that was never sent out is for those who plan and the office."""
    draft = sign_in(Role.DISPATCHER).post("/api/v1/plans", json={"date": "2026-11-21"}).json()["id"]
    for role in (Role.CONTRACTOR, Role.DRIVER):
        assert sign_in(role).get(f"/api/v1/plans/{draft}").status_code == 404
        assert draft not in _ids(sign_in(role), "plans")
    assert draft in _ids(sign_in(Role.OFFICE), "plans")


def test_a_driver_sees_one_vehicle(api: Api, sign_in: SignIn) -> None:
    """The driver's own vehicle and its route, nothing else."""
    driver = sign_in(Role.DRIVER)
    assert _ids(driver, "vehicles") == ["V1"]
    assert driver.get(f"/api/v1/plans/{api.plan_id}/routes/V1").status_code == 200
    assert driver.get("/api/v1/points").status_code == 403
