"""Scenarios in the real town: what coverage would be with them, kept by name, and taken into the register."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import numpy as np

from services.domain.errors import ConflictError, InvalidRequestError
from services.domain.kinds import FacilityKind, FacilityStatus
from services.domain.registry import Facility
from services.facilities.areas import ZoneAreas
from services.facilities.coverage import StationCoverage, ToiletCoverage
from services.facilities.life_cycle_service import facilities_of_day, note_phase
from services.facilities.scenario import Change, ChangeKind, refuse_codes_of_others, with_changes
from services.facilities.scenario_map import AFTER, BEFORE, map_of
from services.facilities.service import coverage_of_stations, coverages_of_toilets
from services.store.connection import Connection
from services.store.facility_phases import apply_phases
from services.store.registry import FACILITIES, load_facilities, load_zones, upsert
from services.store.scenarios import ScenarioRow, create_scenario, load_scenario, load_scenarios, mark_adopted
from services.store.town import load_town


@dataclass(frozen=True, slots=True)
class Effect:
    """What changes would do to coverage; a kind of facility that they do not touch is none."""

    price: float
    toilets_before: ToiletCoverage | None
    toilets_after: ToiletCoverage | None
    stations_before: StationCoverage | None
    stations_after: StationCoverage | None


def effect_of(connection: Connection, changes: Sequence[Change], radius_m: float | None = None) -> Effect:
    """Return coverage before and after changes; the register stays as it is.

    Raises:
        ConflictError: a change contradicts the register.
        NoRoadsError: there are no roads yet.
        RoadEngineError: stations change, and the roads do not answer.

    """
    before = facilities_of_day(connection, tuple(FacilityKind))
    after = with_changes(before, changes)
    kinds = _kinds(before, changes)
    toilets = FacilityKind.PUBLIC_TOILET in kinds
    stations = FacilityKind.TRANSFER_STATION in kinds
    toilets_before, toilets_after = (
        coverages_of_toilets(connection, (before, after), radius_m) if toilets else (None, None)
    )
    return Effect(
        price=sum(change.price or 0.0 for change in changes),
        toilets_before=toilets_before,
        toilets_after=toilets_after,
        stations_before=coverage_of_stations(connection, before, radius_m) if stations else None,
        stations_after=coverage_of_stations(connection, after, radius_m) if stations else None,
    )


def features_of(connection: Connection, changes: Sequence[Change], effect: Effect) -> list[dict[str, Any]]:
    """Return an effect as GeoJSON features, those of `before` and then those of `after`."""
    before = facilities_of_day(connection, tuple(FacilityKind))
    kinds = _kinds(before, changes)
    found = []
    for phase, facilities, toilets, stations in (
        (BEFORE, before, effect.toilets_before, effect.stations_before),
        (AFTER, with_changes(before, changes), effect.toilets_after, effect.stations_after),
    ):
        shown = [facility for facility in facilities if facility.kind in kinds]
        gaps = [*(toilets.gaps if toilets else ()), *(stations.gaps if stations else ())]
        found += map_of(phase, shown, gaps, changes)
    return found


def _kinds(facilities: Sequence[Facility], changes: Sequence[Change]) -> set[FacilityKind]:
    """Return the kinds of facility that changes speak of."""
    known = {facility.facility_id: facility.kind for facility in facilities}
    kinds = {change.facility_kind or known.get(change.facility_id) for change in changes}
    return {kind for kind in kinds if kind is not None}


def save_scenario(
    connection: Connection, name: str, note: str, changes: Sequence[Change], created_by: str, now: datetime
) -> UUID:
    """Keep changes under a name, once they fit the register and what other scenarios build.

    Raises:
        ConflictError: they do not, or there is a scenario of that name.

    """
    with_changes(load_facilities(connection), changes)
    refuse_codes_of_others(changes, [change for row in load_scenarios(connection) for change in changes_of(row)])
    return create_scenario(connection, name, note, [_fields(change) for change in changes], created_by, now)


def _fields(change: Change) -> dict[str, Any]:
    return {name: value for name, value in asdict(change).items() if value is not None}


def changes_of(row: ScenarioRow) -> list[Change]:
    """Return the changes that a stored scenario makes."""
    found = []
    for fields in row.changes:
        kind = fields.get("facility_kind")
        typed = {"kind": ChangeKind(fields["kind"]), "facility_kind": FacilityKind(kind) if kind else None}
        found.append(Change(**{**fields, **typed}))
    return found


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a scenario's works begin and are done; without a beginning they are planned and no more."""

    begins_on: date | None = None
    done_on: date | None = None

    def __post_init__(self) -> None:
        """Refuse works that are done before they begin."""
        if self.done_on is not None and (self.begins_on is None or self.done_on <= self.begins_on):
            raise InvalidRequestError("Works that are done on a day begin on an earlier one; name both.")


