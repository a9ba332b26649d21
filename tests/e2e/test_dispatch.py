"""A dispatcher's day in a real browser: a truck fails, a stop is moved, a day is replayed, all on the running town."""

import gzip
import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, Page, Request, expect

from tests.e2e.accessibility import faults_in_both_languages
from tests.e2e.conftest import DAY, OpenDesk, Town
from tests.e2e.test_page import PATIENCE_MS

TOMORROW = "2026-06-03"
"""A day that no truck drives while the tests look on: what is published for it disturbs nobody."""
MOST_SCRIPT_BYTES = 400_000


@pytest.fixture(scope="module")
def planned(town: Town) -> str:
    """A day with a published plan that can be revised."""
    town.riqing("plan", TOMORROW, "--time-limit", "2", "--publish")
    return TOMORROW


def _api(page: Page, path: str) -> Any:
    """What the API answers to the signed-in page."""
    return page.evaluate(
        """async (path) => {
          const { token } = JSON.parse(sessionStorage.getItem('riqing.session'));
          const answer = await fetch('/api/v1' + path, { headers: { Authorization: `Bearer ${token}` } });
          return answer.json();
        }""",
        path,
    )


def _published(page: Page, day: str) -> Any:
    plans = _api(page, f"/plans?date={day}")["items"]
    return _api(page, f"/plans/{next(plan['id'] for plan in plans if plan['published'])}")


def _busy_vehicles(plan: Any) -> list[str]:
    """Vehicles by how many points they visit, the most first."""
    counts = {route["vehicle_id"]: sum(stop["kind"] == "point" for stop in route["stops"]) for route in plan["routes"]}
    return sorted(counts, key=lambda vehicle_id: -counts[vehicle_id])


def _draft_change(page: Page) -> Locator:
    return page.locator(".draft-bar .draft-change")


def test_a_truck_fails_and_three_clicks_replan(open_desk: OpenDesk, planned: str) -> None:
    """Truck, broken, replan: the cost falls before the eye, the comparison says what moved, and it is published."""
    page = open_desk(f"date={planned}").page
    before = _published(page, planned)
    vehicle_id = _busy_vehicles(before)[0]
    page.fill(".lists .search input", vehicle_id)
    page.locator(".window-list .row").first.click()
    page.get_by_role("button", name="故障", exact=True).click()
    page.locator(".card .told").get_by_role("button", name="重排余下作业").click()
    expect(page.locator(".cost-chart canvas")).to_be_visible(timeout=PATIENCE_MS)
    figures = page.locator(".compare-figures tbody tr")
    expect(figures).to_have_count(7, timeout=PATIENCE_MS)
    expect(page.locator(".compare-moved tbody tr").first).to_be_visible()
    expect(_draft_change(page)).to_contain_text(re.compile(r"成本 [+−±][\d,.]+"))
    page.locator(".draft-bar").get_by_role("button", name="发布").click()
    expect(page.locator(".draft-bar")).to_be_hidden(timeout=PATIENCE_MS)
    after = _published(page, planned)
    assert after["revision_of"] == before["id"]
    assert not any(
        stop["kind"] == "point"
        for route in after["routes"]
        if route["vehicle_id"] == vehicle_id
        for stop in route["stops"]
    )


def test_a_stop_is_dragged_to_another_truck(open_desk: OpenDesk, planned: str) -> None:
    """In the timeline with the mouse: the draft says at once what it costs, and undo leads back."""
    page = open_desk(f"date={planned}&panel=timeline").page
    before = _published(page, planned)
    rows = page.locator(".timeline-rows")
    expect(rows).to_have_attribute("aria-label", re.compile("17 辆车"), timeout=PATIENCE_MS)
    first = before["routes"][0]
    stop = next(stop for stop in first["stops"] if stop["kind"] == "point")
    page.fill(".timeline-bar .search input", first["vehicle_id"])
    _point_at(page, stop)
    expect(page.locator(".timeline-readout")).to_contain_text("计划：作业", timeout=PATIENCE_MS)
    page.fill(".timeline-bar .search input", "")
    x = _point_at(page, stop)
    area = rows.bounding_box()
    assert area is not None
    page.mouse.down()
    page.mouse.move(x, area["y"] + 35, steps=3)
    page.mouse.move(x, area["y"] + 50, steps=3)
    expect(page.locator(".timeline-rows.carrying")).to_be_visible()
    page.mouse.up()
    expect(_draft_change(page)).to_contain_text(re.compile(r"成本 [+−±][\d,.]+"), timeout=PATIENCE_MS)
    draft = re.search(r"plan=([0-9a-f-]+)", page.url)
    assert draft is not None
    compared = _api(page, f"/plans/{draft[1]}/compare?with={before['id']}")
    assert [visit["point_id"] for visit in compared["moved"]] == [stop["id"]]
    page.get_by_role("button", name="撤销").click()
    expect(page.locator(".draft-bar")).to_be_hidden()


def _point_at(page: Page, stop: Any) -> float:
    """Move the mouse over a planned stop of the first row; return where that is."""
    area = page.locator(".timeline-rows").bounding_box()
    slider = page.locator(".replay-slider")
    assert area is not None
    starts_ms = float(slider.get_attribute("min") or "0")
    middle_ms = page.evaluate("([a, b]) => (Date.parse(a) + Date.parse(b)) / 2", [stop["arrive_at"], stop["depart_at"]])
    x: float = area["x"] + 104 + (middle_ms - starts_ms) / 86_400_000 * (area["width"] - 104)
    page.mouse.move(x, area["y"] + 10)
    return x


