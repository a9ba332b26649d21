"""Scenarios in the real town: what coverage would be with them, kept by name, and taken into the register."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np

from services.domain.errors import ConflictError
from services.domain.kinds import FacilityKind, FacilityStatus
from services.domain.registry import Facility
from services.facilities.areas import ZoneAreas
from services.facilities.coverage import StationCoverage, ToiletCoverage
from services.facilities.scenario import Change, ChangeKind, with_changes
from services.facilities.scenario_map import AFTER, BEFORE, map_of
from services.facilities.service import coverage_of_stations, coverage_of_toilets
from services.store.connection import Connection
from services.store.registry import FACILITIES, load_facilities, load_zones, upsert
from services.store.scenarios import ScenarioRow, create_scenario, load_scenario, mark_adopted


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
    before = load_facilities(connection)
    after = with_changes(before, changes)
    kinds = _kinds(before, changes)
    toilets = FacilityKind.PUBLIC_TOILET in kinds
    stations = FacilityKind.TRANSFER_STATION in kinds
    return Effect(
        price=sum(change.price or 0.0 for change in changes),
        toilets_before=coverage_of_toilets(connection, before, radius_m) if toilets else None,
        toilets_after=coverage_of_toilets(connection, after, radius_m) if toilets else None,
        stations_before=coverage_of_stations(connection, before, radius_m) if stations else None,
        stations_after=coverage_of_stations(connection, after, radius_m) if stations else None,
    )


def features_of(connection: Connection, changes: Sequence[Change], effect: Effect) -> list[dict[str, Any]]:
    """Return an effect as GeoJSON features, those of `before` and then those of `after`."""
    before = load_facilities(connection)
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
    """Keep changes under a name, once they fit the register.

    Raises:
        ConflictError: they do not, or there is a scenario of that name.

    """
    with_changes(load_facilities(connection), changes)
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


def adopt_scenario(connection: Connection, scenario_id: UUID, adopted_by: str, now: datetime) -> list[str]:
    """Take what a scenario builds into the register as planned facilities; return their identifiers.

    What it renovates or closes stays as it is: that is done on a day of its own.

    Raises:
        NotFoundError: there is no such scenario.
        ConflictError: it was adopted already, builds nothing, or no longer fits the register.

    """
    changes = changes_of(load_scenario(connection, scenario_id))
    before = load_facilities(connection)
    after = {facility.facility_id: facility for facility in with_changes(before, changes)}
    built = [after[change.facility_id] for change in changes if change.kind is ChangeKind.BUILD]
    if not built:
        raise ConflictError("The scenario builds nothing that could be planned.")
    mark_adopted(connection, scenario_id, adopted_by, now)
    zones = ZoneAreas(load_zones(connection))
    at = np.array([facility.position for facility in built], dtype=np.float64)
    rows = [
        _planned_row(facility, zone_id)
        for facility, zone_id in zip(built, zones.zones_of(at[:, 0], at[:, 1]), strict=True)
    ]
    upsert(connection, FACILITIES, rows, update=[name for name in rows[0] if name != "facility_id"])
    return [facility.facility_id for facility in built]


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
