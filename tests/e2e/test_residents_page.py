"""The residents' page without a sign-in: the way to an open toilet, and a report that can be followed."""

import base64
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from services.store.connection import connect
from tests.e2e.accessibility import faults_in_both_languages
from tests.e2e.conftest import Town

PATIENCE_MS = 90_000
PHOTO = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)

OpenPage = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, town: Town, middle: tuple[float, float]) -> OpenPage:
    """Open the page on a phone that knows where it is."""

    def open_at(fragment: str = "", *, dark: bool = False, width: int = 390) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 844},
            geolocation={"longitude": middle[0], "latitude": middle[1]},
            permissions=["geolocation"],
            color_scheme="dark" if dark else "light",
        )
        page = context.new_page()
        page.goto(f"{town.url}/residents/#{fragment}")
        page.wait_for_selector(".map-canvas[data-ready=true]", state="attached", timeout=PATIENCE_MS)
        return page

    return open_at


def test_the_nearest_open_toilet_by_the_walk_there(open_page: OpenPage) -> None:
    """From the phone's position; the filter leaves those that a wheelchair can use, and the address keeps both."""
    page = open_page()
    page.get_by_role("button", name="用我的位置").press("Enter")
    ways = page.locator(".walks .walk-way")
    expect(ways.first).to_have_text(re.compile(r"步行 [\d,]+ 米，约 \d+ 分钟"), timeout=PATIENCE_MS)
    walks_m = [int(text.split()[1].replace(",", "")) for text in ways.all_inner_texts()]
    assert walks_m == sorted(walks_m)
    expect(page.locator(".walks li.chosen")).to_have_count(1)
    page.get_by_label("只看有无障碍厕位的").check()
    expect(page.locator(".walks li").first.locator(".walk-facts")).to_contain_text("无障碍厕位", timeout=PATIENCE_MS)
    page.locator(".walks button").nth(1).click()
    page.reload()
    expect(page.locator(".walks .walk-facts").first).to_contain_text("无障碍厕位", timeout=PATIENCE_MS)
    expect(page.locator(".walks li").nth(1)).to_have_class("chosen")
    expect(page.locator(".walks a").first).to_have_attribute("href", re.compile(r"^geo:\d"))


def test_dirt_is_reported_and_followed(open_page: OpenPage, town: Town) -> None:
    """With place and photo; the number leads to what became of it, also on a later day."""
    page = open_page("lang=en&tab=report")
    page.locator("textarea").fill("The bins at the east gate are full")
    page.get_by_role("button", name="Use my position").click()
    page.wait_for_function("() => location.hash.includes('at=')")
    expect(page.get_by_text("The place is marked")).to_have_count(0)
    page.get_by_role("button", name="Here", exact=True).click()
    expect(page.get_by_text("The place is marked")).to_be_visible()
    page.set_input_files("input[type=file]", {"name": "a.png", "mimeType": "image/png", "buffer": PHOTO})
    expect(page.locator(".photo-field img")).to_be_visible()
    page.get_by_role("button", name="Send").click()
    number = re.findall(r"\d{8}-\w{5}", page.locator(".case-number").inner_text(timeout=PATIENCE_MS))[0]
    page.get_by_role("button", name="Follow a report").last.click()
    expect(page.locator(".case-status")).to_have_text("Received, waiting to be taken up", timeout=PATIENCE_MS)
    with connect(town.database_url) as connection:
        query = (
            "SELECT lon IS NOT NULL, zone_id IS NOT NULL, media_type FROM cases JOIN photos USING (case_id) "
            "WHERE case_number = %s"
        )
        assert connection.execute(query, [number]).fetchone() == (True, True, "image/jpeg")
    page.goto("about:blank")
    page.goto(f"{town.url}/residents/#tab=follow&case={number}")
    expect(page.locator(".case .case-number")).to_have_text(number, timeout=PATIENCE_MS)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_residents_page_can_be_used_by_everybody(
    open_page: OpenPage, middle: tuple[float, float], dark: bool
) -> None:
    """On none of its tabs a fault that axe calls serious, or anything wider than the phone."""
    page = open_page(f"at={middle[0]},{middle[1]}", dark=dark, width=360)
    expect(page.locator(".walks li").first).to_be_visible(timeout=PATIENCE_MS)
    for tab in page.locator(".tabs button").all():
        tab.click()
        assert faults_in_both_languages(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
