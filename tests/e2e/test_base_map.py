"""A base map that a setting names: it lies right below what the page draws, and the page works without it."""

import io
import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, Page, expect

from services.api.app import create_app
from services.api.settings import BaseMapSettings, ServerSettings
from services.store.connection import connect
from tests.e2e.conftest import Town, sign_in
from tests.integration.api.conftest import serving, settings
from tests.tile_archives import EXTENT, MVT, PNG, Tile, tile_at, vector_tile, write_archive

PATIENCE_MS = 90_000
MAP_ZOOM = 15
"""At which a tile has 512 pixels; pictures have 256, so that theirs are of the next zoom."""
TILE_PX = 256
PICTURE_ZOOM = MAP_ZOOM + 1
REACH_TILES = 4
GROUND, MARK = (222, 226, 208), (226, 0, 160)
MARK_RADIUS_PX = 24
OFF_BY_PX = 2.0
"""A pixel of the shift's rounding, and one of what stands in the mark's middle."""
ATTRIBUTION = "© 测试图源"


@pytest.fixture
def point(town: Town) -> tuple[str, float, float]:
    """A collection point with its place, to which no other is near."""
    with connect(town.database_url) as connection:
        row = connection.execute(
            "SELECT point_id, lon, lat FROM collection_points AS one ORDER BY "
            "(SELECT min((lon - one.lon) ^ 2 + (lat - one.lat) ^ 2) FROM collection_points AS other "
            "WHERE other.point_id <> one.point_id) DESC LIMIT 1"
        ).fetchone()
    assert row is not None
    return str(row[0]), float(row[1]), float(row[2])


@contextmanager
def opened(
    browser: Browser, town: Town, at: tuple[float, float], monkeypatch: pytest.MonkeyPatch, **named: Any
) -> Iterator[Page]:
    """Open the desk at a place, over the town and with a base map."""
    monkeypatch.setenv("RIQING_ROADS_DIR", str(town.data_dir / "roads"))
    values = {f"RIQING_BASE_MAP_{name.upper()}": value for name, value in named.items()}
    with_base = replace(settings(), server=ServerSettings(), base_map=BaseMapSettings.model_validate(values))
    with serving(create_app(with_base, town.database_url), town.database_url) as api:
        page = browser.new_page(viewport={"width": 1366, "height": 768})
        page.goto(f"{api.url}/#map={at[0]},{at[1]},{MAP_ZOOM}")
        sign_in(page, town.password)
        page.wait_for_selector(".map-canvas[data-ready=true]", timeout=PATIENCE_MS)
        expect(page.locator("#tab-points .count")).to_have_text("420", timeout=PATIENCE_MS)
        try:
            yield page
        finally:
            page.context.close()


def gcj02_of(lon: float, lat: float) -> tuple[float, float]:
    """Return where a place lies on a Chinese map, by the formula as the library eviltransform writes it."""
    x, y = lon - 105.0, lat - 35.0
    both = (20.0 * math.sin(6.0 * x * math.pi) + 20.0 * math.sin(2.0 * x * math.pi)) * 2.0 / 3.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x)) + both
    north += (20.0 * math.sin(y * math.pi) + 40.0 * math.sin(y / 3.0 * math.pi)) * 2.0 / 3.0
    north += (160.0 * math.sin(y / 12.0 * math.pi) + 320.0 * math.sin(y * math.pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x)) + both
    east += (20.0 * math.sin(x * math.pi) + 40.0 * math.sin(x / 3.0 * math.pi)) * 2.0 / 3.0
    east += (150.0 * math.sin(x / 12.0 * math.pi) + 300.0 * math.sin(x / 30.0 * math.pi)) * 2.0 / 3.0
    squared, radius_m = 0.00669342162296594323, 6_378_245.0
    magic = 1 - squared * math.sin(math.radians(lat)) ** 2
    return (
        lon + math.degrees(east / (radius_m / math.sqrt(magic) * math.cos(math.radians(lat)))),
        lat + math.degrees(north / (radius_m * (1 - squared) / (magic * math.sqrt(magic)))),
    )


