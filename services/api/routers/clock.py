"""The town's clock."""

from datetime import UTC, datetime

from fastapi import APIRouter

from services.api.answering import AnswerRoute
from services.api.errors import ForbiddenError
from services.api.identity import SignedIn
from services.api.parts import AppParts, Parts
from services.api.settings import RunsAs
from services.api.shapes.town import ClockAnswer, ClockAsked
from services.domain.clock import REAL_CLOCK, TownClock
from services.store.audit import record_action
from services.store.town import load_clock, save_clock
from services.store.users import User

router = APIRouter(prefix="/api/v1/clock", tags=["town"], route_class=AnswerRoute)


def _answer(clock: TownClock) -> ClockAnswer:
    return ClockAnswer(now=clock.now(), speed=clock.speed, simulated=clock.simulated)


@router.get("")
def read_clock(parts: AppParts) -> ClockAnswer:
    """Return what the town calls now."""
    with parts.database.connection() as connection:
        return _answer(load_clock(connection))


@router.put("")
def set_clock(asked: ClockAsked, user: SignedIn, parts: AppParts) -> ClockAnswer:
    """Let a simulation run the town's clock; refused where the settings say production."""
    clock = TownClock(set_at=datetime.now(UTC), shows_at_set=asked.now, speed=asked.speed, simulated=True)
    return _change(parts, user, clock, {"now": asked.now.isoformat(), "speed": asked.speed})


@router.delete("")
def reset_clock(user: SignedIn, parts: AppParts) -> ClockAnswer:
    """Give the real clock back; refused where the settings say production."""
    return _change(parts, user, REAL_CLOCK, {"simulated": False})


def _change(parts: Parts, user: User, clock: TownClock, detail: dict[str, object]) -> ClockAnswer:
    if parts.settings.server.runs_as is RunsAs.PRODUCTION:
        raise ForbiddenError("The clock is not changed in production (RIQING_ENVIRONMENT).")
    with parts.database.connection() as connection:
        save_clock(connection, clock)
        record_action(connection, clock.now(), user.user_name, "set", "clock", detail)
    return _answer(clock)
