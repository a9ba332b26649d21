"""The town."""

from fastapi import APIRouter

from services.api.parts import AppParts
from services.api.shapes.town import TownAnswer
from services.api.shapes.values import short_time
from services.api.today import load_today
from services.store.register_pages import town_bounds

router = APIRouter(prefix="/api/v1/town", tags=["town"])


@router.get("")
def read_town(parts: AppParts) -> TownAnswer:
    """Return the town and the service day that it is in."""
    with parts.database.connection() as connection:
        today = load_today(connection)
        bounds = town_bounds(connection)
    return TownAnswer(
        name=today.town.name,
        timezone=today.town.timezone,
        day_start=short_time(today.town.day_start),
        service_date=today.service_date,
        bbox=None if bounds is None else [*bounds],
    )