def test_the_oracle_is_the_published_formula() -> None:
    """A pair from eviltransform's tests."""
    assert gcj02_of(116.377817, 39.911954) == pytest.approx((116.38404722455657, 39.91334545536069), abs=1e-9)


def tiles_around(
    place: tuple[float, float], draw: Callable[[float, float], bytes], zoom: int = PICTURE_ZOOM
) -> dict[Tile, bytes]:
    """Return the tiles around a place; `draw` is told where the place is from a tile's corner, in tiles."""
    column, row = tile_at(*place, zoom)
    steps = range(-REACH_TILES, REACH_TILES + 1)
    cells = [(int(column) + right, int(row) + down) for right in steps for down in steps]
    return {(zoom, x, y): draw(column - x, row - y) for x, y in cells}


def picture(right: float, down: float) -> bytes:
    """Draw a tile with a disc around the place."""
    image = Image.new("RGB", (TILE_PX, TILE_PX), GROUND)
    x, y, reach = right * TILE_PX, down * TILE_PX, MARK_RADIUS_PX
    ImageDraw.Draw(image).ellipse((x - reach, y - reach, x + reach, y + reach), fill=MARK)
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def pond(right: float, down: float) -> bytes:
    """Draw a vector tile: land, and where the place is a square of water."""
    sheet = [(0, 0), (EXTENT, 0), (EXTENT, EXTENT), (0, EXTENT)]
    x, y, reach = round(right * EXTENT), round(down * EXTENT), round(MARK_RADIUS_PX / (2 * TILE_PX) * EXTENT)
    square = [(x - reach, y - reach), (x + reach, y - reach), (x + reach, y + reach), (x - reach, y + reach)]
    is_near = 0 <= right < 1 and 0 <= down < 1
    return vector_tile({"earth": sheet, "water": square} if is_near else {"earth": sheet})


def off_the_middle_px(page: Page, is_mark: Callable[[tuple[int, int, int]], bool]) -> float:
    """Return how far the marks of the base map lie from the map's middle, in pixels, or infinity without any."""
    box = page.locator(".map-canvas").bounding_box()
    assert box is not None
    half = 3 * MARK_RADIUS_PX
    middle_x, middle_y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    clip = {"x": int(middle_x) - half, "y": int(middle_y) - half, "width": 2 * half, "height": 2 * half}
    image = Image.open(io.BytesIO(page.screenshot(clip=clip))).convert("RGB")  # type: ignore[arg-type]
    pixels = image.load()
    assert pixels is not None
    marked = [(x, y) for x in range(2 * half) for y in range(2 * half) if is_mark(pixels[x, y])]  # type: ignore[arg-type]
    if len(marked) < 200:
        return math.inf
    x, y = (sum(each[axis] for each in marked) / len(marked) + 0.5 for axis in (0, 1))
    return math.hypot(x + clip["x"] - middle_x, y + clip["y"] - middle_y)


def wait_until(page: Page, is_so: Callable[[], bool]) -> None:
    """Look again and again until something can be seen."""
    deadline_s = time.monotonic() + PATIENCE_MS / 1000
    while not is_so():
        assert time.monotonic() < deadline_s
        page.wait_for_timeout(300)


def is_disc(colour: tuple[int, int, int]) -> bool:
    """Tell the disc's colour, below a zone's tint."""
    red, green, blue = colour
    return red > 140 and green < 110 and blue > 100


def is_water(colour: tuple[int, int, int]) -> bool:
    """Tell the water's colour from the land's, below a zone's tint: it has far more blue than red."""
    return 22 < colour[2] - colour[0] < 60 and colour[2] > 150


