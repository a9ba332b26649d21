"""The public holidays of the country that a town's time zone lies in."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import cache
from importlib import resources

import holidays


@cache
def _countries() -> dict[str, str]:
    """The country of each time zone, as the time zone database has it."""
    table = resources.files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in table.splitlines() if line and not line.startswith("#")]
    return {row[2]: row[0] for row in rows}


def holidays_in(timezone: str, years: Iterable[int]) -> set[date]:
    """Return the days off of some years; none where the time zone is no country's, or its holidays are not known."""
    country = _countries().get(timezone)
    if country is None or country not in holidays.list_supported_countries():
        return set()
    return set(holidays.country_holidays(country, years=list(years)))
