"""The app: where the parts of the API are wired together."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path

import psycopg
from fastapi import APIRouter, Depends, FastAPI
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import PlainTextResponse
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware

from services.api.announcements import Announcements
from services.api.base_map import find_base_map
from services.api.body_limit import BodyLimitMiddleware
from services.api.database import Database, ReadingMiddleware
from services.api.etags import TagsMiddleware
from services.api.identity import authorise
from services.api.limits import FROM_ADDRESS, RateLimiter
from services.api.live.feed import LiveFeed
from services.api.live.hub import LiveHub
from services.api.memo import Memo
from services.api.metrics import Metrics, MetricsMiddleware
from services.api.middleware import CommonHeaders, HeadersMiddleware
from services.api.openapi import describe, lists_of, operation_id
from services.api.parts import Parts, Settings
from services.api.problems import add_problem_handlers
from services.api.readiness import Readiness
from services.api.ready import ReadyMiddleware
from services.api.routers import (
    adherence,
    alarms,
    assessments,
    audit,
    auth,
    base_map,
    cases,
    clearance,
    clock,
    contractors,
    corrections,
    coverage,
    devices,
    driver,
    facilities,
    health,
    live,
    map,
    plans,
    points,
    public,
    reports,
    residents,
    revisions,
    scenarios,
    siting,
    town,
    upkeep,
    users,
    utilisation,
    vehicles,
    visit_readings,
    zones,
)
from services.api.sessions import Sessions
from services.api.settings import LimitSettings, ServerSettings, SignInSettings
from services.api.sign_in import ensure_first_admin
from services.api.slashes import SlashesMiddleware
from services.api.table_requests import TablesMiddleware
from services.api.tokens import Tokens
from services.broker.settings import BrokerSettings, EnrolmentSettings
from services.domain.errors import RiqingError
from services.store.backlog import Backlog, load_backlog
from services.store.connection import configured_url

ROUTERS: tuple[APIRouter, ...] = (
    health.router,
    auth.router,
    users.router,
    audit.router,
    town.router,
    clock.router,
    map.router,
    base_map.router,
    points.router,
    facilities.router,
    zones.router,
    contractors.router,
    vehicles.router,
    devices.router,
    plans.router,
    revisions.router,
    driver.router,
    clearance.router,
    visit_readings.router,
    corrections.router,
    adherence.router,
    reports.router,
    coverage.router,
    siting.router,
    scenarios.router,
    upkeep.router,
    utilisation.router,
    alarms.router,
    cases.router,
    assessments.router,
    live.router,
    public.router,
    residents.router,
)

STATE_EVENTS = ("clock", "position")
"""What a new live stream begins with."""

FIRST_ADMIN_RETRY_S = 1.0

NO_PAGE = "The page is not built. Run `make setup` (or `npm ci && npm run build` in web/) and start the API again.\n"

log = logging.getLogger(__name__)


def load_settings() -> Settings:
    """Read all settings of the API from the environment."""
    return Settings(
        server=ServerSettings(),
        sign_in=SignInSettings(),
        limits=LimitSettings(),
        enrolment=EnrolmentSettings(),
        broker=BrokerSettings(),
    )


def create_app(settings: Settings, database_url: str | None = None) -> FastAPI:
    """Return the app; `database_url` defaults to the settings'."""
    url = configured_url() if database_url is None else database_url
    parts = _make_parts(settings, url)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        parts.database.open()
        feed = LiveFeed(url, parts.database, parts.hub, asyncio.get_running_loop(), parts.sessions.forget)
        feed.start()
        tasks = [asyncio.create_task(_ensure_first_admin(parts)), asyncio.create_task(parts.announcements.listen())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            await run_in_threadpool(feed.stop)
            await run_in_threadpool(parts.database.close)

    app = FastAPI(
        title="Riqing",
        version=version("riqing"),
        lifespan=lifespan,
        docs_url=None,  # their pages load scripts from the internet
        redoc_url=None,
        generate_unique_id_function=operation_id,
    )
    app.state.parts = parts
    add_problem_handlers(app)
    # Every route passes through `authorise`, which refuses what the table of roles does not allow.
    for router in ROUTERS:
        app.include_router(router, dependencies=[Depends(authorise)])
    _serve_page(app, settings.server.web_dir)
    app.add_middleware(SlashesMiddleware)
    app.add_middleware(ReadingMiddleware)
    app.add_middleware(BodyLimitMiddleware, body_bytes=settings.limits.body_bytes)
    app.add_middleware(TablesMiddleware, columns_by_path=lambda: lists_of(describe(app)))
    app.add_middleware(TagsMiddleware)
    app.add_middleware(
        GZipMiddleware,
        minimum_size=1_000,
        compresslevel=3,
        # A part of an archive is told by its place in the file, and its tiles are compressed.
        exclude_content_types=(*DEFAULT_EXCLUDED_CONTENT_TYPES, base_map.PMTILES),
    )
    tiles_from = None if parts.base_map is None else parts.base_map.origin
    common = CommonHeaders(tiles_from)
    app.add_middleware(HeadersMiddleware, common=common)
    app.add_middleware(MetricsMiddleware, metrics=parts.metrics)
    app.add_middleware(ReadyMiddleware, parts=parts, common=common)
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]
    return app


def _make_parts(settings: Settings, database_url: str) -> Parts:
    limits = settings.limits
    database = Database(database_url, limits.connections, limits.statement_s)
    metrics = Metrics(lambda: _backlog(database))
    sessions = Sessions(database)
    return Parts(
        settings=settings,
        database=database,
        tokens=Tokens(settings.sign_in),
        sessions=sessions,
        hub=LiveHub(limits.stream_backlog_bytes, STATE_EVENTS, metrics.streams_cut.inc),
        metrics=metrics,
        readiness=Readiness(database, settings.broker),
        memo=Memo(),
        announcements=Announcements(database_url, sessions.forget),
        person_limiter=RateLimiter(limits.requests_per_min, "from you"),
        sign_in_limiter=RateLimiter(limits.sign_ins_per_min, FROM_ADDRESS),
        public_read_limiter=RateLimiter(limits.public_reads_per_min, FROM_ADDRESS),
        public_report_limiter=RateLimiter(limits.public_reports_per_min, FROM_ADDRESS),
        base_map_limiter=RateLimiter(limits.base_map_reads_per_min, FROM_ADDRESS),
        base_map=find_base_map(settings.base_map),
    )


def _backlog(database: Database) -> Backlog | None:
    try:
        with database.connection() as connection:
            return load_backlog(connection)
    except psycopg.Error:
        return None  # /readyz tells of the database; the other metrics must still be scraped


async def _ensure_first_admin(parts: Parts) -> None:
    """Create the first admin as soon as the database answers."""

    def ensure() -> bool:
        with parts.database.connection() as connection:
            return ensure_first_admin(connection, parts.settings.sign_in)

    while True:
        try:
            if await run_in_threadpool(ensure):
                log.info("The first admin was created.")
            return
        except (psycopg.Error, RiqingError) as error:
            log.warning("The first admin cannot be looked for yet: %s", " ".join(str(error).split()))
            await asyncio.sleep(FIRST_ADMIN_RETRY_S)


def _serve_page(app: FastAPI, web_dir: Path) -> None:
    if (web_dir / "index.html").is_file():
        app.frontend("/", directory=web_dir, fallback="index.html")
        return

    @app.get("/", include_in_schema=False)
    async def read_no_page() -> PlainTextResponse:
        return PlainTextResponse(NO_PAGE, status_code=503)
