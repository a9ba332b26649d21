"""Vehicles over HTTP: their state and the track they came by."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from services.api.shapes.vehicles import track_json
from services.store.connection import connect
from services.store.live_vehicles import Fix
from tests.integration.api.conftest import Api

GEO = {"Accept": "application/geo+json"}


def test_a_vehicle_says_where_it_is_and_how_far(admin: httpx.Client) -> None:
    """Last fix, load, connection, the next stop and how many are served."""
    vehicle = admin.get("/api/v1/vehicles/V1").json()
    assert vehicle["last_position"] == {
        "lon": 116.057,
        "lat": 40.0,
        "observed_at": "2026-11-21T01:57:00Z",
        "speed_kmh": 20.0,
        "heading_deg": 90.0,
    }
    assert (vehicle["load_kg"], vehicle["online"], vehicle["container_types"]) == (
        800.0,
        True,
        ["bin", "cart", "roadside"],
    )
    assert (vehicle["shift_start"], vehicle["shift_end"]) == ("05:00", "13:00")
    route = vehicle["route"]
    assert (route["revision"], route["served"], route["stops"]) == (1, 1, 2)
    stop = vehicle["current_stop"]
    assert (stop["sequence"], stop["kind"], stop["id"], stop["lon"]) == (3, "point", "P2", 116.06)


def test_a_silent_vehicle_has_no_position(admin: httpx.Client) -> None:
    """What is not known is null; its next stop is the first after the depot."""
    vehicle = admin.get("/api/v1/vehicles/V2").json()
    assert (vehicle["last_position"], vehicle["load_kg"], vehicle["online"]) == (None, None, None)
    assert vehicle["current_stop"]["id"] == "P3"
    assert vehicle["route"]["served"] == 0


def test_a_vehicle_without_a_shift_may_work_the_whole_day(api: Api, admin: httpx.Client) -> None:
    """Its shift is null, and the list with it is there."""
    with connect(api.database_url) as connection:
        connection.execute("UPDATE vehicles SET shift_start_s = NULL, shift_end_s = NULL WHERE vehicle_id = 'V2'")
    shifts = [(item["shift_start"], item["shift_end"]) for item in admin.get("/api/v1/vehicles").json()["items"]]
    with connect(api.database_url) as connection:
        connection.execute("UPDATE vehicles SET shift_start_s = 18000, shift_end_s = 46800 WHERE vehicle_id = 'V2'")
    assert shifts == [("05:00", "13:00"), (None, None)]


@pytest.mark.parametrize(("online", "expected"), [("true", ["V1"]), ("false", ["V2"])])
def test_vehicles_are_filtered_by_connection(admin: httpx.Client, online: str, expected: list[str]) -> None:
    """One that was never connected is not online."""
    items = admin.get("/api/v1/vehicles", params={"online": online}).json()["items"]
    assert [item["id"] for item in items] == expected


def test_a_track_is_cut_where_nothing_was_heard(admin: httpx.Client) -> None:
    """Four minutes of silence cut the track in two; by default it is the service day's so far."""
    track = admin.get("/api/v1/vehicles/V1/track").json()
    assert [len(segment) for segment in track["segments"]] == [3, 2]
    assert (track["fixes"], track["gap_s"], track["start"]) == (5, 180, "2026-11-20T20:00:00Z")


def test_a_track_is_a_line_for_each_segment(admin: httpx.Client) -> None:
    """As GeoJSON it is a MultiLineString whose lines do not bridge the gap, with the times beside it."""
    feature = admin.get("/api/v1/vehicles/V1/track", headers=GEO).json()
    assert feature["geometry"]["type"] == "MultiLineString"
    assert [len(line) for line in feature["geometry"]["coordinates"]] == [3, 2]
    assert [len(times) for times in feature["properties"]["times"]] == [3, 2]


@pytest.mark.parametrize(
    ("query", "fixes"),
    [
        ({"start": "2026-11-21T01:51:00Z", "end": "2026-11-21T01:56:00Z"}, 2),  # the end is not included
        ({"start": "2026-11-21T09:51:00+08:00", "end": "2026-11-21T09:56:01+08:00"}, 3),  # any offset
        ({"start": "2026-11-01T00:00:00Z", "end": "2026-11-02T00:00:00Z"}, 0),
        ({"end": "2026-11-01T00:00:00Z"}, 0),
    ],
)
def test_a_track_is_of_the_span_asked_for(admin: httpx.Client, query: dict[str, str], fixes: int) -> None:
    """From start, included, to end, excluded."""
    assert admin.get("/api/v1/vehicles/V1/track", params=query).json()["fixes"] == fixes


def test_a_track_is_what_is_stored_to_the_last_digit(api: Api, admin: httpx.Client) -> None:
    """Numbers of four and eight bytes, nothing, and two fixes of one instant: as row by row, byte by byte."""
    start, draw = datetime(2026, 11, 3, 1, tzinfo=UTC), random.Random(7)
    reals = [None, 0.0, 0.1, 25.3, 1e-7, 1 / 3, 16777217.0, 123456789.0, 359.99]
    fixes = [
        (
            start + timedelta(seconds=n // 2 * 15, microseconds=draw.randrange(2) * 120_001),
            n,
            *(116 + draw.random() / 1e4, 40 + draw.random() / 1e4),
            *(draw.choice([*reals, draw.uniform(0, 100)]) for _ in range(3)),
        )
        for n in range(300)
    ]
    with connect(api.database_url) as connection:
        connection.cursor().executemany(
            "INSERT INTO positions (observed_at, seq, lon, lat, speed_kmh, heading_deg, load_kg, received_at, "
            "device_key) SELECT %s, %s, %s, %s, %s, %s, %s, now(), device_key FROM devices WHERE device_id = 'V2'",
            fixes,
        )
        end = start + timedelta(hours=1)
        rows = connection.execute(
            "SELECT lon, lat, observed_at, speed_kmh, heading_deg, load_kg FROM positions "
            "WHERE observed_at >= %s AND observed_at < %s ORDER BY observed_at, seq",
            [start, end],
        )
        expected = track_json("V2", start, end, [[Fix(*row) for row in rows]])
    span = {"start": start.isoformat(), "end": end.isoformat()}
    assert admin.get("/api/v1/vehicles/V2/track", params=span).content == expected
    assert expected.count(b"observed_at") == 300


@pytest.mark.parametrize(
    "query",
    [
        {"start": "2026-11-21T01:51:00"},  # without an offset
        {"start": "yesterday"},
        {"start": "2026-11-21T02:00:00Z", "end": "2026-11-21T01:00:00Z"},
        {"start": "2026-11-01T02:00:00Z", "end": "2026-11-21T01:00:00Z"},  # too long
        {"start": "0001-01-01T00:00:00+23:59", "end": "2026-11-21T01:00:00Z"},
    ],
)
def test_a_wrong_span_is_refused(admin: httpx.Client, query: dict[str, Any]) -> None:
    """Ends in the wrong order, spans too long, and times that are none are 422."""
    assert admin.get("/api/v1/vehicles/V1/track", params=query).status_code == 422
