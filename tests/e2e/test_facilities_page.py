"""The facilities page: coverage and its gaps, sites tried live, and use by hour."""

import re
import time

import pytest
from playwright.sync_api import Browser, Page, expect

from services.store.connection import connect
from tests.e2e.accessibility import faults_in_both_languages
from tests.e2e.conftest import DAY, Town, sign_in

PATIENCE_MS = 90_000
IS_SWITCH_FREE = """() => {
    [...document.querySelectorAll("main *")].at(-1).scrollIntoView();
    const button = document.querySelector(".language-switch");
    const { x, y, width, height } = button.getBoundingClientRect();
    return button.contains(document.elementFromPoint(x + width / 2, y + height / 2));
}"""
"""Whether nothing lies over the language switch, also when the browser has scrolled to the last item."""


def _open(browser: Browser, town: Town, fragment: str, *, width: int = 1366, dark: bool = False) -> Page:
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme="dark" if dark else "light")
    page.goto(f"{town.url}/facilities/#{fragment}")
    sign_in(page, town.password)
    return page


def _ratio(text: str) -> float:
    return float(text.strip().rstrip("%"))


def test_coverage_follows_the_radius(browser: Browser, town: Town) -> None:
    """A longer walk covers more; standards, zones, uses of land, classes and gaps stand beside it."""
    page = _open(browser, town, "")
    share = page.locator("[data-share=covered] .share-value")
    expect(share).to_have_text(re.compile(r"\d+\.\d%"), timeout=PATIENCE_MS)
    at_standard = share.inner_text()
    expect(page.locator(".checks li").first).to_contain_text("GB 55013-2021")
    expect(page.locator(".gaps li").nth(5)).to_be_visible()
    page.get_by_label("服务半径").fill("1500")
    page.get_by_label("服务半径").press("Enter")
    expect(share).not_to_have_text(at_standard, timeout=PATIENCE_MS)
    expect(page.locator(".by-land-use tbody tr").first).to_contain_text("居住用地")
    expect(page.locator(".by-land-use tbody tr").last).to_contain_text("未注明")
    expect(page.locator(".by-class tbody th")).to_have_text(["一类", "二类", "三类"])
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
    page.reload()
    expect(after).to_have_text(re.compile(r"\d+\.\d%"), timeout=PATIENCE_MS)
    page.get_by_role("button", name=re.compile("^Take away: Build NEW-")).press("Enter")
    expect(page.locator("[data-phase=after]")).to_have_count(0)
    page.get_by_role("button", name="Open In the middle").first.click()
    expect(after).to_have_text(re.compile(r"\d+\.\d%"), timeout=PATIENCE_MS)


def test_what_the_town_means_to_build_is_found_compared_and_planned(browser: Browser, town: Town) -> None:
    """By the keyboard: 12 toilets and 14 renovated, their gains as a file, and one site by hand that is planned."""
    page = _open(browser, town, "view=scenario&lang=en")
    page.wait_for_selector(".map-canvas[data-ready=true]", timeout=PATIENCE_MS)
    page.get_by_role("button", name="Suggest").press("Enter")
    expect(page.locator(".found")).to_contain_text(re.compile("proven|at most"), timeout=PATIENCE_MS)
    works = page.locator(".found tbody tr")
    built, renovated = (works.filter(has_text=name).count() for name in ("Build", "Renovate"))
    assert built == 12
    assert 0 < renovated <= 14
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the list (CSV)").press("Enter")
    assert len(download.value.path().read_text(encoding="utf-8-sig").splitlines()) == 1 + built + renovated
    _keep(page, "Found")
    page.get_by_role("button", name="Take all away").press("Enter")
    page.get_by_role("button", name="In the middle of the map").press("Enter")
    _keep(page, "By hand")
    page.get_by_role("button", name="Compare with Found").press("Enter")
    expect(page.locator(".compared thead th")).to_have_text(["By hand", "Found"], timeout=PATIENCE_MS)
    expect(page.locator(".compared")).to_contain_text("Only in “Found”")
    page.get_by_role("button", name="Take into the register").press("Enter")
    status = page.locator(".deeds [role=status]")
    expect(page.locator(".kept .opened .badge")).to_contain_text("Planned on", timeout=PATIENCE_MS)
    expect(status).to_have_text(re.compile(r"1 registered: NEW-\d+"))
    with connect(town.database_url) as connection:
        query = "SELECT status FROM facilities WHERE facility_id = %s"
        assert connection.execute(query, [status.inner_text().split()[-1]]).fetchone() == ("planned",)
    page.get_by_role("button", name="Open Found").press("Enter")
    page.get_by_role("button", name="Delete", exact=True).press("Enter")
    page.get_by_role("button", name="Press again to delete “Found”").press("Enter")
    expect(page.get_by_role("button", name="Open Found")).to_have_count(0, timeout=PATIENCE_MS)


def _keep(page: Page, name: str) -> None:
    page.get_by_label("Name of the scenario").fill(name)
    page.get_by_role("button", name="Save", exact=True).press("Enter")
    expect(page.locator(".kept .opened")).to_contain_text(name, timeout=PATIENCE_MS)


