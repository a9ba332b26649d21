"""A day that is under way: replanned by the real planner, changed by hand and compared over the real API."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from services.api.app import create_app
from services.api.sign_in import hash_password
from services.domain.clock import TownClock
from services.domain.due import due_visits
from services.domain.kinds import DeviceKind, DueVisitStatus, EvidenceKind, Role
from services.domain.town import Interval
from services.domain.visit import Evidence, Visit
from services.store import registry
from services.store.connection import connect
from services.store.devices import NewDevice, enrol_devices
from services.store.town import save_clock
from services.store.users import User, create_user
from services.store.visits import (
    DueVisitOwner,
    StoredDueVisit,
    insert_due_visits,
    insert_visits,
    load_stored_due_visits,
    update_due_visits,
)
from tests.integration.api.conftest import Api, serving, settings
from tests.integration.routing.conftest import DAY, TOWN, plan_of
from tests.integration.routing.test_plan_jobs import publish_and_wait, retained_routes
from tests.road_servers import Served, wait_until

pytestmark = pytest.mark.usefixtures("planner")

PASSWORD = "a password for tests"
SERVED = {"P1", "P2", "P3", "P4"}
MORNING = TOWN.instant(DAY, 5 * 3600)


@pytest.fixture(scope="module")
def dispatcher(town_database: str, roads: Served) -> Iterator[httpx.Client]:
    """A dispatcher signed in to the API over the small town and its roads, at five in the morning."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("RIQING_ROADS_TRUCK_URL", roads.url)
        with connect(town_database) as connection:
            create_user(connection, User("dispatcher-1", Role.DISPATCHER, hash_password(PASSWORD)))
            enrol_devices(
                connection,
                [NewDevice(DeviceKind.VEHICLE, name, name) for name in ("V1", "V2")]
                + [NewDevice(DeviceKind.STATION, "S1", "S1")],
                MORNING,
            )
            due = due_visits(TOWN, registry.load_points(connection), DAY)
            insert_due_visits(connection, due, {one.point_id: DueVisitOwner(None, None) for one in due}, MORNING)
        set_clock(town_database, MORNING)
        with serving(create_app(settings(), town_database), town_database) as api:
            yield signed_in(api)


def signed_in(api: Api) -> httpx.Client:
    """Return a client of the dispatcher."""
    return api.client(api.token("dispatcher-1", PASSWORD))


def set_clock(database_url: str, now: datetime) -> None:
    """Let it be `now` in the town, and stay so."""
    with connect(database_url) as connection:
        save_clock(connection, TownClock(datetime.now(UTC), now, 1e-6, simulated=True))


def ready(client: httpx.Client, answer: httpx.Response) -> dict[str, Any]:
    """Wait for the plan that was asked for and return it."""
    assert answer.status_code == 202, answer.text
    place = answer.headers["Location"]
    wait_until(lambda: client.get(place).json()["status"] not in ("queued", "solving"), 300)
    plan: dict[str, Any] = client.get(place).json()
    assert plan["status"] == "ready", plan
    return plan


@pytest.fixture(scope="module")
def plan(dispatcher: httpx.Client) -> dict[str, Any]:
    """The day's first plan."""
    return ready(dispatcher, dispatcher.post("/api/v1/plans", json={"date": str(DAY), "time_limit_s": 1.5}))


def visits_of(plan: dict[str, Any]) -> dict[str, str]:
    """Return who serves each point."""
    return {
        stop["id"]: route["vehicle_id"]
        for route in plan["routes"]
        for stop in route["stops"]
        if stop["kind"] == "point"
    }


def stops_of(plan: dict[str, Any], vehicle_id: str) -> list[str]:
    """Return what a vehicle does in order."""
    return [stop["id"] for route in plan["routes"] if route["vehicle_id"] == vehicle_id for stop in route["stops"]]


def test_a_broken_truck_leaves_its_points_to_the_other(dispatcher: httpx.Client, plan: dict[str, Any]) -> None:
    """Before the day has begun it simply stays at home; the revision is the plan's, and remembers."""
    path = f"/api/v1/plans/{plan['id']}"
    revised = ready(dispatcher, dispatcher.post(f"{path}/replan", json={"broken_vehicles": ["V1"], "time_limit_s": 1}))
    assert revised["revision_of"] == plan["id"]
    assert revised["circumstances"]["broken_vehicles"] == ["V1"]
    assert set(visits_of(revised)) == SERVED
    assert set(visits_of(revised).values()) == {"V2"}
    assert dispatcher.get(f"{path}/compare", params={"with": revised["id"]}).status_code == 200


