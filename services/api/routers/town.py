"""The town."""

from fastapi import APIRouter
from pydantic_core import from_json, to_json

from services.api.answering import AnswerRoute
from services.api.parts import AppParts, Parts
from services.api.shapes.town import TargetsAnswer, TownOfOfficeAnswer
from services.api.shapes.values import short_time
from services.api.today import load_today
from services.store.connection import Connection
from services.store.register_pages import register_version, town_bounds
from services.store.standards import load_standard_limits

router = APIRouter(prefix="/api/v1/town", tags=["town"], route_class=AnswerRoute)


@router.get("")
def read_town(parts: AppParts) -> TownOfOfficeAnswer:
    """Return the town, the service day that it is in, and what the office asks of its rates."""
    with parts.database.connection() as connection:
        today = load_today(connection)
        bounds = _bounds(parts, connection)
        targets = TargetsAnswer.of(load_standard_limits(connection))
    return TownOfOfficeAnswer(
        name=today.town.name,
        timezone=today.town.timezone,
        day_start=short_time(today.town.day_start),
        service_date=today.service_date,
        bbox=bounds,
        targets=targets,
    )


def _bounds(parts: Parts, connection: Connection) -> list[float] | None:
    """Return the town's bounds, which are looked for once for each state of the register."""
    version = register_version(connection)
    known = parts.memo.get("bounds", version)
    if known is None:
        known = to_json(town_bounds(connection))
        parts.memo.keep("bounds", version, known)
    bounds: list[float] | None = from_json(known)
    return bounds