def expect_below(page: Page, is_mark: Callable[[tuple[int, int, int]], bool], point_id: str) -> None:
    """Expect the base map's mark and our point in the middle of the map: the one is seen there, the other clicked."""
    wait_until(page, lambda: off_the_middle_px(page, is_mark) < OFF_BY_PX)
    select_in_the_middle(page, point_id)


def select_in_the_middle(page: Page, point_id: str) -> None:
    """Click the map's middle and expect the point's card."""
    box = page.locator(".map-canvas").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator(".card-head .card-code")).to_have_text(point_id, timeout=PATIENCE_MS)


def test_vector_tiles_of_an_archive(
    browser: Browser, town: Town, point: tuple[str, float, float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Drawn in our colours; nothing is fetched from elsewhere, and the layer can be switched off."""
    point_id, lon, lat = point
    file = write_archive(tmp_path / "town.pmtiles", tiles_around((lon, lat), pond, MAP_ZOOM), MVT)
    with opened(browser, town, (lon, lat), monkeypatch, file=file, attribution=ATTRIBUTION) as page:
        expect_below(page, is_water, point_id)
        expect(page.locator(".base-note")).to_have_text(ATTRIBUTION)
        policy = httpx.get(page.url.split("#")[0]).headers["content-security-policy"]
        assert "connect-src 'self'" in policy.split("; ")
        page.get_by_label("底图").uncheck()
        page.keyboard.press("Escape")  # the ring around what is selected is as blue as water
        wait_until(page, lambda: off_the_middle_px(page, is_water) == math.inf)


def test_pictures_of_an_archive_in_gcj02(
    browser: Browser, town: Town, point: tuple[str, float, float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are shifted to lie below what we have in WGS-84."""
    point_id, lon, lat = point
    tiles = tiles_around(gcj02_of(lon, lat), picture)
    file = write_archive(tmp_path / "town.pmtiles", tiles, PNG)
    with opened(browser, town, (lon, lat), monkeypatch, file=file, crs="gcj02") as page:
        expect_below(page, is_disc, point_id)


@contextmanager
def tile_server(tiles: dict[Tile, bytes]) -> Iterator[str]:
    """Serve tiles from another origin and give the template of their address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            zoom, x, y = (int(part) for part in self.path.strip("/").removesuffix(".png").split("/"))
            found = tiles.get((zoom, x, y))
            self.send_response(404 if found is None else 200)
            self.send_header("Access-Control-Allow-Origin", "*")
            self.end_headers()
            self.wfile.write(found or b"")

        def log_message(self, format: str, *arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/{{z}}/{{x}}/{{y}}.png"
    finally:
        server.shutdown()
        server.server_close()


def test_a_server_s_tiles_come_and_are_lost(
    browser: Browser, town: Town, point: tuple[str, float, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The policy opens for this server alone; when it goes, our own streets are there and the page says so."""
    point_id, lon, lat = point
    with (
        tile_server(tiles_around((lon, lat), picture)) as template,
        opened(
            browser,
            town,
            (lon, lat),
            monkeypatch,
            url=template,
            max_zoom=PICTURE_ZOOM,
            attribution=ATTRIBUTION,
        ) as page,
    ):
        expect_below(page, is_disc, point_id)
        policy = httpx.get(page.url.split("#")[0]).headers["content-security-policy"]
        assert f"connect-src 'self' {template.partition('/{')[0]}" in policy.split("; ")
        assert policy.count("http") == 1
        # As when the line is cut: what the browser keeps of it is of no use either.
        page.context.route(lambda url: url.startswith(template.partition("/{")[0]), lambda route: route.abort())
        page.goto(page.url.partition("&select")[0])
        page.reload()
        page.wait_for_selector(".map-canvas[data-ready=true]", timeout=PATIENCE_MS)
        expect(page.locator(".base-note")).to_contain_text("显示的是自己的道路", timeout=PATIENCE_MS)
        assert off_the_middle_px(page, is_disc) == math.inf
        select_in_the_middle(page, point_id)
