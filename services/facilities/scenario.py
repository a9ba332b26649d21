"""A scenario: changes to the town's facilities that are thought through without touching the register."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from services.domain.errors import ConflictError
from services.domain.kinds import FacilityKind, FacilityStatus
from services.domain.registry import Facility


class ChangeKind(StrEnum):
    """What is done to a facility."""

    BUILD = "build"
    RENOVATE = "renovate"
    CLOSE = "close"


@dataclass(frozen=True, slots=True)
class Change:
    """One change: a new facility with all that is known of it, or what becomes of one that is there.

    Of a renovated facility what is given here replaces what the register says. `price` is in yuan.
    """

    kind: ChangeKind
    facility_id: str
    facility_kind: FacilityKind | None = None
    lon: float | None = None
    lat: float | None = None
    name: str | None = None
    price: float | None = None
    toilet_class: str | None = None
    stalls_male: int | None = None
    stalls_female: int | None = None
    stalls_accessible: int | None = None
    design_t_per_day: float | None = None

    def __post_init__(self) -> None:
        """Refuse a new facility that is nothing or nowhere."""
        if self.kind is ChangeKind.BUILD and (self.facility_kind is None or self.lon is None or self.lat is None):
            raise ValueError(f"A new facility needs a kind, a longitude and a latitude; {self.facility_id!r} has not.")

    @property
    def renewed_fields(self) -> Mapping[str, object]:
        """The fields of the register that the change gives, by name."""
        given = {
            "name": self.name,
            "toilet_class": self.toilet_class,
            "stalls_male": self.stalls_male,
            "stalls_female": self.stalls_female,
            "stalls_accessible": self.stalls_accessible,
            "design_t_per_day": self.design_t_per_day,
        }
        return {name: value for name, value in given.items() if value is not None}

    @property
    def without_code(self) -> "Change":
        """What is done, whatever a new facility is called: two searches call a corner differently."""
        return replace(self, facility_id="") if self.kind is ChangeKind.BUILD else self


def with_changes(facilities: Iterable[Facility], changes: Sequence[Change]) -> list[Facility]:
    """Return the facilities as they are once every change is done.

    What is built or renovated is in service then, what is closed retired. A new facility takes the place of a
    planned one with its identifier.

    Raises:
        ConflictError: a change speaks of a facility that is not there, or builds one that is.

    """
    found = {facility.facility_id: facility for facility in facilities}
    for change in changes:
        found[change.facility_id] = _changed(found.get(change.facility_id), change)
    return sorted(found.values(), key=lambda facility: facility.facility_id)


def _changed(facility: Facility | None, change: Change) -> Facility:
    if change.kind is ChangeKind.BUILD:
        return _built(facility, change)
    if facility is None:
        raise ConflictError(f"There is no facility {change.facility_id!r} to {change.kind}.")
    if change.kind is ChangeKind.CLOSE:
        return replace(facility, status=FacilityStatus.RETIRED)
    if facility.status is FacilityStatus.RETIRED:
        raise ConflictError(f"Facility {change.facility_id!r} is retired; build it anew instead of renovating it.")
    return replace(facility, status=FacilityStatus.IN_SERVICE, **change.renewed_fields)  # type: ignore[arg-type]


def _built(present: Facility | None, change: Change) -> Facility:
    assert change.facility_kind is not None
    assert change.lon is not None
    assert change.lat is not None
    if present is not None and present.status not in (FacilityStatus.PLANNED, FacilityStatus.UNDER_CONSTRUCTION):
        raise ConflictError(f"There is a facility {change.facility_id!r} already; a new one needs another identifier.")
    base = present or Facility(change.facility_id, change.facility_kind, change.lon, change.lat)
    return replace(
        base,
        kind=change.facility_kind,
        lon=change.lon,
        lat=change.lat,
        status=FacilityStatus.IN_SERVICE,
        **change.renewed_fields,  # type: ignore[arg-type]
    )


def refuse_codes_of_others(changes: Iterable[Change], others: Iterable[Change]) -> None:
    """Refuse to build under a code under which others build something else, or elsewhere.

    Raises:
        ConflictError: a change does.

    """
    built = {change.facility_id: change for change in others if change.kind is ChangeKind.BUILD}
    for change in changes:
        other = built.get(change.facility_id)
        if change.kind is ChangeKind.BUILD and other is not None and _site(other) != _site(change):
            raise ConflictError(
                f"Another scenario builds {change.facility_id!r} elsewhere; "
                "a new facility needs an identifier of its own."
            )


def _site(change: Change) -> tuple[object, ...]:
    return change.facility_kind, change.lon, change.lat
