"""The short way: the same answers as the whole way, for the same people, and never one from before a change."""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import count

import httpx
import pytest
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from services.api.announcements import KnownDay
from services.api.app import create_app
from services.api.database import Database
from services.api.kept_answers import DERIVED, MADE_OF
from services.api.single_things import WHOLE_FROM, SingleThings
from services.domain.kinds import Role
from services.store.connection import Connection, connect
from services.store.visibility import Visibility
from tests.integration.api import seeded_town
from tests.integration.api.conftest import Api, serving, settings
from tests.integration.api.seeded_town import DAY
from tests.road_servers import wait_until

KEPT = [
    "/api/v1/town",
    "/api/v1/zones",
    "/api/v1/zones/Z1",
    "/api/v1/contractors",
    "/api/v1/points",
    "/api/v1/points?limit=1",
    "/api/v1/points?zone_id=Z1",
    "/api/v1/points?state=cleared",
    "/api/v1/vehicles",
    "/api/v1/vehicles?online=true",
    "/api/v1/plans",
    "/api/v1/clearance",
    "/api/v1/clearance?group_by=vehicle",
    f"/api/v1/clearance?date={DAY}&group_by=zone",
    "/api/v1/alarms",
    "/api/v1/cases",
]
SINGLE = [
    "/api/v1/vehicles/V1",
    "/api/v1/vehicles/V2",
    "/api/v1/vehicles/V1/track",
    "/api/v1/points/P1",
    "/api/v1/points/P3",
    "/api/v1/facilities/S1",
    "/api/v1/facilities/T1",
    "/api/v1/clearance/visits?point_id=P1",
    "/api/v1/clearance/visits?point_id=P3",
    "/api/v1/plans/{plan_id}/routes/V1",
    "/api/v1/plans/{plan_id}/routes/V2",
    "/api/v1/auth/me",
]
OTHERS = ("V2", "Z2", "C2", "P3", "P4", "乙")
"""What is not of the first contractor."""
PASSING = {"date", "content-length", "content-encoding", "etag"}
"""Headers that may differ between the ways: a tag need not be the same, and all but kept answers are packed lightly."""


@dataclass
class WholeWay:
    """Counts the requests that go the whole way."""

    requests: int = 0

    def taken_by(self, asking: Callable[[], object]) -> bool:
        """Tell whether what `asking` asks went the whole way."""
        before = self.requests
        asking()
        return self.requests != before

    def middleware(self) -> Middleware:
        """Return the middleware that counts, to be put behind the short way."""

        def counting(app: ASGIApp) -> ASGIApp:
            async def count_and_answer(scope: Scope, receive: Receive, send: Send) -> None:
                self.requests += scope["type"] == "http"
                await app(scope, receive, send)

            return count_and_answer

        return Middleware(counting)


@pytest.fixture(scope="module")
def whole_way() -> WholeWay:
    """Counts what the API was asked the whole way."""
    return WholeWay()


@pytest.fixture(scope="module")
def api(database_url: str, whole_way: WholeWay) -> Iterator[Api]:
    """The API over the seeded town."""
    with connect(database_url) as connection:
        plan_id = seeded_town.build(connection)
    app = create_app(settings(), database_url)
    app.user_middleware.insert(1, whole_way.middleware())
    with serving(app, database_url) as running:
        running.plan_id = plan_id
        wait_until(lambda: running.app.state.parts.announcements.is_listening, 20)
        yield running


_turns = count()


def _whole(client: httpx.Client, path: str) -> httpx.Response:
    """Ask in a way that the short way does not know and has not kept."""
    return client.get(path, headers={"Accept": f"application/json, text/x-{next(_turns)}"})


def _content(answer: httpx.Response) -> str:
    """Return what is answered, but for the instant at which a track ends."""
    return re.sub('"end":"[^"]+"', "", answer.text) if answer.status_code == 200 else ""


@pytest.mark.parametrize("path", KEPT + SINGLE)
@pytest.mark.parametrize("role", [Role.ADMIN, Role.INSPECTOR, Role.CONTRACTOR, Role.DRIVER])
def test_both_ways_answer_the_same(
    api: Api, sign_in: Callable[[Role], httpx.Client], whole_way: WholeWay, path: str, role: Role
) -> None:
    """Status, content and headers; the second time nothing that is answered goes the whole way."""
    client, path = sign_in(role), path.format(plan_id=api.plan_id)
    whole = _whole(client, path)
    client.get(path)
    for _ in range(5):  # whose a session is, is asked of the store every few seconds, which is the whole way
        before = whole_way.requests
        short = client.get(path)
        if whole_way.requests == before:
            break
    assert (whole_way.requests == before) == (whole.status_code == 200), "the short way is not taken"
    assert short.status_code == whole.status_code
    assert _content(short) == _content(whole)
    kept = {name: value for name, value in short.headers.items() if name not in PASSING}
    assert kept == {name: value for name, value in whole.headers.items() if name not in PASSING}
    assert ("etag" in short.headers) == ("etag" in whole.headers)


