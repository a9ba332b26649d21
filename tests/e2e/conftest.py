"""A generated town on a stack of its own, its day driven in fast time, and a real browser that looks at it."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from services.stack.lifecycle import Stack, StartRequest
from services.stack.tools import Tools
from services.store.connection import connect
from services.store.migrate import migrate
from tests.conftest import RunningStack

PROJECT_DIR = Path(__file__).parents[2]
DAY = "2026-06-01"
SPEED = 150
WHILE_IT_IS_DRIVEN = ("test_page.py", "test_dispatch.py")
"""Tests that need the day to go on; it is driven within minutes, whatever the machine has to do beside it."""

FILES = {
    "contractors": "contractors.csv",
    "zones": "zones.geojson",
    "landuse": "landuse.geojson",
    "roads": "roads.osm.pbf",
    "facilities": "facilities.csv",
    "points": "points.csv",
    "vehicles": "vehicles.csv",
    "population": "population.csv",
    "history": "history.csv",
}
FAULTS = """
skip_ratio = 0.04
drive_past_ratio = 0.05
dead_spots_per_hour = 0.5
dead_spot_s = 400
silent_devices = 2
"""
BROWSER_ARGUMENTS = (
    "--no-sandbox",
    "--no-first-run",
    "--disable-quic",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    # The map needs WebGL, and a machine that runs tests has no graphics card.
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
)


@dataclass(frozen=True, slots=True)
class Town:
    """A running town: where its page is, how to sign in as its admin, and the simulation that drives its day."""

    url: str
    database_url: str
    password: str
    data_dir: Path
    truth: Path
    simulation: "subprocess.Popen[str]"

    def riqing(self, *arguments: str) -> str:
        """Run a command of `riqing` on the town's stack and return what it prints."""
        return _riqing(self.data_dir, *arguments)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Look at the desk and change the day while it is driven, and at the whole day last, when it has been."""
    items.sort(key=lambda item: (item.path.name == "test_whole_day.py", _turn(item.path.name)))


def _turn(file_name: str) -> int:
    return WHILE_IT_IS_DRIVEN.index(file_name) if file_name in WHILE_IT_IS_DRIVEN else len(WHILE_IT_IS_DRIVEN)


@pytest.fixture(scope="session")
def town(tools: Tools, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A generated county town with a published plan, whose trucks drive it while the tests look on."""
    del tools
    if not (PROJECT_DIR / "web/dist/index.html").is_file():
        pytest.fail("The page is not built: run `make setup`, or `npm run build` in web/.")
    files = tmp_path_factory.mktemp("town-files")
    stack = Stack(tmp_path_factory.mktemp("town-stack"))
    try:
        stack.start(StartRequest(detach=True), migrate, lambda _: None)
        running = RunningStack(stack, stack.remembered())
        _fill(running.data_dir, files)
        with _driven(running.data_dir, files) as simulation:
            yield Town(
                running.api_url,
                running.database_url,
                running.admin_password,
                running.data_dir,
                files / "truth.jsonl",
                simulation,
            )
    finally:
        stack.stop(lambda _: None)


def _fill(data_dir: Path, files: Path) -> None:
    _riqing(data_dir, "town", "generate", str(files), "--seed", "3")
    _riqing(data_dir, "town", "init", "青石县")
    for kind, name in FILES.items():
        _riqing(data_dir, "import", kind, str(files / name))
    _riqing(data_dir, "plan", DAY, "--time-limit", "5", "--publish")


RIQING = Path(sys.executable).with_name("riqing")


def _environment(data_dir: Path) -> dict[str, str]:
    return {**os.environ, "RIQING_DATA_DIR": str(data_dir)}


def _riqing(data_dir: Path, *arguments: str) -> str:
    done = subprocess.run(
        [RIQING, *arguments],
        env=_environment(data_dir),
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert done.returncode == 0, f"{' '.join(arguments)}: {done.stdout}{done.stderr}"
    return done.stdout


@contextmanager
def _driven(data_dir: Path, files: Path) -> "Iterator[subprocess.Popen[str]]":
    faults = files / "faults.toml"
    faults.write_text(FAULTS)
    options = ["--date", DAY, "--speed", str(SPEED), "--seed", "3"]
    with subprocess.Popen(
        [str(RIQING), "simulate", *options, "--faults", str(faults), "--record", str(files / "truth.jsonl")],
        env=_environment(data_dir),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as simulation:
        try:
            yield simulation
        finally:
            simulation.terminate()
            simulation.communicate(timeout=60)


@pytest.fixture
def browser(chromium: Path) -> Iterator[Browser]:
    """A real browser without a screen."""
    with sync_playwright() as playwright:
        # Playwright's five seconds are a measure of the machine, on which a whole town runs beside the browser.
        expect.set_options(timeout=60_000)
        browser = playwright.chromium.launch(executable_path=chromium, args=BROWSER_ARGUMENTS)
        yield browser
        browser.close()


@dataclass(frozen=True, slots=True)
class Desk:
    """A signed-in page and what its console complained of."""

    page: Page
    complaints: list[str]

    @property
    def context(self) -> BrowserContext:
        """The browser's context that the page is in."""
        return self.page.context


OpenDesk = Callable[..., Desk]


@pytest.fixture
def open_desk(browser: Browser, town: Town) -> Iterator[OpenDesk]:
    """Open the page at a fragment of its address and sign in; afterwards its console must be empty."""
    opened: list[Desk] = []

    def open_at(fragment: str = "", *, width: int = 1366, height: int = 768, dark: bool = False) -> Desk:
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light"
        )
        desk = Desk(context.new_page(), [])
        desk.page.on("console", lambda message: _note(desk, message.type, message.text))
        desk.page.on("pageerror", lambda error: _note(desk, "error", str(error)))
        desk.page.goto(f"{town.url}/#{fragment}")
        sign_in(desk.page, town.password)
        desk.page.wait_for_selector(".map-canvas[data-ready=true]", timeout=60_000)
        opened.append(desk)
        return desk

    yield open_at
    assert [desk.complaints for desk in opened] == [[] for _ in opened]


def _note(desk: Desk, kind: str, text: str) -> None:
    if kind in ("error", "warning"):
        desk.complaints.append(text)


def sign_in(page: Page, password: str) -> None:
    """Fill in and send the sign-in form."""
    page.fill("input[name=username]", "admin")
    page.fill("input[name=password]", password)
    page.click("button[type=submit]")


@pytest.fixture
def middle(town: Town) -> tuple[float, float]:
    """The middle of the town's toilets, where somebody stands; all are in service and open for the test.

    What hour of the town a test sees depends on the machine, and by night the toilets' devices say that they are shut.
    """
    with connect(town.database_url) as connection:
        connection.execute(
            """
            CREATE OR REPLACE FUNCTION say_nothing_of_doors() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN NEW.open := NULL; RETURN NEW; END $$;
            CREATE OR REPLACE TRIGGER say_nothing_of_doors BEFORE INSERT OR UPDATE ON usages
                FOR EACH ROW EXECUTE FUNCTION say_nothing_of_doors();
            UPDATE usages SET open = NULL;
            """
        )
        connection.execute(
            "UPDATE facilities SET open_start_s = NULL, open_end_s = NULL, status = 'in_service' "
            "WHERE kind = 'public_toilet'"
        )
        row = connection.execute(
            "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY lon), percentile_cont(0.5) WITHIN GROUP (ORDER BY lat) "
            "FROM facilities WHERE kind = 'public_toilet'"
        ).fetchone()
    assert row is not None
    return float(row[0]), float(row[1])
