"""Rollups: what vehicles did and how full containers were, in an hour or a service day."""

from datetime import datetime

from pydantic import Field

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

    @classmethod
    def of(cls, row: VehicleUse, span: Interval) -> "VehicleUseAnswer":
        """Return the answer made of a rollup."""
        standing_s = None if row.observed_s is None or row.moving_s is None else row.observed_s - row.moving_s
        return cls(
            vehicle_id=row.vehicle_id,
            start=span.start,
            end=span.end,
            observed_ratio=_share(row.observed_s or 0.0, span),
            fixes=row.fixes or 0,
            distance_m=None if row.distance_m is None else round(row.distance_m, 1),
            moving_s=None if row.moving_s is None else round(row.moving_s, 1),
            standing_s=None if standing_s is None else round(standing_s, 1),
            tippings=row.tippings,
            tipped_kg=row.tipped_kg,
        )


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

    @classmethod
    def of(cls, row: ContainerLevels, span: Interval) -> "ContainerLevelsAnswer":
        """Return the answer made of a rollup."""
        return cls(
            point_id=row.point_id,
            device_id=row.device_id,
            start=span.start,
            end=span.end,
            observed_ratio=_share(row.observed_s, span),
            readings=row.readings,
            **{
                name: None if (ratio := getattr(row, name)) is None else round(ratio, 4)
                for name in ("fill_ratio_min", "fill_ratio_mean", "fill_ratio_max", "fill_ratio_last")
            },
        )


def _share(seconds: float, span: Interval) -> float:
    return round(min(1.0, seconds / (span.end - span.start).total_seconds()), 4)
