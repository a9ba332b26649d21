"""Draws up the choice of stations from the register, the points' tonnes and the roads of trucks."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from services.domain.errors import ConflictError, InvalidRequestError
from services.domain.kinds import FacilityKind, FacilityStatus
from services.domain.registry import CollectionPoint, Facility
from services.facilities.areas import FloatArray
from services.facilities.scenario import Change, ChangeKind
from services.facilities.siting.asked import Candidate, StationsAsked
from services.facilities.siting.draw_toilets import corner_candidates
from services.facilities.siting.stations import StationProblem

TRUCK_CORNERS = frozenset({"primary", "secondary", "tertiary", "unclassified"})
"""Streets on which a station may lie; a station in a residential street is nobody's wish."""

DISPOSAL_KINDS = (FacilityKind.LANDFILL, FacilityKind.INCINERATOR)

NO_LIMIT_T_PER_DAY = 100_000.0
"""What a station takes of which no design is known."""

MORE_THAN_ANY_HAUL = 10.0


class Hauls(Protocol):
    """What tells how far it is by the roads of trucks."""

    def matrix_m(self, places: FloatArray, stations: FloatArray) -> FloatArray:
        """Return the metres from each place (row) to each station (column), infinite where no road leads."""


class Corners(Protocol):
    """What knows the street corners; services.roads.walking.WalkingNetwork does."""

    def street_corners(self, spacing_m: float, classes: frozenset[str] = ...) -> FloatArray:
        """Return corners as rows of longitude and latitude."""


@dataclass(frozen=True, slots=True, eq=False)
class DrawnStations:
    """The problem, the stations in service that it begins with, and the change that each candidate is.

    `haul_m` is from each of `points` to each site. `stranded` are points from which no site can be reached.
    """

    problem: StationProblem
    stations: Sequence[Facility]
    changes: Sequence[Change]
    points: Sequence[CollectionPoint]
    haul_m: FloatArray
    stranded: Sequence[str]


def draw_up_stations(
    hauls: Hauls,
    corners: Corners,
    points: Sequence[CollectionPoint],
    facilities: Sequence[Facility],
    asked: StationsAsked,
    planned_codes: Collection[str] = (),
) -> DrawnStations:
    """Return the choice to be made.

    Street corners get codes that neither `facilities` have nor `planned_codes` holds.

    Raises:
        ConflictError: there is no refuse to haul.
        InvalidRequestError: two candidates have one identifier.

    """
    stations = [
        facility
        for facility in facilities
        if facility.kind is FacilityKind.TRANSFER_STATION and facility.status is FacilityStatus.IN_SERVICE
    ]
    candidates = _candidates(corners, facilities, asked, planned_codes)
    at = _rows([*(station.position for station in stations), *((site.lon, site.lat) for site in candidates)])
    haul_m = hauls.matrix_m(_rows([point.position for point in points]), at)
    reached = np.flatnonzero(np.isfinite(haul_m).any(axis=1))
    kept = [points[int(row)] for row in reached]
    if not sum(point.expected_kg for point in kept):
        raise ConflictError("No point with refuse can reach a station or a candidate site by road.")
    haul_m = haul_m[reached]
    onward_m = _onward_m(hauls, facilities, at)
    is_reached = np.isfinite(haul_m)
    haul_yuan = asked.haul_yuan_per_t_km * np.where(is_reached, haul_m, 0.0) / 1000
    # Where no road leads no price makes a way, not even one of 0.
    yuan_per_t = np.where(is_reached, haul_yuan + asked.onward_yuan_per_t_km * onward_m / 1000, np.inf)
    design_t = [station.design_t_per_day or NO_LIMIT_T_PER_DAY for station in stations]
    design_t += [candidate.design_t_per_day or asked.design_t_per_day for candidate in candidates]
    prices = [asked.new_price if candidate.price is None else candidate.price for candidate in candidates]
    dearest = float(yuan_per_t[np.isfinite(yuan_per_t)].max(initial=0.0))
    problem = StationProblem(
        kg=np.rint([point.expected_kg for point in kept]).astype(np.int64),
        yuan_per_t=yuan_per_t,
        capacity_kg=np.rint(np.array(design_t) * 1000).astype(np.int64),
        price=np.array([0.0] * len(stations) + prices),
        present=len(stations),
        most_new=asked.most_new,
        over_yuan_per_t=MORE_THAN_ANY_HAUL * (dearest + 1.0),
        budget=asked.budget,
    )
    changes = [
        _building(candidate, design_t[len(stations) + number], prices[number])
        for number, candidate in enumerate(candidates)
    ]
    stranded = sorted({point.point_id for point in points} - {point.point_id for point in kept})
    return DrawnStations(problem, stations, changes, kept, haul_m, stranded)


def _candidates(
    corners: Corners, facilities: Sequence[Facility], asked: StationsAsked, planned_codes: Collection[str]
) -> list[Candidate]:
    taken = {facility.facility_id for facility in facilities if facility.status is not FacilityStatus.PLANNED}
    if asked.candidates:
        names = [candidate.site_id for candidate in asked.candidates]
        twice = sorted({name for name in names if names.count(name) > 1} | (taken & set(names)))
        if twice:
            raise InvalidRequestError(f"Each candidate site needs an identifier of its own; {twice[0]!r} is taken.")
        return list(asked.candidates)
    planned = [
        Candidate(
            facility.facility_id, *facility.position, name=facility.name, design_t_per_day=facility.design_t_per_day
        )
        for facility in facilities
        if facility.kind is FacilityKind.TRANSFER_STATION and facility.status is FacilityStatus.PLANNED
    ]
    present = {facility.facility_id for facility in facilities} | {*planned_codes}
    return planned + corner_candidates(corners.street_corners(asked.spacing_m, TRUCK_CORNERS), "SN", present)


def _onward_m(hauls: Hauls, facilities: Sequence[Facility], at: FloatArray) -> FloatArray:
    """Return the metres from each site to the nearest disposal site; nothing where none is known or reached."""
    ends = _rows(
        facility.position
        for facility in facilities
        if facility.kind in DISPOSAL_KINDS and facility.status is FacilityStatus.IN_SERVICE
    )
    if not len(ends):
        return np.zeros(len(at))
    onward_m = hauls.matrix_m(at, ends).min(axis=1)
    return np.where(np.isfinite(onward_m), onward_m, 0.0)


def _rows(positions: object) -> FloatArray:
    return np.array(list(positions), dtype=np.float64).reshape(-1, 2)  # type: ignore[call-overload]


def _building(candidate: Candidate, design_t_per_day: float, price: float) -> Change:
    return Change(
        ChangeKind.BUILD,
        candidate.site_id,
        FacilityKind.TRANSFER_STATION,
        candidate.lon,
        candidate.lat,
        name=candidate.name,
        price=price,
        design_t_per_day=design_t_per_day,
    )
