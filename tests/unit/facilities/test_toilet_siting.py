"""Choosing toilets, against trying every choice; and that the problem is drawn up from the town as it is."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from itertools import chain, combinations

import numpy as np
import pytest

from services.domain.errors import InvalidRequestError
from services.domain.kinds import FacilityKind, FacilityStatus
from services.domain.registry import Facility, Zone
from services.facilities.areas import ZoneAreas
from services.facilities.coverage import DemandKind
from services.facilities.scenario import ChangeKind, with_changes
from services.facilities.siting.answer import tell_toilets
from services.facilities.siting.asked import Candidate, Stalls, ToiletsAsked
from services.facilities.siting.draw_toilets import draw_up_toilets
from services.facilities.siting.greedy import choose_greedily
from services.facilities.siting.proof import Found, NotPossibleError
from services.facilities.siting.toilet_search import choose_toilets
from services.facilities.siting.toilet_worth import WorthOf
from services.facilities.siting.toilets import DensityRule, Limits, ToiletProblem, Weights, Works, WorksKind
from services.facilities.toilets import Demand
from services.roads.streets import read_road_file
from services.roads.walking import WalkingNetwork
from tests.road_files import place, write_roads


def problem_of(seed: int, density: DensityRule = DensityRule.OFF) -> ToiletProblem:
    """Return a small town by chance, in which stalls and the budget are scarce."""
    chance = np.random.default_rng(seed)
    places, sites = 14, 9
    residents = chance.integers(0, 90, places)
    reach_site, reach_place = np.nonzero(chance.random((sites, places)) < 0.25)
    stalls = np.where(np.arange(sites) < 3, chance.integers(1, 4, sites), 0)
    stalls[0] = 0  # a toilet that is closed today
    works = [
        Works(f"R{site}", WorksKind.RENOVATION, site, 30.0, int(chance.integers(1, 4)), True, float(10 * site))
        for site in range(3)
    ]
    works += [
        Works(
            f"N{site}", WorksKind.NEW, site, float(chance.integers(60, 120)), int(chance.integers(1, 6)), site % 2 > 0
        )
        for site in range(3, sites)
    ]
    return ToiletProblem(
        residents=residents,
        reach_site=reach_site,
        reach_place=reach_place,
        stalls=stalls,
        accessible=(stalls > 0) & (chance.random(sites) < 0.5),
        works=works,
        persons_per_stall=25,
        limits=Limits(2, 2, budget=float(chance.integers(120, 300))),
        weights=Weights(0.25, 0.1, 40.0),
        density=density,
        zone_of_site=chance.integers(-1, 2, sites),
        missing=np.array([2, 1]),
    )


def every_choice(problem: ToiletProblem) -> list[tuple[int, ...]]:
    """Return every choice of works that keeps the limits."""
    numbers = range(len(problem.works))
    found = []
    for chosen in chain.from_iterable(combinations(numbers, size) for size in range(5)):
        works = [problem.works[number] for number in chosen]
        kinds = [one.kind for one in works]
        spent = sum(one.price for one in works)
        if kinds.count(WorksKind.NEW) <= 2 and kinds.count(WorksKind.RENOVATION) <= 2:
            assert problem.limits.budget is not None
            if spent <= problem.limits.budget:
                found.append(chosen)
    return found


@pytest.mark.parametrize("density", [DensityRule.OFF, DensityRule.SOFT])
@pytest.mark.parametrize("seed", range(6))
def test_the_choice_is_the_best_of_all(seed: int, density: DensityRule) -> None:
    """No choice that keeps to counts and budget is worth more; the gains in order add up to all of it."""
    problem = problem_of(seed, density)
    worth = WorthOf(problem)
    best = max(worth(chosen).score for chosen in every_choice(problem))
    choice = choose_toilets(problem, 20.0)
    assert choice.proof.found is Found.OPTIMAL
    assert choice.after.score == pytest.approx(best, abs=0.05)
    assert choice.proof.greedy_value <= best + 1e-6
    assert tuple(sorted(chosen.works for chosen in choice.chosen)) in every_choice(problem)
    gained = sum(chosen.in_order.score for chosen in choice.chosen)
    assert choice.before.score + gained == pytest.approx(choice.after.score)
    for chosen in choice.chosen:
        assert chosen.alone == worth([chosen.works]).beyond(worth(()))


@pytest.mark.parametrize("seed", range(8))
def test_lazy_greedy_is_greedy(seed: int) -> None:
    """Looking only at what may still be best next finds what looking at everything finds."""
    worth = WorthOf(problem_of(seed))

    def score(chosen: Sequence[int]) -> float:
        return round(worth(chosen).score, 6)

    plain: list[int] = []
    while len(plain) < 4:
        left = [number for number in range(9) if number not in plain]
        scores = {number: score([*plain, number]) for number in left}
        plain.append(max(left, key=scores.__getitem__))
    assert choose_greedily(range(9), score, lambda chosen, _: len(chosen) < 4) == plain


def test_places_that_reach_the_same_sites_are_one() -> None:
    """Merging changes no choice's worth, whatever is chosen."""
    for seed in range(5):
        problem = problem_of(seed)
        small, whole = WorthOf(problem.merged()), WorthOf(problem)
        for chosen in every_choice(problem)[::7]:
            assert small(chosen) == whole(chosen)


