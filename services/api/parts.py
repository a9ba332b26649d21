"""The parts the app is wired from, as routers reach them."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from services.api.announcements import Announcements
from services.api.base_map import BaseMap
from services.api.database import Database
from services.api.limits import RateLimiter
from services.api.live.hub import LiveHub
from services.api.memo import Memo
from services.api.metrics import Metrics
from services.api.readiness import Readiness
from services.api.sessions import Sessions
from services.api.settings import BaseMapSettings, LimitSettings, ServerSettings, SignInSettings
from services.api.tokens import Tokens
from services.broker.settings import BrokerSettings, EnrolmentSettings


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of the API."""

    server: ServerSettings
    sign_in: SignInSettings
    limits: LimitSettings
    enrolment: EnrolmentSettings
    broker: BrokerSettings
    base_map: BaseMapSettings = field(default_factory=BaseMapSettings)


@dataclass(frozen=True, slots=True)
class Parts:
    """What lives as long as the app."""

    settings: Settings
    database: Database
    tokens: Tokens
    sessions: Sessions
    hub: LiveHub
    metrics: Metrics
    readiness: Readiness
    memo: Memo
    announcements: Announcements
    person_limiter: RateLimiter
    sign_in_limiter: RateLimiter
    public_read_limiter: RateLimiter
    public_report_limiter: RateLimiter
    base_map_limiter: RateLimiter
    base_map: BaseMap | None
    open_streams: Counter[str] = field(default_factory=Counter)
    """How many each person has open."""


async def parts_of(request: Request) -> Parts:
    """Return the parts of the app that answers `request`."""
    parts = request.app.state.parts
    assert isinstance(parts, Parts)
    return parts


AppParts = Annotated[Parts, Depends(parts_of)]
