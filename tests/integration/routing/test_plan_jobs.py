"""Plans as jobs: asked for in the database, made by the planner's process, sent over the real broker."""

import queue
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from paho.mqtt.client import Client, ConnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from psycopg import sql

from services.api.route_geometry import load_route_on_roads
from services.broker.address import BrokerAddress
from services.broker.errors import BrokerError
from services.broker.session import take_leave
from services.domain.errors import ConflictError
from services.domain.kinds import Approach, PlanStatus, UnservedReason
from services.domain.registry import CollectionPoint
from services.domain.telemetry import RouteMessage, decode_route
from services.roads.network import RoadNetwork, decode_polyline6
from services.routing.planning import plan_day
from services.routing.publisher import publish_plan
from services.routing.solver_process import SolverProcess
from services.store import plans, registry
from services.store.connection import connect
from services.store.jobs import request_publication
from services.store.routes import load_routes, load_stops
from services.store.visibility import EVERYTHING
from tests.integration.routing.conftest import DAY, NOW, TOWN, ask, done, plan_of, planner_process, row_of, store_town
from tests.road_files import METRE_EAST_DEG, METRE_NORTH_DEG, place
from tests.road_servers import Served, free_port, wait_until

pytestmark = pytest.mark.usefixtures("planner")


def test_a_day_is_planned_within_its_time_and_told_while_it_is(town_database: str) -> None:
    """What can be served is, on real roads and with an empty truck at the end; the rest each has its reason."""
    with connect(town_database, autocommit=True) as listening:
        listening.execute("LISTEN plan_changed")
        listening.execute("LISTEN plan_progress")
        done(town_database, ask(town_database))  # the solver is loaded by now
        plan_id = ask(town_database, time_limit_s=3.0)
        plan = done(town_database, plan_id)
        heard = [(note.channel, note.payload) for note in listening.notifies(timeout=0.5)]
    assert plan.status is PlanStatus.READY
    assert plan.started_at is not None
    assert plan.finished_at is not None
    assert (plan.finished_at - plan.started_at).total_seconds() < 60  # 3 s, and a machine that is busy
    with connect(town_database) as connection:
        stops = load_stops(connection, plan_id)
        unserved = plans.load_unserved(connection, plan_id)
        progress = plans.load_progress(connection, plan_id)
    assert sorted(stop.id or "" for stop in stops if stop.kind == "point") == ["P1", "P2", "P3", "P4"]
    assert [(row.point_id, row.reason) for row in unserved] == [
        ("ISLE", UnservedReason.UNREACHABLE),
        ("PIT", UnservedReason.NO_VEHICLE_MAY_SERVE),
        ("SEA", UnservedReason.NO_ROAD_NEARBY),
    ]
    assert all(row.detail.endswith(".") for row in unserved)
    assert (plan.served, plan.failure) == (4, None)
    # 400 kg in trucks of 250 kg: at least two unloadings, and nobody comes home loaded
    assert sum(stop.kind == "station" for stop in stops) >= 2
    assert {stop.load_kg for stop in stops if stop.kind == "depot"} == {0.0}
    assert [row.cost for row in progress] == sorted((row.cost for row in progress), reverse=True)
    assert progress[-1].unserved == 3
    # told on the scale of the finished plan: service, tipping and waiting are paid too
    assert progress[-1].cost == pytest.approx(plan.cost, rel=0.02)
    assert ("plan_changed", str(plan_id)) in heard
    assert ("plan_progress", str(plan_id)) in heard


@pytest.mark.parametrize(
    ("asked", "note", "reasons"),
    [
        ({"point_ids": ()}, f"Nothing is due on {DAY}.", set()),
        ({"vehicle_ids": ()}, "There is no vehicle that could go out.", {UnservedReason.NO_VEHICLE_MAY_SERVE}),
    ],
    ids=["nothing due", "no truck"],
)
def test_a_day_without_work_or_trucks_is_ready_with_a_note(
    town_database: str, asked: dict[str, object], note: str, reasons: set[UnservedReason]
) -> None:
    """There is nothing to fail on: no routes, and every due visit has its reason."""
    plan = done(town_database, ask(town_database, **asked))
    assert (plan.status, plan.notes) == (PlanStatus.READY, [note])
    with connect(town_database) as connection:
        assert load_routes(connection, plan.plan_id) == []
        unserved = plans.load_unserved(connection, plan.plan_id)
    assert {row.reason for row in unserved if row.point_id != "SEA"} == reasons