def test_an_insertion_is_priced_and_can_be_made(dispatcher: httpx.Client, plan: dict[str, Any]) -> None:
    """The cheapest place comes first; made by hand it costs what was said, and the plan it was made from stays."""
    path = f"/api/v1/plans/{plan['id']}"
    priced = dispatcher.post(f"{path}/insertions", json={"point_id": "P1", "kg": 20}).raise_for_status().json()
    assert (priced["point_id"], priced["occurrence"], priced["kg"]) == ("P1", 1, 20)
    costs = [place["extra_cost"] for place in priced["places"]]
    assert costs == sorted(costs)
    assert [place["broken"] for place in priced["places"]] == [[]] * len(costs)
    for place in priced["places"]:
        made = {"action": "insert", "point_id": "P1", "kg": 20}
        made |= {name: place[name] for name in ("vehicle_id", "sequence")}
        draft = dispatcher.post(f"{path}/edits", json={"edits": [made]}).raise_for_status().json()
        assert draft["broken"] == []
        assert draft["cost"] - plan["cost"] == pytest.approx(place["extra_cost"], abs=0.02)
        assert draft["distance_m"] - plan["distance_m"] == place["extra_distance_m"]
        assert set(visits_of(draft)) == SERVED
        assert visits_of(draft)["P1"] == place["vehicle_id"]
        assert draft["circumstances"]["urgent_points"] == [{"point_id": "P1", "occurrence": 1, "kg": 20}]
        assert (draft["status"], draft["revision_of"]) == ("ready", plan["id"])
    assert dispatcher.get(path).json() == plan


def test_changes_by_hand_are_timed_checked_and_compared(dispatcher: httpx.Client, plan: dict[str, Any]) -> None:
    """Everything on one small truck without a second unloading is too much for it: it says so, and can be mended."""
    path = f"/api/v1/plans/{plan['id']}"
    mover, old = sorted(visits_of(plan).items())[0]
    new = "V2" if old == "V1" else "V1"
    edits = [
        {"action": "move", "point_id": mover, "vehicle_id": new},
        {"action": "lock", "vehicle_id": new},
    ]
    answer = dispatcher.post(f"{path}/edits", json={"edits": edits})
    assert answer.status_code == 201, answer.text
    draft = answer.json()
    assert answer.headers["Location"] == f"/api/v1/plans/{draft['id']}"
    assert visits_of(draft) == visits_of(plan) | {mover: new}
    comparison = dispatcher.get(f"/api/v1/plans/{draft['id']}/compare", params={"with": plan["id"]}).json()
    assert [(one["point_id"], one["from_vehicle_ids"], one["to_vehicle_ids"]) for one in comparison["moved"]] == [
        (mover, [old], [new])
    ]
    assert comparison["before"]["cost"] == plan["cost"]
    assert comparison["after"]["distance_m"] == draft["distance_m"]
    assert comparison["after"]["tipped_kg"] == 400
    locked = dispatcher.post(
        f"/api/v1/plans/{draft['id']}/edits", json={"edits": [{"action": "move", "point_id": mover, "vehicle_id": old}]}
    )
    assert locked.status_code == 409
    assert "locked" in locked.json()["detail"]
    # 500 kg at P1 are more than a truck of 250 kg holds
    insert = {"action": "insert", "point_id": "P1", "kg": 500, "vehicle_id": new}
    broken = dispatcher.post(f"{path}/edits", json={"edits": [insert]}).raise_for_status().json()
    assert "capacity" in {one["rule"] for one in broken["broken"]}
    assert set(broken["notes"]) >= {one["sentence"] for one in broken["broken"]}


