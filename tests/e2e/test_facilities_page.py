"""The facilities page: coverage and its gaps, sites tried live, and use by hour."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.accessibility import serious_faults
from tests.e2e.conftest import DAY, Town, sign_in

PATIENCE_MS = 90_000


def _open(browser: Browser, town: Town, fragment: str, *, width: int = 1366, dark: bool = False) -> Page:
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme="dark" if dark else "light")
    page.goto(f"{town.url}/facilities/#{fragment}")
    sign_in(page, town.password)
    return page


def _ratio(text: str) -> float:
    return float(text.strip().rstrip("%"))


def test_coverage_follows_the_radius(browser: Browser, town: Town) -> None:
    """A longer walk covers more; standards, zones and gaps stand beside it."""
    page = _open(browser, town, "")
    share = page.locator("[data-share=covered] .share-value")
    expect(share).to_have_text(re.compile(r"\d+\.\d%"), timeout=PATIENCE_MS)
    at_standard = share.inner_text()
    expect(page.locator(".checks li").first).to_contain_text("GB 55013-2021")
    expect(page.locator(".gaps li").nth(5)).to_be_visible()
    page.get_by_label("服务半径").fill("1500")
    page.get_by_label("服务半径").press("Enter")
    expect(share).not_to_have_text(at_standard, timeout=PATIENCE_MS)
    assert _ratio(share.inner_text()) > _ratio(at_standard)


def test_a_site_is_tried_and_seen_at_once(browser: Browser, town: Town) -> None:
    """A toilet in the middle of the map covers more; taken away, it is as before; kept, it can be opened again."""
    page = _open(browser, town, "view=scenario&lang=en")
    page.wait_for_selector(".map-canvas[data-ready=true]", timeout=PATIENCE_MS)
    expect(page.get_by_text("There are no new sites yet.")).to_be_visible()
    page.get_by_role("button", name="In the middle of the map").press("Enter")
    after = page.locator("[data-phase=after] .share-value")
    expect(after).to_have_text(re.compile(r"\d+\.\d%"), timeout=PATIENCE_MS)
    assert _ratio(after.inner_text()) > _ratio(page.locator("[data-phase=before] .share-value").inner_text())
    page.get_by_label("Name of the scenario").fill("In the middle")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".kept")).to_contain_text("In the middle", timeout=PATIENCE_MS)
    page.get_by_role("button", name="Take Site 1 away").press("Enter")
    expect(page.locator("[data-phase=after]")).to_have_count(0)
    page.get_by_role("button", name="Open In the middle").first.click()
    expect(after).to_have_text(re.compile(r"\d+\.\d%"), timeout=PATIENCE_MS)


@pytest.mark.parametrize(("kind", "measure"), [("toilets", "uses"), ("stations", "design_share")])
def test_use_by_hour(browser: Browser, town: Town, kind: str, measure: str) -> None:
    """A row for each facility that was heard, a column an hour; a row's name shows its curve."""
    page = _open(browser, town, f"view=use&kind={kind}&measure={measure}&date={DAY}")
    rows = page.locator(".heat tbody tr")
    expect(rows.first).to_be_visible(timeout=PATIENCE_MS)
    name = rows.last.get_by_role("button").inner_text()
    rows.last.get_by_role("button").press("Enter")
    expect(page.locator(".curve figcaption")).to_contain_text(name)
    expect(page.locator(".attention")).to_be_visible()


@pytest.mark.parametrize(("width", "dark"), [(390, False), (1366, True)], ids=["phone", "dark"])
def test_the_facilities_page_can_be_used_by_everybody(browser: Browser, town: Town, width: int, dark: bool) -> None:
    """In none of its views a fault that axe calls serious, or anything wider than the screen."""
    page = _open(browser, town, f"date={DAY}", width=width, dark=dark)
    expect(page.locator(".share-value")).to_be_visible(timeout=PATIENCE_MS)
    for view, wanted in (("覆盖与空白", ".gaps li"), ("试选新址", ".sites"), ("使用情况", ".heat td")):
        page.get_by_role("button", name=view).click()
        page.wait_for_selector(wanted, state="attached", timeout=PATIENCE_MS)
        assert serious_faults(page) == [], view
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), view
        assert page.evaluate("document.documentElement.scrollHeight <= innerHeight"), view