@pytest.mark.parametrize("path", KEPT + SINGLE)
def test_nobody_is_given_what_was_kept_for_another(
    api: Api, sign_in: Callable[[Role], httpx.Client], path: str
) -> None:
    """After those who see the whole town have asked, a contractor's person still sees its own, and the reverse."""
    path = path.format(plan_id=api.plan_id)
    own_before, all_before = _whole(sign_in(Role.CONTRACTOR), path), _whole(sign_in(Role.ADMIN), path)
    for role in (Role.ADMIN, Role.INSPECTOR, Role.DISPATCHER, Role.CONTRACTOR, Role.ADMIN, Role.CONTRACTOR):
        answer = sign_in(role).get(path)
        expected = own_before if role is Role.CONTRACTOR else all_before
        assert answer.status_code == expected.status_code
        if not path.endswith("/auth/me"):
            assert _content(answer) == _content(expected)
        if role is Role.CONTRACTOR and answer.status_code == 200 and "facilities" not in path:
            assert not [name for name in OTHERS if f'"{name}"' in answer.text]


def test_lists_of_what_is_at_hand(
    sign_in: Callable[[Role], httpx.Client], whole_way: WholeWay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once all vehicles are loaded because many are asked for, pages of them are the same as from the store."""
    made: list[bytes | None] = []
    page_of_vehicles = SingleThings.page_of_vehicles

    async def noted(self: SingleThings, query: bytes, visible: Visibility, day: KnownDay) -> bytes | None:
        made.append(await page_of_vehicles(self, query, visible, day))
        return made[-1]

    monkeypatch.setattr(SingleThings, "page_of_vehicles", noted)
    admin, limits = sign_in(Role.ADMIN), count(100)
    single = [admin.get("/api/v1/vehicles/V1").text for _ in range(WHOLE_FROM)]
    assert set(single) == {_whole(admin, "/api/v1/vehicles/V1").text}

    def is_at_hand(client: httpx.Client, path: str) -> bool:
        made[:], before = [None], whole_way.requests
        client.get(path)
        return whole_way.requests == before and made[-1] is not None

    wait_until(lambda: is_at_hand(admin, f"/api/v1/vehicles?limit={next(limits)}"), 20)
    for role in (Role.ADMIN, Role.CONTRACTOR, Role.DRIVER):
        client, path, pages = sign_in(role), "/api/v1/vehicles?limit=1", 0
        while path:
            wait_until(partial(is_at_hand, client, path), 20)
            whole = _whole(client, path)
            assert made[-1] == client.get(path).content == whole.content
            cursor, pages = whole.json()["next_cursor"], pages + 1
            path = "" if cursor is None else f"/api/v1/vehicles?limit=1&cursor={cursor}"
        assert pages == (2 if role is Role.ADMIN else 1)


CHANGES = [
    ("/api/v1/zones", "UPDATE zones SET name = 'zone {n}' WHERE zone_id = 'Z1'", "zone {n}"),
    ("/api/v1/zones/Z1", "UPDATE zones SET responsible = 'somebody {n}' WHERE zone_id = 'Z1'", "somebody {n}"),
    ("/api/v1/town", "UPDATE town SET name = 'town {n}'", "town {n}"),
    ("/api/v1/contractors", "UPDATE contractors SET name = 'company {n}' WHERE contractor_id = 'C1'", "company {n}"),
    ("/api/v1/points", "UPDATE collection_points SET name = 'point {n}' WHERE point_id = 'P1'", "point {n}"),
    ("/api/v1/points/P1", "UPDATE collection_points SET name = 'place {n}' WHERE point_id = 'P1'", "place {n}"),
    (
        "/api/v1/points/P1",
        "UPDATE due_visits SET status = CASE WHEN {n} % 2 = 0 THEN 'missed' ELSE 'cleared' END WHERE point_id = 'P1'",
        '"missed":{other}',
    ),
    (
        "/api/v1/points?zone_id=Z1",
        "UPDATE due_visits SET status = CASE WHEN {n} % 2 = 0 THEN 'missed' ELSE 'cleared' END WHERE point_id = 'P1'",
        '"missed":{other}',
    ),
    ("/api/v1/points?zone_id=Z1", "UPDATE collection_points SET name = 'own {n}' WHERE point_id = 'P1'", "own {n}"),
    (
        "/api/v1/points?state=missed",
        "UPDATE due_visits SET status = CASE WHEN {n} % 2 = 0 THEN 'missed' ELSE 'cleared' END WHERE point_id = 'P1'",
        '"next_cursor"',
    ),
    ("/api/v1/clearance", "UPDATE due_visits SET expected_kg = 1000 + {n} WHERE point_id = 'P1'", '"expected_kg":'),
    (
        "/api/v1/clearance/visits?point_id=P1",
        "UPDATE due_visits SET expected_kg = 2000 + {n} WHERE point_id = 'P1'",
        '"expected_kg":200{n}',
    ),
    (
        "/api/v1/clearance/visits?point_id=P1",
        "UPDATE visits SET evidence = jsonb_set(evidence, '{{0,detail}}', '{{\"source\": \"tag {n}\"}}') "
        "WHERE point_id = 'P1'",
        "tag {n}",
    ),
    ("/api/v1/vehicles", "UPDATE latest_positions SET heading_deg = {n}", '"heading_deg":{n}.0'),
    ("/api/v1/vehicles/V1", "UPDATE latest_positions SET heading_deg = 10{n}", '"heading_deg":10{n}.0'),
    ("/api/v1/vehicles/V1", "UPDATE vehicles SET plate = 'plate {n}' WHERE vehicle_id = 'V1'", "plate {n}"),
    ("/api/v1/plans", "UPDATE plans SET failure = 'failure {n}'", "failure {n}"),
    (
        "/api/v1/plans/{{plan_id}}/routes/V1",
        "UPDATE routes SET distance_m = 7770 + {n} WHERE vehicle_id = 'V1'",
        '"distance_m":777{n}',
    ),
    ("/api/v1/alarms", 'UPDATE alarms SET detail = \'{{"n": "alarm {n}"}}\'', "alarm {n}"),
    ("/api/v1/cases", "UPDATE cases SET description = 'case {n}'", "case {n}"),
    ("/api/v1/clock", "UPDATE town_clock SET speed = 1 + {n}", '"speed":{speed}'),
]


@pytest.mark.parametrize(("path", "statement", "shown"), CHANGES)
def test_a_change_is_seen_by_whoever_asks_after_it(
    api: Api, admin: httpx.Client, path: str, statement: str, shown: str
) -> None:
    """Whoever changes the store: who asks once that is committed never gets an answer from before, in no run."""
    path = path.format().format(plan_id=api.plan_id)
    with connect(api.database_url, autocommit=True) as connection:
        if path.endswith("/alarms"):
            connection.execute(
                "INSERT INTO alarms (kind, subject_kind, subject_id, raised_at, detail) "
                "VALUES ('device_silent', 'vehicle', 'V9', now(), '{}')"
            )
        if path.endswith("/cases"):
            connection.execute(
                "INSERT INTO cases (case_number, status, source, description, reported_at) "
                "VALUES ('N1', 'reported', 'resident', '-', now()) ON CONFLICT DO NOTHING"
            )
        last = ""
        for turn in range(8):
            admin.get(path)
            last = admin.get(path).text
            connection.execute(statement.format(n=turn))
            answer = admin.get(path)
            assert shown.format(n=turn, other=int(turn % 2 == 0), speed=turn + 1.0) in answer.text
            assert answer.text != last or "missed" in shown or turn == 0


def test_a_page_of_points_holds_while_others_are_visited(api: Api, admin: httpx.Client, whole_way: WholeWay) -> None:
    """What is decided of other points leaves it; of one of its own, or of so many that none is named, does not."""
    path, of = "/api/v1/points?zone_id=Z1", "UPDATE due_visits SET decided_at = now() WHERE point_id = "

    def is_asked_for_again(statement: str) -> bool:
        for _ in range(5):  # whose a session is, is asked of the store every few seconds, which is the whole way
            admin.get(path)
            with connect(api.database_url, autocommit=True) as connection:
                connection.execute(statement)
            before = whole_way.requests
            assert admin.get(path).text == _whole(admin, path).text
            if whole_way.requests == before + 1:
                return False
        return True

    assert not is_asked_for_again(f"{of} 'P3'")
    assert is_asked_for_again(f"{of} 'P1'")
    assert is_asked_for_again("NOTIFY table_changed, 'due_visits'")
    assert is_asked_for_again("UPDATE zones SET responsible = responsible")
    assert not is_asked_for_again(f"{of} 'P3'")


def test_what_is_not_due_holds_while_others_are(api: Api, admin: httpx.Client, whole_way: WholeWay) -> None:
    """That nothing is due at a point is kept, until the day has no due visit anywhere: then the register tells."""
    path, states = "/api/v1/points/P4", []

    def state() -> str:
        for _ in range(2):
            answer = admin.get(path)
            assert answer.text == _whole(admin, path).text
        return str(answer.json()["day"]["state"])

    with connect(api.database_url, autocommit=True) as connection:
        connection.execute("CREATE TEMP TABLE due AS SELECT * FROM due_visits")
        connection.execute("DELETE FROM due_visits WHERE point_id = 'P4'")
        states.append(state())
        wait_until(lambda: not whole_way.taken_by(lambda: admin.get(path)), 20)
        connection.execute("DELETE FROM due_visits")
        states.append(state())
        connection.execute("INSERT INTO due_visits SELECT * FROM due WHERE point_id <> 'P4'")
        states.append(state())
        connection.execute("DELETE FROM due_visits")
        states.append(state())
        connection.execute("INSERT INTO due_visits SELECT * FROM due")
    assert states == ["not_due", "pending", "not_due", "pending"]


def test_what_passes_with_time_is_not_kept(admin: httpx.Client, whole_way: WholeWay) -> None:
    """A day that has not begun is worked out by the clock each time."""
    for path in ("clearance", "points"):
        before = whole_way.requests
        for _ in range(3):
            assert admin.get(f"/api/v1/{path}?date={DAY + timedelta(days=1)}").status_code == 200
        assert whole_way.requests == before + 3


def test_what_is_kept_says_what_it_is_made_of(api: Api, admin: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every table that a kept answer reads is among those whose changes end it."""
    read: set[str] = set()

    @contextmanager
    def watched(self: Database) -> Iterator[Connection]:
        with self._pool.connection() as connection:
            connection.autocommit = False
            yield connection
            locked = connection.execute(
                "SELECT relname FROM pg_locks JOIN pg_class ON pg_class.oid = relation "
                "WHERE pid = pg_backend_pid() AND relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
            )
            if threading.current_thread().name != "live feed":  # which looks of its own accord, whoever asks
                read.update(name for (name,) in locked)

    monkeypatch.setattr(Database, "connection", watched)
    monkeypatch.setattr(Database, "reading", watched)
    parts = api.app.state.parts
    single = SingleThings(parts.database, parts.announcements)
    tables: dict[str, frozenset[str]] = {}
    for path in (path.format(plan_id=api.plan_id) for path in KEPT + SINGLE):
        name, _, query = path.partition("?")
        if (thing := single.asked_for(name, query.encode())) is not None:
            tables[path] = thing[0].tables
        else:
            template = "/api/v1/zones/{zone_id}" if name == "/api/v1/zones/Z1" else name
            tables[path] = frozenset(MADE_OF.get(template, ()))
    assert {one for path, one in tables.items() if path in KEPT} == {frozenset(one) for one in MADE_OF.values()}
    for path, made_of in tables.items():
        if made_of:
            read.clear()
            assert _whole(admin, path).status_code == 200
            assert read - DERIVED <= made_of, path


def test_who_is_shut_out_is_given_nothing_that_is_kept(api: Api) -> None:
    """A person who is disabled, or whose limit is another, in the store itself: from the next request on."""
    client = api.as_role(Role.CONTRACTOR)
    path, name = "/api/v1/zones", seeded_town.USERS[Role.CONTRACTOR].user_name
    assert [zone["id"] for zone in (client.get(path), client.get(path))[1].json()["items"]] == ["Z1"]
    with connect(api.database_url, autocommit=True) as connection:
        connection.execute("UPDATE users SET contractor_id = 'C2' WHERE user_name = %s", [name])
        assert [zone["id"] for zone in client.get(path).json()["items"]] == ["Z2"]
        connection.execute("UPDATE users SET contractor_id = 'C1' WHERE user_name = %s", [name])
        assert [zone["id"] for zone in client.get(path).json()["items"]] == ["Z1"]
        connection.execute("UPDATE sessions SET ended_at = now() WHERE user_name = %s AND ended_at IS NULL", [name])
    assert client.get(path).status_code == 401


def test_a_store_that_is_not_listened_to_is_asked_each_time(api: Api, admin: httpx.Client) -> None:
    """Where the connection that listens is cut, answers are right at once, and kept again once it is back."""
    announcements, path = api.app.state.parts.announcements, "/api/v1/contractors"
    with connect(api.database_url, autocommit=True) as connection:
        for turn in range(3):
            admin.get(path)
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'riqing-api-announcements'"
            )
            connection.execute("UPDATE contractors SET name = %s WHERE contractor_id = 'C2'", [f"cut {turn}"])
            assert f"cut {turn}" in admin.get(path).text
            wait_until(lambda: announcements.is_listening, 20)
            assert f"cut {turn}" in admin.get(path).text