def test_where_nobody_is_within_a_walk_nothing_is_gained() -> None:
    """A town without residents near any site has an answer as well."""
    nowhere = np.zeros(0, dtype=np.int64)
    choice = choose_toilets(replace(problem_of(1), reach_site=nowhere, reach_place=nowhere), 5.0)
    assert choice.after.served == choice.before.served == 0


def test_a_hard_density_is_kept_or_said_to_be_impossible() -> None:
    """Each zone gets the toilets that it lacks; where it cannot, a sentence says what it takes."""
    problem = problem_of(0)
    zones = np.array([-1, -1, -1, 0, 0, 1, -1, -1, -1])
    hard = ToiletProblem(
        **{name: getattr(problem, name) for name in ("residents", "reach_site", "reach_place", "stalls", "accessible")},
        works=problem.works,
        persons_per_stall=25,
        limits=Limits(3, 0),
        density=DensityRule.HARD,
        zone_of_site=zones,
        missing=np.array([2, 1]),
    )
    choice = choose_toilets(hard, 20.0)
    assert sorted(hard.works[chosen.works].works_id for chosen in choice.chosen) == ["N3", "N4", "N5"]
    assert choice.after.missing == 0
    too_few = ToiletProblem(
        **{name: getattr(hard, name) for name in ("residents", "reach_site", "reach_place", "stalls", "accessible")},
        works=hard.works,
        persons_per_stall=25,
        limits=Limits(2, 0),
        density=DensityRule.HARD,
        zone_of_site=zones,
        missing=np.array([2, 1]),
    )
    with pytest.raises(NotPossibleError, match="asks for 3 more toilets in 2 zones, and at most 2"):
        choose_toilets(too_few, 20.0)


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: Weights(accessible=-1), "0 or more"),
        (lambda: Limits(-1, 0), "0 or more"),
        (lambda: Limits(1, 0, budget=-5), "0 or more"),
    ],
)
def test_what_makes_no_sense_is_refused(make: object, expected: str) -> None:
    """Parameters defend themselves."""
    assert callable(make)
    with pytest.raises(ValueError, match=expected):
        make()


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> WalkingNetwork:
    """One street of two kilometres with a corner every 200 m."""
    nodes = {number: (200.0 * number, 0.0) for number in range(11)}
    nodes |= {100 + number: (200.0 * number, 60.0) for number in range(11)}
    ways = [([*range(11)], {"highway": "residential"})]
    ways += [([number, 100 + number], {"highway": "residential"}) for number in range(11)]
    path = write_roads(tmp_path_factory.mktemp("street") / "roads.osm.pbf", nodes, ways)
    return WalkingNetwork(read_road_file(path).walkable)


def asked(**changed: object) -> ToiletsAsked:
    """Return what is asked for: one new toilet and one renovation within 250 m, unless changed."""
    usual: dict[str, object] = {
        "limits": Limits(1, 1),
        "radius_m": 250.0,
        "new_price": 800.0,
        "renovation_price": 200.0,
        "persons_per_stall": 500,
        "stalls": Stalls(2, 3, 1),
        "women_per_man": 1.5,
    }
    return ToiletsAsked(**(usual | changed))  # type: ignore[arg-type]


def toilet(name: str, east_m: float, status: FacilityStatus, **fields: object) -> Facility:
    """Return a toilet of two stalls on the street."""
    usual: dict[str, object] = {
        "stalls_male": 1,
        "stalls_female": 1,
        "opened_on": date(2011, 1, 1),
        "design_life_years": 30,
    }
    return Facility(name, FacilityKind.PUBLIC_TOILET, *place(east_m, 0), status=status, **(usual | fields))  # type: ignore[arg-type]


PEOPLE = [(0.0, 10), (200.0, 20), (400.0, 30), (1000.0, 200), (1400.0, 40), (1800.0, 100)]


def residents() -> Demand:
    """Return residents along the street."""
    at = np.array([place(east_m, 5) for east_m, _ in PEOPLE])
    return Demand(DemandKind.RESIDENTS, at[:, 0], at[:, 1], np.array([number for _, number in PEOPLE], dtype=float))