def test_a_request_that_cannot_be_met_fails_with_a_sentence(town_database: str) -> None:
    """The sentence names what is not there."""
    plan = done(town_database, ask(town_database, vehicle_ids=("V9",)))
    assert (plan.status, plan.failure) == (PlanStatus.FAILED, "There is no vehicle 'V9' in the register.")


def test_a_plan_is_cancelled_at_once(town_database: str) -> None:
    """One that is being solved stops within seconds, a done one is too late, and the next is not disturbed."""
    plan_id = ask(town_database, time_limit_s=300.0)
    waiting_id = ask(town_database, time_limit_s=300.0)
    wait_until(lambda: plan_of(town_database, plan_id).status is PlanStatus.SOLVING, 300)
    with connect(town_database) as connection:
        assert plans.cancel_plan(connection, waiting_id, NOW).status is PlanStatus.CANCELLED
        plans.cancel_plan(connection, plan_id, NOW)
    assert done(town_database, plan_id, 10).status is PlanStatus.CANCELLED
    with connect(town_database) as connection, pytest.raises(ConflictError, match="is cancelled already"):
        plans.cancel_plan(connection, plan_id, NOW)
    assert done(town_database, ask(town_database)).status is PlanStatus.READY
    assert plan_of(town_database, waiting_id).status is PlanStatus.CANCELLED


@contextmanager
def terminal(mqtt_url: str) -> Iterator["queue.SimpleQueue[MQTTMessage]"]:
    """Listen to all routes as the services' account, as a terminal that has just connected does."""
    address = BrokerAddress.parse(mqtt_url)
    client = Client(CallbackAPIVersion.VERSION2, client_id=f"terminal-{time.monotonic_ns()}")
    client.username_pw_set(address.username, address.password)
    messages: queue.SimpleQueue[MQTTMessage] = queue.SimpleQueue()
    client.on_message = lambda _client, _data, message: messages.put(message)

    def on_connect(_client: Client, _data: Any, _flags: ConnectFlags, _code: ReasonCode, _: Properties | None) -> None:
        client.subscribe(f"riqing/v1/{TOWN.name}/vehicle/+/route", qos=1)

    client.on_connect = on_connect
    client.connect(address.host, address.port)
    client.loop_start()
    try:
        yield messages
    finally:
        take_leave(client)


def retained_routes(mqtt_url: str, count: int) -> dict[str, RouteMessage]:
    """Return the retained route of every vehicle, once there are so many."""
    with terminal(mqtt_url) as messages:
        found = [messages.get(timeout=10) for _ in range(count)]
    assert all(message.retain for message in found)
    return {message.topic.split("/")[4]: decode_route(message.payload) for message in found}


def publish_and_wait(database_url: str, plan_id: UUID) -> None:
    """Have a plan published and wait until it is."""
    with connect(database_url) as connection:
        request_publication(connection, plan_id)
    wait_until(lambda: plan_of(database_url, plan_id).is_published)


