"""The town's facilities: depot, transfer stations, landfill and public toilets, built and planned."""

from dataclasses import dataclass
from datetime import date
from random import Random

from firmware_sim.ground import Spot, distance_m
from firmware_sim.town.countryside import Countryside
from firmware_sim.town.frontage import Frontage, Frontages
from firmware_sim.town.land_use import CENTRE
from firmware_sim.town.network import RoadNetwork
from firmware_sim.town.residents import Dwellings
from firmware_sim.town.zones import centres_of_weight
from services.domain.kinds import FacilityKind, FacilityStatus
from services.domain.registry import DailyWindow

TOILETS_BUILT, TOILETS_PLANNED, TOILETS_UNDER_RENOVATION = 26, 12, 3


@dataclass(frozen=True, slots=True)
class SimulatedFacility:
    """A facility in metres about the town's centre; the fields are those of the register."""

    facility_id: str
    kind: FacilityKind
    name: str
    spot: Spot
    status: FacilityStatus = FacilityStatus.IN_SERVICE
    opened_on: date | None = None
    design_life_years: int | None = None
    design_t_per_day: float | None = None
    bays: int | None = None
    tip_s: int | None = None
    open_hours: DailyWindow | None = None
    toilet_class: str | None = None
    stalls: tuple[int, int, int] | None = None


@dataclass(frozen=True, slots=True)
class _StationDesign:
    name: str
    near: Spot
    opened_on: date
    design_t_per_day: float
    bays: int
    tip_s: int
    open_h: tuple[int, int] = (5, 23)


_TOWN_STATIONS = (
    _StationDesign("老城转运站", (-850.0, 700.0), date(2001, 9, 1), 60.0, 2, 540),
    _StationDesign("中心转运站", (250.0, -150.0), date(2012, 5, 1), 8.0, 1, 480),
    _StationDesign("城东转运站", (2_500.0, 900.0), date(2016, 10, 1), 30.0, 2, 420),
    _StationDesign("城南转运站", (-500.0, -2_050.0), date(2019, 4, 1), 45.0, 2, 420),
)
"""The first is past its design life; the second lies where most refuse arises and is designed for too little."""

_RURAL_STATIONS = (
    (1, _StationDesign("{}转运站", (0.0, 0.0), date(2018, 7, 1), 18.0, 1, 480, (6, 20))),
    (5, _StationDesign("{}转运站", (0.0, 0.0), date(2020, 7, 1), 18.0, 1, 480, (6, 20))),
)
"""By the index of the township that each stands in."""

_DESIGN_LIFE_YEARS = 20
_DEPOT_NEAR = (-2_500.0, 1_300.0)


def facilities_of(
    network: RoadNetwork, dwellings: Dwellings, countryside: Countryside, random: Random
) -> list[SimulatedFacility]:
    """Return every facility, stations and sites before toilets."""
    fronts = Frontages(network, (way for way in network.ways if way.is_driven))
    return [
        SimulatedFacility(
            "D1", FacilityKind.DEPOT, "环卫车场", fronts.beside(_DEPOT_NEAR, 14.0).spot, opened_on=date(2010, 3, 1)
        ),
        *_stations(fronts, countryside),
        SimulatedFacility(
            "L1",
            FacilityKind.LANDFILL,
            "生活垃圾填埋场",
            countryside.landfill,
            opened_on=date(2009, 6, 1),
            design_life_years=25,
            design_t_per_day=150.0,
            bays=3,
            tip_s=600,
            open_hours=DailyWindow(5 * 3600, 21 * 3600),
        ),
        *_toilets(network, dwellings, random),
    ]


def _stations(fronts: Frontages, countryside: Countryside) -> list[SimulatedFacility]:
    found = []
    rural = [(design, countryside.townships[index]) for index, design in _RURAL_STATIONS]
    designs = [
        *((design, design.name, design.near) for design in _TOWN_STATIONS),
        *((design, design.name.format(place.name), place.centre) for design, place in rural),
    ]
    for number, (design, name, near) in enumerate(designs, start=1):
        found.append(
            SimulatedFacility(
                f"S{number}",
                FacilityKind.TRANSFER_STATION,
                name,
                fronts.beside(near, 16.0).spot,
                opened_on=design.opened_on,
                design_life_years=_DESIGN_LIFE_YEARS,
                design_t_per_day=design.design_t_per_day,
                bays=design.bays,
                tip_s=design.tip_s,
                open_hours=DailyWindow(design.open_h[0] * 3600, design.open_h[1] * 3600),
            )
        )
    return found


def _toilets(network: RoadNetwork, dwellings: Dwellings, random: Random) -> list[SimulatedFacility]:
    """Toilets where people live; those farther out are more often still planned."""
    busy = ("primary", "secondary", "tertiary")
    fronts = Frontages(network, (way for way in network.ways if way.highway in busy))
    centres = centres_of_weight(dwellings.spots, dwellings.residents, TOILETS_BUILT + TOILETS_PLANNED)
    places = [(x, y) for x, y in centres.tolist()]
    places.sort(key=lambda spot: distance_m(spot, CENTRE) + random.uniform(0.0, 1_600.0))
    closed = set(random.sample(range(TOILETS_BUILT), TOILETS_UNDER_RENOVATION))
    return [_toilet(index, fronts.beside(spot, 12.0), index in closed, random) for index, spot in enumerate(places)]


def _toilet(index: int, front: Frontage, is_closed: bool, random: Random) -> SimulatedFacility:
    is_planned = index >= TOILETS_BUILT
    status = FacilityStatus.PLANNED if is_planned else FacilityStatus.IN_SERVICE
    grade = random.choices((1, 2, 3), (0.2, 0.5, 0.3))[0]
    male = {1: 8, 2: 5, 3: 3}[grade] + random.choice((0, 1))
    opening_h, closing_s = {1: (5, 23 * 3600 + 1800), 2: (5, 22 * 3600 + 1800), 3: (6, 21 * 3600 + 1800)}[grade]
    return SimulatedFacility(
        f"T{index + 1:02d}",
        FacilityKind.PUBLIC_TOILET,
        f"{front.street}公厕",
        front.spot,
        status=FacilityStatus.UNDER_RENOVATION if is_closed else status,
        opened_on=None if is_planned else date(random.randint(1998, 2024), random.randint(1, 12), 1),
        design_life_years=30,
        open_hours=DailyWindow(opening_h * 3600, closing_s),
        toilet_class=str(grade),
        stalls=(male, round(male * 1.5), 1 if grade < 3 else 0),
    )
