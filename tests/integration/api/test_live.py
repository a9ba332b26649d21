"""The live stream: what happens in the store reaches those who may see it, and takes up where it broke off."""

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest

from services.api.app import create_app
from services.api.live import streams
from services.domain.kinds import DueVisitStatus, MissedReason, Role
from services.store.alarms import clear_alarm, raise_alarm
from services.store.connection import connect
from tests.integration.api import seeded_town
from tests.integration.api.conftest import Api, serving, settings
from tests.road_servers import wait_until

pytestmark = pytest.mark.timeout(120)
"""A stream that says nothing would be waited for without end."""

Event = tuple[str, str, dict[str, Any]]
"""Id, name and data."""


@contextmanager
def listening(client: httpx.Client, path: str = "/api/v1/live", **headers: str) -> Iterator[Iterator[Event]]:
    """Open a stream and give its events."""
    with client.stream("GET", path, headers=headers) as answer:
        assert answer.status_code == 200
        yield _events(answer.iter_lines())


def _events(lines: Iterator[str]) -> Iterator[Event]:
    fields: dict[str, str] = {}
    for line in lines:
        if not line and "data" in fields:
            yield fields.get("id", ""), fields["event"], json.loads(fields["data"])
        if not line:
            fields = {}
        elif not line.startswith(":"):
            name, _, value = line.partition(": ")
            fields[name] = value


def wait_for(events: Iterator[Event], name: str, wanted: Callable[[dict[str, Any]], bool] = lambda _: True) -> Event:
    """Return the first event of this name that is wanted."""
    return next(event for event in events if event[1] == name and wanted(event[2]))


def test_a_stream_begins_with_the_present(admin: httpx.Client) -> None:
    """The clock and the last position of each vehicle come first."""
    with listening(admin) as events:
        _, _, clock = wait_for(events, "clock")
        assert clock["simulated"] is True
    with listening(admin) as events:
        _, _, position = wait_for(events, "position")
    assert position == {
        "vehicle_id": "V1",
        "lon": 116.057,
        "lat": 40.0,
        "observed_at": "2026-11-21T01:57:00Z",
        "speed_kmh": 20.0,
        "heading_deg": 90.0,
        "load_kg": 800.0,
        "online": True,
    }


def test_a_fix_reaches_the_stream(api: Api, admin: httpx.Client) -> None:
    """A position that is stored is told of; a reader who was away gets what was missed, once."""
    with listening(admin) as events:
        wait_for(events, "position")
        with connect(api.database_url) as connection:
            seeded_town.add_fix(connection, "V1", seeded_town.NOW, 116.06)
        last_id, _, _ = wait_for(events, "position", lambda data: data["lon"] == 116.06)
    with listening(admin) as events, connect(api.database_url) as connection:
        wait_for(events, "position")
        seeded_town.add_fix(connection, "V1", seeded_town.NOW + timedelta(seconds=10), 116.061)
        connection.commit()
        wait_for(events, "position", lambda data: data["lon"] == 116.061)
    with listening(admin, **{"Last-Event-ID": last_id}) as events:
        _, name, data = next(events)
    assert (name, data["lon"]) == ("position", 116.061)


def test_a_clock_that_is_set_reaches_the_stream(admin: httpx.Client) -> None:
    """Whoever shows the time hears that it jumped."""
    before = admin.get("/api/v1/clock").json()
    with listening(admin) as events:
        wait_for(events, "clock")
        admin.put("/api/v1/clock", json={"now": "2026-11-21T05:00:00Z", "speed": 60})
        wait_for(events, "clock", lambda data: data["speed"] == 60)
        admin.put("/api/v1/clock", json={"now": before["now"], "speed": before["speed"]})
        wait_for(events, "clock", lambda data: data["speed"] == before["speed"])


@pytest.mark.parametrize("last_id", ["", "nonsense", "00000000-1", "x-99999999999999999999"])
def test_an_unknown_last_id_begins_anew(admin: httpx.Client, last_id: str) -> None:
    """An id of another process, or none at all, gets the present state."""
    with listening(admin, **{"Last-Event-ID": last_id}) as events:
        wait_for(events, "clock")


def test_decisions_alarms_and_plans_reach_the_stream(api: Api, admin: httpx.Client) -> None:
    """A due visit decided, an alarm raised and cleared, a plan asked for: each is told of as it happens."""
    with listening(admin) as events:
        wait_for(events, "clock")
        with connect(api.database_url) as connection:
            seeded_town.decide(connection, "P2", DueVisitStatus.MISSED, "V1", MissedReason.PLANNED_BUT_NOT_VISITED)
        _, _, visit = wait_for(events, "visit")
        assert (visit["point_id"], visit["status"], visit["vehicle_id"]) == ("P2", "missed", "V1")
        with connect(api.database_url) as connection:
            raise_alarm(connection, "device_silent", "vehicle", "V2", seeded_town.NOW, {"silent_s": 900})
        _, _, alarm = wait_for(events, "alarm")
        assert (alarm["kind"], alarm["subject_id"], alarm["cleared_at"]) == ("device_silent", "V2", None)
        seen = admin.post(f"/api/v1/alarms/{alarm['id']}/acknowledge").json()
        assert seen["acknowledged_by"] == "admin-1"
        wait_for(events, "alarm", lambda data: data["acknowledged_by"] == "admin-1")
        with connect(api.database_url) as connection:
            clear_alarm(connection, "device_silent", "vehicle", "V2", seeded_town.NOW)
        wait_for(events, "alarm", lambda data: data["cleared_at"] is not None)
        plan_id = admin.post("/api/v1/plans", json={"date": "2026-11-25"}).json()["id"]
        wait_for(events, "plan", lambda data: data["id"] == plan_id and data["status"] == "queued")
        admin.post(f"/api/v1/plans/{plan_id}/cancel")
        wait_for(events, "plan", lambda data: data["id"] == plan_id and data["status"] == "cancelled")