def test_a_published_plan_reaches_every_truck_in_revisions(town_database: str, mqtt_url: str) -> None:
    """Each truck's retained route follows the road; a revision replaces it, and one left at home gets an empty one."""
    first_id = done(town_database, ask(town_database)).plan_id
    publish_and_wait(town_database, first_id)
    first = retained_routes(mqtt_url, 2)
    assert set(first) == {"V1", "V2"}
    assert {message.revision for message in first.values()} == {1}
    assert {message.plan_id for message in first.values()} == {str(first_id)}
    served = [stop for message in first.values() for stop in message.stops if stop.kind == "point"]
    assert sorted(stop.id for stop in served) == ["P1", "P2", "P3", "P4"]
    for message in first.values():
        for before, stop in zip(message.stops, message.stops[1:], strict=False):
            road = decode_polyline6(stop.leg_polyline6)
            for end, at in ((road[0], before), (road[-1], stop)):
                # where the road comes nearest to the place, within the snapping of a few metres
                assert abs(end[0] - at.lon) / METRE_EAST_DEG < 5
                assert abs(end[1] - at.lat) / METRE_NORTH_DEG < 5
    assert {stop.service_s for stop in served} == {60}

    second_id = done(town_database, ask(town_database, vehicle_ids=("V2",))).plan_id
    publish_and_wait(town_database, second_id)
    second = retained_routes(mqtt_url, 2)
    assert {message.revision for message in second.values()} == {2}
    assert second["V1"].stops == ()
    assert [stop.id for stop in second["V2"].stops if stop.kind == "point"] != []
    assert not plan_of(town_database, first_id).is_published

    publish_and_wait(town_database, first_id)
    assert {message.revision for message in retained_routes(mqtt_url, 2).values()} == {3}
    with connect(town_database) as connection:
        assert plans.find_published_plan(connection, DAY) == plan_of(town_database, first_id)
        legs = [stop.leg_polyline6 for stop in load_stops(connection, first_id) if stop.sequence > 1]
    assert all(legs)


def test_a_plan_can_be_published_as_soon_as_it_is_ready(town_database: str) -> None:
    """Asked for with the plan, its publication needs no second request."""
    plan_id = ask(town_database, publish=True)
    wait_until(lambda: plan_of(town_database, plan_id).is_published, 300)
    with connect(town_database) as connection:
        assert plans.find_published_plan(connection, DAY) == plan_of(town_database, plan_id)


def test_a_point_at_the_kerb_is_passed_on_its_own_side(
    town_database: str, roads: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """North of an east-west street it is passed westwards, by a longer way; else by the shortest, eastwards."""
    monkeypatch.setenv("RIQING_ROADS_TRUCK_URL", roads.url)
    driven_m, arrivals = [], []
    for approach in Approach:
        with connect(town_database) as connection:
            point = CollectionPoint("KERB", *place(300, 15), expected_kg=10, approach=approach)
            registry.upsert(connection, registry.POINTS, [row_of(point)], update=("approach",))
        plan_id = done(town_database, ask(town_database, point_ids=("KERB",), vehicle_ids=("V1",))).plan_id
        with connect(town_database) as connection:
            shown = load_route_on_roads(connection, plan_id, "V1", EVERYTHING)
        publish_and_wait(town_database, plan_id)
        with connect(town_database) as connection:
            (stop,) = [stop for stop in load_stops(connection, plan_id) if stop.kind == "point"]
        way = decode_polyline6(stop.leg_polyline6 or "")
        assert shown.with_roads().legs is not None
        assert (shown.with_roads().legs or ())[0] == way
        driven_m.append(stop.leg_distance_m)
        arrivals.append("eastwards" if way[-2][0] < way[-1][0] else "westwards")
    with connect(town_database) as connection:
        connection.execute("DELETE FROM collection_points WHERE point_id = 'KERB'")
    assert arrivals == ["eastwards", "westwards"]
    assert driven_m[1] > 2 * driven_m[0]


def test_only_a_ready_plan_is_published(town_database: str) -> None:
    """A failed one is refused in a sentence."""
    failed = done(town_database, ask(town_database, vehicle_ids=("V9",)))
    with connect(town_database) as connection, pytest.raises(ConflictError, match="is failed; only one that is ready"):
        request_publication(connection, failed.plan_id)


def test_a_planner_that_is_stopped_stops_without_its_database(
    fresh_database: str, mqtt_url: str, roads: Served, tmp_path: Path
) -> None:
    """Also where the database goes away just then: what it says of that does not outweigh that it was told to stop."""
    with connect(fresh_database) as connection:
        store_town(connection)
    log = tmp_path / "planner.log"
    plan_id = ask(fresh_database, time_limit_s=4.0)
    with connect(fresh_database) as holding, connect(fresh_database, autocommit=True) as connection:
        holding.execute("SELECT FROM plans WHERE plan_id = %s FOR UPDATE", [plan_id])  # so that the planner waits
        waiting = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        with planner_process(fresh_database, mqtt_url, roads.url, log) as planner:
            wait_until(lambda: bool(connection.execute(waiting).fetchall()), 300)
            planner.send_signal(signal.SIGTERM)
            wait_until(lambda: "Aborting" in log.read_text())
            name = sql.Identifier(connection.info.dbname)
            connection.execute(sql.SQL("ALTER DATABASE {} CONNECTION LIMIT 0").format(name))
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND usename = current_user AND pid NOT IN (%s, %s)",
                [connection.info.backend_pid, holding.info.backend_pid],
            )
            assert planner.wait(60) == 0
        connection.execute(sql.SQL("ALTER DATABASE {} CONNECTION LIMIT -1").format(name))


