"""The hour in which most is tipped at a station."""

from collections import defaultdict
from datetime import datetime, timedelta

from services.domain.kinds import WeighingDirection
from services.facilities.measures.station.use import StationUse


def peak_hour(use: StationUse) -> str | None:
    """Return the local hour that had most, as its start (2026-03-02T14:00); the first of equal ones."""
    peak = _peak(use)
    return None if peak is None else peak[0].strftime("%Y-%m-%dT%H:%M")


def peak_hour_t(use: StationUse) -> float | None:
    """Return the tonnes of that hour."""
    peak = _peak(use)
    return None if peak is None else peak[1] / 1000.0


def _peak(use: StationUse) -> tuple[datetime, float] | None:
    kg_in: dict[datetime, float] = defaultdict(float)
    for weighing in use.weighed(WeighingDirection.IN):
        local = weighing.observed_at.astimezone(use.town.zone_info)
        kg_in[local - timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)] += (
            weighing.net_kg
        )
    return min(kg_in.items(), key=lambda item: (-item[1], item[0])) if kg_in else None
