"""What the map draws otherwise where there is much to draw: while somebody moves it, and points by the thousand."""

import re
import time
from collections.abc import Callable
from itertools import cycle

import pytest
from playwright.sync_api import Page, Route, expect

from services.store.connection import connect
from tests.e2e.conftest import OpenDesk, Town

PATIENCE_S = 90
SLOWLY = """() => {
  const ask = window.requestAnimationFrame.bind(window);
  window.requestAnimationFrame = (then) => ask((nowMs) => then(nowMs * 10));
}"""
"""Frames seem to take ten times as long, however fast the machine is."""
PIXEL_SHARE = "canvas => canvas.width / (canvas.clientWidth * devicePixelRatio)"


def test_fewer_pixels_are_drawn_only_while_it_moves(open_desk: OpenDesk) -> None:
    """What is switched meanwhile holds, and the map stands as sharp as before; so it is after the next movement."""
    page = open_desk().page
    page.evaluate(SLOWLY)
    points = page.get_by_role("checkbox", name="收集点")
    for switched in (False, True):
        page.mouse.move(800, 300)
        page.mouse.down()
        _drag_until_light(page)
        points.dispatch_event("click")
        page.get_by_title("明暗").dispatch_event("click")
        expect(points).to_be_checked(checked=switched)
        page.mouse.up()
        assert _wait_for(page, lambda share: share == 1) == 1


MORE_POINTS = 5_000
IS_STATE_COLOURED = """() => new Promise((resolve) => requestAnimationFrame(() => {
  const pen = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  const canvas = document.querySelector('.map-canvas canvas');
  pen.drawImage(canvas, canvas.width / 2, canvas.height / 2, 1, 1, 0, 0, 1, 1);
  const seen = pen.getImageData(0, 0, 1, 1).data;
  const style = getComputedStyle(document.documentElement);
  const states = ['not_due', 'cleared', 'pending', 'due', 'missed'].map((state) => {
    pen.fillStyle = style.getPropertyValue(`--state-${state}`);
    pen.fillRect(0, 0, 1, 1);
    return pen.getImageData(0, 0, 1, 1).data;
  });
  resolve(states.some((colour) => colour.every((part, index) => Math.abs(part - seen[index]) < 12)));
}))"""
"""Whether the middle of the map has the colour of a point's state."""


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
    points = page.get_by_role("checkbox", name="收集点")
    _wait_until(page, lambda: bool(page.evaluate(IS_STATE_COLOURED)))
    points.uncheck()
    _wait_until(page, lambda: not page.evaluate(IS_STATE_COLOURED))
    page.get_by_title("明暗").click()
    page.get_by_title("明暗").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    points.check()
    _wait_until(page, lambda: bool(page.evaluate(IS_STATE_COLOURED)))
    page.locator(".map-canvas").click()
    expect(page.locator(".card-head .card-code")).to_have_text(code)


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


def _drag_until_light(page: Page) -> None:
    steps = cycle(range(20))

    def drag() -> None:
        step = next(steps)
        page.mouse.move(800 - 10 * step, 300 + 5 * step)

    assert _wait_for(page, lambda share: share < 1, drag) == pytest.approx(0.5, abs=0.01)


def _wait_for(page: Page, is_there: Callable[[float], bool], meanwhile: Callable[[], None] | None = None) -> float:
    """Return the map's share of pixels a side as soon as it is as wished, or after a long time whatever it is."""
    canvas = page.locator(".map-canvas canvas")
    deadline_s = time.monotonic() + PATIENCE_S
    while True:
        share = float(canvas.evaluate(PIXEL_SHARE))
        if is_there(share) or time.monotonic() > deadline_s:
            return share
        if meanwhile is None:
            page.wait_for_timeout(100)
        else:
            meanwhile()
