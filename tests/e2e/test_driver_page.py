"""The driver's page on a phone, through a dead spot: what is pressed arrives once."""

import base64
import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from services.domain.kinds import ServiceSource
from services.store.connection import connect
from tests.e2e.accessibility import faults_in_both_languages, serious_faults
from tests.e2e.conftest import Town

PATIENCE_MS = 90_000
ROUTE_DAY = "2026-06-03"
"""A day that no truck drives while the tests look on, so that its stops are open whenever they run."""
PHOTO = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)

OpenPhone = Callable[..., Page]


def _vehicle_with_a_route(town: Town) -> str:
    with connect(town.database_url) as connection:
        row = connection.execute(
            "SELECT vehicle_id FROM routes JOIN plans USING (plan_id) "
            "WHERE published_at IS NOT NULL AND superseded_at IS NULL AND service_date = %s "
            "ORDER BY routes.duration_s DESC, vehicle_id LIMIT 1",
            [ROUTE_DAY],
        ).fetchone()
    assert row is not None
    return str(row[0])


@pytest.fixture(scope="module")
def driver(town: Town) -> dict[str, str]:
    """A driver's sign-in, as the office makes one."""
    town.riqing("plan", ROUTE_DAY, "--time-limit", "3", "--publish")
    vehicle_id = _vehicle_with_a_route(town)
    made = town.riqing("user", "add", f"driver-{vehicle_id}", "--role", "driver", "--vehicle", vehicle_id, "--json")
    return dict(json.loads(made))


@pytest.fixture
def open_phone(browser: Browser, town: Town, driver: dict[str, str]) -> OpenPhone:
    """Open the page on a phone and sign in as the driver."""

    def open_at(fragment: str = "", *, dark: bool = False) -> Page:
        context = browser.new_context(
            viewport={"width": 390, "height": 844},
            is_mobile=True,
            has_touch=True,
            color_scheme="dark" if dark else "light",
        )
        page = context.new_page()
        page.goto(f"{town.url}/driver/#date={ROUTE_DAY}&{fragment}")
        page.fill("input[name=username]", driver["username"])
        page.fill("input[name=password]", driver["password"])
        page.click("button[type=submit]")
        expect(page.locator(".stops .stop").first).to_be_visible(timeout=PATIENCE_MS)
        return page

    return open_at


def _reports(town: Town, driver: dict[str, str]) -> list[tuple[str, str, str | None, str | None, bool, int]]:
    """Return what is stored of a driver's presses: point, outcome, reason, note, photo, and readings of each."""
    with connect(town.database_url) as connection:
        return [
            tuple(row)
            for row in connection.execute(
                "SELECT point_id, outcome, reason, note, EXISTS (SELECT FROM photos WHERE "
                "photos.report_number = driver_reports.report_number), (SELECT count(*) FROM service_events WHERE "
                "seq = report_number AND source = %s) FROM driver_reports WHERE reported_by = %s ORDER BY 1, 2",
                [ServiceSource.DRIVER, driver["username"]],
            )
        ]


def test_what_is_pressed_in_a_dead_spot_arrives_once(open_phone: OpenPhone, town: Town, driver: dict[str, str]) -> None:
    """Offline, with the page closed and opened again between: sent when the network is back, and only once."""
    page = open_phone()
    page.wait_for_function("() => navigator.serviceWorker.controller !== null", timeout=PATIENCE_MS)
    before = len(_reports(town, driver))
    page.context.set_offline(True)
    stops = page.locator(".stops .stop.open, .stops .stop.missed").filter(has=page.locator(".served"))
    first = stops.nth(-2)
    first.locator("summary").press("Enter")
    served_code = first.locator(".stop-facts li").first.inner_text()
    first.get_by_role("button", name="已清运").press("Enter")
    expect(page.locator(".to-send")).to_contain_text("1 条待发送")
    expect(page.locator(".offline")).to_be_visible(timeout=PATIENCE_MS)

    page.reload()
    expect(page.locator(".to-send")).to_contain_text("1 条待发送", timeout=PATIENCE_MS)
    second = page.locator(".stops .stop.open, .stops .stop.missed").filter(has=page.locator(".served")).nth(-1)
    second.locator("summary").click()
    code = second.locator(".stop-facts li").first.inner_text()
    second.get_by_role("button", name="不能清运").click()
    page.get_by_label("道路不通").check()
    page.get_by_label("说明").fill("路口施工")
    page.set_input_files("input[type=file]", {"name": "a.png", "mimeType": "image/png", "buffer": PHOTO})
    expect(page.locator(".photo-field img")).to_be_visible()
    page.get_by_role("button", name="上报").click()
    expect(page.locator(".to-send")).to_contain_text("2 条待发送")
    assert len(_reports(town, driver)) == before

    page.context.set_offline(False)
    expect(page.locator(".all-sent")).to_be_visible(timeout=PATIENCE_MS)
    found = {(row[0], row[1], row[2], row[3], row[4]): row[5] for row in _reports(town, driver)}
    assert found[(served_code, "served", None, None, False)] == 1
    assert found[(code, "blocked", "road_blocked", "路口施工", True)] == 1
    assert len(found) == before + 2
    expect(page.locator(".stop.not_served .stop-state").last).to_contain_text("道路不通")


def test_the_route_is_on_paper_and_in_the_navigation(open_phone: OpenPhone) -> None:
    """The next stop opens the phone's navigation; the route prints as a table and downloads as GPX."""
    page = open_phone("lang=en")
    expect(page.get_by_role("link", name="Navigate").first).to_have_attribute(
        "href", re.compile(r"^geo:\d+\.\d+,\d+\.\d+\?q=")
    )
    with page.expect_download() as download:
        page.get_by_role("button", name="Download GPX").click()
    assert download.value.path().read_text().startswith("<?xml")
    page.emulate_media(media="print")
    rows = page.locator(".printed tbody tr")
    expect(rows.first).to_be_visible()
    assert rows.count() == page.locator(".stops .stop").count()
    expect(page.locator(".next")).to_be_hidden()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_drivers_page_can_be_used_by_everybody(open_phone: OpenPhone, dark: bool) -> None:
    """No fault that axe calls serious, and nothing wider than the phone."""
    page = open_phone(dark=dark)
    assert faults_in_both_languages(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator(".next .not-served, .next .primary").last.click()
    assert serious_faults(page) == []  # what is asked lies over everything else, the language switch too
