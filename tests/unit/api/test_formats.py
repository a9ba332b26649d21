"""What requests ask for and get: media types, cursors, times of day, GPX."""

from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree

import pytest
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel

from services.api.paging import BY_CODE, PageRequest
from services.api.places import GEO_JSON, accepts
from services.api.route_geometry import RouteOnRoads
from services.api.route_gpx import route_gpx
from services.api.shapes.plans import RouteAnswer
from services.api.shapes.values import clock_time

START = datetime(2026, 11, 21, tzinfo=UTC)


def _request(accept: str) -> Request:
    return Request({"type": "http", "headers": [(b"accept", accept.encode())]})


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("application/geo+json", True),
        ("text/html, application/geo+json;q=0.9", True),
        ("APPLICATION/GEO+JSON", True),
        ("application/geo+json; q=0", False),
        ("application/geo+json;q=0.0", False),
        ("application/json", False),
        ("*/*", False),  # whoever takes anything gets JSON
        ("", False),
        (";;,,=", False),
    ],
)
def test_what_accept_asks_for(accept: str, expected: bool) -> None:
    """Only a media type that is named counts."""
    assert accepts(_request(accept), GEO_JSON) is expected


class Named(BaseModel):
    """An item of a list."""

    id: str


def _page(names: list[str], limit: int, cursor: str | None) -> tuple[list[str], str | None]:
    request = PageRequest(limit, cursor)

    def load(after: tuple[str] | None, count: int) -> list[str]:
        return [name for name in sorted(names) if after is None or name > after[0]][:count]

    page = request.page(request.fetch(BY_CODE, load), lambda name: Named(id=name), key=lambda name: (name,))
    return [item.id for item in page.items], page.next_cursor


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("names", [[], ["a"], ["a", "b", "c", "d"], ["号", "a b", '"', "é"]])
def test_pages_put_together_are_the_list(names: list[str], limit: int) -> None:
    """Whatever the page's size, every item comes once, in order, and the last page has no cursor."""
    found: list[str] = []
    cursor: str | None = None
    while True:
        items, cursor = _page(names, limit, cursor)
        found += items
        assert len(items) <= limit
        if cursor is None:
            break
    assert found == sorted(names)


@pytest.mark.parametrize("cursor", ["", "!", "e30", "WzEyM10", "WyIiXQ", "ÿ"])
def test_what_is_no_cursor_is_refused(cursor: str) -> None:
    """No base64, no JSON, another shape, an empty identifier."""
    with pytest.raises(RequestValidationError):
        _page(["a"], 1, cursor)


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0, "00:00"), (59, "00:00"), (4 * 3600, "04:00"), (86_340, "23:59"), (86_400, "24:00")]
)
def test_times_of_day(seconds: int, expected: str) -> None:
    """Hours and minutes, the day's end included."""
    assert clock_time(seconds) == expected


def _route(stops: list[dict[str, Any]], legs: tuple[tuple[tuple[float, float], ...], ...]) -> RouteOnRoads:
    usual = {
        "name": None,
        "arrive_at": START,
        "depart_at": START,
        "load_kg": 0,
        "collected_kg": 0,
        "demand_kg": None,
        "demand_source": None,
        "occurrence": None,
        "leg_distance_m": 0,
        "leg_duration_s": 0,
    }
    made = [{"sequence": number, **usual, **stop} for number, stop in enumerate(stops, start=1)]
    sums = {"vehicle_id": "V1", "distance_m": 0, "duration_s": 0, "collected_kg": 0}
    return RouteOnRoads(RouteAnswer.model_validate({**sums, "stops": made}), legs)


def test_a_line_names_each_place_once() -> None:
    """Where legs meet, and where one stands still, no place follows itself."""
    legs = (((0.0, 0.0), (1.0, 0.0)), ((1.0, 0.0), (1.0, 0.0)), ((1.0, 0.0), (2.0, 0.0)), ())
    assert _route([], legs).line == [(0.0, 0.0), (1.0, 0.0), (2.0, 0.0)]


def test_gpx_carries_any_name() -> None:
    """Signs of XML are escaped, control characters left out, a stop without a place is no waypoint."""
    stops: list[dict[str, Any]] = [
        {"kind": "point", "id": "<P&1>", "lon": 1.0, "lat": 2.0, "name": "a\x01b"},
        {"kind": "break", "id": None, "lon": None, "lat": None},
    ]
    gpx = ElementTree.fromstring(route_gpx(_route(stops, ()), "V1 <today>"))
    found = gpx.findall("{*}rte/{*}rtept/{*}name")
    assert [name.text for name in found] == ["<P&1> ab"]