def test_open_and_cleared_alarms(api: Api, admin: httpx.Client) -> None:
    """The list tells open ones from those that have cleared; an unknown one is 404."""
    with connect(api.database_url) as connection:
        raise_alarm(connection, "overflow", "point", "P3", seeded_town.NOW, {})
    still_open = admin.get("/api/v1/alarms", params={"open": "true"}).json()["items"]
    assert [alarm["subject_id"] for alarm in still_open] == ["P3"]
    assert admin.post("/api/v1/alarms/999999/acknowledge").status_code == 404
    assert api.as_role(Role.CONTRACTOR).get("/api/v1/alarms").json()["items"] == []


def test_a_contractor_hears_of_its_own_only(api: Api) -> None:
    """Of fixes it is told those of its vehicle, of decisions those of its zone, without naming another's truck."""
    with listening(api.as_role(Role.CONTRACTOR)) as events:
        wait_for(events, "clock")
        with connect(api.database_url) as connection:
            seeded_town.add_fix(connection, "V2", seeded_town.NOW, 116.15)
            seeded_town.decide(connection, "P3", DueVisitStatus.PENDING, "V2")
            seeded_town.decide(connection, "P2", DueVisitStatus.PENDING, "V2")
        with connect(api.database_url) as connection:
            seeded_town.decide(connection, "P1", DueVisitStatus.PENDING, "V1")
            seeded_town.add_fix(connection, "V1", seeded_town.NOW + timedelta(minutes=1), 116.07)
        heard = [next(events)]
        while ("position", "V1", 116.07) not in {(name, d.get("vehicle_id"), d.get("lon")) for _, name, d in heard}:
            heard.append(next(events))
        while "P1" not in {data.get("point_id") for _, _, data in heard}:
            heard.append(next(events))
    assert {data["vehicle_id"] for _, name, data in heard if name == "position"} == {"V1"}
    decided = {(data["point_id"], data["vehicle_id"]) for _, name, data in heard if name == "visit"}
    assert decided == {("P1", "V1"), ("P2", None)}


def test_one_person_does_not_open_streams_without_end(
    api: Api, admin: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who has as many open as one may is told so, others are not; one that is closed makes room."""
    monkeypatch.setattr(streams, "MOST_OF_ONE_PERSON", 2)
    with listening(admin) as first:
        wait_for(first, "clock")
        with listening(admin) as second:
            wait_for(second, "clock")
            refused = admin.get("/api/v1/live")
            assert (refused.status_code, refused.headers["retry-after"]) == (429, "60")
            with listening(api.as_role(Role.DRIVER)) as others:
                wait_for(others, "clock")
        wait_until(lambda: api.app.state.parts.open_streams["admin-1"] == 1, 20)
        with listening(admin) as third:
            wait_for(third, "clock")


def test_a_browser_opens_a_stream_with_a_token_of_its_own(api: Api, admin: httpx.Client) -> None:
    """A stream token in the address opens the stream, and nothing else."""
    token = admin.post("/api/v1/auth/stream-token").json()["stream_token"]
    with listening(api.client(), f"/api/v1/live?stream_token={token}") as events:
        wait_for(events, "clock")
    assert api.client().get("/api/v1/vehicles", params={"stream_token": token}).status_code == 401
    assert api.client().get("/api/v1/live", params={"stream_token": "x"}).status_code == 401
    access = admin.headers["Authorization"].removeprefix("Bearer ")
    assert api.client().get("/api/v1/live", params={"stream_token": access}).status_code == 401


def test_a_slow_reader_is_cut_off_alone(fresh_database: str) -> None:
    """One that reads nothing is ended once too much waits for it; the others hear everything."""
    with connect(fresh_database) as connection:
        seeded_town.build(connection)
    app = create_app(settings(RIQING_STREAM_BACKLOG_BYTES=600_000), fresh_database)
    with serving(app, fresh_database) as api:
        token = api.token("admin-1", seeded_town.PASSWORD)
        host, port = api.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as slow, listening(api.client(token)) as events:
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            slow.sendall(f"GET /api/v1/live HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
            wait_for(events, "position")
            for number in range(100):
                with connect(fresh_database) as connection:
                    for part in range(10):
                        raise_alarm(
                            connection, f"{number}.{part}", "town", "t", seeded_town.NOW, {"text": "x" * 50_000}
                        )
                wait_for_alarm(events, f"{number}.9")
                if "riqing_live_streams_cut_total 1.0" in api.client().get("/metrics").text:
                    break
            assert "riqing_live_streams_cut_total 1.0" in api.client().get("/metrics").text
            raise_another(fresh_database)
            wait_for_alarm(events, "another")


def raise_another(database_url: str) -> None:
    """Raise one more alarm."""
    with connect(database_url) as connection:
        raise_alarm(connection, "another", "town", "t", seeded_town.NOW, {})


def wait_for_alarm(events: Iterator[Event], kind: str) -> None:
    """Return when an alarm of this kind has been told of."""
    wait_for(events, "alarm", lambda data: data["kind"] == kind)
