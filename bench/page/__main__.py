"""`python -m bench.page`: first view, frame times and memory of the page while trucks move each second.

The API and its database are real; the browser is Chromium without a screen, which draws the map by software where the
machine has no graphics card. The page must be built: `npm run build` in web/.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page, expect, sync_playwright
from rich.console import Console
from rich.table import Table

from bench.api.servers import running_api
from bench.api.town import DAY, NOW, PASSWORD, USER, Size, build
from bench.page.first_view import measure_first_view
from bench.page.fleet import MovingFleet
from bench.page.frames import Frames, heap_mb, watch_frames
from services.stack.lifecycle import Stack, StartRequest
from services.stack.provision import provision_browser
from services.stack.tools import Tools
from services.store.connection import connect
from services.store.migrate import migrate

console = Console(stderr=True, highlight=False)
BROWSER_ARGUMENTS = ("--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
VIEWPORT = (1366, 768)
PATIENCE_MS = 120_000
MEMORY_LOOKS = 9
ALL_LAYERS = "trucks,points,facilities,toilets,zones,alarms,labels"
"""What is left is what the browser takes to show any map on this machine: the limit of moving one."""


@contextmanager
def started_browser() -> Iterator[Browser]:
    """Run Chromium without a screen."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=Tools.here().chromium(), args=BROWSER_ARGUMENTS)
        yield browser
        browser.close()


def open_page(browser: Browser, url: str, size: Size) -> tuple[Page, float]:
    """Sign in; return the page and how many seconds passed until all points were listed and the map was drawn."""
    page = browser.new_page(viewport={"width": VIEWPORT[0], "height": VIEWPORT[1]})
    page.set_default_timeout(PATIENCE_MS)
    page.goto(f"{url}/#date={DAY}")
    page.fill("input[name=username]", USER)
    page.fill("input[name=password]", PASSWORD)
    page.click("button[type=submit]")
    began_s = time.monotonic()
    expect(page.locator("#tab-points .count")).to_have_text(str(size.points), timeout=PATIENCE_MS)
    page.wait_for_selector(".map-canvas[data-ready=true]")
    return page, time.monotonic() - began_s


def scenes(page: Page, metrics: CDPSession, fleet: MovingFleet, seconds: float) -> Iterator[tuple[str, Frames]]:
    """Watch the page as people use it, and for comparison with no truck moving and with nothing on the map."""
    look_on = lambda: page.wait_for_timeout(250)  # noqa: E731 - a scene in a word
    fleet.stands = True
    page.wait_for_timeout(5_000)
    yield "looking on, no truck moving", watch_frames(page, metrics, seconds, look_on)
    fleet.stands = False
    page.wait_for_timeout(3_000)
    yield "looking on, 1,500 trucks moving", watch_frames(page, metrics, seconds, look_on)
    yield "moving the map", watch_frames(page, metrics, seconds, lambda: _drag_map(page))
    shown = page.evaluate("location.hash")
    page.evaluate("hidden => { location.hash += '&hide=' + hidden }", ALL_LAYERS)
    page.wait_for_timeout(2_000)
    yield "moving an empty map", watch_frames(page, metrics, seconds, lambda: _drag_map(page))
    page.evaluate("shown => { location.hash = shown + '&panel=timeline' }", shown)
    rows = page.locator(".timeline-rows")
    rows.wait_for()
    page.wait_for_timeout(3_000)
    rows.hover()
    scroll = iter(range(10**9))
    yield (
        "scrolling the timeline of 1,500 trucks",
        watch_frames(page, metrics, seconds, lambda: page.mouse.wheel(0, 300 if next(scroll) // 40 % 2 == 0 else -300)),
    )


def _drag_map(page: Page) -> None:
    middle_x, middle_y = 800, 300
    page.mouse.move(middle_x, middle_y)
    page.mouse.down()
    for step in range(12):
        page.mouse.move(middle_x - 12 * step, middle_y + 5 * step)
        page.wait_for_timeout(20)
    page.mouse.up()
    page.mouse.move(middle_x, middle_y)
    page.mouse.down()
    page.mouse.move(middle_x + 132, middle_y - 55, steps=6)
    page.mouse.up()


def memory(page: Page, metrics: CDPSession, fleet: MovingFleet, arguments: argparse.Namespace) -> list[float]:
    """The script's memory in MB, at first and some looks on, over hours of the town while trucks move.

    The timeline is open and a truck is followed, for these keep what they fetch.
    """
    page.locator(".window-list .row").nth(3).click()
    page.wait_for_timeout(3_000)
    fleet.run_at(arguments.memory_hours * 3600 / arguments.memory_seconds)
    found = [heap_mb(metrics)]
    for _ in range(MEMORY_LOOKS - 1):
        page.wait_for_timeout(arguments.memory_seconds / (MEMORY_LOOKS - 1) * 1000)
        found.append(heap_mb(metrics))
    return found


def measure(arguments: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Measure everything on a stack of its own."""
    size, stack = Size(trucks=arguments.trucks, points=arguments.points), Stack(folder / "stack")
    found: dict[str, Any] = {}
    try:
        console.print("Starting a database")
        stack.start(StartRequest(services=()), migrate, lambda _: None)
        url = stack.remembered().database_url
        with connect(url, autocommit=True) as connection:
            console.print(f"Storing {size.trucks} trucks and {size.points} points")
            build(connection, size)
            connection.execute("VACUUM ANALYZE")
        with running_api(url) as port, MovingFleet(url, NOW) as fleet, started_browser() as browser:
            address = f"http://127.0.0.1:{port}"
            found["first_view"] = asdict(measure_first_view(browser, address, size.points))
            console.print(f"First view on a slow PC: {found['first_view']}")
            page, opened_s = open_page(browser, address, size)
            found["opened_s"] = round(opened_s, 1)
            console.print(f"Opened in {opened_s:.1f} s")
            metrics = page.context.new_cdp_session(page)
            metrics.send("Performance.enable")
            page.wait_for_timeout(5_000)
            found["scenes"] = {}
            for name, frames in scenes(page, metrics, fleet, arguments.seconds):
                console.print(f"Watched: {name}: {frames}")
                found["scenes"][name] = asdict(frames)
            if arguments.memory_seconds > 0:
                found["heap_mb"] = memory(page, metrics, fleet, arguments)
    finally:
        stack.stop(lambda _: None)
    return found


def show(found: dict[str, Any]) -> None:
    """Print what was measured."""
    table = Table("scene", "frames", "p50 ms", "p95", "p99", "longest", "tasks > 50 ms", "longest task ms", "busy")
    for name, frames in found["scenes"].items():
        table.add_row(name, *(str(figure) for figure in frames.values()))
    output = Console(width=130)
    output.print(table)
    output.print(f"First view on a slow PC: {found['first_view']}")
    output.print(f"Signed in until map and lists are there: {found['opened_s']} s")
    if "heap_mb" in found:
        output.print(f"Memory held by the script, MB: {' · '.join(str(each) for each in found['heap_mb'])}")


def main() -> int:
    """Measure and print; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trucks", type=int, default=1_500)
    parser.add_argument("--points", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=15, help="to watch each scene")
    parser.add_argument("--memory-seconds", type=float, default=240, help="to look at memory; 0 leaves that out")
    parser.add_argument("--memory-hours", type=float, default=8, help="of the town that pass meanwhile")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    provision_browser(Tools.here(), console.print)
    with tempfile.TemporaryDirectory(prefix="riqing-page-") as folder:
        found = measure(arguments, Path(folder))
    if arguments.json:
        print(json.dumps(found))
    else:
        show(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