@pytest.mark.parametrize(
    ("route", "body", "status", "words"),
    [
        ("replan", {"broken_vehicles": ["V9"]}, 422, "no vehicle 'V9'"),
        ("replan", {"closed_facilities": ["D1"]}, 422, "'D1'"),
        ("replan", {"urgent_points": [{"point_id": "P9"}]}, 422, "no point 'P9'"),
        ("replan", {"urgent_points": [{"point_id": "P1", "kg": -1}]}, 422, "body.urgent_points.0.kg"),
        ("replan", {"late_vehicles": [{"vehicle_id": "V1", "late_s": 1e9}]}, 422, "body.late_vehicles.0.late_s"),
        ("replan", {"now": "2026-03-10T06:00:00"}, 422, "body.now"),
        ("replan", {"now": "2026-01-10T06:00:00Z"}, 422, "body.now: "),
        ("replan", {"now": "2026-04-10T06:00:00Z"}, 409, "is over"),
        ("replan", {"brokenvehicles": []}, 422, "body.brokenvehicles"),
        ("insertions", {"point_id": "P9"}, 422, "no point 'P9'"),
        ("insertions", {"point_id": "SEA"}, 409, "no road lies near it"),
        ("insertions", {}, 422, "body.point_id"),
        ("edits", {"edits": []}, 422, "body.edits"),
        ("edits", {"edits": [{"action": "fly"}]}, 422, "action"),
        ("edits", {"edits": [{"action": "move", "point_id": "P1", "vehicle_id": "V9"}]}, 409, "V9 takes no part"),
        ("edits", {"edits": [{"action": "move", "point_id": "P9", "vehicle_id": "V1"}]}, 422, "no point 'P9'"),
        ("edits", {"edits": [{"action": "lock", "vehicle_id": "V9"}]}, 422, "no vehicle 'V9'"),
        (
            "edits",
            {"edits": [{"action": "move", "point_id": "P1", "occurrence": 3, "vehicle_id": "V1"}]},
            409,
            "no visit 3",
        ),
        (
            "edits",
            {"edits": [{"action": "move", "point_id": "P1", "vehicle_id": "V1", "sequence": 10**5}]},
            409,
            "beyond its route",
        ),
    ],
)
def test_what_cannot_be_is_one_clear_sentence(
    dispatcher: httpx.Client, plan: dict[str, Any], route: str, body: dict[str, Any], status: int, words: str
) -> None:
    """Unknown names, wrong values and what contradicts the plan are problem details that name them."""
    answer = dispatcher.post(f"/api/v1/plans/{plan['id']}/{route}", json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    assert words in answer.json()["detail"]


NAMES = ["V1", "V2", "V9"]
PLACES = ["P1", "P2", "P3", "P4", "PIT", "SEA", "ISLE", "S1", "P9"]


def test_any_changes_make_a_draft_or_a_sentence(dispatcher: httpx.Client, plan: dict[str, Any]) -> None:
    """Random changes, right and wrong, one upon the other: no fault of the server, and no visit lost or made twice."""
    random = Random(7)
    draft, made = plan, 0
    for _ in range(60):
        edits = [any_edit(random) for _ in range(random.randint(1, 3))]
        answer = dispatcher.post(f"/api/v1/plans/{draft['id']}/edits", json={"edits": edits})
        assert answer.status_code in (201, 409, 422), (edits, answer.text)
        if answer.status_code != 201:
            assert answer.json()["detail"].endswith((".", "]", "'")), answer.json()["detail"]
            continue
        made += 1
        draft = answer.json()
        served = [
            (stop["id"], stop["occurrence"])
            for route in draft["routes"]
            for stop in route["stops"]
            if stop["kind"] == "point"
        ]
        left = [(visit["point_id"], visit["occurrence"]) for visit in draft["unserved"]]
        assert len(set(served)) == len(served)
        assert not set(served) & set(left)
        assert {name for name, occurrence in [*served, *left] if occurrence == 1} == SERVED | {"PIT", "SEA", "ISLE"}
        assert draft["distance_m"] == sum(
            stop["leg_distance_m"] for route in draft["routes"] for stop in route["stops"]
        )
    assert made > 5


def any_edit(random: Random) -> dict[str, Any]:
    """Return a change that may be right or wrong."""
    action = random.choice(["move", "move", "insert", "lock", "unlock", "exclude", "include"])
    edit: dict[str, Any] = {"action": action, "vehicle_id": random.choice(NAMES[: random.choice([2, 2, 2, 3])])}
    if action in ("move", "insert"):
        edit["point_id"] = random.choice(PLACES[: random.choice([4, 4, 9])])
        edit["sequence"] = random.choice([None, None, 1, 2, 3, 5, 40])
    if action == "insert":
        edit["kg"] = random.choice([None, 0, 50, 400])
    if action == "move":
        edit["occurrence"] = random.choice([1, 1, 1, 2])
    return edit


def test_plans_that_are_not_ready_or_of_another_day_are_refused(dispatcher: httpx.Client, plan: dict[str, Any]) -> None:
    """A cancelled plan cannot be revised, nor compared; two days cannot be compared; an unknown plan is not there."""
    other = dispatcher.post("/api/v1/plans", json={"date": "2026-03-11", "time_limit_s": 300}).json()["id"]
    dispatcher.post(f"/api/v1/plans/{other}/cancel").raise_for_status()
    wait_until(lambda: dispatcher.get(f"/api/v1/plans/{other}").json()["status"] == "cancelled")
    edits = {"edits": [{"action": "lock", "vehicle_id": "V1"}]}
    for route, body in (("replan", {}), ("insertions", {"point_id": "P1"}), ("edits", edits)):
        answer = dispatcher.post(f"/api/v1/plans/{other}/{route}", json=body)
        assert (answer.status_code, "is cancelled" in answer.json()["detail"]) == (409, True)
        assert dispatcher.post(f"/api/v1/plans/{uuid4()}/{route}", json=body).status_code == 404
    path = f"/api/v1/plans/{plan['id']}/compare"
    assert dispatcher.get(path, params={"with": other}).status_code == 409
    assert dispatcher.get(path, params={"with": str(uuid4())}).status_code == 404
    assert dispatcher.get(path).status_code == 422
    empty = ready(dispatcher, dispatcher.post("/api/v1/plans", json={"date": "2026-03-11", "time_limit_s": 1}))
    answer = dispatcher.get(path, params={"with": empty["id"]})
    assert (answer.status_code, "of one day" in answer.json()["detail"]) == (409, True)


def test_a_truck_that_breaks_down_on_the_way(
    dispatcher: httpx.Client, town_database: str, plan: dict[str, Any], mqtt_url: str
) -> None:
    """What it has done stays its own, the rest goes to the other truck; both get a revision over the broker."""
    publish_and_wait(town_database, UUID(plan["id"]))
    routes = {route["vehicle_id"]: route["stops"] for route in plan["routes"]}
    broken = max(routes, key=lambda name: sum(stop["kind"] == "point" for stop in routes[name]))
    other = "V2" if broken == "V1" else "V1"
    (first, *rest) = [stop for stop in routes[broken] if stop["kind"] == "point"]
    done_at = datetime.fromisoformat(first["depart_at"])
    set_clock(town_database, done_at + timedelta(seconds=20))
    visit(town_database, first["id"], broken, done_at)
    tip(town_database, "S1", other, 5_000, done_at)
    body = {"broken_vehicles": [broken], "time_limit_s": 1, "publish": True}
    answer = dispatcher.post(f"/api/v1/plans/{plan['id']}/replan", json=body)
    revised = ready(dispatcher, answer)
    assert stops_of(revised, broken) == ["D1", first["id"]]
    assert visits_of(revised) == visits_of(plan) | {stop["id"]: other for stop in rest}
    assert any(note.startswith(f"{broken} has about 100 kg on board") for note in revised["notes"])
    assert stops_of(revised, other)[-2:] == ["S1", "D1"]
    wait_until(lambda: plan_of(town_database, UUID(revised["id"])).is_published)
    sent = retained_routes(mqtt_url, 2)
    assert [stop.id for stop in sent[broken].stops] == ["D1", first["id"]]
    assert {message.revision for message in sent.values()} == {2}
    assert {stop.id for stop in sent[other].stops if stop.kind == "point"} == SERVED - {first["id"]}

    again = dispatcher.post(f"/api/v1/plans/{plan['id']}/replan", json={})
    assert (again.status_code, "was replaced" in again.json()["detail"]) == (409, True)
    move = {"edits": [{"action": "move", "point_id": first["id"], "vehicle_id": other}]}
    settled = dispatcher.post(f"/api/v1/plans/{revised['id']}/edits", json=move)
    assert (settled.status_code, "is done by" in settled.json()["detail"]) == (409, True)
    extra = dispatcher.post(f"/api/v1/plans/{revised['id']}/insertions", json={"point_id": first["id"], "kg": 50})
    assert extra.json()["occurrence"] == 2
    assert {place["vehicle_id"] for place in extra.json()["places"]} == {other}

    set_clock(town_database, done_at + timedelta(days=2))
    late = dispatcher.post(f"/api/v1/plans/{revised['id']}/replan", json={})
    assert (late.status_code, "is over" in late.json()["detail"]) == (409, True)


def visit(database_url: str, point_id: str, vehicle_id: str, ended_at: datetime) -> None:
    """Store that a vehicle has cleared a point, as clearance decides it, and that it still stands there."""
    span = Interval(ended_at - timedelta(seconds=60), ended_at)
    evidence = Evidence(EvidenceKind.SERVICE_EVENT, span, {"source": "button"})
    with connect(database_url) as connection:
        (visit_id,) = insert_visits(connection, DAY, [Visit(point_id, vehicle_id, span, 1.0, (evidence,))], ended_at)
        (due,) = load_stored_due_visits(connection, DAY, [point_id])
        decided = StoredDueVisit(
            due.due, DueVisitStatus.CLEARED, visit_id, ended_at, vehicle_id, vehicle_id, ended_at, None
        )
        update_due_visits(connection, DAY, [decided], ended_at)
        connection.execute(
            "INSERT INTO latest_positions (device_key, observed_at, received_at, lon, lat) "
            "SELECT device_key, %s, now(), lon, lat FROM devices, collection_points "
            "WHERE kind = 'vehicle' AND device_id = %s AND point_id = %s",
            (ended_at, vehicle_id, point_id),
        )


def tip(database_url: str, facility_id: str, vehicle_id: str, kg: float, tipped_at: datetime) -> None:
    """Store a weighing as ingest does."""
    with connect(database_url) as connection:
        connection.execute(
            "INSERT INTO weighings (observed_at, received_at, device_key, net_kg, vehicle_id, direction) "
            "SELECT %s, now(), device_key, %s, %s, 'in' FROM devices WHERE kind = 'station' AND device_id = %s",
            (tipped_at, kg, vehicle_id, facility_id),
        )
