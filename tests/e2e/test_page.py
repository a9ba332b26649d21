"""The page in a real browser, on a town that is being cleared."""

import re
import time

import pytest
from playwright.sync_api import Browser, Page, expect

from services.domain.kinds import AlarmKind
from services.store.alarms import clear_alarm, raise_alarm
from services.store.connection import connect
from services.store.town import load_clock
from tests.e2e.accessibility import faults_in_both_languages
from tests.e2e.conftest import DAY, OpenDesk, Town

PATIENCE_MS = 90_000
"""Fast time, a solver and a software renderer share two cores."""
CARD_SHARE = 0.58
"""Of a phone's map, which a full card lies over."""
IS_WHOLE = """badge => {
    const { right } = badge.parentElement.getBoundingClientRect();
    return badge.scrollWidth <= badge.clientWidth && badge.getBoundingClientRect().right <= right + 0.5;
}"""
"""Whether what is in a box is neither cut off by itself nor by the box."""


def test_a_wrong_password_is_told_in_a_sentence(browser: Browser, town: Town) -> None:
    """The form stays, and says what the API said."""
    page = browser.new_page()
    page.goto(town.url)
    page.fill("input[name=username]", "admin")
    page.fill("input[name=password]", "not the password")
    page.click("button[type=submit]")
    expect(page.get_by_role("alert")).to_contain_text(re.compile(r"\w+ .*\w+"))
    expect(page.locator("input[name=password]")).to_be_visible()


def test_the_desk_shows_the_town(open_desk: OpenDesk) -> None:
    """The map is drawn, and the lists hold what was imported."""
    page = open_desk().page
    expect(page.locator(".town-name")).to_have_text("青石县")
    expect(page.locator("#tab-trucks .count")).to_have_text("17", timeout=PATIENCE_MS)
    expect(page.locator("#tab-points .count")).to_have_text("420", timeout=PATIENCE_MS)
    expect(page.locator("#tab-facilities .count")).to_have_text("46", timeout=PATIENCE_MS)
    expect(page.locator(".simulated")).to_contain_text(re.compile(r"×\d+"), timeout=PATIENCE_MS)
    deadline_s = time.monotonic() + PATIENCE_MS / 1000
    while (colours := _colours(page)) <= 20 and time.monotonic() < deadline_s:
        page.wait_for_timeout(500)
    assert colours > 20, "A map with streets, zones and icons has many colours."
    page.set_viewport_size({"width": 360, "height": 740})
    badge = page.locator(".simulated")
    expect(badge).to_be_visible()
    assert badge.evaluate(IS_WHOLE), "A phone shows the whole badge."


def _colours(page: Page) -> int:
    """Count the colours of the map as it is shown, on a coarse scale."""
    return int(
        page.evaluate(
            """() => new Promise((resolve) => {
              const canvas = document.querySelector('.map-canvas canvas');
              const small = new OffscreenCanvas(400, 250).getContext('2d');
              requestAnimationFrame(() => {
                small.drawImage(canvas, 0, 0, 400, 250);
                const pixels = small.getImageData(0, 0, 400, 250).data;
                const seen = new Set();
                for (let i = 0; i < pixels.length; i += 4)
                  seen.add((pixels[i] >> 3) + ',' + (pixels[i + 1] >> 3) + ',' + (pixels[i + 2] >> 3));
                resolve(seen.size);
              });
            })"""
        )
    )


def test_the_day_runs_before_the_eye(open_desk: OpenDesk) -> None:
    """Without a touch, the clearance rate rises and trucks get on with their routes."""
    page = open_desk().page
    counts = page.locator("[data-figure=clearance] .figure-counts")
    expect(counts).to_have_text(re.compile(r"已清 [1-9]\d* / 应清 \d+"), timeout=PATIENCE_MS)
    before = counts.inner_text()
    expect(counts).not_to_have_text(before, timeout=PATIENCE_MS)
    expect(page.locator(".row-figure", has_text=re.compile(r"^[1-9]\d*/\d+$")).first).to_be_visible(timeout=PATIENCE_MS)


