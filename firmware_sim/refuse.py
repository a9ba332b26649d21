"""How much refuse waits at each collection point: it gathers with time and goes when a truck takes it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from services.domain.kinds import ContainerType
from services.domain.registry import CollectionPoint

DAY_S = 86_400.0
USUAL_VISIT_S = 3 * 3600.0
"""A point that is in no route is thought to have been emptied at this second of earlier service days."""

_CONTAINER_M3 = {
    ContainerType.BIN: 0.24,
    ContainerType.CART: 0.66,
    ContainerType.SKIP: 5.0,
    ContainerType.PIT: 3.0,
    ContainerType.ROADSIDE: 0.12,
}
_REFUSE_KG_PER_M3 = 240.0
"""Density D·A3 = 0.3 t/m³ · 0.8 (CJJ 27-2012 appendix A, standards.md)."""

_DAY_TO_DAY_SIGMA = 0.12
_OVERSIZE = 1.5
"""Where the register names too few containers for the refuse it expects, real ones are this much larger."""


@dataclass(slots=True)
class PointContent:
    """The refuse at one point; simulated seconds count from the start of the service day."""

    kg_per_day: float
    capacity_kg: float
    emptied_at_s: float

    def kg(self, now_s: float) -> float:
        """Return what waits at `now_s`."""
        return self.kg_per_day * max(now_s - self.emptied_at_s, 0.0) / DAY_S

    def fill_ratio(self, now_s: float) -> float:
        """Return how full the containers are, 1 when they overflow."""
        return min(self.kg(now_s) / self.capacity_kg, 1.0)

    def take(self, now_s: float) -> float:
        """Empty the point and return what was in it, in kg."""
        kg = self.kg(now_s)
        self.emptied_at_s = now_s
        return kg


def content_of(
    point: CollectionPoint, random: Random, planned_s: Sequence[float] = (), usual_factor: float = 1.0
) -> PointContent:
    """Return a point's refuse at the start of the day: what has gathered since the last regular visit.

    That was at the second of day at which today's plan comes last, one day ago, or as many days ago as the
    point waits for a visit; `planned_s` are today's planned visits. `random` varies the day's amount about the
    expected times `usual_factor`.
    """
    factor = math.exp(random.gauss(-(_DAY_TO_DAY_SIGMA**2) / 2, _DAY_TO_DAY_SIGMA))
    by_volume_kg = max(point.containers, 1) * _CONTAINER_M3[point.container_type] * _REFUSE_KG_PER_M3
    by_refuse_kg = point.expected_kg_per_visit * _OVERSIZE
    waits_s = DAY_S / min(point.visits_per_day, 1.0)
    if not planned_s and point.visits_per_day > 1.0:
        waits_s = DAY_S / point.visits_per_day
    return PointContent(
        kg_per_day=point.expected_kg * usual_factor * factor,
        capacity_kg=max(by_volume_kg, by_refuse_kg, 1.0),
        emptied_at_s=max(planned_s, default=USUAL_VISIT_S) - waits_s,
    )