def zone(west_m: float, east_m: float) -> Zone:
    """Return a zone about a part of the street."""
    corners = [place(west_m, -50), place(east_m, -50), place(east_m, 50), place(west_m, 50), place(west_m, -50)]
    return Zone(f"Z{west_m:g}", {"type": "Polygon", "coordinates": [[list(corner) for corner in corners]]})


TOILETS = [
    toilet("open", 200, FacilityStatus.IN_SERVICE),
    toilet("closed", 1800, FacilityStatus.UNDER_RENOVATION),
    toilet("meant", 1400, FacilityStatus.PLANNED),
    toilet("gone", 1000, FacilityStatus.RETIRED),
]


def test_a_town_s_toilets_are_drawn_up_and_chosen(street: WalkingNetwork) -> None:
    """The new one goes between 200 and 40 people without, the closed one is opened again; the register takes both."""
    ask = asked()
    drawn = draw_up_toilets(street, residents(), TOILETS, ZoneAreas([]), ask, date(2026, 1, 1))
    names = [works.works_id for works in drawn.problem.works]
    assert names[:3] == ["open", "closed", "meant"]
    again = draw_up_toilets(street, residents(), TOILETS, ZoneAreas([]), ask, date(2026, 1, 1), planned_codes=names)
    assert {*names} & {works.works_id for works in again.problem.works} == {"open", "closed", "meant"}
    assert "gone" not in names
    # Every corner; the end of its side street is nearer than 100 m.
    assert len(names) == 3 + 11
    found = tell_toilets(drawn, choose_toilets(drawn.problem, 20.0), ask.radius_m)
    assert (found.before.served, found.after.served, found.residents) == (60, 400, 400)
    first, second = found.works
    assert (first.change.kind, first.in_order.served, first.alone.served) == (ChangeKind.BUILD, 240, 240)
    assert (second.change.facility_id, second.in_order.served, second.price_so_far) == ("closed", 100, 1000.0)
    assert (second.change.stalls_male, second.change.stalls_female, second.change.stalls_accessible) == (1, 2, 1)
    after = {facility.facility_id: facility for facility in with_changes(TOILETS, [first.change, second.change])}
    assert after["closed"].status is FacilityStatus.IN_SERVICE
    assert len(after) == 5


def test_wear_says_which_toilet_to_renovate_where_none_gains_a_resident(street: WalkingNetwork) -> None:
    """Of two toilets in service the one that more rely on, and that is older, comes first."""
    pair = [
        toilet("new", 200, FacilityStatus.IN_SERVICE, opened_on=date(2025, 1, 1), stalls_accessible=1),
        toilet("old", 1000, FacilityStatus.IN_SERVICE, opened_on=date(1999, 1, 1), stalls_accessible=1),
    ]
    drawn = draw_up_toilets(street, residents(), pair, ZoneAreas([]), asked(limits=Limits(0, 1)), date(2026, 1, 1))
    choice = choose_toilets(drawn.problem, 20.0)
    assert [drawn.changes[chosen.works].facility_id for chosen in choice.chosen] == ["old"]
    assert choice.after.renewed == pytest.approx(200 * 27 / 30, rel=0.01)


def test_density_is_asked_of_built_up_zones_only(street: WalkingNetwork) -> None:
    """A zone with many people to the km² lacks toilets by its area, one with few does not."""
    zones = ZoneAreas([zone(-100, 1100), zone(1100, 1300)])
    ask = asked(density=DensityRule.SOFT, density_per_km2=20.0)
    drawn = draw_up_toilets(street, residents(), TOILETS, zones, ask, date(2026, 1, 1))
    # 1,200 m by 100 m are 0.12 km²: 2.4 toilets, so three, of which one is there.
    assert drawn.problem.missing.tolist() == [2, 0]


def test_candidates_of_one_s_own(street: WalkingNetwork) -> None:
    """Named sites replace the corners, with their own prices and stalls; a name that is taken is refused."""
    own = [Candidate("A", *place(1000, 0), price=5.0, stalls=Stalls(1, 1, 0)), Candidate("B", *place(1400, 0))]
    drawn = draw_up_toilets(street, residents(), TOILETS, ZoneAreas([]), asked(candidates=own), date(2026, 1, 1))
    new = [works for works in drawn.problem.works if works.kind is WorksKind.NEW]
    assert [(works.works_id, works.price, works.stalls, works.accessible) for works in new] == [
        ("A", 5.0, 2, False),
        ("B", 800.0, 6, True),
    ]
    for names in (["A", "A"], ["open"]):
        sites = [Candidate(name, *place(0, 0)) for name in names]
        with pytest.raises(InvalidRequestError, match=names[0]):
            draw_up_toilets(street, residents(), TOILETS, ZoneAreas([]), asked(candidates=sites), date(2026, 1, 1))
