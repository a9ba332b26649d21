"""Looking for sites in the real town: fetches register, residents, streets and roads, and has the choice made."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from services.domain.errors import ConflictError
from services.domain.kinds import FacilityKind
from services.domain.registry import CollectionPoint, Facility
from services.facilities.areas import ZoneAreas
from services.facilities.life_cycle_service import facilities_of_day
from services.facilities.service import RoadHauls, current_walking, load_demand
from services.facilities.siting.answer import Siting, tell_stations, tell_toilets
from services.facilities.siting.asked import Stalls, StationsAsked, ToiletsAsked
from services.facilities.siting.draw_stations import DrawnStations, draw_up_stations
from services.facilities.siting.draw_toilets import DrawnToilets, draw_up_toilets
from services.facilities.siting.station_search import choose_stations
from services.facilities.siting.toilet_search import choose_toilets
from services.facilities.siting.toilets import Limits
from services.facilities.toilets import Demand
from services.roads.network import RoadNetwork
from services.roads.walking import WalkingNetwork
from services.store.connection import Connection
from services.store.registry import load_points, load_zones
from services.store.scenarios import codes_of_scenarios
from services.store.standards import StandardLimit, load_standard_limits
from services.store.town import load_clock, load_town

NEW_STALLS = Stalls(5, 8, 1)
"""Of a new toilet, where nothing else is asked for: 3 : 2 for women and an accessible one, as class 2 often has."""

SEEDED_NEW_TOILETS, SEEDED_RENOVATIONS, SEEDED_STATIONS = 12, 14, 6
"""What the town means to build."""

SMALLER_FIRST_SHARE = 0.5
"""Of the time, for the toilets; what they leave over is the stations'."""


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """What a search for sites stands on, as the register and the roads have it.

    `planned_codes` are those of new facilities that kept scenarios speak of: what is suggested gets others.
    """

    walking: WalkingNetwork
    demand: Demand
    facilities: list[Facility]
    points: list[CollectionPoint]
    zones: ZoneAreas
    today: date
    limits: Mapping[str, StandardLimit]
    planned_codes: frozenset[str]


def load_ground(connection: Connection) -> Ground:
    """Fetch what a search for sites stands on.

    Raises:
        NoRoadsError: there are no roads yet.

    """
    walking = current_walking()
    zones = ZoneAreas(load_zones(connection))
    return Ground(
        walking=walking,
        demand=load_demand(connection, walking, zones),
        facilities=facilities_of_day(connection, tuple(FacilityKind)),
        points=load_points(connection),
        zones=zones,
        today=load_town(connection).service_date(load_clock(connection).now()),
        limits=load_standard_limits(connection),
        planned_codes=codes_of_scenarios(connection),
    )


def usual_toilets(limits: Mapping[str, StandardLimit]) -> ToiletsAsked:
    """Return what is asked for toilets where nothing else is said: the standard's figures and the office's prices."""
    return ToiletsAsked(
        limits=Limits(SEEDED_NEW_TOILETS, SEEDED_RENOVATIONS),
        radius_m=_figure(limits, "toilet_service_radius_m", high=True),
        new_price=_figure(limits, "price_toilet_new_yuan", high=True),
        renovation_price=_figure(limits, "price_toilet_renovation_yuan", high=True),
        persons_per_stall=round(_figure(limits, "toilet_persons_per_stall")),
        stalls=NEW_STALLS,
        women_per_man=_figure(limits, "toilet_women_per_man_stalls"),
        density_per_km2=_figure(limits, "toilet_density_residential_per_km2"),
    )


def usual_stations(limits: Mapping[str, StandardLimit]) -> StationsAsked:
    """Return what is asked for stations where nothing else is said."""
    return StationsAsked(
        most_new=SEEDED_STATIONS,
        new_price=_figure(limits, "price_station_new_yuan", high=True),
        design_t_per_day=_figure(limits, "design_station_new_t_per_day", high=True),
        haul_yuan_per_t_km=_figure(limits, "cost_haul_yuan_per_t_km", high=True),
        onward_yuan_per_t_km=_figure(limits, "cost_onward_yuan_per_t_km", high=True),
    )


def _figure(limits: Mapping[str, StandardLimit], limit_id: str, *, high: bool = False) -> float:
    limit = limits.get(limit_id)
    value = None if limit is None else limit.value_high if high else limit.value_low
    if value is None:
        raise ConflictError(f"The table standard_limits has no {'upper' if high else 'lower'} value of {limit_id!r}.")
    return value


def find_sites(
    ground: Ground, toilets: ToiletsAsked | None, stations: StationsAsked | None, time_limit_s: float, seed: int = 0
) -> Siting:
    """Return where to build and what to renovate; no connection to the database is held meanwhile.

    Raises:
        NotPossibleError: a hard rule cannot be kept.
        RoadEngineError: the roads do not answer.

    """
    drawn_toilets = None if toilets is None else _draw_toilets(ground, toilets)
    drawn_stations = None if stations is None else _draw_stations(ground, stations)
    share = SMALLER_FIRST_SHARE if drawn_toilets and drawn_stations else 1.0
    found, left_s = Siting(None, None), time_limit_s
    if toilets is not None and drawn_toilets is not None:
        choice = choose_toilets(drawn_toilets.problem, time_limit_s * share, seed)
        left_s = max(1.0, time_limit_s - choice.proof.seconds)
        found = replace(found, toilets=tell_toilets(drawn_toilets, choice, toilets.radius_m))
    if drawn_stations is not None:
        stations_choice = choose_stations(drawn_stations.problem, left_s, seed)
        found = replace(found, stations=tell_stations(drawn_stations, stations_choice))
    return found


def _draw_toilets(ground: Ground, asked: ToiletsAsked) -> DrawnToilets:
    return draw_up_toilets(
        ground.walking, ground.demand, ground.facilities, ground.zones, asked, ground.today, ground.planned_codes
    )


def _draw_stations(ground: Ground, asked: StationsAsked) -> DrawnStations:
    with RoadNetwork.for_profile() as roads:
        return draw_up_stations(
            RoadHauls(roads), ground.walking, ground.points, ground.facilities, asked, ground.planned_codes
        )
