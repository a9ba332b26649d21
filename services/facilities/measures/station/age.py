"""A station's age against its design life."""

from services.facilities.measures.station.use import StationUse

DAYS_PER_YEAR = 365.25


def age_years(use: StationUse) -> float | None:
    """Return its age at the span's end, none where its opening is not known or lies later."""
    opened_on = use.facility.opened_on
    if opened_on is None:
        return None
    days = (use.town.service_date(use.span.end) - opened_on).days
    return round(days / DAYS_PER_YEAR, 2) if days >= 0 else None


def life_used_ratio(use: StationUse) -> float | None:
    """Return age over design life; above 1 it is past it."""
    age = age_years(use)
    life_years = use.facility.design_life_years
    return age / life_years if age is not None and life_years else None