def test_a_plan_survives_its_planner(fresh_database: str, mqtt_url: str, roads: Served, tmp_path: Path) -> None:
    """A planner that is killed or stopped in the middle of a search leaves the plan to the next one, whole."""
    with connect(fresh_database) as connection:
        store_town(connection)
    plan_id = ask(fresh_database, time_limit_s=4.0)
    log = tmp_path / "planner.log"
    for end_with, left_as in ((signal.SIGKILL, PlanStatus.SOLVING), (signal.SIGTERM, PlanStatus.QUEUED)):
        with planner_process(fresh_database, mqtt_url, roads.url, log) as planner:
            found_before = progress_of(fresh_database, plan_id)
            wait_until(lambda before=found_before: progress_of(fresh_database, plan_id) not in ([], before), 300)  # type: ignore[misc]
            solver_pids = children_of(planner.pid)
            assert solver_pids
            planner.send_signal(end_with)
            planner.wait(20)
            wait_until(lambda pids=solver_pids: not any(is_running(pid) for pid in pids))  # type: ignore[misc]
        assert plan_of(fresh_database, plan_id).status is left_as
    with planner_process(fresh_database, mqtt_url, roads.url, log):
        assert done(fresh_database, plan_id).status is PlanStatus.READY
    assert "Traceback" not in log.read_text()


def test_roads_that_do_not_answer_fail_the_plan_with_the_remedy(
    fresh_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dispatcher is told what to look at."""
    monkeypatch.setattr("services.roads.network.RESTART_WAIT_S", 0.2)
    with connect(fresh_database) as connection:
        store_town(connection)
    plan_id = ask(fresh_database)
    solver = SolverProcess()
    try:
        with connect(fresh_database, autocommit=True) as connection, nobody_s_roads() as network:
            plan_day(connection, plan_id, network, solver, lambda: False)
    finally:
        solver.close()
    plan = plan_of(fresh_database, plan_id)
    assert plan.status is PlanStatus.FAILED
    assert "riqing import roads" in (plan.failure or "")


def nobody_s_roads() -> RoadNetwork:
    """Return the network of a server that is not there."""
    return RoadNetwork(f"http://127.0.0.1:{free_port()}")


def test_a_broker_that_is_gone_leaves_the_plan_unpublished(town_database: str, roads: Served) -> None:
    """It is ready and stays so; the error, for which the job is tried again, names the broker but not the password."""
    plan_id = done(town_database, ask(town_database)).plan_id
    nobody = f"mqtt://riqing-services:secret@127.0.0.1:{free_port()}"
    with connect(town_database, autocommit=True) as connection, pytest.raises(BrokerError, match="broker at") as caught:
        publish_plan(connection, plan_id, roads.network, nobody)
    assert "secret" not in str(caught.value)
    plan = plan_of(town_database, plan_id)
    assert (plan.status, plan.is_published) == (PlanStatus.READY, False)


def progress_of(database_url: str, plan_id: UUID) -> list[plans.ProgressRow]:
    """Return what a plan's search has found so far."""
    with connect(database_url) as connection:
        return plans.load_progress(connection, plan_id)


def children_of(pid: int) -> list[int]:
    """Return the processes that a process has started."""
    listed = subprocess.run(["pgrep", "--parent", str(pid)], capture_output=True, text=True, check=False)
    return [int(line) for line in listed.stdout.split()]


def is_running(pid: int) -> bool:
    """Tell whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
