"""Which status and stalls facilities have on which day, and what serves while a toilet is closed."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from services.domain.errors import ConflictError
from services.domain.kinds import FacilityKind, FacilityStatus
from services.domain.registry import Facility
from services.facilities.closures import closures_on
from services.facilities.coverage import DemandKind
from services.facilities.life_cycle import BEFORE_ALL, Phase, facilities_on, promised_by, with_phase, without_phase
from services.facilities.toilets import Demand
from services.roads.streets import read_road_file
from services.roads.walking import WalkingNetwork
from tests.road_files import place, write_roads

STATUSES = {
    "p": FacilityStatus.PLANNED,
    "c": FacilityStatus.UNDER_CONSTRUCTION,
    "s": FacilityStatus.IN_SERVICE,
    "r": FacilityStatus.UNDER_RENOVATION,
    "x": FacilityStatus.RETIRED,
}


def told(story: str) -> list[Phase]:
    """Return phases told in letters, one for a year from 2020 on: `pcs` is planned, then built, then in service."""
    return [
        Phase(BEFORE_ALL if number == 0 else date(2020 + number, 1, 1), STATUSES[letter])
        for number, letter in enumerate(story)
    ]


def toilet(name: str = "T1", east_m: float = 0.0, **fields: object) -> Facility:
    """Return a toilet so far along the street."""
    return Facility(name, FacilityKind.PUBLIC_TOILET, *place(east_m, 0), **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("story", "day", "expected"),
    [
        ("pcsrsx", date(2019, 5, 1), "p"),
        ("pcsrsx", date(2021, 1, 1), "c"),  # a phase holds from its first day on
        ("pcsrsx", date(2022, 12, 31), "s"),
        ("pcsrsx", date(2023, 6, 1), "r"),
        ("pcsrsx", date(2024, 6, 1), "s"),
        ("pcsrsx", date(2099, 1, 1), "x"),
    ],
)
def test_a_facility_has_the_status_of_the_day(story: str, day: date, expected: str) -> None:
    """On any past or coming day it is what its phases say, whatever the register says today."""
    (found,) = facilities_on([toilet(status=FacilityStatus.RETIRED)], {"T1": told(story)}, day)
    assert found.status is STATUSES[expected]


RENOVATED = [
    Phase(BEFORE_ALL, FacilityStatus.IN_SERVICE, renewed={"stalls_accessible": 0, "toilet_class": None}),
    Phase(date(2021, 1, 1), FacilityStatus.UNDER_RENOVATION, renewed={"stalls_accessible": 1, "toilet_class": "2"}),
    Phase(date(2022, 1, 1), FacilityStatus.IN_SERVICE, renewed={"stalls_accessible": 1, "toilet_class": "2"}),
    Phase(date(2023, 1, 1), FacilityStatus.UNDER_RENOVATION, renewed={"toilet_class": "1"}),
]


@pytest.mark.parametrize(
    ("day", "accessible", "toilet_class"),
    [
        (date(2019, 5, 1), 0, None),
        (date(2021, 12, 31), 0, None),  # works bring nothing while they last
        (date(2022, 1, 1), 1, "2"),
        (date(2023, 6, 1), 1, "2"),
    ],
)
def test_what_works_bring_is_there_when_they_end(day: date, accessible: int, toilet_class: str | None) -> None:
    """From the day on which a renovation ends the toilet has its new stalls, before it the old ones."""
    one = toilet(stalls_male=3, stalls_accessible=7, toilet_class="3")
    (found,) = facilities_on([one], {"T1": RENOVATED}, day)
    assert (found.stalls_accessible, found.toilet_class, found.stalls_male) == (accessible, toilet_class, 3)


def test_works_promise_what_they_bring() -> None:
    """What ends them has it, unless it is said otherwise; what was there before any works is no promise."""
    assert promised_by(RENOVATED, date(2024, 1, 1)) == {"toilet_class": "1"}
    assert promised_by(RENOVATED, date(2022, 6, 1)) == {}
    first = [Phase(BEFORE_ALL, FacilityStatus.UNDER_RENOVATION, renewed={"stalls_male": 2})]
    assert promised_by(first, date(2022, 6, 1)) == {}
    (found,) = facilities_on([toilet()], {"T1": first}, date(2022, 6, 1))
    assert found.stalls_male == 2


@pytest.mark.parametrize("phases", [{}, {"T1": told("s")}])
def test_before_its_opening_a_facility_was_not_in_service(phases: dict[str, list[Phase]]) -> None:
    """Where nobody dated its phases the register's day of opening counts."""
    one = toilet(opened_on=date(2015, 3, 1))
    for day, status in ((date(2015, 2, 28), "p"), (date(2015, 3, 1), "s"), (date(2030, 1, 1), "s")):
        (found,) = facilities_on([one], phases, day)
        assert found.status is STATUSES[status]