def test_a_stop_is_moved_and_a_route_locked_by_the_keyboard(open_desk: OpenDesk, planned: str) -> None:
    """In English, without a mouse: M takes the visit up, arrows choose the truck, Enter drops it; then a lock."""
    page = open_desk(f"date={planned}&panel=timeline&lang=en").page
    rows = page.locator(".timeline-rows")
    expect(rows).to_have_attribute("aria-label", re.compile("17 trucks"), timeout=PATIENCE_MS)
    vehicle_id = _published(page, planned)["routes"][0]["vehicle_id"]
    rows.focus()
    readout = page.locator(".timeline-readout")
    for _ in range(200):
        page.keyboard.press("ArrowRight")
        if "Plan: Service" in readout.inner_text():
            break
    page.keyboard.press("m")
    expect(readout).to_contain_text("Moving")
    page.keyboard.press("ArrowDown")
    expect(readout).to_contain_text("Drop on")
    page.keyboard.press("Enter")
    expect(_draft_change(page)).to_contain_text(re.compile(r"cost [+−±][\d,.]+"), timeout=PATIENCE_MS)
    page.evaluate("id => { location.hash += `&select=vehicle:${id}`; }", vehicle_id)
    lock = page.get_by_role("button", name="Lock route")
    lock.press("Enter")
    expect(lock).to_have_attribute("aria-pressed", "true", timeout=PATIENCE_MS)


def test_an_urgent_point_gets_the_best_place(open_desk: OpenDesk, planned: str) -> None:
    """Three places with their price; choosing one makes a draft. A station that is closed is told with the rest."""
    page = open_desk(f"date={planned}&tab=points").page
    page.locator(".window-list .row").first.click()
    page.get_by_role("button", name="紧急", exact=True).click()
    places = page.locator(".best-places > ul > li")
    expect(places.first).to_contain_text(re.compile(r"成本 [+−±]"), timeout=PATIENCE_MS)
    assert 1 <= places.count() <= 3
    places.first.get_by_role("button").click()
    expect(_draft_change(page)).to_contain_text("本次改动", timeout=PATIENCE_MS)
    page.locator("#tab-facilities").click()
    page.locator(".window-list .row", has_text="转运站").first.click()
    page.get_by_role("button", name="停止接收").click()
    expect(page.locator(".card .told li")).to_contain_text("不再接收")


def test_a_day_is_replayed(open_desk: OpenDesk) -> None:
    """The slider puts the trucks where they were; the play button moves the time on; and back to now."""
    page = open_desk(f"date={DAY}&panel=timeline").page
    slider = page.locator(".replay-slider")
    expect(slider).to_be_visible(timeout=PATIENCE_MS)
    # Until trucks have left their depots there is nothing to replay.
    expect(page.locator(".row-figure", has_text=re.compile(r"^[1-9]\d*/\d+$")).first).to_be_visible(timeout=PATIENCE_MS)
    page.locator(".window-list .row", has=page.locator(".row-figure")).first.click()
    expect(page.locator(".speed-strip")).to_be_visible()
    slider.press("Home")
    banner = page.locator(".replay-banner")
    expect(banner).to_contain_text("回放 04:00")
    page.get_by_role("button", name="回放", exact=True).click()
    expect(banner).to_contain_text(re.compile(r"回放 04:0[1-9]|回放 04:[1-9]"), timeout=PATIENCE_MS)
    page.get_by_role("button", name="暂停").click()
    page.wait_for_function("() => location.hash.includes('at=')")
    held = banner.inner_text()
    page.reload()
    expect(banner).to_have_text(held, timeout=PATIENCE_MS)
    page.get_by_role("button", name="回到现在").click()
    expect(banner).to_be_hidden()


def test_the_first_view_is_small(open_desk: OpenDesk) -> None:
    """All script that the desk loads until its map is drawn stays below 400 kB compressed; the list comes first."""
    page = open_desk().page
    asked: list[str] = []
    urls: set[str] = set()

    def note(request: Request) -> None:
        asked.append(urlsplit(request.url).path)
        if request.resource_type == "script":
            urls.add(request.url)

    page.on("request", note)
    page.reload()
    page.wait_for_selector(".map-canvas[data-ready=true]", timeout=PATIENCE_MS)
    map_script = next(path for path in asked if "maplibre" in path)
    assert asked.index("/api/v1/vehicles") < asked.index(map_script), asked
    # The map's worker is a part of the map's own script.
    fetched = [url for url in urls if url.startswith("http")]
    sizes = {url: len(gzip.compress(page.request.get(url).body(), 6)) for url in fetched}
    assert len(sizes) > 1, "The page's script was not seen."
    assert sum(sizes.values()) < MOST_SCRIPT_BYTES, sizes


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_everyone_can_dispatch(open_desk: OpenDesk, planned: str, dark: bool) -> None:
    """Axe finds no serious fault in timeline, comparison and orders; on a phone nothing is cut off."""
    page = open_desk(f"date={planned}", dark=dark).page
    vehicle_id = _busy_vehicles(_published(page, planned))[0]
    for fragment, shown in (
        (f"date={planned}&panel=timeline&select=vehicle:{vehicle_id}", ".timeline-rows"),
        (f"date={planned}&panel=plan&lang=en", ".plan-views"),
    ):
        page.evaluate("fragment => { location.hash = fragment; }", fragment)
        expect(page.locator(shown)).to_be_visible(timeout=PATIENCE_MS)
        if shown == ".plan-views":
            page.get_by_role("button", name="Compare", exact=True).click()
            expect(page.locator(".compare")).to_be_visible()
        assert faults_in_both_languages(page) == [], fragment
        page.set_viewport_size({"width": 390, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), fragment
        page.set_viewport_size({"width": 1366, "height": 768})
