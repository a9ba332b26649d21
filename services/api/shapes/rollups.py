"""Rollups: what vehicles did and how full containers were, in an hour or a service day."""

from datetime import datetime

from pydantic import Field

from services.api.shapes.series import series_of
from services.api.shapes.values import Answer
from services.domain.town import Interval
from services.store.rolled_up import ContainerLevels, VehicleUse

OBSERVED = Field(description="Share of the span in which its device was heard; the rest is a gap, and no quiet time.")


class VehicleUseAnswer(Answer):
    """What a vehicle did in a span."""

    vehicle_id: str
    start: datetime
    end: datetime
    observed_ratio: float = OBSERVED
    fixes: int
    distance_m: float | None = Field(description="Null where its device was not heard.")
    moving_s: float | None
    standing_s: float | None
    tippings: int
    tipped_kg: float


class ContainerLevelsAnswer(Answer):
    """How full a container was in a span."""

    point_id: str
    device_id: str
    start: datetime
    end: datetime
    observed_ratio: float = OBSERVED
    readings: int
    fill_ratio_min: float | None = Field(description="Null where it was heard before and after, but not in the span.")
    fill_ratio_mean: float | None = Field(description="Of its readings.")
    fill_ratio_max: float | None
    fill_ratio_last: float | None


def _vehicle_use(told: tuple[VehicleUse, Interval]) -> tuple[object, ...]:
    use, span = told
    stood_s = None if use.observed_s is None or use.moving_s is None else use.observed_s - use.moving_s
    return (
        use.vehicle_id,
        span.start,
        span.end,
        _share(use.observed_s or 0.0, span),
        use.fixes or 0,
        _rounded(use.distance_m, 1),
        _rounded(use.moving_s, 1),
        _rounded(stood_s, 1),
        use.tippings,
        use.tipped_kg,
    )


def _container_levels(told: tuple[ContainerLevels, Interval]) -> tuple[object, ...]:
    levels, span = told
    return (
        levels.point_id,
        levels.device_id,
        span.start,
        span.end,
        _share(levels.observed_s, span),
        levels.readings,
        _rounded(levels.fill_ratio_min, 4),
        _rounded(levels.fill_ratio_mean, 4),
        _rounded(levels.fill_ratio_max, 4),
        _rounded(levels.fill_ratio_last, 4),
    )


vehicle_use_json = series_of(VehicleUseAnswer, _vehicle_use)
container_levels_json = series_of(ContainerLevelsAnswer, _container_levels)


def _share(seconds: float, span: Interval) -> float:
    return round(min(1.0, seconds / (span.end - span.start).total_seconds()), 4)


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
