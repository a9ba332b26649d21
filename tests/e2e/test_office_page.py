"""The office's page: from the rate of the day down to the readings behind one visit."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.accessibility import faults_in_both_languages
from tests.e2e.conftest import DAY, Town, sign_in

PATIENCE_MS = 90_000


WHERE_THE_MAP_IS = "() => (/map=([^&]+)/.exec(decodeURIComponent(location.hash)) ?? ['', ''])[1]"


def _open(browser: Browser, town: Town, path: str, *, width: int = 1366, dark: bool = False) -> Page:
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme="dark" if dark else "light")
    page.goto(f"{town.url}/{path}")
    sign_in(page, town.password)
    return page


def test_a_rate_opens_down_to_its_readings(browser: Browser, town: Town) -> None:
    """By the keyboard: the zones, the visits of one, and the fixes and events that one was decided from."""
    page = _open(browser, town, f"office/#date={DAY}")
    expect(page.locator("[data-rate=day]")).to_contain_text(
        re.compile(r"已清 [1-9]\d* / 应清 4\d\d"), timeout=PATIENCE_MS
    )
    expect(page.locator("[data-rate=month] .rate-value")).to_have_text(re.compile(r"\d+\.\d%"))
    expect(page.locator(".groups tbody tr").nth(5)).to_be_visible()
    bars = page.locator(".groups td.rate .meter").evaluate_all(
        "bars => bars.map(bar => `${bar.getBoundingClientRect().left} ${bar.getBoundingClientRect().width}`)"
    )
    assert len(set(bars)) == 1, bars
    assert float(bars[0].split()[1]) > 40
    page.get_by_role("button", name="保洁公司").press("Enter")
    # The zones stand there until the contractors have come.
    contractor = page.locator(".groups tbody tr", has_text="有限公司").last
    contractor.get_by_role("button").press("Enter", timeout=PATIENCE_MS)
    page.get_by_role("button", name="已清", exact=True).press("Enter", timeout=PATIENCE_MS)
    expect(page.locator(".visit-row").first).to_contain_text("已清", timeout=PATIENCE_MS)
    page.locator(".visit-row").first.press("Enter")
    expect(page.locator(".proof")).to_contain_text("计入：", timeout=PATIENCE_MS)
    expect(page.locator(".proof .evidence li").first).to_be_visible()
    expect(page.locator(".proof")).to_contain_text(re.compile(r"前后的定位：[1-9]\d* 个"))
    assert faults_in_both_languages(page) == []
    page.reload()
    expect(page.locator(".proof")).to_contain_text("计入：", timeout=PATIENCE_MS)
    page.locator(".path").get_by_role("button").first.press("Enter")
    expect(page.locator(".rate-value").first).to_be_visible()


def test_a_visit_is_corrected_by_hand_and_that_is_taken_back(browser: Browser, town: Town) -> None:
    """With a reason that stands beside it; what the readings say holds again afterwards."""
    page = _open(browser, town, f"office/#date={DAY}&key=*&status=cleared")
    page.locator(".visit-row").first.press("Enter", timeout=PATIENCE_MS)
    badge = page.locator(".proof .badge").first
    expect(badge).to_have_text("已清", timeout=PATIENCE_MS)
    page.locator(".correct summary").press("Enter")
    page.get_by_label("理由").fill("现场仍有垃圾")
    page.get_by_role("button", name="保存更正").press("Enter")
    expect(badge).to_have_text("漏清", timeout=PATIENCE_MS)
    expect(page.locator(".corrected")).to_have_text("admin 已人工更正：现场仍有垃圾")
    page.locator(".correct summary").press("Enter")
    page.get_by_label("理由").fill("看错了")
    page.get_by_role("button", name="撤销", exact=True).press("Enter")
    expect(badge).to_have_text("已清", timeout=PATIENCE_MS)
    expect(page.locator(".corrected")).to_have_count(0)


def test_the_days_bulletin_is_downloaded(browser: Browser, town: Town) -> None:
    """As a workbook, in the page's language, which counts a month's one day as one."""
    page = _open(browser, town, f"office/#lang=en&date={DAY}")
    expect(page.locator("[data-rate=month]")).to_contain_text(re.compile(r"1 Jun, 1 day$"), timeout=PATIENCE_MS)
    page.locator(".bulletins summary").click(timeout=PATIENCE_MS)
    with page.expect_download(timeout=PATIENCE_MS) as download:
        page.get_by_role("button", name=f"Download the bulletin of {DAY} as XLSX").click()
    assert download.value.suggested_filename == f"{DAY}-en.xlsx"
    assert download.value.path().read_bytes().startswith(b"PK")


@pytest.mark.parametrize(("width", "dark"), [(390, False), (1366, True)], ids=["phone", "dark"])
def test_the_offices_page_can_be_used_by_everybody(browser: Browser, town: Town, width: int, dark: bool) -> None:
    """In English, on a phone and in the dark: no fault that axe calls serious, and nothing wider than the screen."""
    page = _open(browser, town, f"office/#lang=en&date={DAY}", width=width, dark=dark)
    expect(page.locator(".groups tbody tr").first).to_be_visible(timeout=PATIENCE_MS)
    assert faults_in_both_languages(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")


@pytest.mark.parametrize(
    ("path", "wanted"),
    [("office/", ".groups tbody tr"), ("facilities/", ".gaps li"), ("residents/", ".map-canvas[data-ready=true]")],
)
def test_a_link_shows_the_same_part_of_the_town(
    browser: Browser, town: Town, middle: tuple[float, float], path: str, wanted: str
) -> None:
    """The map of each page beside the desk is where its address says, the address where somebody moves it."""
    lon, lat = middle[0] + 0.01, middle[1] - 0.01
    page = browser.new_page(viewport={"width": 1366, "height": 800})
    page.goto(f"{town.url}/{path}#map={lon:.5f},{lat:.5f},15")
    if path != "residents/":
        sign_in(page, town.password)
    page.wait_for_selector(wanted, timeout=PATIENCE_MS)
    page.wait_for_selector(".map-canvas[data-ready=true]", timeout=PATIENCE_MS)
    page.wait_for_load_state("networkidle")
    before = f"{lon:.5f},{lat:.5f},15.00"
    assert page.evaluate(WHERE_THE_MAP_IS) == before
    page.locator(".ground canvas").press("ArrowRight")
    page.wait_for_function(f"before => ({WHERE_THE_MAP_IS})() !== before", arg=before, timeout=PATIENCE_MS)
    moved_lon, moved_lat, zoom = map(float, page.evaluate(WHERE_THE_MAP_IS).split(","))
    # A press moves the map by 100 pixels, which are about 200 m: from the link's place, so it was there.
    assert 0 < moved_lon - lon < 0.005
    assert abs(moved_lat - lat) < 0.0001
    assert zoom == 15
    page.get_by_role("button", name="恢复原来的视图").press("Enter")
    page.wait_for_function(f"() => ({WHERE_THE_MAP_IS})() === ''", timeout=PATIENCE_MS)
