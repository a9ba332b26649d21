"""The life cycle of facilities, dated: which status each has on any past or coming day, and what serves meanwhile."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise

import numpy as np

from services.domain.errors import ConflictError
from services.domain.kinds import FacilityKind, FacilityStatus
from services.domain.registry import Facility
from services.facilities.areas import FloatArray
from services.facilities.toilets import Demand
from services.roads.walking import WalkingNetwork

MAY_FOLLOW: Mapping[FacilityStatus, frozenset[FacilityStatus]] = {
    FacilityStatus.PLANNED: frozenset(
        {FacilityStatus.UNDER_CONSTRUCTION, FacilityStatus.IN_SERVICE, FacilityStatus.RETIRED}
    ),
    FacilityStatus.UNDER_CONSTRUCTION: frozenset({FacilityStatus.IN_SERVICE, FacilityStatus.RETIRED}),
    FacilityStatus.IN_SERVICE: frozenset({FacilityStatus.UNDER_RENOVATION, FacilityStatus.RETIRED}),
    FacilityStatus.UNDER_RENOVATION: frozenset({FacilityStatus.IN_SERVICE, FacilityStatus.RETIRED}),
    FacilityStatus.RETIRED: frozenset(),
}


BEFORE_ALL = date.min
"""When a facility's first phase begins: nobody has noted when."""


@dataclass(frozen=True, slots=True)
class Phase:
    """From when on a facility has a status; `replaced_by` serves in its place meanwhile, where that is arranged."""

    begins_on: date
    status: FacilityStatus
    replaced_by: str | None = None


Phases = Mapping[str, Sequence[Phase]]
"""The phases of each facility that has any, in order of time; the first is what it was before any was noted."""


def phase_on(phases: Sequence[Phase], day: date) -> Phase | None:
    """Return the phase that a day belongs to, none before the first."""
    begun = [phase for phase in phases if phase.begins_on <= day]
    return begun[-1] if begun else None


def facilities_on(facilities: Iterable[Facility], phases: Phases, day: date) -> list[Facility]:
    """Return the facilities with the status that each has on a day.

    One without dated phases has the register's; before its opening it was not in service yet, but planned.
    """
    found = []
    for facility in facilities:
        phase = phase_on(phases.get(facility.facility_id, ()), day)
        is_dated = phase is not None and phase.begins_on > BEFORE_ALL
        status = facility.status if phase is None else phase.status
        if not is_dated and facility.opened_on is not None and day < facility.opened_on:
            status = FacilityStatus.PLANNED
        found.append(replace(facility, status=status))
    return found


def with_phase(phases: Sequence[Phase], added: Phase) -> list[Phase]:
    """Return the phases with one more, which takes the place of one that begins on the same day.

    Raises:
        ConflictError: the status cannot follow the one before it, or be followed by the next.

    """
    found = sorted(
        [*(phase for phase in phases if phase.begins_on != added.begins_on), added], key=lambda phase: phase.begins_on
    )
    for before, after in pairwise(found):
        if added in (before, after) and after.status not in MAY_FOLLOW[before.status] | {before.status}:
            raise ConflictError(
                f"It cannot be {after.status} from {after.begins_on} on, for until then it is {before.status}."
            )
    return found


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
