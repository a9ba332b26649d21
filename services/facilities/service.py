"""What the API and the bulletin ask of facilities: fetch from the store, call the calculation, return its result."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from functools import lru_cache
from pathlib import Path

import numpy as np

from services.domain.kinds import FacilityKind
from services.domain.registry import Facility, Position
from services.facilities.areas import FloatArray, ZoneAreas
from services.facilities.closures import Closure, closures_on
from services.facilities.coverage import DemandKind, StationCoverage, ToiletCoverage
from services.facilities.land_use import LandUses
from services.facilities.life_cycle_service import facilities_of_day, phases_of
from services.facilities.stations import HAUL_LIMIT, cover_stations
from services.facilities.toilet_filter import ANY_TOILET, ToiletFilter
from services.facilities.toilets import RADIUS_LIMIT, Demand, cover_toilets
from services.roads.datasets import Profile, current_dataset
from services.roads.errors import NoRoadsError
from services.roads.network import UNREACHABLE, RoadNetwork
from services.roads.settings import RoadsSettings
from services.roads.walking import WalkingNetwork
from services.store.connection import Connection
from services.store.land_parcels import Version, land_version, load_land_parcels
from services.store.population import load_population_columns
from services.store.registry import load_facilities, load_points, load_zones
from services.store.standards import load_standard_limits
from services.store.town import load_clock, load_town

TOILET_RADIUS_M = 300.0
STATION_RADIUS_M = 3_000.0
"""What is taken where the office has no limit in its table."""
SAMPLE_SPACING_M = 25.0
MATRIX_PLACES = 100
LONGEST_WALK_M = 5_000.0


def toilet_coverage(
    connection: Connection,
    radius_m: float | None = None,
    counted: ToiletFilter = ANY_TOILET,
    on: date | None = None,
) -> ToiletCoverage:
    """Return the coverage of toilets in service; `radius_m` is by default the standard's service radius.

    In service are those that are so `on` a past or coming day, by default today (or the day of the hour asked). It is
    told by zone, use of land and class.

    Raises:
        NoRoadsError: there are no roads yet.

    """
    if on is None and counted.open_at is not None:
        on = load_town(connection).service_date(counted.open_at)
    facilities = facilities_of_day(connection, [FacilityKind.PUBLIC_TOILET], on)
    [coverage] = coverages_of_toilets(connection, [facilities], radius_m, counted, current_land(connection))
    return coverage


def closures(connection: Connection, on: date | None = None, radius_m: float | None = None) -> list[Closure]:
    """Return the toilets that are closed for renovation on a day, with what replaces them meanwhile.

    Raises:
        NoRoadsError: there are no roads yet.

    """
    walking, zones = current_walking(), ZoneAreas(load_zones(connection))
    day = load_town(connection).service_date(load_clock(connection).now()) if on is None else on
    limit = load_standard_limits(connection).get(RADIUS_LIMIT)
    usual_m = TOILET_RADIUS_M if limit is None or limit.value_high is None else limit.value_high
    toilets = load_facilities(connection, [FacilityKind.PUBLIC_TOILET])
    demand = load_demand(connection, walking, zones)
    reach_m = usual_m if radius_m is None else radius_m
    return closures_on(walking, demand, toilets, phases_of(connection), day, reach_m)


def coverages_of_toilets(
    connection: Connection,
    registers: Iterable[Sequence[Facility]],
    radius_m: float | None = None,
    counted: ToiletFilter = ANY_TOILET,
    land: LandUses | None = None,
) -> list[ToiletCoverage]:
    """Return the coverage that the facilities of each of these registers would have; else as `toilet_coverage`.

    By class, and by the use of `land`, where that is given.
    """
    limits = load_standard_limits(connection)
    limit = limits.get(RADIUS_LIMIT)
    usual_m = TOILET_RADIUS_M if limit is None or limit.value_high is None else limit.value_high
    walking = current_walking()
    zones = ZoneAreas(load_zones(connection))
    demand, town = load_demand(connection, walking, zones), load_town(connection)
    reach_m = usual_m if radius_m is None else radius_m
    return [
        cover_toilets(
            walking,
            demand,
            counted.of(facilities, town),
            zones,
            limits,
            reach_m,
            land,
            by_class=land is not None,
        )
        for facilities in registers
    ]


def current_land(connection: Connection) -> LandUses:
    """Return what the land is used for; it is cut up once for each state of the register."""
    version = land_version(connection)
    if (found := _LAND.get(version)) is None:
        found = LandUses(load_land_parcels(connection), ZoneAreas(load_zones(connection)))
        _LAND.clear()
        _LAND[version] = found
    return found


_LAND: dict[Version, LandUses] = {}
"""What was made of the newest state of the register that was asked for."""


def current_walking() -> WalkingNetwork:
    """Return the streets that a person may walk; a network is read once, for a dataset never changes.

    Raises:
        NoRoadsError: there are no roads yet.

    """
    return _read_walking(current_dataset(RoadsSettings().directory, Profile.FOOT).walking_network)


def walks_from(place: Position, targets: Sequence[Position]) -> list[float | None]:
    """Return the metres on foot from a place to each target; none where no way of LONGEST_WALK_M is known."""
    if not targets:
        return []
    try:
        walking = current_walking()
    except NoRoadsError:
        return [None] * len(targets)
    walks_m = walking.distances_to_places([place], targets, LONGEST_WALK_M)
    return [float(walk_m) if np.isfinite(walk_m) else None for walk_m in walks_m]


@lru_cache(maxsize=2)
def _read_walking(path: Path) -> WalkingNetwork:
    return WalkingNetwork.load(path)


def station_coverage(
    connection: Connection,
    radius_m: float | None = None,
    failed: Collection[str] = (),
    on: date | None = None,
    *,
    by_point: bool = False,
) -> StationCoverage:
    """Return the coverage of transfer stations in service; `radius_m` is by default the standard's haul.

    Of stations that `failed` it is told what that does, and of each point its haul where that is asked for.

    Raises:
        NotFoundError: one of `failed` is no station in service.
        RoadEngineError: the roads do not answer.

    """
    stations = facilities_of_day(connection, [FacilityKind.TRANSFER_STATION], on)
    return coverage_of_stations(connection, stations, radius_m, failed, by_point=by_point)


def coverage_of_stations(
    connection: Connection,
    facilities: Sequence[Facility],
    radius_m: float | None = None,
    failed: Collection[str] = (),
    *,
    by_point: bool = False,
) -> StationCoverage:
    """Return the coverage that these facilities would have; else as `station_coverage`."""
    limits = load_standard_limits(connection)
    limit = limits.get(HAUL_LIMIT)
    usual_m = STATION_RADIUS_M if limit is None or limit.value_low is None else limit.value_low
    with RoadNetwork.for_profile() as roads:
        return cover_stations(
            RoadHauls(roads),
            load_points(connection),
            facilities,
            ZoneAreas(load_zones(connection)),
            limits,
            usual_m if radius_m is None else radius_m,
            failed,
            by_point=by_point,
        )


class RoadHauls:
    """Hauls along the roads, asked in parts so that no matrix grows with the square of the points."""

    def __init__(self, roads: RoadNetwork) -> None:
        self._roads = roads

    def matrix_m(self, places: FloatArray, stations: FloatArray) -> FloatArray:
        """Return the metres from each place (row) to each station (column), infinite where no road leads."""
        targets = [(float(lon), float(lat)) for lon, lat in stations]
        found = [np.empty((0, len(targets)))]
        for first in range(0, len(places), MATRIX_PLACES):
            part = [(float(lon), float(lat)) for lon, lat in places[first : first + MATRIX_PLACES]]
            distance_m = self._roads.matrix(part + targets).distance_m[: len(part), len(part) :]
            found.append(np.where(distance_m == UNREACHABLE, np.inf, distance_m))
        return np.concatenate(found)


def load_demand(connection: Connection, walking: WalkingNetwork, zones: ZoneAreas) -> Demand:
    """Return where demand is: residents where a grid is given, else built-up streets within the zones."""
    lon, lat, residents = load_population_columns(connection)
    if len(residents):
        return Demand(DemandKind.RESIDENTS, lon, lat, residents)
    samples = walking.street_samples(SAMPLE_SPACING_M)
    kept = samples.built_up if samples.built_up.any() else np.ones(len(samples.lon), dtype=np.bool_)
    if zones.zone_ids:
        inside = [zone_id is not None for zone_id in zones.zones_of(samples.lon, samples.lat)]
        kept = kept & np.array(inside, dtype=np.bool_)
    return Demand(DemandKind.STREET_LENGTH_M, samples.lon[kept], samples.lat[kept], samples.length_m[kept])