def test_a_plan_is_asked_for_watched_and_published(open_desk: OpenDesk) -> None:
    """Asking shows the falling cost, then the routes; publishing marks the plan."""
    page = open_desk("panel=plan&date=2026-06-02").page
    page.select_option(".ask select", "10")
    page.click(".ask button[type=submit]")
    expect(page.locator(".cost-chart canvas")).to_be_visible(timeout=PATIENCE_MS)
    rows = page.locator(".grid.routes tbody tr")
    expect(rows.first).to_be_visible(timeout=PATIENCE_MS)
    assert rows.count() > 5
    expect(page.locator(".sum", has_text="排入").first.locator("dd")).to_have_text(re.compile(r"^\d{3}$"))
    page.get_by_role("button", name="发布", exact=True).click()
    expect(page.locator(".plan-option .published")).to_be_visible(timeout=PATIENCE_MS)
    rows.first.get_by_role("button").click()
    expect(page.locator(".card .stops li").first).to_be_visible(timeout=PATIENCE_MS)


def test_a_point_opens_down_to_its_evidence(open_desk: OpenDesk) -> None:
    """The list of cleared points leads to a card that tells when, by which truck and from what evidence."""
    page = open_desk("tab=points").page
    cleared = page.locator(".chip", has_text="已清")
    expect(cleared.locator(".chip-count")).to_have_text(re.compile(r"[1-9]"), timeout=PATIENCE_MS)
    cleared.click()
    page.locator(".window-list .row").first.click()
    expect(page.locator(".card .due-visit.state-cleared").first).to_contain_text("由")
    expect(page.locator(".card .evidence li").first).to_be_visible(timeout=PATIENCE_MS)


def test_an_alarm_comes_is_acknowledged_and_goes(open_desk: OpenDesk, town: Town) -> None:
    """Without a reload, and by the keyboard: from the list to the truck's card, where it is acknowledged."""
    page = open_desk("tab=alarms").page
    # A kind that nothing clears while the truck's clock is right.
    alarm = (AlarmKind.DEVICE_CLOCK_WRONG, "vehicle", "V05")
    with connect(town.database_url) as connection:
        detail = {"username": "vehicle.V05", "wrong_by_s": 28_800, "likely": "time_zone"}
        assert raise_alarm(connection, *alarm, load_clock(connection).now(), detail)
    row = page.locator(".window-list li", has_text="设备时钟不准").locator(".row")
    expect(row).to_contain_text("快 8.0 小时，可能是时区设错", timeout=PATIENCE_MS)
    expect(page.locator("#tab-alarms .count")).to_have_text(re.compile(r"^[1-9]"))
    row.press("Enter")
    expect(page.locator(".card-head .card-code")).to_have_text("V05")
    on_card = page.locator(".card-alarm", has_text="设备时钟不准")
    assert faults_in_both_languages(page) == []
    on_card.get_by_role("button", name="确认告警：设备时钟不准").press("Enter")
    expect(on_card).to_contain_text(re.compile(r"admin .*\d\d:\d\d 确认"), timeout=PATIENCE_MS)
    expect(on_card).to_be_focused()
    with connect(town.database_url) as connection:
        assert clear_alarm(connection, *alarm, load_clock(connection).now())
    expect(on_card).to_be_hidden(timeout=PATIENCE_MS)
    page.get_by_role("button", name="English").click()
    page.locator(".chip", has_text="Acknowledged").click()
    over = page.locator(".window-list li", has_text="Device clock wrong")
    expect(over.locator(".alarm-time")).to_have_text(re.compile(r"\d\d:\d\d–.*\d\d:\d\d$"))
    expect(over.locator(".alarm-standing")).to_have_text(re.compile(r"^Seen: admin .*\d\d:\d\d$"))


