"""How soon the page is there on an old office PC: Chromium slowed down by its own means, on a slow network."""

from dataclasses import dataclass

from playwright.sync_api import Browser, Page

from bench.api.town import DAY, PASSWORD, USER

SLOWDOWN = 4
"""What the page's script does takes so many times as long; Lighthouse's figure for a slow machine."""
LATENCY_MS = 40
BYTES_PER_S = 10_000_000 / 8
"""Of the network, as Lighthouse's for desktops."""
PATIENCE_MS = 120_000

SEEN = ["list", "map", "points"]

WATCH = """() => {
  const wanted = {
    form: 'input[name=username]',
    list: '.window-list .row',
    map: '.map-canvas[data-ready=true]',
  };
  const points = () => document.querySelector('#tab-points .count')?.textContent === String(POINTS);
  window.firstSeenMs = {};
  addEventListener('submit', () => { window.signedInMs ??= performance.now(); }, true);
  const look = () => {
    const there = Object.keys(wanted).filter((name) => document.querySelector(wanted[name]) !== null);
    if (points()) there.push('points');
    const fresh = there.filter((name) => !(name in window.firstSeenMs));
    requestAnimationFrame((drawnMs) => {
      for (const name of fresh) window.firstSeenMs[name] ??= drawnMs;
      look();
    });
  };
  look();
}"""
"""Notes in the page when each thing had been drawn: in the frame after it was there.

A look from outside waits for the page's own tasks, and so comes up to three seconds late where a page has many.
"""


@dataclass(frozen=True, slots=True)
class FirstView:
    """Seconds until it is drawn: from the address, from signing in, and from opening the page again signed in.

    The list is that of trucks; points are there when the list's tab counts all of them.
    """

    form_s: float
    list_s: float
    map_s: float
    points_s: float
    list_again_s: float
    map_again_s: float
    points_again_s: float


def measure_first_view(browser: Browser, url: str, points: int) -> FirstView:
    """Open the page of a town of so many points with nothing kept, sign in, and open it again."""
    page = browser.new_page(viewport={"width": 1366, "height": 768})
    page.set_default_timeout(PATIENCE_MS)
    slowed = page.context.new_cdp_session(page)
    slowed.send("Emulation.setCPUThrottlingRate", {"rate": SLOWDOWN})
    slowed.send("Network.enable")
    slowed.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": LATENCY_MS, "downloadThroughput": BYTES_PER_S, "uploadThroughput": BYTES_PER_S},
    )
    page.add_init_script(f"({WATCH.replace('POINTS', str(points))})()")
    page.goto(f"{url}/#date={DAY}", wait_until="commit")
    page.wait_for_selector("input[name=username]")
    page.fill("input[name=username]", USER)
    page.fill("input[name=password]", PASSWORD)
    page.click("button[type=submit]")
    seen_ms = _seen_ms(page)
    signed_in_ms = page.evaluate("window.signedInMs")
    page.reload(wait_until="commit")
    again_ms = _seen_ms(page)
    page.close()
    return FirstView(
        *(
            round(ms / 1000, 2)
            for ms in (
                seen_ms["form"],
                *(seen_ms[name] - signed_in_ms for name in SEEN),
                *(again_ms[name] for name in SEEN),
            )
        )
    )


def _seen_ms(page: Page) -> dict[str, float]:
    """Wait until all is there; return when each thing had been drawn, in milliseconds since the page was asked for."""
    page.wait_for_function("names => names.every(name => name in window.firstSeenMs)", arg=SEEN)
    return dict(page.evaluate("window.firstSeenMs"))