def test_a_renovation_and_a_fault_are_noted_and_seen(browser: Browser, town: Town) -> None:
    """By the keyboard: dated works with what they bring and what serves meanwhile; a fault that a repair ends."""
    page = _open(browser, town, "view=register&lang=en&subject=facility:T04")
    cycle, upkeep = page.locator(".life-cycle"), page.locator(".upkeep-notes")
    expect(cycle).to_be_visible(timeout=PATIENCE_MS)
    cycle.get_by_label("From", exact=True).fill("2090-01-01")
    cycle.get_by_label("Meanwhile serves").select_option("T05")
    cycle.get_by_label("Accessible").fill("3")
    cycle.get_by_role("button", name="Note the phase").press("Enter")
    expect(cycle.locator(".phases")).to_contain_text("3 accessible stalls", timeout=PATIENCE_MS)
    expect(cycle.locator(".phases")).to_contain_text("serves instead")
    cycle.get_by_label("From", exact=True).fill("2091-01-01")
    cycle.get_by_label("Status").select_option("in_service")
    cycle.get_by_role("button", name="Note the phase").press("Enter")
    expect(cycle.locator(".phases li").nth(2)).to_contain_text("3 accessible stalls", timeout=PATIENCE_MS)
    upkeep.get_by_label("What").select_option("fault")
    upkeep.get_by_label("Note").fill("leaks")
    upkeep.get_by_role("button", name="Note it").press("Enter")
    expect(upkeep.locator(".upkeep")).to_contain_text("not repaired", timeout=PATIENCE_MS)
    row = page.locator(".register tbody tr").first
    expect(row).to_contain_text("T04")
    upkeep.get_by_label("What").select_option("repair")
    upkeep.get_by_label("Fault that it ends").select_option(index=1)
    upkeep.get_by_role("button", name="Note it").press("Enter")
    expect(upkeep.locator(".upkeep")).not_to_contain_text("not repaired", timeout=PATIENCE_MS)
    expect(page.locator(".register tr.chosen .badge")).to_have_text("good")
    cycle.get_by_role("button", name="Forget: from 2091-01-01 on in service").press("Enter")
    cycle.get_by_role("button", name="Press again to forget: from 2091-01-01 on in service").press("Enter")
    expect(cycle.locator(".phases li")).to_have_count(2, timeout=PATIENCE_MS)
    page.get_by_label("Find by name or code").fill("T04")
    page.get_by_label("Only those with faults").check()
    page.reload()
    expect(page.get_by_label("Find by name or code")).to_have_value("T04", timeout=PATIENCE_MS)
    expect(page.get_by_label("Only those with faults")).to_be_checked()


def test_points_with_containers_are_on_the_map(browser: Browser, town: Town) -> None:
    """Where the register lists points, the map has them too, and a click chooses one."""
    query = "SELECT point_id, lon, lat FROM collection_points ORDER BY point_id LIMIT 1"
    with connect(town.database_url) as connection:
        code, lon, lat = connection.execute(query).fetchone() or ("", 0.0, 0.0)
    page = _open(browser, town, f"view=register&of=points&map={lon},{lat},17")
    expect(page.locator(".register td").first).to_be_visible(timeout=PATIENCE_MS)
    page.wait_for_selector(".map-canvas[data-ready=true]", timeout=PATIENCE_MS)
    chosen = page.locator(".subject header small")
    deadline_s = time.monotonic() + PATIENCE_MS / 1000
    while chosen.count() == 0 and time.monotonic() < deadline_s:
        page.locator(".map-canvas").click()
        page.wait_for_timeout(500)
    expect(chosen).to_have_text(code)


def test_a_station_that_fails_loads_the_others(browser: Browser, town: Town) -> None:
    """Its points haul elsewhere, it is told how much farther, and that is in the address."""
    page = _open(browser, town, "kind=stations")
    rows = page.locator(".catchments tbody tr")
    expect(rows.first).to_be_visible(timeout=PATIENCE_MS)
    rows.first.get_by_role("button").press("Enter")
    expect(page.locator(".catchments [role=status]")).to_contain_text("改运他站", timeout=PATIENCE_MS)
    page.reload()
    expect(page.locator(".catchments [role=status]")).to_contain_text("改运他站", timeout=PATIENCE_MS)


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
    if width < 700:
        _unfold_the_filters(page)
    views = {"覆盖与空白": ".gaps li", "试选新址": ".sites", "使用情况": ".heat td", "登记与维护": ".register td"}
    for view, wanted in views.items():
        page.get_by_role("button", name=view).click()
        page.wait_for_selector(wanted, state="attached", timeout=PATIENCE_MS)
        assert faults_in_both_languages(page) == [], view
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), view
        assert page.evaluate("document.documentElement.scrollHeight <= innerHeight"), view
        assert page.evaluate(IS_SWITCH_FREE), view


def _unfold_the_filters(page: Page) -> None:
    """On a phone they are folded above the result, which is in sight; by the keyboard they open and stay open."""
    share, radius = page.locator(".share-value"), page.get_by_label("服务半径")
    assert share.evaluate(
        "share => share.getBoundingClientRect().bottom < document.querySelector('.ground').getBoundingClientRect().top"
    )
    expect(radius).to_be_hidden()
    page.locator(".fold summary").press("Enter")
    radius.fill("1500")
    radius.press("Tab")
    expect(page.locator(".fold summary")).to_have_text("筛选 · 服务半径（米） 1500")
    page.get_by_role("button", name="使用情况").click()
    page.get_by_role("button", name="覆盖与空白").click()
    expect(radius).to_have_value("1500")
    page.reload()
    expect(page.locator(".fold summary")).to_have_text("筛选 · 服务半径（米） 1500", timeout=PATIENCE_MS)
    expect(radius).to_be_hidden()
