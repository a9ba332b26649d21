"""What the map draws otherwise where there is much to draw: points by the thousand, trucks by the hundred."""

import re
import time
from collections.abc import Callable

from playwright.sync_api import Page, Route, expect

from services.store.connection import connect
from tests.e2e.conftest import OpenDesk, Town

PATIENCE_S = 90
MORE_POINTS = 5_000
MORE_TRUCKS = 300
IS_COLOURED = """(names) => new Promise((resolve) => requestAnimationFrame(() => {
  const pen = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  const canvas = document.querySelector('.map-canvas canvas');
  if (canvas === null) return resolve(false);
  pen.drawImage(canvas, canvas.width / 2, canvas.height / 2, 1, 1, 0, 0, 1, 1);
  const seen = pen.getImageData(0, 0, 1, 1).data;
  const style = getComputedStyle(document.documentElement);
  const colours = names.map((name) => {
    pen.fillStyle = style.getPropertyValue(`--${name}`);
    pen.fillRect(0, 0, 1, 1);
    return pen.getImageData(0, 0, 1, 1).data;
  });
  resolve(colours.some((colour) => colour.every((part, index) => Math.abs(part - seen[index]) < 12)));
}))"""
"""Whether the middle of the map has one of the named colours."""
STATES = [f"state-{state}" for state in ("not_due", "cleared", "pending", "due", "missed")]
TRUCK = ["map-truck", "map-truck-ink"]


def test_many_points_are_dots_that_a_click_selects(open_desk: OpenDesk, town: Town) -> None:
    """With thousands of them from afar; they go with their layer, and have the colours of the theme."""
    query = "SELECT point_id, lon, lat FROM collection_points ORDER BY point_id LIMIT 1"
    with connect(town.database_url) as connection:
        code, lon, lat = connection.execute(query).fetchone() or ("", 0.0, 0.0)
    page = open_desk(f"map={lon},{lat},12.9").page
    page.route(re.compile(r"/points\?limit="), _answer_with_more)
    page.reload()
    for name in ("车辆", "设施", "公厕", "片区", "告警"):
        page.get_by_role("checkbox", name=name).uncheck()
    expect(page.locator("#tab-points .count")).to_have_text("5420")
    _is_drawn_and_selected(page, "收集点", STATES, code)


def test_many_trucks_are_marks_that_a_click_selects(open_desk: OpenDesk, town: Town) -> None:
    """With hundreds of them from afar; they go with their layer, and have the colours of the theme."""
    with connect(town.database_url) as connection:
        row = connection.execute("SELECT vehicle_id FROM vehicles ORDER BY vehicle_id LIMIT 1").fetchone()
    code = row[0] if row else ""
    page = open_desk("map=10,50,12.9").page
    page.route(re.compile(r"/vehicles\?limit="), _answer_with_more_trucks)
    page.reload()
    _is_drawn_and_selected(page, "车辆", TRUCK, code)


def _is_drawn_and_selected(page: Page, layer_name: str, colours: list[str], code: str) -> None:
    """The middle of the map has the colours of the layer, in either theme, as long as it is shown; a click selects."""
    layer = page.get_by_role("checkbox", name=layer_name)
    _wait_until(page, lambda: _is_coloured(page, colours))
    layer.uncheck()
    _wait_until(page, lambda: not _is_coloured(page, colours))
    page.get_by_title("明暗").click()
    page.get_by_title("明暗").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    layer.check()
    _wait_until(page, lambda: _is_coloured(page, colours))
    page.locator(".map-canvas").click()
    expect(page.locator(".card-head .card-code")).to_have_text(code)


def _is_coloured(page: Page, names: list[str]) -> bool:
    return bool(page.evaluate(IS_COLOURED, names))


def _answer_with_more_trucks(route: Route) -> None:
    """Answer with the town's first truck in the map's middle, and with as many far away as have all drawn as marks."""
    answer = route.fetch()
    trucks = answer.json()
    [first, *others] = trucks["items"]
    standing = {"speed_kmh": 0, "lat": 50, "observed_at": "2099-01-01T00:00:00Z"}
    heard = next(truck["last_position"] for truck in trucks["items"] if truck["last_position"] is not None)
    middle = {**first, "online": True, "last_position": {**heard, **standing, "vehicle_id": first["id"], "lon": 10}}
    more = [
        {**first, "id": f"far-{number}", "online": True, "last_position": {**heard, **standing, "lon": 11}}
        for number in range(MORE_TRUCKS)
    ]
    route.fulfill(response=answer, json={**trucks, "items": [middle, *others, *more]})


def _answer_with_more(route: Route) -> None:
    """Answer with the town's points and as many more, far away, as make them be drawn as dots."""
    answer = route.fetch()
    points = answer.json()
    first = points["items"][0]
    more = [{**first, "id": f"far-{number}", "lon": first["lon"] + 1} for number in range(MORE_POINTS)]
    route.fulfill(response=answer, json={**points, "items": points["items"] + more})


def _wait_until(page: Page, is_there: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while not (found := is_there()) and time.monotonic() < deadline_s:
        page.wait_for_timeout(100)
    assert found
