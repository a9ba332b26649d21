"""The life cycle of facilities, dated: which status, stalls and design each has on any past or coming day."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import pairwise
from typing import Any

from services.domain.errors import ConflictError, NotFoundError
from services.domain.kinds import FacilityStatus
from services.domain.registry import Facility

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


RENEWABLE = ("name", "toilet_class", "stalls_male", "stalls_female", "stalls_accessible", "design_t_per_day")
"""The fields of a facility that works may change."""

WORKS = frozenset({FacilityStatus.UNDER_CONSTRUCTION, FacilityStatus.UNDER_RENOVATION})
"""While these last nothing of what they bring is there."""


@dataclass(frozen=True, slots=True)
class Phase:
    """From when on a facility has a status; `replaced_by` serves in its place meanwhile, where that is arranged.

    `renewed` are fields of the facility by name. They hold from the phase's first day on, until another phase says
    otherwise; those of works are what these are to bring, and nothing holds yet.
    """

    begins_on: date
    status: FacilityStatus
    replaced_by: str | None = None
    renewed: Mapping[str, Any] = field(default_factory=dict, hash=False)


Phases = Mapping[str, Sequence[Phase]]
"""The phases of each facility that has any, in order of time; the first is what it was before any was noted."""


def phase_on(phases: Sequence[Phase], day: date) -> Phase | None:
    """Return the phase that a day belongs to, none before the first."""
    begun = [phase for phase in phases if phase.begins_on <= day]
    return begun[-1] if begun else None


def facilities_on(facilities: Iterable[Facility], phases: Phases, day: date) -> list[Facility]:
    """Return the facilities as each is on a day: its status, and what works have brought by then.

    One without dated phases has the register's; before its opening it was not in service yet, but planned.
    """
    return [facility_on(facility, phases.get(facility.facility_id, ()), day) for facility in facilities]


def facility_on(facility: Facility, phases: Sequence[Phase], day: date) -> Facility:
    """Return a facility as it is on a day, as `facilities_on` does."""
    phase = phase_on(phases, day)
    is_dated = phase is not None and phase.begins_on > BEFORE_ALL
    status = facility.status if phase is None else phase.status
    if not is_dated and facility.opened_on is not None and day < facility.opened_on:
        status = FacilityStatus.PLANNED
    return replace(facility, status=status, **renewed_by(phases, day))


def renewed_by(phases: Sequence[Phase], day: date) -> dict[str, Any]:
    """Return the fields that phases have renewed by a day, each as the last of them left it."""
    found: dict[str, Any] = {}
    for phase in phases:
        if phase.begins_on <= day and not _is_of_works(phase):
            found |= phase.renewed
    return found


def promised_by(phases: Sequence[Phase], begins_on: date) -> Mapping[str, Any]:
    """Return what the works that last until `begins_on` are to bring; nothing where none do."""
    before = [phase for phase in phases if phase.begins_on < begins_on]
    return before[-1].renewed if before and _is_of_works(before[-1]) else {}


def _is_of_works(phase: Phase) -> bool:
    """Tell whether what a phase renews is yet to come; the first one of each tells what was there before."""
    return phase.status in WORKS and phase.begins_on > BEFORE_ALL


def with_phase(phases: Sequence[Phase], added: Phase) -> list[Phase]:
    """Return the phases with one more, which takes the place of one that begins on the same day.

    Raises:
        ConflictError: the status cannot follow the one before it, or be followed by the next.

    """
    found = sorted(
        [*(phase for phase in phases if phase.begins_on != added.begins_on), added], key=lambda phase: phase.begins_on
    )
    for before, after in pairwise(found):
        if added in (before, after):
            _check_follows(before, after)
    return found


def without_phase(phases: Sequence[Phase], begins_on: date) -> list[Phase]:
    """Return the phases without the one that begins on a day.

    Raises:
        NotFoundError: none does.
        ConflictError: the next status cannot follow without it.

    """
    found = [phase for phase in phases if phase.begins_on != begins_on]
    if len(found) == len(phases):
        raise NotFoundError(f"No phase begins on {begins_on}.")
    for before, after in pairwise(found):
        if before.begins_on < begins_on < after.begins_on:
            _check_follows(before, after)
    return found


def _check_follows(before: Phase, after: Phase) -> None:
    if after.status not in MAY_FOLLOW[before.status] | {before.status}:
        raise ConflictError(
            f"It cannot be {after.status} from {after.begins_on} on, for until then it is {before.status}."
        )
