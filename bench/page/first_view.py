"""How soon the page is there on an old office PC: Chromium slowed down by its own means, on a slow network."""

import time
from dataclasses import dataclass

from playwright.sync_api import Browser, Page

from bench.api.town import DAY, PASSWORD, USER

SLOWDOWN = 4
"""What the page's script does takes so many times as long; Lighthouse's figure for a slow machine."""
LATENCY_MS = 40
BYTES_PER_S = 10_000_000 / 8
"""Of the network, as Lighthouse's for desktops."""
PATIENCE_MS = 120_000


@dataclass(frozen=True, slots=True)
class FirstView:
    """Seconds until it is there: from the address, from signing in, and from opening the page again signed in."""

    form_s: float
    lists_s: float
    map_s: float
    lists_again_s: float
    map_again_s: float


def measure_first_view(browser: Browser, url: str) -> FirstView:
    """Open the page with nothing kept, sign in, and open it again."""
    page = browser.new_page(viewport={"width": 1366, "height": 768})
    page.set_default_timeout(PATIENCE_MS)
    slowed = page.context.new_cdp_session(page)
    slowed.send("Emulation.setCPUThrottlingRate", {"rate": SLOWDOWN})
    slowed.send("Network.enable")
    slowed.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": LATENCY_MS, "downloadThroughput": BYTES_PER_S, "uploadThroughput": BYTES_PER_S},
    )
    began_s = time.monotonic()
    page.goto(f"{url}/#date={DAY}", wait_until="commit")
    page.wait_for_selector("input[name=username]")
    form_s = time.monotonic() - began_s
    page.fill("input[name=username]", USER)
    page.fill("input[name=password]", PASSWORD)
    page.click("button[type=submit]")
    lists_s, map_s = _seconds_until_there(page)
    page.reload(wait_until="commit")
    again = _seconds_until_there(page)
    page.close()
    return FirstView(*(round(seconds, 2) for seconds in (form_s, lists_s, map_s, *again)))


def _seconds_until_there(page: Page) -> tuple[float, float]:
    """Return how long it takes from now until the lists are shown and until the map is drawn."""
    began_s = time.monotonic()
    page.wait_for_selector(".window-list .row")
    lists_s = time.monotonic() - began_s
    page.wait_for_selector(".map-canvas[data-ready=true]")
    return lists_s, time.monotonic() - began_s
