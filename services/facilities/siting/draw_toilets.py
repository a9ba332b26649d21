"""Draws up the choice of toilets from the register, the residents and the streets."""

import math
from collections.abc import Collection, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from services.domain.errors import InvalidRequestError
from services.domain.kinds import FacilityKind, FacilityStatus
from services.domain.registry import Facility
from services.facilities.areas import BoolArray, FloatArray, ZoneAreas
from services.facilities.scenario import Change, ChangeKind
from services.facilities.siting.asked import Candidate, Stalls, ToiletsAsked
from services.facilities.siting.toilets import DensityRule, IntArray, ToiletProblem, Works, WorksKind
from services.facilities.toilets import Demand
from services.roads.walking import Reach, WalkingNetwork

DAYS_PER_YEAR = 365.25
URBAN_RESIDENTS_PER_KM2 = 1_500.0
"""From here up a zone counts as built-up, and the density of residential land as asked of it (the census's line)."""

RENOVATABLE = frozenset({FacilityStatus.IN_SERVICE, FacilityStatus.UNDER_RENOVATION})


@dataclass(frozen=True, slots=True, eq=False)
class DrawnToilets:
    """The problem, and the change to the register that each of its works is."""

    problem: ToiletProblem
    changes: Sequence[Change]


@dataclass(frozen=True, slots=True)
class _Site:
    """A place that has a toilet, may get one, or both, with the stalls that are in service there today."""

    lon: float
    lat: float
    stalls: Stalls | None = None


def draw_up_toilets(
    walking: WalkingNetwork,
    demand: Demand,
    facilities: Sequence[Facility],
    zones: ZoneAreas,
    asked: ToiletsAsked,
    today: date,
    planned_codes: Collection[str] = (),
) -> DrawnToilets:
    """Return the choice to be made; `facilities` may hold other kinds.

    Street corners get codes that neither these have nor `planned_codes` holds.

    Raises:
        InvalidRequestError: two candidate sites have one identifier, or one has a facility's that is there.

    """
    toilets = [facility for facility in facilities if facility.kind is FacilityKind.PUBLIC_TOILET]
    present = [toilet for toilet in toilets if toilet.status in RENOVATABLE]
    taken = {facility.facility_id for facility in facilities} | {*planned_codes}
    candidates = _candidates(walking, toilets, asked, taken)
    sites = [_Site(*toilet.position, _in_service(toilet)) for toilet in present]
    sites += [_Site(candidate.lon, candidate.lat) for candidate in candidates]
    at = np.array([(site.lon, site.lat) for site in sites], dtype=np.float64).reshape(-1, 2)
    places = np.column_stack((demand.lon, demand.lat))
    reach = walking.within(walking.footholds(at), walking.footholds(places), asked.radius_m)
    residents = np.rint(demand.amount).astype(np.int64)
    stalls = np.array([0 if site.stalls is None else site.stalls.total for site in sites], dtype=np.int64)
    relying = _relying(reach, residents, stalls > 0, len(sites))
    works, changes = [], []
    for number, toilet in enumerate(present):
        renewed = renovated_stalls(toilet, asked.women_per_man)
        added = renewed.total - int(stalls[number])
        wear = float(relying[number]) * _wear(toilet, today)
        works.append(Works(toilet.facility_id, WorksKind.RENOVATION, number, asked.renovation_price, added, True, wear))
        changes.append(_renovation(toilet, renewed, asked.renovation_price))
    for number, candidate in enumerate(candidates, start=len(present)):
        price = asked.new_price if candidate.price is None else candidate.price
        own = candidate.stalls or asked.stalls
        works.append(Works(candidate.site_id, WorksKind.NEW, number, price, own.total, own.accessible > 0))
        changes.append(_building(candidate, own, price))
    zone_of_site, missing = _missing(zones, at, demand, stalls > 0, asked)
    accessible = np.array([site.stalls is not None and site.stalls.accessible > 0 for site in sites], dtype=np.bool_)
    problem = ToiletProblem(
        residents=residents,
        reach_site=reach.facility,
        reach_place=reach.place,
        stalls=stalls,
        accessible=accessible,
        works=works,
        persons_per_stall=asked.persons_per_stall,
        limits=asked.limits,
        weights=asked.weights,
        density=asked.density,
        zone_of_site=zone_of_site,
        missing=missing,
    )
    return DrawnToilets(problem, changes)


def renovated_stalls(toilet: Facility, women_per_man: float) -> Stalls:
    """Return the stalls that a toilet has once it is renovated: more for women, and one accessible at least."""
    male = max(1, toilet.stalls_male)
    female = max(toilet.stalls_female, math.ceil(male * women_per_man))
    return Stalls(male, female, max(1, toilet.stalls_accessible))


def _in_service(toilet: Facility) -> Stalls | None:
    """Return the stalls in service today; a toilet of which none are known counts as having one."""
    if toilet.status is not FacilityStatus.IN_SERVICE:
        return None
    known = Stalls(toilet.stalls_male, toilet.stalls_female, toilet.stalls_accessible)
    return known if known.total else replace(known, male=1)