@pytest.mark.parametrize(
    ("story", "day", "status", "fits"),
    [
        ("s", date(2022, 1, 1), "r", True),
        ("s", date(2022, 1, 1), "c", False),
        ("p", date(2022, 1, 1), "r", False),  # what is not there cannot be renovated
        ("sr", date(2022, 1, 1), "s", True),
        ("srs", date(2021, 6, 1), "x", False),  # what is gone is not in service again
        ("pcs", date(2021, 1, 1), "s", True),  # it takes the place of the one on that day
        ("x", date(2022, 1, 1), "s", False),
    ],
)
def test_a_phase_fits_what_is_before_and_after(story: str, day: date, status: str, fits: bool) -> None:
    """A status that cannot follow is refused with both of them named."""
    added = Phase(day, STATUSES[status])
    if fits:
        assert added in with_phase(told(story), added)
        return
    with pytest.raises(ConflictError, match="cannot be"):
        with_phase(told(story), added)


@pytest.mark.parametrize(
    ("story", "day", "left"),
    [("srs", date(2021, 1, 1), "ss"), ("srs", date(2022, 1, 1), "sr"), ("psr", date(2021, 1, 1), None)],
)
def test_a_phase_is_forgotten_where_the_next_can_follow(story: str, day: date, left: str | None) -> None:
    """What is only planned cannot be renovated."""
    if left is None:
        with pytest.raises(ConflictError, match="cannot be"):
            without_phase(told(story), day)
        return
    assert [phase.status for phase in without_phase(told(story), day)] == [STATUSES[letter] for letter in left]


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> WalkingNetwork:
    """A street of two kilometres."""
    path: Path = tmp_path_factory.mktemp("street") / "roads.osm.pbf"
    nodes = {number: (200.0 * number, 0.0) for number in range(11)}
    return WalkingNetwork(read_road_file(write_roads(path, nodes, [([*nodes], {"highway": "residential"})])).walkable)


def test_what_replaces_a_closed_toilet(street: WalkingNetwork) -> None:
    """The nearest in service does, unless another was arranged; who is within reach of neither has none."""
    homes = np.array([place(east, 0) for east in (0, 500, 1400)])
    demand = Demand(DemandKind.RESIDENTS, homes[:, 0], homes[:, 1], np.array([30.0, 20.0, 50.0]))
    toilets = [toilet("A", 0), toilet("B", 500), toilet("C", 1400), toilet("M", 100, status=FacilityStatus.PLANNED)]
    day = date(2026, 5, 1)
    closed = Phase(date(2026, 4, 1), FacilityStatus.UNDER_RENOVATION)
    phases = {"A": [Phase(BEFORE_ALL, FacilityStatus.IN_SERVICE), closed]}
    (found,) = closures_on(street, demand, toilets, phases, day, 300)
    assert (found.facility_id, found.replaced_by, found.is_arranged, found.demand_lost) == ("A", "B", False, 30)
    assert found.distance_m == pytest.approx(500, abs=2)
    arranged = {"A": [phases["A"][0], Phase(closed.begins_on, closed.status, replaced_by="M")]}
    (found,) = closures_on(street, demand, toilets, arranged, day, 300)
    assert (found.replaced_by, found.is_arranged, found.demand_lost) == ("M", True, 0)
    assert closures_on(street, demand, toilets, phases, date(2026, 3, 1), 300) == []
