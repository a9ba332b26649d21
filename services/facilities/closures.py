"""Which toilets are closed for renovation on a day, and what serves in their place meanwhile."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from services.domain.kinds import FacilityKind, FacilityStatus
from services.domain.registry import Facility
from services.facilities.areas import FloatArray
from services.facilities.life_cycle import Phases, facilities_on, phase_on
from services.facilities.toilets import Demand
from services.roads.walking import WalkingNetwork


@dataclass(frozen=True, slots=True)
class Closure:
    """A toilet under renovation on a day: who has none meanwhile, and what replaces it.

    `replaced_by` is what was arranged (`is_arranged`), else the nearest toilet in service, `distance_m` away on
    foot. `demand_lost` are residents (or metres of street) that no other toilet in service has within reach.
    """

    facility_id: str
    name: str | None
    replaced_by: str | None
    is_arranged: bool
    distance_m: float | None
    demand_lost: float


def closures_on(
    walking: WalkingNetwork, demand: Demand, facilities: Iterable[Facility], phases: Phases, day: date, radius_m: float
) -> list[Closure]:
    """Return the toilets that are closed for renovation on a day, those whom most miss first.

    An arranged replacement counts as in service from the day of the closure on.
    """
    toilets = [one for one in facilities_on(facilities, phases, day) if one.kind is FacilityKind.PUBLIC_TOILET]
    arranged = {
        one.facility_id: phase.replaced_by
        for one in toilets
        if (phase := phase_on(phases.get(one.facility_id, ()), day)) is not None and phase.replaced_by is not None
    }
    serving = [
        one for one in toilets if one.status is FacilityStatus.IN_SERVICE or one.facility_id in arranged.values()
    ]
    closed = [one for one in toilets if one.status is FacilityStatus.UNDER_RENOVATION and one not in serving]
    homes = walking.footholds(np.column_stack((demand.lon, demand.lat)))
    open_at = _positions(serving)
    covered = walking.distances_between(walking.footholds(open_at), homes) <= radius_m
    found = []
    for toilet in closed:
        own = walking.distances_between(walking.footholds(_positions([toilet])), homes) <= radius_m
        to_each_m = np.array([walking.distances_to_places([at], [toilet.position])[0] for at in open_at])
        name = arranged.get(toilet.facility_id)
        nearest = int(to_each_m.argmin()) if len(to_each_m) and np.isfinite(to_each_m).any() else None
        if name is not None:
            nearest = [one.facility_id for one in serving].index(name)
        found.append(
            Closure(
                facility_id=toilet.facility_id,
                name=toilet.name,
                replaced_by=None if nearest is None else serving[nearest].facility_id,
                is_arranged=name is not None,
                distance_m=None if nearest is None else _finite(float(to_each_m[nearest])),
                demand_lost=float(demand.amount[own & ~covered].sum()),
            )
        )
    return sorted(found, key=lambda closure: (-closure.demand_lost, closure.facility_id))


def _finite(metres: float) -> float | None:
    return round(metres, 1) if np.isfinite(metres) else None


def _positions(facilities: Sequence[Facility]) -> FloatArray:
    return np.array([facility.position for facility in facilities], dtype=np.float64).reshape(-1, 2)