def _candidates(
    walking: WalkingNetwork, toilets: Sequence[Facility], asked: ToiletsAsked, taken: Set[str]
) -> list[Candidate]:
    """Return what is asked for by name, else planned toilets and street corners."""
    if asked.candidates:
        names = [candidate.site_id for candidate in asked.candidates]
        built = {toilet.facility_id for toilet in toilets if toilet.status is not FacilityStatus.PLANNED}
        twice = sorted({name for name in names if names.count(name) > 1} | (built & set(names)))
        if twice:
            raise InvalidRequestError(f"Each candidate site needs an identifier of its own; {twice[0]!r} is taken.")
        return list(asked.candidates)
    planned = [
        Candidate(
            toilet.facility_id,
            *toilet.position,
            name=toilet.name,
            stalls=Stalls(toilet.stalls_male, toilet.stalls_female, toilet.stalls_accessible)
            if toilet.stalls
            else None,
        )
        for toilet in toilets
        if toilet.status is FacilityStatus.PLANNED
    ]
    return planned + corner_candidates(walking.street_corners(asked.spacing_m), "TN", taken)


def corner_candidates(corners: FloatArray, prefix: str, taken: Set[str]) -> list[Candidate]:
    """Return street corners as candidates with identifiers that nothing else has."""
    found: list[Candidate] = []
    number = 0
    for lon, lat in corners.round(6).tolist():
        number += 1
        while f"{prefix}{number}" in taken:
            number += 1
        found.append(Candidate(f"{prefix}{number}", lon, lat))
    return found


def _relying(reach: Reach, residents: IntArray, in_service: BoolArray, site_count: int) -> IntArray:
    """Return how many residents have each site as the nearest in service; of a closed one, those within a walk."""
    everybody = np.bincount(reach.facility, weights=residents[reach.place], minlength=site_count)
    kept = in_service[reach.facility]
    site, place, distance_m = reach.facility[kept], reach.place[kept], reach.distance_m[kept]
    order = np.lexsort((site, distance_m, place))
    first = np.diff(place[order], prepend=-1) > 0
    nearest = order[first]
    nearest_sums = np.bincount(site[nearest], weights=residents[place[nearest]], minlength=site_count)
    return np.where(in_service, nearest_sums, everybody).astype(np.int64)


def _wear(toilet: Facility, today: date) -> float:
    """Return the share of its life that a toilet has used up; 0 where it is not known."""
    if toilet.opened_on is None or not toilet.design_life_years:
        return 0.0
    age_years = (today - toilet.opened_on).days / DAYS_PER_YEAR
    return min(1.0, max(0.0, age_years / toilet.design_life_years))


def _missing(
    zones: ZoneAreas, at: FloatArray, demand: Demand, in_service: BoolArray, asked: ToiletsAsked
) -> tuple[IntArray, IntArray]:
    """Return the zone of each site, and how many toilets each built-up zone lacks by the density."""
    if asked.density is DensityRule.OFF:
        return np.full(len(at), -1, dtype=np.int64), np.zeros(0, dtype=np.int64)
    position = {zone_id: number for number, zone_id in enumerate(zones.zone_ids)}
    of_site = np.array([position.get(zone_id or "", -1) for zone_id in zones.zones_of(at[:, 0], at[:, 1])])
    of_place = np.array([position.get(zone_id or "", -1) for zone_id in zones.zones_of(demand.lon, demand.lat)])
    areas_km2 = np.array([zones.areas_km2()[zone_id] for zone_id in zones.zone_ids])
    inside = of_place >= 0
    people = np.bincount(of_place[inside], weights=demand.amount[inside], minlength=len(areas_km2))
    present = np.bincount(of_site[in_service & (of_site >= 0)], minlength=len(areas_km2))
    due = np.ceil(asked.density_per_km2 * areas_km2 - 1e-9)
    lacking = np.where(people / areas_km2 >= URBAN_RESIDENTS_PER_KM2, np.maximum(0, due - present), 0)
    return of_site.astype(np.int64), lacking.astype(np.int64)


def _renovation(toilet: Facility, renewed: Stalls, price: float) -> Change:
    return Change(
        ChangeKind.RENOVATE,
        toilet.facility_id,
        FacilityKind.PUBLIC_TOILET,
        *toilet.position,
        name=toilet.name,
        price=price,
        stalls_male=renewed.male,
        stalls_female=renewed.female,
        stalls_accessible=renewed.accessible,
    )


def _building(candidate: Candidate, stalls: Stalls, price: float) -> Change:
    return Change(
        ChangeKind.BUILD,
        candidate.site_id,
        FacilityKind.PUBLIC_TOILET,
        candidate.lon,
        candidate.lat,
        name=candidate.name,
        price=price,
        stalls_male=stalls.male,
        stalls_female=stalls.female,
        stalls_accessible=stalls.accessible,
    )