def adopt_scenario(
    connection: Connection, scenario_id: UUID, adopted_by: str, now: datetime, schedule: Schedule
) -> list[str]:
    """Take a scenario into the register; return the facilities that it speaks of.

    What it builds is planned from now on. Where works have a beginning, what is built is under construction from
    then on, what is renovated under renovation, what closes retired; where they have an end, the first two are in
    service from that day on, with what a renovation adds.

    Raises:
        NotFoundError: there is no such scenario.
        ConflictError: it was adopted already, there is nothing to plan, or it no longer fits the register.

    """
    changes = changes_of(load_scenario(connection, scenario_id))
    refuse_codes_of_others(
        changes, [change for row in load_scenarios(connection) if row.adopted_at for change in changes_of(row)]
    )
    after = {one.facility_id: one for one in with_changes(load_facilities(connection), changes)}
    built = [after[change.facility_id] for change in changes if change.kind is ChangeKind.BUILD]
    if not built and schedule.begins_on is None:
        raise ConflictError("The scenario builds nothing that could be planned; name the day on which its works begin.")
    mark_adopted(connection, scenario_id, adopted_by, now)
    if built:
        zones = ZoneAreas(load_zones(connection))
        at = np.array([facility.position for facility in built], dtype=np.float64)
        zone_ids = zones.zones_of(at[:, 0], at[:, 1])
        rows = [_planned_row(facility, zone_id) for facility, zone_id in zip(built, zone_ids, strict=True)]
        upsert(connection, FACILITIES, rows, update=[name for name in rows[0] if name != "facility_id"])
    if schedule.begins_on is None:
        return [facility.facility_id for facility in built]
    for change in changes:
        renewed = change.renewed_fields if change.kind is ChangeKind.RENOVATE else {}
        for begins_on, status in _phases(change, schedule.begins_on, schedule.done_on):
            note_phase(
                connection,
                change.facility_id,
                begins_on,
                status,
                adopted_by,
                note=f"scenario {scenario_id}",
                renewed=renewed,
            )
    apply_phases(connection, load_town(connection).service_date(now))
    return [change.facility_id for change in changes]


def _phases(change: Change, begins_on: date, done_on: date | None) -> list[tuple[date, FacilityStatus]]:
    first = {
        ChangeKind.BUILD: FacilityStatus.UNDER_CONSTRUCTION,
        ChangeKind.RENOVATE: FacilityStatus.UNDER_RENOVATION,
        ChangeKind.CLOSE: FacilityStatus.RETIRED,
    }[change.kind]
    found = [(begins_on, first)]
    if done_on is not None and change.kind is not ChangeKind.CLOSE:
        found.append((done_on, FacilityStatus.IN_SERVICE))
    return found


def _planned_row(facility: Facility, zone_id: str | None) -> dict[str, Any]:
    return {
        "facility_id": facility.facility_id,
        "kind": str(facility.kind),
        "lon": facility.lon,
        "lat": facility.lat,
        "name": facility.name,
        "zone_id": facility.zone_id or zone_id,
        "status": str(FacilityStatus.PLANNED),
        "toilet_class": facility.toilet_class,
        "design_t_per_day": facility.design_t_per_day,
        "stalls_male": facility.stalls_male,
        "stalls_female": facility.stalls_female,
        "stalls_accessible": facility.stalls_accessible,
    }
