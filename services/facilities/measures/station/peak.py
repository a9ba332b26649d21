"""The hour in which most is tipped at a station, and how much more that is than in others."""

from datetime import datetime

from services.facilities.measures.station.use import G_PER_T, StationUse

HOUR_S = 3600.0


def peak_hour(use: StationUse) -> str | None:
    """Return the local hour that had most, as its start (2026-03-02T14:00); the first of equal ones."""
    if not use.sums.weighings_in:
        return None
    return datetime.fromtimestamp(use.sums.peak_s, use.town.zone_info).strftime("%Y-%m-%dT%H:%M")


def peak_hour_t(use: StationUse) -> float | None:
    """Return the tonnes of that hour."""
    return use.sums.peak_g / G_PER_T if use.sums.weighings_in else None


def peak_factor(use: StationUse) -> float | None:
    """Return that hour's tonnes over those of the mean promised hour; none where nothing was tipped."""
    if not use.sums.in_g or use.promised_s <= 0:
        return None
    return use.sums.peak_g / (use.sums.in_g / (use.promised_s / HOUR_S))
