"""What a search for sites answers: the list an office takes to the budget meeting, with each site's gain."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from services.facilities.scenario import Change
from services.facilities.siting.draw_stations import DrawnStations
from services.facilities.siting.draw_toilets import DrawnToilets
from services.facilities.siting.proof import Found, Proof
from services.facilities.siting.station_flow import Haul
from services.facilities.siting.station_search import StationChoice
from services.facilities.siting.toilet_search import ToiletChoice
from services.facilities.siting.toilet_worth import Worth


@dataclass(frozen=True, slots=True)
class ProofAnswer:
    """How good the choice is known to be: its value, what none can exceed, and what greedy choosing reaches."""

    found: Found
    value: float
    bound: float
    gap_ratio: float
    greedy_value: float
    seconds: float

    @classmethod
    def of(cls, proof: Proof) -> "ProofAnswer":
        """Return the answer made of a proof."""
        return cls(
            proof.found,
            round(proof.value, 2),
            round(proof.bound, 2),
            round(proof.gap_ratio, 6),
            round(proof.greedy_value, 2),
            round(proof.seconds, 2),
        )


@dataclass(frozen=True, slots=True)
class SitedToilet:
    """Works on a toilet in the order of gain: what they gain alone, and after those before them."""

    change: Change
    price_so_far: float
    alone: Worth
    in_order: Worth


@dataclass(frozen=True, slots=True)
class ToiletSiting:
    """Which toilets to build and renovate; `greedy_ids` is what greedy choosing would take, in its order."""

    residents: int
    radius_m: float
    before: Worth
    after: Worth
    price: float
    works: Sequence[SitedToilet]
    greedy_ids: Sequence[str]
    candidates: int
    proof: ProofAnswer


@dataclass(frozen=True, slots=True)
class HaulFigures:
    """The cheapest haul: yuan and tonne-kilometres a day, the mean haul of a tonne, and tonnes without room."""

    yuan_per_day: float
    t_km_per_day: float
    mean_haul_m: float | None
    over_capacity_t: float
    loads: Sequence["StationLoad"]


@dataclass(frozen=True, slots=True)
class StationLoad:
    """What the cheapest haul brings to a station, beside its capacity."""

    facility_id: str
    t_per_day: float
    design_t_per_day: float


@dataclass(frozen=True, slots=True)
class SitedStation:
    """A station to build, and the yuan a day that it saves alone and after those before it."""

    change: Change
    price_so_far: float
    saves_alone_yuan: float
    saves_in_order_yuan: float


@dataclass(frozen=True, slots=True)
class StationSiting:
    """Where to build stations; `stranded` are points from which no road leads to any site."""

    before: HaulFigures
    after: HaulFigures
    price: float
    works: Sequence[SitedStation]
    greedy_ids: Sequence[str]
    candidates: int
    stranded: Sequence[str]
    proof: ProofAnswer


@dataclass(frozen=True, slots=True)
class Siting:
    """What was found of what was asked."""

    toilets: ToiletSiting | None
    stations: StationSiting | None

    @property
    def changes(self) -> list[Change]:
        """Everything that is to be done, as a scenario takes it."""
        found = [works.change for works in self.toilets.works] if self.toilets else []
        return found + ([works.change for works in self.stations.works] if self.stations else [])


def tell_toilets(drawn: DrawnToilets, choice: ToiletChoice, radius_m: float) -> ToiletSiting:
    """Return the answer made of a choice of toilets."""
    works, so_far = [], 0.0
    for chosen in choice.chosen:
        so_far += drawn.problem.works[chosen.works].price
        works.append(SitedToilet(drawn.changes[chosen.works], so_far, chosen.alone, chosen.in_order))
    return ToiletSiting(
        residents=int(drawn.problem.residents.sum()),
        radius_m=radius_m,
        before=choice.before,
        after=choice.after,
        price=so_far,
        works=works,
        greedy_ids=[drawn.changes[number].facility_id for number in choice.greedy],
        candidates=len(drawn.changes),
        proof=ProofAnswer.of(choice.proof),
    )


def tell_stations(drawn: DrawnStations, choice: StationChoice) -> StationSiting:
    """Return the answer made of a choice of stations."""
    works, so_far = [], 0.0
    for chosen in choice.chosen:
        so_far += float(drawn.problem.price[chosen.site])
        change = _change_of(drawn, chosen.site)
        works.append(SitedStation(change, so_far, round(chosen.saves_alone, 2), round(chosen.saves_in_order, 2)))
    return StationSiting(
        before=_figures(drawn, choice.before),
        after=_figures(drawn, choice.after),
        price=so_far,
        works=works,
        greedy_ids=[_change_of(drawn, site).facility_id for site in choice.greedy],
        candidates=len(drawn.changes),
        stranded=drawn.stranded,
        proof=ProofAnswer.of(choice.proof),
    )


def _change_of(drawn: DrawnStations, site: int) -> Change:
    return drawn.changes[site - drawn.problem.present]


def _figures(drawn: DrawnStations, haul: Haul) -> HaulFigures:
    placed = haul.site < len(drawn.problem.capacity_kg)
    site, kg = haul.site[placed], haul.kg[placed]
    kg_m = float((drawn.haul_m[haul.point[placed], site] * kg).sum())
    loads = np.bincount(site, weights=kg, minlength=len(drawn.problem.capacity_kg))
    names = [station.facility_id for station in drawn.stations] + [change.facility_id for change in drawn.changes]
    return HaulFigures(
        yuan_per_day=round(haul.cost - haul.over_kg / 1000 * drawn.problem.over_yuan_per_t, 2),
        t_km_per_day=round(kg_m / 1e6, 2),
        mean_haul_m=round(kg_m / float(kg.sum()), 1) if kg.sum() > 0 else None,
        over_capacity_t=round(haul.over_kg / 1000, 3),
        loads=[
            StationLoad(names[number], round(float(loads[number]) / 1000, 3), float(capacity) / 1000)
            for number, capacity in enumerate(drawn.problem.capacity_kg.tolist())
            if number < drawn.problem.present or loads[number] > 0
        ],
    )