def test_an_alarms_mark_on_the_map_leads_to_its_card(open_desk: OpenDesk, town: Town) -> None:
    """With everything else hidden that could be clicked there."""
    alarm = (AlarmKind.DEVICE_CLOCK_WRONG, "facility", "S4")
    with connect(town.database_url) as connection:
        raise_alarm(connection, *alarm, load_clock(connection).now(), {"wrong_by_s": 28_800, "likely": "time_zone"})
        query = "SELECT lon, lat FROM facilities WHERE facility_id = %s"
        lon, lat = connection.execute(query, [alarm[2]]).fetchone() or (0.0, 0.0)
    page = open_desk(f"map={lon},{lat},16&hide=trucks,points,facilities,toilets").page
    area = page.locator(".map-canvas").bounding_box()
    assert area is not None
    code = page.locator(".card-head .card-code")
    deadline_s = time.monotonic() + PATIENCE_MS / 1000
    while code.count() == 0 and time.monotonic() < deadline_s:
        # The mark stands beside the place, above and right of it.
        page.mouse.click(area["x"] + area["width"] / 2 + 11, area["y"] + area["height"] / 2 - 11)
        page.wait_for_timeout(500)
    expect(code).to_have_text("S4")
    with connect(town.database_url) as connection:
        assert clear_alarm(connection, *alarm, load_clock(connection).now())


def test_the_address_holds_the_state(open_desk: OpenDesk) -> None:
    """Day, panel, selection and language survive in the address, through a reload and the way back."""
    page = open_desk("tab=facilities&panel=figures").page
    page.locator(".window-list .row").first.click()
    page.get_by_role("button", name="English").click()
    expect(page.locator(".drawer-head h2")).to_have_text("Figures")
    expect(page.locator("html")).to_have_attribute("lang", "en-GB")
    name = page.locator(".card h2").inner_text()
    page.reload()
    expect(page.locator(".card h2")).to_have_text(name, timeout=PATIENCE_MS)
    expect(page.locator(".drawer-head h2")).to_have_text("Figures")
    page.go_back()
    expect(page.locator(".drawer-head h2")).to_have_text("指标")


def test_a_link_shows_a_colleague_the_same(open_desk: OpenDesk) -> None:
    """Search and filter of the list, hidden layers and the figures' grouping, without a step back for each letter."""
    page = open_desk("tab=facilities").page
    page.locator(".legend").get_by_label("公厕").uncheck()
    page.get_by_role("button", name="指标").first.click()
    steps = page.evaluate("history.length")
    page.locator(".lists .search input").press_sequentially("T0")
    page.locator(".lists .chip", has_text="公厕").click()
    page.locator(".figures-panel .chip", has_text="小时").click()
    expect(page.locator(".series-chart canvas")).to_be_visible(timeout=PATIENCE_MS)
    address = "tab=facilities&panel=figures&q=T0&only=public_toilet&by=hour&hide=toilets"
    page.wait_for_function("fragment => location.hash === `#${fragment}`", arg=address)
    assert page.evaluate("history.length") == steps
    found = page.locator(".window-list .row-title").all_inner_texts()
    page.locator("#tab-trucks").click()
    expect(page.locator(".lists .search input")).to_have_value("")
    opened = open_desk(f"{address},moon").page
    expect(opened.locator(".lists .search input")).to_have_value("T0")
    expect(opened.locator(".window-list .row-title")).to_have_text(found, timeout=PATIENCE_MS)
    expect(opened.locator(".lists .chip", has_text="公厕")).to_have_attribute("aria-pressed", "true")
    expect(opened.locator(".series-chart canvas")).to_be_visible(timeout=PATIENCE_MS)
    # Also beside an open drawer, over the low map that it leaves.
    expect(opened.locator(".legend").get_by_label("公厕")).not_to_be_checked()
    legend, whole = opened.locator(".legend").bounding_box(), opened.locator(".map-view").bounding_box()
    assert legend is not None
    assert whole is not None
    assert legend["height"] < 0.25 * whole["height"]


def test_figures_are_given_by_each_grouping(open_desk: OpenDesk) -> None:
    """By zone, contractor, vehicle, hour and day there are rows, and for those by time a chart."""
    page = open_desk("panel=figures&lang=en").page
    rows = page.locator(".grid.figures tbody tr")
    for name, least, has_chart in (
        ("Zone", 22, False),
        ("Contractor", 2, False),
        ("Vehicle", 10, False),
        ("Hour", 5, True),
        ("Two weeks", 1, True),
    ):
        page.locator(".figures-panel .chip", has_text=name).click()
        expect(rows.nth(least - 1)).to_be_visible(timeout=PATIENCE_MS)
        expect(page.locator(".series-chart canvas")).to_have_count(int(has_chart))
        # Within an hour trucks tip what was expected in those before it: no share of an hour's own.
        collection = page.locator(".grid.figures thead th", has_text="Collect")
        expect(collection).to_have_text("Collected so far" if name == "Hour" else "Collection")
        column = collection.evaluate("cell => cell.cellIndex + 1")
        shares = page.locator(f".grid.figures tr > :nth-child({column})").all_inner_texts()[1:]
        assert all(share == "—" or float(share.rstrip("%")) <= 100 for share in shares), (name, shares)
        # The API's word for what belongs to none of them.
        assert "unassigned" not in page.locator(".grid.figures").inner_text()


