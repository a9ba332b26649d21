"""The pictures of the documentation, drawn from the running pages: `PICTURES_DIR=docs/images` keeps them."""

import json
import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.conftest import DAY, PROJECT_DIR, Town, sign_in

PATIENCE_MS = 90_000
LARGEST_BYTES = 200_000
QUALITY_PERCENT = 60
TRIED = '[{{"kind":"build","facility_id":"NEW-1","facility_kind":"public_toilet","lon":{lon},"lat":{lat}}}]'
PICTURES = {
    "dispatch": (f"#date={DAY}&panel=timeline&select=vehicle:{{vehicle}}", ".timeline-rows", 1366),
    "replay": (
        f"#date={DAY}&panel=timeline&select=vehicle:{{vehicle}}&at={DAY}T00:00:00Z",
        ".replay-banner",
        1366,
    ),
    "plan": (f"#date={DAY}&panel=plan&select=vehicle:{{vehicle}}", ".grid.routes tbody tr", 1366),
    "phone": (f"#date={DAY}&select=vehicle:{{vehicle}}", ".card", 390),
    "driver": (f"driver/#vehicle={{vehicle}}&date={DAY}", ".next", 390),
    "residents": ("residents/#at={place}", ".walks li.chosen", 390),
    "office": (f"office/#date={DAY}", ".groups tbody tr", 1366),
    "facilities": ("facilities/", ".gaps li", 1366),
    "scenario": (f"facilities/#view=scenario&tried={TRIED}", "[data-phase=after]", 1366),
    "use": (f"facilities/#view=use&date={DAY}", ".heat td", 1366),
}
"""By name: the page's address, what must be there, and the width of the screen."""


@pytest.mark.parametrize("name", PICTURES)
def test_the_pages_in_pictures(
    browser: Browser, town: Town, middle: tuple[float, float], tmp_path: Path, name: str
) -> None:
    """Each page is drawn, small enough for a document that shows it."""
    path, wanted, width = PICTURES[name]
    page = browser.new_page(viewport={"width": width, "height": 844 if width < 700 else 768})
    page.goto(f"{town.url}/")
    sign_in(page, town.password)
    page.wait_for_selector(".map-canvas[data-ready=true]", timeout=PATIENCE_MS)
    page.goto(f"{town.url}/{path.format(**_places(page, town, middle))}")
    page.wait_for_selector(wanted, timeout=PATIENCE_MS)
    if name not in ("driver", "use"):
        page.wait_for_selector(".map-canvas[data-ready=true]", timeout=PATIENCE_MS)
    page.wait_for_timeout(1_500)  # the map is drawn frame by frame
    folder = Path(os.environ.get("PICTURES_DIR", tmp_path))
    picture = page.screenshot(path=folder / f"{name}.jpg", type="jpeg", quality=QUALITY_PERCENT)
    assert 10_000 < len(picture) < LARGEST_BYTES
    assert f"images/{name}.jpg" in (PROJECT_DIR / "docs/desk.md").read_text(encoding="utf-8")


def _places(page: Page, town: Town, middle: tuple[float, float]) -> dict[str, str]:
    """Return a truck with a route of the day, and the middle of the town's toilets."""
    lon, lat = middle
    token = page.evaluate("() => JSON.parse(sessionStorage.getItem('riqing.session')).token")
    headers = {"Authorization": f"Bearer {token}"}
    plans = json.loads(page.request.get(f"{town.url}/api/v1/plans?date={DAY}", headers=headers).text())["items"]
    published = next(plan["id"] for plan in plans if plan["published"])
    plan = json.loads(page.request.get(f"{town.url}/api/v1/plans/{published}", headers=headers).text())
    vehicle = max(plan["routes"], key=lambda route: (len(route["stops"]), route["vehicle_id"]))["vehicle_id"]
    return {"vehicle": vehicle, "lon": lon, "lat": lat, "place": f"{lon},{lat}"}
