"""Puts a simulated town together: roads first, then what stands along them, in the words of the register."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from firmware_sim.ground import Ground, Spot
from firmware_sim.town.countryside import Countryside, add_countryside
from firmware_sim.town.facilities import SimulatedFacility, facilities_of
from firmware_sim.town.fleet import CONTRACTORS, vehicles_of
from firmware_sim.town.history import history_of
from firmware_sim.town.land_use import MAP_TAGS, MappedLand, Parcel, parcels_of
from firmware_sim.town.names import RAILWAY_NAME, RIVER_NAME, NameBook
from firmware_sim.town.network import RoadNetwork, add_bent_plan
from firmware_sim.town.one_ways import add_one_ways
from firmware_sim.town.points import SimulatedPoint, names_of, points_of
from firmware_sim.town.residents import Dwellings, population_cells, rural_residents, town_dwellings
from firmware_sim.town.town_streets import (
    RING_ROAD,
    TownStreets,
    Warp,
    lay_out_town,
    railway_line,
    river_line,
    warp_of,
)
from firmware_sim.town.walking import add_walking_ways
from firmware_sim.town.zones import SimulatedZone, zones_of
from services.domain.registry import (
    CollectedWeight,
    CollectionPoint,
    Contractor,
    Facility,
    PopulationCell,
    Vehicle,
    Zone,
)

GROUND = Ground(centre_lon=116.31, centre_lat=34.43)
"""Where the invented county lies: the plain north of the Huai, among counties like it."""


@dataclass(frozen=True, slots=True)
class SimulatedTown:
    """A town as its office would hand it over."""

    seed: int
    network: RoadNetwork
    zones: list[Zone]
    land: list[MappedLand]
    contractors: tuple[Contractor, ...]
    points: list[CollectionPoint]
    facilities: list[Facility]
    vehicles: list[Vehicle]
    population: list[PopulationCell]

    def history(self) -> Iterator[CollectedWeight]:
        """Yield what the points yielded on past days."""
        return history_of(self.points, Random(f"{self.seed}/history"))


@dataclass(frozen=True, slots=True)
class _Terrain:
    network: RoadNetwork
    parcels: list[Parcel]
    countryside: Countryside


def build_town(seed: int) -> SimulatedTown:
    """Build the town of a seed: the same seed, the same town to the last digit."""
    names = NameBook(Random(f"{seed}/names"))
    terrain = _terrain(seed, names)
    dwellings = town_dwellings(terrain.parcels)
    simulated_zones = zones_of(terrain.parcels, terrain.countryside, names)
    finder = _ZoneFinder(simulated_zones)
    points = points_of(terrain.network, dwellings, terrain.countryside, Random(f"{seed}/points"))
    facilities = facilities_of(terrain.network, dwellings, terrain.countryside, Random(f"{seed}/facilities"))
    return SimulatedTown(
        seed=seed,
        network=terrain.network,
        zones=[_zone(zone) for zone in simulated_zones],
        land=_land(terrain.parcels),
        contractors=CONTRACTORS,
        points=_points(points, finder),
        facilities=[_facility(facility, finder) for facility in facilities],
        vehicles=vehicles_of(facilities[0].facility_id, Random(f"{seed}/fleet")),
        population=_population(dwellings, terrain.countryside),
    )


def _terrain(seed: int, names: NameBook) -> _Terrain:
    streets = lay_out_town(Random(f"{seed}/streets"), names)
    warp = warp_of(Random(f"{seed}/warp"))
    network = RoadNetwork()
    node_of = add_bent_plan(network, streets, warp)
    parcels = parcels_of(network, streets, warp, Random(f"{seed}/land"))
    gates = [node_of[node] for node in _gates(streets)]
    countryside = add_countryside(network, gates, warp, Random(f"{seed}/country"), names)
    add_one_ways(network, Random(f"{seed}/one-ways"))
    add_walking_ways(network, parcels, Random(f"{seed}/walking"))
    _add_line(network, warp, river_line(), {"waterway": "river", "name": RIVER_NAME})
    _add_line(network, warp, railway_line(), {"railway": "rail", "name": RAILWAY_NAME})
    return _Terrain(network, parcels, countryside)


def _gates(streets: TownStreets) -> list[int]:
    """Return the junctions where a through street leaves the town over the ring road."""
    main = {node for street in streets.plan.streets if street.highway == "primary" for node in street.junctions}
    ring = {node for street in streets.plan.streets if street.name == RING_ROAD for node in street.junctions}
    return sorted(main & ring)


def _add_line(network: RoadNetwork, warp: Warp, line: list[Spot], tags: dict[str, str]) -> None:
    """Add what is seen on the map and used by nobody on the road."""
    network.add_way([network.add_node(warp.bend(spot)) for spot in line], tags)


class _ZoneFinder:
    def __init__(self, zones: list[SimulatedZone]) -> None:
        self._zones = zones
        self._tree = shapely.STRtree([zone.shape for zone in zones])

    def zone_id(self, spot: Spot) -> str:
        """Return the zone that a spot lies in or is nearest to."""
        return self._zones[int(self._tree.query_nearest(shapely.Point(spot), all_matches=False)[0])].zone_id


def _degrees(spot: Spot) -> tuple[float, float]:
    lon, lat = GROUND.lonlat(spot)
    return round(lon, 6), round(lat, 6)


def _zone(zone: SimulatedZone) -> Zone:
    geometry = _geojson(zone.shape)
    return Zone(zone.zone_id, geometry, zone.name, zone.contractor_id, zone.cleaning_grade, zone.responsible)


def _land(parcels: list[Parcel]) -> list[MappedLand]:
    used = [parcel for parcel in parcels if parcel.use in MAP_TAGS]
    return [
        MappedLand(f"B{number:03d}", MAP_TAGS[parcel.use], _geojson(parcel.polygon))
        for number, parcel in enumerate(used, start=1)
    ]


def _geojson(area: BaseGeometry) -> dict[str, object]:
    in_degrees = shapely.transform(
        area, lambda spots: np.array([_degrees((x, y)) for x, y in spots.tolist()]).reshape(-1, 2)
    )
    geometry: dict[str, object] = json.loads(shapely.to_geojson(in_degrees))
    return geometry


def _points(points: list[SimulatedPoint], finder: _ZoneFinder) -> list[CollectionPoint]:
    return [
        CollectionPoint(
            f"P{number:03d}",
            *_degrees(point.front.spot),
            name=name,
            zone_id=finder.zone_id(point.front.spot),
            container_type=point.container_type,
            containers=point.containers,
            expected_kg=point.expected_kg,
            visits_per_day=point.visits_per_day,
            windows=point.windows,
            service_s=point.service_s,
            priority=point.priority,
        )
        for number, (point, name) in enumerate(zip(points, names_of(points), strict=True), start=1)
    ]


def _facility(facility: SimulatedFacility, finder: _ZoneFinder) -> Facility:
    male, female, accessible = facility.stalls or (0, 0, 0)
    return Facility(
        facility.facility_id,
        facility.kind,
        *_degrees(facility.spot),
        name=facility.name,
        zone_id=finder.zone_id(facility.spot),
        status=facility.status,
        opened_on=facility.opened_on,
        design_life_years=facility.design_life_years,
        design_t_per_day=facility.design_t_per_day,
        bays=facility.bays,
        tip_s=facility.tip_s,
        open_hours=facility.open_hours,
        toilet_class=facility.toilet_class,
        stalls_male=male,
        stalls_female=female,
        stalls_accessible=accessible,
    )


def _population(dwellings: Dwellings, countryside: Countryside) -> list[PopulationCell]:
    cells = population_cells(dwellings, rural_residents(countryside))
    return [PopulationCell(*_degrees(spot), residents=residents) for spot, residents in cells]