def test_a_lost_connection_is_shown_and_made_good(open_desk: OpenDesk) -> None:
    """While the stream cannot be opened a banner says so; it goes when the stream is back."""
    desk = open_desk()
    page = desk.page
    page.route("**/api/v1/live*", lambda route: route.abort())
    page.reload()
    expect(page.locator(".connection-lost")).to_be_visible(timeout=PATIENCE_MS)
    page.unroute("**/api/v1/live*")
    expect(page.locator(".connection-lost")).to_be_hidden(timeout=PATIENCE_MS)
    expect(page.locator(".connection.open")).to_be_visible()
    # The browser itself notes each request that this test has cut off.
    desk.complaints[:] = [text for text in desk.complaints if "ERR_FAILED" not in text]


def test_it_fits_a_phone(open_desk: OpenDesk) -> None:
    """At a phone's width nothing is cut off, and the bar at the bottom leads to each part."""
    page = open_desk(width=390, height=844).page
    bar = page.locator(".phone-bar")
    for name, shown in (
        ("列表", ".lists"),
        ("计划", ".plan-panel"),
        ("指标", ".figures-panel"),
        ("地图", ".map-canvas"),
    ):
        bar.get_by_role("button", name=name).click()
        expect(page.locator(shown)).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name


def test_a_phones_card_does_not_hide_what_it_is_of(open_desk: OpenDesk, town: Town) -> None:
    """What is selected comes to the middle of what the card leaves of the map: a tap there selects it again."""
    query = "SELECT point_id FROM collection_points ORDER BY point_id LIMIT 1"
    with connect(town.database_url) as connection:
        code = (connection.execute(query).fetchone() or [""])[0]
    points_only = "hide=trucks,facilities,toilets,alarms"
    page = open_desk(points_only, width=390, height=844).page
    chosen, area = page.locator(".card-head .card-code"), page.locator(".map-canvas").bounding_box()
    assert area is not None

    def is_there() -> bool:
        # Chosen anew, it is brought into view anew.
        for fragment in (points_only, f"{points_only}&select=point:{code}"):
            page.evaluate("fragment => { location.hash = fragment; }", fragment)
            expect(chosen).to_have_count(fragment.count("select"))
        page.wait_for_timeout(1_000)
        page.locator(".map-canvas").click(position={"x": area["width"] / 2, "y": area["height"] * (1 - CARD_SHARE) / 2})
        page.wait_for_timeout(200)
        return chosen.count() == 1 and chosen.inner_text() == code

    deadline_s = time.monotonic() + PATIENCE_MS / 1000
    while not (found := is_there()) and time.monotonic() < deadline_s:
        pass
    assert found


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_everyone_can_use_it(open_desk: OpenDesk, dark: bool) -> None:
    """Axe finds no serious fault in any panel: names, roles, contrast, focus."""
    page = open_desk(dark=dark).page
    for fragment, shown in (
        (f"panel=plan&select=vehicle:V05&date={DAY}", ".grid.routes tbody tr"),
        (f"tab=points&panel=figures&date={DAY}", ".grid.figures tbody tr"),
        ("tab=facilities&lang=en", ".window-list .row"),
    ):
        page.evaluate("fragment => { location.hash = fragment; }", fragment)
        expect(page.locator(shown).first).to_be_visible(timeout=PATIENCE_MS)
        expect(page.locator("html")).to_have_attribute("lang", "en-GB" if "lang=en" in fragment else "zh-CN")
        if "panel=plan" in fragment:
            expect(page.locator(".sum", has_text="提出人")).to_contain_text("命令行")
        assert faults_in_both_languages(page) == [], fragment
        assert page.evaluate("document.documentElement.scrollHeight <= innerHeight"), fragment
